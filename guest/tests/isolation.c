/* SPDX-License-Identifier: MIT */
/*
 * Isolation. Rings 0 to 2 are the same to the paging unit, so segment limits alone keep a kernel in ring 1 out of the
 * hypervisor. Here ring 1 and ring 3 try to read, write and execute the hypervisor's memory through every segment
 * register, with the flat selectors and with descriptors of their own, the most generous that the hypervisor accepts.
 * Every attempt must end in #GP, #SS or #PF.
 *
 * Why this can be trusted: a machine that does not check limits at all (QEMU's TCG) would prove nothing. So the tests
 * first try a limit of their own on memory of their own, and are skipped where it does not hold. Under Bochs they must
 * run. And each attempt that must fail has a sibling that must succeed: the same instruction, through the same segment,
 * on our own memory.
 */
#include "test.h"

extern const char user_read_gs[], user_write_gs[], user_far_jump[], user_far_call[], user_jump[], user_read[],
    user_write[], user_sysenter[];

#define DESC(base, limit, flags)                                                                       \
    ((uint64_t)((limit)&0xFFFF) | (uint64_t)((base)&0xFFFFFF) << 16 | (uint64_t)((flags)&0xFF) << 40 | \
     (uint64_t)(((limit) >> 16) & 0xF) << 48 | (uint64_t)(((flags) >> 8) & 0xF) << 52 |                \
     (uint64_t)((base) >> 24) << 56)
#define G   0x800
#define D32 0x400

/* In the hypervisor: the writable table, the frame table, windows, the vCPU areas with GDT and stack, the direct map
 * with the image, and the end. */
static const uint32_t targets[] = {0xF6800000, 0xF6800004, 0xF6FFFFFC, 0xF7800000, 0xFB800000, 0xFC800000, 0xFC80E008,
                                   0xFC822000, 0xFC823FFC, 0xFD800000, 0xFD900000, 0xFD900010, 0xFE000000, 0xFFFFFFF8,
                                   0xFFFFFFFC, 0xFFFFFFFD, 0xFFFFFFFF, 0xF67FFFFD, 0xF67FFFFF};

enum how { READ, READ_BYTE, WRITE, WRITE_BYTE, EXCHANGE, COPY_TO, HOW_MANY };
enum reg { DS, ES, FS, GS, SS, NREGS };
static const char *const how_name[] = {"read", "read a byte", "write", "write a byte", "exchange", "copy to"};
static const char *const reg_name[] = {"DS", "ES", "FS", "GS", "SS"};

struct attempt {
    uint32_t selector, offset;
    enum reg reg;
    enum how how;
    uint32_t value;
};

/* One access through one register. The other segments and the stack stay flat where possible. */
#define ACCESS(seg, how_, value_, offset_)                                                      \
    switch (how_) {                                                                             \
    case READ:                                                                                  \
        __asm__ volatile("mov %%" seg ":(%1), %0" : "=r"(value_) : "r"(offset_) : "memory");    \
        break;                                                                                  \
    case READ_BYTE:                                                                             \
        __asm__ volatile("movzbl %%" seg ":(%1), %0" : "=r"(value_) : "r"(offset_) : "memory"); \
        break;                                                                                  \
    case WRITE:                                                                                 \
        __asm__ volatile("movl $0x82828282, %%" seg ":(%0)" : : "r"(offset_) : "memory");       \
        break;                                                                                  \
    case WRITE_BYTE:                                                                            \
        __asm__ volatile("movb $0x82, %%" seg ":(%0)" : : "r"(offset_) : "memory");             \
        break;                                                                                  \
    case EXCHANGE:                                                                              \
        __asm__ volatile("xchg %0, %%" seg ":(%1)" : "+r"(value_) : "r"(offset_) : "memory");   \
        break;                                                                                  \
    default:                                                                                    \
        break;                                                                                  \
    }

static void flat_segments(void)
{
    __asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%ss; mov %1, %%fs; mov %1, %%gs"
                     :
                     : "r"(FLAT_KERNEL_DS), "r"(0));
}

static void run_attempt(void *arg)
{
    struct attempt *a = arg, copy = *a;
    static uint32_t source = 0x82828282;
    uint32_t value = 0;

    switch (copy.reg) {
    case DS:
        __asm__ volatile("mov %0, %%ds" : : "r"(copy.selector));
        ACCESS("ds", copy.how, value, copy.offset);
        __asm__ volatile("mov %0, %%ds" : : "r"(FLAT_KERNEL_DS));
        break;
    case ES:
        __asm__ volatile("mov %0, %%es" : : "r"(copy.selector));
        if (copy.how == COPY_TO) {
            void *from = &source;

            __asm__ volatile("movsl" : "+S"(from), "+D"(copy.offset) : : "memory");
        } else {
            ACCESS("es", copy.how, value, copy.offset);
        }
        __asm__ volatile("mov %0, %%es" : : "r"(FLAT_KERNEL_DS));
        break;
    case FS:
        __asm__ volatile("mov %0, %%fs" : : "r"(copy.selector));
        ACCESS("fs", copy.how, value, copy.offset);
        break;
    case GS:
        __asm__ volatile("mov %0, %%gs" : : "r"(copy.selector));
        ACCESS("gs", copy.how, value, copy.offset);
        break;
    case SS:
        __asm__ volatile("mov %0, %%ss" : : "r"(copy.selector));
        ACCESS("ss", copy.how, value, copy.offset);
        __asm__ volatile("mov %0, %%ss" : : "r"(FLAT_KERNEL_SS));
        break;
    default:
        break;
    }
    a->value = value;
}

static bool is_code(uint64_t descriptor)
{
    return descriptor >> 43 & 1;
}

/* An access through `selector`, whose base is `base`, to `address`. It must fail. */
static uint32_t attempts;

static void must_fault(const char *what, uint32_t selector, uint32_t base, enum reg reg, enum how how, uint32_t address)
{
    struct attempt a = {selector, address - base, reg, how, 0};
    struct caught_trap caught;
    bool trapped;

    attempts++;
    trapped = trap_catch(&caught, run_attempt, &a);
    flat_segments();
    if (!trapped)
        FAIL("%s: %s through %s at 0x%x succeeded (0x%x)", what, how_name[how], reg_name[reg], address, a.value);
    else if (caught.vector != TRAP_GP && caught.vector != TRAP_STACK && caught.vector != TRAP_PAGE_FAULT)
        FAIL("%s: %s through %s at 0x%x: trap %u", what, how_name[how], reg_name[reg], address, caught.vector);
}

static void attack(const char *what, uint32_t selector, uint32_t base, bool as_stack)
{
    for (unsigned int t = 0; t < ARRAY_SIZE(targets); t++)
        for (unsigned int reg = DS; reg < NREGS; reg++) {
            if (reg == SS && !as_stack)
                continue;
            for (unsigned int how = 0; how < HOW_MANY; how++) {
                if (how == COPY_TO && reg != ES)
                    continue;
                /* A single byte of the last visible ones can be read. */
                if (targets[t] < 0xF6800000 && (how == READ_BYTE))
                    continue;
                must_fault(what, selector, base, reg, how, targets[t]);
            }
        }
}

/* ---- A table of our own */
static uint64_t *gdt;
static uint32_t gdt_mfn;

static bool gdt_begin(void)
{
    gdt = alloc_page();
    gdt_mfn = virt_to_mfn(gdt);
    return CHECK_RC(page_make_readonly(gdt), 0) && CHECK_RC(HYPERVISOR_set_gdt(&gdt_mfn, 512), 0);
}

static void gdt_end(void)
{
    flat_segments();
    CHECK_RC(HYPERVISOR_set_gdt(NULL, 0), 0);
    CHECK_RC(page_make_writable(gdt), 0);
    free_page(gdt);
}

static int set(unsigned int index, uint64_t descriptor)
{
    return HYPERVISOR_update_descriptor(LO_HI(virt_to_maddr(&gdt[index])), LO_HI(descriptor));
}

/* A segment of four bytes. Its fifth byte is read, which is our own memory either way. */
bool limits_hold(void)
{
    static uint32_t words[2] = {1, 2};
    static int known = -1;
    struct attempt a = {0x29, 4, GS, READ, 0};

    if (known >= 0)
        return known;
    if (!gdt_begin())
        return false;
    CHECK_RC(set(5, DESC((uint32_t)words, 3, 0xB2 | D32)), 0);
    known = trap_catch(NULL, run_attempt, &a);
    flat_segments();
    a.offset = 0;
    CHECK(!trap_catch(NULL, run_attempt, &a)); /* and allows what is within the limit */
    CHECK_EQ(a.value, 1);
    gdt_end();
    return known;
}
TEST(isolation_limits_are_checked)
{
    NEED_LIMITS();
}

/* ---- Ring 1 */
TEST(isolation_flat_selectors)
{
    NEED_LIMITS();
    attack("kernel data", FLAT_KERNEL_DS, 0, true);
    attack("user data", FLAT_USER_DS, 0, false);
}

TEST(isolation_flat_code_selectors)
{
    static const uint32_t selectors[] = {FLAT_KERNEL_CS, FLAT_USER_CS};

    NEED_LIMITS();
    for (unsigned int i = 0; i < 2; i++)
        for (unsigned int t = 0; t < ARRAY_SIZE(targets); t++) {
            if (targets[t] < 0xF6800000)
                continue;
            for (unsigned int reg = DS; reg < SS; reg++) {
                must_fault("flat code", selectors[i], 0, reg, READ, targets[t]);
                must_fault("flat code", selectors[i], 0, reg, WRITE, targets[t]);
            }
        }
}

/* The same means on our own memory must succeed. Only then does a fault above mean what it says. */
TEST(isolation_own_memory_works)
{
    static uint32_t word;

    for (unsigned int reg = DS; reg < NREGS; reg++)
        for (unsigned int how = 0; how < HOW_MANY; how++) {
            struct attempt a = {FLAT_KERNEL_DS, (uint32_t)&word, reg, how, 0};

            if (how == COPY_TO && reg != ES)
                continue;
            if (trap_catch(NULL, run_attempt, &a))
                FAIL("%s through %s of our own word faults", how_name[how], reg_name[reg]);
            flat_segments();
        }
}

/* The machine-to-physical table may be read, but nothing else may be done with it. */
TEST(isolation_machine_to_phys)
{
    for (unsigned int reg = DS; reg < NREGS; reg++) {
        must_fault("table", FLAT_KERNEL_DS, 0, reg, WRITE, MACH2PHYS_VIRT_START);
        must_fault("table", FLAT_KERNEL_DS, 0, reg, WRITE_BYTE, MACH2PHYS_VIRT_START + 5);
        must_fault("table", FLAT_KERNEL_DS, 0, reg, EXCHANGE, MACH2PHYS_VIRT_START + 4 * virt_to_mfn(&attempts));
    }
    must_fault("table", FLAT_KERNEL_DS, 0, ES, COPY_TO, MACH2PHYS_VIRT_START);
    CHECK(probe_read((void *)MACH2PHYS_VIRT_START, NULL, NULL));
}

static const struct {
    const char *name;
    uint32_t base, limit, flags;
} greedy[] = {
    {"4 GiB of data", 0, 0xFFFFF, 0xB2 | G | D32},
    {"4 GiB of data, DPL 0", 0, 0xFFFFF, 0x92 | G | D32},
    {"4 GiB of data, DPL 2", 0, 0xFFFFF, 0xD2 | G | D32},
    {"4 GiB of data, DPL 3", 0, 0xFFFFF, 0xF2 | G | D32},
    {"4 GiB of data, 16 bits", 0, 0xFFFFF, 0xB2 | G},
    {"read-only data", 0, 0xFFFFF, 0xB0 | G | D32},
    {"expand-down from 0", 0, 0x00000, 0xB6 | G | D32},
    {"expand-down from -1", 0, 0xFFFFF, 0xB6 | G | D32},
    {"expand-down from the border", 0, 0xF6800, 0xB6 | G | D32},
    {"expand-down in bytes", 0, 0xFFFFF, 0xB6 | D32},
    {"expand-down, 16 bits", 0, 0x00000, 0xB6 | G},
    {"expand-down with a base", 0x10000000, 0x00001, 0xB6 | G | D32},
    {"expand-down from a high base", 0xF0000000, 0x00000, 0xB6 | G | D32},
    {"code", 0, 0xFFFFF, 0xBA | G | D32},
    {"conforming code", 0, 0xFFFFF, 0xBE | G | D32},
    {"conforming code, DPL 0", 0, 0xFFFFF, 0x9E | G | D32},
    {"code for ring 3", 0, 0xFFFFF, 0xFA | G | D32},
    {"base at the border", 0xF5800000, 0xFFFFF, 0xB2 | G | D32},
    {"base below the border", 0xF57FF000, 0xFFFFF, 0xB2 | G | D32},
    {"base with an odd offset", 0xF57FF123, 0xFFFFF, 0xB2 | G | D32},
    {"base at the last page", 0xF67FE000, 0xFFFFF, 0xB2 | G | D32},
    {"base in the hypervisor", 0xFC800000, 0xFFFFF, 0xB2 | G | D32},
    {"base in the hypervisor, bytes", 0xFC800000, 0xFFF, 0xB2 | D32},
    {"a limit in bytes over the border", 0xF67FF000 - 0x1000, 0xFFFFF, 0xB2 | D32},
    {"base high, wrapping", 0xFFFFF000, 0xFFFFF, 0xB2 | G | D32},
    {"base in the middle", 0x80000000, 0xFFFFF, 0xB2 | G | D32},
    {"data with an odd base", 0x00000FFF, 0xFFFFF, 0xB2 | G | D32},
    {"expand-down with an odd base", 0x00000FFF, 0x00000, 0xB6 | G | D32},
};

static void attack_with(unsigned int i, uint64_t now, uint32_t selector)
{
    uint32_t base = (uint32_t)((now >> 16 & 0xFFFFFF) | (now >> 56) << 24);

    if (is_code(now)) {
        for (unsigned int t = 0; t < ARRAY_SIZE(targets); t++)
            if (targets[t] >= 0xF6800000)
                for (unsigned int reg = DS; reg < SS; reg++)
                    must_fault(greedy[i].name, selector, base, reg, READ, targets[t]);
    } else
        attack(greedy[i].name, selector, base, false);
}

TEST(isolation_own_descriptors)
{
    NEED_LIMITS();
    if (!gdt_begin())
        return;
    for (unsigned int i = 0; i < ARRAY_SIZE(greedy); i++) {
        CHECK_RC(set(7, 0), 0);
        /* By the call, and by a page of descriptors that becomes a table: the same rules hold. */
        if (set(7, DESC(greedy[i].base, greedy[i].limit, greedy[i].flags)))
            continue;
        attack_with(i, gdt[7], 0x39);
    }
    gdt_end();
}

TEST(isolation_own_descriptor_pages)
{
    uint64_t *page;
    uint32_t mfn;

    NEED_LIMITS();
    page = alloc_page();
    mfn = virt_to_mfn(page);
    for (unsigned int i = 0; i < ARRAY_SIZE(greedy); i++) {
        page[7] = DESC(greedy[i].base, greedy[i].limit, greedy[i].flags);
        CHECK_RC(page_make_readonly(page), 0);
        if (!HYPERVISOR_set_gdt(&mfn, 512))
            attack_with(i, page[7], 0x39);
        CHECK_RC(HYPERVISOR_set_gdt(NULL, 0), 0);
        CHECK_RC(page_make_writable(page), 0);
    }
    free_page(page);
}

TEST(isolation_own_local_descriptors)
{
    uint64_t *page;

    NEED_LIMITS();
    page = alloc_page();
    for (unsigned int i = 0; i < ARRAY_SIZE(greedy); i++) {
        page[7] = DESC(greedy[i].base, greedy[i].limit, greedy[i].flags);
        CHECK_RC(page_make_readonly(page), 0);
        CHECK_RC(mmuext(MMUEXT_SET_LDT, (uint32_t)page, 512), 0);
        attack_with(i, page[7], 0x3d);
        CHECK_RC(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
        CHECK_RC(page_make_writable(page), 0);
    }
    free_page(page);
}

/* ---- Executing the hypervisor's memory */
static struct {
    uint32_t offset;
    uint16_t selector;
} __attribute__((packed)) far;

static void near_jump(void *arg)
{
    __asm__ volatile("jmp *%0" : : "r"(arg));
}

static void far_jump(void *arg)
{
    (void)arg;
    __asm__ volatile("ljmp *%0" : : "m"(far));
}

static void far_call(void *arg)
{
    (void)arg;
    __asm__ volatile("lcall *%0" : : "m"(far));
}

static void far_return(void *arg)
{
    (void)arg;
    __asm__ volatile("push %0; push %1; lret" : : "r"((uint32_t)far.selector), "r"(far.offset));
}

static void interrupt_return(void *arg)
{
    (void)arg;
    __asm__ volatile("pushf; push %0; push %1; iret" : : "r"((uint32_t)far.selector), "r"(far.offset));
}

/* Where the fault is reported: at the transfer or at its target, but never after it. */
static void must_not_run(const char *what, void (*fn)(void *), uint16_t selector, uint32_t base, uint32_t address)
{
    struct caught_trap caught;

    attempts++;
    far.selector = selector;
    far.offset = address - base;
    if (!trap_catch(&caught, fn, (void *)address))
        FAIL("%s to 0x%x:0x%x came back", what, selector, address);
    else if (caught.vector != TRAP_GP && caught.vector != TRAP_PAGE_FAULT && caught.vector != TRAP_NO_SEGMENT)
        FAIL("%s to 0x%x:0x%x: trap %u at 0x%x", what, selector, address, caught.vector, caught.eip);
    else if (caught.eip >= 0xF6800000 && caught.eip != address)
        FAIL("%s to 0x%x:0x%x got as far as 0x%x", what, selector, address, caught.eip);
    flat_segments();
}

TEST(isolation_running)
{
    NEED_LIMITS();
    for (unsigned int t = 0; t < ARRAY_SIZE(targets); t++) {
        if (targets[t] < 0xF6800000)
            continue;
        must_not_run("jump", near_jump, FLAT_KERNEL_CS, 0, targets[t]);
        must_not_run("far jump", far_jump, FLAT_KERNEL_CS, 0, targets[t]);
        must_not_run("far call", far_call, FLAT_KERNEL_CS, 0, targets[t]);
        must_not_run("far return", far_return, FLAT_KERNEL_CS, 0, targets[t]);
        must_not_run("iret", interrupt_return, FLAT_KERNEL_CS, 0, targets[t]);
    }
}

/* Nobody else can use the hypervisor's own selectors, whether limits are checked or not. */
TEST(isolation_hypervisor_selectors)
{
    static const uint16_t selectors[] = {0xe008, 0xe009, 0xe00b, 0xe010, 0xe011, 0xe013, 0xe038, 0xe039,
                                         0xe03b, 0xe040, 0xe041, 0xe048, 0xe049, 0xe04b, 0xe050, 0xfff9};
    struct attempt a = {0, (uint32_t)&attempts, GS, READ, 0};

    for (unsigned int i = 0; i < ARRAY_SIZE(selectors); i++) {
        must_not_run("far jump", far_jump, selectors[i], 0, (uint32_t)guest_main);
        must_not_run("far call", far_call, selectors[i], 0, (uint32_t)guest_main);
        must_not_run("far return", far_return, selectors[i], 0, (uint32_t)guest_main);
        must_not_run("iret", interrupt_return, selectors[i], 0, (uint32_t)guest_main);
        for (a.reg = DS; a.reg < NREGS; a.reg++) {
            a.selector = selectors[i];
            if (!trap_catch(NULL, run_attempt, &a))
                FAIL("%s took the selector 0x%x", reg_name[a.reg], selectors[i]);
            flat_segments();
        }
    }
}

TEST(isolation_running_own_descriptors)
{
    NEED_LIMITS();
    if (!gdt_begin())
        return;
    for (unsigned int i = 0; i < ARRAY_SIZE(greedy); i++) {
        uint32_t base;

        if (set(7, 0) || set(7, DESC(greedy[i].base, greedy[i].limit, greedy[i].flags)) || !is_code(gdt[7]))
            continue;
        base = (uint32_t)((gdt[7] >> 16 & 0xFFFFFF) | (gdt[7] >> 56) << 24);
        for (unsigned int t = 0; t < ARRAY_SIZE(targets); t++)
            if (targets[t] >= 0xF6800000) {
                must_not_run(greedy[i].name, far_jump, 0x39, base, targets[t]);
                must_not_run(greedy[i].name, far_call, 0x39, base, targets[t]);
            }
    }
    gdt_end();
}

/* Through a call gate of our own, to code that we may name but cannot reach. */
TEST(isolation_call_gates)
{
    NEED_LIMITS();
    if (!gdt_begin())
        return;
    for (unsigned int t = 0; t < ARRAY_SIZE(targets); t++) {
        uint64_t gate = (uint64_t)(targets[t] & 0xFFFF0000) << 32 | 0x0000AC0000000000ull |
                        (uint64_t)FLAT_KERNEL_CS << 16 | (targets[t] & 0xFFFF);

        if (targets[t] < 0xF6800000)
            continue;
        if (!set(9, gate))
            must_not_run("call gate", far_call, 0x49, 0, targets[t]);
        gate = (gate & ~0xFFFF0000ull) | 0xE0080000ull;
        CHECK_RC(set(10, gate), -EINVAL);
    }
    gdt_end();
}

static void do_sysenter(void *arg)
{
    (void)arg;
    __asm__ volatile("sysenter");
}

TEST(isolation_sysenter)
{
    struct caught_trap caught;

    CHECK(trap_catch(&caught, do_sysenter, NULL));
    CHECK_ONE_OF(caught.vector, TRAP_GP, TRAP_INVALID_OP);
}

/* ---- Ring 3 */
static void user_must_fault(const char *what, const void *snippet, uint32_t arg)
{
    struct caught_trap caught;

    attempts++;
    user_run(snippet, arg, &caught);
    if (caught.vector != TRAP_GP && caught.vector != TRAP_STACK && caught.vector != TRAP_PAGE_FAULT &&
        caught.vector != TRAP_NO_SEGMENT && caught.vector != TRAP_INVALID_OP)
        FAIL("ring 3: %s: trap %u, eax 0x%x", what, caught.vector, caught.registers.eax);
}

TEST(isolation_ring_3)
{
    static const uint32_t selectors[] = {FLAT_USER_DS, FLAT_USER_CS, FLAT_KERNEL_DS, 0xe010,
                                         0xe013,       0xe008,       0xe00b,         0xe03b};
    volatile uint32_t *arg = (volatile uint32_t *)USER_DATA_VA;

    if (!user_setup())
        return;
    for (unsigned int t = 0; t < ARRAY_SIZE(targets); t++) {
        context("target 0x%x", targets[t]);
        user_must_fault("read", user_read, targets[t]);
        user_must_fault("write", user_write, targets[t]);
        user_must_fault("jump", user_jump, targets[t]);
        for (unsigned int i = 0; i < ARRAY_SIZE(selectors); i++) {
            arg[0] = selectors[i];
            arg[1] = targets[t];
            user_must_fault("read through GS", user_read_gs, USER_DATA_VA);
            user_must_fault("write through GS", user_write_gs, USER_DATA_VA);
            arg[0] = targets[t];
            arg[1] = selectors[i];
            user_must_fault("far jump", user_far_jump, USER_DATA_VA);
            user_must_fault("far call", user_far_call, USER_DATA_VA);
        }
    }
    context("%s", "");
    user_must_fault("read of the machine-to-physical table", user_read, MACH2PHYS_VIRT_START);
    user_must_fault("write to the machine-to-physical table", user_write, MACH2PHYS_VIRT_START);
    user_must_fault("sysenter", user_sysenter, 0);
    user_teardown();
}

TEST(isolation_ring_3_own_descriptors)
{
    volatile uint32_t *arg = (volatile uint32_t *)USER_DATA_VA;

    NEED_LIMITS();
    if (!user_setup())
        return;
    if (gdt_begin()) {
        for (unsigned int i = 0; i < ARRAY_SIZE(greedy); i++) {
            uint32_t base;

            if (set(7, 0) || set(7, DESC(greedy[i].base, greedy[i].limit, greedy[i].flags | 0x60)))
                continue;
            base = (uint32_t)((gdt[7] >> 16 & 0xFFFFFF) | (gdt[7] >> 56) << 24);
            for (unsigned int t = 0; t < ARRAY_SIZE(targets); t++) {
                context("%s, target 0x%x", greedy[i].name, targets[t]);
                arg[0] = 0x3b;
                arg[1] = targets[t] - base;
                user_must_fault("read", user_read_gs, USER_DATA_VA);
                user_must_fault("write", user_write_gs, USER_DATA_VA);
                arg[0] = targets[t] - base;
                arg[1] = 0x3b;
                user_must_fault("far call", user_far_call, USER_DATA_VA);
            }
        }
        context("%s", "");
        gdt_end();
    }
    user_teardown();
}

TEST(isolation_summary)
{
    if (!attempts)
        SKIP("none of the attempts was asked for");
    printf("isolation: %u attempts on the hypervisor's memory, none succeeded unless told above\n", attempts);
}
