/* SPDX-License-Identifier: MIT */
/* What domain 0 does to the domain that fights: one random command at a time (controller.c). */
#include "controller.h"

#include <guest/console.h>
#include <guest/events.h>
#include <guest/string.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/sched.h>

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
    K(DEVICES)       \
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

static uint32_t commands_done[NR_COMMANDS], commands_refused[NR_COMMANDS];

static uint32_t some_vcpu(void)
{
    return chance(16) ? chance(seen->fighters ? seen->fighters : 1) : chance(12);
}

/* A frame of its pool, or any frame of the domain. */
static uint32_t some_frame(void)
{
    return chance(8) ? seen->pool[chance(POOL)] : dom.mfns[chance(dom.nr_pages)];
}

/* A paused domain must do nothing. */
static bool pause(void)
{
    uint32_t ops;

    if (domain_pause(&dom))
        return false;
    ops = total_ops();
    rest(chance(300000));
    if (total_ops() != ops)
        fail("the paused domain has done %u operations", total_ops() - ops);
    return !domain_unpause(&dom);
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

    domain_pause(&dom);
    rc = get_context(id);
    if (!rc)
        rc = set_context(id, false);
    domain_unpause(&dom);
    return !rc;
}

/* The vCPU begins again. By then its registers may be old. */
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

/* A vCPU is reset, and perhaps started again at once, whatever its siblings are doing. */
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
        return !domain_info(dom.domid, &info);
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

/* Maps a frame for a while. It is written to only where no operation changes entries. */
static bool map(void)
{
    uint32_t frame = seen->pool[chance(POOL)];
    bool writable = chance(2);
    volatile uint32_t *va = foreign_map(dom.domid, frame, writable);

    if (!va)
        return false;
    if (chance(2))
        rest(chance(100000));
    if (writable)
        va[1000] = chance(0x1000000) & ~1u;
    foreign_unmap((void *)va);
    return true;
}

/* Changes the domain's tables from domain 0. */
static bool foreign_update(void)
{
    static mmu_update_t req[16];
    uint32_t n = 1 + chance(16), done = 0;

    for (uint32_t i = 0; i < n; i++) {
        req[i].ptr =
            ((uint64_t)seen->pool[chance(POOL)] << PAGE_SHIFT) + (FIRST_ENTRY + chance(ENTRIES)) * sizeof(pte_t);
        req[i].val = chance(3) ? make_pte(seen->pool[chance(POOL)], chance(2) ? PTE_KERNEL_RO : PTE_KERNEL_RW) : 0;
    }
    return !HYPERVISOR_mmu_update_dom(req, n, &done, (uint32_t)(dom.domid + 1) << 16 | dom.domid);
}

static bool foreign_pin(void)
{
    static const uint8_t commands[] = {MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE,
                                       MMUEXT_UNPIN_TABLE, MMUEXT_CLEAR_PAGE};
    struct mmuext_op op = {.cmd = commands[chance(ARRAY_SIZE(commands))], .arg1.mfn = seen->pool[chance(POOL)]};

    return !HYPERVISOR_mmuext_op(&op, 1, NULL, (uint32_t)dom.domid);
}

static bool take_frame(void)
{
    uint32_t k = chance(POOL);
    xen_pfn_t frame = seen->pool[k];
    struct xen_memory_reservation r = {&frame, 1, 0, 0, dom.domid};

    if (HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r) != 1)
        return false;
    if (seen->pool[k] == frame)
        seen->pool[k] = NOWHERE;
    return true;
}

static bool give_frame(void)
{
    xen_pfn_t frame = DOMAIN_PAGES + chance(64);
    struct xen_memory_reservation r = {&frame, 1, 0, 0, dom.domid};

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

/* Maps for a while what the domain grants to domain 0. */
static bool use_grant(void)
{
    gnttab_map_grant_ref_t op = {.host_addr = (uint32_t)GRANT_VA,
                                 .flags = GNTMAP_host_map | (chance(2) ? GNTMAP_readonly : 0),
                                 .ref = FIRST_REF + chance(REFS),
                                 .dom = dom.domid,
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
    int port = event_bind_interdomain(dom.domid, 3 + chance(PORTS));

    if (port < 0)
        return false;
    event_send(port);
    event_close(port);
    return true;
}

static bool preempt(void)
{
    uint32_t mode = chance(3);

    return suspend(mode, 1 + chance(chance(4) ? 12 : 200), (uint32_t)dom.domid << 16 | some_vcpu());
}

static bool (*const commands[])(void) = {
    pause,   read_context,   same_context, kick,           reset,      look,          frame_info,
    map,     foreign_update, foreign_pin,  take_frame,     give_frame, page_of_calls, weight,
    trigger, use_grant,      use_event,    change_devices, preempt,    audit_well,    rebuild,
};
_Static_assert(ARRAY_SIZE(commands) == NR_COMMANDS, "one for each");

void command(void)
{
    static const uint8_t weights[] = {[C_PAUSE] = 6, 6, 4, 3, 2, 4, 3, 4, 4, 3, 1, 3, 1, 2, 2, 3, 2, 6, 6, 1, 1};
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

void report_commands(void)
{
    print_counts("commands", command_names, commands_done, commands_refused, NR_COMMANDS);
}
