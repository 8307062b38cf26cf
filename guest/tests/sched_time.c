/* SPDX-License-Identifier: MIT */
/*
 * Giving up the CPU, timers, and time. Every wait has a bound by the TSC, so a timer that never comes fails its test
 * and does not hang the run. The system time in the shared page shows what comes too early or much too late.
 */
#include "test.h"

static volatile uint32_t ticks;

static void tick(evtchn_port_t port)
{
    (void)port;
    ticks++;
}

#define MS 1000000ull

/* Waits until ticks is `want`, or the time is over. */
static bool wait_for(uint32_t want, uint64_t ns)
{
    uint64_t end = system_time() + ns, tsc_end = rdtsc() + 4000000000ull; /* in case the system time stands still */

    while (ticks < want && system_time() < end && rdtsc() < tsc_end)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    return ticks >= want;
}

static int timer_port;

static bool begin(void)
{
    timer_port = event_bind_virq(VIRQ_TIMER, 0);
    if (!CHECK(timer_port > 0))
        return false;
    events_clear_all();
    ticks = 0;
    event_set_handler(timer_port, tick);
    event_unmask(timer_port);
    events_enable();
    return true;
}

static void end(void)
{
    events_disable();
    HYPERVISOR_set_timer_op(0, 0);
    HYPERVISOR_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL);
    HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    event_set_handler(timer_port, NULL);
    CHECK_RC(event_close(timer_port), 0);
    events_clear_all();
}

TEST(time_goes_on)
{
    uint64_t last = system_time(), now, start = last;

    CHECK_EQ(vcpu0_info.time.version & 1, 0);
    CHECK(vcpu0_info.time.tsc_to_system_mul != 0);
    for (unsigned int i = 0; i < 20000; i++) {
        now = system_time();
        if (now < last) {
            FAIL("from %llu back to %llu", last, now);
            return;
        }
        last = now;
    }
    CHECK(last > start);
}

/* A new stamp comes each second, even though no other vCPU runs and this one makes no call: some kernels wait for that
 * at their start. The test waits for a first stamp by blocking, and then blocks for most of the next second. */
TEST(time_gets_a_new_version)
{
    const volatile struct vcpu_time_info *time = &vcpu0_info.time;
    struct sched_poll poll = {.nr_ports = 0};
    uint32_t version = time->version;
    uint64_t stamp, tsc_end;

    for (unsigned int i = 0; i < 50 && time->version == version; i++) {
        poll.timeout = system_time() + 50 * MS;
        CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), 0);
    }
    CHECK(time->version != version);
    version = time->version;
    stamp = time->system_time;
    poll.timeout = stamp + 950 * MS;
    CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), 0);
    if (is_int82())
        CHECK_EQ(time->version, version);
    tsc_end = rdtsc() + 2000000000;
    while (time->version == version && rdtsc() < tsc_end)
        ;
    CHECK(time->version != version);
    CHECK_EQ(time->version & 1, 0);
    CHECK(time->system_time > stamp + 900 * MS);
    CHECK(time->system_time < stamp + 2100 * MS);
}

/* `clock=SECONDS`: since 1970, when the machine was started. */
TEST(time_wall_clock)
{
    uint32_t version = shared_info->wc_version, sec = shared_info->wc_sec;
    char started[16];

    CHECK_EQ(version & 1, 0);
    CHECK(shared_info->wc_nsec < 1000000000u);
    if (!guest_option("clock", started, sizeof(started)))
        CHECK(sec > 1000000000u);             /* after 2001 */
    else if (sec - parse_number(started) > 3) /* the firmware takes one or two */
        FAIL("%u instead of %s", sec, started);
}

TEST(time_set_timer_op)
{
    uint64_t at, now;

    if (!begin())
        return;
    at = system_time() + 2 * MS;
    CHECK_RC(HYPERVISOR_set_timer_op(LO_HI(at)), 0);
    CHECK_EQ(ticks, 0);
    CHECK(wait_for(1, 500 * MS));
    now = system_time();
    if (now < at || now > at + 100 * MS)
        FAIL("wanted at %llu, came by %llu", at, now);
    CHECK(!wait_for(2, 5 * MS)); /* the event comes once */
    end();
}

TEST(time_set_timer_op_past)
{
    if (!begin())
        return;
    CHECK_RC(HYPERVISOR_set_timer_op(1, 0), 0);
    CHECK(wait_for(1, 500 * MS));
    end();
}

TEST(time_set_timer_op_cancel)
{
    if (!begin())
        return;
    CHECK_RC(HYPERVISOR_set_timer_op(LO_HI(system_time() + 5 * MS)), 0);
    CHECK_RC(HYPERVISOR_set_timer_op(0, 0), 0);
    CHECK(!wait_for(1, 20 * MS));
    /* Absurdly far in the future: no event and no error. */
    CHECK_RC(HYPERVISOR_set_timer_op(0, 0x10000000), 0);
    CHECK_RC(HYPERVISOR_set_timer_op(0, 0), 0);
    end();
}

TEST(time_singleshot)
{
    struct vcpu_set_singleshot_timer timer;
    void *p;

    if (!begin())
        return;
    timer = (struct vcpu_set_singleshot_timer){system_time() + 2 * MS, 0};
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer), 0);
    CHECK(wait_for(1, 500 * MS));
    CHECK(system_time() >= timer.timeout_abs_ns);
    timer = (struct vcpu_set_singleshot_timer){1, VCPU_SSHOTTMR_future};
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer), -ETIME);
    CHECK(!wait_for(2, 5 * MS));
    timer.flags = 0;
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer), 0);
    CHECK(wait_for(2, 500 * MS)); /* a time in the past: at once */
    timer = (struct vcpu_set_singleshot_timer){system_time() + 5 * MS, 0};
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer), 0);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL), 0);
    CHECK(!wait_for(3, 20 * MS));
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 1, &timer), -ENOENT);
    for
        EACH_BAD_POINTER(p, sizeof(timer))
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 0, p), -EFAULT);
    end();
}

TEST(time_periodic)
{
    struct vcpu_set_periodic_timer timer = {2 * MS};
    void *p;

    if (!begin())
        return;
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_set_periodic_timer, 0, &timer), 0);
    CHECK(wait_for(5, 1000 * MS));
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
    ticks = 0;
    wait_for(1, 3 * MS); /* one tick may have been on its way */
    ticks = 0;
    CHECK(!wait_for(1, 20 * MS));
    timer.period_ns = 999999;
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_set_periodic_timer, 0, &timer), -EINVAL);
    timer.period_ns = 0;
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_set_periodic_timer, 0, &timer), -EINVAL);
    for
        EACH_BAD_POINTER(p, sizeof(timer))
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_set_periodic_timer, 0, p), -EFAULT);
    end();
}

/* An event interrupts code that makes no hypercall. */
TEST(time_interrupts_computation)
{
    uint64_t tsc_end = rdtsc() + 4000000000ull;

    if (!begin())
        return;
    HYPERVISOR_set_timer_op(LO_HI(system_time() + 2 * MS));
    while (!ticks && rdtsc() < tsc_end)
        barrier();
    CHECK_EQ(ticks, 1);
    end();
}

TEST(sched_yield)
{
    CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_yield, NULL), 0);
    CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_yield, UNMAPPED), 0);
    CHECK_RC(HYPERVISOR_sched_op_compat(SCHEDOP_yield, 0), 0);
}

TEST(sched_block)
{
    uint64_t at;

    if (!begin())
        return;
    for (unsigned int i = 0; i < 4; i++) {
        events_disable();
        ticks = 0;
        at = system_time() + 2 * MS;
        HYPERVISOR_set_timer_op(LO_HI(at));
        CHECK_RC(i & 1 ? HYPERVISOR_sched_op_compat(SCHEDOP_block, 0) : HYPERVISOR_sched_op(SCHEDOP_block, NULL), 0);
        CHECK_EQ(ticks, 1); /* delivered: block unmasks */
        CHECK_EQ(vcpu0_info.evtchn_upcall_mask, 0);
        CHECK(system_time() >= at);
    }
    end();
}

/* Something is pending already, so block returns at once. */
TEST(sched_block_pending)
{
    uint64_t start = system_time();
    int port = event_bind_ipi(0);

    events_clear_all();
    event_set_handler(port, tick);
    event_unmask(port);
    ticks = 0;
    event_send(port);
    CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_block, NULL), 0);
    CHECK_EQ(ticks, 1);
    CHECK(system_time() - start < 1000 * MS);
    events_disable();
    event_set_handler(port, NULL);
    CHECK_RC(event_close(port), 0);
}

static int poll(evtchn_port_t *ports, uint32_t n, uint64_t timeout)
{
    struct sched_poll p = {ports, n, timeout};

    return HYPERVISOR_sched_op(SCHEDOP_poll, &p);
}

TEST(sched_poll)
{
    evtchn_port_t ports[2];
    uint64_t start;
    void *p;

    ports[0] = event_bind_ipi(0);
    ports[1] = event_bind_ipi(0);
    events_clear_all();
    event_mask(ports[0]);
    event_mask(ports[1]);
    /* poll returns when its time comes. */
    start = system_time();
    CHECK_RC(poll(ports, 1, start + 2 * MS), 0);
    CHECK(system_time() >= start + 2 * MS);
    CHECK_RC(poll(ports, 2, start + 4 * MS), 0);
    CHECK_RC(poll(NULL, 0, start + 6 * MS), 0);
    CHECK(system_time() >= start + 6 * MS);
    /* Something is pending already, masked or not. */
    event_send(ports[1]);
    start = system_time();
    CHECK_RC(poll(ports, 2, start + 5000 * MS), 0);
    CHECK(system_time() < start + 4000 * MS);
    CHECK(event_pending(ports[1])); /* poll leaves it pending */
    event_clear(ports[1]);
    /* A time in the past. */
    CHECK_RC(poll(ports, 2, 1), 0);
    CHECK_EQ(vcpu0_info.evtchn_upcall_mask, 1);
    /* Bad arguments. */
    CHECK_RC(poll(ports, 129, system_time() + MS), -EINVAL);
    CHECK_RC(poll(ports, 0xffffffff, system_time() + MS), -EINVAL);
    ports[1] = 1024;
    CHECK_RC(poll(ports, 2, system_time() + MS), -EINVAL);
    ports[1] = 0xffffffff;
    CHECK_RC(poll(ports, 2, system_time() + MS), -EINVAL);
    for
        EACH_BAD_POINTER(p, 4)
    CHECK_RC(poll(p, 1, system_time() + MS), -EFAULT);
    for
        EACH_BAD_POINTER(p, sizeof(struct sched_poll))
    CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_poll, p), -EFAULT);
    CHECK_RC(event_close(ports[0]), 0);
    CHECK_RC(event_close(ports[0] + 1), 0);
}

/* A port becomes pending while poll waits. It is the timer's, and masked. */
TEST(sched_poll_woken)
{
    evtchn_port_t port;
    uint64_t start;

    if (!begin())
        return;
    events_disable();
    port = timer_port;
    event_mask(port);
    start = system_time();
    HYPERVISOR_set_timer_op(LO_HI(start + 2 * MS));
    CHECK_RC(poll(&port, 1, start + 3000 * MS), 0);
    CHECK(event_pending(port));
    CHECK(system_time() >= start + 2 * MS);
    CHECK(system_time() < start + 2000 * MS);
    end();
}

TEST(sched_bad_command)
{
    struct sched_remote_shutdown remote = {77, SHUTDOWN_poweroff};
    struct sched_watchdog watchdog = {3, 1};
    void *p;

    CHECK_RC(HYPERVISOR_sched_op(7, NULL), -ENOSYS);
    CHECK_RC(HYPERVISOR_sched_op(0xffffffff, NULL), -ENOSYS);
    CHECK_RC(HYPERVISOR_sched_op_compat(3, 0), -ENOSYS);
    CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_remote_shutdown, &remote), -ESRCH);
    CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_watchdog, &watchdog), -EINVAL);
    for
        EACH_BAD_POINTER(p, 4)
    CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_shutdown, p), -EFAULT); /* we are still here */
    for
        EACH_BAD_POINTER(p, sizeof(remote))
    CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_remote_shutdown, p), -EFAULT);
    for
        EACH_BAD_POINTER(p, sizeof(watchdog))
    CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_watchdog, p), -EFAULT);
}

TEST(sched_watchdog)
{
    struct sched_watchdog watchdog = {0, 30};
    int id = HYPERVISOR_sched_op(SCHEDOP_watchdog, &watchdog);

    CHECK(id > 0);
    watchdog.id = id;
    CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_watchdog, &watchdog), 0); /* starts again, from now */
    watchdog.timeout = 0;
    CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_watchdog, &watchdog), 0);
    watchdog.timeout = 5;
    CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_watchdog, &watchdog), -EINVAL); /* it was stopped, so nobody has that number */
}
