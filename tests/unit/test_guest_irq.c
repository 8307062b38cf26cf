/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts of domains (xen/arch/x86/domain/pirq.c, guest_irq.c) on simulated lines. A level line interrupts
 * as long as it is held and not masked, so one that nobody masks would never end here; an edge does once, and is lost
 * while it is masked. So each test sees both what is told and what is lost.
 */
#include "guest_irq_machine.h"

/* --- Tests */

static void edges_are_told_each(void)
{
    CHECK_EQ(map_to(0, EDGE, EDGE), EDGE);
    CHECK_EQ(bind(0, EDGE, 1, false), 0);
    for (unsigned int i = 1; i <= 5; i++) {
        interrupt(EDGE);
        CHECK_EQ(told[0][1], i);
    }
    CHECK_EQ(lost, 0);
    CHECK_EQ(bind(0, EDGE, 2, false), -EEXIST);
    close_port(0, 1);
    interrupt(EDGE);
    CHECK_EQ(told[0][1], 5);
    CHECK(lines[EDGE].masked);
}

static void level_waits_for_its_end(void)
{
    CHECK_EQ(map_to(0, LEVEL, LEVEL), LEVEL);
    CHECK_EQ(bind(0, LEVEL, 1, false), 0);
    hold(LEVEL, true);
    CHECK_EQ(told[0][1], 1);
    CHECK_EQ(pirq_end(dom0, LEVEL), 0); /* the device still holds it */
    CHECK_EQ(told[0][1], 2);
    hold(LEVEL, false);
    CHECK_EQ(pirq_end(dom0, LEVEL), 0);
    CHECK_EQ(told[0][1], 2);
    CHECK_EQ(pirq_end(dom0, LEVEL), 0); /* once too often */
    hold(LEVEL, true);
    CHECK_EQ(told[0][1], 3);
}

/* Each who was told has to end it, or to let go of it. */
static void level_waits_for_all_sharers(void)
{
    CHECK_EQ(map_to(0, LEVEL, LEVEL), LEVEL);
    CHECK_EQ(map_to(1, LEVEL, 18), 18);
    CHECK_EQ(bind(0, LEVEL, 1, true), 0);
    CHECK_EQ(bind(1, 18, 2, false), -EBUSY);
    CHECK_EQ(bind(1, 18, 2, true), 0);
    CHECK(pirq_is_shared(dom0, LEVEL));
    hold(LEVEL, true);
    CHECK_EQ(told[0][1] * 10 + told[1][2], 11);
    hold(LEVEL, false);
    CHECK_EQ(pirq_end(dom0, LEVEL), 0);
    CHECK(lines[LEVEL].masked);
    CHECK_EQ(pirq_end(dom0, LEVEL), 0); /* for itself only */
    CHECK(lines[LEVEL].masked);
    CHECK_EQ(pirq_end(&domains[1], 18), 0);
    CHECK(!lines[LEVEL].masked);
    hold(LEVEL, true);
    CHECK_EQ(pirq_end(dom0, LEVEL), 0);
    close_port(1, 2); /* it never will */
    CHECK_EQ(told[0][1], 3);
    close_port(0, 1);
    CHECK(lines[LEVEL].masked && !lines[LEVEL].handler);
    CHECK_EQ(bind(0, LEVEL, 1, false), 0); /* still held: it comes to the next who binds it */
    CHECK_EQ(told[0][1], 4);
}

static void one_that_does_not_share(void)
{
    CHECK_EQ(map_to(0, LEVEL, LEVEL), LEVEL);
    CHECK_EQ(map_to(1, LEVEL, 18), 18);
    CHECK_EQ(bind(0, LEVEL, 1, false), 0);
    CHECK_EQ(bind(1, 18, 2, true), -EBUSY);
    close_port(0, 1);
    CHECK_EQ(bind(1, 18, 2, true), 0);
}

static void the_hypervisors_is_nobodys(void)
{
    CHECK_EQ(map_to(0, TIMER, TIMER), TIMER);
    CHECK_EQ(bind(0, TIMER, 1, true), -EBUSY);
    CHECK(lines[TIMER].handler == ignore && find_pirq(dom0, TIMER)->port == 0);
}

/* ACPI's word about a line is heard only while nobody has it: not for the hypervisor's own, nor for one that is bound.
 */
static void lines_in_use_stay_as_they_are(void)
{
    struct physdev_setup_gsi op = {.gsi = TIMER, .triggering = 1};

    CHECK_EQ(pirq_setup_gsi(&op), -EEXIST);
    CHECK(!lines[TIMER].level);
    op.gsi = EDGE;
    CHECK_EQ(pirq_setup_gsi(&op), 0);
    CHECK(lines[EDGE].level);
    op.triggering = 0;
    CHECK_EQ(map_to(0, EDGE, EDGE), EDGE);
    CHECK_EQ(bind(0, EDGE, 1, false), 0);
    CHECK_EQ(pirq_setup_gsi(&op), -EEXIST);
    CHECK(lines[EDGE].level);
    close_port(0, 1);
    CHECK_EQ(pirq_setup_gsi(&op), 0);
    CHECK(!lines[EDGE].level);
}

static void numbers_and_rights(void)
{
    struct physdev_map_pirq op = {.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = GSIS, .pirq = -1};
    struct physdev_unmap_pirq none = {.domid = DOMID_SELF, .pirq = 9};

    CHECK_EQ(nr_pirqs(dom0), GSIS + 256);
    CHECK_EQ(pirq_may_bind(dom0, 5), -EPERM);
    CHECK_EQ(pirq_may_bind(&domains[1], 5), -EPERM);
    CHECK_EQ(pirq_may_bind(dom0, nr_pirqs(dom0)), -EINVAL);
    CHECK_EQ(pirq_may_bind(dom0, 0xFFFFFFFF), -EINVAL);
    CHECK_EQ(pirq_map(&op), -EINVAL);
    op.index = -1;
    CHECK_EQ(pirq_map(&op), -EINVAL);
    CHECK_EQ(map_to(0, 0, -1), -EPERM); /* that of the old timer is nobody's */
    CHECK_EQ(map_to(0, 9, 9), 9);
    CHECK_EQ(map_to(0, 9, -1), 9);
    CHECK_EQ(map_to(0, 9, 9), 9);
    CHECK_EQ(map_to(0, 9, 10), -EEXIST);
    CHECK_EQ(map_to(0, 10, 9), -EINVAL);
    CHECK_EQ(map_to(0, 10, nr_pirqs(dom0)), -EINVAL);
    CHECK_EQ(map_to(3 + 1, 10, -1), -ESRCH);
    op.type = MAP_PIRQ_TYPE_MULTI_MSI;
    CHECK_EQ(pirq_map(&op), -EINVAL);
    this_cpu.domain = &domains[1];
    CHECK_EQ(map_to(1, 10, -1), -EPERM);
    CHECK_EQ(pirq_unmap(&none), -EPERM);
    CHECK_EQ(pirq_setup_gsi(&(struct physdev_setup_gsi){.gsi = 10}), -EPERM);
    this_cpu.domain = dom0;
    CHECK_EQ(pirq_unmap(&none), 0);
    CHECK_EQ(pirq_unmap(&none), -EINVAL);
    none.pirq = -5;
    CHECK_EQ(pirq_unmap(&none), -EINVAL);
    CHECK_EQ(pirq_end(dom0, 9), -EINVAL);
    CHECK_EQ(pirq_end(dom0, 0xFFFFFFFF), -EINVAL);
}

/* What domain 0 gives away, and takes back. */
static void permission_of_another(void)
{
    CHECK_EQ(map_to(0, EDGE, EDGE), EDGE);
    CHECK_EQ(map_to(1, EDGE, EDGE), EDGE);
    CHECK_EQ(pirq_permission(&domains[1], EDGE, false), 0);
    CHECK_EQ(bind(1, EDGE, 1, false), -EPERM);
    CHECK_EQ(pirq_permission(&domains[1], EDGE, true), 0);
    CHECK_EQ(bind(1, EDGE, 1, false), 0);
    CHECK_EQ(pirq_permission(&domains[1], 6, true), 0); /* a GSI need not be mapped */
    CHECK_EQ(pirq_permission(&domains[1], 0, true), -EPERM);
    CHECK_EQ(pirq_permission(&domains[1], GSIS + 1, true), -EPERM);
    this_cpu.domain = &domains[2];
    CHECK_EQ(pirq_permission(&domains[1], 6, true), -EPERM);
    this_cpu.domain = dom0;
    CHECK_EQ(pirq_permission(&domains[1], 5000, true), -EINVAL);
}

static void messages_come_and_go(void)
{
    struct physdev_map_pirq op = {.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_MSI, .index = -1, .pirq = -1};
    struct physdev_unmap_pirq gone = {.domid = DOMID_SELF};

    CHECK_EQ(pirq_map(&op), 0);
    gone.pirq = op.pirq;
    CHECK_EQ(op.pirq, (int)nr_pirqs(dom0) - 1);
    CHECK_EQ(bind(0, op.pirq, 3, false), 0);
    interrupt(GSIS);
    interrupt(GSIS);
    CHECK_EQ(told[0][3], 2);
    op.entry_nr = 1, op.pirq = gone.pirq;
    CHECK_EQ(pirq_map(&op), -EINVAL); /* that number is taken: nothing is left of the message */
    CHECK_EQ(messages, 1);
    op.entry_nr = 2, op.pirq = -1;
    CHECK_EQ(pirq_map(&op), -ENOSPC);
    op.entry_nr = 1, op.index = GSIS;
    CHECK_EQ(pirq_map(&op), -EINVAL);
    CHECK_EQ(pirq_unmap(&gone), 0); /* while it is bound */
    CHECK_EQ(messages, 0);
    interrupt(GSIS);
    CHECK_EQ(told[0][3], 2);
    close_port(0, 3);
    CHECK_EQ(pirq_may_bind(dom0, gone.pirq), -EPERM);
}

/* An MSI ends with the number that it was mapped to. Nobody else can be left with what has ended, and may be another
 * device's by then. */
static void messages_are_one_domains(void)
{
    struct physdev_map_pirq op = {.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_MSI, .index = -1, .pirq = 20};

    CHECK_EQ(pirq_map(&op), 0);
    CHECK_EQ(map_to(1, 20, -1), -EINVAL); /* by domain 0's number, which is one of a GSI's */
    CHECK_EQ(map_to(1, 20, 20), -EINVAL);
    domains[1].is_dying = true;
    pirqs_relinquish(&domains[1]);
    CHECK_EQ(messages, 1);
    CHECK_EQ(bind(0, 20, 3, true), 0);
    interrupt(GSIS);
    CHECK_EQ(told[0][3], 1);
}

static void numbers_given_out(void)
{
    struct physdev_get_free_pirq op = {.type = MAP_PIRQ_TYPE_MSI};
    uint32_t first;

    CHECK_EQ(pirq_get_free(&op), 0);
    first = op.pirq;
    CHECK_EQ(pirq_get_free(&op), 0);
    CHECK(op.pirq != first);
    for (unsigned int i = 2; i < 256; i++)
        CHECK_EQ(pirq_get_free(&op), 0);
    CHECK_EQ(pirq_get_free(&op), -ENOSPC);
    op.type = MAP_PIRQ_TYPE_GSI;
    CHECK_EQ(pirq_get_free(&op), 0);
    CHECK(op.pirq >= 16 && op.pirq < GSIS);
    op.type = 9;
    CHECK_EQ(pirq_get_free(&op), -EINVAL);
}

static void page_of_needed_ends(void)
{
    CHECK_EQ(map_to(0, LEVEL, LEVEL), LEVEL);
    CHECK_EQ(map_to(0, EDGE, EDGE), EDGE);
    CHECK_EQ(bind(0, LEVEL, 1, false), 0);
    dom0->arch.pirq_eoi_frame = EOI_PAGE;
    eoi_page[0] = 1u << EDGE; /* the guest may have written anything */
    pirqs_need_end(dom0);
    CHECK_EQ(eoi_page[0], 1u << LEVEL | 1u << EDGE);
    CHECK_EQ(bind(0, EDGE, 2, false), 0);
    CHECK_EQ(eoi_page[0], 1u << LEVEL);
    close_port(0, 1);
    CHECK_EQ(eoi_page[0], 0);
    dom0->arch.pirq_eoi_frame = INVALID_MFN;
}

/* The first form of the page lets an end unmask the event channel. The oldest form ends what is not masked. */
static void ends_of_older_kernels(void)
{
    CHECK_EQ(map_to(0, LEVEL, LEVEL), LEVEL);
    CHECK_EQ(bind(0, LEVEL, 1, false), 0);
    shared[0].evtchn_mask[0] = 2;
    hold(LEVEL, true);
    hold(LEVEL, false);
    pirq_end_unmasked(dom0);
    CHECK(lines[LEVEL].masked);
    dom0->arch.eoi_unmasks = true;
    CHECK_EQ(pirq_end(dom0, LEVEL), 0);
    CHECK_EQ(shared[0].evtchn_mask[0], 0);
    CHECK(!lines[LEVEL].masked);
    hold(LEVEL, true);
    hold(LEVEL, false);
    pirq_end_unmasked(dom0);
    CHECK(!lines[LEVEL].masked);
}

static void storms_are_limited(void)
{
    unsigned int rest;

    CHECK_EQ(map_to(0, EDGE, EDGE), EDGE);
    CHECK_EQ(bind(0, EDGE, 1, false), 0);
    for (unsigned int i = 0; i < 25000; i++) /* one each 2 us is not too often */
        interrupt(EDGE), pass(2000);
    CHECK_EQ(told[0][1], 25000);
    for (unsigned int i = 0; i < 25000 && !lines[EDGE].masked; i++)
        interrupt(EDGE), pass(100);
    CHECK(lines[EDGE].masked);
    CHECK_EQ(storms_logged, 1);
    rest = told[0][1];
    interrupt(EDGE);
    CHECK_EQ(lost, 1);
    pass(9 * MS);
    CHECK(lines[EDGE].masked);
    pass(2 * MS);
    CHECK(!lines[EDGE].masked);
    CHECK_EQ(told[0][1], rest + 1); /* for what may have come */
    interrupt(EDGE);
    CHECK_EQ(told[0][1], rest + 2);
}

/* A level line that is ended again and again without end, too; and an end does not open it before its time. */
static void storms_of_a_level(void)
{
    CHECK_EQ(map_to(0, LEVEL, LEVEL), LEVEL);
    CHECK_EQ(bind(0, LEVEL, 1, false), 0);
    hold(LEVEL, true);
    for (unsigned int i = 0; i < 30000; i++)
        CHECK_EQ(pirq_end(dom0, LEVEL), 0);
    CHECK(told[0][1] < 20001);
    CHECK(lines[LEVEL].masked);
    CHECK_EQ(pirq_end(dom0, LEVEL), 0);
    CHECK(lines[LEVEL].masked);
    pass(11 * MS);
    CHECK(find_pirq(dom0, LEVEL)->waits); /* told again: it is still held */
    hold(LEVEL, false);
    CHECK_EQ(pirq_end(dom0, LEVEL), 0);
    CHECK(!lines[LEVEL].masked);
}

static void closed_in_a_storm(void)
{
    CHECK_EQ(map_to(0, EDGE, EDGE), EDGE);
    CHECK_EQ(bind(0, EDGE, 1, false), 0);
    for (unsigned int i = 0; i < 25000 && !lines[EDGE].masked; i++)
        interrupt(EDGE);
    close_port(0, 1);
    pass(11 * MS);
    CHECK(lines[EDGE].masked);
    CHECK_EQ(bind(0, EDGE, 1, false), 0);
    CHECK(!lines[EDGE].masked);
}

static void the_end_of_a_domain(void)
{
    CHECK_EQ(map_to(0, LEVEL, LEVEL), LEVEL);
    CHECK_EQ(map_to(1, LEVEL, 18), 18);
    CHECK_EQ(bind(0, LEVEL, 1, true), 0);
    CHECK_EQ(bind(1, 18, 2, true), 0);
    hold(LEVEL, true);
    hold(LEVEL, false);
    CHECK_EQ(pirq_end(dom0, LEVEL), 0);
    domains[1].is_dying = true;
    pirqs_relinquish(&domains[1]);
    CHECK(!lines[LEVEL].masked);
    CHECK(!find_pirq(&domains[1], 18));
    CHECK_EQ(map_to(1, LEVEL, 18), -EINVAL);
    hold(LEVEL, true);
    CHECK_EQ(told[0][1], 2);
}

static void many_storms(void)
{
    CHECK_EQ(map_to(0, EDGE, EDGE), EDGE);
    CHECK_EQ(bind(0, EDGE, 1, false), 0);
    for (unsigned int storm = 0; storm < 100; storm++) {
        for (unsigned int i = 0; i < 25000 && !lines[EDGE].masked; i++)
            interrupt(EDGE);
        CHECK(lines[EDGE].masked);
        pass(11 * MS);
    }
    CHECK_EQ(storms_logged, 7);
}

#include "guest_irq_order.h"

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, start);
}
