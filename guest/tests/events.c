/* SPDX-License-Identifier: MIT */
/*
 * Event channels: ports and their states, sending, masks at every level, virtual interrupts, delivery of the upcall and
 * its frame, in both forms of the call. Domain 0 is alone here, so it is also the other end of each channel: what one
 * port sends shows in the bit of the other.
 */
#include "test.h"

#include <public/callback.h>

static volatile uint32_t seen[2];

static void count_first(evtchn_port_t port)
{
    (void)port;
    seen[0]++;
}

static int status_of(evtchn_port_t port, struct evtchn_status *s)
{
    memset(s, 0x5a, sizeof(*s));
    s->dom = DOMID_SELF;
    s->port = port;
    return HYPERVISOR_event_channel_op(EVTCHNOP_status, s);
}

static int bind_interdomain(domid_t dom, evtchn_port_t remote)
{
    struct evtchn_bind_interdomain bind = {.remote_dom = dom, .remote_port = remote};
    int rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &bind);

    return rc ? rc : (int)bind.local_port;
}

static int bind_vcpu(evtchn_port_t port, uint32_t vcpu)
{
    struct evtchn_bind_vcpu bind = {port, vcpu};

    return HYPERVISOR_event_channel_op(EVTCHNOP_bind_vcpu, &bind);
}

static int unmask(evtchn_port_t port)
{
    struct evtchn_unmask u = {port};

    return HYPERVISOR_event_channel_op(EVTCHNOP_unmask, &u);
}

static const uint32_t bad_ports[] = {0, 1023, 1024, 1025, 4096, 0x7fffffff, 0x80000000, 0xffffffff};

TEST(events_alloc_unbound)
{
    struct evtchn_status s;
    int a = event_alloc_unbound(DOMID_SELF, DOMID_SELF), b = event_alloc_unbound(DOMID_SELF, 0);

    CHECK(a > 0);
    CHECK(b > 0 && b != a);
    CHECK_RC(status_of(a, &s), 0);
    CHECK_EQ(s.status, EVTCHNSTAT_unbound);
    CHECK_EQ(s.u.unbound.dom, own_domid());
    CHECK_RC(event_send(a), 0); /* nobody listens */
    CHECK_RC(event_close(a), 0);
    CHECK_RC(event_close(b), 0);
    CHECK_RC(status_of(a, &s), 0);
    CHECK_EQ(s.status, EVTCHNSTAT_closed);
    CHECK_RC(event_alloc_unbound(77, DOMID_SELF), -ESRCH);
}

TEST(events_interdomain)
{
    struct evtchn_status s;
    int a = event_alloc_unbound(DOMID_SELF, DOMID_SELF), b = bind_interdomain(DOMID_SELF, a);

    CHECK(b > 0);
    CHECK_RC(status_of(b, &s), 0);
    CHECK_EQ(s.status, EVTCHNSTAT_interdomain);
    CHECK_EQ(s.u.interdomain.dom, own_domid());
    CHECK_EQ(s.u.interdomain.port, a);
    CHECK_RC(status_of(a, &s), 0);
    CHECK_EQ(s.status, EVTCHNSTAT_interdomain);
    CHECK_EQ(s.u.interdomain.port, b);
    events_clear_all();
    CHECK_RC(event_send(a), 0);
    CHECK(event_pending(b));
    CHECK(!event_pending(a));
    event_clear(b);
    CHECK_RC(event_send(b), 0);
    CHECK(event_pending(a));
    CHECK_RC(bind_interdomain(DOMID_SELF, a), -EINVAL); /* taken */
    CHECK_RC(event_close(a), 0);
    CHECK_RC(status_of(b, &s), 0); /* the other end waits for somebody else */
    CHECK_EQ(s.status, EVTCHNSTAT_unbound);
    CHECK_RC(event_close(b), 0);
    events_clear_all();
}

TEST(events_interdomain_bad)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(bad_ports); i++) {
        context("port 0x%x", bad_ports[i]);
        CHECK_RC(bind_interdomain(DOMID_SELF, bad_ports[i]), -EINVAL);
    }
    context("%s", "");
    CHECK_RC(bind_interdomain(77, 1), -ESRCH);
    CHECK_RC(bind_interdomain(DOMID_INVALID, 1), -ESRCH);
}

TEST(events_ipi)
{
    struct evtchn_status s;
    int port = event_bind_ipi(0);

    CHECK(port > 0);
    CHECK_RC(status_of(port, &s), 0);
    CHECK_EQ(s.status, EVTCHNSTAT_ipi);
    CHECK_EQ(s.vcpu, 0);
    events_clear_all();
    CHECK_RC(event_send(port), 0);
    CHECK(event_pending(port));
    CHECK_RC(bind_vcpu(port, 0), -EINVAL); /* an IPI stays on its vCPU */
    CHECK_RC(event_close(port), 0);
    CHECK_RC(event_bind_ipi(1), -ENOENT);
    CHECK_RC(event_bind_ipi(32), -ENOENT);
    CHECK_RC(event_bind_ipi(0xffffffff), -ENOENT);
    events_clear_all();
}

TEST(events_virq)
{
    struct evtchn_status s;
    int port = event_bind_virq(VIRQ_DEBUG, 0);

    CHECK(port > 0);
    CHECK_RC(status_of(port, &s), 0);
    CHECK_EQ(s.status, EVTCHNSTAT_virq);
    CHECK_EQ(s.u.virq, VIRQ_DEBUG);
    CHECK_RC(event_bind_virq(VIRQ_DEBUG, 0), -EEXIST);
    CHECK_RC(event_send(port), -EINVAL); /* only the hypervisor sends this */
    CHECK_RC(event_close(port), 0);
    port = event_bind_virq(VIRQ_DEBUG, 0);
    CHECK(port > 0);
    CHECK_RC(event_close(port), 0);
    CHECK_RC(event_bind_virq(NR_VIRQS, 0), -EINVAL);
    CHECK_RC(event_bind_virq(0xffffffff, 0), -EINVAL);
    CHECK_RC(event_bind_virq(VIRQ_DEBUG, 1), -ENOENT);
    CHECK_RC(event_bind_virq(VIRQ_DEBUG, 0xffffffff), -ENOENT);
    CHECK_RC(event_bind_virq(VIRQ_DOM_EXC, 1), -EINVAL); /* a global VIRQ starts on vCPU 0 */
}

TEST(events_virq_global)
{
    int port = event_bind_virq(VIRQ_DOM_EXC, 0);

    CHECK(port > 0);
    CHECK_RC(bind_vcpu(port, 0), 0);
    CHECK_RC(bind_vcpu(port, 1), -ENOENT);
    CHECK_RC(event_close(port), 0);
}

TEST(events_bind_vcpu)
{
    int a = event_alloc_unbound(DOMID_SELF, DOMID_SELF);

    CHECK_RC(bind_vcpu(a, 0), 0);
    CHECK_RC(bind_vcpu(a, 1), -ENOENT);
    CHECK_RC(bind_vcpu(a, 0xffffffff), -ENOENT);
    CHECK_RC(event_close(a), 0);
    CHECK_RC(bind_vcpu(a, 0), -EINVAL);
}

TEST(events_bad_ports)
{
    struct evtchn_status s;

    for (unsigned int i = 0; i < ARRAY_SIZE(bad_ports); i++) {
        uint32_t port = bad_ports[i];
        /* Port 1023 exists, but is not in use. Xen never gives out port 0, and reports it as "closed". */
        bool exists = port < 1024;

        context("port 0x%x", port);
        CHECK_RC(event_send(port), -EINVAL);
        CHECK_RC(event_close(port), -EINVAL);
        CHECK_RC(bind_vcpu(port, 0), -EINVAL);
        if (!exists) {
            CHECK_RC(status_of(port, &s), -EINVAL);
            CHECK_RC(unmask(port), -EINVAL);
        }
    }
    context("%s", "");
}

TEST(events_status_bad_domain)
{
    struct evtchn_status s = {.dom = 77, .port = 1};

    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_status, &s), -ESRCH);
}

/* The lowest free port is given out first, and a closed port is free again. There are 1023 ports. */
TEST(events_all_ports)
{
    static int ports[1024];
    unsigned int n;

    for (n = 0; n < ARRAY_SIZE(ports); n++) {
        ports[n] = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
        if (ports[n] < 0)
            break;
    }
    CHECK_RC(n < ARRAY_SIZE(ports) ? ports[n] : 0, -ENOSPC);
    CHECK(n > 1000);
    CHECK(n < 1024);
    CHECK_RC(event_close(ports[700]), 0);
    CHECK_RC(event_close(ports[70]), 0);
    CHECK_EQ(event_alloc_unbound(DOMID_SELF, DOMID_SELF), ports[70]);
    CHECK_EQ(event_alloc_unbound(DOMID_SELF, DOMID_SELF), ports[700]);
    CHECK_RC(event_alloc_unbound(DOMID_SELF, DOMID_SELF), -ENOSPC);
    while (n-- > 0)
        if (event_close(ports[n]))
            FAIL("cannot close port %d", ports[n]);
}

/* ---- Delivery */
TEST(events_send_sets_the_bits)
{
    int port = event_bind_ipi(0);

    events_clear_all();
    event_mask(port);
    CHECK_RC(event_send(port), 0);
    CHECK(event_pending(port));
    CHECK_EQ(vcpu0_info.evtchn_upcall_pending, 0); /* masked: the vCPU is not told */
    CHECK_EQ(vcpu0_info.evtchn_pending_sel, 0);
    CHECK_RC(unmask(port), 0); /* now it is told */
    CHECK_EQ(vcpu0_info.evtchn_upcall_pending, 1);
    CHECK_EQ(vcpu0_info.evtchn_pending_sel, 1u << (port / 32));
    events_clear_all();
    CHECK_RC(unmask(port), 0);
    CHECK_EQ(vcpu0_info.evtchn_upcall_pending, 0); /* nothing is pending, so unmasking alone tells the vCPU nothing */
    CHECK_RC(event_close(port), 0);
}

TEST(events_upcall)
{
    int port = event_bind_ipi(0);

    events_clear_all();
    event_set_handler(port, count_first);
    event_unmask(port);
    seen[0] = 0;
    CHECK_RC(event_send(port), 0);
    CHECK_EQ(seen[0], 0); /* upcalls are masked */
    events_enable();
    CHECK_EQ(seen[0], 1);
    CHECK_RC(event_send(port), 0);
    CHECK_EQ(seen[0], 2); /* at once, when the call returns */
    CHECK_EQ(vcpu0_info.evtchn_upcall_mask, 0);
    for (unsigned int i = 0; i < 100; i++)
        event_send(port);
    CHECK_EQ(seen[0], 102);
    events_disable();
    event_set_handler(port, NULL);
    CHECK_RC(event_close(port), 0);
}

/* The port is pending already: sending again changes nothing and delivers nothing. */
TEST(events_send_twice)
{
    int port = event_bind_ipi(0);

    events_clear_all();
    event_unmask(port);
    CHECK_RC(event_send(port), 0);
    vcpu0_info.evtchn_upcall_pending = 0;
    CHECK_RC(event_send(port), 0);
    CHECK_EQ(vcpu0_info.evtchn_upcall_pending, 0);
    events_clear_all();
    CHECK_RC(event_close(port), 0);
}

static volatile uint32_t frame_seen[8];
extern const char upcall_entry[];
/* An upcall entry of the test's own: it keeps the frame, acknowledges and unmasks. */
__asm__(".text; upcall_entry: push %eax; push %ecx; incl frame_seen;"
        "mov 8(%esp), %eax; mov %eax, frame_seen+4; mov 12(%esp), %eax; mov %eax, frame_seen+8;"
        "mov 16(%esp), %eax; mov %eax, frame_seen+12; mov shared_info, %ecx; movzbl 1(%ecx), %eax;"
        "mov %eax, frame_seen+16; movb $0, (%ecx); movl $0, 4(%ecx); movb $0, 1(%ecx); pop %ecx; pop %eax; iret");

TEST(events_upcall_frame)
{
    int port = event_bind_ipi(0);

    events_clear_all();
    event_unmask(port);
    frame_seen[0] = 0;
    CHECK_RC(HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, upcall_entry, FLAT_KERNEL_CS, failsafe_entry), 0);
    vcpu0_info.evtchn_upcall_mask = 0;
    CHECK_RC(event_send(port), 0);
    CHECK_EQ(frame_seen[0], 1);
    CHECK_EQ(frame_seen[2] & 0xffff, FLAT_KERNEL_CS);
    CHECK_EQ(frame_seen[2] >> 16, 0);       /* the mask before the upcall */
    CHECK_EQ(frame_seen[3] & 0x200, 0x200); /* IF says the same */
    CHECK_EQ(frame_seen[4], 1);             /* masked on entry */
    events_disable();
    CHECK_RC(HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, event_entry, FLAT_KERNEL_CS, failsafe_entry), 0);
    events_clear_all();
    CHECK_RC(event_close(port), 0);
}

TEST(events_callback_op)
{
    struct callback_register reg = {CALLBACKTYPE_event, 0, {FLAT_KERNEL_CS, (uint32_t)upcall_entry}};
    struct callback_unregister unreg = {CALLBACKTYPE_event, 0};
    int port = event_bind_ipi(0);
    void *p;

    events_clear_all();
    event_unmask(port);
    frame_seen[0] = 0;
    CHECK_RC(HYPERVISOR_callback_op(CALLBACKOP_register, &reg), 0);
    vcpu0_info.evtchn_upcall_mask = 0;
    CHECK_RC(event_send(port), 0);
    CHECK_EQ(frame_seen[0], 1);
    events_disable();
    reg.address.eip = (uint32_t)event_entry;
    CHECK_RC(HYPERVISOR_callback_op(CALLBACKOP_register, &reg), 0);
    reg.type = CALLBACKTYPE_failsafe;
    reg.flags = CALLBACKF_mask_events;
    reg.address.eip = (uint32_t)failsafe_entry;
    CHECK_RC(HYPERVISOR_callback_op(CALLBACKOP_register, &reg), 0);
    reg.type = 77;
    CHECK_RC(HYPERVISOR_callback_op(CALLBACKOP_register, &reg), -ENOSYS);
    CHECK_RC(HYPERVISOR_callback_op(CALLBACKOP_unregister, &unreg), -EINVAL); /* these two cannot be unregistered */
    unreg.type = CALLBACKTYPE_failsafe;
    CHECK_RC(HYPERVISOR_callback_op(CALLBACKOP_unregister, &unreg), -EINVAL);
    unreg.type = 77;
    CHECK_RC(HYPERVISOR_callback_op(CALLBACKOP_unregister, &unreg), -ENOSYS);
    CHECK_RC(HYPERVISOR_callback_op(2, &unreg), -ENOSYS);
    for
        EACH_BAD_POINTER(p, sizeof(reg))
    CHECK_RC(HYPERVISOR_callback_op(CALLBACKOP_register, p), -EFAULT);
    for
        EACH_BAD_POINTER(p, sizeof(unreg))
    CHECK_RC(HYPERVISOR_callback_op(CALLBACKOP_unregister, p), -EFAULT);
    events_clear_all();
    CHECK_RC(event_close(port), 0);
}

/* ---- The call itself */
TEST(events_bad_command)
{
    uint32_t arg[8] = {0};

    CHECK_RC(HYPERVISOR_event_channel_op(14, arg), -ENOSYS);
    CHECK_RC(HYPERVISOR_event_channel_op(0xffffffff, arg), -ENOSYS);
}

/* FIFO events do not exist here. A guest that asks properly is told so, and the question changes nothing. The answers
 * to wrong arguments are those of a Xen that has FIFO events (4.17); 4.2 does not look at the arguments. */
static int init_control(uint64_t frame, uint32_t offset, uint32_t vcpu)
{
    evtchn_init_control_t op = {.control_gfn = frame, .offset = offset, .vcpu = vcpu};

    return HYPERVISOR_event_channel_op(EVTCHNOP_init_control, &op);
}

TEST(events_fifo)
{
    int invalid = is_int82() ? -EINVAL : -ENOSYS;
    evtchn_set_priority_t priority = {.port = 0, .priority = 3};
    evtchn_expand_array_t expand;
    void *page = alloc_page();
    uint32_t mfn = virt_to_mfn(page);

    memset(page, 0x5A, PAGE_SIZE);
    CHECK_RC(init_control(mfn, 0, 0), -ENOSYS);
    CHECK_RC(init_control(mfn, PAGE_SIZE - 72, 0), -ENOSYS);
    CHECK_RC(init_control(mfn, PAGE_SIZE - 64, 0), invalid);
    CHECK_RC(init_control(mfn, 4, 0), invalid);
    CHECK_RC(init_control(mfn, 0xFFFFFFF8, 0), invalid);
    CHECK_RC(init_control(mfn, 0, 100), is_int82() ? -ENOENT : -ENOSYS);
    CHECK_RC(init_control((uint64_t)-2, 0, 0), invalid);
    CHECK_RC(init_control(mfn | 1ull << 32, 0, 0), invalid);
    CHECK_RC(init_control(HUGE_FRAME, 0, 0), invalid);
    CHECK_RC(init_control(MMIO_FRAME, 0, 0), invalid);
    CHECK_RC(init_control(foreign_frame(), 0, 0), invalid);
    memset(page, 0, PAGE_SIZE);
    CHECK_RC(page_make_readonly(page), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0), 0);
    CHECK_RC(init_control(mfn, 0, 0), invalid); /* a page table must not be written to */
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, mfn, 0), 0);
    CHECK_RC(page_make_writable(page), 0);
    CHECK_EQ(*(uint32_t *)page, 0);
    expand.array_gfn = mfn;
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_expand_array, &expand), is_int82() ? -EOPNOTSUPP : -ENOSYS);
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_set_priority, &priority), invalid);
    priority.port = 0xFFFFFFFF;
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_set_priority, &priority), invalid);
    free_page(page);
}

TEST(events_bad_pointers)
{
    static const struct {
        uint32_t cmd, size;
    } op[] = {{EVTCHNOP_alloc_unbound, sizeof(struct evtchn_alloc_unbound)},
              {EVTCHNOP_bind_interdomain, sizeof(struct evtchn_bind_interdomain)},
              {EVTCHNOP_bind_virq, sizeof(struct evtchn_bind_virq)},
              {EVTCHNOP_bind_ipi, sizeof(struct evtchn_bind_ipi)},
              {EVTCHNOP_bind_pirq, sizeof(struct evtchn_bind_pirq)},
              {EVTCHNOP_close, 4},
              {EVTCHNOP_send, 4},
              {EVTCHNOP_status, sizeof(struct evtchn_status)},
              {EVTCHNOP_bind_vcpu, sizeof(struct evtchn_bind_vcpu)},
              {EVTCHNOP_unmask, 4},
              {EVTCHNOP_reset, sizeof(struct evtchn_reset)}};
    void *p;

    for (unsigned int i = 0; i < ARRAY_SIZE(op); i++)
        for
            EACH_BAD_POINTER(p, op[i].size)
    if (HYPERVISOR_event_channel_op(op[i].cmd, p) != -EFAULT)
        FAIL("command %u: expected -EFAULT", op[i].cmd);
}

/* The answer cannot be written, so the new port must not stay. */
TEST(events_read_only_argument)
{
    struct evtchn_alloc_unbound *arg = (void *)RO_PAGE;
    int before = event_alloc_unbound(DOMID_SELF, DOMID_SELF), after;

    (void)arg;
    NEED_DOM0(); /* the argument names domain 0 */
    CHECK_RC(event_close(before), 0);
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, RO_PAGE), -EFAULT);
    after = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
    if (is_int82())
        CHECK_EQ(after, before);
    CHECK_RC(event_close(after), 0);
    if (after != before)
        CHECK_RC(event_close(before), 0);
}

TEST(events_compat_form)
{
    static struct evtchn_op op;
    int port;
    void *p;

    op.cmd = EVTCHNOP_bind_ipi;
    op.u.bind_ipi.vcpu = 0;
    CHECK_RC(HYPERVISOR_event_channel_op_compat(&op), 0);
    port = op.u.bind_ipi.port;
    CHECK(port > 0);
    events_clear_all();
    op.cmd = EVTCHNOP_send;
    op.u.send.port = port;
    CHECK_RC(HYPERVISOR_event_channel_op_compat(&op), 0);
    CHECK(event_pending(port));
    op.cmd = EVTCHNOP_close;
    op.u.close.port = port;
    CHECK_RC(HYPERVISOR_event_channel_op_compat(&op), 0);
    op.cmd = 77;
    CHECK_RC(HYPERVISOR_event_channel_op_compat(&op), -ENOSYS);
    for
        EACH_BAD_POINTER(p, sizeof(op))
    CHECK_RC(HYPERVISOR_event_channel_op_compat(p), -EFAULT);
    events_clear_all();
}

TEST(events_reset)
{
    struct evtchn_reset reset = {DOMID_SELF};
    struct evtchn_status s;
    int a, b;

    NEED_DOM0(); /* other domains would lose their console */
    a = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
    b = event_bind_ipi(0);
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_reset, &reset), 0);
    CHECK_RC(status_of(a, &s), 0);
    CHECK_EQ(s.status, EVTCHNSTAT_closed);
    CHECK_RC(status_of(b, &s), 0);
    CHECK_EQ(s.status, EVTCHNSTAT_closed);
    reset.dom = 77;
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_reset, &reset), -ESRCH);
}
