/* SPDX-License-Identifier: MIT */
/*
 * Scheduler, timers, event channels and sched_op (xen/common), on the host.
 *
 * Proves who runs when, for how long, and who is woken by what. It can be trusted because the hypervisor's files run
 * unchanged: each vCPU is a coroutine whose stack is switched by context_switch(), and only the clock, the timer
 * hardware and the way out to the guest are simulated here. Time passes only while a "guest" computes, so every run is
 * the same.
 */
#include "sched_world.h"

/* --- Time slices */

static void test_alone(void)
{
    add_domain(0, compute);
    simulate(MS(1000));
    CHECK(guests[0].ran == MS(1000));
    CHECK(arms <= 2); /* no slices for a lone vCPU: only a new time stamp each second */
}

/* Each vCPU that runs gets a new stamp each second: alone, in turn with others, and after a time in which nobody
 * ran. */
static void test_time_stamps(void)
{
    add_domain(0, compute);
    simulate(MS(4500));
    CHECK(guests[0].v->time_version == 2 * 5);
}

static void test_time_stamps_in_turn(void)
{
    add_domain(0, compute);
    add_domain(1, compute);
    add_vcpu(guests[1].v->domain, 1, compute);
    simulate(MS(4500));
    for (unsigned int i = 0; i < 3; i++)
        CHECK(guests[i].v->time_version >= 2 * 5 && guests[i].v->time_version <= 2 * 9);
}

static void sleeper(struct guest *g)
{
    bind_virq = (struct evtchn_bind_virq){.virq = VIRQ_TIMER, .vcpu = 0};
    CHECK(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == 0);
    guest_run(g, MS(600));
    CHECK(g->v->time_version == 2);
    g->deadline = now + MS(500);
    CALL(g, do_set_timer_op((uint32_t)g->deadline, g->deadline >> 32));
    CALL(g, do_sched_op(SCHEDOP_block, NULL)); /* the second ends while nobody runs */
    CHECK(g->v->time_version == 4);
    guest_run(g, MS(1100));
    CHECK(g->v->time_version == 6);
    step_reached = 1;
}

static void test_time_stamps_after_sleep(void)
{
    step_reached = 0;
    add_domain(0, sleeper);
    simulate(MS(5000));
    CHECK(step_reached == 1);
}

static void test_fair(void)
{
    struct vcpu_runstate_info info;

    for (unsigned int i = 0; i < 3; i++)
        add_domain(i, compute);
    simulate(MS(3000));
    for (unsigned int i = 0; i < 3; i++) {
        uint64_t sum = 0;

        CHECK(about(guests[i].ran, MS(1000), MS(11)));
        get_runstate(guests[i].v, &info);
        for (unsigned int s = 0; s < 4; s++)
            sum += info.time[s];
        CHECK(sum <= now && about(sum, MS(3000), MS(1)));
        CHECK(about(info.time[RUNSTATE_running], guests[i].ran, MS(1)));
    }
    CHECK(arms <= 310 + 3, "%u", arms); /* three time stamps */
}

static void yielder(struct guest *g)
{
    for (;;) {
        guest_run(g, US(100));
        CALL(g, do_sched_op(SCHEDOP_yield, NULL));
    }
}

static void test_yield(void)
{
    add_domain(0, yielder);
    add_domain(1, yielder);
    simulate(MS(100));
    CHECK(about(guests[0].ran, MS(50), US(200)));
    CHECK(about(guests[1].ran, MS(50), US(200)));
}

/* Works for 100 us in each millisecond, and measures how late it is woken. */
static void ticker(struct guest *g)
{
    bind_virq = (struct evtchn_bind_virq){.virq = VIRQ_TIMER, .vcpu = 0};
    CHECK(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == 0);
    for (;;) {
        g->deadline = now + MS(1);
        CALL(g, do_set_timer_op((uint32_t)g->deadline, g->deadline >> 32));
        CALL(g, do_sched_op(SCHEDOP_block, NULL));
        if (g->woken_at - g->deadline > g->max_latency)
            g->max_latency = g->woken_at - g->deadline;
        guest_run(g, US(100));
    }
}

static void test_latency(void)
{
    add_domain(0, compute);
    add_domain(1, compute);
    add_domain(2, ticker);
    simulate(MS(3000));
    CHECK(guests[2].upcalls > 2000);        /* woken nearly as often as it wanted */
    CHECK(guests[2].max_latency <= MS(20)); /* at worst after one round of the others */
    CHECK(about(guests[0].ran, guests[1].ran, MS(60)));
}

/* --- Blocking and waking */

static unsigned int rounds;

static void pinger(struct guest *g)
{
    alloc = (struct evtchn_alloc_unbound){.dom = DOMID_SELF, .remote_dom = 1};
    CHECK(event_op(g, EVTCHNOP_alloc_unbound, &alloc) == 0);
    ports[0] = alloc.port;
    while (!ports[1])
        CALL(g, do_sched_op(SCHEDOP_yield, NULL));
    for (rounds = 0; rounds < 1000; rounds++) {
        g->v->vcpu_info->evtchn_upcall_mask = 1; /* otherwise the answer could come before `block` */
        send_to(g, ports[0]);
        CALL(g, do_sched_op(SCHEDOP_block, NULL));
    }
}

static void ponger(struct guest *g)
{
    while (!ports[0])
        CALL(g, do_sched_op(SCHEDOP_yield, NULL));
    bind = (struct evtchn_bind_interdomain){.remote_dom = 0, .remote_port = ports[0]};
    CHECK(event_op(g, EVTCHNOP_bind_interdomain, &bind) == 0);
    CHECK(g->upcalls == 1); /* in case that wake-up was lost */
    ports[1] = bind.local_port;
    for (;;) {
        CALL(g, do_sched_op(SCHEDOP_block, NULL));
        g->v->vcpu_info->evtchn_upcall_mask = 1;
        guest_run(g, US(1));
        send_to(g, ports[1]);
    }
}

static void test_pingpong(void)
{
    ports[0] = ports[1] = 0;
    add_domain(0, pinger);
    add_domain(1, ponger);
    simulate(MS(1000));
    CHECK(rounds == 1000);
    CHECK(guests[0].upcalls == 1000);
    CHECK(arms < 20); /* not one for each switch */
}

/* --- Siblings: what kernels do with locks, and with calls from one processor to others */

static bool locked, asked;
static uint64_t spun;

static void spin_while(struct guest *g, const volatile bool *what)
{
    uint64_t start = now;

    while (*what)
        guest_run(g, US(1));
    spun += now - start;
}

static void locker(struct guest *g)
{
    bind_ipi = (struct evtchn_bind_ipi){.vcpu = 1};
    CHECK(event_op(g, EVTCHNOP_bind_ipi, &bind_ipi) == 0);
    ports[0] = bind_ipi.port;
    for (rounds = 0; rounds < 100; rounds++) {
        locked = true;
        send_to(g, ports[0]);
        guest_run(g, US(20));
        locked = false;
        guest_run(g, MS(1));
    }
}

/* Waits for an answer without giving up the CPU. */
static void asker(struct guest *g)
{
    bind_ipi = (struct evtchn_bind_ipi){.vcpu = 1};
    CHECK(event_op(g, EVTCHNOP_bind_ipi, &bind_ipi) == 0);
    ports[0] = bind_ipi.port;
    for (rounds = 0; rounds < 100; rounds++) {
        asked = true;
        send_to(g, ports[0]);
        spin_while(g, &asked);
        guest_run(g, MS(1));
    }
}

static void answerer(struct guest *g)
{
    for (;;) {
        if (!asked) /* its event may have come before this vCPU ran at all */
            CALL(g, do_sched_op(SCHEDOP_block, NULL));
        spin_while(g, &locked);
        asked = false;
    }
}

static void with_sibling(void (*code)(struct guest *))
{
    locked = asked = false;
    spun = 0;
    add_domain(0, code);
    add_vcpu(guests[0].v->domain, 1, answerer);
    simulate(MS(2000));
    CHECK(rounds == 100);
}

static void test_sibling_lock(void)
{
    with_sibling(locker);
    CHECK(spun < MS(1));
    CHECK(guests[1].upcalls >= 90); /* its own work went on, too */
}

static void test_sibling_answers(void)
{
    with_sibling(asker);
    CHECK(spun <= MS(30)); /* 200 us each, and a slice now and then */
}

static struct sched_poll poll_arg;
static uint32_t poll_ports[4];

static void poller(struct guest *g)
{
    uint64_t start;

    bind_ipi = (struct evtchn_bind_ipi){.vcpu = 0};
    CHECK(event_op(g, EVTCHNOP_bind_ipi, &bind_ipi) == 0);
    ports[0] = bind_ipi.port;
    g->v->vcpu_info->evtchn_upcall_mask = 1;
    g->v->domain->shared_info->evtchn_mask[0] |= 1u << ports[0];

    /* A time-out */
    start = now;
    poll_ports[0] = ports[0];
    poll_arg = (struct sched_poll){.ports = poll_ports, .nr_ports = 1, .timeout = now + MS(5)};
    CHECK(CALL(g, do_sched_op(SCHEDOP_poll, &poll_arg)) == 0);
    CHECK(now >= start + MS(5) && now <= start + MS(5) + US(200)); /* its sibling computes */
    CHECK(!g->v->domain->poll_mask);

    /* One in the past */
    poll_arg.timeout = now - 1;
    CHECK(CALL(g, do_sched_op(SCHEDOP_poll, &poll_arg)) == 0);

    /* A masked port that the other vCPU makes pending */
    step_reached = 1;
    poll_arg.timeout = 0;
    CHECK(CALL(g, do_sched_op(SCHEDOP_poll, &poll_arg)) == 0);
    CHECK(step_reached == 2);
    CHECK(g->v->domain->shared_info->evtchn_pending[0] == 1u << ports[0]);

    /* Something is pending already, so it does not wait */
    CHECK(CALL(g, do_sched_op(SCHEDOP_poll, &poll_arg)) == 0);

    poll_arg.nr_ports = 129;
    CHECK(CALL(g, do_sched_op(SCHEDOP_poll, &poll_arg)) == -EINVAL);
    poll_arg.nr_ports = 1;
    poll_ports[0] = NR_EVENT_CHANNELS;
    CHECK(CALL(g, do_sched_op(SCHEDOP_poll, &poll_arg)) == -EINVAL);
    poll_arg.ports = (void *)0xF57FFFFE;
    CHECK(CALL(g, do_sched_op(SCHEDOP_poll, &poll_arg)) == -EFAULT);
    CHECK(!g->v->domain->poll_mask && g->v->state == VCPU_RUNNABLE);
    CHECK(g->upcalls == 0);
    step_reached = 3;
}

static void poll_waker(struct guest *g)
{
    while (step_reached != 1)
        guest_run(g, US(100));
    guest_run(g, MS(30));
    step_reached = 2;
    CHECK(send_to(g, ports[0]) == 0);
}

static void test_poll(void)
{
    struct vcpu *v = add_domain(0, poller);

    step_reached = 0;
    add_vcpu(v->domain, 1, poll_waker);
    simulate(MS(1000));
    CHECK(step_reached == 3);
}

/* --- Timers */

static void timer_user(struct guest *g)
{
    uint64_t start;

    bind_virq = (struct evtchn_bind_virq){.virq = VIRQ_TIMER, .vcpu = 0};
    CHECK(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == 0);
    guest_run(g, MS(1));

    CALL(g, do_set_timer_op((uint32_t)(now - 5), (now - 5) >> 32)); /* in the past */
    CHECK(g->upcalls == 1);
    CALL(g, do_set_timer_op((uint32_t)(now + MS(2)), (now + MS(2)) >> 32));
    CALL(g, do_set_timer_op(0, 0));
    guest_run(g, MS(5));
    CHECK(g->upcalls == 1);
    CHECK(hardware_timer > now + MS(900)); /* nothing but the next time stamp */
    start = now;
    CALL(g, do_set_timer_op(0, 1u << 31)); /* negative: 100 ms */
    CALL(g, do_sched_op(SCHEDOP_block, NULL));
    CHECK(now == start + MS(100) && g->upcalls == 2);
    start = now;
    CALL(g, do_set_timer_op((uint32_t)(now + (1ull << 50) - 1), (now + (1ull << 50) - 1) >> 32)); /* just not too far */
    guest_run(g, MS(200));
    CHECK(g->upcalls == 2);
    start = now;
    CALL(g, do_set_timer_op((uint32_t)(now + (1ull << 50)), (now + (1ull << 50)) >> 32)); /* too far: 100 ms */
    CALL(g, do_sched_op(SCHEDOP_block, NULL));
    CHECK(now == start + MS(100) && g->upcalls == 3);
    start = now;
    CALL(g, do_set_timer_op(0, 1u << 30)); /* far in the future: the same */
    CALL(g, do_sched_op(SCHEDOP_block, NULL));
    CHECK(now == start + MS(100) && g->upcalls == 4);

    /* Later than what the hardware is set to. The hardware comes too early once and is set again. */
    start = now;
    CALL(g, do_set_timer_op((uint32_t)(now + MS(2)), (now + MS(2)) >> 32));
    CALL(g, do_set_timer_op((uint32_t)(now + MS(7)), (now + MS(7)) >> 32));
    CALL(g, do_sched_op(SCHEDOP_block, NULL));
    CHECK(now == start + MS(7) && g->upcalls == 5);

    /* Ticks: 100 in a second, while it runs */
    g->v->periodic_period = MS(10);
    update_periodic_timer(g->v);
    g->upcalls = 0;
    guest_run(g, MS(1000));
    CHECK(about(g->upcalls, 100, 1));
    close_arg.port = bind_virq.port;
    CHECK(event_op(g, EVTCHNOP_close, &close_arg) == 0);
    guest_run(g, MS(20));
    CHECK(hardware_timer > now + MS(100)); /* nobody listens */
    step_reached = 1;
}

static void test_timers(void)
{
    step_reached = 0;
    add_domain(0, timer_user);
    simulate(MS(5000));
    CHECK(step_reached == 1);
}

/* A vCPU polls for the event of its sibling's tick. The tick comes in the very switch to the sibling, and wakes the
 * vCPU that polls. */
static void sibling_ticker(struct guest *g)
{
    bind_virq = (struct evtchn_bind_virq){.virq = VIRQ_TIMER, .vcpu = 1};
    CHECK(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == 0);
    ports[0] = bind_virq.port;
    g->v->domain->shared_info->evtchn_mask[0] |= 1u << ports[0];
    g->v->periodic_period = MS(1);
    update_periodic_timer(g->v);
    compute(g);
}

static void tick_poller(struct guest *g)
{
    while (!ports[0])
        guest_run(g, MS(1));
    poll_arg = (struct sched_poll){.ports = poll_ports, .nr_ports = 1};
    poll_ports[0] = ports[0];
    for (rounds = 0; rounds < 100; rounds++) {
        guest_run(g, US(1500)); /* the tick is due by now */
        g->v->domain->shared_info->evtchn_pending[0] = 0;
        CHECK(CALL(g, do_sched_op(SCHEDOP_poll, &poll_arg)) == 0);
    }
}

static void test_tick_wakes(void)
{
    ports[0] = rounds = 0;
    add_domain(0, tick_poller);
    add_vcpu(guests[0].v->domain, 1, sibling_ticker);
    simulate(MS(2000));
    CHECK(rounds == 100);
}

/* --- Shutting down and killing */

static struct sched_shutdown shutdown_arg;

static void shutter(struct guest *g)
{
    guest_run(g, MS(1));
    shutdown_arg.reason = SHUTDOWN_reboot;
    CALL(g, do_sched_op(SCHEDOP_shutdown, &shutdown_arg));
    step_reached = 99; /* it must never come back */
}

static void killer(struct guest *g)
{
    struct domain *d = guests[1].v->domain;

    bind_virq = (struct evtchn_bind_virq){.virq = VIRQ_DOM_EXC, .vcpu = 0};
    CHECK(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == 0);
    CALL(g, do_sched_op(SCHEDOP_block, NULL));
    CHECK(g->upcalls == 1 && d->is_shut_down && d->shutdown_code == SHUTDOWN_reboot);
    CHECK(domain_kill(this_cpu.domain) == -EINVAL);
    CHECK(domain_by_id(1) == d);
    CHECK(CALL(g, domain_kill(d)) == 0);
    CHECK(!domain_by_id(1));
    CHECK(g->upcalls == 2);
    step_reached = 1;
    shutdown_arg.reason = SHUTDOWN_poweroff;
    CALL(g, do_sched_op(SCHEDOP_shutdown, &shutdown_arg));
    step_reached = 99;
}

/* max_page is 0 here, so that there is no frame to give back. */
static void test_shutdown(void)
{
    step_reached = 0;
    add_domain(0, killer);
    add_domain(1, shutter);
    hold_domain(guests[1].v->domain); /* otherwise the domain's structure would be looked up in the frame table */
    simulate(MS(2000));
    CHECK(step_reached == 1);
    CHECK(machine_end && !strcmp(machine_end, "off"));
}

static struct sched_watchdog dog;

static void watched(struct guest *g)
{
    dog = (struct sched_watchdog){.id = 0, .timeout = 1};
    CHECK(CALL(g, do_sched_op(SCHEDOP_watchdog, &dog)) == 1);
    CHECK(CALL(g, do_sched_op(SCHEDOP_watchdog, &dog)) == 2);
    CHECK(CALL(g, do_sched_op(SCHEDOP_watchdog, &dog)) == -ENOSPC);
    dog.id = 3;
    CHECK(CALL(g, do_sched_op(SCHEDOP_watchdog, &dog)) == -EINVAL);
    dog = (struct sched_watchdog){.id = 2};
    CHECK(CALL(g, do_sched_op(SCHEDOP_watchdog, &dog)) == 0);
    CHECK(CALL(g, do_sched_op(SCHEDOP_watchdog, &dog)) == -EINVAL);
    step_reached = 1;
    compute(g);
}

static void test_watchdog(void)
{
    step_reached = 0;
    opt_noreboot = true;
    add_domain(0, watched);
    simulate(MS(3000));
    opt_noreboot = false;
    CHECK(step_reached == 1 && about(guests[0].ran, MS(1000), MS(1)));
    CHECK(machine_end && !strcmp(machine_end, "halt"));
}

static const struct unit_test tests[] = {
    {"sched_alone", test_alone},
    {"sched_time_stamps", test_time_stamps},
    {"sched_time_stamps_in_turn", test_time_stamps_in_turn},
    {"sched_time_stamps_after_sleep", test_time_stamps_after_sleep},
    {"sched_fair", test_fair},
    {"sched_yield", test_yield},
    {"sched_latency", test_latency},
    {"sched_pingpong", test_pingpong},
    {"sched_sibling_lock", test_sibling_lock},
    {"sched_sibling_answers", test_sibling_answers},
    {"sched_poll", test_poll},
    {"sched_timers", test_timers},
    {"sched_tick_wakes", test_tick_wakes},
    {"sched_pause", test_pause},
    {"sched_exclusion", test_exclusion},
    {"sched_patience", test_patience},
    {"sched_taken_down", test_taken_down},
    {"sched_each_other", test_each_other},
    {"sched_making_way", test_making_way},
    {"sched_blocked", test_blocked},
    {"sched_shutdown", test_shutdown},
    {"sched_watchdog", test_watchdog},
    {"events", test_events},
    {"events_rights", test_rights},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, reset_machine);
}
