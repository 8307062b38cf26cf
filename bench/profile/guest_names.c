/* SPDX-License-Identifier: MIT */
#include "profile/guest_profile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN_CALL 255 /* a number that the hypervisor does not know */

static const struct {
    int number;
    const char *name;
} calls[] = {
#define HYPERCALL(number, name, args, tier, what) {number, #name},
#include "../xen/include/xen/hypercalls.def"
    /* Xen has more, and other names. */
    {7, "platform_op"}, {27, "xsm_op"},  {31, "xenoprof_op"},      {34, "hvm_op"},
    {37, "kexec_op"},   {38, "tmem_op"}, {UNKNOWN_CALL, "enosys"}, {UNKNOWN_CALL, "ni_hypercall"},
};
#define CALLS_N (sizeof(calls) / sizeof(*calls))

/* By vector: Xen's entries, and what we call the traps. */
static const struct {
    const char *xen, *name;
} traps[] = {
    {"divide_error", "divide error"},
    {"debug", "debug"},
    {"nmi", "NMI"},
    {"int3", "breakpoint"},
    {"overflow", "overflow"},
    {"bounds", "bounds"},
    {"invalid_op", "invalid opcode"},
    {"device_not_available", "device not available"},
    {"double_fault", "double fault"},
    {"coprocessor_segment_overrun", "coprocessor segment overrun"},
    {"invalid_TSS", "invalid TSS"},
    {"segment_not_present", "segment not present"},
    {"stack_segment", "stack segment"},
    {"general_protection", "general protection"},
    {"page_fault", "page fault"},
    {"spurious_interrupt_bug", "spurious interrupt"},
    {"coprocessor_error", "coprocessor error"},
    {"alignment_check", "alignment check"},
    {"machine_check", "machine check"},
    {"simd_coprocessor_error", "SIMD error"},
};
#define TRAPS_N ((int)(sizeof(traps) / sizeof(*traps)))

const char *hypercall_name(int number)
{
    for (size_t i = 0; i < CALLS_N; i++)
        if (calls[i].number == number)
            return number == UNKNOWN_CALL ? "of no known number" : calls[i].name;
    return NULL;
}

/* ---- what the plugin must know ---------------------------------------------------------------------------------- */

static int call_number(const char *name, const char *prefix)
{
    size_t n = strlen(prefix);

    for (size_t i = 0; i < CALLS_N && !strncmp(name, prefix, n); i++)
        if (!strcmp(name + n, calls[i].name))
            return calls[i].number;
    return -1;
}

static bool ends_in(const char *s, const char *end)
{
    return strlen(s) > strlen(end) && !strcmp(s + strlen(s) - strlen(end), end);
}

/* Ours: hypercall_*, multicall_* (its pieces, and `call` of the plain entry), trap_N, irq_N. Xen's: do_*, the traps by
 * name, IRQ0xNN_interrupt and others. */
struct mark guest_mark(const char *name)
{
    int n = call_number(name, "do_");
    unsigned vector;

    if (n < 0)
        n = call_number(name, "hypercall_");
    if (n >= 0)
        return (struct mark){'h', n};
    n = call_number(name, "multicall_");
    if (n >= 0)
        return (struct mark){'m', n};
    if (!strncmp(name, "call", 4) && (!name[4] || name[4] == '.' || !strncmp(name, "call_of_multicall", 17)))
        return (struct mark){'m', 13};
    if (sscanf(name, "trap_%u", &vector) == 1)
        return (struct mark){'t', vector};
    if (sscanf(name, "irq_%u", &vector) == 1)
        return (struct mark){'i', 0x20 + vector};
    for (int i = 0; i < TRAPS_N; i++)
        if (!strcmp(name, traps[i].xen))
            return (struct mark){'t', i};
    if (sscanf(name, "IRQ0x%x_interrupt", &vector) == 1)
        return (struct mark){'i', vector};
    if (ends_in(name, "_interrupt") && strncmp(name, "do_", 3) && strncmp(name, "smp_", 4))
        return (struct mark){'i', -1};
    return (struct mark){'-', 0};
}

static void add_functions(struct buf *b, const struct elf *e, bool hypervisor)
{
    for (size_t i = 0; i < e->symbols_n; i++) {
        const struct symbol *s = &e->symbols[i];
        struct mark m = {'-', 0};
        uint32_t end;

        if (!s->code)
            continue;
        if (hypervisor)
            m = guest_mark(s->name);
        buf_printf(b, "%08x %c %d\n", s->address, m.letter, m.number);
        end = elf_symbol_end(e, s->address);
        if (end && (i + 1 == e->symbols_n || e->symbols[i + 1].address != end || !e->symbols[i + 1].code))
            buf_printf(b, "%08x e 0\n", end);
    }
}

char *guest_functions(const struct guest_profile *p)
{
    struct buf b = {0};

    buf_add(&b, "", 0);
    if (p->guest_elf)
        add_functions(&b, p->guest_elf, false);
    if (p->hypervisor_elf)
        add_functions(&b, p->hypervisor_elf, true);
    return b.p;
}

/* ---- what we call it -------------------------------------------------------------------------------------------- */

static char *target_name(const struct guest_reason *r, const struct elf *hypervisor)
{
    const struct symbol *s = hypervisor ? elf_symbol(hypervisor, r->target) : NULL;

    return s && s->address == r->target ? xstrdup(s->name) : fmt("at 0x%x", r->target);
}

static char *trap_name(const struct guest_reason *r, const struct elf *hypervisor)
{
    static const char *const outcomes[] = {"emulated", "mended, and tried again", "handed to the guest", "the end"};
    char *target = target_name(r, hypervisor), *name, *text;
    const char *event = NULL;

    name = r->number >= 0 && r->number < TRAPS_N ? xstrdup(traps[r->number].name) : fmt("trap %s", target);
    if (!r->outcome && r->event >= 0 && r->event < EVENTS_N)
        event = metric_name(METRIC_EVENTS + r->event);
    text = fmt("%s, %s%s%s", name, outcomes[r->outcome & 3], event ? ": " : "",
               event                            ? event
               : !r->outcome && r->number == 14 ? ": store"
                                                : "");
    free(target);
    free(name);
    return text;
}

char *guest_reason_name(const struct guest_reason *r, const struct elf *hypervisor)
{
    char *target, *text;

    switch (r->type) {
    case 'h':
        if (hypercall_name(r->number))
            return fmt("%s%s", hypercall_name(r->number),
                       r->outcome == 1             ? ", to be continued"
                       : r->outcome == OUTCOME_END ? ", the end"
                                                   : "");
        return r->number >= 0 ? fmt("hypercall %d", r->number) : xstrdup("hypercall, unknown which");
    case 'o':
        return r->number >= 0 ? fmt("INT 0x%02x", r->number) : xstrdup("INT");
    case 'i':
        if (r->number >= 0)
            return fmt("interrupt 0x%02x", r->number);
        target = target_name(r, hypervisor);
        text = fmt("interrupt %s", target);
        free(target);
        return text;
    }
    return trap_name(r, hypervisor);
}
