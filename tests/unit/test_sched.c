/*
 * Scheduler, timers, event channels and sched_op (xen/common), on the host.
 *
 * Proves who runs when, for how long, and who is woken by what. It can be trusted because the hypervisor's files run
 * unchanged: each vCPU is a coroutine whose stack is switched by context_switch(), and only the clock, the timer's
 * hardware and the way out to the guest are simulated here. Time passes only where a "guest" computes, so that every
 * run is the same.
 */
#include <xen/domain.h>
#include <xen/grant_table.h>
#include <xen/event.h>
#include <xen/audit.h>
#include <xen/hypercall.h>
#include <xen/operation.h>
#include <xen/schedule.h>
#include <asm/processor.h>
#include <public/errno.h>

#include <stdio.h>
#include <ucontext.h>

/* <stdlib.h> has another strtoull() than xen/lib.h. */
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void abort(void) __attribute__((noreturn));

#define US(n) ((uint64_t)(n)*1000)
#define MS(n) ((uint64_t)(n)*1000000)

/* --- The machine */

struct cpu this_cpu;
mfn_t max_page;
bool opt_noreboot;
enum log_level log_level;

static uint64_t now, hardware_timer = UINT64_MAX;
static unsigned int arms; /* how often the hardware was programmed */
static const char *machine_end;
static ucontext_t main_context;

static void interrupts(void)
{
    if (hardware_timer <= now) {
        hardware_timer = UINT64_MAX;
        this_cpu.work |= WORK_TIMER;
    }
}

uint64_t div64(uint64_t n, uint32_t d, uint32_t *rem)
{
    if (rem)
        *rem = n % d;
    return n / d;
}

uint64_t system_time(void)
{
    return now;
}

void arm_hardware_timer(uint64_t when)
{
    hardware_timer = when;
    if (when != UINT64_MAX)
        arms++;
}

void update_vcpu_time(struct vcpu *v)
{
    v->time_version += 2;
}

void interrupt_window(void)
{
    interrupts();
}

/* Nothing will ever happen any more: the simulation is over. */
static void finish(void)
{
    setcontext(&main_context);
}

static uint64_t end_of_time;

void wait_for_interrupt(void)
{
    uint64_t next = hardware_timer < end_of_time ? hardware_timer : end_of_time;

    if (next > now)
        now = next;
    if (now >= end_of_time || hardware_timer == UINT64_MAX)
        finish();
    interrupts();
}

/* The console and the services are not part of it. */
bool service_notified(struct domain *d, enum service service)
{
    return false;
}

void end_services(struct domain *d)
{
}

void console_wait(bool wait)
{
}

void init_console_of(struct domain *d)
{
}

void leave_console(struct domain *d)
{
}

void end_console_of(struct domain *d)
{
}

void machine_power_off(void)
{
    machine_end = "off";
    finish();
    abort();
}

void machine_restart(void)
{
    machine_end = "restart";
    finish();
    abort();
}

void machine_halt(void)
{
    machine_end = "halt";
    finish();
    abort();
}

void printk(const char *fmt, ...)
{
}

void panic(const char *fmt, ...)
{
    printf("panic: %s\n", fmt);
    abort();
}

/* --- Memory: nothing that these tests are about */

void *alloc_heap_pages(unsigned int order)
{
    return calloc(1, (size_t)PAGE_SIZE << order);
}

void free_heap_pages(void *va, unsigned int order)
{
}

void share_frame_with(struct domain *d, mfn_t mfn, bool writable)
{
}

void unshare_frame(mfn_t mfn)
{
}

void put_page(struct page_info *page)
{
}

int get_page_and_type(struct page_info *page, struct domain *d, uint32_t type)
{
    return -EINVAL;
}

void put_page_and_type(struct page_info *page)
{
}

void put_page_and_table(struct page_info *page)
{
}

void relinquish_page(struct page_info *page)
{
}

uint32_t __copy_from_guest(void *dst, const void *src, uint32_t n)
{
    __builtin_memcpy(dst, src, n);
    return 0;
}

uint32_t __copy_to_guest(void *dst, const void *src, uint32_t n)
{
    __builtin_memcpy(dst, src, n);
    return 0;
}

/* --- vCPUs as coroutines */

struct guest {
    struct vcpu *v;
    void (*code)(struct guest *g);
    ucontext_t context;
    uint64_t ran; /* ns of guest_run() so far */
    unsigned int upcalls;
    uint32_t seen[32];    /* events that upcalls found */
    uint64_t woken_at;    /* when the last upcall came */
    uint64_t max_latency; /* of timer events against what was asked for */
    uint64_t deadline;
};

#define MAX_GUESTS 8
static struct guest guests[MAX_GUESTS];
static unsigned int nr_guests;
static ucontext_t idle_context;

static struct guest *guest_of(const struct vcpu *v)
{
    for (unsigned int i = 0; i < nr_guests; i++)
        if (guests[i].v == v)
            return &guests[i];
    return NULL;
}

/* No domain here has grants. */
int create_grant_table(struct domain *d)
{
    return 0;
}

void release_grant_mappings(struct domain *d)
{
}

bool grant_table_in_use(const struct domain *d)
{
    return false;
}

void destroy_grant_table(struct domain *d)
{
}

int arch_init_vcpu(struct vcpu *v)
{
    v->vcpu_info = &v->domain->shared_info->vcpu_info[v->vcpu_id];
    return 0;
}

void arch_relinquish_vcpu(struct vcpu *v)
{
}

void arch_destroy_vcpu(struct vcpu *v)
{
}

static ucontext_t *context_of(const struct vcpu *v)
{
    return v == this_cpu.idle ? &idle_context : &guest_of(v)->context;
}

void context_switch(struct vcpu *prev, struct vcpu *next)
{
    this_cpu.vcpu = next;
    this_cpu.domain = next->domain;
    swapcontext(context_of(prev), context_of(next));
}

void flush_tlb_now(void)
{
}

static void upcall(struct guest *g)
{
    struct shared_info *s = g->v->domain->shared_info;

    g->upcalls++;
    g->woken_at = now;
    g->v->vcpu_info->evtchn_upcall_pending = 0;
    g->v->vcpu_info->evtchn_pending_sel = 0;
    for (unsigned int i = 0; i < 32; i++) {
        g->seen[i] |= s->evtchn_pending[i] & ~s->evtchn_mask[i];
        s->evtchn_pending[i] &= s->evtchn_mask[i];
    }
}

static struct cpu_user_regs registers; /* of a vCPU on its way out */

/* do_exit_work() */
static void way_out(struct guest *g)
{
    g->v->operation.wanted_out = false;
    while (this_cpu.work) {
        uint32_t work = this_cpu.work;

        this_cpu.work = 0;
        if (work & WORK_TIMER)
            run_timers();
        if (work & (WORK_SCHEDULE | WORK_PAUSED | WORK_YIELD)) {
            g->v->frame = &registers;
            schedule();
            g->v->frame = NULL;
        }
        if (event_deliverable(g->v))
            upcall(g);
    }
}

/* The guest computes. */
static void guest_run(struct guest *g, uint64_t ns)
{
    while (ns) {
        uint64_t step = ns;

        if (hardware_timer > now && hardware_timer - now < step)
            step = hardware_timer - now;
        if (end_of_time - now < step)
            step = end_of_time - now;
        now += step;
        g->ran += step;
        ns -= step;
        if (now >= end_of_time)
            finish();
        interrupts();
        way_out(g);
    }
}

/* A hypercall, and the way out after it. */
#define CALL(g, call)      \
    ({                     \
        long rc_ = (call); \
        audit_lists();     \
        way_out(g);        \
        rc_;               \
    })

static const char *failure;

/* The auditor's look at the queue and the timers, after every call. */
void audit_mismatch(uint32_t kind, uint32_t id, uint32_t expected, uint32_t found)
{
    static char text[64];

    snprintf(text, sizeof(text), "audit: kind %u, %x: %x, %x", kind, id, expected, found);
    failure = failure ? failure : text;
}

static void no_visit(const struct timer *t)
{
}

static void audit_lists(void)
{
    audit_run_queue();
    audit_timers(no_visit);
}

static void guest_main(void)
{
    struct guest *g = guest_of(current);

    schedule_tail();
    g->v->frame = NULL;
    way_out(g);
    g->code(g);
    current->state = VCPU_OFFLINE;
    current->frame = &registers;
    schedule();
    abort();
}

static struct vcpu *add_vcpu(struct domain *d, unsigned int id, void (*code)(struct guest *))
{
    struct guest *g = &guests[nr_guests++];
    struct vcpu *v = alloc_vcpu(d, id);

    *g = (struct guest){.v = v, .code = code};
    v->vcpu_info->evtchn_upcall_mask = 0;
    getcontext(&g->context);
    g->context.uc_stack.ss_size = 128 * 1024;
    g->context.uc_stack.ss_sp = malloc(g->context.uc_stack.ss_size);
    g->context.uc_link = NULL;
    makecontext(&g->context, guest_main, 0);
    v->periodic_period = 0;
    v->is_initialised = true;
    v->frame = &registers;
    v->state = VCPU_RUNNABLE;
    vcpu_wake(v);
    return v;
}

static struct vcpu *add_domain(uint16_t domid, void (*code)(struct guest *))
{
    struct domain *d = create_domain(domid, 1024, domid == 0);

    if (domid == 0)
        dom0 = d;
    return add_vcpu(d, 0, code);
}

/* Runs until all is quiet, or that much time has passed. */
static void simulate(uint64_t ns)
{
    static ucontext_t context;
    volatile bool done = false;

    end_of_time = now + ns;
    getcontext(&main_context);
    if (done)
        return;
    done = true;
    getcontext(&context);
    context.uc_stack.ss_size = 128 * 1024;
    context.uc_stack.ss_sp = malloc(context.uc_stack.ss_size);
    makecontext(&context, idle_loop, 0);
    if (this_cpu.vcpu == this_cpu.idle)
        setcontext(&context);
    abort();
}

static void reset_machine(void)
{
    static bool domains_made;

    for (unsigned int i = 0; i < nr_guests; i++)
        destroy_vcpu_scheduling(guests[i].v);
    nr_guests = 0;
    domain_list = dom0 = NULL;
    if (!domains_made)
        init_domains();
    domains_made = true;
    init_idle();
    this_cpu.work = 0;
    run_timers();
    arms = 0;
    machine_end = NULL;
}

/* --- Checks */

static unsigned int passed, failed;

#define EXPECT(cond)                                                        \
    do {                                                                    \
        if (!(cond) && !failure) {                                          \
            static char text_[256];                                         \
            snprintf(text_, sizeof(text_), "line %d: %s", __LINE__, #cond); \
            failure = text_;                                                \
        }                                                                   \
    } while (0)

static void run(const char *name, void (*test)(void))
{
    printf("@test begin %s\n", name);
    failure = NULL;
    reset_machine();
    test();
    if (failure) {
        failed++;
        printf("@test fail %s: %s\n", name, failure);
    } else {
        passed++;
        printf("@test pass %s\n", name);
    }
    fflush(stdout);
}

static bool about(uint64_t value, uint64_t wanted, uint64_t tolerance)
{
    return value + tolerance >= wanted && value <= wanted + tolerance;
}

/* Hypercall arguments: static, since this program's stack lies where no guest may have memory. */
static struct evtchn_alloc_unbound alloc;
static struct evtchn_bind_interdomain bind;
static struct evtchn_bind_virq bind_virq;
static struct evtchn_bind_ipi bind_ipi;
static struct evtchn_status st;
static struct evtchn_close close_arg;
static struct evtchn_bind_vcpu bind_vcpu;
static struct evtchn_unmask unmask_arg;
static struct evtchn_reset reset_arg;
static struct evtchn_send send_arg;
static struct sched_poll poll_arg;
static uint32_t poll_ports[4];

static long event_op(struct guest *g, uint32_t cmd, void *arg)
{
    return CALL(g, do_event_channel_op(cmd, arg));
}

static long send_to(struct guest *g, uint32_t port)
{
    send_arg.port = port;
    return event_op(g, EVTCHNOP_send, &send_arg);
}

/* --- Time slices */

static void compute(struct guest *g)
{
    for (;;)
        guest_run(g, MS(3));
}

static void test_alone(void)
{
    add_domain(0, compute);
    simulate(MS(1000));
    EXPECT(guests[0].ran == MS(1000));
    EXPECT(arms == 0); /* no timer for a lone vCPU */
}

static void test_fair(void)
{
    struct vcpu_runstate_info info;

    for (unsigned int i = 0; i < 3; i++)
        add_domain(i, compute);
    simulate(MS(3000));
    for (unsigned int i = 0; i < 3; i++) {
        uint64_t sum = 0;

        EXPECT(about(guests[i].ran, MS(1000), MS(11)));
        get_runstate(guests[i].v, &info);
        for (unsigned int s = 0; s < 4; s++)
            sum += info.time[s];
        EXPECT(sum <= now && about(sum, MS(3000), MS(1)));
        EXPECT(about(info.time[RUNSTATE_running], guests[i].ran, MS(1)));
    }
    EXPECT(arms <= 310);
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
    EXPECT(about(guests[0].ran, MS(50), US(200)));
    EXPECT(about(guests[1].ran, MS(50), US(200)));
}

/* Works for 100 us each millisecond, and measures how late it is woken. */
static void ticker(struct guest *g)
{
    bind_virq = (struct evtchn_bind_virq){.virq = VIRQ_TIMER, .vcpu = 0};
    EXPECT(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == 0);
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
    EXPECT(guests[2].upcalls > 2000);        /* woken as often as it wanted, nearly */
    EXPECT(guests[2].max_latency <= MS(20)); /* at worst after a round of the others */
    EXPECT(about(guests[0].ran, guests[1].ran, MS(60)));
}

/* --- Blocking and waking */

static uint32_t ports[2];
static unsigned int rounds;

static void pinger(struct guest *g)
{
    alloc = (struct evtchn_alloc_unbound){.dom = DOMID_SELF, .remote_dom = 1};
    EXPECT(event_op(g, EVTCHNOP_alloc_unbound, &alloc) == 0);
    ports[0] = alloc.port;
    while (!ports[1])
        CALL(g, do_sched_op(SCHEDOP_yield, NULL));
    for (rounds = 0; rounds < 1000; rounds++) {
        g->v->vcpu_info->evtchn_upcall_mask = 1; /* or the answer might come before `block` */
        send_to(g, ports[0]);
        CALL(g, do_sched_op(SCHEDOP_block, NULL));
    }
}

static void ponger(struct guest *g)
{
    while (!ports[0])
        CALL(g, do_sched_op(SCHEDOP_yield, NULL));
    bind = (struct evtchn_bind_interdomain){.remote_dom = 0, .remote_port = ports[0]};
    EXPECT(event_op(g, EVTCHNOP_bind_interdomain, &bind) == 0);
    EXPECT(g->upcalls == 1); /* in case that one was lost */
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
    EXPECT(rounds == 1000);
    EXPECT(guests[0].upcalls == 1000);
    EXPECT(arms < 20); /* not one for each switch */
}

/* --- Siblings: what kernels do with locks and calls across processors */

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
    EXPECT(event_op(g, EVTCHNOP_bind_ipi, &bind_ipi) == 0);
    ports[0] = bind_ipi.port;
    for (rounds = 0; rounds < 100; rounds++) {
        locked = true;
        send_to(g, ports[0]);
        guest_run(g, US(20));
        locked = false;
        guest_run(g, MS(1));
    }
}

/* Waits for an answer without giving the CPU away. */
static void asker(struct guest *g)
{
    bind_ipi = (struct evtchn_bind_ipi){.vcpu = 1};
    EXPECT(event_op(g, EVTCHNOP_bind_ipi, &bind_ipi) == 0);
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
    EXPECT(rounds == 100);
}

static void test_sibling_lock(void)
{
    with_sibling(locker);
    EXPECT(spun < MS(1));
    EXPECT(guests[1].upcalls >= 90); /* it was not kept from its work, either */
}

static void test_sibling_answers(void)
{
    with_sibling(asker);
    EXPECT(spun <= MS(30)); /* 200 us each, and a slice now and then */
}

static unsigned int step_reached;

static void poller(struct guest *g)
{
    uint64_t start;

    bind_ipi = (struct evtchn_bind_ipi){.vcpu = 0};
    EXPECT(event_op(g, EVTCHNOP_bind_ipi, &bind_ipi) == 0);
    ports[0] = bind_ipi.port;
    g->v->vcpu_info->evtchn_upcall_mask = 1;
    g->v->domain->shared_info->evtchn_mask[0] |= 1u << ports[0];

    /* A time-out */
    start = now;
    poll_ports[0] = ports[0];
    poll_arg = (struct sched_poll){.ports = poll_ports, .nr_ports = 1, .timeout = now + MS(5)};
    EXPECT(CALL(g, do_sched_op(SCHEDOP_poll, &poll_arg)) == 0);
    EXPECT(now >= start + MS(5) && now <= start + MS(5) + US(200)); /* its sibling computes */
    EXPECT(!g->v->domain->poll_mask);

    /* One in the past */
    poll_arg.timeout = now - 1;
    EXPECT(CALL(g, do_sched_op(SCHEDOP_poll, &poll_arg)) == 0);

    /* A masked port that the other vCPU makes pending */
    step_reached = 1;
    poll_arg.timeout = 0;
    EXPECT(CALL(g, do_sched_op(SCHEDOP_poll, &poll_arg)) == 0);
    EXPECT(step_reached == 2);
    EXPECT(g->v->domain->shared_info->evtchn_pending[0] == 1u << ports[0]);

    /* Pending already: no wait */
    EXPECT(CALL(g, do_sched_op(SCHEDOP_poll, &poll_arg)) == 0);

    poll_arg.nr_ports = 129;
    EXPECT(CALL(g, do_sched_op(SCHEDOP_poll, &poll_arg)) == -EINVAL);
    poll_arg.nr_ports = 1;
    poll_ports[0] = NR_EVENT_CHANNELS;
    EXPECT(CALL(g, do_sched_op(SCHEDOP_poll, &poll_arg)) == -EINVAL);
    poll_arg.ports = (void *)0xF57FFFFE;
    EXPECT(CALL(g, do_sched_op(SCHEDOP_poll, &poll_arg)) == -EFAULT);
    EXPECT(!g->v->domain->poll_mask && g->v->state == VCPU_RUNNABLE);
    EXPECT(g->upcalls == 0);
    step_reached = 3;
}

static void poll_waker(struct guest *g)
{
    while (step_reached != 1)
        guest_run(g, US(100));
    guest_run(g, MS(30));
    step_reached = 2;
    EXPECT(send_to(g, ports[0]) == 0);
}

static void test_poll(void)
{
    struct vcpu *v = add_domain(0, poller);

    step_reached = 0;
    add_vcpu(v->domain, 1, poll_waker);
    simulate(MS(1000));
    EXPECT(step_reached == 3);
}

/* --- Timers */

static void timer_user(struct guest *g)
{
    uint64_t start;

    bind_virq = (struct evtchn_bind_virq){.virq = VIRQ_TIMER, .vcpu = 0};
    EXPECT(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == 0);
    guest_run(g, MS(1));

    CALL(g, do_set_timer_op((uint32_t)(now - 5), (now - 5) >> 32)); /* in the past */
    EXPECT(g->upcalls == 1);
    CALL(g, do_set_timer_op((uint32_t)(now + MS(2)), (now + MS(2)) >> 32));
    CALL(g, do_set_timer_op(0, 0));
    EXPECT(hardware_timer == UINT64_MAX);
    guest_run(g, MS(5));
    EXPECT(g->upcalls == 1);
    start = now;
    CALL(g, do_set_timer_op(0, 1u << 31)); /* negative: 100 ms */
    CALL(g, do_sched_op(SCHEDOP_block, NULL));
    EXPECT(now == start + MS(100) && g->upcalls == 2);
    start = now;
    CALL(g, do_set_timer_op(0, 1u << 30)); /* far away: likewise */
    CALL(g, do_sched_op(SCHEDOP_block, NULL));
    EXPECT(now == start + MS(100) && g->upcalls == 3);

    /* Later than what the hardware is set to: it comes too early once, and is set again. */
    start = now;
    CALL(g, do_set_timer_op((uint32_t)(now + MS(2)), (now + MS(2)) >> 32));
    CALL(g, do_set_timer_op((uint32_t)(now + MS(7)), (now + MS(7)) >> 32));
    CALL(g, do_sched_op(SCHEDOP_block, NULL));
    EXPECT(now == start + MS(7) && g->upcalls == 4);

    /* Ticks: 100 in a second, while it runs */
    g->v->periodic_period = MS(10);
    update_periodic_timer(g->v);
    g->upcalls = 0;
    guest_run(g, MS(1000));
    EXPECT(about(g->upcalls, 100, 1));
    close_arg.port = bind_virq.port;
    EXPECT(event_op(g, EVTCHNOP_close, &close_arg) == 0);
    EXPECT(hardware_timer == UINT64_MAX); /* nobody listens */
    step_reached = 1;
}

static void test_timers(void)
{
    step_reached = 0;
    add_domain(0, timer_user);
    simulate(MS(5000));
    EXPECT(step_reached == 1);
}

/* One polls for what its sibling's tick brings: the tick comes in the very switch to the sibling, and wakes it. */
static void sibling_ticker(struct guest *g)
{
    bind_virq = (struct evtchn_bind_virq){.virq = VIRQ_TIMER, .vcpu = 1};
    EXPECT(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == 0);
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
        EXPECT(CALL(g, do_sched_op(SCHEDOP_poll, &poll_arg)) == 0);
    }
}

static void test_tick_wakes(void)
{
    ports[0] = rounds = 0;
    add_domain(0, tick_poller);
    add_vcpu(guests[0].v->domain, 1, sibling_ticker);
    simulate(MS(2000));
    EXPECT(rounds == 100);
}

/* --- Operations that are suspended, and who waits for whom: xen/operation.h */

/* 50 ms of an operation on d's memory. steps: how far it is. */
static void operate(struct domain *d, unsigned int *steps)
{
    EXPECT(begin_operation(d) == 0);
    for (unsigned int i = 0; i < 100; i++) {
        now += US(500);
        preempt_point();
        EXPECT(!d->memory_holder || d->memory_holder == current);
        ++*steps;
    }
    end_operation();
}

static unsigned int steps, other_steps;
#define ALL_STEPS 100

static void operator(struct guest *g)
{
    guest_run(g, MS(1));
    operate(g->v->domain, &steps);
    way_out(g);
    step_reached = 2;
    compute(g);
}

/* A pause stops an operation where it is; whoever needs the memory runs it to its end, and no further. */
static void pauser(struct guest *g)
{
    struct vcpu *other = guests[1].v;
    uint64_t before;

    while (!other->operation.suspended)
        guest_run(g, MS(1));
    vcpu_pause(other);
    EXPECT(steps < ALL_STEPS);
    other_steps = steps;
    guest_run(g, MS(500));
    EXPECT(steps == other_steps && other->operation.suspended && !other->queued);
    before = now;
    EXPECT(begin_operation(other->domain) == 0);
    EXPECT(steps == ALL_STEPS && !other->operation.suspended && now - before < MS(60));
    end_operation();
    EXPECT(stop_at_exit(other) == 0);
    EXPECT(other->frame && step_reached == 0);
    vcpu_unpause(other);
    guest_run(g, MS(100));
    EXPECT(step_reached == 2);
    step_reached = 3;
}

static void test_pause(void)
{
    step_reached = steps = 0;
    add_domain(0, pauser);
    add_domain(1, operator);
    simulate(MS(2000));
    EXPECT(step_reached == 3);
}

/* Does not run while its sibling is amid an operation; nor does it run less in sum than who is of another domain. */
static void sibling(struct guest *g)
{
    for (;;) {
        EXPECT(!g->v->domain->memory_holder);
        guest_run(g, US(100));
    }
}

static void many_operations(struct guest *g)
{
    for (;;) {
        operate(g->v->domain, &steps);
        way_out(g);
    }
}

static void test_exclusion(void)
{
    uint64_t begun = now, taken;

    step_reached = steps = 0;
    add_domain(0, compute);
    add_domain(1, many_operations);
    add_vcpu(guests[1].v->domain, 1, sibling);
    simulate(MS(3000));
    taken = now - begun;
    EXPECT(steps >= 15 * ALL_STEPS);
    EXPECT(guests[2].ran > taken / 12);                  /* its turns finish operations, and then are its own */
    EXPECT(about(guests[0].ran, taken / 3, taken / 20)); /* three that always want to run */
}

/* The phase in which their operations meet domain 0's turns changes now and then. */
static void many_with_pauses(struct guest *g)
{
    for (unsigned int i = 0;; i++) {
        operate(g->v->domain, &steps);
        way_out(g);
        if (i % 4 == 3)
            guest_run(g, MS(7));
    }
}

/* Whichever of a domain's vCPUs is amid an operation when its slice ends: who waits for the memory, or for one of them,
 * waits for the end of one operation, and not for the next that a sibling begins. */
static void patient(struct guest *g)
{
    struct domain *d = guests[1].v->domain;

    for (unsigned int i = 0; i < 40; i++) {
        struct vcpu *v = guests[1 + i % 3].v;
        uint64_t begun;

        guest_run(g, US(20000 + i * 7919 % 23000));
        begun = now;
        if (i & 4) {
            vcpu_pause(v);
            EXPECT(stop_at_exit(v) == 0);
            vcpu_unpause(v);
        } else {
            EXPECT(begin_operation(d) == 0);
            end_operation();
        }
        way_out(g);
        EXPECT(now - begun < MS(120));
    }
    step_reached = 1;
}

static void test_patience(void)
{
    step_reached = steps = 0;
    add_domain(0, patient);
    add_domain(1, many_with_pauses);
    add_vcpu(guests[1].v->domain, 1, many_with_pauses);
    add_vcpu(guests[1].v->domain, 2, many_operations);
    simulate(MS(20000));
    EXPECT(step_reached == 1);
}

/* Taken down by a sibling amid an operation: the sibling's turns finish it. */
static void downer(struct guest *g)
{
    struct vcpu *other = guests[1].v;

    while (!other->operation.suspended)
        guest_run(g, MS(1));
    other->state = VCPU_OFFLINE;
    vcpu_sleep(other);
    guest_run(g, MS(200));
    EXPECT(steps == ALL_STEPS && other->frame && step_reached == 0);
    EXPECT(guests[2].ran > MS(50));
    step_reached = 1;
}

static void test_taken_down(void)
{
    step_reached = steps = 0;
    add_domain(0, downer);
    add_domain(1, operator);
    add_vcpu(guests[1].v->domain, 1, compute);
    simulate(MS(2000));
    EXPECT(step_reached == 1);
}

/* Two domains, each amid an operation on the other: neither waits for ever, and none runs in its own domain before. */
static void on_another(struct guest *g)
{
    struct domain *d = guests[g == &guests[0]].v->domain;

    for (unsigned int i = 0; i < 10; i++) {
        operate(d, g == &guests[0] ? &steps : &other_steps);
        EXPECT(!g->v->domain->memory_holder);
        way_out(g);
        guest_run(g, US(700));
    }
    step_reached++;
}

static void test_each_other(void)
{
    step_reached = steps = other_steps = 0;
    add_domain(0, on_another);
    add_domain(1, on_another);
    simulate(MS(3000));
    EXPECT(step_reached == 2 && steps == 10 * ALL_STEPS && other_steps == 10 * ALL_STEPS);
}

/* A call of many steps makes way for who wants its vCPU; and one that waits for a lock does, too. */
static struct vcpu *lock_holder;

static void stepper(struct guest *g)
{
    while (!pause_point()) {
        now += US(100);
        steps++;
    }
    way_out(g);
    step_reached |= 1;
    compute(g);
}

static void waiter(struct guest *g)
{
    EXPECT(wait_for_holder(&lock_holder) == -ERESTART);
    way_out(g);
    step_reached |= 2;
    compute(g);
}

static void stopper(struct guest *g)
{
    lock_holder = guests[1].v;
    guest_run(g, MS(100));
    for (unsigned int i = 1; i < 3; i++) {
        struct vcpu *v = guests[i].v;

        EXPECT(!v->frame);
        vcpu_pause(v);
        EXPECT(stop_at_exit(v) == 0 && v->frame);
    }
    EXPECT(step_reached == 0);
    for (unsigned int i = 1; i < 3; i++)
        vcpu_unpause(guests[i].v);
    guest_run(g, MS(100));
    EXPECT(step_reached == 3);
    step_reached = 4;
}

static void test_making_way(void)
{
    step_reached = steps = 0;
    add_domain(0, stopper);
    add_domain(1, stepper);
    add_domain(2, waiter);
    simulate(MS(2000));
    EXPECT(step_reached == 4);
}

/* One that is blocked in a call gets to its way out still blocked, and an event wakes it there. */
static void blocker(struct guest *g)
{
    CALL(g, do_sched_op(SCHEDOP_block, NULL));
    step_reached = 1;
}

static void block_stopper(struct guest *g)
{
    struct vcpu *v = guests[1].v;

    guest_run(g, MS(50));
    EXPECT(v->state == VCPU_BLOCKED && !v->frame);
    vcpu_pause(v);
    EXPECT(stop_at_exit(v) == 0 && v->frame && v->state == VCPU_BLOCKED);
    vcpu_unpause(v);
    guest_run(g, MS(50));
    EXPECT(step_reached == 0);
    vcpu_unblock(v);
    guest_run(g, MS(50));
    EXPECT(step_reached == 1);
    step_reached = 2;
}

static void test_blocked(void)
{
    step_reached = 0;
    add_domain(0, block_stopper);
    add_domain(1, blocker);
    simulate(MS(2000));
    EXPECT(step_reached == 2);
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
    EXPECT(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == 0);
    CALL(g, do_sched_op(SCHEDOP_block, NULL));
    EXPECT(g->upcalls == 1 && d->is_shut_down && d->shutdown_code == SHUTDOWN_reboot);
    EXPECT(domain_kill(this_cpu.domain) == -EINVAL);
    EXPECT(domain_by_id(1) == d);
    EXPECT(CALL(g, domain_kill(d)) == 0);
    EXPECT(!domain_by_id(1));
    EXPECT(g->upcalls == 2);
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
    hold_domain(guests[1].v->domain); /* else its structure would be looked for in the frame table */
    simulate(MS(2000));
    EXPECT(step_reached == 1);
    EXPECT(machine_end && !strcmp(machine_end, "off"));
}

static struct sched_watchdog dog;

static void watched(struct guest *g)
{
    dog = (struct sched_watchdog){.id = 0, .timeout = 1};
    EXPECT(CALL(g, do_sched_op(SCHEDOP_watchdog, &dog)) == 1);
    EXPECT(CALL(g, do_sched_op(SCHEDOP_watchdog, &dog)) == 2);
    EXPECT(CALL(g, do_sched_op(SCHEDOP_watchdog, &dog)) == -ENOSPC);
    dog.id = 3;
    EXPECT(CALL(g, do_sched_op(SCHEDOP_watchdog, &dog)) == -EINVAL);
    dog = (struct sched_watchdog){.id = 2};
    EXPECT(CALL(g, do_sched_op(SCHEDOP_watchdog, &dog)) == 0);
    EXPECT(CALL(g, do_sched_op(SCHEDOP_watchdog, &dog)) == -EINVAL);
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
    EXPECT(step_reached == 1 && about(guests[0].ran, MS(1000), MS(1)));
    EXPECT(machine_end && !strcmp(machine_end, "halt"));
}

/* --- Event channels: answers and states */

static void event_user(struct guest *g)
{
    struct shared_info *s = g->v->domain->shared_info;
    uint32_t a, b;

    st = (struct evtchn_status){.dom = DOMID_SELF, .port = 0};
    EXPECT(event_op(g, EVTCHNOP_status, &st) == 0 && st.status == EVTCHNSTAT_closed);
    st.port = NR_EVENT_CHANNELS;
    EXPECT(event_op(g, EVTCHNOP_status, &st) == -EINVAL);
    st = (struct evtchn_status){.dom = 77};
    EXPECT(event_op(g, EVTCHNOP_status, &st) == -ESRCH);
    close_arg.port = 0;
    EXPECT(event_op(g, EVTCHNOP_close, &close_arg) == -EINVAL);

    /* Both ends in one domain */
    alloc = (struct evtchn_alloc_unbound){.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    EXPECT(event_op(g, EVTCHNOP_alloc_unbound, &alloc) == 0);
    a = alloc.port;
    EXPECT(send_to(g, a) == 0 && !s->evtchn_pending[0]); /* to nobody */
    bind = (struct evtchn_bind_interdomain){.remote_dom = DOMID_SELF, .remote_port = a};
    EXPECT(event_op(g, EVTCHNOP_bind_interdomain, &bind) == 0);
    b = bind.local_port;
    EXPECT(g->upcalls == 1 && g->seen[0] == 1u << b);
    EXPECT(event_op(g, EVTCHNOP_bind_interdomain, &bind) == -EINVAL); /* taken */
    EXPECT(send_to(g, b) == 0 && g->upcalls == 2 && g->seen[0] == (1u << a | 1u << b));
    st = (struct evtchn_status){.dom = DOMID_SELF, .port = b};
    EXPECT(event_op(g, EVTCHNOP_status, &st) == 0 && st.status == EVTCHNSTAT_interdomain &&
           st.u.interdomain.port == a && st.u.interdomain.dom == 0);
    close_arg.port = b;
    EXPECT(event_op(g, EVTCHNOP_close, &close_arg) == 0);
    st.port = a;
    EXPECT(event_op(g, EVTCHNOP_status, &st) == 0 && st.status == EVTCHNSTAT_unbound && st.u.unbound.dom == 0);
    st.port = b;
    EXPECT(event_op(g, EVTCHNOP_status, &st) == 0 && st.status == EVTCHNSTAT_closed);

    /* Masks */
    bind_ipi = (struct evtchn_bind_ipi){.vcpu = 0};
    EXPECT(event_op(g, EVTCHNOP_bind_ipi, &bind_ipi) == 0);
    a = bind_ipi.port;
    s->evtchn_mask[0] |= 1u << a;
    EXPECT(send_to(g, a) == 0 && g->upcalls == 2 && s->evtchn_pending[0] == 1u << a);
    unmask_arg.port = a;
    EXPECT(event_op(g, EVTCHNOP_unmask, &unmask_arg) == 0 && g->upcalls == 3);
    unmask_arg.port = NR_EVENT_CHANNELS;
    EXPECT(event_op(g, EVTCHNOP_unmask, &unmask_arg) == -EINVAL);
    g->v->vcpu_info->evtchn_upcall_mask = 1;
    EXPECT(send_to(g, a) == 0 && g->upcalls == 3 && g->v->vcpu_info->evtchn_upcall_pending);
    EXPECT(!this_cpu.work);
    CALL(g, do_sched_op(SCHEDOP_block, NULL)); /* unmasks, and there is something */
    EXPECT(g->upcalls == 4);

    /* VIRQs */
    bind_virq = (struct evtchn_bind_virq){.virq = NR_VIRQS};
    EXPECT(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == -EINVAL);
    bind_virq = (struct evtchn_bind_virq){.virq = VIRQ_CONSOLE, .vcpu = 1};
    EXPECT(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == -EINVAL); /* global */
    bind_virq = (struct evtchn_bind_virq){.virq = VIRQ_DEBUG, .vcpu = 1};
    EXPECT(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == -ENOENT);
    bind_virq.vcpu = 0;
    EXPECT(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == 0);
    EXPECT(send_to(g, bind_virq.port) == -EINVAL);
    EXPECT(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == -EEXIST);
    bind_vcpu = (struct evtchn_bind_vcpu){.port = bind_virq.port, .vcpu = 0};
    EXPECT(event_op(g, EVTCHNOP_bind_vcpu, &bind_vcpu) == -EINVAL); /* per vCPU */
    bind_vcpu.vcpu = 7;
    EXPECT(event_op(g, EVTCHNOP_bind_vcpu, &bind_vcpu) == -ENOENT);

    /* All ports, then none */
    reset_arg.dom = DOMID_SELF;
    EXPECT(event_op(g, EVTCHNOP_reset, &reset_arg) == 0);
    EXPECT(!g->v->virq_to_port[VIRQ_DEBUG]);
    for (unsigned int i = 1; i < NR_EVENT_CHANNELS; i++)
        EXPECT(event_op(g, EVTCHNOP_bind_ipi, &bind_ipi) == 0 && bind_ipi.port == i);
    EXPECT(event_op(g, EVTCHNOP_bind_ipi, &bind_ipi) == -ENOSPC);
    EXPECT(send_to(g, NR_EVENT_CHANNELS - 1) == 0);
    EXPECT(g->seen[31] == 1u << 31);
    EXPECT(send_to(g, NR_EVENT_CHANNELS) == -EINVAL);
    EXPECT(event_op(g, EVTCHNOP_send, (void *)0xF57FFFFD) == -EFAULT);
    EXPECT(event_op(g, 99, NULL) == -ENOSYS);
    EXPECT(event_op(g, EVTCHNOP_reset, &reset_arg) == 0);
    step_reached = 1;
}

static void test_events(void)
{
    step_reached = 0;
    add_domain(0, event_user);
    simulate(MS(1000));
    EXPECT(step_reached == 1);
}

/* A domain that is not privileged may not name others, nor itself by number. */
static void humble(struct guest *g)
{
    alloc = (struct evtchn_alloc_unbound){.dom = 0, .remote_dom = DOMID_SELF};
    EXPECT(event_op(g, EVTCHNOP_alloc_unbound, &alloc) == -EPERM);
    alloc.dom = 3;
    EXPECT(event_op(g, EVTCHNOP_alloc_unbound, &alloc) == -EPERM);
    alloc.dom = DOMID_SELF;
    EXPECT(event_op(g, EVTCHNOP_alloc_unbound, &alloc) == 0);
    bind = (struct evtchn_bind_interdomain){.remote_dom = 0, .remote_port = ports[0]};
    EXPECT(event_op(g, EVTCHNOP_bind_interdomain, &bind) == -EINVAL); /* meant for domain 2 */
    step_reached = 1;
}

static void allocator(struct guest *g)
{
    alloc = (struct evtchn_alloc_unbound){.dom = 0, .remote_dom = 2};
    EXPECT(event_op(g, EVTCHNOP_alloc_unbound, &alloc) == 0);
    ports[0] = alloc.port;
}

static void test_rights(void)
{
    step_reached = 0;
    add_domain(0, allocator);
    add_domain(3, humble); /* 1 may still be dying, of the test before */
    simulate(MS(1000));
    EXPECT(step_reached == 1);
}

int main(void)
{
    now = MS(1);
    run("sched_alone", test_alone);
    run("sched_fair", test_fair);
    run("sched_yield", test_yield);
    run("sched_latency", test_latency);
    run("sched_pingpong", test_pingpong);
    run("sched_sibling_lock", test_sibling_lock);
    run("sched_sibling_answers", test_sibling_answers);
    run("sched_poll", test_poll);
    run("sched_timers", test_timers);
    run("sched_tick_wakes", test_tick_wakes);
    run("sched_pause", test_pause);
    run("sched_exclusion", test_exclusion);
    run("sched_patience", test_patience);
    run("sched_taken_down", test_taken_down);
    run("sched_each_other", test_each_other);
    run("sched_making_way", test_making_way);
    run("sched_blocked", test_blocked);
    run("sched_shutdown", test_shutdown);
    run("sched_watchdog", test_watchdog);
    run("events", test_events);
    run("events_rights", test_rights);
    printf("@tests end passed=%u failed=%u skipped=0\n", passed, failed);
    return failed ? 1 : 0;
}
