/* SPDX-License-Identifier: MIT */
/*
 * The instruction decoder (xen/arch/x86/emulate/decode.c), on the host.
 *
 * For a table of instructions whose decoding is written down by hand, this proves each field, that every truncation
 * asks for more bytes, and that the bytes after an instruction change nothing. For random bytes it proves that nothing
 * is read beyond the buffer (each one is allocated with its exact length, for the address sanitizer) and that no result
 * is out of range. And it proves that the arithmetic agrees with this processor's own, flags included.
 */
#include "unit.h"

#include <asm/decode.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs the decoder on a copy that ends where the bytes end. */
static enum decode_result decode_exactly(struct insn *insn, const uint8_t *bytes, unsigned int n, bool code32)
{
    uint8_t *copy = malloc(n ? n : 1);
    enum decode_result rc;

    if (!copy)
        abort();
    memcpy(copy, bytes, n);
    rc = decode(insn, n ? copy : copy + 1, n, code32);
    free(copy);
    return rc;
}

/* --- Known instructions */

struct expected {
    const char *text, *bytes; /* bytes in hexadecimal */
    struct insn insn;
    bool code16;
};

#define F(op_, sub_, flags_, size_) .op = (op_), .sub = (sub_), .flags = (flags_), .size = (size_)
#define MEM                         (INSN_MODRM | INSN_MEM)
#define AT(seg, base_, index_, scale_, disp_) \
    .addr_size = 4, .segment = (seg), .base = (base_), .index = (index_), .scale = (scale_), .disp = (uint32_t)(disp_)
#define NOWHERE AT(SEG_DS, NO_REG, NO_REG, 0, 0)

enum { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI };

static const struct expected known[] = {
    /* Stores of page-table entries, as kernels' compilers write them */
    {"mov %eax,(%edx)", "8902", {F(INSN_MOV, 0, MEM, 4), .reg = EAX, AT(SEG_DS, EDX, NO_REG, 0, 0)}, 0},
    {"mov %ecx,4(%ebx)", "894b04", {F(INSN_MOV, 0, MEM, 4), .reg = ECX, AT(SEG_DS, EBX, NO_REG, 0, 4)}, 0},
    {"mov %esi,-8(%ebp)", "8975f8", {F(INSN_MOV, 0, MEM, 4), .reg = ESI, AT(SEG_SS, EBP, NO_REG, 0, -8)}, 0},
    {"mov %edi,0x12345678",
     "893d78563412",
     {F(INSN_MOV, 0, MEM, 4), .reg = EDI, AT(SEG_DS, NO_REG, NO_REG, 0, 0x12345678)},
     0},
    {"mov %eax,moffs",
     "a378563412",
     {F(INSN_MOV, 0, INSN_MEM, 4), .reg = EAX, AT(SEG_DS, NO_REG, NO_REG, 0, 0x12345678)},
     0},
    {"mov %al,moffs",
     "a278563412",
     {F(INSN_MOV, 0, INSN_MEM, 1), .reg = EAX, AT(SEG_DS, NO_REG, NO_REG, 0, 0x12345678)},
     0},
    {"mov %eax,(%edx,%ecx,8)", "8904ca", {F(INSN_MOV, 0, MEM, 4), .reg = EAX, AT(SEG_DS, EDX, ECX, 3, 0)}, 0},
    {"mov %eax,0x100(,%esi,4)",
     "8904b500010000",
     {F(INSN_MOV, 0, MEM, 4), .reg = EAX, AT(SEG_DS, NO_REG, ESI, 2, 0x100)},
     0},
    {"mov %eax,(%esp)", "890424", {F(INSN_MOV, 0, MEM, 4), .reg = EAX, AT(SEG_SS, ESP, NO_REG, 0, 0)}, 0},
    {"mov %eax,0x7f(%ebp,%ebx,2)", "89445d7f", {F(INSN_MOV, 0, MEM, 4), .reg = EAX, AT(SEG_SS, EBP, EBX, 1, 0x7f)}, 0},
    {"mov %eax,%ds:(%ebp)",
     "3e894500",
     {F(INSN_MOV, 0, MEM | INSN_SEGMENT, 4), .reg = EAX, AT(SEG_DS, EBP, NO_REG, 0, 0)},
     0},
    {"mov %eax,%gs:(%ecx)",
     "658901",
     {F(INSN_MOV, 0, MEM | INSN_SEGMENT, 4), .reg = EAX, AT(SEG_GS, ECX, NO_REG, 0, 0)},
     0},
    {"movl $0,(%eax)", "c70000000000", {F(INSN_MOV, 0, MEM | INSN_IMM, 4), AT(SEG_DS, EAX, NO_REG, 0, 0)}, 0},
    {"movl $0,4(%eax)", "c7400400000000", {F(INSN_MOV, 0, MEM | INSN_IMM, 4), AT(SEG_DS, EAX, NO_REG, 0, 4)}, 0},
    {"movl $-1,0x1000(%edi)",
     "c78700100000ffffffff",
     {F(INSN_MOV, 0, MEM | INSN_IMM, 4), AT(SEG_DS, EDI, NO_REG, 0, 0x1000), .imm = 0xFFFFFFFF},
     0},
    {"movw $0x1234,(%eax)",
     "66c7003412",
     {F(INSN_MOV, 0, MEM | INSN_IMM | INSN_OPSIZE, 2), AT(SEG_DS, EAX, NO_REG, 0, 0), .imm = 0x1234},
     0},
    {"movb $0x80,(%eax)",
     "c60080",
     {F(INSN_MOV, 0, MEM | INSN_IMM, 1), AT(SEG_DS, EAX, NO_REG, 0, 0), .imm = 0xFFFFFF80},
     0},
    {"mov %bh,(%ecx)", "8839", {F(INSN_MOV, 0, MEM, 1), .reg = 7, AT(SEG_DS, ECX, NO_REG, 0, 0)}, 0},
    {"movnti %eax,(%edx)", "0fc302", {F(INSN_MOV, 0, MEM, 4), .reg = EAX, AT(SEG_DS, EDX, NO_REG, 0, 0)}, 0},
    {"andb $0xfd,(%edi)",
     "8027fd",
     {F(INSN_ALU, ALU_AND, MEM | INSN_IMM, 1), .reg = 4, AT(SEG_DS, EDI, NO_REG, 0, 0), .imm = 0xFFFFFFFD},
     0},
    {"lock andb $0xfd,(%esi)",
     "f08026fd",
     {F(INSN_ALU, ALU_AND, MEM | INSN_IMM | INSN_LOCK, 1), .reg = 4, AT(SEG_DS, ESI, NO_REG, 0, 0), .imm = 0xFFFFFFFD},
     0},
    {"andl $-3,(%eax)",
     "8320fd",
     {F(INSN_ALU, ALU_AND, MEM | INSN_IMM, 4), .reg = 4, AT(SEG_DS, EAX, NO_REG, 0, 0), .imm = 0xFFFFFFFD},
     0},
    {"orl $0x12345678,(%eax)",
     "810878563412",
     {F(INSN_ALU, ALU_OR, MEM | INSN_IMM, 4), .reg = 1, AT(SEG_DS, EAX, NO_REG, 0, 0), .imm = 0x12345678},
     0},
    {"or %ecx,(%eax)", "0908", {F(INSN_ALU, ALU_OR, MEM, 4), .reg = ECX, AT(SEG_DS, EAX, NO_REG, 0, 0)}, 0},
    {"lock xor %dl,(%eax)",
     "f03010",
     {F(INSN_ALU, ALU_XOR, MEM | INSN_LOCK, 1), .reg = EDX, AT(SEG_DS, EAX, NO_REG, 0, 0)},
     0},
    {"adc %ebx,(%esi)", "111e", {F(INSN_ALU, ALU_ADC, MEM, 4), .reg = EBX, AT(SEG_DS, ESI, NO_REG, 0, 0)}, 0},
    {"incl (%eax)", "ff00", {F(INSN_INCDEC, 0, MEM, 4), .reg = 0, AT(SEG_DS, EAX, NO_REG, 0, 0)}, 0},
    {"lock decb (%eax)", "f0fe08", {F(INSN_INCDEC, 1, MEM | INSN_LOCK, 1), .reg = 1, AT(SEG_DS, EAX, NO_REG, 0, 0)}, 0},
    {"notl (%eax)", "f710", {F(INSN_NOTNEG, 2, MEM, 4), .reg = 2, AT(SEG_DS, EAX, NO_REG, 0, 0)}, 0},
    {"negb (%eax)", "f618", {F(INSN_NOTNEG, 3, MEM, 1), .reg = 3, AT(SEG_DS, EAX, NO_REG, 0, 0)}, 0},
    {"xchg %eax,(%ecx)", "8701", {F(INSN_XCHG, 0, MEM, 4), .reg = EAX, AT(SEG_DS, ECX, NO_REG, 0, 0)}, 0},
    {"lock btr %eax,(%ecx)",
     "f00fb301",
     {F(INSN_BIT, 2, MEM | INSN_LOCK, 4), .reg = EAX, AT(SEG_DS, ECX, NO_REG, 0, 0)},
     0},
    {"btr $1,(%ecx)",
     "0fba3101",
     {F(INSN_BIT, 2, MEM | INSN_IMM, 4), .reg = 6, AT(SEG_DS, ECX, NO_REG, 0, 0), .imm = 1},
     0},
    {"bts %edx,(%eax)", "0fab10", {F(INSN_BIT, 1, MEM, 4), .reg = EDX, AT(SEG_DS, EAX, NO_REG, 0, 0)}, 0},
    {"btcw $5,(%eax)",
     "660fba3805",
     {F(INSN_BIT, 3, MEM | INSN_IMM | INSN_OPSIZE, 2), .reg = 7, AT(SEG_DS, EAX, NO_REG, 0, 0), .imm = 5},
     0},
    {"lock xadd %eax,(%ecx)",
     "f00fc101",
     {F(INSN_XADD, 0, MEM | INSN_LOCK, 4), .reg = EAX, AT(SEG_DS, ECX, NO_REG, 0, 0)},
     0},
    {"lock cmpxchg %edx,(%ecx)",
     "f00fb111",
     {F(INSN_CMPXCHG, 0, MEM | INSN_LOCK, 4), .reg = EDX, AT(SEG_DS, ECX, NO_REG, 0, 0)},
     0},
    {"lock cmpxchg8b (%edi)",
     "f00fc70f",
     {F(INSN_CMPXCHG8B, 1, MEM | INSN_LOCK, 8), .reg = 1, AT(SEG_DS, EDI, NO_REG, 0, 0)},
     0},
    {"cmpxchg8b 0x10(%ebp)", "0fc74d10", {F(INSN_CMPXCHG8B, 1, MEM, 8), .reg = 1, AT(SEG_SS, EBP, NO_REG, 0, 0x10)}, 0},
    {"rep stosl", "f3ab", {F(INSN_STOS, 0, INSN_REP, 4), NOWHERE}, 0},
    {"rep movsl %gs:", "65f3a5", {F(INSN_MOVS, 0, INSN_REP | INSN_SEGMENT, 4), AT(SEG_GS, NO_REG, NO_REG, 0, 0)}, 0},
    {"the longest: six prefixes, SIB, disp32, imm32",
     "3e3e3e3ec784ca7856341278563412",
     {F(INSN_MOV, 0, MEM | INSN_IMM | INSN_SEGMENT, 4), AT(SEG_DS, EDX, ECX, 3, 0x12345678), .imm = 0x12345678},
     0},
    /* Privileged ones */
    {"mov %cr3,%eax", "0f20d8", {F(INSN_READ_CR, 3, INSN_MODRM, 4), .reg = 3, .rm = EAX, NOWHERE}, 0},
    {"mov %ecx,%cr4", "0f22e1", {F(INSN_WRITE_CR, 4, INSN_MODRM, 4), .reg = 4, .rm = ECX, NOWHERE}, 0},
    {"mov %cr0,%edx, mod 0", "0f2002", {F(INSN_READ_CR, 0, INSN_MODRM, 4), .reg = 0, .rm = EDX, NOWHERE}, 0},
    {"mov %db7,%ebx", "0f21fb", {F(INSN_READ_DR, 7, INSN_MODRM, 4), .reg = 7, .rm = EBX, NOWHERE}, 0},
    {"mov %esp,%db0", "0f23c4", {F(INSN_WRITE_DR, 0, INSN_MODRM, 4), .reg = 0, .rm = ESP, NOWHERE}, 0},
    {"clts", "0f06", {F(INSN_CLTS, 0, 0, 4), NOWHERE}, 0},
    {"wbinvd", "0f09", {F(INSN_WBINVD, 0, 0, 4), NOWHERE}, 0},
    {"rdmsr", "0f32", {F(INSN_RDMSR, 0, 0, 4), NOWHERE}, 0},
    {"wrmsr", "0f30", {F(INSN_WRMSR, 0, 0, 4), NOWHERE}, 0},
    {"rdtsc", "0f31", {F(INSN_RDTSC, 0, 0, 4), NOWHERE}, 0},
    {"cpuid", "0fa2", {F(INSN_CPUID, 0, 0, 4), NOWHERE}, 0},
    {"hlt", "f4", {F(INSN_HLT, 0, 0, 4), NOWHERE}, 0},
    {"cli", "fa", {F(INSN_CLI_STI, 0, 0, 4), NOWHERE}, 0},
    {"sti", "fb", {F(INSN_CLI_STI, 1, 0, 4), NOWHERE}, 0},
    {"invlpg (%eax)", "0f0138", {F(INSN_GROUP7, 7, MEM, 4), .reg = 7, AT(SEG_DS, EAX, NO_REG, 0, 0)}, 0},
    {"lmsw %ax", "0f01f0", {F(INSN_GROUP7, 6, INSN_MODRM, 4), .reg = 6, .rm = EAX, NOWHERE}, 0},
    {"in $0x61,%al", "e461", {F(INSN_IN, 0, INSN_IMM, 1), NOWHERE, .imm = 0x61}, 0},
    {"out %ax,$0x80", "66e780", {F(INSN_OUT, 0, INSN_IMM | INSN_OPSIZE, 2), NOWHERE, .imm = 0xFFFFFF80}, 0},
    {"in (%dx),%eax", "ed", {F(INSN_IN, 0, 0, 4), NOWHERE}, 0},
    {"out %al,(%dx)", "ee", {F(INSN_OUT, 0, 0, 1), NOWHERE}, 0},
    {"rep insw", "f3666d", {F(INSN_INS, 0, INSN_REP | INSN_OPSIZE, 2), NOWHERE}, 0},
    {"rep outsb %es:", "26f36e", {F(INSN_OUTS, 0, INSN_REP | INSN_SEGMENT, 1), AT(SEG_ES, NO_REG, NO_REG, 0, 0)}, 0},
    /* 16-bit addresses and code */
    {"mov %eax,(%bx,%di)",
     "678901",
     {F(INSN_MOV, 0, MEM, 4), .addr_size = 2, .segment = SEG_DS, .base = EBX, .index = EDI},
     0},
    {"mov %eax,2(%bp)",
     "67894602",
     {F(INSN_MOV, 0, MEM, 4), .addr_size = 2, .segment = SEG_SS, .base = EBP, .index = NO_REG, .disp = 2},
     0},
    {"mov %eax,0x8000 (16 bits)",
     "6789060080",
     {F(INSN_MOV, 0, MEM, 4), .addr_size = 2, .segment = SEG_DS, .base = NO_REG, .index = NO_REG, .disp = 0xFFFF8000},
     0},
    {"mov %ax,(%si)",
     "8904",
     {F(INSN_MOV, 0, MEM, 2), .addr_size = 2, .segment = SEG_DS, .base = ESI, .index = NO_REG},
     true},
    {"mov %eax,(%esi) in 16-bit code",
     "66678906",
     {F(INSN_MOV, 0, MEM | INSN_OPSIZE, 4), AT(SEG_DS, ESI, NO_REG, 0, 0)},
     true},
};

static unsigned int parse_hex(const char *text, uint8_t *bytes)
{
    unsigned int n = strlen(text) / 2;

    for (unsigned int i = 0; i < n; i++) {
        unsigned int value;

        if (n > MAX_INSN + 1 || sscanf(text + 2 * i, "%2x", &value) != 1)
            abort();
        bytes[i] = value;
    }
    return n;
}

#define SAME(field) \
    CHECK(got.field == want->field, "%s: %#x, not %#x", e->text, (unsigned)got.field, (unsigned)want->field)

static void test_known(void)
{
    for (unsigned int i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const struct expected *e = &known[i];
        const struct insn *want = &e->insn;
        uint8_t bytes[MAX_INSN + 1];
        unsigned int n = parse_hex(e->bytes, bytes);
        struct insn got;

        CHECK(decode_exactly(&got, bytes, n, !e->code16) == DECODE_OK, "%s", e->text);
        CHECK(got.length == n, "%s: length %u", e->text, got.length);
        SAME(op);
        SAME(sub);
        SAME(flags);
        SAME(size);
        SAME(addr_size);
        SAME(segment);
        SAME(base);
        SAME(index);
        SAME(scale);
        SAME(disp);
        SAME(imm);
        if (!(want->flags & INSN_IMM))
            SAME(reg);
        if (want->flags & INSN_MODRM && !(want->flags & INSN_MEM))
            SAME(rm);
    }
}

static void test_truncated(void)
{
    for (unsigned int i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        uint8_t bytes[MAX_INSN + 1];
        unsigned int n = parse_hex(known[i].bytes, bytes);
        struct insn insn;

        for (unsigned int k = 0; k < n; k++)
            CHECK(decode_exactly(&insn, bytes, k, !known[i].code16) == DECODE_SHORT, "%s: %u bytes", known[i].text, k);
    }
}

/* Reads, loads, far transfers, undefined combinations: the hypervisor emulates none of these. */
static void test_unknown(void)
{
    static const char *const list[] = {
        "90",
        "cc",
        "cd82",
        "c3",
        "9c",
        "9d",
        "ff10",
        "ff30",
        "d9c0", /* not a store to memory that we emulate */
        "8b02",
        "0302",
        "3902",
        "833800",
        "f60001",
        "f700",
        "0fba2001", /* reads only */
        "89c0",
        "01c0",
        "0fc7c8",
        "0fc730",
        "c70800000000", /* register operands; other members of a group */
        "0f0b",
        "0fb600",
        "0f0100",
        "0f01f9",
        "0f01d1",
        "0f01f8", /* UD2, MOVZX, SGDT, RDTSCP, XSETBV, SWAPGS */
        "f08902",
        "f00f06",
        "f0f4",
        "f0e461",
        "f00f20d8",
        "f0c70000000000", /* LOCK where it is not allowed */
        "6666666666666666666666666689",
        "66666666666666666666666666668902", /* 15 bytes without an end */
    };
    struct insn insn;

    for (unsigned int i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        uint8_t bytes[MAX_INSN + 1];
        unsigned int n = parse_hex(list[i], bytes);
        enum decode_result rc = decode_exactly(&insn, bytes, n, true);

        CHECK(rc == (n < MAX_INSN && bytes[0] == 0x66 ? DECODE_SHORT : DECODE_UNKNOWN), "%s: %d", list[i], rc);
    }
}

/* --- Random bytes */

static uint64_t random_state = 0x123456789ABCDEF;

static uint32_t random32(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state >> 16;
}

static void check_ranges(const struct insn *insn, unsigned int n)
{
    CHECK(insn->length >= 1 && insn->length <= n && insn->length <= MAX_INSN, "length %u of %u", insn->length, n);
    CHECK(insn->op > INSN_UNKNOWN && insn->op <= INSN_CPUID, "op %u", insn->op);
    CHECK(insn->size == 1 || insn->size == 2 || insn->size == 4 || insn->size == 8, "size %u", insn->size);
    CHECK(insn->size != 8 || insn->op == INSN_CMPXCHG8B, "op %u has size 8", insn->op);
    CHECK(insn->addr_size == 2 || insn->addr_size == 4, "addr_size %u", insn->addr_size);
    CHECK(insn->segment <= SEG_GS, "segment %u", insn->segment);
    CHECK(insn->sub < 8 && insn->mod < 4 && insn->reg < 8 && insn->rm < 8 && insn->scale < 4, "op %u", insn->op);
    CHECK((insn->base < 8 || insn->base == NO_REG) && (insn->index < 8 || insn->index == NO_REG), "op %u", insn->op);
    CHECK(!(insn->flags & INSN_LOCK) || insn->flags & INSN_MEM, "locked register: op %u", insn->op);
    CHECK(insn->op > INSN_STOS || insn->flags & INSN_MEM || insn->op >= INSN_MOVS, "store to a register: op %u",
          insn->op);
}

static void test_random(void)
{
    static const uint8_t likely[] = {0x0F, 0x66, 0x67, 0xF0, 0xF3, 0x65, 0x89,
                                     0xC7, 0x80, 0x83, 0x04, 0x44, 0x84, 0x24};

    for (unsigned int i = 0; i < 2000000; i++) {
        unsigned int n = random32() % 18;
        bool code32 = random32() % 8;
        struct insn insn, again;
        uint8_t bytes[32];

        for (unsigned int k = 0; k < sizeof(bytes); k++)
            bytes[k] = random32() % 3 ? random32() : likely[random32() % sizeof(likely)];
        switch (decode_exactly(&insn, bytes, n, code32)) {
        case DECODE_OK:
            check_ranges(&insn, n);
            CHECK(decode(&again, bytes, insn.length, code32) == DECODE_OK && again.length == insn.length, "shorter");
            CHECK(decode(&again, bytes, MAX_INSN, code32) == DECODE_OK && again.length == insn.length, "longer");
            break;
        case DECODE_SHORT:
            CHECK(n < MAX_INSN, "15 bytes are never too few");
            break;
        case DECODE_UNKNOWN:
            CHECK(decode(&again, bytes, MAX_INSN, code32) == DECODE_UNKNOWN, "known with more bytes");
            break;
        }
    }
}

/* --- Arithmetic */

#if defined(__x86_64__) || defined(__i386__)

#define ARITHMETIC 0x8D5u
#define LOGIC      0x8C5u /* AF is undefined after AND, OR, XOR */

#define NATIVE(name, type, suffix)                                                              \
    static uint32_t native_##name(enum alu_op op, uint32_t a32, uint32_t b32, uint32_t *eflags) \
    {                                                                                           \
        type a = a32, b = b32;                                                                  \
        unsigned long flags = *eflags & ARITHMETIC;                                             \
        switch (op) {                                                                           \
            CASE(ALU_ADD, "add", suffix)                                                        \
            CASE(ALU_OR, "or", suffix)                                                          \
            CASE(ALU_ADC, "adc", suffix)                                                        \
            CASE(ALU_SBB, "sbb", suffix)                                                        \
            CASE(ALU_AND, "and", suffix)                                                        \
            CASE(ALU_SUB, "sub", suffix)                                                        \
            CASE(ALU_XOR, "xor", suffix)                                                        \
            CASE(ALU_CMP, "cmp", suffix)                                                        \
        }                                                                                       \
        *eflags = flags;                                                                        \
        return a;                                                                               \
    }
#define CASE(op, text, suffix)                                                      \
    case op:                                                                        \
        __asm__ volatile("push %1\n popf\n " text suffix " %2, %0\n pushf\n pop %1" \
                         : "+q"(a), "+r"(flags)                                     \
                         : "q"(b)                                                   \
                         : "cc", "memory");                                         \
        break;
NATIVE(byte, uint8_t, "b")
NATIVE(word, uint16_t, "w")
NATIVE(dword, uint32_t, "l")

static uint32_t native(enum alu_op op, unsigned int size, uint32_t a, uint32_t b, uint32_t *eflags)
{
    return size == 1   ? native_byte(op, a, b, eflags)
           : size == 2 ? native_word(op, a, b, eflags)
                       : native_dword(op, a, b, eflags);
}

static uint32_t interesting(void)
{
    static const uint32_t values[] = {0,      1,          0x7F,       0x80,       0xFF, 0x7FFF, 0x8000,
                                      0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 15,   16};

    return random32() % 2 ? random32() : values[random32() % (sizeof(values) / sizeof(values[0]))];
}

static void test_alu(void)
{
    for (unsigned int i = 0; i < 1000000; i++) {
        enum alu_op op = random32() % 8;
        unsigned int size = 1u << random32() % 3;
        uint32_t a = interesting(), b = interesting(), flags = random32() & ARITHMETIC;
        uint32_t expected_flags = flags, got_flags = flags | 0x200, expected, got;
        uint32_t defined = op == ALU_OR || op == ALU_AND || op == ALU_XOR ? LOGIC : ARITHMETIC;

        expected = native(op, size, a, b, &expected_flags);
        got = alu(op, size, a, b, &got_flags);
        if (op != ALU_CMP)
            CHECK(got == (expected & size_mask(size)), "op %u size %u %#x %#x: %#x", op, size, a, b, got);
        CHECK((got_flags & defined) == (expected_flags & defined), "op %u size %u %#x %#x: flags %#x, not %#x", op,
              size, a, b, got_flags, expected_flags);
        CHECK(got_flags & 0x200, "the other flags stay");
    }
}

static void test_incdec(void)
{
    for (unsigned int i = 0; i < 100000; i++) {
        unsigned int size = 1u << random32() % 3;
        bool dec = random32() & 1;
        uint32_t a = interesting(), flags = random32() & 1, expected_flags = 0, got_flags = flags;
        uint32_t expected = native(dec ? ALU_SUB : ALU_ADD, size, a, 1, &expected_flags);

        CHECK(alu_incdec(dec, size, a, &got_flags) == (expected & size_mask(size)), "%#x", a);
        CHECK((got_flags & ARITHMETIC) == ((expected_flags & ARITHMETIC & ~1u) | flags), "%#x: flags %#x", a,
              got_flags);
    }
}

#endif

static const struct unit_test tests[] = {
    {"decode_known", test_known},     {"decode_truncated", test_truncated},
    {"decode_unknown", test_unknown}, {"decode_random", test_random},
#if defined(__x86_64__) || defined(__i386__)
    {"decode_alu", test_alu},         {"decode_incdec", test_incdec},
#endif
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
