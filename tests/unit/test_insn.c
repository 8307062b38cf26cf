/* SPDX-License-Identifier: MIT */
/* The profiler's decoder: events and flow of instructions whose encoding is known. */
#include "bench_test.h"
#include "profile/insn.h"

#define E(name) (1ull << EVENT_##name)
#define AT      0xff100000u

static const struct {
    const char *what;
    uint8_t size, bytes[15];
    uint64_t events;
    enum flow flow;
} vectors[] = {
    {"int $0x82", 2, {0xcd, 0x82}, E(int_gate), FLOW_GATE},
    {"iret", 1, {0xcf}, E(iret), FLOW_IRET},
    {"mov %eax,%ds", 2, {0x8e, 0xd8}, E(seg_load), FLOW_NEXT},
    {"mov %ss:(%esp),%es", 4, {0x36, 0x8e, 0x04, 0x24}, E(seg_load), FLOW_NEXT},
    {"pop %ds", 1, {0x1f}, E(seg_load), FLOW_NEXT},
    {"pop %gs", 2, {0x0f, 0xa9}, E(seg_load), FLOW_NEXT},
    {"lss (%eax),%esp", 3, {0x0f, 0xb2, 0x20}, E(seg_load), FLOW_NEXT},
    {"lds (%eax),%ecx", 2, {0xc5, 0x08}, E(seg_load), FLOW_NEXT},
    {"vzeroupper", 3, {0xc5, 0xf8, 0x77}, 0, FLOW_NEXT},
    {"push %fs", 2, {0x0f, 0xa0}, E(seg_read), FLOW_NEXT},
    {"mov %gs,%eax", 2, {0x8c, 0xe8}, E(seg_read), FLOW_NEXT},
    {"ljmp", 7, {0xea, 0, 0, 0, 0, 8, 0}, E(far), FLOW_JUMP},
    {"lret", 1, {0xcb}, E(far), FLOW_RET},
    {"lcall *(%eax)", 2, {0xff, 0x18}, E(far), FLOW_CALL},
    {"mov %eax,%cr0", 3, {0x0f, 0x22, 0xc0}, E(cr0_write), FLOW_NEXT},
    {"mov %eax,%cr3", 3, {0x0f, 0x22, 0xd8}, E(cr3_write), FLOW_NEXT},
    {"mov %eax,%cr4", 3, {0x0f, 0x22, 0xe0}, E(cr4_write), FLOW_NEXT},
    {"mov %cr2,%eax", 3, {0x0f, 0x20, 0xd0}, E(cr_read), FLOW_NEXT},
    {"lmsw %ax", 3, {0x0f, 0x01, 0xf0}, E(cr0_write), FLOW_NEXT},
    {"invlpg (%eax)", 3, {0x0f, 0x01, 0x38}, E(invlpg), FLOW_NEXT},
    {"lgdt (%eax)", 3, {0x0f, 0x01, 0x10}, E(lgdt), FLOW_NEXT},
    {"clts", 2, {0x0f, 0x06}, E(clts), FLOW_NEXT},
    {"cli", 1, {0xfa}, E(cli), FLOW_NEXT},
    {"sti", 1, {0xfb}, E(sti), FLOW_NEXT},
    {"lock incl (%eax)", 3, {0xf0, 0xff, 0x00}, E(locked), FLOW_NEXT},
    {"xchg %eax,(%ebx)", 2, {0x87, 0x03}, E(locked), FLOW_NEXT},
    {"xchg %eax,%ebx", 2, {0x87, 0xc3}, 0, FLOW_NEXT},
    {"cmpxchg8b (%esi)", 3, {0x0f, 0xc7, 0x0e}, E(cmpxchg8b), FLOW_NEXT},
    {"lock cmpxchg8b (%esi)", 4, {0xf0, 0x0f, 0xc7, 0x0e}, E(cmpxchg8b_locked), FLOW_NEXT},
    {"lar %ax,%ecx", 3, {0x0f, 0x02, 0xc8}, E(lar), FLOW_NEXT},
    {"lldt %ax", 3, {0x0f, 0x00, 0xd0}, E(lldt), FLOW_NEXT},
    {"lfence", 3, {0x0f, 0xae, 0xe8}, E(fence), FLOW_NEXT},
    {"fxsave (%eax)", 3, {0x0f, 0xae, 0x00}, E(fpu_state), FLOW_NEXT},
    {"rep movsl", 2, {0xf3, 0xa5}, E(string), FLOW_REPEAT},
    {"stosl", 1, {0xab}, E(string), FLOW_NEXT},
    {"div %ecx", 2, {0xf7, 0xf1}, E(div), FLOW_NEXT},
    {"not %ecx", 2, {0xf7, 0xd1}, 0, FLOW_NEXT},
    {"mov %eax,%ss:4(%esp)", 5, {0x36, 0x89, 0x44, 0x24, 4}, 0, FLOW_NEXT},
    {"call *%eax", 2, {0xff, 0xd0}, E(call) | E(indirect), FLOW_CALL},
    {"jmp *%cs:0(,%eax,4)", 8, {0x2e, 0xff, 0x24, 0x85, 0, 0, 0, 0}, E(indirect), FLOW_JUMP},
    {"ret", 1, {0xc3}, E(ret), FLOW_RET},
};

static void events_and_flow(void)
{
    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
        struct insn d = insn_decode(AT, vectors[i].bytes, vectors[i].size);

        if (d.events != vectors[i].events || d.flow != vectors[i].flow)
            printf("%s: events %llx, flow %d\n", vectors[i].what, (unsigned long long)d.events, d.flow);
        CHECK(d.events == vectors[i].events);
        CHECK(d.flow == vectors[i].flow);
    }
}

static void targets(void)
{
    struct insn d = insn_decode(AT, (const uint8_t[]){0xe8, 0xfb, 0xff, 0xff, 0xff}, 5);

    CHECK(d.flow == FLOW_CALL && d.direct && !d.conditional && d.target == AT);
    d = insn_decode(AT, (const uint8_t[]){0x75, 0x10}, 2);
    CHECK(d.flow == FLOW_JUMP && d.direct && d.conditional && d.target == AT + 0x12);
    d = insn_decode(AT, (const uint8_t[]){0x0f, 0x84, 0, 1, 0, 0}, 6);
    CHECK(d.direct && d.conditional && d.target == AT + 0x106);
    d = insn_decode(AT, (const uint8_t[]){0xeb, 0xfe}, 2);
    CHECK(d.direct && !d.conditional && d.target == AT);
}

/* What decides whether an unexpected next address is a fault: QEMU's own rules, docs/profiling.md. */
static void faults(void)
{
    CHECK(insn_decode(AT, (const uint8_t[]){0x0f, 0x0b}, 2).early_fault);       /* ud2 */
    CHECK(insn_decode(AT, (const uint8_t[]){0x0f, 0x20, 0xd8}, 3).early_fault); /* mov %cr3,%eax */
    CHECK(!insn_decode(AT, (const uint8_t[]){0x8b, 0x03}, 2).early_fault);      /* mov (%ebx),%eax */
    CHECK(insn_decode(AT, (const uint8_t[]){0x8b, 0x03}, 2).memory);
    CHECK(!insn_decode(AT, (const uint8_t[]){0x8b, 0xc3}, 2).memory);
    CHECK(!insn_decode(AT, (const uint8_t[]){0x8d, 0x03}, 2).memory);       /* lea */
    CHECK(!insn_decode(AT, (const uint8_t[]){0x0f, 0x1f, 0x00}, 3).memory); /* nopl (%eax) */
    CHECK(insn_decode(AT, (const uint8_t[]){0x53}, 1).memory);              /* push %ebx */
}

/* If the bytes end too early, nothing beyond them may be read. */
static void short_input(void)
{
    for (unsigned b = 0; b < 256; b++) {
        uint8_t one = b, two[2] = {0x0f, b}, prefixed[2] = {0xf0, b};

        insn_decode(AT, &one, 1);
        insn_decode(AT, two, 2);
        insn_decode(AT, prefixed, 2);
    }
    CHECK(insn_decode(AT, (const uint8_t *)"", 0).flow == FLOW_NEXT);
}

static const struct unit_test tests[] = {
    {"events_and_flow", events_and_flow},
    {"targets", targets},
    {"faults", faults},
    {"short_input", short_input},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
