/*
 * Writable page tables (xen/arch/x86/emulate/ptwr.c with decode.c, insn.c and seg.c), on the host.
 *
 * Proves that an emulated store does exactly what the processor does: each random instruction is executed by this very
 * processor on one copy of a page, and by ptwr_fault() on another; then registers, flags and pages must be equal. It
 * can be trusted because the hypervisor's code runs unchanged: this is a 32-bit program that has memory where the
 * hypervisor has its frame table and windows. What is replaced: the page-table walk, and the validation of entries.
 */
#include <asm/emulate.h>
#include <asm/frames.h>
#include <asm/traps.h>

#include <stdio.h>
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define TABLE_MFN   5          /* the L1 table that is stored to */
#define GUEST_TABLE 0x20000000 /* where the guest maps it */
#define CODE        0x21000000
#define SOURCE      0x22000000 /* data that MOVS reads */
#define AREA        0x23000000 /* of the vCPU: its GDT */

/* --- What the tested files need of the hypervisor */

struct cpu this_cpu;
mfn_t max_page = 16, window_frame[WIN_SLOTS];
pte_t window_pte[WIN_SLOTS];
uint32_t nx_mask_hi = _PAGE_NX_HI;
struct domain *dom_io;

static struct domain domain;
static struct vcpu vcpu;
static struct vcpu_info vcpu_info;
static pte_t mapping[L1_ENTRIES] __aligned(PAGE_SIZE); /* the L1 table that maps GUEST_TABLE */
static unsigned int updates, bounced_vector, walks;
static bool (*acceptable)(pte_t e);

void *window_refill(unsigned int slot, mfn_t mfn)
{
    window_frame[slot] = mfn;
    return (void *)(WINDOWS_START + slot * PAGE_SIZE);
}

pte_t *guest_l1_slot(const struct vcpu *v, uint32_t va, mfn_t *table)
{
    walks++;
    *table = 1;
    return va >> L2_SHIFT == GUEST_TABLE >> L2_SHIFT ? &mapping[va >> PAGE_SHIFT & (L1_ENTRIES - 1)] : NULL;
}

int mod_l1_entry(struct domain *d, pte_t *slot, pte_t new)
{
    if (acceptable && !acceptable(new))
        return -EINVAL;
    updates++;
    *slot = new;
    return 0;
}

uint32_t __copy_from_guest(void *dst, const void *src, uint32_t n)
{
    memcpy(dst, src, n);
    return 0;
}

void flush_tlb_now(void)
{
}

bool bounce_trap(struct cpu_user_regs *regs, unsigned int vector, bool with_error_code)
{
    bounced_vector = vector;
    return true;
}

void domain_crash(struct vcpu *v, const char *why)
{
    printf("domain_crash: %s\n", why);
}

void free_page(struct page_info *page)
{
}

int get_page_type(struct page_info *page, uint32_t type)
{
    return -EINVAL;
}

int get_page_from_l1e_slow(pte_t e, struct domain *l1_owner, struct domain *pg_owner)
{
    return -EINVAL;
}

void put_page_from_l1e_slow(pte_t e, struct domain *l1_owner)
{
}

/* --- The processor's own way */

struct state {
    uint32_t eax, ecx, edx, ebx, ebp, esi, edi, eflags;
};
struct state native;
uint32_t native_stack, native_code = CODE;
void run_native(void);
void native_return(void);

__asm__(".text\n"
        "run_native:\n"
        "   push %ebx; push %esi; push %edi; push %ebp\n"
        "   mov %esp, native_stack\n"
        "   mov native, %eax; mov native+4, %ecx; mov native+8, %edx; mov native+12, %ebx\n"
        "   mov native+16, %ebp; mov native+20, %esi; mov native+24, %edi\n"
        "   push native+28; popf\n"
        "   jmp *native_code\n"
        "native_return:\n"
        "   mov %eax, native; mov %ecx, native+4; mov %edx, native+8; mov %ebx, native+12\n"
        "   mov %ebp, native+16; mov %esi, native+20; mov %edi, native+24\n"
        "   pushf; pop native+28\n"
        "   cld\n"
        "   mov native_stack, %esp\n"
        "   pop %ebp; pop %edi; pop %esi; pop %ebx\n"
        "   ret\n");

/* --- Instructions */

static uint64_t random_state = 0xDEADBEEFCAFE1234;

static uint32_t random32(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state >> 16;
}

enum { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI };
#define ALL_FLAGS 0x8D5u
#define NO_AF     0x8C5u
#define CF_ZF     0x041u

enum kind { MODRM_REG, MODRM_GROUP, MODRM_IMM8, MODRM_IMM, BIT_REG, CMPXCHG, CMPXCHG8B, STRING, MOFFS };

static const struct form {
    const char *name;
    uint8_t opcode[2]; /* 0F and the byte after it, or 0 and the only one */
    uint8_t byte;      /* size is 1 */
    uint8_t group;     /* modrm.reg */
    enum kind kind;
    bool lockable;
    uint32_t flags; /* that are defined afterwards */
} forms[] = {
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

/* An instruction, and the state to run it in. */
struct trial {
    const struct form *form;
    uint8_t code[24];
    unsigned int length, size;
    uint32_t address, eflags;
    uint32_t gpr[8];
};

static void emit(struct trial *t, uint32_t value, unsigned int bytes)
{
    for (; bytes--; value >>= 8)
        t->code[t->length++] = value;
}

/* ModRM (and SIB, displacement) such that the operand is at t->address, counted from `before` bytes earlier. Registers
 * in the set `fixed` have their values already. */
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

static void make_trial(struct trial *t, const struct form *f)
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
    if (f->kind == BIT_REG) { /* the register names a bit up to 32 bytes to either side of the operand */
        int32_t bit = (int32_t)(random32() % 512) - 256;

        t->gpr[reg] = t->size == 4 ? (uint32_t)bit : (random32() & 0xFFFF0000) | (bit & 0xFFFF);
        before = (bit >> (t->size == 4 ? 5 : 4)) * (int)t->size;
        fixed = 1u << reg;
    } else if (f->kind == CMPXCHG8B) {
        fixed = 1u << EAX | 1u << EDX | 1u << ECX | 1u << EBX;
    } else if (f->kind == CMPXCHG) {
        fixed = 1u << EAX;
    }
    if (fixed & 1u << EAX && f->kind != BIT_REG && random32() & 1) { /* that the comparison may succeed */
        t->gpr[EAX] = *(uint32_t *)t->address;
        t->gpr[EDX] = *(uint32_t *)(t->address + 4);
    }
    emit_operand(t, reg, before, fixed);
    if (f->kind == MODRM_IMM)
        emit(t, random32(), t->size);
    else if (f->kind == MODRM_IMM8)
        emit(t, random32(), 1);
}

/* --- Comparing */

static unsigned int passed, failed, failures_here;

#define CHECK(cond, ...)                                      \
    do {                                                      \
        if (!(cond) && failures_here++ < 5) {                 \
            printf("%s:%d: %s: ", __FILE__, __LINE__, #cond); \
            printf(__VA_ARGS__);                              \
            putchar('\n');                                    \
        }                                                     \
    } while (0)

static void run(const char *name, void (*test)(void))
{
    failures_here = 0;
    acceptable = NULL;
    printf("@test begin %s\n", name);
    test();
    if (failures_here) {
        failed++;
        printf("@test fail %s: %u checks failed\n", name, failures_here);
    } else {
        passed++;
        printf("@test pass %s\n", name);
    }
}

static pte_t *table_window(void)
{
    return map_l1(TABLE_MFN);
}

static void fill_table(void)
{
    uint32_t *native_table = (uint32_t *)GUEST_TABLE;

    for (unsigned int i = 0; i < PAGE_SIZE / 4; i++)
        native_table[i] = random32();
    memcpy(table_window(), native_table, PAGE_SIZE);
}

static void set_regs(struct cpu_user_regs *regs, const struct trial *t)
{
    memset(regs, 0, sizeof(*regs));
    for (unsigned int i = 0; i < 8; i++)
        *gpr(regs, i) = t->gpr[i];
    regs->eip = CODE;
    regs->cs = RING1_CS;
    regs->ss = RING1_DS;
    regs->eflags = t->eflags;
    memcpy((void *)CODE, t->code, t->length);
}

static void execute(const struct trial *t)
{
    uint8_t *code = (uint8_t *)CODE;

    memcpy(code, t->code, t->length);
    code[t->length] = 0xE9; /* jmp native_return */
    *(uint32_t *)(code + t->length + 1) = (uint32_t)native_return - (CODE + t->length + 5);
    native = (struct state){t->gpr[EAX], t->gpr[ECX], t->gpr[EDX], t->gpr[EBX],
                            t->gpr[EBP], t->gpr[ESI], t->gpr[EDI], t->eflags};
    run_native();
}

static const char *hex(const struct trial *t)
{
    static char text[64];

    for (unsigned int i = 0; i < t->length; i++)
        sprintf(text + 2 * i, "%02x", t->code[i]);
    return text;
}

static void one_trial(const struct form *f)
{
    struct cpu_user_regs regs;
    struct trial t;
    bool ok = true;

    make_trial(&t, f);
    set_regs(&regs, &t);
    for (unsigned int i = 0; i < 4 && ok && regs.eip == CODE; i++) /* REP: an element at a time */
        ok = ptwr_fault(&regs, f->kind == STRING ? regs.edi : t.address);
    CHECK(ok, "%s: %s refused", f->name, hex(&t));
    execute(&t);
    CHECK(regs.eip == CODE + t.length, "%s: %s: eip +%u", f->name, hex(&t), regs.eip - CODE);
    CHECK(regs.eax == native.eax && regs.ecx == native.ecx && regs.edx == native.edx && regs.ebx == native.ebx,
          "%s: %s: eax %x/%x ecx %x/%x edx %x/%x ebx %x/%x", f->name, hex(&t), regs.eax, native.eax, regs.ecx,
          native.ecx, regs.edx, native.edx, regs.ebx, native.ebx);
    CHECK(regs.ebp == native.ebp && regs.esi == native.esi && regs.edi == native.edi, "%s: %s", f->name, hex(&t));
    CHECK(!((regs.eflags ^ native.eflags) & (f->flags | 0x400)), "%s: %s: eflags %x, not %x", f->name, hex(&t),
          regs.eflags, native.eflags);
    CHECK(!memcmp(table_window(), (void *)GUEST_TABLE, PAGE_SIZE), "%s: %s: memory differs", f->name, hex(&t));
    memcpy(table_window(), (void *)GUEST_TABLE, PAGE_SIZE);
}

static void test_same_as_processor(void)
{
    fill_table();
    for (unsigned int i = 0; i < 20000; i++)
        for (unsigned int k = 0; k < ARRAY_SIZE(forms); k++)
            one_trial(&forms[k]);
}

/* --- What is refused, and Xen's rule for halves */

static bool nothing(pte_t e)
{
    return !(e.lo & _PAGE_PRESENT);
}

static bool none_at_all(pte_t e)
{
    (void)e;
    return false;
}

/* Emulates code (hexadecimal would hide the sense: bytes) with EAX the value, EDX the address. */
static bool store(struct cpu_user_regs *regs, const char *code, unsigned int length, uint32_t addr, uint32_t value)
{
    struct trial t = {.length = length, .eflags = 0x202};

    memcpy(t.code, code, length);
    t.gpr[EDX] = addr;
    t.gpr[EAX] = value;
    set_regs(regs, &t);
    return ptwr_fault(regs, addr);
}
#define STORE(regs, code, addr, value) store(regs, code, sizeof(code) - 1, addr, value)

static void test_refused(void)
{
    static uint8_t before[PAGE_SIZE];
    struct cpu_user_regs regs, saved;

    fill_table();
    memcpy(before, table_window(), PAGE_SIZE);
    acceptable = none_at_all;
    for (unsigned int i = 0; i < 2000; i++)
        for (unsigned int k = 0; k < ARRAY_SIZE(forms); k++) {
            struct trial t;

            if (forms[k].kind == CMPXCHG8B || forms[k].kind == CMPXCHG)
                continue; /* those may fail to compare, which is no update */
            make_trial(&t, &forms[k]);
            set_regs(&regs, &t);
            saved = regs;
            CHECK(!ptwr_fault(&regs, t.address), "%s: %s", forms[k].name, hex(&t));
            CHECK(!memcmp(&regs, &saved, sizeof(regs)), "%s: %s: registers changed", forms[k].name, hex(&t));
        }
    CHECK(!memcmp(before, table_window(), PAGE_SIZE), "memory changed");
    acceptable = NULL;
    CHECK(!STORE(&regs, "\x89\x02", GUEST_TABLE + 2, 0), "misaligned");
    CHECK(!STORE(&regs, "\x66\x89\x02", GUEST_TABLE + 1, 0), "misaligned word");
    CHECK(!STORE(&regs, "\x0f\xc7\x0a", GUEST_TABLE + 4, 0), "misaligned cmpxchg8b");
    CHECK(!STORE(&regs, "\x8b\x02", GUEST_TABLE, 0), "a load");
    CHECK(STORE(&regs, "\x89\x42\x10", GUEST_TABLE, 7) && table_window()[2].lo == 7, "where the instruction says");
    CHECK(!STORE(&regs, "\x89\x82\x00\x10\x00\x00", GUEST_TABLE, 0), "another page");
    CHECK(!STORE(&regs, "\x89\x02", 0x30000000, 0), "not mapped");
}

static void test_whose_page(void)
{
    struct page_info *page = mfn_to_page(TABLE_MFN), good = *page;
    pte_t *map = &mapping[GUEST_TABLE >> PAGE_SHIFT & (L1_ENTRIES - 1)], good_map = *map;
    static struct domain other;
    struct cpu_user_regs regs;

    fill_table();
    CHECK(STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "the good case");
    page->owner = &other;
    CHECK(!STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "another domain's");
    *page = good;
    page->type_info = (good.type_info & ~PGT_type_mask) | PGT_l2_page_table;
    CHECK(!STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "an L2");
    page->type_info = PGT_writable | PGT_one;
    CHECK(!STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "an ordinary page");
    page->type_info = PGT_l1_page_table | PGT_validated;
    CHECK(!STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "an L1 no longer");
    page->type_info = PGT_l1_page_table | PGT_one;
    CHECK(!STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "an L1 not yet");
    *page = good;
    map->lo |= _PAGE_RW;
    CHECK(!STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "mapped writable: no fault of ours");
    *map = make_pte(max_page, good_map.lo & ~PAGE_MASK);
    CHECK(!STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "not RAM");
    *map = good_map;
    map->hi = _PAGE_NX_HI;
    CHECK(STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "NX is no part of the frame number");
    *map = good_map;
}

static void test_halves(void)
{
    struct cpu_user_regs regs;
    pte_t *entry = table_window() + 8;
    const uint32_t low = GUEST_TABLE + 64, high = low + 4;

    acceptable = nothing;
    entry->raw = 0x12345067;
    CHECK(STORE(&regs, "\x89\x02", high, 1), "upper half first is put up with");
    CHECK(entry->raw == 0x112345066, "without the present bit: %llx", (unsigned long long)entry->raw);
    CHECK(!STORE(&regs, "\x89\x02", low, 0x12345067), "but not the lower half");
    entry->raw = 0x12345067;
    CHECK(!STORE(&regs, "\x87\x02", high, 1), "nor an exchange");
    CHECK(!STORE(&regs, "\xf0\x09\x02", high, 1), "nor a locked change");
    CHECK(STORE(&regs, "\x09\x02", high, 1), "a plain one is a store like others");
    CHECK(entry->raw == 0x112345066, "%llx", (unsigned long long)entry->raw);
    entry->raw = 0x12345067;
    CHECK(!STORE(&regs, "\x66\x89\x02", high, 1), "half a half is not");
    CHECK(entry->raw == 0x12345067, "%llx", (unsigned long long)entry->raw);
}

static void test_single_step(void)
{
    struct cpu_user_regs regs;
    struct trial t = {.code = {0x89, 0x02}, .length = 2, .eflags = 0x302, .gpr[EDX] = GUEST_TABLE};

    set_regs(&regs, &t);
    bounced_vector = 0;
    vcpu.debugreg[6] = 0;
    CHECK(ptwr_fault(&regs, GUEST_TABLE), "with TF");
    CHECK(bounced_vector == TRAP_debug, "vector %u", bounced_vector);
    CHECK(vcpu.debugreg[6] == 0xFFFF4FF0, "DR6 %x", vcpu.debugreg[6]);
    t.eflags = 0x10202;
    bounced_vector = 0;
    set_regs(&regs, &t);
    CHECK(ptwr_fault(&regs, GUEST_TABLE) && !(regs.eflags & X86_EFLAGS_RF), "RF is used up");
    CHECK(!bounced_vector, "vector %u", bounced_vector);
}

/* Code at the end of a page: bytes beyond the instruction need not be there. */
static void test_code_at_page_end(void)
{
    static const uint8_t plain[] = {0x89, 0x02}, lock[] = {0xF0, 0x80, 0x22, 0xFD};
    struct cpu_user_regs regs;
    struct trial t = {.length = 0, .eflags = 0x202, .gpr[EDX] = GUEST_TABLE, .gpr[EAX] = 0x1234};

    set_regs(&regs, &t);
    for (unsigned int i = 0; i < 2; i++) {
        const uint8_t *code = i ? lock : plain;
        unsigned int length = i ? sizeof(lock) : sizeof(plain);

        table_window()->raw = 0xFF;
        memcpy((void *)(CODE + PAGE_SIZE - length), code, length);
        regs.eip = CODE + PAGE_SIZE - length;
        CHECK(ptwr_fault(&regs, GUEST_TABLE), "form %u", i);
        CHECK(regs.eip == CODE + PAGE_SIZE, "eip %x", regs.eip);
        CHECK(table_window()->raw == (i ? 0xFD : 0x1234), "%llx", (unsigned long long)table_window()->raw);
    }
}

/* A segment of its own base: what is stored to is base + offset. */
static void test_segment_base(void)
{
    struct cpu_user_regs regs;
    uint32_t *descriptor = (uint32_t *)(AREA + VCPU_AREA_GDT) + 2 * 16;
    struct trial t = {.code = {0x36, 0x89, 0x02}, .length = 3, .eflags = 0x202, .gpr[EDX] = 0x40, .gpr[EAX] = 7};

    descriptor[0] = (GUEST_TABLE & 0xFFFF) << 16 | 0xFFFF;
    descriptor[1] = (GUEST_TABLE & 0xFF000000) | 0x0000B300 | (GUEST_TABLE >> 16 & 0xFF);
    fill_table();
    set_regs(&regs, &t);
    regs.ss = 16 * 8 + 1;
    CHECK(ptwr_fault(&regs, GUEST_TABLE + 0x40), "through the GDT");
    CHECK(table_window()[8].lo == 7, "%x", table_window()[8].lo);
    set_regs(&regs, &t);
    regs.ss = 200 * 8 + 1;
    CHECK(!ptwr_fault(&regs, GUEST_TABLE + 0x40), "beyond the GDT");
    set_regs(&regs, &t);
    regs.ss = 4 + 1;
    CHECK(!ptwr_fault(&regs, GUEST_TABLE + 0x40), "no LDT");
}

/* A flat code segment of the guest's own is looked up once, and then as good as Xen's. */
static void test_own_code_segment(void)
{
    uint32_t *descriptor = (uint32_t *)(AREA + VCPU_AREA_GDT) + 2 * 12;
    struct trial t = {.code = {0x89, 0x02}, .length = 2, .eflags = 0x202, .gpr[EDX] = GUEST_TABLE, .gpr[EAX] = 9};
    struct cpu_user_regs regs;

    descriptor[0] = 0x000067FF;
    descriptor[1] = 0x00CFBB00;
    for (unsigned int i = 0; i < 2; i++) {
        fill_table();
        set_regs(&regs, &t);
        regs.cs = 12 * 8 + 1;
        CHECK(ptwr_fault(&regs, GUEST_TABLE) && table_window()->lo == 9 && regs.eip == CODE + 2, "time %u", i);
        CHECK(vcpu.flat_cs == 12 * 8 + 1, "%x", vcpu.flat_cs);
    }
    descriptor[0] = (CODE & 0xFFFFu) << 16 | 0xFFFF; /* one with a base is not taken for flat */
    descriptor[1] = (CODE & 0xFF000000) | 0x0040BB00 | (CODE >> 16 & 0xFF);
    vcpu.flat_cs = RING1_CS;
    set_regs(&regs, &t);
    regs.cs = 12 * 8 + 1;
    regs.eip = 0;
    CHECK(ptwr_fault(&regs, GUEST_TABLE) && regs.eip == 2, "eip %x", regs.eip);
    CHECK(vcpu.flat_cs == RING1_CS, "%x", vcpu.flat_cs);
}

static bool map_at(uint32_t address, uint32_t size, int prot)
{
    void *p = mmap((void *)address, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    return p == (void *)address;
}

static uint16_t own_ds(void)
{
    uint16_t sel;

    __asm__("mov %%ds, %0" : "=r"(sel));
    return sel;
}

static bool set_up(void)
{
    uint32_t *gdt;

    if (!map_at(WINDOWS_START, 16 * PAGE_SIZE, PROT_READ | PROT_WRITE) ||
        !map_at(FRAME_TABLE, PAGE_SIZE, PROT_READ | PROT_WRITE) ||
        !map_at(GUEST_TABLE, PAGE_SIZE, PROT_READ | PROT_WRITE) || !map_at(SOURCE, PAGE_SIZE, PROT_READ | PROT_WRITE) ||
        !map_at(CODE, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC) ||
        !map_at(AREA, VCPU_AREA_SIZE, PROT_READ | PROT_WRITE))
        return false;
    for (unsigned int i = 0; i < WIN_SLOTS; i++)
        window_frame[i] = INVALID_MFN;
    this_cpu.vcpu = &vcpu;
    this_cpu.domain = &domain;
    this_cpu.va_key = NO_VA_KEY;
    vcpu.domain = &domain;
    vcpu.vcpu_info = &vcpu_info;
    vcpu.area = AREA;
    vcpu.flat_cs = RING1_CS;
    vcpu.gdt_entries = 64;
    gdt = (uint32_t *)(AREA + VCPU_AREA_GDT) + 2 * (own_ds() >> 3); /* this program's flat segment */
    gdt[0] = 0x0000FFFF;
    gdt[1] = 0x00CFF300;
    mapping[GUEST_TABLE >> PAGE_SHIFT & (L1_ENTRIES - 1)] = make_pte(TABLE_MFN, _PAGE_PRESENT | _PAGE_ACCESSED);
    *mfn_to_page(TABLE_MFN) = (struct page_info){
        .count = PGC_allocated | 2, .type_info = PGT_l1_page_table | PGT_validated | PGT_one, .owner = &domain};
    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        ((uint8_t *)SOURCE)[i] = random32();
    return true;
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!set_up()) {
        printf(
            "@test begin ptwr\n@test skip ptwr: this kernel's 32-bit address space has no room at the hypervisor's\n");
        printf("@tests end passed=0 failed=0 skipped=1\n");
        return 0;
    }
    run("ptwr_same_as_processor", test_same_as_processor);
    run("ptwr_refused", test_refused);
    run("ptwr_whose_page", test_whose_page);
    run("ptwr_halves", test_halves);
    run("ptwr_single_step", test_single_step);
    run("ptwr_code_at_page_end", test_code_at_page_end);
    run("ptwr_segment_base", test_segment_base);
    run("ptwr_own_code_segment", test_own_code_segment);
    printf("@tests end passed=%u failed=%u skipped=0\n", passed, failed);
    return failed ? 1 : 0;
}
