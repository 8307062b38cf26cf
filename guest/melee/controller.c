/*
 * Domain 0: builds the domain that fights, and does to it at random moments whatever domain 0 can. `seed=N ops=N`, and
 * `preempt` in the build with counters: operations are suspended at their k-th point, or at each. `fighters=N` vCPUs,
 * `without=NAME+NAME` kinds of operations and commands, to find out what a failure takes; `trace`.
 */
#include "melee.h"

#include <guest/audit.h>
#include <guest/console.h>
#include <guest/domain_builder.h>
#include <guest/events.h>
#include <guest/string.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/platform.h>
#include <public/sched.h>

#define DOMAIN_PAGES 768u
#define PATIENCE     2000000000ull /* ns without an operation, with the domain running */
#define OWN_PAGES    4u

#define COMMANDS(K)  \
    K(PAUSE)         \
    K(GET_CONTEXT)   \
    K(SET_CONTEXT)   \
    K(KICK)          \
    K(RESET)         \
    K(LOOK)          \
    K(FRAME_INFO)    \
    K(MAP)           \
    K(FOREIGN)       \
    K(FOREIGN_PIN)   \
    K(TAKE_FRAME)    \
    K(GIVE_FRAME)    \
    K(PAGE_OF_CALLS) \
    K(WEIGHT)        \
    K(TRIGGER)       \
    K(GRANT)         \
    K(EVENT)         \
    K(PREEMPT)       \
    K(AUDIT)         \
    K(REBUILD)

enum command {
#define COMMAND(name) C_##name,
    COMMANDS(COMMAND)
#undef COMMAND
        NR_COMMANDS
};

static const char *const command_names[] = {
#define NAME(name) #name,
    COMMANDS(NAME)};

static uint32_t seed, target, state, failures, domains, crashes, finished_ops, fighters, last_total;
static uint32_t kinds_done[NR_KINDS], kinds_refused[NR_KINDS], commands_done[NR_COMMANDS],
    commands_refused[NR_COMMANDS];
static uint32_t traps_seen[33];
static bool can_preempt, trace;
static uint32_t *own_pages[OWN_PAGES];
static struct guest_domain d;
static struct board *seen; /* the domain's, mapped here */
static uint32_t life;      /* operations after which it is ended */
static struct int82_audit before;

static uint32_t chance(uint32_t n)
{
    state = state * 1664525 + 1013904223;
    return (state >> 8) % n;
}

static uint32_t total_ops(void)
{
    uint32_t n = 0;

    for (uint32_t i = 0; seen && i < MAX_FIGHTERS; i++)
        n += ((volatile uint32_t *)seen->ops)[i];
    return finished_ops + n;
}

static void __attribute__((format(printf, 1, 2))) fail(const char *format, ...)
{
    char text[200];
    va_list args;

    if (failures++ >= 10)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    printf("melee: FAILED seed %u after %u operations, domain %u of %u: %s\n", seed, total_ops(), d.domid, domains,
           text);
}

static void rest(uint32_t ns)
{
    struct sched_poll poll = {.timeout = guest_time() + ns};

    HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
}

static bool audit_well(void)
{
    char text[200];

    if (!audit(text, sizeof(text)))
        return true;
    fail("%s", text);
    return false;
}

/* ---- Suspending operations */

static bool suspend(uint32_t mode, uint32_t at, uint32_t id)
{
    static xen_platform_op_t op;

    op.cmd = INT82_OP_preempt;
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.u.int82_fault = (struct int82_fault){.what = mode, .at = at, .id = id};
    return !HYPERVISOR_dom0_op(&op);
}

/* ---- The domain's life */

static struct xen_domctl ctl;

static int control_op(uint32_t cmd)
{
    ctl.cmd = cmd;
    ctl.domain = d.domid;
    return domctl(&ctl);
}

/* The lightest has the shortest slices, and so most switches. */
static int set_weight(uint32_t n)
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
    err = domain_build(&d, &config);
    if (err) {
        fail("no domain can be built: %d", err);
        return;
    }
    domains++;
    seen = foreign_map(d.domid, d.mfns[virt_to_pfn(&board)], true);
    if (!seen)
        guest_panic("melee: no board");
    for (uint32_t i = 0; i < OWN_PAGES; i++)
        seen->foreign[i] = virt_to_mfn(own_pages[i]);
    life = 1000 + chance(20000);
    last_total = 0;
    set_weight(1);
    ctl.u.max_mem.max_memkb = (DOMAIN_PAGES + 40) * 4;
    control_op(XEN_DOMCTL_max_mem);
    domain_unpause(&d);
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

/* Nothing is left of it, not a page. */
static void end_domain(void)
{
    static struct int82_audit after;
    struct guest_domain gone = d;
    int err;

    if (chance(2))
        domain_pause(&d);
    take_results();
    foreign_unmap(seen);
    seen = NULL;
    err = domain_free(&d);
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

/* ---- Commands about it */

static uint32_t some_vcpu(void)
{
    return chance(16) ? chance(seen->fighters ? seen->fighters : 1) : chance(12);
}

/* Of its pool, or any of its. */
static uint32_t some_frame(void)
{
    return chance(8) ? seen->pool[chance(POOL)] : d.mfns[chance(d.nr_pages)];
}

/* What a paused domain does: nothing. */
static bool pause(void)
{
    uint32_t ops;

    if (domain_pause(&d))
        return false;
    ops = total_ops();
    rest(chance(300000));
    if (total_ops() != ops)
        fail("the paused domain has done %u operations", total_ops() - ops);
    return !domain_unpause(&d);
}

static struct vcpu_guest_context context;

static int get_context(uint32_t id)
{
    ctl.u.vcpucontext.vcpu = id;
    ctl.u.vcpucontext.ctxt.q = 0;
    ctl.u.vcpucontext.ctxt.p = &context;
    return control_op(XEN_DOMCTL_getvcpucontext);
}

static int set_context(uint32_t id, bool reset)
{
    ctl.u.vcpucontext.vcpu = id;
    ctl.u.vcpucontext.ctxt.q = 0;
    ctl.u.vcpucontext.ctxt.p = reset ? NULL : &context;
    return control_op(XEN_DOMCTL_setvcpucontext);
}

static bool read_context(void)
{
    if (get_context(some_vcpu()))
        return false;
    if (context.user_regs.cs == FLAT_KERNEL_CS && context.user_regs.eip >= HYPERVISOR_VIRT_START)
        fail("its registers are the hypervisor's: EIP %x", context.user_regs.eip);
    return true;
}

static bool same_context(void)
{
    uint32_t id = some_vcpu();
    int rc;

    domain_pause(&d);
    rc = get_context(id);
    if (!rc)
        rc = set_context(id, false);
    domain_unpause(&d);
    return !rc;
}

/* It begins anew; its registers may be old by then. */
static bool kick(void)
{
    uint32_t id = some_vcpu();

    if (get_context(id))
        return false;
    context.user_regs.eip = (uint32_t)melee_start;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ds = context.user_regs.es = context.user_regs.ss = FLAT_KERNEL_DS;
    context.user_regs.fs = context.user_regs.gs = 0;
    context.user_regs.esp = (uint32_t)&fighter_spaces[id] + FIGHTER_SIZE - 64;
    context.flags |= VGCF_online;
    return !set_context(id, false);
}

/* A vCPU that is reset, and perhaps started again at once, beside whatever its siblings do. */
static bool reset(void)
{
    uint32_t id = 1 + some_vcpu();
    int rc = chance(2) ? set_context(id, true) : 0;

    if (id >= seen->fighters || rc)
        return false;
    if (chance(3) || get_context(0))
        return true;
    context.user_regs.eip = (uint32_t)melee_start;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ds = context.user_regs.es = context.user_regs.ss = FLAT_KERNEL_DS;
    context.user_regs.esp = context.kernel_sp = (uint32_t)&fighter_spaces[id] + FIGHTER_SIZE - 64;
    context.flags |= VGCF_online;
    return !set_context(id, false);
}

static bool look(void)
{
    struct xen_domctl_getdomaininfo info;
    static uint64_t list[64];
    uint32_t id = some_vcpu();

    switch (chance(5)) {
    case 0:
        return !domain_info(d.domid, &info);
    case 1:
        ctl.u.getvcpuinfo.vcpu = id;
        return !control_op(XEN_DOMCTL_getvcpuinfo);
    case 2:
        ctl.u.getmemlist = (struct xen_domctl_getmemlist){.max_pfns = 64, .buffer.p = list};
        return !control_op(XEN_DOMCTL_getmemlist);
    case 3:
        ctl.u.max_vcpus.max = id + 1;
        return !control_op(XEN_DOMCTL_max_vcpus);
    default:
        return !control_op(XEN_DOMCTL_resumedomain);
    }
}

static bool frame_info(void)
{
    static uint32_t list[64];

    if (chance(2)) {
        ctl.u.getpageframeinfo.gmfn = some_frame();
        return !control_op(XEN_DOMCTL_getpageframeinfo);
    }
    for (uint32_t i = 0; i < ARRAY_SIZE(list); i++)
        list[i] = some_frame();
    memset(&ctl.u, 0, sizeof(ctl.u));
    ctl.u.getpageframeinfo2.num = ARRAY_SIZE(list);
    ctl.u.getpageframeinfo2.array.p = list;
    return !control_op(XEN_DOMCTL_getpageframeinfo2);
}

/* Mapped for a while, and written to where no entry is fought for. */
static bool map(void)
{
    uint32_t frame = seen->pool[chance(POOL)];
    bool writable = chance(2);
    volatile uint32_t *va = foreign_map(d.domid, frame, writable);

    if (!va)
        return false;
    if (chance(2))
        rest(chance(100000));
    if (writable)
        va[1000] = chance(0x1000000) & ~1u;
    foreign_unmap((void *)va);
    return true;
}

/* Its tables, changed by domain 0. */
static bool foreign_update(void)
{
    static mmu_update_t req[16];
    uint32_t n = 1 + chance(16), done = 0;

    for (uint32_t i = 0; i < n; i++) {
        req[i].ptr =
            ((uint64_t)seen->pool[chance(POOL)] << PAGE_SHIFT) + (FIRST_ENTRY + chance(ENTRIES)) * sizeof(pte_t);
        req[i].val = chance(3) ? make_pte(seen->pool[chance(POOL)], chance(2) ? PTE_KERNEL_RO : PTE_KERNEL_RW) : 0;
    }
    return !HYPERVISOR_mmu_update_dom(req, n, &done, (uint32_t)(d.domid + 1) << 16 | d.domid);
}

static bool foreign_pin(void)
{
    static const uint8_t commands[] = {MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE,
                                       MMUEXT_UNPIN_TABLE, MMUEXT_CLEAR_PAGE};
    struct mmuext_op op = {.cmd = commands[chance(ARRAY_SIZE(commands))], .arg1.mfn = seen->pool[chance(POOL)]};

    return !HYPERVISOR_mmuext_op(&op, 1, NULL, (uint32_t)d.domid);
}

static bool take_frame(void)
{
    uint32_t k = chance(POOL);
    xen_pfn_t frame = seen->pool[k];
    struct xen_memory_reservation r = {&frame, 1, 0, 0, d.domid};

    if (HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r) != 1)
        return false;
    if (seen->pool[k] == frame)
        seen->pool[k] = NOWHERE;
    return true;
}

static bool give_frame(void)
{
    xen_pfn_t frame = DOMAIN_PAGES + chance(64);
    struct xen_memory_reservation r = {&frame, 1, 0, 0, d.domid};

    if (HYPERVISOR_memory_op(XENMEM_populate_physmap, &r) != 1)
        return false;
    for (uint32_t k = 0; k < POOL; k++)
        if (seen->pool[k] == NOWHERE) {
            seen->role[k] = DATA;
            seen->pool[k] = frame;
            break;
        }
    return true;
}

static bool page_of_calls(void)
{
    ctl.u.hypercall_init.gmfn = seen->pool[chance(POOL)];
    return !control_op(XEN_DOMCTL_hypercall_init);
}

static bool weight(void)
{
    return !set_weight(chance(8) ? 1 : 1 + chance(300));
}

static bool trigger(void)
{
    ctl.u.sendtrigger = (struct xen_domctl_sendtrigger){.trigger = XEN_DOMCTL_SENDTRIGGER_NMI, .vcpu = some_vcpu()};
    return !control_op(XEN_DOMCTL_sendtrigger);
}

#define GRANT_VA ((void *)(MM_SCRATCH + 0x1000))

/* What it grants to domain 0, mapped for a while. */
static bool use_grant(void)
{
    gnttab_map_grant_ref_t op = {.host_addr = (uint32_t)GRANT_VA,
                                 .flags = GNTMAP_host_map | (chance(2) ? GNTMAP_readonly : 0),
                                 .ref = FIRST_REF + chance(REFS),
                                 .dom = d.domid,
                                 .status = 77};
    gnttab_unmap_grant_ref_t un = {.host_addr = (uint32_t)GRANT_VA, .status = 77};

    if (HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &op, 1) || op.status)
        return false;
    if (chance(2))
        rest(chance(200000));
    un.handle = op.handle;
    if (HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &un, 1) || un.status)
        fail("a grant cannot be unmapped: %d", un.status);
    return true;
}

static bool use_event(void)
{
    int port = event_bind_interdomain(d.domid, 3 + chance(PORTS));

    if (port < 0)
        return false;
    event_send(port);
    event_close(port);
    return true;
}

static bool preempt(void)
{
    uint32_t mode = chance(3);

    return suspend(mode, 1 + chance(chance(4) ? 12 : 200), (uint32_t)d.domid << 16 | some_vcpu());
}

static bool rebuild(void)
{
    if (total_ops() - finished_ops < life)
        return true;
    end_domain();
    return true;
}

static bool (*const commands[])(void) = {
    pause,   read_context,   same_context, kick,       reset,      look,          frame_info,
    map,     foreign_update, foreign_pin,  take_frame, give_frame, page_of_calls, weight,
    trigger, use_grant,      use_event,    preempt,    audit_well, rebuild,
};
_Static_assert(ARRAY_SIZE(commands) == NR_COMMANDS, "one for each");

static void command(void)
{
    static const uint8_t weights[] = {[C_PAUSE] = 6, 6, 4, 3, 2, 4, 3, 4, 4, 3, 1, 3, 1, 2, 2, 3, 2, 6, 1, 1};
    uint32_t n, total = 0, i = 0;
    bool done;

    for (n = 0; n < NR_COMMANDS; n++)
        total += weights[n];
    for (n = chance(total); n >= weights[i]; i++)
        n -= weights[i];
    if ((i == C_PREEMPT && !can_preempt) || excluded(command_names[i]))
        return;
    done = commands[i]();
    (done ? commands_done : commands_refused)[i]++;
    if (trace)
        printf("melee: after %u operations: %s, %s\n", total_ops(), command_names[i], done ? "done" : "refused");
}

/* ---- All of it */

static void watch_over(void)
{
    static uint64_t since;
    struct xen_domctl_getdomaininfo info;
    uint32_t now = total_ops();

    domain_console(&d);
    if (domain_info(d.domid, &info))
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

static void print_counts(const char *title, const char *const *names, const uint32_t *done, const uint32_t *refused,
                         uint32_t n)
{
    printf("melee: %s done/refused:", title);
    for (uint32_t i = 0; i < n; i++)
        printf(" %s %u/%u%s", names[i], done[i], refused[i], i + 1 < n ? "," : "\n");
}

static void report(void)
{
    print_counts("operations", kind_names, kinds_done, kinds_refused, NR_KINDS);
    print_counts("commands", command_names, commands_done, commands_refused, NR_COMMANDS);
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
    /* What the hypervisor keeps for domain 0's mappings is allocated once. */
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
