/* SPDX-License-Identifier: MIT */
/*
 * Keeps a domain busy for `seconds=N` (60), and checks that nobody disturbs it: rounds of page-table batches, faults,
 * events to itself, arithmetic in the FPU and, with `nap=MS`, sleep. What it keeps in registers and memory must not
 * change, and time must not go wrong. Every minute, and at the end, it prints how far it has come.
 */
#include <guest/console.h>
#include <guest/events.h>
#include <guest/guest.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <guest/string.h>
#include <guest/traps.h>
#include <public/sched.h>
#include <public/vcpu.h>

#define PAGES 64

static uint32_t rounds, errors;
static uint64_t *l1;
static uint32_t *pages[PAGES];
static volatile uint32_t events, wakes;
static uint32_t sent;
static evtchn_port_t port, timer;

static void complain(const char *what)
{
    if (errors++ < 10)
        printf("load: round %u: %s\n", rounds, what);
}

static uint64_t now(void)
{
    volatile struct vcpu_time_info *t = &vcpu0_info.time;
    uint32_t version, low, high;
    uint64_t time, delta;

    do {
        version = t->version;
        barrier();
        delta = rdtsc() - t->tsc_timestamp;
        delta = t->tsc_shift < 0 ? delta >> -t->tsc_shift : delta << t->tsc_shift;
        low = (uint64_t)(uint32_t)delta * t->tsc_to_system_mul >> 32;
        high = delta >> 32;
        time = t->system_time + low + (uint64_t)high * t->tsc_to_system_mul;
        barrier();
    } while (version & 1 || version != t->version);
    return time;
}

static uint32_t option(const char *key, uint32_t otherwise)
{
    char text[16];

    return guest_option(key, text, sizeof(text)) ? parse_number(text) : otherwise;
}

static uint64_t mapped(unsigned int i)
{
    return make_pte(virt_to_mfn(pages[i]), PTE_KERNEL_RW);
}

/* All pages are mapped, written to through the new mappings, and unmapped, with one batch each. */
static void page_tables(void)
{
    static mmu_update_t batch[PAGES];
    uint32_t value = rounds * 2654435761u, done;

    for (unsigned int pass = 0; pass < 2; pass++) {
        for (unsigned int i = 0; i < PAGES; i++)
            batch[i] = (mmu_update_t){pte_maddr((pte_t *)&l1[i]), pass ? 0 : mapped(i)};
        if (HYPERVISOR_mmu_update_dom(batch, PAGES, &done, DOMID_SELF) || done != PAGES)
            complain("mmu_update");
        for (unsigned int i = 0; i < PAGES && !pass; i++)
            *(uint32_t *)(MM_SCRATCH + i * PAGE_SIZE + 4 * (rounds % 1024)) = value + i;
    }
    mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
    for (unsigned int i = 0; i < PAGES; i++)
        if (pages[i][rounds % 1024] != value + i)
            complain("a page's contents");
}

static void faults(void)
{
    uint32_t value;

    for (unsigned int i = 0; i < 4; i++)
        if (probe_read((void *)(MM_SCRATCH + i * PAGE_SIZE), &value, NULL))
            complain("an unmapped page can be read");
}

static void count_event(evtchn_port_t p __attribute__((unused)))
{
    events++;
}

static void count_wake(evtchn_port_t p __attribute__((unused)))
{
    wakes++;
}

static void send_events(void)
{
    for (unsigned int i = 0; i < 8; i++, sent++)
        event_send(port);
    if (events != sent)
        complain("an event is missing");
}

/* After some time on the CPU these registers must hold the same values, whoever has had the CPU in between. */
static void registers(void)
{
    uint32_t mine = own_domid() << 24 | (rounds & 0xFFFFFF), in_fpu = 0, in_esi = mine;

    __asm__ volatile("fninit; fildl %2; mov $3000, %%ecx; 1: fld1; fmulp; dec %%ecx; jnz 1b; fistpl %0"
                     : "=m"(in_fpu), "+S"(in_esi)
                     : "m"(mine)
                     : "ecx", "cc", "memory");
    if (in_fpu != mine || in_esi != mine)
        complain("a register has changed");
}

static void watch_time(void)
{
    static uint64_t last;
    uint64_t t = now();

    if (t < last)
        complain("time went back");
    last = t;
}

static void nap(uint32_t ms)
{
    uint64_t until = now() + ms * 1000000ull;
    uint32_t before = wakes; /* before the timer is set: it may expire while another domain has the CPU */

    HYPERVISOR_set_timer_op((uint32_t)until, (uint32_t)(until >> 32));
    for (events_disable(); wakes == before;
         events_disable()) /* no event between the look and the call, which enables */
        HYPERVISOR_sched_op(SCHEDOP_block, NULL);
    events_enable();
    if (now() < until)
        complain("woken too early");
}

/* In units of 2^20 ns. */
static uint32_t time_in(const struct vcpu_runstate_info *r, int state)
{
    return r->time[state] >> 20;
}

static void report(const char *what)
{
    struct vcpu_runstate_info r;

    if (HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 0, &r))
        complain("no run state");
    printf("load: %s: rounds=%u errors=%u running=%u runnable=%u blocked=%u\n", what, rounds, errors,
           time_in(&r, RUNSTATE_running), time_in(&r, RUNSTATE_runnable), time_in(&r, RUNSTATE_blocked));
}

static void set_up(void)
{
    l1 = alloc_page();
    for (unsigned int i = 0; i < PAGES; i++)
        pages[i] = alloc_page();
    if (mm_map_l1((void *)MM_SCRATCH, l1))
        guest_panic("no table");
    port = event_bind_ipi(0);
    timer = event_bind_virq(VIRQ_TIMER, 0);
    HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    events_clear_all();
    event_set_handler(port, count_event);
    event_set_handler(timer, count_wake);
    event_unmask(port);
    event_unmask(timer);
    events_enable();
}

void guest_main(void)
{
    uint64_t start = now(), end, next;
    uint32_t sleep = option("nap", 0);

    end = start + option("seconds", 60) * 1000000000ull;
    next = start + 60000000000ull;
    set_up();
    for (; now() < end; rounds++) {
        page_tables();
        faults();
        send_events();
        registers();
        watch_time();
        if (sleep)
            nap(sleep);
        if (now() >= next) {
            next += 60000000000ull;
            report("a minute");
        }
    }
    report("done");
}
