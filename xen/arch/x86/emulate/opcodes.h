/* SPDX-License-Identifier: MIT */
/*
 * The opcodes that the emulator knows by number. The names are the mnemonics of Intel SDM 2, appendix A, with its
 * letters for the operands. E: register or memory, G: register, I: immediate, O: plain address, R: general register,
 * C: control register, D: debug register; b: byte, v: word or doubleword, z: immediate of that size.
 */
#ifndef EMULATE_OPCODES_H
#define EMULATE_OPCODES_H

enum prefix {
    PREFIX_ES = 0x26,
    PREFIX_CS = 0x2E,
    PREFIX_SS = 0x36,
    PREFIX_DS = 0x3E,
    PREFIX_FS = 0x64,
    PREFIX_GS = 0x65,
    PREFIX_OPSIZE = 0x66,
    PREFIX_ADDRSIZE = 0x67,
    PREFIX_LOCK = 0xF0,
    PREFIX_REPNE = 0xF2,
    PREFIX_REP = 0xF3,
};

enum opcode {
    OP_ESCAPE = 0x0F, /* the opcode is the next byte, in the table below */
    OP_INSB = 0x6C,
    OP_INS = 0x6D,
    OP_OUTSB = 0x6E,
    OP_OUTS = 0x6F,
    OP_GRP1_Eb_Ib = 0x80,
    OP_GRP1_Ev_Iz = 0x81,
    OP_GRP1_Eb_Ib_ALIAS = 0x82,
    OP_GRP1_Ev_Ib = 0x83,
    OP_XCHG_Eb_Gb = 0x86,
    OP_XCHG_Ev_Gv = 0x87,
    OP_MOV_Eb_Gb = 0x88,
    OP_MOV_Ev_Gv = 0x89,
    OP_MOV_AL_Ob = 0xA0, /* the first of four */
    OP_MOV_Ob_AL = 0xA2,
    OP_MOV_Ov_eAX = 0xA3,
    OP_MOVSB = 0xA4,
    OP_MOVS = 0xA5,
    OP_STOSB = 0xAA,
    OP_STOS = 0xAB,
    OP_MOV_Eb_Ib = 0xC6,
    OP_MOV_Ev_Iz = 0xC7,
    OP_IN_AL_Ib = 0xE4,
    OP_IN_eAX_Ib = 0xE5,
    OP_OUT_Ib_AL = 0xE6,
    OP_OUT_Ib_eAX = 0xE7,
    OP_IN_AL_DX = 0xEC,
    OP_IN_eAX_DX = 0xED,
    OP_OUT_DX_AL = 0xEE,
    OP_OUT_DX_eAX = 0xEF,
    OP_HLT = 0xF4,
    OP_GRP3_Eb = 0xF6,
    OP_GRP3_Ev = 0xF7,
    OP_CLI = 0xFA,
    OP_STI = 0xFB,
    OP_GRP4 = 0xFE,
    OP_GRP5 = 0xFF,
};

/* After OP_ESCAPE. */
enum opcode2 {
    OP2_GRP7 = 0x01,
    OP2_CLTS = 0x06,
    OP2_INVD = 0x08,
    OP2_WBINVD = 0x09,
    OP2_MOV_Rd_Cd = 0x20,
    OP2_MOV_Rd_Dd = 0x21,
    OP2_MOV_Cd_Rd = 0x22,
    OP2_MOV_Dd_Rd = 0x23,
    OP2_WRMSR = 0x30,
    OP2_RDTSC = 0x31,
    OP2_RDMSR = 0x32,
    OP2_ESCAPE_38 = 0x38, /* the opcode is the next byte */
    OP2_ESCAPE_3A = 0x3A,
    OP2_CPUID = 0xA2,
    OP2_BTS_Ev_Gv = 0xAB,
    OP2_CMPXCHG_Eb_Gb = 0xB0,
    OP2_CMPXCHG_Ev_Gv = 0xB1,
    OP2_BTR_Ev_Gv = 0xB3,
    OP2_GRP8_Ev_Ib = 0xBA,
    OP2_BTC_Ev_Gv = 0xBB,
    OP2_XADD_Eb_Gb = 0xC0,
    OP2_XADD_Ev_Gv = 0xC1,
    OP2_MOVNTI = 0xC3,
    OP2_GRP9 = 0xC7,
};

#endif
