/* SPDX-License-Identifier: MIT */
/*
 * vm_assist 4gb_segments. Programs in ring 3 that use glibc have their thread-local storage below %gs:0. They need a
 * segment of 4 GiB whose offsets wrap round. No guest can have one, because check_descriptor() cuts it off at the
 * hypervisor, so that small negative offsets are beyond its limit. But an expand-down segment with the same base allows
 * exactly these offsets, and no others. So on such a fault the descriptor is changed to expand-down (as Xen does), and
 * the instruction is executed again. When a later access needs the other offsets, the descriptor is changed back.
 */
#include "opcodes.h"

#include <asm/descriptors.h>
#include <asm/emulate.h>
#include <asm/guest_access.h>
#include <asm/traps.h>
#include <xen/sched.h>

#define HAS(map, byte) ((map)[(byte) >> 5] >> ((byte)&31) & 1)

/* The opcodes with a ModRM byte whose operand may be in memory. One bit for each opcode, 32 in a word. */
static const uint32_t one_byte[8] = {
    0x0F0F0F0F, 0x0F0F0F0F, 0, 0x00000A0C, 0x0000FFFF, 0, 0xFF0F00F3, 0xC0C00000,
};
static const uint32_t two_bytes[8] = {
    /* after OP_ESCAPE */
    0xFFFF200F, 0x0500FF00, 0xFFFFFFFF, 0xFF7FFFFF, 0xFFFF0000, 0xFFFFF838, 0xFFFF00FF, 0x7FFFFFFF,
};

struct fetch {
    const uint8_t *at;
    unsigned int left; /* bytes that an instruction may still have */
};

static bool fetch(struct fetch *f, void *to, unsigned int n)
{
    if (n > f->left || copy_from_guest(to, f->at, n))
        return false;
    f->at += n;
    f->left -= n;
    return true;
}

/* Skips the prefixes and reads the opcode: its last byte, and the map that it belongs to. True only if the segment is
 * %gs. */
static bool fetch_opcode(struct fetch *f, uint8_t *opcode, const uint32_t **map)
{
    bool gs = false;

    for (;;) {
        if (!fetch(f, opcode, 1))
            return false;
        switch (*opcode) {
        case PREFIX_GS:
            gs = true;
            continue;
        case PREFIX_OPSIZE: /* operand size, LOCK and REP make no difference */
        case PREFIX_LOCK:
        case PREFIX_REPNE:
        case PREFIX_REP:
            continue;
        case PREFIX_ES: /* another segment or 16-bit addresses: this is not an access to thread-local storage */
        case PREFIX_CS:
        case PREFIX_SS:
        case PREFIX_DS:
        case PREFIX_FS:
        case PREFIX_ADDRSIZE:
            return false;
        }
        break;
    }
    *map = one_byte;
    if (*opcode != OP_ESCAPE)
        return gs;
    *map = two_bytes;
    if (!fetch(f, opcode, 1))
        return false;
    if (*opcode == OP2_ESCAPE_38 || *opcode == OP2_ESCAPE_3A) { /* a third byte follows; all of these have ModRM */
        uint8_t third;

        if (!fetch(f, &third, 1))
            return false;
    }
    return gs;
}

static bool fetch_displacement(struct fetch *f, unsigned int size, uint32_t *disp)
{
    int8_t byte = 0;

    if (size == 4)
        return fetch(f, disp, 4);
    if (!fetch(f, &byte, size))
        return false;
    *disp = byte;
    return true;
}

/* The operand's offset in its segment, with 32-bit addresses: SDM 2, 2.1.5. */
static bool fetch_offset(struct fetch *f, struct cpu_user_regs *regs, uint32_t *offset)
{
    unsigned int mod, base, index = 4, scale = 0;
    uint32_t disp = 0;
    uint8_t modrm, sib;

    if (!fetch(f, &modrm, 1))
        return false;
    mod = modrm >> 6;
    base = modrm & 7;
    if (mod == 3)
        return false;
    if (base == 4) {
        if (!fetch(f, &sib, 1))
            return false;
        base = sib & 7;
        index = sib >> 3 & 7;
        scale = sib >> 6;
    }
    if (!fetch_displacement(f, mod == 1 ? 1 : mod == 2 || base == 5 ? 4 : 0, &disp))
        return false;
    *offset = disp;
    if (mod || base != 5)
        *offset += *gpr(regs, base);
    if (index != 4)
        *offset += *gpr(regs, index) << scale;
    return true;
}

/* Finds the offset that the instruction uses, and how many bytes it has up to the end of its address. */
static bool decode_gs_operand(struct cpu_user_regs *regs, uint32_t *offset, uint32_t *length)
{
    uint32_t base, limit, ar;
    const uint32_t *map;
    const uint8_t *start;
    struct fetch f;
    uint8_t opcode;

    if (!read_descriptor(regs->cs, &base, &limit, &ar) || regs->eip > limit)
        return false;
    if ((ar & (DESC_S | DESC_P | DESC_CODE | DESC_32BIT)) != (DESC_S | DESC_P | DESC_CODE | DESC_32BIT))
        return false;
    start = (const uint8_t *)(base + regs->eip);
    f = (struct fetch){start, MIN(limit - regs->eip, MAX_INSN - 1) + 1};
    if (!fetch_opcode(&f, &opcode, &map))
        return false;
    if (map == one_byte && (opcode & 0xFC) == OP_MOV_AL_Ob) { /* MOV with a plain address */
        if (!fetch(&f, offset, sizeof(*offset)))
            return false;
    } else if (!HAS(map, opcode) || !fetch_offset(&f, regs, offset))
        return false;
    *length = f.at - start;
    return true;
}

/* Data segments of ring 3 with a limit in pages. Only these can be changed. */
#define TURNABLE_MASK (DESC_P | DESC_S | DESC_32BIT | DESC_G | DESC_CODE | DESC_DPL)
#define TURNABLE      (DESC_P | DESC_S | DESC_32BIT | DESC_G | DESC_DPL)

/* Changes the direction of the segment. True: it now allows the offset. */
static bool turn_round(uint32_t sel, uint32_t offset)
{
    uint32_t base, limit, ar, pages;
    struct descriptor *slot, d;

    if ((!(sel & 4) && sel >= HYP_GDT_BASE) || !read_descriptor_slow(sel, &base, &limit, &ar))
        return false;
    if ((ar & TURNABLE_MASK) != TURNABLE || base < PAGE_SIZE || base >= RO_MPT_END)
        return false;
    if (ar & DESC_EXPAND_DOWN) { /* it allows the offsets that wrap round: is one below the hypervisor wanted? */
        pages = (RO_MPT_END - base) >> PAGE_SHIFT;
        if (base + limit + 1 >= PAGE_SIZE || offset >> PAGE_SHIFT >= pages)
            return false;
    } else { /* it ends at the hypervisor: is an offset that wraps round wanted? */
        pages = -(base & PAGE_MASK) >> PAGE_SHIFT;
        if (limit >= RO_MPT_END - base || RO_MPT_END - base - limit - 1 >= PAGE_SIZE || offset >> PAGE_SHIFT < pages)
            return false;
    }
    slot = guest_descriptor(sel);
    d = *slot;
    d.a = (d.a & 0xFFFF0000) | ((pages - 1) & 0xFFFF);
    d.b = ((d.b & ~0xF0000u) | ((pages - 1) & 0xF0000)) ^ DESC_EXPAND_DOWN;
    if (!check_descriptor(&d))
        return false;
    *slot = d;
    return true;
}

bool fixup_4gb_segment(struct cpu_user_regs *regs)
{
    uint32_t assist = this_cpu.domain->vm_assist, sel = read_segment(gs), offset, length;
    const struct guest_trap *trap = &current->arch.traps[TRAP_spurious_int];

    if (!(assist & 1u << VMASST_TYPE_4gb_segments) || (regs->cs & 3) != 3)
        return false;
    if (!decode_gs_operand(regs, &offset, &length) || !turn_round(sel, offset))
        return false;
    (void)load_segment(gs, sel);
    if (assist & 1u << VMASST_TYPE_4gb_segments_notify && trap->cs) {
        regs->error_code = length;
        if (!bounce_trap(regs, TRAP_spurious_int, true))
            domain_crash(current, "no room for the frame of a segment's fix-up");
    }
    return true;
}
