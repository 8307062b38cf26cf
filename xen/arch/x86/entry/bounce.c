/* SPDX-License-Identifier: MIT */
/*
 * Bouncing: an exception or an event becomes a frame on the guest kernel's stack, and its handler runs in ring 1. The
 * frame is what the processor would push, with the upcall mask in the upper half of the word with CS:
 *
 *      SS, ESP (if from ring 2 or 3); EFLAGS (IF: upcalls were not masked); CS | mask << 16; EIP; error code if any
 *
 * bounce_fast.S does the same for the most frequent ones.
 */
#include <asm/emulate.h>
#include <asm/guest_access.h>
#include <asm/traps.h>

/* Stores a word of the frame. The guest's stack may not be mapped. */
#define PUT(frame, n, value, fault)                                                                         \
    __asm__ volatile goto("1: mov %0, %1\n"                                                                 \
                          ".section .extable,\"a\"\n   .long 1b, %l2\n.previous" ::"ri"((uint32_t)(value)), \
                          "m"((frame)[n])                                                                   \
                          : "memory"                                                                        \
                          : fault)

/* Linear address of offset 0 of the guest's stack segment. */
static __attribute__((noinline)) bool stack_base(struct vcpu *v, uint16_t ss, uint32_t *base)
{
    uint32_t limit, ar;

    if (!read_descriptor(ss, base, &limit, &ar))
        return false;
    if ((ar & (DESC_P | DESC_S | DESC_CODE | DESC_DATA_WRITE)) != (DESC_P | DESC_S | DESC_DATA_WRITE) ||
        ar & DESC_EXPAND_DOWN)
        return false;
    if (*base == 0 && limit >= HYP_START - 1 && (ar & DESC_DPL) == DESC_DPL1)
        v->arch.flat_ss = ss;
    return true;
}

/*
 * Enters the guest at cs:eip in ring 1, with a frame that has `extra` words below what the processor itself pushes.
 * From ring 1 the frame goes on the stack in use, otherwise on the kernel's. False: there is no room, or no handler,
 * and the registers are what they were.
 */
static inline bool enter(struct cpu_user_regs *regs, uint32_t cs, uint32_t eip, bool mask_events, const uint32_t *words,
                         uint32_t extra)
{
    struct vcpu *v = current;
    struct vcpu_info *info = v->vcpu_info;
    bool same_ring = (regs->cs & 3) == 1;
    uint32_t mask = info->evtchn_upcall_mask, eflags = regs->eflags, base = 0;
    uint32_t ss = same_ring ? regs->ss : tss.ss1, esp = same_ring ? regs->esp : tss.esp1;
    uint32_t *frame;

    if (unlikely(!cs))
        return false;
    esp -= (extra + (same_ring ? 3 : 5)) * sizeof(*frame);
    if (unlikely(ss != v->arch.flat_ss) && !stack_base(v, ss, &base))
        return false;
    frame = (uint32_t *)(base + esp);
    if (unlikely(!guest_range_ok(frame, (extra + 5) * sizeof(*frame))))
        return false;
    if (mask)
        eflags &= ~X86_EFLAGS_IF;
    for (uint32_t i = 0; i < extra; i++)
        PUT(frame, i, words[i], fault);
    PUT(frame, extra, regs->eip, fault);
    PUT(frame, extra + 1, regs->cs | mask << 16, fault);
    PUT(frame, extra + 2, eflags, fault);
    if (!same_ring) {
        PUT(frame, extra + 3, regs->esp, fault);
        PUT(frame, extra + 4, regs->ss, fault);
        regs->ss = ss;
    }
    regs->eip = eip;
    regs->cs = cs;
    regs->esp = esp;
    regs->eflags &= ~(X86_EFLAGS_TF | X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_VM);
    if (mask_events)
        info->evtchn_upcall_mask = 1;
    return true;
fault:
    return false;
}

bool bounce_trap(struct cpu_user_regs *regs, unsigned int vector, bool with_error_code)
{
    const struct guest_trap *trap = &current->arch.traps[vector];
    const uint32_t error_code = regs->error_code;

    return enter(regs, trap->cs, trap->address, TI_GET_IF(trap), &error_code, with_error_code);
}

bool bounce_event(struct cpu_user_regs *regs)
{
    const struct guest_entry *entry = &current->arch.event_callback;

    return enter(regs, entry->cs, entry->eip, true, NULL, 0);
}

/* Below the frame go the data segments, which the handler reloads. The registers become null, which never faults. */
bool bounce_failsafe(struct cpu_user_regs *regs)
{
    const struct guest_entry *entry = &current->arch.failsafe_callback;
    const uint32_t segments[] = {read_segment(ds), read_segment(es), read_segment(fs), read_segment(gs)};

    if (!enter(regs, entry->cs, entry->eip, entry->flags & 1, segments, ARRAY_SIZE(segments)))
        return false;
    (void)load_segment(ds, 0);
    (void)load_segment(es, 0);
    (void)load_segment(fs, 0);
    (void)load_segment(gs, 0);
    return true;
}

#define FAILSAFE_SEGMENTS 4 /* below the frame: DS ES FS GS, null selectors here */

bool refuse_vm86(struct cpu_user_regs *regs, const uint32_t *frame)
{
    const struct guest_entry *entry = &current->arch.failsafe_callback;
    struct vcpu_info *info = current->vcpu_info;
    uint32_t mask = !(frame[3] & X86_EFLAGS_IF), base = 0, ss = tss.ss1;
    uint32_t words[FAILSAFE_SEGMENTS + VM86_FRAME_WORDS - 1] = {0}, esp = tss.esp1 - sizeof(words);

    if (!entry->cs || (ss != current->arch.flat_ss && !stack_base(current, ss, &base)))
        return false;
    memcpy(words + FAILSAFE_SEGMENTS, frame + 1,
           (VM86_FRAME_WORDS - 1) * sizeof(words[0])); /* EAX stays in its register */
    words[FAILSAFE_SEGMENTS + 1] = (frame[2] & 0xFFFF) | mask << 16;
    if (copy_to_guest((void *)(base + esp), words, sizeof(words)))
        return false;
    (void)load_segment(ds, 0);
    (void)load_segment(es, 0);
    (void)load_segment(fs, 0);
    (void)load_segment(gs, 0);
    info->evtchn_upcall_mask = mask | (entry->flags & 1);
    regs->eip = entry->eip;
    regs->cs = entry->cs;
    regs->eflags = X86_EFLAGS_IF | 2;
    regs->esp = esp;
    regs->ss = ss;
    return true;
}
