/* SPDX-License-Identifier: MIT */
/* Lines, messages and domains, for test_guest_irq.c. */
#ifndef GUEST_IRQ_MACHINE_H
#define GUEST_IRQ_MACHINE_H

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

#endif
