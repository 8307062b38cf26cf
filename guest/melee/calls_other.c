/* SPDX-License-Identifier: MIT */
/* Calls about everything else: grants, events, timers, callbacks, and giving the CPU up. */
#include "melee.h"

#include <guest/events.h>
#include <guest/string.h>
#include <public/callback.h>
#include <public/grant_table.h>
#include <public/nmi.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include <public/version.h>

#define GRANT_VA (MM_SCRATCH + 0x2000000u) /* no operation changes entries of this part */

static struct {
    uint32_t handle, address;
} handles[HANDLES];
static grant_entry_v1_t *const grants = (grant_entry_v1_t *)GRANT_VA;

void grants_set_up(void)
{
    static xen_pfn_t frames[1];
    gnttab_setup_table_t op = {.dom = DOMID_SELF, .nr_frames = 1, .status = 77, .frame_list = frames};

    if (mm_map_l1((void *)GRANT_VA, alloc_page()) || HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &op, 1) ||
        op.status || update_va(grants, make_pte(frames[0], PTE_KERNEL_RW), 0))
        guest_panic("melee: no grant table");
}

/* ---- Grants: to itself and to domain 0 */

static void grant_something(struct fighter *f)
{
    grant_entry_v1_t *e = &grants[FIRST_REF + below(f, REFS)];

    e->flags = 0;
    barrier();
    e->domid = below(f, 3) ? board.domid : board.controller;
    e->frame = below(f, 8) ? board.pool[frame_for(f, DATA)] : protected_frame(f);
    barrier();
    e->flags = below(f, 16) ? GTF_permit_access | (below(f, 3) ? 0 : GTF_readonly) : below(f, 16);
}

static bool judge_map(struct fighter *f __attribute__((unused)), struct call *c, int32_t rc)
{
    gnttab_map_grant_ref_t *op = (void *)c->data;
    uint32_t n = op->handle % HANDLES;

    if (rc || op->status)
        return false;
    handles[n].handle = op->handle;
    handles[n].address = (uint32_t)op->host_addr;
    return true;
}

static void build_map(struct fighter *f, struct call *c)
{
    gnttab_map_grant_ref_t *op = (void *)c->data;
    enum role role;
    uint32_t index;

    grant_something(f);
    *op = (gnttab_map_grant_ref_t){.host_addr = below(f, 2) ? (uint32_t)pool_va(any_frame(f)) : scratch_va(f),
                                   .flags = GNTMAP_host_map | (below(f, 2) ? GNTMAP_readonly : 0),
                                   .ref = FIRST_REF + below(f, REFS),
                                   .dom = below(f, 8) ? board.domid : board.controller,
                                   .status = 77};
    if (!below(f, 4)) {
        op->flags |= GNTMAP_contains_pte;
        op->host_addr = target_entry(f, &role, &index);
    }
    if (!below(f, 16))
        op->flags = below(f, 64);
    c->args[0] = GNTTABOP_map_grant_ref;
    c->judge = judge_map;
}

static bool judge_unmap(struct fighter *f __attribute__((unused)), struct call *c, int32_t rc)
{
    return !rc && !((gnttab_unmap_grant_ref_t *)c->data)->status;
}

static void build_unmap(struct fighter *f, struct call *c)
{
    gnttab_unmap_grant_ref_t *op = (void *)c->data;
    uint32_t n = below(f, HANDLES);

    *op = (gnttab_unmap_grant_ref_t){.host_addr = handles[n].address, .handle = handles[n].handle, .status = 77};
    if (!below(f, 8))
        op->handle = below(f, 40);
    c->args[0] = GNTTABOP_unmap_grant_ref;
    c->judge = judge_unmap;
}

static bool judge_copy(struct fighter *f __attribute__((unused)), struct call *c, int32_t rc)
{
    return !rc && !((gnttab_copy_t *)c->data)->status;
}

static void build_copy(struct fighter *f, struct call *c)
{
    gnttab_copy_t *op = (void *)c->data;
    uint32_t flags = below(f, 4);

    memset(op, 0, sizeof(*op));
    if (below(f, 2))
        grant_something(f);
    op->source.domid = flags & GNTCOPY_source_gref && !below(f, 8) ? board.controller : DOMID_SELF;
    op->dest.domid = DOMID_SELF;
    op->source.u.ref = flags & GNTCOPY_source_gref ? FIRST_REF + below(f, REFS) : board.pool[any_frame(f)];
    op->dest.u.ref = flags & GNTCOPY_dest_gref ? FIRST_REF + below(f, REFS)
                     : below(f, 8)             ? board.pool[frame_for(f, DATA)]
                                               : protected_frame(f);
    op->source.offset = below(f, PAGE_SIZE);
    op->dest.offset = below(f, 16) ? below(f, FIRST_ENTRY * 8 - 300) : below(f, PAGE_SIZE);
    op->len = below(f, 300);
    op->flags = flags;
    op->status = 77;
    c->args[0] = GNTTABOP_copy;
    c->judge = judge_copy;
}

static bool judge_grant_other(struct fighter *f __attribute__((unused)), struct call *c, int32_t rc)
{
    return rc >= 0 && !c->note;
}

/* Nobody accepts the frame, but the domain has lost it, unless it was in use. */
static bool judge_transfer(struct fighter *f __attribute__((unused)), struct call *c, int32_t rc)
{
    const gnttab_transfer_t *op = (const void *)c->data;

    if (!rc && op->status == GNTST_general_error)
        board.pool[c->notes[0]] = NOWHERE;
    return false;
}

static void build_transfer(struct fighter *f, struct call *c)
{
    uint32_t k = any_frame(f);

    *(gnttab_transfer_t *)c->data = (gnttab_transfer_t){
        .mfn = below(f, 4) ? board.pool[k] : protected_frame(f), .domid = board.controller, .ref = 20, .status = 77};
    c->args[0] = GNTTABOP_transfer;
    c->notes[0] = k;
    c->judge = judge_transfer;
}

static void build_grant_other(struct fighter *f, struct call *c)
{
    uint32_t n = below(f, 4);

    c->judge = judge_grant_other;
    if (n == 0) {
        *(gnttab_query_size_t *)c->data = (gnttab_query_size_t){.dom = DOMID_SELF};
        c->args[0] = GNTTABOP_query_size;
    } else if (n == 1) {
        *(gnttab_setup_table_t *)c->data = (gnttab_setup_table_t){
            .dom = DOMID_SELF, .nr_frames = 1 + below(f, 4), .frame_list = (xen_pfn_t *)(c->data + 256)};
        c->args[0] = GNTTABOP_setup_table;
    } else if (n == 2) {
        build_transfer(f, c);
    } else {
        c->args[0] = 30;
        c->note = 1;
    }
}

static void build_grants(struct fighter *f, struct call *c)
{
    c->nr = __HYPERVISOR_grant_table_op;
    c->args[1] = (uint32_t)c->data;
    c->args[2] = 1;
    switch (c->kind) {
    case GRANT_MAP:
        build_map(f, c);
        break;
    case GRANT_UNMAP:
        build_unmap(f, c);
        break;
    case GRANT_COPY:
        build_copy(f, c);
        break;
    default:
        build_grant_other(f, c);
    }
}

/* ---- Events. The console's and the store's ports are not closed, or nothing could be notified any more. */

static uint32_t port_to_close(struct fighter *f)
{
    return 3 + below(f, PORTS);
}

static void build_open(struct fighter *f, struct call *c)
{
    switch (below(f, 4)) {
    case 0:
        *(evtchn_alloc_unbound_t *)c->data =
            (evtchn_alloc_unbound_t){.dom = DOMID_SELF, .remote_dom = below(f, 2) ? board.domid : board.controller};
        c->args[0] = EVTCHNOP_alloc_unbound;
        break;
    case 1:
        *(evtchn_bind_interdomain_t *)c->data = (evtchn_bind_interdomain_t){
            .remote_dom = below(f, 8) ? board.domid : board.controller, .remote_port = 3 + below(f, PORTS)};
        c->args[0] = EVTCHNOP_bind_interdomain;
        break;
    case 2:
        *(evtchn_bind_virq_t *)c->data =
            (evtchn_bind_virq_t){.virq = below(f, 4) ? VIRQ_TIMER : below(f, 30), .vcpu = below(f, board.fighters + 1)};
        c->args[0] = EVTCHNOP_bind_virq;
        break;
    default:
        *(evtchn_bind_ipi_t *)c->data = (evtchn_bind_ipi_t){.vcpu = below(f, board.fighters + 1)};
        c->args[0] = EVTCHNOP_bind_ipi;
    }
}

static void build_events(struct fighter *f, struct call *c)
{
    c->nr = __HYPERVISOR_event_channel_op;
    c->args[1] = (uint32_t)c->data;
    *(uint32_t *)c->data = 3 + below(f, PORTS);
    switch (c->kind) {
    case EVENT_OPEN:
        build_open(f, c);
        break;
    case EVENT_SEND:
        c->args[0] = below(f, 3) ? EVTCHNOP_send : EVTCHNOP_unmask;
        break;
    case EVENT_CLOSE:
        *(uint32_t *)c->data = port_to_close(f);
        c->args[0] = EVTCHNOP_close;
        break;
    default:
        if (!below(f, 200)) {
            *(evtchn_reset_t *)c->data = (evtchn_reset_t){.dom = DOMID_SELF};
            c->args[0] = EVTCHNOP_reset;
        } else if (below(f, 2)) {
            *(evtchn_status_t *)c->data = (evtchn_status_t){.dom = DOMID_SELF, .port = below(f, PORTS)};
            c->args[0] = EVTCHNOP_status;
        } else {
            *(evtchn_bind_vcpu_t *)c->data =
                (evtchn_bind_vcpu_t){.port = 3 + below(f, PORTS), .vcpu = below(f, board.fighters + 1)};
            c->args[0] = EVTCHNOP_bind_vcpu;
        }
    }
}

bool notify(struct fighter *f)
{
    struct evtchn_send send = {below(f, 2) ? start_info->console.domU.evtchn : start_info->store_evtchn};

    return !call_of(f, __HYPERVISOR_event_channel_op, EVTCHNOP_send, &send, 0u, 0u);
}

/* ---- Time */

static void build_timer(struct fighter *f, struct call *c)
{
    uint64_t at = system_time() + below(f, 200000);

    if (below(f, 2)) {
        c->nr = __HYPERVISOR_set_timer_op;
        c->args[0] = (uint32_t)at;
        c->args[1] = (uint32_t)(at >> 32);
        return;
    }
    c->nr = __HYPERVISOR_vcpu_op;
    c->args[1] = below(f, 4) ? f->id : below(f, board.fighters);
    c->args[2] = (uint32_t)c->data;
    switch (below(f, 4)) {
    case 0:
        c->args[0] = VCPUOP_set_singleshot_timer;
        *(struct vcpu_set_singleshot_timer *)c->data = (struct vcpu_set_singleshot_timer){at, below(f, 2)};
        break;
    case 1:
        c->args[0] = VCPUOP_stop_singleshot_timer;
        break;
    case 2:
        c->args[0] = VCPUOP_set_periodic_timer;
        ((struct vcpu_set_periodic_timer *)c->data)->period_ns = 900000 + below(f, 1000000);
        break;
    default:
        c->args[0] = VCPUOP_stop_periodic_timer;
    }
}

/* A wait of vCPU 0 has a time limit, so that vCPU 0 can wake the others. */
static void build_schedule(struct fighter *f, struct call *c)
{
    struct sched_poll *poll = (void *)c->data;
    uint32_t *ports = (uint32_t *)(c->data + 64), n = below(f, 16);

    c->nr = __HYPERVISOR_sched_op;
    c->args[1] = (uint32_t)poll;
    if (n < 8) {
        c->args[0] = SCHEDOP_yield;
        if (!below(f, 4))
            c->nr = __HYPERVISOR_sched_op_compat;
        return;
    }
    if (n < 10 && f->id) {
        c->args[0] = SCHEDOP_block;
        return;
    }
    if (n < 11) {
        n = below(f, 4);
        c->args[0] = SCHEDOP_watchdog;
        *(struct sched_watchdog *)c->data = (struct sched_watchdog){.id = n, .timeout = n && below(f, 2) ? 0 : 1000};
        return;
    }
    *poll = (struct sched_poll){.ports = ports, .nr_ports = below(f, 4), .timeout = system_time() + below(f, 60000)};
    for (uint32_t i = 0; i < 4; i++)
        ports[i] = below(f, PORTS);
    if (!below(f, 16))
        ports[0] = below(f, 2000);
    c->args[0] = SCHEDOP_poll;
}

/* ---- The rest */

static void build_callbacks(struct fighter *f, struct call *c)
{
    struct callback_register *r = (void *)c->data;

    c->nr = __HYPERVISOR_callback_op;
    c->args[0] = below(f, 8) ? CALLBACKOP_register : CALLBACKOP_unregister;
    c->args[1] = (uint32_t)r;
    *r = (struct callback_register){.type = below(f, 3) ? CALLBACKTYPE_event : CALLBACKTYPE_failsafe,
                                    .flags = below(f, 2),
                                    .address = {FLAT_KERNEL_CS, (uint32_t)melee_event}};
    if (r->type == CALLBACKTYPE_failsafe)
        r->address.eip = (uint32_t)melee_failsafe;
    if (c->args[0] == CALLBACKOP_unregister)
        r->type = CALLBACKTYPE_nmi;
    if (!below(f, 8))
        r->type = 8 + below(f, 100);
}

static void build_debug_register(struct fighter *f, struct call *c)
{
    c->nr = below(f, 2) ? __HYPERVISOR_set_debugreg : __HYPERVISOR_get_debugreg;
    c->args[0] = below(f, 9);
    c->args[1] = c->args[0] == 7 ? below(f, 4) ? 0x400 : 0xD0001 : (uint32_t)pool_va(any_frame(f)) + FIRST_ENTRY * 8;
    if (!below(f, 8))
        c->args[1] = 0xFE000000;
}

static void build_small(struct fighter *f, struct call *c)
{
    switch (below(f, 8)) {
    case 0:
        c->nr = __HYPERVISOR_stack_switch;
        c->args[0] = FLAT_KERNEL_SS;
        c->args[1] = (uint32_t)f + FIGHTER_SIZE - 64;
        break;
    case 1:
        c->nr = __HYPERVISOR_vm_assist;
        c->args[0] = below(f, 2);
        c->args[1] = below(f, 8) ? VMASST_TYPE_pae_extended_cr3 : below(f, 10);
        break;
    case 2:
        c->nr = __HYPERVISOR_nmi_op;
        c->args[0] = 1 + below(f, 3);
        break;
    case 3:
        c->nr = __HYPERVISOR_console_io;
        c->args[0] = CONSOLEIO_read;
        c->args[1] = below(f, 40);
        c->args[2] = (uint32_t)c->data;
        break;
    case 4:
        c->nr = __HYPERVISOR_domctl; /* not privileged */
        c->args[0] = (uint32_t)c->data;
        break;
    case 5:
        c->nr = __HYPERVISOR_fpu_taskswitch;
        c->args[0] = below(f, 2);
        break;
    case 6:
        c->nr = __HYPERVISOR_physdev_op;
        c->args[0] = below(f, 20);
        c->args[1] = (uint32_t)c->data;
        break;
    default:
        c->nr = __HYPERVISOR_xen_version;
        c->args[0] = below(f, 10);
        c->args[1] = (uint32_t)c->data;
    }
}

void build_other(struct fighter *f, struct call *c, enum kind kind)
{
    switch (kind) {
    case GRANT_MAP:
    case GRANT_UNMAP:
    case GRANT_COPY:
    case GRANT_OTHER:
        build_grants(f, c);
        break;
    case EVENT_OPEN:
    case EVENT_SEND:
    case EVENT_CLOSE:
    case EVENT_OTHER:
        build_events(f, c);
        break;
    case TIMER:
        build_timer(f, c);
        break;
    case SCHEDULE:
        build_schedule(f, c);
        break;
    case TRAPS:
        build_traps(f, c);
        break;
    case CALLBACKS:
        build_callbacks(f, c);
        break;
    case DEBUG_REGISTER:
        build_debug_register(f, c);
        break;
    case SMALL:
        build_small(f, c);
        break;
    default:
        build_vcpu(f, c);
    }
}
