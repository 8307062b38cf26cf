/* SPDX-License-Identifier: MIT */
/*
 * The instruction decoder (xen/arch/x86/emulate/decode.c) against another one, Capstone's, under the coverage-guided
 * fuzzer. The input is a byte that chooses the code segment's size, and an instruction.
 *
 * When decode() accepts an instruction as one of its own, Capstone must see the same instruction, with the same length.
 * decode() may ask for more bytes only when the instruction is not complete. And no privileged instruction that it
 * should know may be unknown to it.
 */
#include <asm/decode.h>

#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static csh handles[2];
static cs_insn *other;

static const struct {
    uint8_t op;
    uint16_t ids[10]; /* Capstone's numbers */
} same[] = {
    {INSN_MOV, {X86_INS_MOV, X86_INS_MOVNTI, X86_INS_MOVABS}},
    {INSN_ALU, {X86_INS_ADD, X86_INS_OR, X86_INS_ADC, X86_INS_SBB, X86_INS_AND, X86_INS_SUB, X86_INS_XOR}},
    {INSN_INCDEC, {X86_INS_INC, X86_INS_DEC}},
    {INSN_NOTNEG, {X86_INS_NOT, X86_INS_NEG}},
    {INSN_BIT, {X86_INS_BTS, X86_INS_BTR, X86_INS_BTC}},
    {INSN_XCHG, {X86_INS_XCHG}},
    {INSN_XADD, {X86_INS_XADD}},
    {INSN_CMPXCHG, {X86_INS_CMPXCHG}},
    {INSN_CMPXCHG8B, {X86_INS_CMPXCHG8B}},
    {INSN_MOVS, {X86_INS_MOVSB, X86_INS_MOVSW, X86_INS_MOVSD}},
    {INSN_STOS, {X86_INS_STOSB, X86_INS_STOSW, X86_INS_STOSD}},
    {INSN_INS, {X86_INS_INSB, X86_INS_INSW, X86_INS_INSD}},
    {INSN_OUTS, {X86_INS_OUTSB, X86_INS_OUTSW, X86_INS_OUTSD}},
    {INSN_IN, {X86_INS_IN}},
    {INSN_OUT, {X86_INS_OUT}},
    {INSN_CLI_STI, {X86_INS_CLI, X86_INS_STI}},
    {INSN_HLT, {X86_INS_HLT}},
    {INSN_GROUP7, {X86_INS_LMSW, X86_INS_INVLPG}},
    {INSN_CLTS, {X86_INS_CLTS}},
    {INSN_WBINVD, {X86_INS_WBINVD, X86_INS_INVD}},
    {INSN_READ_CR, {X86_INS_MOV}},
    {INSN_READ_DR, {X86_INS_MOV}},
    {INSN_WRITE_CR, {X86_INS_MOV}},
    {INSN_WRITE_DR, {X86_INS_MOV}},
    {INSN_WRMSR, {X86_INS_WRMSR}},
    {INSN_RDTSC, {X86_INS_RDTSC}},
    {INSN_RDMSR, {X86_INS_RDMSR}},
    {INSN_CPUID, {X86_INS_CPUID}},
};

/* Those of them that mean nothing else, whatever their operands are. */
static const uint16_t privileged[] = {X86_INS_IN,    X86_INS_OUT,   X86_INS_HLT,   X86_INS_CLI,    X86_INS_STI,
                                      X86_INS_CLTS,  X86_INS_WRMSR, X86_INS_RDTSC, X86_INS_RDMSR,  X86_INS_CPUID,
                                      X86_INS_INVD,  X86_INS_LMSW,  X86_INS_INSB,  X86_INS_INSW,   X86_INS_INSD,
                                      X86_INS_OUTSB, X86_INS_OUTSW, X86_INS_OUTSD, X86_INS_WBINVD, X86_INS_INVLPG};

static void finding(const char *what, const uint8_t *code, unsigned int n, const struct insn *insn)
{
    fprintf(stderr, "FINDING: %s:", what);
    for (unsigned int i = 0; i < n; i++)
        fprintf(stderr, " %02x", code[i]);
    fprintf(stderr, ": op %u, %u bytes; Capstone: %s %s, %u bytes\n", insn->op, insn->length, other->mnemonic,
            other->op_str, other->size);
    abort();
}

static bool is_same(unsigned int op, unsigned int id)
{
    for (unsigned int i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        for (unsigned int j = 0; same[i].op == op && j < 10 && same[i].ids[j]; j++)
            if (same[i].ids[j] == id)
                return true;
    return false;
}

static bool is_privileged(unsigned int id)
{
    for (unsigned int i = 0; i < sizeof(privileged) / sizeof(privileged[0]); i++)
        if (privileged[i] == id)
            return true;
    return false;
}

/*
 * Copies the instruction, with each prefix at most once, and without the prefixes that a processor ignores but that
 * confuse Capstone. Returns how many bytes were left out.
 */
static unsigned int simplify(uint8_t *to, const uint8_t *code, unsigned int n, bool *locked)
{
    static const uint8_t segments[] = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65};
    bool operand = false, address = false;
    unsigned int i, kept = 0;
    uint8_t segment = 0;

    *locked = false;
    for (i = 0; i < n; i++)
        if (code[i] == 0x66)
            operand = true;
        else if (code[i] == 0x67)
            address = true;
        else if (code[i] == 0xF0)
            *locked = true;
        else if (memchr(segments, code[i], sizeof(segments)))
            segment = code[i];
        else if (code[i] != 0xF2 && code[i] != 0xF3)
            break;
    if (*locked)
        to[kept++] = 0xF0;
    if (segment)
        to[kept++] = segment;
    if (operand)
        to[kept++] = 0x66;
    if (address)
        to[kept++] = 0x67;
    memcpy(to + kept, code + i, n - i);
    return i - kept;
}

/* False: no instruction, or not a complete one. */
static bool by_capstone(bool code32, const uint8_t *code, size_t n)
{
    uint64_t address = 0;

    other->mnemonic[0] = other->op_str[0] = 0;
    other->size = 0;
    return cs_disasm_iter(handles[code32], &code, &n, &address, other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned int n = size - 1 > MAX_INSN ? MAX_INSN : size - 1;
    struct insn insn = {0};
    uint8_t *code, simple[MAX_INSN];
    bool code32, known, locked;
    unsigned int less;

    if (!size)
        return 0;
    code32 = data[0] & 1;
    code = malloc(n ? n : 1);
    if (!code)
        abort();
    memcpy(code, data + 1, n);
    less = simplify(simple, code, n, &locked);
    known = by_capstone(code32, simple, n - less);
    switch (decode(&insn, code, n, code32)) {
    case DECODE_OK:
        if (!insn.length || insn.length > n)
            finding("longer than what there is", code, n, &insn);
        if (!known)
            finding("no instruction", code, n, &insn);
        if (insn.length != other->size + less)
            finding("another length", code, n, &insn);
        if (!is_same(insn.op, other->id))
            finding("another instruction", code, n, &insn);
        break;
    case DECODE_SHORT:
        if (known)
            finding("more bytes wanted", code, n, &insn);
        break;
    case DECODE_UNKNOWN:
        if (known && !locked && is_privileged(other->id))
            finding("unknown", code, n, &insn);
        break;
    }
    free(code);
    return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    for (unsigned int i = 0; i < 2; i++) {
        if (cs_open(CS_ARCH_X86, i ? CS_MODE_32 : CS_MODE_16, &handles[i]) != CS_ERR_OK ||
            cs_option(handles[i], CS_OPT_DETAIL, CS_OPT_ON) != CS_ERR_OK)
            abort();
    }
    other = cs_malloc(handles[0]);
    return 0;
}
