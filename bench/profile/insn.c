/* SPDX-License-Identifier: MIT */
#include "profile/insn.h"

#include <string.h>

#define HAS(name) (1ull << EVENT_##name)

struct parts {
    const uint8_t *p; /* behind the opcode */
    size_t left;
    uint8_t op;
    bool lock, rep, memory; /* memory: the ModRM byte names some; meaningless where there is none */
    unsigned reg;
};

static bool is_prefix(uint8_t b)
{
    return b == 0x66 || b == 0x67 || b == 0xf0 || b == 0xf2 || b == 0xf3 || b == 0x2e || b == 0x36 || b == 0x3e ||
           b == 0x26 || b == 0x64 || b == 0x65;
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

/* Opcodes behind 0F. */
static void decode_two(struct insn *i, const struct parts *s, uint32_t next)
{
    i->memory = s->memory && s->op != 0x31 && s->op != 0xa2 && (s->op < 0x20 || s->op > 0x23);
    switch (s->op) {
    case 0x00:
        i->events = s->reg == 2 ? HAS(lldt) : s->reg == 3 ? HAS(lgdt) : s->reg == 4 || s->reg == 5 ? HAS(verr) : 0;
        return;
    case 0x01:
        i->early_fault = true;
        if (s->reg == 6)
            i->events = HAS(cr0_write);
        else if (s->memory)
            i->events = s->reg == 2 || s->reg == 3 ? HAS(lgdt) : s->reg == 7 ? HAS(invlpg) : 0;
        else if (s->left && s->p[0] == 0xf9)
            i->events = HAS(rdtsc);
        return;
    case 0x02:
        i->events = HAS(lar);
        return;
    case 0x03:
        i->events = HAS(lsl);
        return;
    case 0x06:
        i->events = HAS(clts);
        i->early_fault = true;
        return;
    case 0x0d: /* prefetches and long NOPs name memory and touch none */
    case 0x18 ... 0x1f:
        i->memory = false;
        return;
    case 0x08:
    case 0x09:
    case 0x0b:
        i->early_fault = true;
        return;
    case 0x20:
        i->events = HAS(cr_read);
        i->early_fault = true;
        return;
    case 0x21:
        i->events = HAS(dr_read);
        i->early_fault = true;
        return;
    case 0x22:
        i->events = s->reg == 0 ? HAS(cr0_write) : s->reg == 3 ? HAS(cr3_write) : s->reg == 4 ? HAS(cr4_write) : 0;
        i->early_fault = true;
        return;
    case 0x23:
        i->events = HAS(dr_write);
        i->early_fault = true;
        return;
    case 0x30:
    case 0x32:
        i->events = HAS(msr);
        i->early_fault = true;
        return;
    case 0x31:
        i->events = HAS(rdtsc);
        return;
    case 0x34: /* SYSENTER, SYSEXIT */
    case 0x35:
        i->flow = FLOW_JUMP;
        return;
    case 0x80 ... 0x8f:
        i->flow = FLOW_JUMP;
        i->conditional = true;
        i->events = HAS(jcc);
        i->memory = false;
        jump_to(i, s, next, 4);
        return;
    case 0xa0:
    case 0xa8:
        i->events = HAS(seg_read);
        i->memory = true;
        return;
    case 0xa1:
    case 0xa9:
        i->events = HAS(seg_load);
        i->memory = true;
        return;
    case 0xa2:
        i->events = HAS(cpuid);
        return;
    case 0xae:
        i->events = !s->memory ? HAS(fence) : s->reg < 2 ? HAS(fpu_state) : 0;
        i->early_fault = s->memory;
        return;
    case 0xb2:
    case 0xb4:
    case 0xb5:
        i->events = HAS(seg_load);
        return;
    case 0xc7:
        if (s->reg == 1)
            i->events = s->lock ? HAS(cmpxchg8b_locked) : HAS(cmpxchg8b);
        return;
    }
}

/* Group 5 and the other opcodes with an operation in ModRM. */
static void decode_group5(struct insn *i, const struct parts *s)
{
    switch (s->reg) {
    case 2:
        i->flow = FLOW_CALL;
        i->events = HAS(call) | HAS(indirect);
        return;
    case 3:
        i->flow = FLOW_CALL;
        i->events = HAS(far);
        return;
    case 4:
        i->flow = FLOW_JUMP;
        i->events = HAS(indirect);
        return;
    case 5:
        i->flow = FLOW_JUMP;
        i->events = HAS(far);
        return;
    case 6:
        i->memory = true;
        return;
    }
}

static void decode_one(struct insn *i, const struct parts *s, uint32_t next)
{
    uint8_t op = s->op;
    bool modrm = (op < 0x40 && (op & 7) < 4) || op == 0x62 || op == 0x63 || op == 0x69 || op == 0x6b ||
                 (op >= 0x80 && op <= 0x8f) || op == 0xc0 || op == 0xc1 || (op >= 0xc4 && op <= 0xc7) ||
                 (op >= 0xd0 && op <= 0xd3) || (op >= 0xd8 && op <= 0xdf) || op == 0xf6 || op == 0xf7 || op >= 0xfe;

    i->memory = (modrm && s->memory && op != 0x8d) || (op >= 0x50 && op <= 0x61) || op == 0x68 || op == 0x6a ||
                (op >= 0xa0 && op <= 0xa7) || (op >= 0xaa && op <= 0xaf) || op == 0xc8 || op == 0xc9 || op == 0xd7;
    switch (op) {
    case 0x06:
    case 0x0e:
    case 0x16:
    case 0x1e:
        i->events = HAS(seg_read);
        i->memory = true;
        return;
    case 0x07:
    case 0x17:
    case 0x1f:
        i->events = HAS(seg_load);
        i->memory = true;
        return;
    case 0x6c ... 0x6f:
        i->events = HAS(io) | HAS(string);
        i->flow = s->rep ? FLOW_REPEAT : FLOW_NEXT;
        i->memory = true;
        return;
    case 0x70 ... 0x7f:
    case 0xe0 ... 0xe3:
        i->flow = FLOW_JUMP;
        i->conditional = true;
        i->events = HAS(jcc);
        jump_to(i, s, next, 1);
        return;
    case 0x86:
    case 0x87:
        i->events = s->memory ? HAS(locked) : 0;
        return;
    case 0x8c:
        i->events = HAS(seg_read);
        return;
    case 0x8e:
        i->events = HAS(seg_load);
        i->memory = true; /* of the descriptor, if of nothing else */
        return;
    case 0x9a:
        i->flow = FLOW_CALL;
        i->events = HAS(far);
        return;
    case 0x9c:
        i->events = HAS(pushf);
        i->memory = true;
        return;
    case 0x9d:
        i->events = HAS(popf);
        i->memory = true;
        return;
    case 0xa4 ... 0xa7:
    case 0xaa ... 0xaf:
        i->events = HAS(string);
        i->flow = s->rep ? FLOW_REPEAT : FLOW_NEXT;
        return;
    case 0xc2:
    case 0xc3:
        i->flow = FLOW_RET;
        i->events = HAS(ret);
        return;
    case 0xc4:
    case 0xc5:
        i->events = s->memory ? HAS(seg_load) : 0;
        return;
    case 0xca:
    case 0xcb:
        i->flow = FLOW_RET;
        i->events = HAS(far);
        return;
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xf1:
        i->flow = FLOW_GATE;
        i->events = HAS(int_gate);
        return;
    case 0xcf:
        i->flow = FLOW_IRET;
        i->events = HAS(iret);
        return;
    case 0xd8 ... 0xdf:
        i->early_fault = true;
        if (op == 0xdd && s->memory && (s->reg == 4 || s->reg == 6))
            i->events = HAS(fpu_state);
        return;
    case 0x9b:
        i->early_fault = true;
        return;
    case 0xe4 ... 0xe7:
    case 0xec ... 0xef:
        i->events = HAS(io);
        i->memory = true; /* of the TSS */
        return;
    case 0xe8:
        i->flow = FLOW_CALL;
        i->events = HAS(call);
        jump_to(i, s, next, 4);
        return;
    case 0xe9:
    case 0xeb:
        i->flow = FLOW_JUMP;
        jump_to(i, s, next, op == 0xe9 ? 4 : 1);
        return;
    case 0xea:
        i->flow = FLOW_JUMP;
        i->events = HAS(far);
        return;
    case 0xf4:
        i->events = HAS(hlt);
        i->early_fault = true;
        return;
    case 0xf6:
    case 0xf7:
        i->events = s->reg >= 6 ? HAS(div) : 0;
        return;
    case 0xfa:
        i->events = HAS(cli);
        i->early_fault = true;
        return;
    case 0xfb:
        i->events = HAS(sti);
        i->early_fault = true;
        return;
    case 0xff:
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
        s.lock |= *s.p == 0xf0;
        s.rep |= *s.p == 0xf2 || *s.p == 0xf3;
    }
    if (s.left > 1 && *s.p == 0x0f) {
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
