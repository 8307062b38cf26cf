/* SPDX-License-Identifier: MIT */
#include "profile/insn.h"
#include "profile/opcodes.h"

#include <string.h>

#define HAS(name) (1ull << EVENT_##name)

struct parts {
    const uint8_t *p; /* after the opcode */
    size_t left;
    uint8_t op;
    bool lock, rep, memory; /* memory: the ModRM byte says so; meaningless without one */
    unsigned reg;
};

static bool is_prefix(uint8_t b)
{
    return b == PREFIX_OPSIZE || b == PREFIX_ADDRSIZE || b == PREFIX_LOCK || b == PREFIX_REPNE || b == PREFIX_REP ||
           b == PREFIX_CS || b == PREFIX_SS || b == PREFIX_DS || b == PREFIX_ES || b == PREFIX_FS || b == PREFIX_GS;
}

static int32_t displacement(const struct parts *s, size_t n)
{
    int32_t d = 0;

    if (s->left < n)
        return 0;
    if (n == 1)
        return (int8_t)s->p[0];
    memcpy(&d, s->p, sizeof(d));
    return d;
}

static void jump_to(struct insn *i, const struct parts *s, uint32_t next, size_t n)
{
    i->direct = true;
    i->target = next + displacement(s, n);
}

/* Opcodes after OP_ESCAPE. */
static void decode_two(struct insn *i, const struct parts *s, uint32_t next)
{
    i->memory =
        s->memory && s->op != OP2_RDTSC && s->op != OP2_CPUID && (s->op < OP2_MOV_Rd_Cd || s->op > OP2_MOV_Dd_Rd);
    switch (s->op) {
    case OP2_GRP6:
        i->events = s->reg == 2 ? HAS(lldt) : s->reg == 3 ? HAS(lgdt) : s->reg == 4 || s->reg == 5 ? HAS(verr) : 0;
        return;
    case OP2_GRP7:
        i->early_fault = true;
        if (s->reg == 6)
            i->events = HAS(cr0_write);
        else if (s->memory)
            i->events = s->reg == 2 || s->reg == 3 ? HAS(lgdt) : s->reg == 7 ? HAS(invlpg) : 0;
        else if (s->left && s->p[0] == MODRM_RDTSCP)
            i->events = HAS(rdtsc);
        return;
    case OP2_LAR:
        i->events = HAS(lar);
        return;
    case OP2_LSL:
        i->events = HAS(lsl);
        return;
    case OP2_CLTS:
        i->events = HAS(clts);
        i->early_fault = true;
        return;
    case OP2_PREFETCHW: /* prefetches and long NOPs have a memory operand, but do not access it */
    case OP2_PREFETCH ... OP2_NOP_Ev:
        i->memory = false;
        return;
    case OP2_INVD:
    case OP2_WBINVD:
    case OP2_UD2:
        i->early_fault = true;
        return;
    case OP2_MOV_Rd_Cd:
        i->events = HAS(cr_read);
        i->early_fault = true;
        return;
    case OP2_MOV_Rd_Dd:
        i->events = HAS(dr_read);
        i->early_fault = true;
        return;
    case OP2_MOV_Cd_Rd:
        i->events = s->reg == 0 ? HAS(cr0_write) : s->reg == 3 ? HAS(cr3_write) : s->reg == 4 ? HAS(cr4_write) : 0;
        i->early_fault = true;
        return;
    case OP2_MOV_Dd_Rd:
        i->events = HAS(dr_write);
        i->early_fault = true;
        return;
    case OP2_WRMSR:
    case OP2_RDMSR:
        i->events = HAS(msr);
        i->early_fault = true;
        return;
    case OP2_RDTSC:
        i->events = HAS(rdtsc);
        return;
    case OP2_SYSENTER:
    case OP2_SYSEXIT:
        i->flow = FLOW_JUMP;
        return;
    case OP2_JCC_FIRST ... OP2_JCC_LAST:
        i->flow = FLOW_JUMP;
        i->conditional = true;
        i->events = HAS(jcc);
        i->memory = false;
        jump_to(i, s, next, 4);
        return;
    case OP2_PUSH_FS:
    case OP2_PUSH_GS:
        i->events = HAS(seg_read);
        i->memory = true;
        return;
    case OP2_POP_FS:
    case OP2_POP_GS:
        i->events = HAS(seg_load);
        i->memory = true;
        return;
    case OP2_CPUID:
        i->events = HAS(cpuid);
        return;
    case OP2_GRP15:
        i->events = !s->memory ? HAS(fence) : s->reg < 2 ? HAS(fpu_state) : 0;
        i->early_fault = s->memory;
        return;
    case OP2_LSS:
    case OP2_LFS:
    case OP2_LGS:
        i->events = HAS(seg_load);
        return;
    case OP2_GRP9:
        if (s->reg == 1)
            i->events = s->lock ? HAS(cmpxchg8b_locked) : HAS(cmpxchg8b);
        return;
    }
}

/* Group 5: the operation is in the ModRM byte. */
static void decode_group5(struct insn *i, const struct parts *s)
{
    switch (s->reg) {
    case GRP5_CALL:
        i->flow = FLOW_CALL;
        i->events = HAS(call) | HAS(indirect);
        return;
    case GRP5_CALL_FAR:
        i->flow = FLOW_CALL;
        i->events = HAS(far);
        return;
    case GRP5_JMP:
        i->flow = FLOW_JUMP;
        i->events = HAS(indirect);
        return;
    case GRP5_JMP_FAR:
        i->flow = FLOW_JUMP;
        i->events = HAS(far);
        return;
    case GRP5_PUSH:
        i->memory = true;
        return;
    }
}

static void decode_one(struct insn *i, const struct parts *s, uint32_t next)
{
    uint8_t op = s->op;
    bool modrm = (op < OP_INC_eAX && (op & 7) < 4) || op == OP_BOUND || op == OP_ARPL || op == OP_IMUL_Gv_Ev_Iz ||
                 op == OP_IMUL_Gv_Ev_Ib || (op >= OP_GRP1_Eb_Ib && op <= OP_POP_Ev) || op == OP_GRP2_Eb_Ib ||
                 op == OP_GRP2_Ev_Ib || (op >= OP_LES && op <= OP_MOV_Ev_Iz) ||
                 (op >= OP_GRP2_Eb_1 && op <= OP_GRP2_Ev_CL) || (op >= OP_FPU_FIRST && op <= OP_FPU_LAST) ||
                 op == OP_GRP3_Eb || op == OP_GRP3_Ev || op >= OP_GRP4;

    i->memory = (modrm && s->memory && op != OP_LEA) || (op >= OP_PUSH_eAX && op <= OP_POPA) || op == OP_PUSH_Iz ||
                op == OP_PUSH_Ib || (op >= OP_MOV_AL_Ob && op <= OP_CMPS) || (op >= OP_STOSB && op <= OP_SCAS) ||
                op == OP_ENTER || op == OP_LEAVE || op == OP_XLAT;
    switch (op) {
    case OP_PUSH_ES:
    case OP_PUSH_CS:
    case OP_PUSH_SS:
    case OP_PUSH_DS:
        i->events = HAS(seg_read);
        i->memory = true;
        return;
    case OP_POP_ES:
    case OP_POP_SS:
    case OP_POP_DS:
        i->events = HAS(seg_load);
        i->memory = true;
        return;
    case OP_INSB ... OP_OUTS:
        i->events = HAS(io) | HAS(string);
        i->flow = s->rep ? FLOW_REPEAT : FLOW_NEXT;
        i->memory = true;
        return;
    case OP_JCC_FIRST ... OP_JCC_LAST:
    case OP_LOOPNE ... OP_JECXZ:
        i->flow = FLOW_JUMP;
        i->conditional = true;
        i->events = HAS(jcc);
        jump_to(i, s, next, 1);
        return;
    case OP_XCHG_Eb_Gb:
    case OP_XCHG_Ev_Gv:
        i->events = s->memory ? HAS(locked) : 0;
        return;
    case OP_MOV_Ev_Sw:
        i->events = HAS(seg_read);
        return;
    case OP_MOV_Sw_Ew:
        i->events = HAS(seg_load);
        i->memory = true; /* at least the descriptor's */
        return;
    case OP_CALL_FAR:
        i->flow = FLOW_CALL;
        i->events = HAS(far);
        return;
    case OP_PUSHF:
        i->events = HAS(pushf);
        i->memory = true;
        return;
    case OP_POPF:
        i->events = HAS(popf);
        i->memory = true;
        return;
    case OP_MOVSB ... OP_CMPS:
    case OP_STOSB ... OP_SCAS:
        i->events = HAS(string);
        i->flow = s->rep ? FLOW_REPEAT : FLOW_NEXT;
        return;
    case OP_RET_Iw:
    case OP_RET:
        i->flow = FLOW_RET;
        i->events = HAS(ret);
        return;
    case OP_LES:
    case OP_LDS:
        i->events = s->memory ? HAS(seg_load) : 0;
        return;
    case OP_RETF_Iw:
    case OP_RETF:
        i->flow = FLOW_RET;
        i->events = HAS(far);
        return;
    case OP_INT3:
    case OP_INT_Ib:
    case OP_INTO:
    case OP_INT1:
        i->flow = FLOW_GATE;
        i->events = HAS(int_gate);
        return;
    case OP_IRET:
        i->flow = FLOW_IRET;
        i->events = HAS(iret);
        return;
    case OP_FPU_FIRST ... OP_FPU_LAST:
        i->early_fault = true;
        if (op == OP_FPU_DD && s->memory && (s->reg == 4 || s->reg == 6))
            i->events = HAS(fpu_state);
        return;
    case OP_FWAIT:
        i->early_fault = true;
        return;
    case OP_IN_AL_Ib ... OP_OUT_Ib_eAX:
    case OP_IN_AL_DX ... OP_OUT_DX_eAX:
        i->events = HAS(io);
        i->memory = true; /* the TSS's */
        return;
    case OP_CALL:
        i->flow = FLOW_CALL;
        i->events = HAS(call);
        jump_to(i, s, next, 4);
        return;
    case OP_JMP_Jz:
    case OP_JMP_Jb:
        i->flow = FLOW_JUMP;
        jump_to(i, s, next, op == OP_JMP_Jz ? 4 : 1);
        return;
    case OP_JMP_FAR:
        i->flow = FLOW_JUMP;
        i->events = HAS(far);
        return;
    case OP_HLT:
        i->events = HAS(hlt);
        i->early_fault = true;
        return;
    case OP_GRP3_Eb:
    case OP_GRP3_Ev:
        i->events = s->reg >= 6 ? HAS(div) : 0;
        return;
    case OP_CLI:
        i->events = HAS(cli);
        i->early_fault = true;
        return;
    case OP_STI:
        i->events = HAS(sti);
        i->early_fault = true;
        return;
    case OP_GRP5:
        decode_group5(i, s);
        return;
    }
}

struct insn insn_decode(uint32_t address, const uint8_t *bytes, size_t size)
{
    struct insn i = {.flow = FLOW_NEXT};
    struct parts s = {.p = bytes, .left = size};
    bool two = false;

    for (; s.left > 1 && is_prefix(*s.p); s.p++, s.left--) {
        s.lock |= *s.p == PREFIX_LOCK;
        s.rep |= *s.p == PREFIX_REPNE || *s.p == PREFIX_REP;
    }
    if (s.left > 1 && *s.p == OP_ESCAPE) {
        two = true;
        s.p++, s.left--;
    }
    if (!s.left)
        return i;
    s.op = *s.p++;
    s.left--;
    if (s.left) {
        s.memory = *s.p < 0xc0;
        s.reg = *s.p >> 3 & 7;
    }
    (two ? decode_two : decode_one)(&i, &s, address + size);
    if (s.lock && !(i.events & HAS(cmpxchg8b_locked)))
        i.events |= HAS(locked);
    return i;
}

bool insn_leads_to(const struct insn *i, uint32_t address, uint32_t size, uint32_t next)
{
    uint32_t behind = address + size;

    switch (i->flow) {
    case FLOW_NEXT:
        return next == behind;
    case FLOW_REPEAT:
        return next == behind || next == address;
    case FLOW_JUMP:
        return !i->direct || next == i->target || (i->conditional && next == behind);
    default:
        return true;
    }
}
