/* SPDX-License-Identifier: MIT */
/*
 * Decoding of the instructions that the hypervisor carries out for a guest: stores (to page tables), and the privileged
 * ones. Depends on nothing else of the hypervisor, so that tests/unit/test_decode.c runs it on the host.
 */
#ifndef ASM_DECODE_H
#define ASM_DECODE_H

#include <stdbool.h>
#include <stdint.h>

/* Longest instruction that a processor executes. */
#define MAX_INSN 15

/* What an instruction does. "dst" is its r/m operand, "src" is its register or immediate operand. */
enum insn_op {
    INSN_UNKNOWN,
    /* Writes to memory */
    INSN_MOV,       /* dst = src (also MOVNTI) */
    INSN_ALU,       /* dst = dst OP src; sub: enum alu_op */
    INSN_INCDEC,    /* sub: 0 inc, 1 dec */
    INSN_NOTNEG,    /* sub: 2 not, 3 neg */
    INSN_BIT,       /* sub: 1 bts, 2 btr, 3 btc; src: bit number */
    INSN_XCHG,      /* dst <-> register */
    INSN_XADD,      /* register = dst, dst = sum */
    INSN_CMPXCHG,   /* EAX == dst ? dst = register : (EAX = dst) */
    INSN_CMPXCHG8B, /* EDX:EAX == dst ? dst = ECX:EBX : (EDX:EAX = dst) */
    INSN_MOVS,      /* (EDI) = (ESI) */
    INSN_STOS,      /* (EDI) = EAX */
    /* Privileged, or depending on IOPL */
    INSN_INS,
    INSN_OUTS,
    INSN_IN,      /* port: imm, or DX */
    INSN_OUT,     /* likewise */
    INSN_CLI_STI, /* sub: 0 cli, 1 sti */
    INSN_HLT,
    INSN_GROUP7, /* 0F 01: sub: modrm.reg (GROUP7_LMSW, or INVLPG) */
    INSN_CLTS,
    INSN_WBINVD,  /* and INVD */
    INSN_READ_CR, /* sub: number; rm: the general register; likewise the next three */
    INSN_READ_DR,
    INSN_WRITE_CR,
    INSN_WRITE_DR,
    INSN_WRMSR,
    INSN_RDTSC,
    INSN_RDMSR,
    INSN_CPUID,
};

#define GROUP7_LMSW 6

enum alu_op { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };

/* Numbered as in `mov Sreg`. Bits 3 and 4 of the first four segment prefixes are the same numbers. */
enum segment { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS };

/* struct insn.flags */
#define INSN_LOCK    0x01u
#define INSN_REP     0x02u /* F2 or F3: no difference for string instructions that do not compare */
#define INSN_IMM     0x04u /* src is imm, not a register */
#define INSN_MEM     0x08u /* dst is in memory */
#define INSN_MODRM   0x10u
#define INSN_OPSIZE  0x20u /* prefix 66 */
#define INSN_SEGMENT 0x40u /* there was a segment prefix */

/* General registers, as instructions number them. */
enum { GPR_EAX, GPR_ECX, GPR_EDX, GPR_EBX, GPR_ESP, GPR_EBP, GPR_ESI, GPR_EDI };

#define NO_REG 0xFF

struct insn {
    uint8_t op;     /* enum insn_op */
    uint8_t sub;    /* the variant of op */
    uint8_t length; /* bytes, with prefixes */
    uint8_t flags;  /* INSN_* */
    uint8_t size;   /* bytes of the operands: 1, 2, 4, 8 */
    uint8_t addr_size;
    uint8_t segment;            /* enum segment: that of the memory operand, unless this is (EDI) */
    uint8_t mod, reg, rm;       /* of the ModRM byte */
    uint8_t base, index, scale; /* registers of the address, or NO_REG */
    uint32_t disp;
    uint32_t imm; /* sign-extended if the instruction does that */
};

enum decode_result {
    DECODE_OK,
    DECODE_SHORT,   /* more bytes needed than were given */
    DECODE_UNKNOWN, /* not an instruction that the hypervisor carries out */
};

/* Decodes the first instruction of n bytes; code32: the code segment's D bit. insn is complete only after DECODE_OK. */
enum decode_result decode(struct insn *insn, const uint8_t *bytes, unsigned int n, bool code32);

/* a OP b in size bytes, and the flags that the processor would leave in *eflags. */
uint32_t alu(enum alu_op op, unsigned int size, uint32_t a, uint32_t b, uint32_t *eflags);
/* The same for +1 or -1, which change all flags but CF. */
uint32_t alu_incdec(bool dec, unsigned int size, uint32_t a, uint32_t *eflags);

/* All ones in the lowest size bytes (1, 2, 4). */
static inline uint32_t size_mask(unsigned int size)
{
    return 0xFFFFFFFFu >> (32 - 8 * size);
}

#endif
