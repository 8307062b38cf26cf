/* SPDX-License-Identifier: MIT */
/* The guest's segments, read from its descriptor tables, for accesses that the hypervisor makes in the guest's
 * place. */
#include <asm/emulate.h>
#include <asm/guest_access.h>
#include <xen/sched.h>

/*
 * The limits are those that the processor uses. The GDT's limit is always the same, however many descriptors the guest
 * has set: the pages that it has not set are not mapped, so reading them fails. The LDT's window may still hold pages
 * of an earlier, longer LDT, so the limit is checked before anything else (XSA-298). Reading a page of the LDT that is
 * not mapped yet faults; the fault maps it, and the read goes on.
 */
struct descriptor *guest_descriptor(uint32_t sel)
{
    const struct vcpu *v = current;
    uint32_t index = sel >> 3;

    if (sel & 4)
        return index < v->arch.ldt_entries ? (struct descriptor *)(v->arch.area + VCPU_AREA_LDT + index * 8) : NULL;
    return (sel | 7) <= GDT_LIMIT ? (struct descriptor *)(v->arch.area + VCPU_AREA_GDT + index * 8) : NULL;
}

bool read_descriptor_slow(uint32_t sel, uint32_t *base, uint32_t *limit, uint32_t *ar)
{
    const struct descriptor *slot = guest_descriptor(sel & 0xFFFF);
    uint32_t a = 0, b = 0;

    if (sel < 4)
        ; /* a null selector: its segment counts as not present */
    else if (!slot || __get_guest_u32(&a, &slot->a) || __get_guest_u32(&b, &slot->b))
        return false;
    *ar = b & DESC_AR;
    *base = (b & 0xFF000000) | (b & 0xFF) << 16 | a >> 16;
    *limit = (b & 0xF0000) | (a & 0xFFFF);
    if (b & DESC_G)
        *limit = *limit << PAGE_SHIFT | (PAGE_SIZE - 1);
    return true;
}

uint32_t guest_selector(const struct cpu_user_regs *regs, enum segment seg)
{
    switch (seg) {
    case SEG_ES:
        return read_segment(es);
    case SEG_CS:
        return regs->cs;
    case SEG_SS:
        return regs->ss;
    case SEG_FS:
        return read_segment(fs);
    case SEG_GS:
        return read_segment(gs);
    default:
        return read_segment(ds);
    }
}
