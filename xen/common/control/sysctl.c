/* SPDX-License-Identifier: MIT */
/*
 * sysctl: domain 0 asks about the whole system (docs/control.md).
 *
 * To add an operation: a number and a structure in public/sysctl.h, a function, and its line in operations[].
 */
#include <asm/guest_access.h>
#include <asm/mm.h>
#include <asm/processor.h>
#include <public/memory.h>
#include <xen/console.h>
#include <xen/control.h>
#include <xen/counters.h>
#include <xen/debug_keys.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/log_ring.h>
#include <xen/machine.h>
#include <xen/operation.h>
#include <xen/schedule.h>

static long readconsole(union control_arg *op)
{
    return log_ring_read(&op->sysctl.u.readconsole);
}

/* Keys log a lot, so others may run between two of them. The argument then holds the keys that are left. */
static __may_switch long debug_keys(union control_arg *op)
{
    struct xen_sysctl_debug_keys *k = &op->sysctl.u.debug_keys;
    char key;

    for (; k->nr_keys; k->nr_keys--, k->keys.p++) {
        if (copy_from_guest(&key, k->keys.p, 1))
            return -EFAULT;
        if (wait_for_console())
            return -ERESTART;
        handle_debug_key(key);
    }
    return 0;
}

/* --- Processor and memory */

static uint32_t total_pages(void)
{
    uint32_t pages = 0;

    for (uint32_t i = 0; i < machine_map_entries; i++)
        if (machine_map[i].type == E820_RAM)
            pages += machine_map[i].size >> PAGE_SHIFT;
    return pages;
}

static long physinfo(union control_arg *op)
{
    struct xen_sysctl_physinfo *p = &op->sysctl.u.physinfo;

    memset(p, 0, sizeof(*p));
    p->threads_per_core = p->cores_per_socket = p->nr_cpus = p->nr_nodes = 1;
    p->cpu_khz = tsc_khz;
    p->total_pages = total_pages();
    p->free_pages = free_dom_frames();
    cpu_capabilities(p->hw_cap);
    return 0;
}

static uint64_t idle_time(void)
{
    struct vcpu_runstate_info run;

    get_runstate(this_cpu.idle, &run);
    return run.time[RUNSTATE_running];
}

static long getcpuinfo(union control_arg *op)
{
    struct xen_sysctl_getcpuinfo *g = &op->sysctl.u.getcpuinfo;
    struct xen_sysctl_cpuinfo info = {.idletime = idle_time()};

    g->nr_cpus = MIN(g->max_cpus, 1);
    return g->nr_cpus ? copy_to_guest(g->info.p, &info, sizeof(info)) : 0;
}

/* One core in one socket of one node. */
static long topologyinfo(union control_arg *op)
{
    struct xen_sysctl_topologyinfo *t = &op->sysctl.u.topologyinfo;
    uint32_t *const places[] = {t->cpu_to_core.p, t->cpu_to_socket.p, t->cpu_to_node.p};
    uint32_t zero = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(places); i++)
        if (places[i] && copy_to_guest(places[i], &zero, sizeof(zero)))
            return -EFAULT;
    t->max_cpu_index = 0;
    return 0;
}

#define LOCAL_DISTANCE 10

static long numainfo(union control_arg *op)
{
    struct xen_sysctl_numainfo *n = &op->sysctl.u.numainfo;
    uint64_t size = (uint64_t)total_pages() << PAGE_SHIFT, free = (uint64_t)free_dom_frames() << PAGE_SHIFT;
    uint32_t distance = LOCAL_DISTANCE;

    if ((n->node_to_memsize.p && copy_to_guest(n->node_to_memsize.p, &size, sizeof(size))) ||
        (n->node_to_memfree.p && copy_to_guest(n->node_to_memfree.p, &free, sizeof(free))) ||
        (n->node_to_node_distance.p && copy_to_guest(n->node_to_node_distance.p, &distance, sizeof(distance))))
        return -EFAULT;
    n->max_node_index = 0;
    return 0;
}

/* The first frame whose address needs more bits than this. */
static mfn_t first_above(uint32_t bits)
{
    return bits <= PAGE_SHIFT ? 0 : bits >= 32 + PAGE_SHIFT ? max_page : MIN(1u << (bits - PAGE_SHIFT), max_page);
}

static uint32_t bits_set(uint32_t word)
{
    uint32_t n = 0;

    for (; word; word &= word - 1)
        n++;
    return n;
}

static __may_switch long availheap(union control_arg *op)
{
    struct xen_sysctl_availheap *a = &op->sysctl.u.availheap;
    mfn_t first = a->min_bitwidth ? first_above(a->min_bitwidth - 1) : 0;
    mfn_t end = a->max_bitwidth ? first_above(a->max_bitwidth) : max_page;
    uint32_t pages = 0;

    if (a->node != -1 && a->node != 0)
        end = 0;
    for (mfn_t mfn = first & ~31u; mfn < end; mfn += 32) {
        uint32_t word = free_dom_frames_from(mfn);

        if (mfn < first)
            word &= -1u << (first - mfn);
        if (end - mfn < 32)
            word &= (1u << (end - mfn)) - 1;
        pages += bits_set(word);
        if (mfn % 2048 == 0 && pause_point())
            return -ERESTART;
    }
    a->avail_bytes = (uint64_t)pages << PAGE_SHIFT;
    return 0;
}

/* --- Domains */

static long sched_id(union control_arg *op)
{
    op->sysctl.u.sched_id.sched_id = XEN_SCHEDULER_CREDIT; /* it has the same weights */
    return 0;
}

static __may_switch long getdomaininfolist(union control_arg *op)
{
    struct xen_sysctl_getdomaininfolist *l = &op->sysctl.u.getdomaininfolist;
    struct xen_domctl_getdomaininfo info;
    uint32_t domid = l->first_domain, n;
    const struct domain *d;

    for (n = 0; n < l->max_domains && (d = next_domain(domid)); n++) {
        get_domain_info(d, &info);
        if (copy_to_guest(l->buffer.p + n, &info, sizeof(info)))
            return -EFAULT;
        domid = info.domain + 1;
        if (pause_point())
            return -ERESTART;
    }
    l->num_domains = n;
    return 0;
}

/* --- Counters (int82.h), by their names here, cut to 32 bits as the interface wants */

static long perfc_op(union control_arg *op)
{
    return perfc_control(&op->sysctl.u.perfc_op);
}

/* --- The table. Commands that are not in it answer -ENOSYS. */

static const struct control_op operations[] = {
    {XEN_SYSCTL_readconsole, readconsole, ANSWERS},
    {XEN_SYSCTL_physinfo, physinfo, ANSWERS},
    {XEN_SYSCTL_sched_id, sched_id, ANSWERS},
    {XEN_SYSCTL_perfc_op, perfc_op, ANSWERS},
    {XEN_SYSCTL_getdomaininfolist, getdomaininfolist, ANSWERS},
    {XEN_SYSCTL_debug_keys, debug_keys, KEEPS_PLACE},
    {XEN_SYSCTL_getcpuinfo, getcpuinfo, ANSWERS},
    {XEN_SYSCTL_availheap, availheap, ANSWERS},
    {XEN_SYSCTL_topologyinfo, topologyinfo, ANSWERS},
    {XEN_SYSCTL_numainfo, numainfo, ANSWERS},
};

static const struct control_call call = {__HYPERVISOR_sysctl, XEN_SYSCTL_INTERFACE_VERSION, operations,
                                         ARRAY_SIZE(operations)};

long do_sysctl(xen_sysctl_t *arg)
{
    return control_call(&call, arg);
}
