/* SPDX-License-Identifier: MIT */
/* Event channels (xen/common/events): answers, states and rights. In the program test_sched. */
#include "sched_world.h"

static struct evtchn_status st;
static struct evtchn_bind_vcpu bind_vcpu;
static struct evtchn_unmask unmask_arg;
static struct evtchn_reset reset_arg;

static void event_user(struct guest *g)
{
    struct shared_info *s = g->v->domain->shared_info;
    uint32_t a, b;

    st = (struct evtchn_status){.dom = DOMID_SELF, .port = 0};
    CHECK(event_op(g, EVTCHNOP_status, &st) == 0 && st.status == EVTCHNSTAT_closed);
    st.port = NR_EVENT_CHANNELS;
    CHECK(event_op(g, EVTCHNOP_status, &st) == -EINVAL);
    st = (struct evtchn_status){.dom = 77};
    CHECK(event_op(g, EVTCHNOP_status, &st) == -ESRCH);
    close_arg.port = 0;
    CHECK(event_op(g, EVTCHNOP_close, &close_arg) == -EINVAL);

    /* Both ends in one domain */
    alloc = (struct evtchn_alloc_unbound){.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    CHECK(event_op(g, EVTCHNOP_alloc_unbound, &alloc) == 0);
    a = alloc.port;
    CHECK(send_to(g, a) == 0 && !s->evtchn_pending[0]); /* nobody listens */
    bind = (struct evtchn_bind_interdomain){.remote_dom = DOMID_SELF, .remote_port = a};
    CHECK(event_op(g, EVTCHNOP_bind_interdomain, &bind) == 0);
    b = bind.local_port;
    CHECK(g->upcalls == 1 && g->seen[0] == 1u << b);
    CHECK(event_op(g, EVTCHNOP_bind_interdomain, &bind) == -EINVAL); /* taken */
    CHECK(send_to(g, b) == 0 && g->upcalls == 2 && g->seen[0] == (1u << a | 1u << b));
    st = (struct evtchn_status){.dom = DOMID_SELF, .port = b};
    CHECK(event_op(g, EVTCHNOP_status, &st) == 0 && st.status == EVTCHNSTAT_interdomain && st.u.interdomain.port == a &&
          st.u.interdomain.dom == 0);
    close_arg.port = b;
    CHECK(event_op(g, EVTCHNOP_close, &close_arg) == 0);
    st.port = a;
    CHECK(event_op(g, EVTCHNOP_status, &st) == 0 && st.status == EVTCHNSTAT_unbound && st.u.unbound.dom == 0);
    st.port = b;
    CHECK(event_op(g, EVTCHNOP_status, &st) == 0 && st.status == EVTCHNSTAT_closed);

    /* Masks */
    bind_ipi = (struct evtchn_bind_ipi){.vcpu = 0};
    CHECK(event_op(g, EVTCHNOP_bind_ipi, &bind_ipi) == 0);
    a = bind_ipi.port;
    s->evtchn_mask[0] |= 1u << a;
    CHECK(send_to(g, a) == 0 && g->upcalls == 2 && s->evtchn_pending[0] == 1u << a);
    unmask_arg.port = a;
    CHECK(event_op(g, EVTCHNOP_unmask, &unmask_arg) == 0 && g->upcalls == 3);
    unmask_arg.port = NR_EVENT_CHANNELS;
    CHECK(event_op(g, EVTCHNOP_unmask, &unmask_arg) == -EINVAL);
    g->v->vcpu_info->evtchn_upcall_mask = 1;
    CHECK(send_to(g, a) == 0 && g->upcalls == 3 && g->v->vcpu_info->evtchn_upcall_pending);
    CHECK(!this_cpu.work);
    CALL(g, do_sched_op(SCHEDOP_block, NULL)); /* unmasks, and an event is pending */
    CHECK(g->upcalls == 4);

    /* VIRQs */
    bind_virq = (struct evtchn_bind_virq){.virq = NR_VIRQS};
    CHECK(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == -EINVAL);
    bind_virq = (struct evtchn_bind_virq){.virq = VIRQ_CONSOLE, .vcpu = 1};
    CHECK(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == -EINVAL); /* global */
    bind_virq = (struct evtchn_bind_virq){.virq = VIRQ_DEBUG, .vcpu = 1};
    CHECK(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == -ENOENT);
    bind_virq.vcpu = 0;
    CHECK(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == 0);
    CHECK(send_to(g, bind_virq.port) == -EINVAL);
    CHECK(event_op(g, EVTCHNOP_bind_virq, &bind_virq) == -EEXIST);
    bind_vcpu = (struct evtchn_bind_vcpu){.port = bind_virq.port, .vcpu = 0};
    CHECK(event_op(g, EVTCHNOP_bind_vcpu, &bind_vcpu) == -EINVAL); /* per vCPU */
    bind_vcpu.vcpu = 7;
    CHECK(event_op(g, EVTCHNOP_bind_vcpu, &bind_vcpu) == -ENOENT);

    /* All ports, then none */
    reset_arg.dom = DOMID_SELF;
    CHECK(event_op(g, EVTCHNOP_reset, &reset_arg) == 0);
    CHECK(!g->v->virq_to_port[VIRQ_DEBUG]);
    for (unsigned int i = 1; i < NR_EVENT_CHANNELS; i++)
        CHECK(event_op(g, EVTCHNOP_bind_ipi, &bind_ipi) == 0 && bind_ipi.port == i);
    CHECK(event_op(g, EVTCHNOP_bind_ipi, &bind_ipi) == -ENOSPC);
    CHECK(send_to(g, NR_EVENT_CHANNELS - 1) == 0);
    CHECK(g->seen[31] == 1u << 31);
    CHECK(send_to(g, NR_EVENT_CHANNELS) == -EINVAL);
    for (unsigned int i = 64; i < NR_EVENT_CHANNELS; i += 63) { /* each is found again when it is the only free one */
        close_arg.port = i;
        CHECK(event_op(g, EVTCHNOP_close, &close_arg) == 0);
        CHECK(event_op(g, EVTCHNOP_close, &close_arg) == -EINVAL);
        CHECK(event_op(g, EVTCHNOP_bind_ipi, &bind_ipi) == 0 && bind_ipi.port == i);
        CHECK(event_op(g, EVTCHNOP_bind_ipi, &bind_ipi) == -ENOSPC);
    }
    CHECK(event_op(g, EVTCHNOP_send, (void *)0xF57FFFFD) == -EFAULT);
    CHECK(event_op(g, 99, NULL) == -ENOSYS);
    CHECK(event_op(g, EVTCHNOP_reset, &reset_arg) == 0);
    step_reached = 1;
}

void test_events(void)
{
    step_reached = 0;
    add_domain(0, event_user);
    simulate(MS(1000));
    CHECK(step_reached == 1);
}

/* A domain that is not privileged may not name others, and may not name itself by number. */
static void humble(struct guest *g)
{
    alloc = (struct evtchn_alloc_unbound){.dom = 0, .remote_dom = DOMID_SELF};
    CHECK(event_op(g, EVTCHNOP_alloc_unbound, &alloc) == -EPERM);
    alloc.dom = 3;
    CHECK(event_op(g, EVTCHNOP_alloc_unbound, &alloc) == -EPERM);
    alloc.dom = DOMID_SELF;
    CHECK(event_op(g, EVTCHNOP_alloc_unbound, &alloc) == 0);
    bind = (struct evtchn_bind_interdomain){.remote_dom = 0, .remote_port = ports[0]};
    CHECK(event_op(g, EVTCHNOP_bind_interdomain, &bind) == -EINVAL); /* meant for domain 2 */
    step_reached = 1;
}

static void allocator(struct guest *g)
{
    alloc = (struct evtchn_alloc_unbound){.dom = 0, .remote_dom = 2};
    CHECK(event_op(g, EVTCHNOP_alloc_unbound, &alloc) == 0);
    ports[0] = alloc.port;
}

void test_rights(void)
{
    step_reached = 0;
    add_domain(0, allocator);
    add_domain(3, humble); /* domain 1 may still be dying, from the test before */
    simulate(MS(1000));
    CHECK(step_reached == 1);
}
