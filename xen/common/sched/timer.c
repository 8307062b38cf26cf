/* SPDX-License-Identifier: MIT */
/*
 * Software timers (xen/timer.h): a list sorted by expiry. There are only a few for each vCPU, and most new ones go near
 * its head.
 *
 * Programming the hardware is expensive. So the hardware is left alone when the next expiry moves to a later time. The
 * interrupt then comes too early, finds nothing to do, and arms the hardware again.
 */
#include <xen/audit.h>
#include <xen/hypercall.h>
#include <xen/sched.h>

#define MILLISECONDS(n) ((uint64_t)(n)*1000000)

static struct timer *first;
static uint64_t armed = UINT64_MAX; /* the hardware interrupts then, or earlier; UINT64_MAX: not at all */
static bool running;                /* run_timers() will arm it at its end */
static uint64_t last_run;           /* when run_timers() last began */

static void arm_for_first(void)
{
    if (running)
        return;
    if (!first) {
        if (armed != UINT64_MAX)
            arm_hardware_timer(UINT64_MAX);
        armed = UINT64_MAX;
    } else if (first->expires < armed) {
        if (first->expires <= system_time()) {
            this_cpu.work |= WORK_TIMER; /* the way out runs it */
            return;
        }
        armed = first->expires;
        arm_hardware_timer(armed);
    }
}

static void unlink_timer(struct timer *t)
{
    struct timer **p = &first;

    if (!t->active)
        return;
    while (*p != t)
        p = &(*p)->next;
    *p = t->next;
    t->active = false;
}

void init_timer(struct timer *t, void (*function)(void *), void *data)
{
    *t = (struct timer){.function = function, .data = data};
}

/* Most are set anew, and later, before they expire: then they keep their place if they can. */
static inline bool keeps_its_place(const struct timer *t, uint64_t expires)
{
    return t->active && expires >= t->expires && (!t->next || expires < t->next->expires);
}

void set_timer(struct timer *t, uint64_t expires)
{
    struct timer **p = &first;

    if (keeps_its_place(t, expires)) {
        t->expires = expires;
        arm_for_first();
        return;
    }
    unlink_timer(t);
    t->expires = expires;
    t->active = true;
    while (*p && (*p)->expires <= expires)
        p = &(*p)->next;
    t->next = *p;
    *p = t;
    arm_for_first();
}

void stop_timer(struct timer *t)
{
    unlink_timer(t);
    if (!first)
        arm_for_first();
}

void run_timers(void)
{
    uint64_t now = system_time();

    this_cpu.work &= ~WORK_TIMER;
    last_run = now;
    running = true;
    while (first && first->expires <= now) {
        struct timer *t = first;

        first = t->next;
        t->active = false;
        t->function(t->data);
    }
    running = false;
    armed = UINT64_MAX; /* the hardware may have fired already */
    if (first)
        arm_for_first();
    else
        arm_hardware_timer(UINT64_MAX);
}

void audit_timers(void (*visit)(const struct timer *t))
{
    uint64_t before = 0;

    for (const struct timer *t = first; t; t = t->next) {
        if (!t->active || t->expires < before)
            audit_mismatch(INT82_AUDIT_TIMER, (uint32_t)t, (uint32_t)t->function, t->active);
        before = t->expires;
        visit(t);
    }
}

/* Whether a time is more than 2^50 ns ahead, or negative. The clock need not be read if it is not so far ahead of the
 * last interrupt. */
static bool is_too_far(uint64_t time)
{
    uint64_t now;

    if (likely((time - last_run) >> 50 == 0))
        return false;
    now = system_time();
    return (int64_t)time < 0 || (time > now && (time - now) >> 50);
}

/*
 * A time in the past fires at once; 0 stops the timer. A time more than 2^50 ns (13 days) ahead, or a negative one,
 * comes from an old Linux that computed with wrapped jiffies or means "never". As on Xen it becomes 100 ms from now.
 */
long do_set_timer_op(uint32_t timeout_lo, uint32_t timeout_hi)
{
    uint64_t timeout = (uint64_t)timeout_hi << 32 | timeout_lo;
    struct timer *t = &current->singleshot_timer;

    if (!timeout) {
        stop_timer(t);
        return 0;
    }
    if (is_too_far(timeout))
        timeout = system_time() + MILLISECONDS(100);
    set_timer(t, timeout);
    return 0;
}
