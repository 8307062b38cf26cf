/* SPDX-License-Identifier: MIT */
/*
 * The decoder. It has one table entry for each opcode, which says whether ModRM, SIB, displacement and immediate
 * follow. Source: Intel SDM volume 2, 2.1 and appendix A.
 */
#include "opcodes.h"

#include <asm/decode.h>

/* A table entry: enum insn_op in the low byte, and these flags. */
#define OP_MASK 0x003Fu
#define MODRM   0x0100u
#define BYTE    0x0200u /* byte operands, whatever the prefixes say */
#define IMM8    0x0400u /* one byte, sign-extended */
#define IMM     0x0800u /* as long as the operands */
#define MOFFS   0x1000u /* the address itself follows the opcode */
#define REG_SUB 0x2000u /* modrm.reg tells which instruction it is: struct group */
#define LOCK_OK 0x4000u /* if dst is memory */
#define MEM_DST 0x8000u /* decoded only if the operand is in memory */

#define DST        (MODRM | MEM_DST)
#define RMW        (DST | LOCK_OK)
#define PREFIX     0x3Fu /* its bits of struct insn.flags are from bit 8 up */
#define PREFIX_SEG (PREFIX | INSN_SEGMENT << 8)
#define ESCAPE     0x3Eu

/* The two forms that write memory. Bits 3 to 5 of the opcode are the operation. */
#define ALU_PAIR(op) [(op)*8] = INSN_ALU | RMW | BYTE, [(op)*8 + 1] = INSN_ALU | RMW

static const uint16_t one_byte[256] = {
    ALU_PAIR(ALU_ADD),
    ALU_PAIR(ALU_OR),
    ALU_PAIR(ALU_ADC),
    ALU_PAIR(ALU_SBB),
    ALU_PAIR(ALU_AND),
    ALU_PAIR(ALU_SUB),
    ALU_PAIR(ALU_XOR),
    [OP_ESCAPE] = ESCAPE,
    [PREFIX_ES] = PREFIX_SEG,
    [PREFIX_CS] = PREFIX_SEG,
    [PREFIX_SS] = PREFIX_SEG,
    [PREFIX_DS] = PREFIX_SEG,
    [PREFIX_FS] = PREFIX_SEG,
    [PREFIX_GS] = PREFIX_SEG,
    [PREFIX_OPSIZE] = PREFIX | INSN_OPSIZE << 8,
    [PREFIX_ADDRSIZE] = PREFIX,
    [OP_INSB] = INSN_INS | BYTE,
    [OP_INS] = INSN_INS,
    [OP_OUTSB] = INSN_OUTS | BYTE,
    [OP_OUTS] = INSN_OUTS,
    [OP_GRP1_Eb_Ib] = INSN_ALU | RMW | REG_SUB | BYTE | IMM8,
    [OP_GRP1_Ev_Iz] = INSN_ALU | RMW | REG_SUB | IMM,
    [OP_GRP1_Eb_Ib_ALIAS] = INSN_ALU | RMW | REG_SUB | BYTE | IMM8,
    [OP_GRP1_Ev_Ib] = INSN_ALU | RMW | REG_SUB | IMM8,
    [OP_XCHG_Eb_Gb] = INSN_XCHG | RMW | BYTE,
    [OP_XCHG_Ev_Gv] = INSN_XCHG | RMW,
    [OP_MOV_Eb_Gb] = INSN_MOV | DST | BYTE,
    [OP_MOV_Ev_Gv] = INSN_MOV | DST,
    [OP_MOV_Ob_AL] = INSN_MOV | MOFFS | BYTE,
    [OP_MOV_Ov_eAX] = INSN_MOV | MOFFS,
    [OP_MOVSB] = INSN_MOVS | BYTE,
    [OP_MOVS] = INSN_MOVS,
    [OP_STOSB] = INSN_STOS | BYTE,
    [OP_STOS] = INSN_STOS,
    [OP_MOV_Eb_Ib] = INSN_MOV | DST | REG_SUB | BYTE | IMM8,
    [OP_MOV_Ev_Iz] = INSN_MOV | DST | REG_SUB | IMM,
    [OP_IN_AL_Ib] = INSN_IN | BYTE | IMM8,
    [OP_IN_eAX_Ib] = INSN_IN | IMM8,
    [OP_OUT_Ib_AL] = INSN_OUT | BYTE | IMM8,
    [OP_OUT_Ib_eAX] = INSN_OUT | IMM8,
    [OP_IN_AL_DX] = INSN_IN | BYTE,
    [OP_IN_eAX_DX] = INSN_IN,
    [OP_OUT_DX_AL] = INSN_OUT | BYTE,
    [OP_OUT_DX_eAX] = INSN_OUT,
    [PREFIX_LOCK] = PREFIX | INSN_LOCK << 8,
    [PREFIX_REPNE] = PREFIX | INSN_REP << 8,
    [PREFIX_REP] = PREFIX | INSN_REP << 8,
    [OP_HLT] = INSN_HLT,
    [OP_GRP3_Eb] = INSN_NOTNEG | RMW | REG_SUB | BYTE,
    [OP_GRP3_Ev] = INSN_NOTNEG | RMW | REG_SUB,
    [OP_CLI] = INSN_CLI_STI,
    [OP_STI] = INSN_CLI_STI,
    [OP_GRP4] = INSN_INCDEC | RMW | REG_SUB | BYTE,
    [OP_GRP5] = INSN_INCDEC | RMW | REG_SUB,
};

/* After OP_ESCAPE. */
static const uint16_t two_byte[256] = {
    [OP2_GRP7] = INSN_GROUP7 | MODRM | REG_SUB,
    [OP2_CLTS] = INSN_CLTS,
    [OP2_INVD] = INSN_WBINVD,
    [OP2_WBINVD] = INSN_WBINVD,
    [OP2_MOV_Rd_Cd] = INSN_READ_CR | MODRM,
    [OP2_MOV_Rd_Dd] = INSN_READ_DR | MODRM,
    [OP2_MOV_Cd_Rd] = INSN_WRITE_CR | MODRM,
    [OP2_MOV_Dd_Rd] = INSN_WRITE_DR | MODRM,
    [OP2_WRMSR] = INSN_WRMSR,
    [OP2_RDTSC] = INSN_RDTSC,
    [OP2_RDMSR] = INSN_RDMSR,
    [OP2_CPUID] = INSN_CPUID,
    [OP2_BTS_Ev_Gv] = INSN_BIT | RMW,
    [OP2_CMPXCHG_Eb_Gb] = INSN_CMPXCHG | RMW | BYTE,
    [OP2_CMPXCHG_Ev_Gv] = INSN_CMPXCHG | RMW,
    [OP2_BTR_Ev_Gv] = INSN_BIT | RMW,
    [OP2_GRP8_Ev_Ib] = INSN_BIT | RMW | REG_SUB | IMM8,
    [OP2_BTC_Ev_Gv] = INSN_BIT | RMW,
    [OP2_XADD_Eb_Gb] = INSN_XADD | RMW | BYTE,
    [OP2_XADD_Ev_Gv] = INSN_XADD | RMW,
    [OP2_MOVNTI] = INSN_MOV | DST,
    [OP2_GRP9] = INSN_CMPXCHG8B | RMW | REG_SUB,
};

/* For REG_SUB: the set of values of modrm.reg that the emulator knows. */
static const uint8_t group[] = {
    [INSN_MOV] = 1u << 0,
    [INSN_ALU] = 0xFF & ~(1u << ALU_CMP),
    [INSN_INCDEC] = 1u << 0 | 1u << 1,
    [INSN_NOTNEG] = 1u << 2 | 1u << 3,
    [INSN_BIT] = 1u << 5 | 1u << 6 | 1u << 7,
    [INSN_CMPXCHG8B] = 1u << 1,
    [INSN_GROUP7] = 1u << 6 | 1u << 7, /* LMSW, INVLPG */
};

/* What is being decoded. */
struct reader {
    const uint8_t *next, *end;
};

/* Reads the next `size` bytes (0, 1, 2, 4), sign-extended. False: fewer are left. */
static inline bool fetch(struct reader *r, unsigned int size, uint32_t *value)
{
    const uint8_t *p = r->next;
    int16_t word;

    if ((unsigned int)(r->end - p) < size)
        return false;
    r->next = p + size;
    if (size == 1)
        *value = (uint32_t)(int8_t)*p;
    else if (size == 4)
        __builtin_memcpy(value, p, 4);
    else if (size == 2) {
        __builtin_memcpy(&word, p, 2);
        *value = (uint32_t)(int32_t)word;
    } else
        *value = 0;
    return true;
}

/* SDM 2, table 2-1. */
static __attribute__((noinline)) bool address16(struct insn *insn, struct reader *r)
{
    static const uint8_t base[8] = {3, 3, 5, 5, 6, 7, 5, 3}, index[4] = {6, 7, 6, 7};
    unsigned int disp_size = insn->mod;

    insn->base = base[insn->rm];
    if (insn->rm < 4)
        insn->index = index[insn->rm];
    if (insn->mod == 0 && insn->rm == 6) {
        insn->base = NO_REG;
        disp_size = 2;
    }
    if (insn->base == 5)
        insn->segment = SEG_SS;
    return fetch(r, disp_size, &insn->disp);
}

/* SDM 2, tables 2-2 and 2-3. */
static bool address32(struct insn *insn, struct reader *r)
{
    unsigned int disp_size = insn->mod == 2 ? 4 : insn->mod;

    insn->base = insn->rm;
    if (insn->rm == 4) {
        uint32_t sib;

        if (!fetch(r, 1, &sib))
            return false;
        insn->base = sib & 7;
        if ((sib >> 3 & 7) != 4)
            insn->index = sib >> 3 & 7;
        insn->scale = sib >> 6 & 3;
    }
    if (insn->base == 4 || (insn->base == 5 && insn->mod))
        insn->segment = SEG_SS;
    if (insn->base == 5 && !insn->mod) {
        insn->base = NO_REG;
        disp_size = 4;
    }
    return fetch(r, disp_size, &insn->disp);
}

/* Reads the ModRM byte and what it says must follow: SIB, displacement. */
static inline enum decode_result operands(struct insn *insn, struct reader *r, uint16_t entry)
{
    uint8_t prefix_segment = insn->segment, modrm;

    if (r->next == r->end)
        return DECODE_SHORT;
    modrm = *r->next++;
    insn->flags |= INSN_MODRM;
    insn->mod = modrm >> 6;
    insn->reg = modrm >> 3 & 7;
    insn->rm = modrm & 7;
    if (entry & REG_SUB) {
        insn->sub = insn->reg;
        if (!(group[insn->op] >> insn->reg & 1))
            return DECODE_UNKNOWN;
    }
    if (modrm >= 0xC0 || (insn->op >= INSN_READ_CR && insn->op <= INSN_WRITE_DR))
        return entry & MEM_DST ? DECODE_UNKNOWN : DECODE_OK;
    insn->flags |= INSN_MEM;
    if (!(insn->addr_size == 4 ? address32(insn, r) : address16(insn, r)))
        return DECODE_SHORT;
    if (insn->flags & INSN_SEGMENT)
        insn->segment = prefix_segment;
    return DECODE_OK;
}

/* Details that this kind of instruction has in its opcode byte or in modrm.reg. */
static bool set_details(struct insn *insn, uint8_t opcode, uint16_t entry)
{
    switch (insn->op) {
    case INSN_ALU:
        if (!(entry & REG_SUB))
            insn->sub = opcode >> 3;
        return true;
    case INSN_BIT:
        insn->sub = (entry & REG_SUB ? insn->reg : opcode >> 3) & 3;
        return true;
    case INSN_CLI_STI:
        insn->sub = opcode & 1;
        return true;
    case INSN_CMPXCHG8B:
        insn->size = 8;
        return true;
    case INSN_GROUP7:
        return insn->sub == GROUP7_LMSW || insn->flags & INSN_MEM; /* INVLPG takes an address */
    case INSN_READ_CR:
    case INSN_READ_DR:
    case INSN_WRITE_CR:
    case INSN_WRITE_DR:
        insn->sub = insn->reg;
        insn->size = 4;
        return true;
    default:
        return true;
    }
}

static inline bool take_prefix(struct insn *insn, uint8_t byte, uint16_t entry, bool code32)
{
    if ((entry & OP_MASK) != PREFIX)
        return false;
    insn->flags |= entry >> 8;
    if (entry >> 8 & INSN_SEGMENT)
        insn->segment = (byte & 0xE7) == PREFIX_ES ? byte >> 3 & 3 : byte & 7;
    else if (byte == PREFIX_ADDRSIZE)
        insn->addr_size = code32 ? 2 : 4;
    else if (byte == PREFIX_OPSIZE)
        insn->size = code32 ? 2 : 4;
    return true;
}

enum decode_result decode(struct insn *insn, const uint8_t *bytes, unsigned int n, bool code32)
{
    struct reader r = {bytes, bytes + (n < MAX_INSN ? n : MAX_INSN)};
    enum decode_result rc;
    uint16_t entry;
    uint8_t opcode;

    *insn = (struct insn){.segment = SEG_DS, .base = NO_REG, .index = NO_REG};
    insn->size = insn->addr_size = code32 ? 4 : 2;

    do {
        if (r.next == r.end)
            goto truncated;
        opcode = *r.next++;
        entry = one_byte[opcode];
    } while (take_prefix(insn, opcode, entry, code32));
    if (entry == ESCAPE) {
        if (r.next == r.end)
            goto truncated;
        opcode = *r.next++;
        entry = two_byte[opcode];
    }
    insn->op = entry & OP_MASK;
    if (insn->op == INSN_UNKNOWN)
        return DECODE_UNKNOWN;
    if (entry & BYTE)
        insn->size = 1;
    if (entry & MODRM) {
        rc = operands(insn, &r, entry);
        if (rc == DECODE_SHORT)
            goto truncated;
        if (rc != DECODE_OK)
            return rc;
    }
    if (insn->flags & INSN_LOCK && !(entry & LOCK_OK))
        return DECODE_UNKNOWN;
    if (!set_details(insn, opcode, entry))
        return DECODE_UNKNOWN;
    if (entry & (IMM8 | IMM)) {
        insn->flags |= INSN_IMM;
        if (!fetch(&r, entry & IMM8 ? 1 : insn->size, &insn->imm))
            goto truncated;
    } else if (entry & MOFFS) {
        insn->flags |= INSN_MEM;
        if (!fetch(&r, insn->addr_size, &insn->disp))
            goto truncated;
    }
    insn->length = r.next - bytes;
    return DECODE_OK;

truncated:
    return n < MAX_INSN ? DECODE_SHORT : DECODE_UNKNOWN;
}

#define CF         0x001u
#define PF         0x004u
#define AF         0x010u
#define ZF         0x040u
#define SF         0x080u
#define OF         0x800u
#define ARITHMETIC (CF | PF | AF | ZF | SF | OF)

/* The flags that depend on the result alone. */
static uint32_t result_flags(unsigned int size, uint32_t result)
{
    uint32_t flags = 0;

    if (!result)
        flags |= ZF;
    if (result >> (8 * size - 1))
        flags |= SF;
    if (!(0x6996 >> ((result ^ result >> 4) & 15) & 1)) /* bit n: parity of n */
        flags |= PF;
    return flags;
}

uint32_t alu(enum alu_op op, unsigned int size, uint32_t a, uint32_t b, uint32_t *eflags)
{
    uint32_t mask = size_mask(size), sign = mask ^ mask >> 1, result, carries = 0, overflow = 0;
    uint32_t carry_in = (op == ALU_ADC || op == ALU_SBB) && *eflags & CF;

    a &= mask;
    b &= mask;
    switch (op) {
    case ALU_ADD:
    case ALU_ADC:
        result = (a + b + carry_in) & mask;
        carries = (a & b) | ((a | b) & ~result); /* out of each bit */
        overflow = (a ^ result) & (b ^ result);
        break;
    case ALU_OR:
        result = a | b;
        break;
    case ALU_AND:
        result = a & b;
        break;
    case ALU_XOR:
        result = a ^ b;
        break;
    default: /* SUB, SBB, CMP */
        result = (a - b - carry_in) & mask;
        carries = (~a & b) | ((~a | b) & result);
        overflow = (a ^ b) & (a ^ result);
    }
    *eflags = (*eflags & ~ARITHMETIC) | result_flags(size, result) | (carries & sign ? CF : 0) |
              (carries & 8 ? AF : 0) | (overflow & sign ? OF : 0);
    return result;
}

uint32_t alu_incdec(bool dec, unsigned int size, uint32_t a, uint32_t *eflags)
{
    uint32_t carry = *eflags & CF;
    uint32_t result = alu(dec ? ALU_SUB : ALU_ADD, size, a, 1, eflags);

    *eflags = (*eflags & ~CF) | carry;
    return result;
}
