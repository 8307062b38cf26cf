/* SPDX-License-Identifier: MIT */
/*
 * Domain 0: builds the domain that fights, and at random moments does to it whatever domain 0 can do (commands.c).
 * Options: `seed=N`, `ops=N`; `preempt`, in the build with counters, suspends operations at their k-th point or at each
 * point; `fighters=N` is the number of vCPUs; `without=NAME+NAME` leaves out kinds of operations and commands, to find
 * out what a failure needs; `trace`.
 */
#include "controller.h"

#include <guest/audit.h>
#include <guest/console.h>
#include <guest/events.h>
#include <guest/string.h>
#include <public/grant_table.h>
#include <public/platform.h>
#include <public/sched.h>

#define PATIENCE  2000000000ull /* ns without an operation, with the domain running */
#define OWN_PAGES 4u

static uint32_t seed, target, state, failures, domains, crashes, finished_ops, fighters, last_total;
static uint32_t kinds_done[NR_KINDS], kinds_refused[NR_KINDS];
static uint32_t traps_seen[33];
bool can_preempt, trace;
static uint32_t *own_pages[OWN_PAGES];
struct guest_domain dom;
struct board *seen;
static uint32_t life; /* the domain is ended after so many operations */
static struct int82_audit before;

uint32_t chance(uint32_t n)
{
    state = state * 1664525 + 1013904223;
    return (state >> 8) % n;
}

uint32_t total_ops(void)
{
    uint32_t n = 0;

    for (uint32_t i = 0; seen && i < MAX_FIGHTERS; i++)
        n += ((volatile uint32_t *)seen->ops)[i];
    return finished_ops + n;
}

void fail(const char *format, ...)
{
    char text[200];
    va_list args;

    if (failures++ >= 10)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    printf("melee: FAILED seed %u after %u operations, domain %u of %u: %s\n", seed, total_ops(), dom.domid, domains,
           text);
}

void rest(uint32_t ns)
{
    struct sched_poll poll = {.timeout = guest_time() + ns};

    HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
}

bool audit_well(void)
{
    char text[200];

    if (!audit(text, sizeof(text)))
        return true;
    fail("%s", text);
    return false;
}

/* ---- Suspending operations */

bool suspend(uint32_t mode, uint32_t at, uint32_t id)
{
    static xen_platform_op_t op;

    op.cmd = INT82_OP_preempt;
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.u.int82_fault = (struct int82_fault){.what = mode, .at = at, .id = id};
    return !HYPERVISOR_dom0_op(&op);
}

/* ---- The domain's life */

struct xen_domctl ctl;

int control_op(uint32_t cmd)
{
    ctl.cmd = cmd;
    ctl.domain = dom.domid;
    return domctl(&ctl);
}

int set_weight(uint32_t n)
{
    ctl.u.scheduler_op =
        (struct xen_domctl_scheduler_op){.sched_id = XEN_SCHEDULER_CREDIT, .cmd = XEN_DOMCTL_SCHEDOP_putinfo};
    ctl.u.scheduler_op.u.credit.weight = n;
    return control_op(XEN_DOMCTL_scheduler_op);
}

static void build(void)
{
    static char cmdline[200], without[128];
    uint32_t n = fighters ? fighters : 5 + chance(4);
    struct domain_config config = {.cmdline = cmdline, .nr_pages = DOMAIN_PAGES, .nr_vcpus = n};
    int err;

    if (audit_read(&before))
        guest_panic("melee: no audit");
    if (!guest_option("without", without, sizeof(without)))
        without[0] = 0;
    snprintf(cmdline, sizeof(cmdline), "seed=%u fighters=%u without=%s", chance(0x7FFFFFFF), n, without);
    err = domain_build(&dom, &config);
    if (err) {
        fail("no domain can be built: %d", err);
        return;
    }
    domains++;
    seen = foreign_map(dom.domid, dom.mfns[virt_to_pfn(&board)], true);
    if (!seen)
        guest_panic("melee: no board");
    for (uint32_t i = 0; i < OWN_PAGES; i++)
        seen->foreign[i] = virt_to_mfn(own_pages[i]);
    life = 1000 + chance(20000);
    last_total = 0;
    set_weight(1);
    ctl.u.max_mem.max_memkb = (DOMAIN_PAGES + 40) * 4;
    control_op(XEN_DOMCTL_max_mem);
    domain_unpause(&dom);
}

static void take_results(void)
{
    for (uint32_t i = 0; i < seen->errors && i < ARRAY_SIZE(seen->text); i++) {
        seen->text[i][sizeof(seen->text[0]) - 1] = 0;
        fail("%s", seen->text[i]);
    }
    for (uint32_t i = 0; i < MAX_FIGHTERS; i++)
        finished_ops += seen->ops[i];
    for (uint32_t i = 0; i < NR_KINDS; i++) {
        kinds_done[i] += seen->done[i];
        kinds_refused[i] += seen->refused[i];
    }
    for (uint32_t i = 0; i < ARRAY_SIZE(traps_seen); i++)
        traps_seen[i] += seen->traps[i];
}

/* Checks that nothing is left of the domain, not even a page. */
static void end_domain(void)
{
    static struct int82_audit after;
    struct guest_domain gone = dom;
    int err;

    if (chance(2))
        domain_pause(&dom);
    take_results();
    foreign_unmap(seen);
    seen = NULL;
    err = domain_free(&dom);
    if (err) {
        fail("domain %u does not end: %d", gone.domid, err);
        return;
    }
    if (!audit_well() || audit_read(&after))
        return;
    if (after.free_frames != before.free_frames || after.free_heap_pages != before.free_heap_pages)
        fail("after its end %d frames and %d pages of the heap are missing",
             (int)(before.free_frames - after.free_frames), (int)(before.free_heap_pages - after.free_heap_pages));
}

bool rebuild(void)
{
    if (total_ops() - finished_ops < life)
        return true;
    end_domain();
    return true;
}

/* ---- All together */

static void watch_over(void)
{
    static uint64_t since;
    struct xen_domctl_getdomaininfo info;
    uint32_t now = total_ops();

    domain_console(&dom);
    if (domain_info(dom.domid, &info))
        guest_panic("melee: the domain has gone");
    if (info.flags & XEN_DOMINF_shutdown) {
        crashes++;
        end_domain();
        return;
    }
    if (seen->errors) {
        end_domain();
        return;
    }
    if (now != last_total) {
        last_total = now;
        since = guest_time();
    } else if (guest_time() - since > PATIENCE) {
        fail("no operation for %u ms: flags %x, %u vCPUs online", (uint32_t)div64(PATIENCE, 1000000), info.flags,
             info.nr_online_vcpus);
        since = guest_time();
    }
}

void print_counts(const char *title, const char *const *names, const uint32_t *done, const uint32_t *refused,
                  uint32_t n)
{
    printf("melee: %s done/refused:", title);
    for (uint32_t i = 0; i < n; i++)
        printf(" %s %u/%u%s", names[i], done[i], refused[i], i + 1 < n ? "," : "\n");
}

static void report(void)
{
    print_counts("operations", kind_names, kinds_done, kinds_refused, NR_KINDS);
    report_commands();
    printf("melee: traps:");
    for (uint32_t i = 0; i < ARRAY_SIZE(traps_seen); i++)
        if (traps_seen[i])
            printf(" %u: %u", i, traps_seen[i]);
    printf("\nmelee: %s: %u operations, seed %u, %u domains, %u of them crashed\n", failures ? "failed" : "passed",
           finished_ops, seed, domains, crashes);
}

void control(void)
{
    uint32_t progress = 0;
    char text[8];

    seed = option("seed", 1);
    target = option("ops", 20000);
    fighters = option("fighters", 0);
    trace = guest_option("trace", text, sizeof(text));
    state = seed * 2654435761u;
    can_preempt = suspend(INT82_PREEMPT_NEVER, 0, 0);
    for (uint32_t i = 0; i < OWN_PAGES; i++) {
        own_pages[i] = alloc_page();
        memset(own_pages[i], 0x5A, PAGE_SIZE);
    }
    if (mm_map_l1((void *)MM_SCRATCH, alloc_page()))
        guest_panic("melee: no table");
    devices_set_up();
    /* The memory that the hypervisor needs for domain 0's mappings is allocated once. */
    HYPERVISOR_grant_table_op(
        GNTTABOP_map_grant_ref,
        &(gnttab_map_grant_ref_t){.host_addr = (uint32_t)GRANT_VA, .flags = GNTMAP_host_map, .ref = 20}, 1);
    printf("melee: seed %u, %u operations%s\n", seed, target, can_preempt ? ", suspended at will" : "");
    while (total_ops() < target && !failures) {
        if (!seen)
            build();
        if (!seen)
            break;
        rest(chance(chance(4) ? 20000 : 300000));
        if (seen->ready)
            command();
        if (seen)
            watch_over();
        if (total_ops() / 50000 != progress) {
            progress = total_ops() / 50000;
            printf("melee: %u operations, domain %u\n", total_ops(), domains);
        }
    }
    if (can_preempt)
        suspend(INT82_PREEMPT_NEVER, 0, 0);
    audit_well();
    if (seen)
        end_domain();
    for (uint32_t i = 0; i < OWN_PAGES; i++)
        for (uint32_t n = 0; n < PAGE_SIZE / 4; n++)
            if (own_pages[i][n] != 0x5A5A5A5A) {
                fail("domain 0's page %u holds %x", i, own_pages[i][n]);
                break;
            }
    report();
    printf("audit: %s\n", audit_well() ? "clean" : "not clean");
}
