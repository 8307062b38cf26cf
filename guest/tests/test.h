/* SPDX-License-Identifier: MIT */
/*
 * What a test looks like, and what it may use.
 *
 *     TEST(subject_what) { CHECK_EQ(...); CHECK_RC(call, -EINVAL); }
 *
 * registers itself. A check that fails says what was expected and what was seen, and the test goes on, so that it can
 * put back what it changed; a trap that nobody expects ends the test, failed. Tests run in the order of their files'
 * names and then as they stand; those by TEST_LAST() after all others. Every expectation has been seen on a real
 * Xen 4.2.5; where that differs from what Int82 should do, the test says so and asks is_int82().
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <guest/console.h>
#include <guest/events.h>
#include <guest/guest.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <guest/string.h>
#include <guest/traps.h>
#include <public/platform.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include <public/version.h>

struct test {
    const char *name;
    void (*fn)(void);
    bool last;
};

/* A TEST_LAST() leaves something behind that would disturb the others. */
#define TEST(id)      DEFINE_TEST(id, false)
#define TEST_LAST(id) DEFINE_TEST(id, true)
#define DEFINE_TEST(id, last)                                                                                          \
    static void test_##id(void);                                                                                       \
    static const struct test entry_##id __attribute__((section(".tests"), used, no_reorder)) = {#id, test_##id, last}; \
    static void test_##id(void)

/* Each returns true when the check held. `what` is printed as the thing that was checked. */
bool check_eq(const char *what, int line, uint64_t seen, uint64_t expected);
bool check_rc(const char *what, int line, int32_t seen, int32_t expected);
bool check_one_of(const char *what, int line, int32_t seen, int32_t expected, int32_t or);
bool check_true(const char *what, int line, bool holds);
void fail(int line, const char *format, ...) __attribute__((format(printf, 2, 3)));
void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define CHECK_EQ(seen, expected)         check_eq(#seen, __LINE__, seen, expected)
#define CHECK_RC(seen, expected)         check_rc(#seen, __LINE__, seen, expected)
#define CHECK_ONE_OF(seen, expected, or) check_one_of(#seen, __LINE__, seen, expected, or)
#define CHECK(condition)                 check_true(#condition, __LINE__, condition)
#define FAIL(...)                        fail(__LINE__, __VA_ARGS__)
/* Ends the test. */
#define SKIP(...)          \
    do {                   \
        skip(__VA_ARGS__); \
        return;            \
    } while (0)
/* Names the sub-cases of a check in a loop. The text is printed with every failure until the test ends or the context
 * changes. */
void context(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The hypervisor is Int82, and not a Xen. */
bool is_int82(void);
/* This word stands on its command line. */
bool hypervisor_has_option(const char *word);

/* For an NMI handler that did not reach its end: allows the next NMI, as only an iret by hypercall does. */
static inline void end_nmi(void)
{
    uint32_t eflags = vcpu0_info.evtchn_upcall_mask ? 2 : 0x202;

    __asm__ volatile("pushl %0; pushl %%cs; pushl $1f; pushl %%eax; movl $23, %%eax; int $0x82; 1:"
                     :
                     : "r"(eflags)
                     : "memory", "cc");
}

/* This is domain 0. Other domains run the tests, too, but not those of what only domain 0 may do. */
static inline bool is_dom0(void)
{
    return start_info->flags & SIF_INITDOMAIN;
}
#define NEED_DOM0() \
    if (!is_dom0()) \
    SKIP("only domain 0 may")

/* The state before any test ran. */
extern uint8_t boot_upcall_mask;

/* ---- Addresses that a hypercall must refuse, or must handle. A table of L1 entries is at MM_SCRATCH; see main.c. */
#define EDGE_PAGE     ((uint8_t *)(MM_SCRATCH + 0x1000)) /* writable; the pages before and after it are not mapped */
#define RO_PAGE       ((uint8_t *)(MM_SCRATCH + 0x3000)) /* read-only; the same */
#define UNMAPPED      ((uint8_t *)(MM_SCRATCH + 0x5000))
#define FREE_VA       (MM_SCRATCH + 0x10000) /* in the same table: not mapped, for a test to use up to FREE_VA_END */
#define FREE_VA_END   (MM_SCRATCH + 0x100000)
#define FREE_TABLE_VA (MM_SCRATCH + 0x400000) /* no L1 table there; up to MM_SCRATCH_END */
/* The last n bytes of the page: one more would reach what is not mapped. */
#define EDGE(n) (EDGE_PAGE + PAGE_SIZE - (n))

/* Pointers to n bytes that no call may touch: unmapped, across a page's end, across the border of the hypervisor,
 * wrapping round. Loops over all of them: for (i = 0; (p = bad_pointer(i, n)); i++). */
void *bad_pointer(unsigned int i, uint32_t n);
/* The same where the call would have to write, with a read-only page in addition. */
void *bad_output(unsigned int i, uint32_t n);
#define EACH_BAD_POINTER(p, n) (unsigned int i_ = 0; (p = bad_pointer(i_, n)) && (context("pointer %p", p), true); i_++)
#define EACH_BAD_OUTPUT(p, n)  (unsigned int i_ = 0; (p = bad_output(i_, n)) && (context("pointer %p", p), true); i_++)

/* `crash=KIND` on the command line: then this does not return (crash.c). */
void crash_if_asked(void);
/* The same for `misuse=KIND` (rings.c). */
void misuse_if_asked(void);
/* The same for `fuzz=SEED` (fuzz.c). */
void fuzz_if_asked(void);

/* ---- Frames that are not ours */
uint32_t foreign_frame(void);     /* RAM of the hypervisor; 0 when none was found */
#define MMIO_FRAME    0xB8u       /* VGA text */
#define HUGE_FRAME    0x00400000u /* 16 GiB: nobody has it */
#define RAM_END_FRAME ram_end_frame()
uint32_t ram_end_frame(void); /* one beyond the last RAM */

/* Maps a frame at va (in the MM_SCRATCH table) with these flags. Returns 0 or an error. */
int map_at(uint32_t va, uint32_t mfn, pte_t flags);
int unmap_at(uint32_t va);

/* Makes a table of an empty page and hooks it in at va, which must be aligned to 2 MiB. NULL: failed. */
pte_t *new_l1_at(uint32_t va);
void drop_l1_at(uint32_t va, pte_t *l1);

/* ---- Does this machine check segment limits? TCG does not. */
bool limits_hold(void);
#define NEED_LIMITS()   \
    if (!limits_hold()) \
    SKIP("this machine does not check segment limits")

/* ---- CPUID, as the processor answers and as the hypervisor does: EAX to EDX */
static inline void cpuid(uint32_t leaf, uint32_t sub, uint32_t *r)
{
    __asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "0"(leaf), "2"(sub));
}

static inline void xen_cpuid(uint32_t leaf, uint32_t sub, uint32_t *r)
{
    __asm__ volatile(XEN_CPUID : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "0"(leaf), "2"(sub));
}

/* ---- The machine's interrupt controllers */
/* Devices' lines come through an I/O APIC (interrupt_controllers.c). Else they come through 8259s: these keep an edge
 * that comes while the line is masked, and whether a line tells by its level is firmware's choice. */
bool has_io_apic(void);

/* ---- A hypercall for which the test sets all registers (raw.S) */
struct raw_regs {
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp, eflags;
    uint32_t ds, es, fs, gs;
};
extern struct raw_regs raw_in, raw_out;
extern uint32_t raw_entry; /* 0: int $0x82; else an address to call */
void raw_call(void);

/* ---- Code for ring 3 (user.S), in a page of its own that ring 3 may read, write and execute. A stack page follows. */
#define USER_CODE_VA  (MM_SCRATCH + 0x200000)
#define USER_DATA_VA  (USER_CODE_VA + 0x1000)
#define USER_STACK_VA (USER_CODE_VA + 0x2000)
#define USER_ESP      (USER_STACK_VA + PAGE_SIZE)
bool user_setup(void); /* false: failed, and has said so */
void user_teardown(void);
/* Where a snippet of user.S lies in the user's page. */
uint32_t user_address(const void *snippet);
void user_run(const void *snippet, uint32_t arg, struct caught_trap *caught);

/* fn(arg) must end by a trap with this vector. False (and the test has failed) otherwise. */
bool expect_trap(int line, struct caught_trap *caught, void (*fn)(void *), void *arg, uint32_t vector);
#define EXPECT_TRAP(caught, fn, arg, vector) expect_trap(__LINE__, caught, fn, (void *)(arg), vector)

#endif
