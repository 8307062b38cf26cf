/* SPDX-License-Identifier: MIT */
/* Event channels: the two-level bitmaps in the shared info page. */
#include <guest/events.h>
#include <guest/hypercall.h>
#include <guest/string.h>

static event_handler_t handlers[NR_EVENT_CHANNELS];
static volatile uint32_t upcalls;

void event_dispatch(void);

static inline uint32_t exchange(uint32_t *p, uint32_t value)
{
    __asm__ volatile("xchg %0, %1" : "+r"(value), "+m"(*p) : : "memory");
    return value;
}

static inline void clear_bit(uint32_t bit, uint32_t *words)
{
    __asm__ volatile("lock btr %1, %0" : "+m"(words[bit / 32]) : "r"(bit % 32) : "memory", "cc");
}

static inline void set_bit(uint32_t bit, uint32_t *words)
{
    __asm__ volatile("lock bts %1, %0" : "+m"(words[bit / 32]) : "r"(bit % 32) : "memory", "cc");
}

void events_init(void)
{
    HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, event_entry, FLAT_KERNEL_CS, failsafe_entry);
    memset(shared_info->evtchn_mask, 0xff, sizeof(shared_info->evtchn_mask));
}

void event_dispatch(void)
{
    volatile struct vcpu_info *info = &vcpu0_info;
    uint32_t selector, word, bits, port;

    upcalls++;
    info->evtchn_upcall_pending = 0;
    selector = exchange(&vcpu0_info.evtchn_pending_sel, 0);
    for (; selector; selector &= selector - 1) {
        word = __builtin_ctz(selector);
        bits = shared_info->evtchn_pending[word] & ~shared_info->evtchn_mask[word];
        for (; bits; bits &= bits - 1) {
            port = word * 32 + __builtin_ctz(bits);
            event_clear(port);
            if (handlers[port])
                handlers[port](port);
        }
    }
}

void events_enable(void)
{
    volatile struct vcpu_info *info = &vcpu0_info;

    info->evtchn_upcall_mask = 0;
    barrier();
    if (info->evtchn_upcall_pending)
        HYPERVISOR_xen_version(0, 0); /* any hypercall delivers what came while the mask was set */
}

bool events_disable(void)
{
    volatile struct vcpu_info *info = &vcpu0_info;
    bool enabled = !info->evtchn_upcall_mask;

    info->evtchn_upcall_mask = 1;
    barrier();
    return enabled;
}

void event_set_handler(evtchn_port_t port, event_handler_t handler)
{
    handlers[port] = handler;
}

uint32_t upcall_count(void)
{
    return upcalls;
}

int event_bind_ipi(uint32_t vcpu)
{
    struct evtchn_bind_ipi bind = {.vcpu = vcpu};
    int err = HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &bind);

    return err ? err : (int)bind.port;
}

int event_bind_virq(uint32_t virq, uint32_t vcpu)
{
    struct evtchn_bind_virq bind = {.virq = virq, .vcpu = vcpu};
    int err = HYPERVISOR_event_channel_op(EVTCHNOP_bind_virq, &bind);

    return err ? err : (int)bind.port;
}

int event_alloc_unbound(domid_t dom, domid_t remote)
{
    struct evtchn_alloc_unbound alloc = {.dom = dom, .remote_dom = remote};
    int err = HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &alloc);

    return err ? err : (int)alloc.port;
}

int event_close(evtchn_port_t port)
{
    struct evtchn_close close = {port};

    return HYPERVISOR_event_channel_op(EVTCHNOP_close, &close);
}

int event_send(evtchn_port_t port)
{
    struct evtchn_send send = {port};

    return HYPERVISOR_event_channel_op(EVTCHNOP_send, &send);
}

domid_t own_domid(void)
{
    static domid_t domid = DOMID_SELF;
    struct evtchn_status status = {.dom = DOMID_SELF};

    if (domid != DOMID_SELF)
        return domid;
    status.port = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
    if (HYPERVISOR_event_channel_op(EVTCHNOP_status, &status) || status.status != EVTCHNSTAT_unbound)
        guest_panic("which domain is this?");
    event_close(status.port);
    domid = status.u.unbound.dom;
    return domid;
}

bool event_pending(evtchn_port_t port)
{
    return ((volatile uint32_t *)shared_info->evtchn_pending)[port / 32] >> (port % 32) & 1;
}

void event_clear(evtchn_port_t port)
{
    clear_bit(port, shared_info->evtchn_pending);
}

void event_mask(evtchn_port_t port)
{
    set_bit(port, shared_info->evtchn_mask);
}

void event_unmask(evtchn_port_t port)
{
    struct evtchn_unmask unmask = {port};

    HYPERVISOR_event_channel_op(EVTCHNOP_unmask, &unmask);
}

void events_clear_all(void)
{
    volatile struct vcpu_info *info = &vcpu0_info;

    info->evtchn_upcall_pending = 0;
    info->evtchn_pending_sel = 0;
    memset(shared_info->evtchn_pending, 0, sizeof(shared_info->evtchn_pending));
}
