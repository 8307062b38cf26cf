/* SPDX-License-Identifier: MIT */
/* Random stores, and what the processor itself does with them: ptwr_trial.h. */
#include "ptwr_trial.h"

#include <stdio.h>

/* --- The processor itself */

struct state native;
uint32_t native_stack, native_code;
uint32_t code_address = CODE;
extern uint32_t native_fault;
void run_native(void);
void run_fault(void); /* ptwr_gate.S */

__asm__(".text\n"
        "run_native:\n"
        "   push %ebx; push %esi; push %edi; push %ebp\n"
        "   mov %esp, native_stack\n"
        "   mov native, %eax; mov native+4, %ecx; mov native+8, %edx; mov native+12, %ebx\n"
        "   mov native+16, %ebp; mov native+20, %esi; mov native+24, %edi\n"
        "   push native+28; popf\n"
        "   jmp *native_code\n"
        "   .globl native_return\n"
        "native_return:\n"
        "   mov %eax, native; mov %ecx, native+4; mov %edx, native+8; mov %ebx, native+12\n"
        "   mov %ebp, native+16; mov %esi, native+20; mov %edi, native+24\n"
        "   pushf; pop native+28\n"
        "   cld\n"
        "   mov native_stack, %esp\n"
        "   pop %ebp; pop %edi; pop %esi; pop %ebx\n"
        "   ret\n");

static void prepare(const struct trial *t)
{
    uint8_t *code = (uint8_t *)code_address;

    memcpy(code, t->code, t->length);
    code[t->length] = 0xE9; /* jmp native_return */
    *(uint32_t *)(code + t->length + 1) = (uint32_t)native_return - (code_address + t->length + 5);
    native_code = code_address;
    native = (struct state){t->gpr[EAX], t->gpr[ECX], t->gpr[EDX], t->gpr[EBX],
                            t->gpr[EBP], t->gpr[ESI], t->gpr[EDI], t->eflags};
}

void execute(const struct trial *t)
{
    prepare(t);
    run_native();
}

void execute_fault(const struct trial *t, uint32_t address)
{
    prepare(t);
    native_fault = address;
    run_fault();
}

const char *hex(const struct trial *t)
{
    static char text[64];

    for (unsigned int i = 0; i < t->length; i++)
        sprintf(text + 2 * i, "%02x", t->code[i]);
    return text;
}

/* --- Instructions */

static uint64_t random_state = 0xDEADBEEFCAFE1234;

uint32_t random32(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state >> 16;
}

#define ALL_FLAGS 0x8D5u
#define NO_AF     0x8C5u
#define CF_ZF     0x041u

const struct form forms[] = {
    {"mov", {0, 0x89}, 0, 0, MODRM_REG, 0, ALL_FLAGS},
    {"mov", {0, 0x88}, 1, 0, MODRM_REG, 0, ALL_FLAGS},
    {"mov $", {0, 0xC7}, 0, 0, MODRM_IMM, 0, ALL_FLAGS},
    {"mov $", {0, 0xC6}, 1, 0, MODRM_IMM8, 0, ALL_FLAGS},
    {"mov moffs", {0, 0xA3}, 0, 0, MOFFS, 0, ALL_FLAGS},
    {"mov moffs", {0, 0xA2}, 1, 0, MOFFS, 0, ALL_FLAGS},
    {"movnti", {0x0F, 0xC3}, 0, 0, MODRM_REG, 0, ALL_FLAGS},
    {"add", {0, 0x01}, 0, 0, MODRM_REG, 1, ALL_FLAGS},
    {"add", {0, 0x00}, 1, 0, MODRM_REG, 1, ALL_FLAGS},
    {"or", {0, 0x09}, 0, 0, MODRM_REG, 1, NO_AF},
    {"adc", {0, 0x11}, 0, 0, MODRM_REG, 1, ALL_FLAGS},
    {"sbb", {0, 0x18}, 1, 0, MODRM_REG, 1, ALL_FLAGS},
    {"and", {0, 0x21}, 0, 0, MODRM_REG, 1, NO_AF},
    {"sub", {0, 0x29}, 0, 0, MODRM_REG, 1, ALL_FLAGS},
    {"xor", {0, 0x31}, 0, 0, MODRM_REG, 1, NO_AF},
    {"add $", {0, 0x81}, 0, 0, MODRM_IMM, 1, ALL_FLAGS},
    {"or $", {0, 0x83}, 0, 1, MODRM_IMM8, 1, NO_AF},
    {"adc $", {0, 0x80}, 1, 2, MODRM_IMM8, 1, ALL_FLAGS},
    {"and $", {0, 0x80}, 1, 4, MODRM_IMM8, 1, NO_AF},
    {"and $", {0, 0x83}, 0, 4, MODRM_IMM8, 1, NO_AF},
    {"sub $", {0, 0x81}, 0, 5, MODRM_IMM, 1, ALL_FLAGS},
    {"inc", {0, 0xFF}, 0, 0, MODRM_GROUP, 1, ALL_FLAGS},
    {"dec", {0, 0xFE}, 1, 1, MODRM_GROUP, 1, ALL_FLAGS},
    {"not", {0, 0xF7}, 0, 2, MODRM_GROUP, 1, ALL_FLAGS},
    {"neg", {0, 0xF6}, 1, 3, MODRM_GROUP, 1, ALL_FLAGS},
    {"neg", {0, 0xF7}, 0, 3, MODRM_GROUP, 1, ALL_FLAGS},
    {"xchg", {0, 0x87}, 0, 0, MODRM_REG, 1, ALL_FLAGS},
    {"xchg", {0, 0x86}, 1, 0, MODRM_REG, 1, ALL_FLAGS},
    {"bts", {0x0F, 0xAB}, 0, 0, BIT_REG, 1, CF_ZF},
    {"btr", {0x0F, 0xB3}, 0, 0, BIT_REG, 1, CF_ZF},
    {"btc", {0x0F, 0xBB}, 0, 0, BIT_REG, 1, CF_ZF},
    {"bts $", {0x0F, 0xBA}, 0, 5, MODRM_IMM8, 1, CF_ZF},
    {"btr $", {0x0F, 0xBA}, 0, 6, MODRM_IMM8, 1, CF_ZF},
    {"btc $", {0x0F, 0xBA}, 0, 7, MODRM_IMM8, 1, CF_ZF},
    {"xadd", {0x0F, 0xC1}, 0, 0, MODRM_REG, 1, ALL_FLAGS},
    {"xadd", {0x0F, 0xC0}, 1, 0, MODRM_REG, 1, ALL_FLAGS},
    {"cmpxchg", {0x0F, 0xB1}, 0, 0, CMPXCHG, 1, ALL_FLAGS},
    {"cmpxchg", {0x0F, 0xB0}, 1, 0, CMPXCHG, 1, ALL_FLAGS},
    {"cmpxchg8b", {0x0F, 0xC7}, 0, 1, CMPXCHG8B, 1, ALL_FLAGS},
    {"stos", {0, 0xAB}, 0, 0, STRING, 0, ALL_FLAGS},
    {"stos", {0, 0xAA}, 1, 0, STRING, 0, ALL_FLAGS},
    {"movs", {0, 0xA5}, 0, 0, STRING, 0, ALL_FLAGS},
};
const unsigned int nr_forms = ARRAY_SIZE(forms);

static void emit(struct trial *t, uint32_t value, unsigned int bytes)
{
    for (; bytes--; value >>= 8)
        t->code[t->length++] = value;
}

/* Makes a ModRM byte (with SIB and displacement) whose operand is at t->address, counted from `before` bytes earlier.
 * The registers in the set `fixed` have their values already. */
static void emit_operand(struct trial *t, unsigned int reg, uint32_t before, uint32_t fixed)
{
    unsigned int form = random32() % 4, base, index, scale = random32() % 4;
    uint32_t target = t->address - before;
    int32_t disp = (int8_t)random32();

    do {
        base = random32() % 8;
        index = random32() % 8;
    } while (base == ESP || index == ESP || base == index || fixed >> base & 1);
    if (form == 0 && base != EBP) { /* (base) */
        t->gpr[base] = target;
        emit(t, reg << 3 | base, 1);
    } else if (form <= 1) { /* disp8(base) */
        t->gpr[base] = target - disp;
        emit(t, 0x40 | reg << 3 | base, 1);
        emit(t, disp, 1);
    } else if (form == 2) { /* disp32(base,index,scale) */
        emit(t, 0x84 | reg << 3, 1);
        emit(t, scale << 6 | index << 3 | base, 1);
        emit(t, target - t->gpr[base] - (t->gpr[index] << scale), 4);
    } else { /* disp32 */
        emit(t, 5 | reg << 3, 1);
        emit(t, target, 4);
    }
}

static void emit_string(struct trial *t, bool movs)
{
    bool repeated = random32() & 1;

    if (repeated)
        emit(t, 0xF3, 1);
    if (t->size == 2)
        emit(t, 0x66, 1);
    emit(t, t->form->opcode[1], 1);
    t->gpr[ECX] = repeated ? 1 + random32() % 3 : random32();
    t->gpr[EDI] = t->address;
    if (movs)
        t->gpr[ESI] = SOURCE + 0x800 + random32() % 64;
    if (random32() & 1)
        t->eflags |= 0x400;
}

void make_trial(struct trial *t, const struct form *f)
{
    unsigned int reg = random32() % 8;
    uint32_t before = 0, fixed = 0;

    t->form = f;
    t->length = 0;
    t->size = f->kind == CMPXCHG8B ? 8 : f->byte ? 1 : random32() % 4 || f->opcode[1] == 0xC3 ? 4 : 2;
    t->address = GUEST_TABLE + 64 + random32() % (PAGE_SIZE - 128) / t->size * t->size;
    t->eflags = (random32() & ALL_FLAGS) | 0x202;
    for (unsigned int i = 0; i < 8; i++)
        t->gpr[i] = random32();
    if (f->kind == STRING) {
        emit_string(t, f->opcode[1] == 0xA5);
        return;
    }
    if (f->lockable && random32() & 1)
        emit(t, 0xF0, 1);
    if (t->size == 2)
        emit(t, 0x66, 1);
    if (f->opcode[0])
        emit(t, f->opcode[0], 1);
    emit(t, f->opcode[1], 1);
    if (f->kind == MOFFS) {
        emit(t, t->address, 4);
        return;
    }
    if (f->kind != MODRM_REG && f->kind != BIT_REG && f->kind != CMPXCHG)
        reg = f->group;
    else if (!f->byte && reg == ESP)
        reg = EAX;
    if (f->kind == BIT_REG) { /* the register names a bit up to 32 bytes before or after the operand */
        int32_t bit = (int32_t)(random32() % 512) - 256;

        t->gpr[reg] = t->size == 4 ? (uint32_t)bit : (random32() & 0xFFFF0000) | (bit & 0xFFFF);
        before = (bit >> (t->size == 4 ? 5 : 4)) * (int)t->size;
        fixed = 1u << reg;
    } else if (f->kind == CMPXCHG8B) {
        fixed = 1u << EAX | 1u << EDX | 1u << ECX | 1u << EBX;
    } else if (f->kind == CMPXCHG) {
        fixed = 1u << EAX;
    }
    if (fixed & 1u << EAX && f->kind != BIT_REG && random32() & 1) { /* so that the comparison can succeed */
        t->gpr[EAX] = *(uint32_t *)t->address;
        t->gpr[EDX] = *(uint32_t *)(t->address + 4);
    }
    emit_operand(t, reg, before, fixed);
    if (f->kind == MODRM_IMM)
        emit(t, random32(), t->size);
    else if (f->kind == MODRM_IMM8)
        emit(t, random32(), 1);
}
