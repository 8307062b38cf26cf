/* SPDX-License-Identifier: MIT */
/* Operations that are suspended, and who waits for whom: xen/operation.h. */
#include "sched_world.h"

/* An operation of 50 ms on d's memory. steps: how far it has come. */
static void operate(struct domain *d, unsigned int *steps)
{
    CHECK(begin_operation(d) == 0);
    for (unsigned int i = 0; i < 100; i++) {
        now += US(500);
        preempt_point();
        CHECK(!d->memory_holder || d->memory_holder == current);
        ++*steps;
    }
    end_operation();
}

static unsigned int steps, other_steps;
#define ALL_STEPS 100

static void operator(struct guest *g)
{
    guest_run(g, MS(1));
    operate(g->v->domain, &steps);
    way_out(g);
    step_reached = 2;
    compute(g);
}

/* A pause stops an operation where it is. Whoever needs the memory runs it to its end, and no further. */
static void pauser(struct guest *g)
{
    struct vcpu *other = guests[1].v;
    uint64_t before;

    while (!other->operation.suspended)
        guest_run(g, MS(1));
    vcpu_pause(other);
    CHECK(steps < ALL_STEPS);
    other_steps = steps;
    guest_run(g, MS(500));
    CHECK(steps == other_steps && other->operation.suspended && !other->queued);
    before = now;
    CHECK(begin_operation(other->domain) == 0);
    CHECK(steps == ALL_STEPS && !other->operation.suspended && now - before < MS(60));
    end_operation();
    CHECK(stop_at_exit(other) == 0);
    CHECK(other->frame && step_reached == 0);
    vcpu_unpause(other);
    guest_run(g, MS(100));
    CHECK(step_reached == 2);
    step_reached = 3;
}

void test_pause(void)
{
    step_reached = steps = 0;
    add_domain(0, pauser);
    add_domain(1, operator);
    simulate(MS(2000));
    CHECK(step_reached == 3);
}

/* A vCPU does not run while its sibling is in the middle of an operation. Even so, it gets no less time in total than a
 * vCPU of another domain. */
static void sibling(struct guest *g)
{
    for (;;) {
        CHECK(!g->v->domain->memory_holder);
        guest_run(g, US(100));
    }
}

static void many_operations(struct guest *g)
{
    for (;;) {
        operate(g->v->domain, &steps);
        way_out(g);
    }
}

void test_exclusion(void)
{
    uint64_t begun = now, taken;

    step_reached = steps = 0;
    add_domain(0, compute);
    add_domain(1, many_operations);
    add_vcpu(guests[1].v->domain, 1, sibling);
    simulate(MS(3000));
    taken = now - begun;
    CHECK(steps >= 15 * ALL_STEPS);
    CHECK(guests[2].ran > taken / 12);                  /* its turns finish operations, then are its own */
    CHECK(about(guests[0].ran, taken / 3, taken / 20)); /* three vCPUs that always want to run */
}

/* Now and then this changes the phase in which the operations meet domain 0's turns. */
static void many_with_pauses(struct guest *g)
{
    for (unsigned int i = 0;; i++) {
        operate(g->v->domain, &steps);
        way_out(g);
        if (i % 4 == 3)
            guest_run(g, MS(7));
    }
}

/* Any vCPU of a domain may be in the middle of an operation when its slice ends. Whoever waits for the memory, or for
 * one of these vCPUs, waits for the end of that one operation, and not for the next one that a sibling begins. */
static void patient(struct guest *g)
{
    struct domain *d = guests[1].v->domain;

    for (unsigned int i = 0; i < 40; i++) {
        struct vcpu *v = guests[1 + i % 3].v;
        uint64_t begun;

        guest_run(g, US(20000 + i * 7919 % 23000));
        begun = now;
        if (i & 4) {
            vcpu_pause(v);
            CHECK(stop_at_exit(v) == 0);
            vcpu_unpause(v);
        } else {
            CHECK(begin_operation(d) == 0);
            end_operation();
        }
        way_out(g);
        CHECK(now - begun < MS(120));
    }
    step_reached = 1;
}

void test_patience(void)
{
    step_reached = steps = 0;
    add_domain(0, patient);
    add_domain(1, many_with_pauses);
    add_vcpu(guests[1].v->domain, 1, many_with_pauses);
    add_vcpu(guests[1].v->domain, 2, many_operations);
    simulate(MS(20000));
    CHECK(step_reached == 1);
}

/* A vCPU is taken down by a sibling in the middle of an operation. The sibling's turns then finish the operation. */
static void downer(struct guest *g)
{
    struct vcpu *other = guests[1].v;

    while (!other->operation.suspended)
        guest_run(g, MS(1));
    other->state = VCPU_OFFLINE;
    vcpu_sleep(other);
    guest_run(g, MS(200));
    CHECK(steps == ALL_STEPS && other->frame && step_reached == 0);
    CHECK(guests[2].ran > MS(50));
    step_reached = 1;
}

void test_taken_down(void)
{
    step_reached = steps = 0;
    add_domain(0, downer);
    add_domain(1, operator);
    add_vcpu(guests[1].v->domain, 1, compute);
    simulate(MS(2000));
    CHECK(step_reached == 1);
}

/* Two domains, each in the middle of an operation on the other. Neither waits for ever, and none runs in its own domain
 * before its operation ends. */
static void on_another(struct guest *g)
{
    struct domain *d = guests[g == &guests[0]].v->domain;

    for (unsigned int i = 0; i < 10; i++) {
        operate(d, g == &guests[0] ? &steps : &other_steps);
        CHECK(!g->v->domain->memory_holder);
        way_out(g);
        guest_run(g, US(700));
    }
    step_reached++;
}

void test_each_other(void)
{
    step_reached = steps = other_steps = 0;
    add_domain(0, on_another);
    add_domain(1, on_another);
    simulate(MS(3000));
    CHECK(step_reached == 2 && steps == 10 * ALL_STEPS && other_steps == 10 * ALL_STEPS);
}

/* A call of many steps makes way for whoever wants its vCPU, and so does a call that waits for a lock. */
static struct vcpu *lock_holder;

static void stepper(struct guest *g)
{
    while (!pause_point()) {
        now += US(100);
        steps++;
    }
    way_out(g);
    step_reached |= 1;
    compute(g);
}

static void waiter(struct guest *g)
{
    CHECK(wait_for_holder(&lock_holder) == -ERESTART);
    way_out(g);
    step_reached |= 2;
    compute(g);
}

static void stopper(struct guest *g)
{
    lock_holder = guests[1].v;
    guest_run(g, MS(100));
    for (unsigned int i = 1; i < 3; i++) {
        struct vcpu *v = guests[i].v;

        CHECK(!v->frame);
        vcpu_pause(v);
        CHECK(stop_at_exit(v) == 0 && v->frame);
    }
    CHECK(step_reached == 0);
    for (unsigned int i = 1; i < 3; i++)
        vcpu_unpause(guests[i].v);
    guest_run(g, MS(100));
    CHECK(step_reached == 3);
    step_reached = 4;
}

void test_making_way(void)
{
    step_reached = steps = 0;
    add_domain(0, stopper);
    add_domain(1, stepper);
    add_domain(2, waiter);
    simulate(MS(2000));
    CHECK(step_reached == 4);
}

/* A vCPU that is blocked in a call leaves the call still blocked, and an event wakes it there. */
static void blocker(struct guest *g)
{
    CALL(g, do_sched_op(SCHEDOP_block, NULL));
    step_reached = 1;
}

static void block_stopper(struct guest *g)
{
    struct vcpu *v = guests[1].v;

    guest_run(g, MS(50));
    CHECK(v->state == VCPU_BLOCKED && !v->frame);
    vcpu_pause(v);
    CHECK(stop_at_exit(v) == 0 && v->frame && v->state == VCPU_BLOCKED);
    vcpu_unpause(v);
    guest_run(g, MS(50));
    CHECK(step_reached == 0);
    vcpu_unblock(v);
    guest_run(g, MS(50));
    CHECK(step_reached == 1);
    step_reached = 2;
}

void test_blocked(void)
{
    step_reached = 0;
    add_domain(0, block_stopper);
    add_domain(1, blocker);
    simulate(MS(2000));
    CHECK(step_reached == 2);
}
