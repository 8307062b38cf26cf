/* SPDX-License-Identifier: MIT */
/*
 * The lines of guest_loglvl=all: xen/refused.h.
 *
 * A guest can be refused something as often as it likes, and the serial line takes 87 us for a character. So there are
 * at most LINES lines in a second, for all domains together, and only while the console has room for others. What is
 * left out is counted, and the count is printed when the second is over.
 */
#include <asm/descriptors.h>
#include <asm/mm.h>
#include <asm/processor.h>
#include <public/errno.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/refused.h>

#define LINES      10
#define LINE_STEPS 700 /* the cost of a line with a screen to scroll, in the units of spend() */

bool opt_guest_words = COUNTERS;

static const struct {
    const char *name, *value, *text;
} rules[] = {
#define REFUSAL(name, value, text, hint) {#name, value, text},
#include <xen/refused.def>
};

/* --- How often */

static unsigned int printed;
static uint32_t left_out;
static struct timer second;

static void second_is_over(void *unused)
{
    if (left_out)
        printk("%u more refusals were not printed\n", left_out);
    printed = left_out = 0;
}

static bool may_print(void)
{
    if (!second.active) {
        init_timer(&second, second_is_over, NULL);
        set_timer(&second, system_time() + NS_PER_S);
    }
    if (printed == LINES || !console_has_room()) {
        left_out++;
        return false;
    }
    printed++;
    return true;
}

/* --- What */

struct line {
    char text[320];
    int used;
};

static void __printf(2, 3) add(struct line *l, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    l->used += vsnprintf(l->text + l->used, sizeof(l->text) - l->used, fmt, ap);
    va_end(ap);
    l->used = MIN(l->used, (int)sizeof(l->text) - 1);
}

static const char *type_name(uint32_t type)
{
    switch (type & PGT_type_mask) {
    case PGT_none:
        return "none";
    case PGT_l1_page_table:
        return "L1";
    case PGT_l2_page_table:
        return type & PGT_pae_xen_l2 ? "L2 of slot 3" : "L2";
    case PGT_l3_page_table:
        return "L3";
    case PGT_writable_page:
        return "writable";
    default:
        return "descriptors";
    }
}

static void add_owner(struct line *l, const struct domain *owner)
{
    if (!owner)
        add(l, "nobody");
    else if (owner == dom_io)
        add(l, "no domain: not RAM");
    else if (owner == dom_xen)
        add(l, "the hypervisor");
    else
        add(l, "d%u", owner->domain_id);
}

static void add_frame(struct line *l, mfn_t frame)
{
    const struct page_info *page = mfn_to_page(frame);

    add(l, "; frame %x of ", frame);
    if (frame >= max_page) {
        add(l, "no domain: beyond RAM");
        return;
    }
    add_owner(l, page->owner);
    add(l, ", type %s%s%s, count %u, references %u", type_name(page->type_info),
        page->type_info & PGT_pinned ? ", pinned" : "",
        page->type_info >= PGT_one && !(page->type_info & PGT_validated) ? ", half validated" : "",
        page->type_info >> PGT_count_shift, page->count & PGC_count);
}

/* Where the guest goes on or, for an instruction that faulted, where it stands. */
static uint32_t guest_eip(void)
{
    return ((const struct cpu_user_regs *)(tss.esp0 - HYP_FRAME_SIZE))->eip;
}

static void print(enum refusal rule, int error, mfn_t frame, uint64_t value, mfn_t table, uint32_t index)
{
    struct line l = {.used = 0};

    add(&l, "d%uv%u refused %s", current->domain->domain_id, current->vcpu_id, rules[rule].name);
    if (error) /* 0: an instruction, which faults */
        add(&l, " (%d)", error);
    add(&l, ": %s", rules[rule].text);
    if (!strcmp(rules[rule].value, "wanted")) {
        if (value != PGT_none)
            add(&l, "; wanted as %s", type_name(value));
    } else if (*rules[rule].value)
        add(&l, "; %s %llx", rules[rule].value, value);
    if (table != INVALID_MFN)
        add(&l, " at %u of table %x", index, table);
    if (frame != INVALID_MFN)
        add_frame(&l, frame);
    if (current != this_cpu.idle)
        add(&l, "; eip %x", guest_eip());
    printk("%s\n", l.text);
}

int refuse_entry(enum refusal rule, int error, mfn_t frame, uint64_t value, mfn_t table, uint32_t index)
{
    if (opt_guest_words && may_print()) {
        spend(LINE_STEPS);
        print(rule, error, frame, value, table, index);
    }
    return error;
}

int refuse(enum refusal rule, int error, mfn_t frame, uint64_t value)
{
    return refuse_entry(rule, error, frame, value, INVALID_MFN, 0);
}

int refuse_pointer(const void *p)
{
    return refuse(REFUSED_pointer, -EFAULT, INVALID_MFN, (uint32_t)p);
}
