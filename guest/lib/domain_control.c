/* SPDX-License-Identifier: MIT */
/*
 * What domain 0 does with other domains (guest/domain_builder.h): the control calls, mapping their frames here, their
 * events, their console, and their end. How a domain is built is in domain_builder.c.
 */
#include <guest/console.h>
#include <guest/domain_builder.h>
#include <guest/events.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <guest/string.h>
#include <public/io/console.h>
#include <public/sched.h>

#define FOREIGN_VA MM_SCRATCH_END /* an L1 table of its own stands there */

/* ---- The two control calls */
int domctl(struct xen_domctl *op)
{
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    return HYPERVISOR_domctl(op);
}

int sysctl(struct xen_sysctl *op)
{
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return HYPERVISOR_sysctl(op);
}

uint64_t machine_free_pages(void)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo};

    return sysctl(&op) ? ~0ull : op.u.physinfo.free_pages;
}

static int simple_domctl(uint32_t cmd, domid_t domid)
{
    struct xen_domctl op = {.cmd = cmd, .domain = domid};

    return domctl(&op);
}

int domain_pause(const struct guest_domain *d)
{
    return simple_domctl(XEN_DOMCTL_pausedomain, d->domid);
}

int domain_unpause(const struct guest_domain *d)
{
    return simple_domctl(XEN_DOMCTL_unpausedomain, d->domid);
}

int domain_info(domid_t domid, struct xen_domctl_getdomaininfo *info)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_getdomaininfo, .domain = domid};
    int err = domctl(&op);

    if (err)
        return err;
    *info = op.u.getdomaininfo;
    return op.domain == domid ? 0 : -ESRCH; /* for a domain that does not exist, the answer is about the next one */
}

/* ---- Time */
uint64_t guest_time(void)
{
    const volatile struct vcpu_time_info *t = &vcpu0_info.time;
    uint32_t version, mul;
    uint64_t delta, at;
    int shift;

    do {
        version = t->version;
        barrier();
        at = t->system_time;
        mul = t->tsc_to_system_mul;
        shift = t->tsc_shift;
        delta = rdtsc() - t->tsc_timestamp;
        barrier();
    } while (version & 1 || version != t->version);
    delta = shift >= 0 ? delta << shift : delta >> -shift;
    return at + ((delta & 0xFFFFFFFF) * mul >> 32) + (delta >> 32) * mul;
}

static void sleep_until(uint64_t time)
{
    struct sched_poll poll = {.timeout = time};

    HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
}

/* ---- Foreign frames */
static uint32_t foreign_used[FOREIGN_PAGES / 32];

void *foreign_map(domid_t domid, uint32_t mfn, bool writable)
{
    mmu_update_t req;
    char *va;
    uint32_t i;

    if (!mm_l1_entry((void *)FOREIGN_VA) && mm_map_l1((void *)FOREIGN_VA, alloc_page()))
        return NULL;
    for (i = 0; i < FOREIGN_PAGES && foreign_used[i / 32] >> i % 32 & 1; i++)
        ;
    if (i == FOREIGN_PAGES)
        return NULL;
    va = (char *)FOREIGN_VA + i * PAGE_SIZE;
    req.ptr = pte_maddr(mm_l1_entry(va));
    req.val = make_pte(mfn, writable ? PTE_KERNEL_RW : PTE_KERNEL_RO);
    if (HYPERVISOR_mmu_update_dom(&req, 1, NULL, (uint32_t)domid))
        return NULL;
    foreign_used[i / 32] |= 1u << i % 32;
    return va;
}

void foreign_unmap(void *va)
{
    uint32_t i = ((uint32_t)va - FOREIGN_VA) / PAGE_SIZE;

    if (update_va(va, 0, UVMF_INVLPG))
        guest_panic("cannot unmap a foreign page");
    foreign_used[i / 32] &= ~(1u << i % 32);
}

int domain_write(const struct guest_domain *d, uint32_t va, const void *from, uint32_t size)
{
    while (size) {
        uint32_t offset = va & (PAGE_SIZE - 1), part = PAGE_SIZE - offset, pfn = (va - d->virt_base) >> PAGE_SHIFT;
        char *to;

        if (pfn >= d->nr_pages)
            return -ENOMEM;
        part = part < size ? part : size;
        to = foreign_map(d->domid, d->mfns[pfn], true);
        if (!to)
            return -EFAULT;
        if (from) {
            memcpy(to + offset, from, part);
            from = (const char *)from + part;
        } else
            memset(to + offset, 0, part);
        foreign_unmap(to);
        va += part;
        size -= part;
    }
    return 0;
}

/* ---- Events */
int event_bind_interdomain(domid_t remote, evtchn_port_t remote_port)
{
    struct evtchn_bind_interdomain bind = {.remote_dom = remote, .remote_port = remote_port};
    int err = HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &bind);

    return err ? err : (int)bind.local_port;
}

/* ---- Its end */
/* On Xen some of the domain goes only after the call has returned. */
static int wait_until_gone(domid_t domid)
{
    uint64_t end = guest_time() + 1000000000;
    struct xen_domctl_getdomaininfo info;

    while (domain_info(domid, &info) != -ESRCH) {
        if (guest_time() > end)
            return -EBUSY;
        sleep_until(guest_time() + 1000000);
    }
    return 0;
}

int domain_destroy(domid_t domid)
{
    int err;

    do
        err = simple_domctl(XEN_DOMCTL_destroydomain, domid);
    while (err == -EAGAIN);
    return err ? err : wait_until_gone(domid);
}

/* ---- Its console */
uint32_t domain_console_read(struct guest_domain *d, char *buf, uint32_t size)
{
    struct xencons_interface *ring = d->ring;
    uint32_t cons = ring->out_cons, prod = *(volatile XENCONS_RING_IDX *)&ring->out_prod, n = 0;

    barrier();
    if (prod - cons > sizeof(ring->out)) /* whatever it does to the ring, it harms only itself */
        cons = prod - sizeof(ring->out);
    for (; cons != prod && n + 1 < size; cons++)
        buf[n++] = ring->out[MASK_XENCONS_IDX(cons, ring->out)];
    if (size)
        buf[n] = 0;
    barrier();
    if (cons != ring->out_cons) {
        ring->out_cons = cons;
        event_send(d->our_console_port);
    }
    return n;
}

uint32_t domain_console(struct guest_domain *d)
{
    uint32_t total = 0, n;
    char text[128];

    while ((n = domain_console_read(d, text, sizeof(text)))) {
        printf("%s", text);
        total += n;
    }
    return total;
}

int domain_wait(struct guest_domain *d, uint64_t ns)
{
    uint64_t end = guest_time() + ns;
    struct xen_domctl_getdomaininfo info;

    for (;;) {
        int err = domain_info(d->domid, &info);

        domain_console(d);
        if (err)
            return err;
        if (info.flags & XEN_DOMINF_shutdown)
            return info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
        if (guest_time() > end)
            return -ETIME;
        sleep_until(guest_time() + 1000000);
    }
}
