/* SPDX-License-Identifier: MIT */
/* The machine of test_sched.c, and its guests: sched_world.h. */
#include "divided.h"
#include "sched_world.h"

#include <asm/frames.h>
#include <asm/pirq.h>

#include <stdio.h>

/* <stdlib.h> has another strtoull() than xen/lib.h. */
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void abort(void) __attribute__((noreturn));

/* --- The machine */

mfn_t max_page;
bool opt_noreboot;
enum log_level log_level;

uint64_t now = MS(1), hardware_timer = UINT64_MAX;
unsigned int arms;
const char *machine_end;
static ucontext_t main_context;

static void interrupts(void)
{
    if (hardware_timer <= now) {
        hardware_timer = UINT64_MAX;
        this_cpu.work |= WORK_TIMER;
    }
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

/* Nothing will happen any more, so the simulation ends. */
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

/* The console and the services are not simulated. */
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

int refuse(enum refusal rule, int error, mfn_t frame, uint64_t value)
{
    CHECK(error < 0);
    return error;
}

int refuse_pointer(const void *p)
{
    return refuse(REFUSED_pointer, -EFAULT, INVALID_MFN, (uint32_t)p);
}

int refuse_access(void)
{
    return refuse_pointer(NULL);
}

void printk(const char *fmt, ...)
{
}

void panic(const char *fmt, ...)
{
    printf("panic: %s\n", fmt);
    abort();
}

/* --- Memory, which these tests are not about */

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

void give_up_page(struct page_info *page)
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

struct guest guests[MAX_GUESTS];
static unsigned int nr_guests;
static ucontext_t idle_context;

static struct guest *guest_of(const struct vcpu *v)
{
    for (unsigned int i = 0; i < nr_guests; i++)
        if (guests[i].v == v)
            return &guests[i];
    return NULL;
}

/* No domain here has any grants. */
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

void arch_init_domain(struct domain *d)
{
}

void arch_relinquish_domain(struct domain *d)
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

static struct cpu_user_regs registers; /* of a vCPU that is leaving the hypervisor */

void way_out(struct guest *g)
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

void guest_run(struct guest *g, uint64_t ns)
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

/* The auditor's check of the queue and the timers, after every call. */
void audit_mismatch(uint32_t kind, uint32_t id, uint32_t expected, uint32_t found)
{
    CHECK(false, "audit: kind %u, %x: %x, %x", kind, id, expected, found);
}

static void no_visit(const struct timer *t)
{
}

void audit_lists(void)
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

struct vcpu *add_vcpu(struct domain *d, unsigned int id, void (*code)(struct guest *))
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

struct vcpu *add_domain(uint16_t domid, void (*code)(struct guest *))
{
    struct domain *d = create_domain(domid, 1024, domid == 0);

    if (domid == 0)
        dom0 = d;
    return add_vcpu(d, 0, code);
}

void simulate(uint64_t ns)
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

void reset_machine(void)
{
    static bool domains_made;

    for (unsigned int i = 0; i < nr_guests; i++)
        destroy_vcpu_scheduling(guests[i].v);
    nr_guests = 0;
    domain_list = dom0 = NULL;
    __builtin_memset(domain_numbered, 0, sizeof(domain_numbered));
    if (!domains_made)
        init_domains();
    domains_made = true;
    init_idle();
    this_cpu.work = 0;
    run_timers();
    arms = 0;
    machine_end = NULL;
}

/* --- What guests do in many tests */

struct evtchn_alloc_unbound alloc;
struct evtchn_bind_interdomain bind;
struct evtchn_bind_virq bind_virq;
struct evtchn_bind_ipi bind_ipi;
struct evtchn_close close_arg;
uint32_t ports[2];
unsigned int step_reached;

long event_op(struct guest *g, uint32_t cmd, void *arg)
{
    return CALL(g, do_event_channel_op(cmd, arg));
}

static struct evtchn_send send_arg;

long send_to(struct guest *g, uint32_t port)
{
    send_arg.port = port;
    return event_op(g, EVTCHNOP_send, &send_arg);
}

void compute(struct guest *g)
{
    for (;;)
        guest_run(g, MS(3));
}

bool about(uint64_t value, uint64_t wanted, uint64_t tolerance)
{
    return value + tolerance >= wanted && value <= wanted + tolerance;
}

/* No domain here has a physical interrupt. */
int pirq_may_bind(const struct domain *d, uint32_t pirq)
{
    return -EPERM;
}

int pirq_bind(struct domain *d, uint32_t pirq, uint32_t port, bool will_share)
{
    return -EPERM;
}

void pirq_unbind(struct domain *d, uint32_t pirq, uint32_t port)
{
}
