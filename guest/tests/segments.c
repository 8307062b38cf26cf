/* SPDX-License-Identifier: MIT */
/*
 * vm_assist 4gb_segments: the %gs of a ring-3 program has a base and a size of 4 GiB, and its negative offsets wrap
 * round to just below the base. No guest can have such a segment, but the hypervisor makes these accesses work, and no
 * others.
 *
 * Why this can be trusted: the accesses fault only where limits are enforced (Bochs), and the tests without the assist
 * show that they do. Each access that then works is checked by the data that was moved. And the same segment must not
 * reach what lies in the hypervisor.
 */
#include "test.h"

extern const char user_gs_read[], user_gs_write[], user_gs_disp8[], user_gs_disp32[], user_gs_add[],
    user_gs_immediate[], user_gs_cmpxchg[], user_gs_movzx[], user_gs_fild[], user_gs_plain[], user_gs_push[],
    user_gs_both[];

#define ENTRY    5
#define SELECTOR (ENTRY * 8 + 3)
#define CS_ENTRY 6 /* Xen looks only at programs whose code segment is one of the guest's own */
#define USER_CS  (CS_ENTRY * 8 + 3)
#define FLAT_AT(base, flags)                                                                                 \
    (0xFFFFull | (uint64_t)((base)&0xFFFFFF) << 16 | (uint64_t)(flags) << 40 | 0xFull << 48 | 0xCull << 52 | \
     (uint64_t)((base) >> 24) << 56)
#define DATA3      0xF2 /* present, DPL 3, writable data */
#define CODE3      0xFA
#define BASE       (USER_DATA_VA + 0x800)
#define AT(offset) (*(volatile uint32_t *)(BASE + (int)(offset)))

static uint64_t *gdt;
static volatile uint32_t *arg; /* in the user's page */

static void assist(bool on, unsigned int type)
{
    CHECK_RC(HYPERVISOR_vm_assist(on ? VMASST_CMD_enable : VMASST_CMD_disable, type), 0);
}

static bool begin(uint64_t descriptor)
{
    uint32_t mfn;

    if (!user_setup())
        return false;
    gdt = alloc_page();
    gdt[ENTRY] = descriptor;
    gdt[CS_ENTRY] = FLAT_AT(0, CODE3);
    mfn = virt_to_mfn(gdt);
    arg = (volatile uint32_t *)USER_DATA_VA;
    for (int i = -64; i < 64; i += 4)
        AT(i) = 0x1000 + i;
    return CHECK_RC(page_make_readonly(gdt), 0) && CHECK_RC(HYPERVISOR_set_gdt(&mfn, 512), 0);
}

static void end(void)
{
    assist(false, VMASST_TYPE_4gb_segments);
    CHECK_RC(HYPERVISOR_set_gdt(NULL, 0), 0);
    CHECK_RC(page_make_writable(gdt), 0);
    free_page(gdt);
    user_teardown();
}

/* Runs the snippet with ECX and EAX. Returns the trap that ended it. */
static uint32_t run(const void *snippet, uint32_t ecx, uint32_t eax, uint32_t *result)
{
    struct caught_trap caught;

    arg[0] = SELECTOR;
    arg[1] = ecx;
    arg[2] = eax;
    arg[3] = USER_CS;
    user_run(snippet, USER_DATA_VA, &caught);
    if (result)
        *result = caught.registers.eax;
    return caught.vector;
}

static void reads(uint32_t offset)
{
    uint32_t value = 0;

    context("offset %d", (int)offset);
    CHECK_EQ(run(user_gs_read, offset, 0, &value), TRAP_USER);
    CHECK_EQ(value, 0x1000 + offset);
}

TEST(segments_wrap_not_without_the_assist)
{
    uint32_t value = 0;

    NEED_LIMITS();
    if (!begin(FLAT_AT(BASE, DATA3)))
        return;
    CHECK_EQ(run(user_gs_read, 0, 0, &value), TRAP_USER);
    CHECK_EQ(value, 0x1000);
    CHECK_EQ(run(user_gs_read, -4, 0, NULL), TRAP_GP);
    CHECK_EQ(run(user_gs_read, -4096, 0, NULL), TRAP_GP);
    end();
}

/* Upwards and downwards, so that the segment has to be turned round again and again. */
TEST(segments_wrap_read_and_write)
{
    NEED_LIMITS();
    if (!begin(FLAT_AT(BASE, DATA3)))
        return;
    assist(true, VMASST_TYPE_4gb_segments);
    for (unsigned int round = 0; round < 3; round++) {
        reads(0);
        reads(-4);
        reads(-64);
        reads(4);
    }
    CHECK_EQ(run(user_gs_write, -12, 0, NULL), TRAP_USER);
    CHECK_EQ(AT(-12), 0x82828282);
    CHECK_EQ(run(user_gs_write, 12, 0, NULL), TRAP_USER);
    CHECK_EQ(AT(12), 0x82828282);
    end();
}

TEST(segments_wrap_within_one_run)
{
    uint32_t value = 0;

    NEED_LIMITS();
    if (!begin(FLAT_AT(BASE, DATA3)))
        return;
    assist(true, VMASST_TYPE_4gb_segments);
    CHECK_EQ(run(user_gs_both, -8, 0, &value), TRAP_USER);
    CHECK_EQ(value, 2 * (0x1000 - 8) + 0x1000);
    end();
}

TEST(segments_wrap_all_ways_to_say_it)
{
    uint32_t value = 0;

    NEED_LIMITS();
    if (!begin(FLAT_AT(BASE, DATA3)))
        return;
    assist(true, VMASST_TYPE_4gb_segments);
    CHECK_EQ(run(user_gs_disp8, -24, 0, &value), TRAP_USER);
    CHECK_EQ(value, 0x1000 - 8);
    reads(0); /* turns the segment back, so that each of these instructions has to be decoded */
    CHECK_EQ(run(user_gs_disp32, -0x12345678 - 16, 0, &value), TRAP_USER);
    CHECK_EQ(value, 0x1000 - 16);
    reads(0);
    CHECK_EQ(run(user_gs_add, -20, 7, NULL), TRAP_USER);
    CHECK_EQ(AT(-20), 0x1000 - 20 + 7);
    reads(0);
    CHECK_EQ(run(user_gs_immediate, -24, 0, NULL), TRAP_USER);
    CHECK_EQ(AT(-28), 0x82828282);
    reads(0);
    if (is_int82()) { /* Xen knows fewer instructions */
        CHECK_EQ(run(user_gs_cmpxchg, -32, 0x1000 - 32, NULL), TRAP_USER);
        CHECK_EQ(AT(-32), (uint32_t)-32);
        reads(0);
    }
    CHECK_EQ(run(user_gs_movzx, -36, 0, &value), TRAP_USER);
    CHECK_EQ(value, (0x1000 - 36) & 0xFF);
    reads(0);
    CHECK_EQ(run(user_gs_fild, -40, 0, &value), TRAP_USER);
    CHECK_EQ(value, 0x1000 - 40);
    reads(0);
    CHECK_EQ(run(user_gs_plain, 0, 0, &value), TRAP_USER);
    CHECK_EQ(value, 0x1000 - 8);
    reads(0);
    CHECK_EQ(run(user_gs_push, -44, 0, &value), TRAP_USER);
    CHECK_EQ(value, 0x1000 - 44);
    end();
}

/* From either direction: what the segment must not reach, it must not reach when it is turned round either. (Xen turns
 * it round for ever, since neither direction allows these accesses.) */
TEST(segments_wrap_never_to_the_hypervisor)
{
    static const uint32_t targets[] = {0xF6800000, 0xF7800000, 0xFB800000, 0xFC822000,
                                       0xFD800000, 0xFD900010, 0xFFFFFFFC};

    if (!is_int82())
        SKIP("a Xen hangs the program");
    NEED_LIMITS();
    if (!begin(FLAT_AT(BASE, DATA3)))
        return;
    assist(true, VMASST_TYPE_4gb_segments);
    for (unsigned int i = 0; i < ARRAY_SIZE(targets); i++) {
        uint32_t vector;

        context("0x%x", targets[i]);
        reads(i & 1 ? -4 : 0);
        vector = run(user_gs_read, targets[i] - BASE, 0, NULL);
        CHECK(vector == TRAP_GP || vector == TRAP_PAGE_FAULT);
        reads(i & 1 ? 0 : -4);
        vector = run(user_gs_write, targets[i] - BASE, 0, NULL);
        CHECK(vector == TRAP_GP || vector == TRAP_PAGE_FAULT);
    }
    end();
}

/* A segment that ends where its owner wants it to end does not grow. */
TEST(segments_wrap_only_whole_ones)
{
    static const struct {
        const char *what;
        uint64_t descriptor;
    } other[] = {
        {"one page", (FLAT_AT(BASE, DATA3) & ~(0xFFFFull | 0xFull << 48))},
        {"256 MiB", FLAT_AT(BASE, DATA3) & ~(0xFull << 48)},
        {"in bytes", (FLAT_AT(BASE, DATA3) & ~(1ull << 55))},
        {"16 bits", (FLAT_AT(BASE, DATA3) & ~(1ull << 54))},
        {"code", FLAT_AT(BASE, CODE3)},
    };

    NEED_LIMITS();
    for (unsigned int i = 0; i < ARRAY_SIZE(other); i++) {
        if (!begin(other[i].descriptor))
            return;
        assist(true, VMASST_TYPE_4gb_segments);
        context("%s", other[i].what);
        CHECK_EQ(run(user_gs_read, -4, 0, NULL), TRAP_GP);
        end();
    }
}

TEST(segments_wrap_in_the_ldt)
{
    uint32_t value = 0;
    uint64_t *ldt;

    NEED_LIMITS();
    if (!begin(0))
        return;
    ldt = alloc_page();
    ldt[ENTRY] = FLAT_AT(BASE, DATA3);
    CHECK_RC(page_make_readonly(ldt), 0);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, (uint32_t)ldt, 512), 0);
    assist(true, VMASST_TYPE_4gb_segments);
    for (int offset = 4; offset >= -8; offset -= 4) {
        struct caught_trap caught;

        arg[0] = SELECTOR | 4;
        arg[1] = offset;
        arg[3] = USER_CS;
        user_run(user_gs_read, USER_DATA_VA, &caught);
        CHECK_EQ(caught.vector, TRAP_USER);
        value = caught.registers.eax;
        CHECK_EQ(value, 0x1000 + offset);
    }
    CHECK_RC(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
    CHECK_RC(page_make_writable(ldt), 0);
    free_page(ldt);
    end();
}

/* 4gb_segments_notify: trap 15 comes after each turn. Its error code is the length of the instruction without immediate
 * operands. */
extern const char segments_notify[];
uint32_t segments_notified, segments_length;
__asm__(".text\n"
        "segments_notify: incl %ss:segments_notified\n"
        "    popl %ss:segments_length\n"
        "    iret\n");

static void notified(const char *what, uint32_t count, uint32_t length)
{
    context("%s", what);
    CHECK_EQ(segments_notified, count);
    CHECK_EQ(segments_length, length);
    segments_notified = 0;
}

TEST(segments_wrap_notify)
{
    NEED_LIMITS();
    if (!begin(FLAT_AT(BASE, DATA3)))
        return;
    assist(true, VMASST_TYPE_4gb_segments);
    assist(true, VMASST_TYPE_4gb_segments_notify);
    CHECK_RC(trap_set_entry(TRAP_SPURIOUS, segments_notify, 0), 0);
    segments_notified = segments_length = 0;
    reads(0);
    notified("within", 0, 0);
    reads(-4);
    notified("read", 1, 3);
    reads(-8);
    notified("read again", 0, 3);
    reads(0);
    notified("read above", 1, 3);
    CHECK_EQ(run(user_gs_disp8, -24, 0, NULL), TRAP_USER);
    notified("SIB", 1, 5);
    reads(0);
    segments_notified = 0;
    CHECK_EQ(run(user_gs_immediate, -24, 0, NULL), TRAP_USER);
    notified("immediate", 1, 4);
    assist(false, VMASST_TYPE_4gb_segments_notify);
    reads(0);
    notified("switched off", 0, 4);
    CHECK_RC(trap_set_entry(TRAP_SPURIOUS, NULL, 0), 0);
    end();
}
