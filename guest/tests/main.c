/* SPDX-License-Identifier: MIT */
/*
 * The conformance guest. It runs the tests that `only=GLOB[,GLOB]` selects (without it, all of them) one after the
 * other, and prints the test protocol. What the tests share is here, too.
 */
#include "test.h"

#include <guest/audit.h>
#include <public/memory.h>

extern const struct test tests_begin[], tests_end[];

uint8_t boot_upcall_mask;

static struct {
    const char *name;
    uint32_t failures;
    bool skipped;
    char first[400], why[200], context[160];
} now;
static uint32_t passed, failed, skipped;

/* ---- Checks */
void fail(int line, const char *format, ...)
{
    char text[400];
    va_list args;
    uint32_t n;

    va_start(args, format);
    n = snprintf(text, sizeof(text), "line %d: ", line);
    vsnprintf(text + n, sizeof(text) - n, format, args);
    va_end(args);
    n = strlen(text);
    if (now.context[0])
        snprintf(text + n, sizeof(text) - n, " [%s]", now.context);
    if (!now.failures++)
        memcpy(now.first, text, sizeof(text));
    else if (now.failures < 20)
        printf("    %s: also: %s\n", now.name, text);
}

void context(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(now.context, sizeof(now.context), format, args);
    va_end(args);
}

void skip(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(now.why, sizeof(now.why), format, args);
    va_end(args);
    now.skipped = true;
}

bool check_eq(const char *what, int line, uint64_t seen, uint64_t expected)
{
    if (seen == expected)
        return true;
    fail(line, "%s: expected 0x%llx, saw 0x%llx", what, expected, seen);
    return false;
}

bool check_rc(const char *what, int line, int32_t seen, int32_t expected)
{
    if (seen == expected)
        return true;
    fail(line, "%s: expected %d, saw %d", what, expected, seen);
    return false;
}

bool check_one_of(const char *what, int line, int32_t seen, int32_t expected, int32_t or)
{
    if (seen == expected || seen == or)
        return true;
    fail(line, "%s: expected %d or %d, saw %d", what, expected, or, seen);
    return false;
}

bool check_true(const char *what, int line, bool holds)
{
    if (!holds)
        fail(line, "%s: expected, but is not so", what);
    return holds;
}

bool expect_trap(int line, struct caught_trap *caught, void (*fn)(void *), void *arg, uint32_t vector)
{
    struct caught_trap own;

    caught = caught ? caught : &own;
    if (!trap_catch(caught, fn, arg)) {
        fail(line, "expected trap %u, but there was none", vector);
        return false;
    }
    if (caught->vector == vector)
        return true;
    fail(line, "expected trap %u, saw trap %u (error 0x%x, eip %p, cr2 %p)", vector, caught->vector, caught->error,
         (void *)caught->eip, (void *)caught->cr2);
    return false;
}

bool is_int82(void)
{
    static int known = -1;
    xen_extraversion_t extra;
    struct xen_compile_info info;
    char changeset[XEN_CHANGESET_INFO_LEN];
    const char *text[] = {extra, info.compiler, changeset, hypervisor_capabilities()};

    if (known >= 0)
        return known;
    known = 0;
    memset(&info, 0, sizeof(info));
    memset(extra, 0, sizeof(extra));
    memset(changeset, 0, sizeof(changeset));
    HYPERVISOR_xen_version(XENVER_extraversion, extra);
    HYPERVISOR_xen_version(XENVER_compile_info, &info);
    HYPERVISOR_xen_version(XENVER_changeset, changeset);
    for (unsigned int i = 0; i < ARRAY_SIZE(text); i++)
        for (const char *p = text[i]; *p; p++)
            if (!strncmp(p, "nt82", 4))
                known = 1;
    return known;
}

/* ---- Addresses */
static void *bad_range(unsigned int i, uint32_t n)
{
    const uint32_t border = HYPERVISOR_VIRT_START;
    const uint32_t bad[] = {
        (uint32_t)UNMAPPED,
        (uint32_t)EDGE(n - 1),
        (uint32_t)EDGE_PAGE - 1,
        border - n + 1,
        border - 1,
        border,
        border + 0x800000,
        MACH2PHYS_VIRT_END,
        0xFF000000,
        0 - n,
        0xFFFFFFFFu - n / 2,
        0xFFFFFFFFu,
    };

    return i < ARRAY_SIZE(bad) ? (void *)bad[i] : NULL;
}

void *bad_pointer(unsigned int i, uint32_t n)
{
    void *p = bad_range(i, n);

    if (!p)
        now.context[0] = 0;
    return p;
}

void *bad_output(unsigned int i, uint32_t n)
{
    return i ? bad_pointer(i - 1, n) : RO_PAGE;
}

int map_at(uint32_t va, uint32_t mfn, pte_t flags)
{
    return update_va((void *)va, make_pte(mfn, flags), UVMF_INVLPG);
}

int unmap_at(uint32_t va)
{
    return update_va((void *)va, 0, UVMF_INVLPG);
}

static void set_up_scratch(void)
{
    void *l1 = alloc_page(), *edge = alloc_page(), *ro = alloc_page();

    if (mm_map_l1((void *)MM_SCRATCH, l1) || map_at((uint32_t)EDGE_PAGE, virt_to_mfn(edge), PTE_KERNEL_RW) ||
        map_at((uint32_t)RO_PAGE, virt_to_mfn(ro), PTE_KERNEL_RO))
        guest_panic("cannot set up the scratch pages");
}

pte_t *new_l1_at(uint32_t va)
{
    pte_t *l1 = alloc_page();
    int err = mm_map_l1((void *)va, l1);

    if (!err)
        return l1;
    FAIL("mm_map_l1(%p): %d", (void *)va, err);
    return NULL;
}

void drop_l1_at(uint32_t va, pte_t *l1)
{
    CHECK_RC(mm_map_l1((void *)va, NULL), 0);
    free_page(l1);
}

/* ---- Frames */
uint32_t ram_end_frame(void)
{
    return HYPERVISOR_memory_op(XENMEM_maximum_ram_page, NULL);
}

uint32_t foreign_frame(void)
{
    uint32_t end = ram_end_frame(), pfn;

    /* All memory from 2 MiB to the end of low memory is RAM. A frame there that our list does not name belongs to
     * somebody else. */
    for (uint32_t mfn = 0x100; mfn < end; mfn++) {
        pfn = mfn_to_pfn(mfn);
        if (pfn >= start_info->nr_pages || pfn_to_mfn(pfn) != mfn)
            return mfn;
    }
    return 0;
}

/* ---- Ring 3 */
extern uint8_t user_begin[], user_end[];
static void *user_pages[3];
static pte_t *user_l1;

bool user_setup(void)
{
    user_l1 = new_l1_at(USER_CODE_VA);
    if (!user_l1)
        return false;
    for (unsigned int i = 0; i < 3; i++) {
        user_pages[i] = alloc_page();
        if (map_at(USER_CODE_VA + i * PAGE_SIZE, virt_to_mfn(user_pages[i]), PTE_KERNEL_RW | PTE_US)) {
            FAIL("cannot map the user's pages");
            return false;
        }
    }
    memcpy((void *)USER_CODE_VA, user_begin, user_end - user_begin);
    return true;
}

void user_teardown(void)
{
    for (unsigned int i = 0; i < 3; i++) {
        unmap_at(USER_CODE_VA + i * PAGE_SIZE);
        free_page(user_pages[i]);
    }
    drop_l1_at(USER_CODE_VA, user_l1);
}

uint32_t user_address(const void *snippet)
{
    return USER_CODE_VA + ((uint32_t)snippet - (uint32_t)user_begin);
}

void user_run(const void *snippet, uint32_t arg, struct caught_trap *caught)
{
    run_user(user_address(snippet), USER_ESP, arg, caught);
}

/* ---- Running */
static void call_test(void *arg)
{
    ((const struct test *)arg)->fn();
}

static bool selected(const char *globs, const char *name)
{
    char glob[80];
    uint32_t n;

    while (*globs) {
        for (n = 0; *globs && *globs != ','; globs++)
            if (n + 1 < sizeof(glob))
                glob[n++] = *globs;
        glob[n] = 0;
        if (glob_match(glob, name))
            return true;
        globs += *globs == ',';
    }
    return false;
}

/* The hypervisor's books must be right after each test, too. A hypervisor without an auditor is believed. */
static void audit_test(void)
{
    static char text[300];

    if (audit(text, sizeof(text)))
        fail(0, "%s", text);
}

static void run(const struct test *test)
{
    uint32_t pages = free_page_count();
    struct caught_trap caught;

    memset(&now, 0, sizeof(now));
    now.name = test->name;
    printf("@test begin %s\n", test->name);
    if (trap_catch(&caught, call_test, (void *)test))
        fail(0, "trap %u in mid-test, error 0x%x, eip %p, cr2 %p", caught.vector, caught.error, (void *)caught.eip,
             (void *)caught.cr2);
    events_disable();
    audit_test();
    if (!now.failures && !now.skipped && free_page_count() != pages)
        fail(0, "the test keeps %d pages", (int)(pages - free_page_count()));
    if (now.failures) {
        failed++;
        printf("@test fail %s: %s\n", test->name, now.first);
    } else if (now.skipped) {
        skipped++;
        printf("@test skip %s: %s\n", test->name, now.why);
    } else {
        passed++;
        printf("@test pass %s\n", test->name);
    }
}

static void run_selected(const char *globs, bool last)
{
    for (const struct test *test = tests_begin; test < tests_end; test++)
        if (test->last == last && selected(globs, test->name))
            run(test);
}

void guest_main(void)
{
    static char globs[512];

    boot_upcall_mask = vcpu0_info.evtchn_upcall_mask;
    if (!guest_option("only", globs, sizeof(globs)))
        memcpy(globs, "*", 2);
    set_up_scratch();
    crash_if_asked();
    misuse_if_asked();
    fuzz_if_asked();
    /* On real Xen, domain 0 starts with a timer of 10 ms, which would disturb the tests of events. */
    HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    run_selected(globs, false);
    run_selected(globs, true);
    printf("@tests end passed=%u failed=%u skipped=%u\n", passed, failed, skipped);
}
