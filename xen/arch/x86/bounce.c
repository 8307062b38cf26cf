/*
 * Bouncing: an exception or an event becomes a frame on the guest kernel's stack, and its handler runs in ring 1. The
 * frame is what the processor itself would push, but that the word with CS also carries the upcall mask:
 *
 *      SS, ESP (if from ring 2 or 3); EFLAGS (IF: upcalls were not masked); CS | mask << 16; EIP; error code if any
 *
 * exceptions.S does the same for the most frequent case.
 */
#include <asm/emulate.h>
#include <asm/guest_access.h>
#include <asm/traps.h>

#define MAX_WORDS 10

struct bounce {
    uint32_t word[MAX_WORDS]; /* the last one has the lowest address */
    unsigned int words;
    uint32_t ss, esp;
};

static void push(struct bounce *b, uint32_t word)
{
    b->word[b->words++] = word;
}

/* Linear address of offset 0 of the guest's stack segment. */
static bool stack_base(struct vcpu *v, uint16_t ss, uint32_t *base)
{
    uint32_t limit, ar;

    *base = 0;
    if (ss == v->flat_ss)
        return true;
    if (!read_descriptor(ss, base, &limit, &ar))
        return false;
    if ((ar & 0x9A00) != 0x9200 || ar & 0x400) /* present, writable data, growing upwards */
        return false;
    if (*base == 0 && limit >= HYP_START - 1)
        v->flat_ss = ss;
    return true;
}

static bool write_frame(struct bounce *b)
{
    struct vcpu *v = current;
    uint32_t base, address;

    if (!stack_base(v, b->ss, &base))
        return false;
    b->esp -= b->words * 4;
    address = base + b->esp;
    if (address >= HYP_START || !guest_range_ok((void *)address, b->words * 4))
        return false;
    for (unsigned int i = 0; i < b->words; i++)
        if (__put_guest_u32(b->word[i], (uint32_t *)address + b->words - 1 - i))
            return false;
    return true;
}

/* Everything above the error code. */
static void start_frame(struct bounce *b, const struct cpu_user_regs *regs)
{
    uint8_t mask = current->vcpu_info->evtchn_upcall_mask;

    b->words = 0;
    if ((regs->cs & 3) == 1) {
        b->ss = regs->ss;
        b->esp = regs->esp;
    } else {
        b->ss = tss.ss1;
        b->esp = tss.esp1;
        push(b, regs->ss);
        push(b, regs->esp);
    }
    push(b, (regs->eflags & ~X86_EFLAGS_IF) | (mask ? 0 : X86_EFLAGS_IF));
    push(b, regs->cs | (uint32_t)mask << 16);
    push(b, regs->eip);
}

static bool enter_handler(struct bounce *b, struct cpu_user_regs *regs, uint16_t cs, uint32_t eip, bool mask_events)
{
    if (!cs || !write_frame(b))
        return false;
    regs->eip = eip;
    regs->cs = cs;
    regs->esp = b->esp;
    regs->ss = b->ss;
    regs->eflags &= ~(X86_EFLAGS_TF | X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_VM);
    if (mask_events)
        current->vcpu_info->evtchn_upcall_mask = 1;
    return true;
}

bool bounce_trap(struct cpu_user_regs *regs, unsigned int vector, bool with_error_code)
{
    const struct guest_trap *trap = &current->traps[vector];
    struct bounce b;

    start_frame(&b, regs);
    if (with_error_code)
        push(&b, regs->error_code);
    return enter_handler(&b, regs, trap->cs, trap->address, TI_GET_IF(trap));
}

bool bounce_event(struct cpu_user_regs *regs)
{
    const struct guest_entry *entry = &current->event_callback;
    struct bounce b;

    start_frame(&b, regs);
    return enter_handler(&b, regs, entry->cs, entry->eip, true);
}

bool bounce_nmi(struct cpu_user_regs *regs)
{
    const struct guest_entry *entry = &current->nmi_callback;
    struct bounce b;

    start_frame(&b, regs);
    return enter_handler(&b, regs, entry->cs, entry->eip, true);
}

/* Below the frame: the data segments, which the handler reloads. They become null, as nothing is wrong with that. */
bool bounce_failsafe(struct cpu_user_regs *regs)
{
    const struct guest_entry *entry = &current->failsafe_callback;
    struct bounce b;

    start_frame(&b, regs);
    push(&b, read_segment(gs));
    push(&b, read_segment(fs));
    push(&b, read_segment(es));
    push(&b, read_segment(ds));
    if (!enter_handler(&b, regs, entry->cs, entry->eip, entry->flags & 1))
        return false;
    (void)load_segment(ds, 0);
    (void)load_segment(es, 0);
    (void)load_segment(fs, 0);
    (void)load_segment(gs, 0);
    return true;
}
