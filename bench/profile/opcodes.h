/* SPDX-License-Identifier: MIT */
/*
 * The opcodes of which a profile knows more than their length. The names are the mnemonics of Intel SDM 2, appendix A,
 * with its letters for the operands. E: register or memory, G: register, I: immediate, J: displacement, O: plain
 * address, S: segment register; b: byte, v: word or doubleword, z: immediate of that size.
 */
#ifndef INT82_BENCH_OPCODES_H
#define INT82_BENCH_OPCODES_H

enum prefix {
    PREFIX_ES = 0x26,
    PREFIX_CS = 0x2e,
    PREFIX_SS = 0x36,
    PREFIX_DS = 0x3e,
    PREFIX_FS = 0x64,
    PREFIX_GS = 0x65,
    PREFIX_OPSIZE = 0x66,
    PREFIX_ADDRSIZE = 0x67,
    PREFIX_LOCK = 0xf0,
    PREFIX_REPNE = 0xf2,
    PREFIX_REP = 0xf3,
};

enum opcode {
    OP_PUSH_ES = 0x06,
    OP_POP_ES = 0x07,
    OP_PUSH_CS = 0x0e,
    OP_ESCAPE = 0x0f, /* the opcode is the next byte, in the table below */
    OP_PUSH_SS = 0x16,
    OP_POP_SS = 0x17,
    OP_PUSH_DS = 0x1e,
    OP_POP_DS = 0x1f,
    OP_INC_eAX = 0x40, /* below: eight forms of each of eight operations, the first four with ModRM */
    OP_PUSH_eAX = 0x50,
    OP_POPA = 0x61,
    OP_BOUND = 0x62,
    OP_ARPL = 0x63,
    OP_PUSH_Iz = 0x68,
    OP_IMUL_Gv_Ev_Iz = 0x69,
    OP_PUSH_Ib = 0x6a,
    OP_IMUL_Gv_Ev_Ib = 0x6b,
    OP_INSB = 0x6c,
    OP_OUTS = 0x6f,
    OP_JCC_FIRST = 0x70,
    OP_JCC_LAST = 0x7f,
    OP_GRP1_Eb_Ib = 0x80,
    OP_XCHG_Eb_Gb = 0x86,
    OP_XCHG_Ev_Gv = 0x87,
    OP_MOV_Ev_Sw = 0x8c,
    OP_LEA = 0x8d,
    OP_MOV_Sw_Ew = 0x8e,
    OP_POP_Ev = 0x8f,
    OP_CALL_FAR = 0x9a,
    OP_FWAIT = 0x9b,
    OP_PUSHF = 0x9c,
    OP_POPF = 0x9d,
    OP_MOV_AL_Ob = 0xa0,
    OP_MOVSB = 0xa4,
    OP_CMPS = 0xa7,
    OP_STOSB = 0xaa,
    OP_SCAS = 0xaf,
    OP_GRP2_Eb_Ib = 0xc0,
    OP_GRP2_Ev_Ib = 0xc1,
    OP_RET_Iw = 0xc2,
    OP_RET = 0xc3,
    OP_LES = 0xc4,
    OP_LDS = 0xc5,
    OP_MOV_Ev_Iz = 0xc7,
    OP_ENTER = 0xc8,
    OP_LEAVE = 0xc9,
    OP_RETF_Iw = 0xca,
    OP_RETF = 0xcb,
    OP_INT3 = 0xcc,
    OP_INT_Ib = 0xcd,
    OP_INTO = 0xce,
    OP_IRET = 0xcf,
    OP_GRP2_Eb_1 = 0xd0,
    OP_GRP2_Ev_CL = 0xd3,
    OP_XLAT = 0xd7,
    OP_FPU_FIRST = 0xd8,
    OP_FPU_DD = 0xdd, /* FNSAVE and FRSTOR among others */
    OP_FPU_LAST = 0xdf,
    OP_LOOPNE = 0xe0,
    OP_JECXZ = 0xe3,
    OP_IN_AL_Ib = 0xe4,
    OP_OUT_Ib_eAX = 0xe7,
    OP_CALL = 0xe8,
    OP_JMP_Jz = 0xe9,
    OP_JMP_FAR = 0xea,
    OP_JMP_Jb = 0xeb,
    OP_IN_AL_DX = 0xec,
    OP_OUT_DX_eAX = 0xef,
    OP_INT1 = 0xf1,
    OP_HLT = 0xf4,
    OP_GRP3_Eb = 0xf6,
    OP_GRP3_Ev = 0xf7,
    OP_CLI = 0xfa,
    OP_STI = 0xfb,
    OP_GRP4 = 0xfe,
    OP_GRP5 = 0xff,
};

/* After OP_ESCAPE. */
enum opcode2 {
    OP2_GRP6 = 0x00,
    OP2_GRP7 = 0x01,
    OP2_LAR = 0x02,
    OP2_LSL = 0x03,
    OP2_CLTS = 0x06,
    OP2_INVD = 0x08,
    OP2_WBINVD = 0x09,
    OP2_UD2 = 0x0b,
    OP2_PREFETCHW = 0x0d,
    OP2_PREFETCH = 0x18, /* from here to OP2_NOP_Ev: prefetches and long NOPs */
    OP2_NOP_Ev = 0x1f,
    OP2_MOV_Rd_Cd = 0x20,
    OP2_MOV_Rd_Dd = 0x21,
    OP2_MOV_Cd_Rd = 0x22,
    OP2_MOV_Dd_Rd = 0x23,
    OP2_WRMSR = 0x30,
    OP2_RDTSC = 0x31,
    OP2_RDMSR = 0x32,
    OP2_SYSENTER = 0x34,
    OP2_SYSEXIT = 0x35,
    OP2_JCC_FIRST = 0x80,
    OP2_JCC_LAST = 0x8f,
    OP2_PUSH_FS = 0xa0,
    OP2_POP_FS = 0xa1,
    OP2_CPUID = 0xa2,
    OP2_PUSH_GS = 0xa8,
    OP2_POP_GS = 0xa9,
    OP2_GRP15 = 0xae,
    OP2_LSS = 0xb2,
    OP2_LFS = 0xb4,
    OP2_LGS = 0xb5,
    OP2_GRP9 = 0xc7,
};

#define MODRM_RDTSCP 0xf9 /* after OP2_GRP7 */

/* The operations of group 5: modrm.reg. */
enum group5 { GRP5_CALL = 2, GRP5_CALL_FAR, GRP5_JMP, GRP5_JMP_FAR, GRP5_PUSH };

#endif
