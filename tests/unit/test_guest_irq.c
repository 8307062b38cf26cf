/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts of domains (xen/arch/x86/domain/pirq.c, guest_irq.c) on simulated lines. A level line interrupts
 * as long as it is held and not masked, so one that nobody masks would never end here; an edge does once, and is lost
 * while it is masked. So each test sees both what is told and what is lost.
 */
#include "unit.h"

#include <asm/io_apic.h>
#include <asm/mm.h>
#include <asm/msi.h>
#include <asm/pirq.h>
#include <public/errno.h>
#include <xen/audit.h>
#include <xen/domain.h>
#include <xen/event.h>
#include <xen/timer.h>

#define GSIS 24
#define CHECK_EQ(seen, expected)                           \
    do {                                                   \
        long long s_ = (seen), e_ = (expected);            \
        CHECK(s_ == e_, #seen ": %lld, not %lld", s_, e_); \
    } while (0)

#define MS       1000000ull
#define NO_END   1000 /* interrupts in a row: nobody masks the line */
#define LEVEL    17
#define EDGE     4
#define TIMER    2 /* has a handler of the hypervisor's */
#define EOI_PAGE 7

/* --- The machine */

static struct line {
    irq_handler *handler;
    bool level, masked, held, exists;
} lines[MAX_IRQS];
unsigned int nr_gsis = GSIS;
static uint64_t now;
static struct timer *armed;
static unsigned int messages, lost, storms_logged;
static uint32_t eoi_page[1024];

static void interrupt(unsigned int irq)
{
    struct line *l = &lines[irq];

    if (!l->level) {
        if (l->masked || !l->handler)
            lost++;
        else
            l->handler(irq);
        return;
    }
    for (unsigned int i = 0; l->held && !l->masked && l->handler; i++) {
        CHECK(i < NO_END);
        l->handler(irq);
    }
}

static void hold(unsigned int irq, bool held)
{
    lines[irq].held = held;
    interrupt(irq);
}

static void ignore(unsigned int irq)
{
}

bool set_irq_handler(unsigned int irq, irq_handler *handler)
{
    struct line *l = &lines[irq];

    if (!l->exists || (handler && l->handler && l->handler != handler))
        return false;
    if (!handler)
        l->masked = true;
    l->handler = handler;
    return true;
}

irq_handler *irq_handler_of(unsigned int irq)
{
    return lines[irq].handler;
}

void mask_irq(unsigned int irq)
{
    lines[irq].masked = true;
}

void unmask_irq(unsigned int irq)
{
    lines[irq].masked = false;
    if (lines[irq].level)
        interrupt(irq);
}

bool irq_is_level(unsigned int irq)
{
    return lines[irq].level;
}

void set_pin_mode(unsigned int gsi, struct line_mode mode)
{
    lines[gsi].level = mode.level;
}

int msi_enable(const struct msi_place *place)
{
    if (place->entry > 1)
        return -ENOSPC;
    if (lines[GSIS + place->entry].exists)
        return -EEXIST;
    lines[GSIS + place->entry] = (struct line){.exists = true, .masked = true};
    messages++;
    return GSIS + place->entry;
}

void msi_disable(unsigned int irq)
{
    CHECK(!lines[irq].handler && lines[irq].exists);
    lines[irq].exists = false;
    messages--;
}

/* --- The hypervisor */

static struct vcpu vcpus[4];
static struct shared_info shared[4];
static struct domain domains[4];
struct domain *dom0 = &domains[0], *domain_list;
struct cpu this_cpu;
uint32_t opt_irq_ratelimit = 10000;
static unsigned int told[4][64]; /* by domain and port */
static bool heap_used[4];
static char heap[4][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

void evtchn_tell(struct domain *d, uint32_t port)
{
    told[d->domain_id][port]++;
}

void evtchn_unmask(struct domain *d, uint32_t port)
{
    d->shared_info->evtchn_mask[port / 32] &= ~(1u << port % 32);
}

int target_domain(uint16_t domid, struct domain **d)
{
    *d = domid == DOMID_SELF ? this_cpu.domain : domid < 4 ? &domains[domid] : NULL;
    return *d ? 0 : -ESRCH;
}

void *alloc_heap_pages(unsigned int order)
{
    for (unsigned int i = 0; i < 4; i++)
        if (!heap_used[i]) {
            heap_used[i] = true;
            return memset(heap[i], 0, PAGE_SIZE);
        }
    return NULL;
}

void free_heap_pages(void *va, unsigned int order)
{
    heap_used[((char *)va - heap[0]) / PAGE_SIZE] = false;
    memset(va, 0xDD, PAGE_SIZE);
}

void *window_refill(unsigned int slot, mfn_t mfn)
{
    CHECK_EQ(mfn, EOI_PAGE);
    return eoi_page;
}
mfn_t window_frame[WIN_SLOTS];

uint64_t system_time(void)
{
    return now;
}

void init_timer(struct timer *t, void (*function)(void *), void *data)
{
    *t = (struct timer){.function = function};
}

void set_timer(struct timer *t, uint64_t expires)
{
    t->expires = expires;
    t->active = true;
    armed = t;
}

static void pass(uint64_t ns)
{
    now += ns;
    if (armed && armed->expires <= now) {
        struct timer *t = armed;

        armed = NULL;
        t->active = false;
        t->function(t->data);
    }
}

void log_at(enum log_level level, const char *fmt, ...)
{
    storms_logged++;
}

static unsigned int mismatches;
void audit_mismatch(uint32_t kind, uint32_t id, uint32_t expected, uint32_t seen)
{
    mismatches++;
}

/* --- Steps */

static void start(void)
{
    for (unsigned int i = 0; i < 4; i++)
        if (domains[i].arch.irqs)
            pirqs_relinquish(&domains[i]);
    memset(lines, 0, sizeof(lines));
    memset(told, 0, sizeof(told));
    for (unsigned int i = 0; i < 4; i++) {
        domains[i] = (struct domain){.domain_id = i, .is_privileged = !i, .shared_info = &shared[i]};
        domains[i].arch.pirq_eoi_frame = INVALID_MFN;
        domains[i].vcpu[0] = &vcpus[i];
    }
    for (unsigned int i = 0; i < GSIS; i++)
        lines[i] = (struct line){.exists = true, .masked = true, .level = i >= 16};
    lines[TIMER].handler = ignore;
    memset(eoi_page, 0, sizeof(eoi_page));
    messages = lost = storms_logged = 0;
    armed = NULL;
    now += 3600000 * MS;
    this_cpu.domain = dom0;
    for (unsigned int i = 0; i < WIN_SLOTS; i++)
        window_frame[i] = INVALID_MFN;
}

static long map_to(unsigned int domain, int gsi, int pirq)
{
    struct physdev_map_pirq op = {.domid = domain, .type = MAP_PIRQ_TYPE_GSI, .index = gsi, .pirq = pirq};
    long rc = pirq_map(&op);

    return rc ? rc : op.pirq;
}

/* Like event_channel_op. */
static int bind(unsigned int domain, uint32_t pirq, uint32_t port, bool share)
{
    struct domain *d = &domains[domain];
    int err = pirq_may_bind(d, pirq);

    if (!err)
        err = pirq_bind(d, pirq, port, share);
    if (!err)
        d->evtchn[port] = (struct evtchn){.state = ECS_PIRQ, .pirq = pirq};
    mismatches = 0;
    audit_pirqs(d);
    CHECK_EQ(mismatches, 0);
    return err;
}

static void close_port(unsigned int domain, uint32_t port)
{
    struct domain *d = &domains[domain];

    pirq_unbind(d, d->evtchn[port].pirq, port);
    d->evtchn[port].state = ECS_FREE;
    mismatches = 0;
    audit_pirqs(d);
    CHECK_EQ(mismatches, 0);
}

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

/* --- Anything in any order. After each step the rules hold that the top of guest_irq.c states, seen from outside: on
 * the lines, and in what was told. */

static unsigned int with_number(uint32_t irq)
{
    unsigned int n = 0;
    const struct pirq *p;

    for (unsigned int i = 0; i < 4; i++)
        for (uint32_t pirq = 0; (p = find_pirq(&domains[i], pirq)); pirq++)
            n += p->irq == irq;
    return n;
}

/* How many have bound the interrupt; of those, how many have not ended it. */
static unsigned int bound_to(uint32_t irq, unsigned int *waiting)
{
    unsigned int n = 0;
    const struct pirq *p;

    *waiting = 0;
    for (unsigned int i = 0; i < 4; i++)
        for (uint32_t pirq = 0; (p = find_pirq(&domains[i], pirq)); pirq++)
            if (p->irq == irq && p->port) {
                n++;
                *waiting += p->waits;
            } else
                CHECK(p->irq != irq || !p->waits);
    return n;
}

static void rules_hold(unsigned int step)
{
    unsigned int all_messages = 0, waiting;

    for (uint32_t irq = 1; irq < GSIS + 2; irq++) {
        const struct line *l = &lines[irq];
        unsigned int bound = bound_to(irq, &waiting);

        if (irq == TIMER) {
            CHECK(!bound && l->handler == ignore, "step %u: the timer's", step);
            continue;
        }
        CHECK(!l->handler == !bound, "step %u: %u have irq %u", step, bound, irq);
        CHECK(bound ? l->masked == !!waiting : l->masked || !l->exists, "step %u: irq %u is masked: %u, %u wait", step,
              irq, l->masked, waiting);
        CHECK(!(l->level && l->held && bound) || waiting, "step %u: the level of irq %u is lost", step, irq);
        if (irq < GSIS)
            continue;
        CHECK_EQ(with_number(irq), l->exists);
        all_messages += l->exists;
    }
    CHECK_EQ(messages, all_messages);
    mismatches = 0;
    for (unsigned int i = 0; i < 4; i++)
        audit_pirqs(&domains[i]);
    audit_guest_irqs();
    CHECK(!mismatches, "step %u: %u mismatches", step, mismatches);
}

static uint32_t some(uint32_t n)
{
    static uint32_t seed = 82;

    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % n;
}

/* Numbers of a few interrupts, so that they meet. */
static int some_number(void)
{
    static const int numbers[] = {-1, 0, TIMER, EDGE, LEVEL, LEVEL, LEVEL, LEVEL + 1, GSIS + 3, GSIS + 31, 5000};

    return numbers[some(ARRAY_SIZE(numbers))];
}

static void some_edge(void)
{
    static const uint32_t irqs[] = {EDGE, GSIS, GSIS + 1};
    uint32_t irq = irqs[some(ARRAY_SIZE(irqs))], waiting, before = 0, after = 0;

    if (lines[irq].level)
        return;
    for (unsigned int i = 0; i < 4 * 64; i++)
        before += told[i / 64][i % 64];
    interrupt(irq);
    for (unsigned int i = 0; i < 4 * 64; i++)
        after += told[i / 64][i % 64];
    CHECK_EQ(after - before, bound_to(irq, &waiting));
}

static void some_port(unsigned int i)
{
    uint32_t port = 1 + some(8), pirq = some_number();
    struct domain *d = &domains[i];

    if (d->is_dying)
        return;
    if (d->evtchn[port].state == ECS_PIRQ) {
        pirq_unbind(d, d->evtchn[port].pirq, port);
        d->evtchn[port].state = ECS_FREE;
    } else if (!pirq_may_bind(d, pirq) && !pirq_bind(d, pirq, port, some(4)))
        d->evtchn[port] = (struct evtchn){.state = ECS_PIRQ, .pirq = pirq};
}

static void some_end_of_a_domain(unsigned int i)
{
    struct domain *d = &domains[i];

    if (!i || some(32))
        return;
    d->is_dying = true;
    for (uint32_t port = 0; port < 64 && some(2); port++)
        if (d->evtchn[port].state == ECS_PIRQ) {
            pirq_unbind(d, d->evtchn[port].pirq, port);
            d->evtchn[port].state = ECS_FREE;
        }
    pirqs_relinquish(d);
    *d = (struct domain){.domain_id = i, .shared_info = &shared[i]};
    d->arch.pirq_eoi_frame = INVALID_MFN;
    d->vcpu[0] = &vcpus[i];
}

static void some_step(void)
{
    unsigned int i = some(4);
    struct physdev_map_pirq map = {.domid = i, .index = some_number(), .pirq = some_number()};

    if (some(2))
        map.pirq = map.index;
    this_cpu.domain = some(8) ? dom0 : &domains[i];
    switch (some(11)) {
    case 0:
        map.type = MAP_PIRQ_TYPE_GSI;
        (void)pirq_map(&map);
        break;
    case 1:
        map.type = MAP_PIRQ_TYPE_MSI, map.index = -1, map.entry_nr = some(3);
        (void)pirq_map(&map);
        break;
    case 2:
        if (!some(8))
            (void)pirq_unmap(&(struct physdev_unmap_pirq){.domid = i, .pirq = map.pirq});
        break;
    case 3:
        if (i) /* what domain 0 takes from itself is gone */
            (void)pirq_permission(&domains[i], map.pirq, some(3));
        break;
    case 4:
        (void)pirq_setup_gsi(&(struct physdev_setup_gsi){.gsi = map.index, .triggering = some(2)});
        break;
    case 5:
        hold(LEVEL + some(2), some(2));
        break;
    case 6:
        some_edge();
        break;
    case 7:
        some_end_of_a_domain(i);
        break;
    case 8:
        if (some(32))
            pirq_end_unmasked(&domains[i]);
        else
            (void)pirq_get_free(&(struct physdev_get_free_pirq){.type = some(2)});
        break;
    case 9:
        (void)pirq_end(&domains[i], map.pirq);
        break;
    default:
        some_port(i);
    }
}

static void any_order(void)
{
    unsigned int bound = 0, shared_by_two = 0, waiting;

    opt_irq_ratelimit = 0; /* a masked line is one that waits */
    for (unsigned int step = 0; step < 20000; step++) {
        some_step();
        rules_hold(step);
        bound += bound_to(GSIS, &waiting);
        shared_by_two += bound_to(LEVEL, &waiting) > 1 && waiting;
    }
    opt_irq_ratelimit = 10000;
    CHECK(bound > 100 && shared_by_two > 100, "%u steps with an MSI, %u with a shared line", bound, shared_by_two);
}

static const struct unit_test tests[] = {
    {"irq_edges_are_told_each", edges_are_told_each},
    {"irq_level_waits_for_its_end", level_waits_for_its_end},
    {"irq_level_waits_for_all_sharers", level_waits_for_all_sharers},
    {"irq_one_that_does_not_share", one_that_does_not_share},
    {"irq_the_hypervisors_is_nobodys", the_hypervisors_is_nobodys},
    {"irq_lines_in_use_stay_as_they_are", lines_in_use_stay_as_they_are},
    {"irq_numbers_and_rights", numbers_and_rights},
    {"irq_permission_of_another", permission_of_another},
    {"irq_messages_come_and_go", messages_come_and_go},
    {"irq_messages_are_one_domains", messages_are_one_domains},
    {"irq_numbers_given_out", numbers_given_out},
    {"irq_page_of_needed_ends", page_of_needed_ends},
    {"irq_ends_of_older_kernels", ends_of_older_kernels},
    {"irq_storms_are_limited", storms_are_limited},
    {"irq_storms_of_a_level", storms_of_a_level},
    {"irq_many_storms", many_storms},
    {"irq_any_order", any_order},
    {"irq_closed_in_a_storm", closed_in_a_storm},
    {"irq_the_end_of_a_domain", the_end_of_a_domain},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, start);
}
