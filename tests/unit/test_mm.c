/*
 * Frames and page types (frames.c, page_tables.c, l1_refs.S), mmu_update and update_va_mapping (mmu_update.c and the
 * fast paths of mmu_fast.S), mmuext_op and descriptor tables, on the host.
 *
 * Proves that every reference is accounted for, whatever a guest does: after each operation, refused or not, an auditor
 * that knows nothing of the hypervisor's ways counts again, from the tables' contents alone, who refers to each frame
 * and as what, and compares with the frame table. Likewise that no frame serves as a table while the TLB may still know
 * it as writable, and that a failing batch has done what stands before its failure and nothing behind it.
 *
 * It can be trusted because the hypervisor's files run unchanged: this is a 32-bit program with memory where the frame
 * table, the windows and the machine-to-physical table are; privileged instructions fault, and are counted and left out
 * by a signal handler; guest accesses that fault go through the real exception table. In the midst of operations
 * another vCPU of the same domain may run and do things of its own. The same random sequences go through C and through
 * assembly, and must leave the same.
 */
#include <asm/descriptors.h>
#include <asm/frames.h>
#include <asm/guest_access.h>
#include <asm/page_tables.h>
#include <asm/processor.h>
#include <asm/traps.h>
#include <xen/domain.h>
#include <xen/hypercall.h>

#define FRAMES  72 /* in the frame table */
#define MMIO    1  /* dom_io's */
#define HYPER   4  /* nobody's: the hypervisor's */
#define SHARED  6  /* dom_xen's, shown read-only */
#define FOREIGN 8  /* of another domain */
#define OURS    12 /* and all above */
#define L3      OURS
#define L2      (OURS + 1) /* four */
#define L1      (OURS + 5)
#define FREE    (OURS + 7) /* from here up nothing is used at the start */

/* --- The system: no C library */

static long syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
    long words[2] = {nr, f}, ret;

    __asm__ volatile("push %%ebp; mov 4(%1), %%ebp; mov (%1), %%eax; int $0x80; pop %%ebp"
                     : "=a"(ret)
                     : "0"(words), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory");
    return ret;
}

static void exit_with(int status)
{
    syscall6(1, status, 0, 0, 0, 0, 0);
    __builtin_unreachable();
}

static char line[512];
static unsigned int line_length;

static void put_char(char c)
{
    if (line_length < sizeof(line))
        line[line_length++] = c;
    if (c == '\n') {
        syscall6(4, 1, (long)line, line_length, 0, 0, 0);
        line_length = 0;
    }
}

static void put_hex(uint32_t n)
{
    bool begun = false;

    for (int shift = 28; shift >= 0; shift -= 4) {
        uint32_t digit = n >> shift & 15;

        begun |= digit || !shift;
        if (begun)
            put_char("0123456789abcdef"[digit]);
    }
}

static void put_decimal(uint32_t n)
{
    if (n >= 10)
        put_decimal(n / 10);
    put_char('0' + n % 10);
}

static void say(const char *f, ...) __printf(1, 2);
static void say(const char *f, ...)
{
    va_list args;
    int d;

    va_start(args, f);
    for (; *f; f++) {
        if (*f != '%') {
            put_char(*f);
            continue;
        }
        switch (*++f) {
        case 's':
            for (const char *s = va_arg(args, const char *); *s; s++)
                put_char(*s);
            break;
        case 'd':
            d = va_arg(args, int);
            if (d < 0)
                put_char('-');
            put_decimal(d < 0 ? -d : d);
            break;
        case 'u':
            put_decimal(va_arg(args, unsigned int));
            break;
        default:
            put_hex(va_arg(args, uint32_t));
        }
    }
    va_end(args);
}

static const char *test_name = "start";
static unsigned int failures, passes;
static uint32_t step;

#define FAIL(...)                                             \
    do {                                                      \
        if (failures++ < 20) {                                \
            say("@test fail %s: step %u: ", test_name, step); \
            say(__VA_ARGS__);                                 \
            say("\n");                                        \
        }                                                     \
    } while (0)
#define CHECK(c)            \
    do {                    \
        if (!(c))           \
            FAIL("%s", #c); \
    } while (0)
#define CHECK_RC(call, want)                                   \
    do {                                                       \
        int rc_ = (call);                                      \
        if (rc_ != (want))                                     \
            FAIL("%s: expected %d, saw %d", #call, want, rc_); \
    } while (0)

/* --- What the tested files need of the hypervisor */

struct cpu this_cpu;
mfn_t max_page = FRAMES, window_frame[WIN_SLOTS];
pte_t window_pte[WIN_SLOTS];
pte_t idle_l2[L2_ENTRIES] __aligned(PAGE_SIZE);
pte_t vcpu_area_pte[2 * VCPU_AREA_SIZE / PAGE_SIZE];
uint32_t nx_mask_hi = _PAGE_NX_HI, refused_hi = ~_PAGE_NX_HI & ~0xFFFu;
bool l1tf_vulnerable;
struct domain *dom_io, *dom_xen, *dom0;
const char hypercall[1], trap_unexpected[1], double_fault[1];
const uint32_t trap_entries[TRAP_simd_error + 1], irq_entries[NR_IRQS];

static struct domain ours, foreign, io, xen;
static struct vcpu vcpus[2];
static bool freed[FRAMES];
static unsigned int flushes;
static bool stale_writable[FRAMES]; /* the TLB may know it so */

void *window_refill(unsigned int slot, mfn_t mfn)
{
    FAIL("a window for frame 0x%x", mfn);
    exit_with(1);
    return NULL;
}

void *map_l1_window(mfn_t mfn); /* for mmu_fast.S */
void *map_l1_window(mfn_t mfn)
{
    return map_l1(mfn);
}

void panic(const char *format, ...)
{
    FAIL("panic: %s", format);
    exit_with(1);
    __builtin_unreachable();
}

void free_dom_frame(mfn_t mfn)
{
    CHECK(!freed[mfn]);
    freed[mfn] = true;
}

struct domain *domain_by_id(uint16_t id)
{
    return id == 0 ? &ours : id == 1 ? &foreign : NULL;
}

void release_domain(struct domain *d)
{
    d->holds--;
}

long gate(const void *entry, const uint32_t *arguments);
extern const char hypercall_mmu_update[], hypercall_update_va_mapping[];
extern uint32_t gate_clobbered;
extern const uint32_t extable_begin[], extable_end[];
void signal_restorer(void);

/* --- Privileged instructions, and guest accesses */

/* Length of a ModRM operand with what follows it. */
static uint32_t modrm_length(const uint8_t *p)
{
    uint32_t mod = p[0] >> 6, rm = p[0] & 7, n = 1;

    if (mod == 3)
        return n;
    if (rm == 4) {
        n++;
        if (mod == 0 && (p[1] & 7) == 5)
            n += 4;
    } else if (mod == 0 && rm == 5)
        n += 4;
    return n + (mod == 1 ? 1 : mod == 2 ? 4 : 0);
}

static void flushed(void)
{
    flushes++;
    memset(stale_writable, 0, sizeof(stale_writable));
}

static void on_signal(int signal, void *info, uint32_t *context)
{
    uint32_t *eip = &context[5 + 14];
    const uint8_t *code = (const uint8_t *)*eip;

    for (const uint32_t *e = extable_begin; e < extable_end; e += 2)
        if (*eip == e[0]) {
            *eip = e[1];
            return;
        }
    if (code[0] == 0x36) /* %ss: */
        code++;
    if (signal == 11 && code[0] == 0x0F) {
        uint32_t start = *eip;

        switch (code[1]) {
        case 0x20: /* from CR */
            *eip = (uint32_t)code + 3;
            break;
        case 0x22: /* to CR */
            *eip = (uint32_t)code + 3;
            if ((code[2] >> 3 & 7) == 3)
                flushed();
            break;
        case 0x00: /* LLDT */
        case 0x01: /* INVLPG */
            *eip = (uint32_t)code + 2 + modrm_length(code + 2);
            break;
        case 0x09: /* WBINVD */
            *eip = (uint32_t)code + 2;
            break;
        }
        if (*eip != start)
            return;
    }
    FAIL("signal %d at 0x%x, address 0x%x", signal, *eip, ((uint32_t *)info)[3]);
    exit_with(1);
}

static void set_up_memory(void)
{
    static const struct {
        uint32_t first;
    } classes[] = {{WIN_L1_FIRST}, {WIN_L2_FIRST}, {WIN_L3_FIRST}, {WIN_DATA_FIRST}, {WIN_COPY_FIRST}};
    static uint32_t action[5];
    long fd = syscall6(356, (long)"frames", 0, 0, 0, 0, 0); /* memfd_create */
    bool ok = fd >= 0 && !syscall6(93, fd, FRAMES * PAGE_SIZE, 0, 0, 0, 0);

    for (unsigned int slot = 0; slot < WIN_SLOTS; slot++)
        window_frame[slot] = INVALID_MFN;
    for (unsigned int c = 0; c < ARRAY_SIZE(classes); c++)
        for (mfn_t mfn = 0; mfn < FRAMES; mfn++) {
            uint32_t slot = classes[c].first + mfn, va = WINDOWS_START + slot * PAGE_SIZE;

            ok &= syscall6(192, va, PAGE_SIZE, 3, 0x100001, fd, mfn) == (long)va; /* mmap2, shared, not over others */
            window_frame[slot] = mfn;
        }
    ok &= syscall6(192, FRAME_TABLE, PAGE_SIZE, 3, 0x100022, -1, 0) == (long)FRAME_TABLE;
    ok &= syscall6(192, RDWR_MPT_START, PAGE_SIZE, 3, 0x100022, -1, 0) == (long)RDWR_MPT_START;
    if (!ok) {
        say("@test skip mm: this system does not let a program have the hypervisor's addresses\n");
        exit_with(77);
    }
    action[0] = (uint32_t)on_signal;
    action[1] = 0x04000000 | 4 | 0x40000000; /* SA_RESTORER, SA_SIGINFO, SA_NODEFER */
    action[2] = (uint32_t)signal_restorer;
    for (int signal = 4; signal <= 11; signal += 7) /* SIGILL: the sanitizer; SIGSEGV */
        syscall6(174, signal, (long)action, 0, 8, 0, 0);
}

/* --- The auditor */

/* Only these entries of tables are ever used here (all others are looked at now and then). */
static const uint16_t indexes[] = {0, 1, 2, 3, 64, 427, 428, 511};

enum use { NO_USE, USE_L1, USE_L2, USE_L2_TOP, USE_L3, USE_DESC, USE_WRITABLE, USES };
static uint32_t counts[FRAMES], uses[FRAMES][USES];
static bool shared_writable[FRAMES];

static void refer(mfn_t mfn, enum use use)
{
    if (mfn >= FRAMES) {
        FAIL("a reference to frame 0x%x", mfn);
        return;
    }
    counts[mfn]++;
    if (use)
        uses[mfn][use]++;
}

static bool is_table(const struct page_info *page, uint32_t type)
{
    return page->type_info >= PGT_one && (page->type_info & PGT_type_mask) == type;
}

static pte_t clean(pte_t e)
{
    e.hi &= ~nx_mask_hi;
    return e;
}

static void refer_entry(const struct page_info *page, pte_t e, unsigned int index)
{
    uint32_t type = page->type_info & PGT_type_mask;
    mfn_t mfn = pte_mfn(clean(e));

    if (!(e.lo & _PAGE_PRESENT))
        return;
    if (type == PGT_l1_page_table) {
        if (mfn < FRAMES && mfn_to_page(mfn)->owner != dom_io)
            refer(mfn, e.lo & _PAGE_RW ? USE_WRITABLE : NO_USE);
        if (e.lo & _PAGE_GLOBAL)
            FAIL("a global entry in frame 0x%x", page_to_mfn(page));
        if (mfn < FRAMES && !mfn_to_page(mfn)->owner)
            FAIL("entry %u of frame 0x%x maps the hypervisor's frame 0x%x", index, page_to_mfn(page), mfn);
    } else if (type == PGT_l2_page_table) {
        if (!(page->type_info & PGT_pae_xen_l2 && index >= L2_HYP_FIRST))
            refer(mfn, USE_L1);
    } else
        refer(mfn, index == 3 ? USE_L2_TOP : USE_L2);
}

static void walk(bool all)
{
    for (mfn_t mfn = 0; mfn < FRAMES; mfn++) {
        struct page_info *page = mfn_to_page(mfn);
        pte_t *table = map_frame(mfn);
        unsigned int limit;

        if (!is_table(page, PGT_l1_page_table) && !is_table(page, PGT_l2_page_table) &&
            !is_table(page, PGT_l3_page_table))
            continue;
        limit = is_table(page, PGT_l3_page_table) ? 4 : 512;
        if (!(page->type_info & PGT_validated))
            FAIL("frame 0x%x is left half validated: type 0x%x", mfn, page->type_info);
        if (all)
            for (unsigned int i = 0; i < limit; i++)
                refer_entry(page, table[i], i);
        else
            for (unsigned int i = 0; i < ARRAY_SIZE(indexes) && indexes[i] < limit; i++)
                refer_entry(page, table[indexes[i]], indexes[i]);
    }
}

static void refer_from_vcpus(void)
{
    for (unsigned int i = 0; i < 2; i++) {
        struct vcpu *v = &vcpus[i];
        const pte_t *ldt = &vcpu_area_pte[(v->area + VCPU_AREA_LDT - VCPU_AREAS_START) >> PAGE_SHIFT];
        const pte_t *gdt = &vcpu_area_pte[(v->area + VCPU_AREA_GDT - VCPU_AREAS_START) >> PAGE_SHIFT];

        refer(v->guest_l3, USE_L3);
        for (unsigned int n = 0; n < 14; n++) {
            bool has = v->gdt_frames[n] != INVALID_MFN;

            if (has)
                refer(v->gdt_frames[n], USE_DESC);
            CHECK(has == !!(gdt[n].lo & _PAGE_PRESENT));
            CHECK(!has || pte_mfn(clean(gdt[n])) == v->gdt_frames[n]);
        }
        for (unsigned int n = 0; n < 16; n++) {
            CHECK(!!(ldt[n].lo & _PAGE_PRESENT) == (v->ldt_mapped >> n & 1));
            if (ldt[n].lo & _PAGE_PRESENT)
                refer(pte_mfn(clean(ldt[n])), USE_DESC);
        }
        /* CR3's copy agrees with the table. */
        for (unsigned int n = 0; n < 4; n++) {
            pte_t e = ((pte_t *)map_l3(v->guest_l3))[n], copy = v->l3[n];

            CHECK((e.lo & _PAGE_PRESENT) == (copy.lo & _PAGE_PRESENT));
            CHECK(!(e.lo & _PAGE_PRESENT) || (e.lo & PAGE_MASK) == (copy.lo & PAGE_MASK));
        }
    }
}

static enum use use_of(uint32_t type_info)
{
    switch (type_info & PGT_type_mask) {
    case PGT_l1_page_table:
        return USE_L1;
    case PGT_l2_page_table:
        return type_info & PGT_pae_xen_l2 ? USE_L2_TOP : USE_L2;
    case PGT_l3_page_table:
        return USE_L3;
    case PGT_seg_desc_page:
        return USE_DESC;
    case PGT_writable_page:
        return USE_WRITABLE;
    }
    return NO_USE;
}

static void compare(mfn_t mfn)
{
    struct page_info *page = mfn_to_page(mfn);
    uint32_t type_count = page->type_info >> PGT_count_shift, total = 0;
    enum use use = use_of(page->type_info);

    if (page->owner == dom_io)
        return;
    counts[mfn] += !!(page->count & PGC_allocated);
    if (page->type_info & PGT_pinned)
        refer(mfn, use);
    if (shared_writable[mfn])
        uses[mfn][USE_WRITABLE]++;
    if ((page->count & PGC_count) != counts[mfn])
        FAIL("frame 0x%x: count %u, but there are %u references", mfn, page->count & PGC_count, counts[mfn]);
    for (enum use u = USE_L1; u < USES; u++) {
        total += uses[mfn][u];
        if (uses[mfn][u] && u != use)
            FAIL("frame 0x%x: type 0x%x, but used %u times as %u", mfn, page->type_info, uses[mfn][u], u);
    }
    if (total != type_count)
        FAIL("frame 0x%x: type 0x%x counts %u uses, there are %u", mfn, page->type_info, type_count, total);
    if (!page->count != !page->owner)
        FAIL("frame 0x%x: count %u and owner 0x%x", mfn, page->count, (uint32_t)page->owner);
    if (!type_count && page->type_info & PGT_pinned)
        FAIL("frame 0x%x: pinned, and not in use", mfn);
    if (type_count && use != USE_WRITABLE && stale_writable[mfn])
        FAIL("frame 0x%x: type 0x%x while the TLB may know it as writable", mfn, page->type_info);
}

static void audit(bool all)
{
    unsigned int before = failures;

    if (this_cpu.flush)
        FAIL("a flush is left undone");
    memset(counts, 0, sizeof(counts));
    memset(uses, 0, sizeof(uses));
    for (mfn_t mfn = 0; mfn < FRAMES; mfn++)
        if (mfn_to_page(mfn)->owner == dom_xen)
            counts[mfn]++; /* the hypervisor's own */
    walk(all);
    refer_from_vcpus();
    for (mfn_t mfn = 0; mfn < FRAMES; mfn++)
        compare(mfn);
    if (ours.holds || foreign.holds || xen.holds || io.holds)
        FAIL("a domain is still held");
    if (gate_clobbered)
        FAIL("a register of the guest's was changed");
    if (failures > before + 5)
        exit_with(1);
}

/* The guest runs: all that is mapped writable may get into the TLB. */
static void guest_runs(void)
{
    for (mfn_t mfn = 0; mfn < FRAMES; mfn++)
        if (is_table(mfn_to_page(mfn), PGT_writable_page))
            stale_writable[mfn] = true;
}

/* --- The start */

static uint32_t random_state;

static uint32_t random32(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state >> 8;
}

static uint32_t below(uint32_t n)
{
    return random32() % n;
}

static pte_t entry(mfn_t mfn, uint32_t flags)
{
    return make_pte(mfn, flags);
}

#define TABLE (_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY)
#define RW    (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)
#define RO    (_PAGE_PRESENT | _PAGE_ACCESSED)

static bool preempting, nested;

static void start(bool privileged)
{
    pte_t *l3 = map_frame(L3), *top = map_frame(L2 + 3);

    memset(frame_table, 0, PAGE_SIZE);
    memset(freed, 0, sizeof(freed));
    memset(vcpus, 0, sizeof(vcpus));
    memset(vcpu_area_pte, 0, sizeof(vcpu_area_pte));
    memset(&ours, 0, sizeof(ours));
    memset(stale_writable, 0, sizeof(stale_writable));
    this_cpu = (struct cpu){.vcpu = &vcpus[0], .domain = &ours, .tlb_clock = 5, .va_key = NO_VA_KEY};
    preempting = nested = false;
    ours.is_privileged = privileged;
    ours.vcpu[0] = &vcpus[0];
    ours.vcpu[1] = &vcpus[1];
    foreign.domain_id = 1;
    dom_io = &io;
    dom_xen = &xen;
    dom0 = &ours;
    for (mfn_t mfn = 0; mfn < FRAMES; mfn++) {
        memset(map_frame(mfn), 0, PAGE_SIZE);
        mfn_to_page(mfn)->stamp = 4;
        if (mfn >= OURS)
            assign_page(&ours, mfn);
        else if (mfn >= FOREIGN)
            assign_page(&foreign, mfn);
        else if (mfn < HYPER) {
            mfn_to_page(mfn)->owner = dom_io;
            mfn_to_page(mfn)->count = 1;
        }
    }
    for (mfn_t mfn = SHARED; mfn < FOREIGN; mfn++)
        share_frame_with(dom_xen, mfn, false);
    for (unsigned int i = L2_HYP_FIRST; i < L2_ENTRIES; i++)
        idle_l2[i] = entry(i, RW);
    for (unsigned int i = 0; i < 4; i++)
        l3[i] = entry(L2 + i, _PAGE_PRESENT);
    top[0] = entry(L1, TABLE);
    top[1] = entry(L1 + 1, TABLE);
    for (unsigned int i = 0; i < 2; i++) {
        struct vcpu *v = &vcpus[i];

        v->domain = &ours;
        v->vcpu_id = i;
        v->area = VCPU_AREAS_START + i * VCPU_AREA_SIZE;
        memset(v->gdt_frames, 0xFF, sizeof(v->gdt_frames));
    }
    this_cpu.flush = 0;
    CHECK_RC(adopt_page_tables(&vcpus[0], L3), 0);
    CHECK_RC(get_page_and_type(mfn_to_page(L3), &ours, PGT_l3_page_table), 0);
    vcpus[1].guest_l3 = L3;
    update_cr3(&vcpus[1]);
    if (this_cpu.flush)
        flush_tlb_now();
    gate_clobbered = 0;
}

/* --- Calls */

static bool fast; /* by the entry stubs, where there are any */

static long mmu_update(mmu_update_t *req, uint32_t n, uint32_t *done, uint32_t domid)
{
    uint32_t args[5] = {(uint32_t)req, n, (uint32_t)done, domid, 0x77};

    return fast ? gate(hypercall_mmu_update, args) : do_mmu_update(req, n, done, domid);
}

static long update_va(uint32_t va, pte_t e, uint32_t flags)
{
    uint32_t args[5] = {va, e.lo, e.hi, flags, 0x77};

    return fast ? gate(hypercall_update_va_mapping, args) : do_update_va_mapping(va, e.lo, e.hi, flags);
}

static long mmuext(uint32_t cmd, uint32_t arg1, uint32_t arg2)
{
    mmuext_op_t op = {.cmd = cmd, .arg1.mfn = arg1, .arg2.nr_ents = arg2};

    return do_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

static long set_entry(mfn_t table, unsigned int index, pte_t e)
{
    mmu_update_t req = {((uint64_t)table << PAGE_SHIFT) + index * 8, e.raw};

    return mmu_update(&req, 1, NULL, DOMID_SELF);
}

/* --- Another vCPU in the midst of an operation */

static uint64_t state_hash;
static void random_operation(void);
static bool give_up;

static void run_other(void)
{
    struct vcpu *v = current;

    nested = true;
    if (this_cpu.flush)
        flush_tlb_now();
    this_cpu.vcpu = v == &vcpus[0] ? &vcpus[1] : &vcpus[0];
    this_cpu.va_key = NO_VA_KEY;
    flushed(); /* a switch loads CR3 */
    this_cpu.tlb_clock++;
    guest_runs();
    random_operation();
    guest_runs();
    this_cpu.vcpu = v;
    this_cpu.va_key = NO_VA_KEY;
    flushed();
    this_cpu.tlb_clock++;
    nested = false;
}

bool preempt_point(void)
{
    if (!preempting || nested)
        return false;
    if (!below(3))
        run_other();
    return give_up && !below(20);
}

bool yield_point(void)
{
    if (!nested)
        FAIL("waits for nobody");
    return true; /* the other one cannot go on before this one ends */
}

/* --- Random operations */

static void fold(uint32_t word)
{
    state_hash = (state_hash ^ word) * 0x100000001B3ull;
}

static mfn_t some_frame(void)
{
    uint32_t r = below(40);

    if (r == 0)
        return below(OURS);
    if (r == 1)
        return FRAMES + below(4);
    return OURS + below(below(2) ? 12 : FRAMES - OURS);
}

static uint32_t some_flags(void)
{
    static const uint32_t flags[] = {RW,
                                     RO,
                                     RW,
                                     RO,
                                     TABLE,
                                     TABLE,
                                     _PAGE_PRESENT,
                                     _PAGE_PRESENT,
                                     0,
                                     0,
                                     0,
                                     RW | _PAGE_GLOBAL,
                                     RW | _PAGE_PCD,
                                     RW | _PAGE_PSE,
                                     RO | 0x200,
                                     RW | 0xE00,
                                     RW | _PAGE_USER};

    return flags[below(ARRAY_SIZE(flags))];
}

static pte_t some_entry(void)
{
    uint32_t flags = some_flags();
    pte_t e = {.raw = 0};

    if (flags || !below(3))
        e = entry(some_frame(), flags);
    if (!below(20))
        e.hi |= _PAGE_NX_HI;
    if (!below(60))
        e.hi |= 1u << (12 + below(19));
    return e;
}

static unsigned int some_index(void)
{
    return indexes[below(ARRAY_SIZE(indexes))];
}

static mmu_update_t batch[80];
static uint64_t before_batch[80];

static uint64_t *entry_at(uint64_t ptr)
{
    return ptr >> PAGE_SHIFT < FRAMES ? (uint64_t *)((char *)map_frame(ptr >> PAGE_SHIFT) + (ptr & 0xFF8)) : NULL;
}

/* What stands before the failure is done, the failing one and what stands behind it is not. */
static void check_batch(uint32_t n, uint32_t done, long rc)
{
    CHECK(done <= n);
    CHECK(rc || done == n);
    CHECK(!rc || done < n);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t *slot = entry_at(batch[i].ptr);
        bool last = true;

        if (!slot || (batch[i].ptr & 7) == MMU_MACHPHYS_UPDATE)
            continue;
        for (uint32_t j = i + 1; j < done; j++)
            last &= batch[j].ptr >> 3 != batch[i].ptr >> 3;
        if (i < done && last && (*slot ^ batch[i].val) & ~(uint64_t)(_PAGE_ACCESSED | _PAGE_DIRTY))
            FAIL("request %u of %u (%u done): 0x%x%x became 0x%x", i, n, done, (uint32_t)(batch[i].val >> 32),
                 (uint32_t)batch[i].val, (uint32_t)*slot);
        if (i >= done) {
            bool touched = false;

            for (uint32_t j = 0; j < done; j++)
                touched |= batch[j].ptr >> 3 == batch[i].ptr >> 3;
            if (!touched && *slot != before_batch[i])
                FAIL("request %u of %u (%u done) was carried out", i, n, done);
        }
    }
}

static uint32_t stats[6]; /* tries and successes, to see that the random sequences get anywhere */

static void random_batch(void)
{
    uint32_t n = below(4) ? 1 + below(3) : below(ARRAY_SIZE(batch)), done = 99;
    mfn_t table = some_frame();
    static mmu_update_t other[8];
    mmu_update_t *req = nested ? other : batch;
    uint32_t domid = DOMID_SELF;
    long rc;

    if (nested && n > 8)
        n = 8;
    for (uint32_t i = 0; i < n; i++) {
        if (!below(4))
            table = some_frame();
        req[i].ptr = ((uint64_t)table << PAGE_SHIFT) + some_index() * 8;
        if (!below(8))
            req[i].ptr |= below(below(3) ? 3 : 8);
        if ((req[i].ptr & 7) == MMU_MACHPHYS_UPDATE)
            req[i].ptr &= ~0xFF8ull;
        req[i].val = some_entry().raw;
        if (!nested)
            before_batch[i] = entry_at(req[i].ptr) ? *entry_at(req[i].ptr) : 0;
    }
    if (!below(20))
        domid = below(2) ? DOMID_IO : below(2) ? 1 : DOMID_XEN;
    rc = mmu_update(req, n, &done, domid);
    stats[4] += n;
    stats[5] += done;
    fold(rc);
    fold(done);
    if (!preempting && domid == DOMID_SELF)
        check_batch(n, done, rc);
}

/* The guest stores what it likes to where it may. */
static void random_store(void)
{
    mfn_t mfn = some_frame();
    struct page_info *page;

    if (mfn >= FRAMES)
        return;
    page = mfn_to_page(mfn);
    if (page->owner != &ours || (page->type_info >= PGT_one && !is_table(page, PGT_writable_page)))
        return;
    for (unsigned int i = 1 + below(4); i; i--)
        ((pte_t *)map_frame(mfn))[some_index()] = some_entry();
}

static bool unused(mfn_t mfn)
{
    return mfn_to_page(mfn)->owner == &ours && mfn_to_page(mfn)->type_info < PGT_one;
}

static mfn_t unused_frame(void)
{
    mfn_t mfn = OURS;

    for (unsigned int tries = 0; tries < 50; tries++) {
        mfn = OURS + below(FRAMES - OURS);
        if (unused(mfn))
            break;
    }
    return mfn;
}

/* A whole new address space, right in most cases, then pinned or used. */
static void build_space(void)
{
    mfn_t l3 = unused_frame(), top = unused_frame(), l1 = unused_frame();
    pte_t *tables = map_frame(l3);
    bool pin;
    long rc;

    if (!unused(l3) || !unused(top) || !unused(l1))
        return;
    memset(map_frame(l3), 0, PAGE_SIZE);
    memset(map_frame(top), 0, PAGE_SIZE);
    memset(map_frame(l1), 0, PAGE_SIZE);
    tables[0] = entry(below(8) ? L2 : some_frame(), _PAGE_PRESENT);
    tables[1] = entry(below(8) ? L2 + 1 : some_frame(), below(9) ? _PAGE_PRESENT : RW);
    tables[3] = entry(top, _PAGE_PRESENT);
    tables = map_frame(top);
    tables[0] = entry(l1, TABLE);
    if (!below(4))
        tables[some_index()] = some_entry();
    tables = map_frame(l1);
    for (unsigned int i = below(5); i; i--)
        tables[some_index()] = below(4) ? entry(some_frame(), below(2) ? RO : RW) : some_entry();
    pin = below(2);
    rc = mmuext(pin ? MMUEXT_PIN_L3_TABLE : MMUEXT_NEW_BASEPTR, l3, 0);
    stats[pin ? 0 : 2]++;
    stats[pin ? 1 : 3] += !rc;
    fold(rc);
}

static void random_mmuext(void)
{
    static const uint32_t commands[] = {MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L1_TABLE,    MMUEXT_PIN_L2_TABLE,
                                        MMUEXT_PIN_L3_TABLE, MMUEXT_UNPIN_TABLE,     MMUEXT_UNPIN_TABLE,
                                        MMUEXT_UNPIN_TABLE,  MMUEXT_NEW_BASEPTR,     MMUEXT_CLEAR_PAGE,
                                        MMUEXT_COPY_PAGE,    MMUEXT_TLB_FLUSH_LOCAL, MMUEXT_INVLPG_LOCAL};

    fold(mmuext(commands[below(ARRAY_SIZE(commands))], some_frame(), some_frame()));
}

static void random_va(void)
{
    uint32_t va = 0xC0000000 + (below(3) << L2_SHIFT) + (some_index() << PAGE_SHIFT);
    static const uint32_t flags[] = {UVMF_NONE, UVMF_INVLPG, UVMF_TLB_FLUSH, UVMF_INVLPG | UVMF_ALL};
    pte_t e = some_entry();

    if (!below(10))
        va = (random32() << 8 & ~(511u << PAGE_SHIFT)) + (some_index() << PAGE_SHIFT);
    if (below(10))
        fold(update_va(va, e, flags[below(4)]));
    else
        fold(do_update_va_mapping_otherdomain(va, e.lo, e.hi, 0, below(2) ? 1 : DOMID_IO));
}

static void random_descriptors(void)
{
    uint32_t frames[3] = {some_frame(), some_frame(), some_frame()}, r = below(6);
    mfn_t mfn;

    switch (r) {
    case 0:
        fold(do_set_gdt(frames, below(3 * 512)));
        break;
    case 1:
        fold(do_set_gdt(NULL, 0));
        break;
    case 2: /* often at an address that is mapped */
        fold(mmuext(MMUEXT_SET_LDT, 0xC0000000 + (below(2) << L2_SHIFT) + (below(4) << PAGE_SHIFT), below(4) * 512));
        break;
    case 3:
        fold(handle_ldt_fault(below(4) << PAGE_SHIFT));
        break;
    default:
        mfn = some_frame();
        fold(do_update_descriptor(mfn << PAGE_SHIFT | some_index() * 8, 0, below(2) ? 0x0000FFFF : random32(),
                                  below(2) ? 0x00CFB300 : random32() << 8));
    }
}

/* A frame leaves the domain, or a free one comes to it, as memory_op does it. */
static void random_ownership(void)
{
    mfn_t mfn = FREE + below(FRAMES - FREE);
    struct page_info *page = mfn_to_page(mfn);

    if (page->owner == &ours && page->count & PGC_allocated && !below(4)) {
        page->count &= ~PGC_allocated;
        put_page(page);
    } else if (!page->owner && freed[mfn]) {
        freed[mfn] = false;
        memset(map_frame(mfn), 0, PAGE_SIZE);
        assign_page(&ours, mfn);
    }
    if (this_cpu.flush)
        flush_tlb_now();
}

static void random_operation(void)
{
    switch (below(16)) {
    case 0:
    case 1:
        random_store();
        break;
    case 2:
        build_space();
        break;
    case 3:
    case 4:
    case 5:
        random_mmuext();
        break;
    case 6:
    case 7:
    case 8:
        random_va();
        break;
    case 9:
        random_descriptors();
        break;
    case 10:
        random_ownership();
        break;
    default:
        random_batch();
    }
}

/* Everything that is left of a run goes away in the end: then nothing but the start may remain. */
static void tear_down(void)
{
    preempting = give_up = false;
    for (unsigned int i = 0; i < 2; i++) {
        this_cpu.vcpu = &vcpus[i];
        do_set_gdt(NULL, 0);
        mmuext(MMUEXT_SET_LDT, 0, 0);
        mmuext(MMUEXT_NEW_BASEPTR, L3, 0);
    }
    this_cpu.vcpu = &vcpus[0];
    for (mfn_t mfn = OURS; mfn < FRAMES; mfn++)
        mmuext(MMUEXT_UNPIN_TABLE, mfn, 0);
    audit(true);
}

static uint64_t random_run(const char *name, uint32_t seed, uint32_t steps, bool privileged, bool by_stubs, bool others,
                           bool dying)
{
    test_name = name;
    random_state = seed;
    state_hash = 0xCBF29CE484222325ull;
    start(privileged);
    fast = by_stubs;
    preempting = others || dying;
    give_up = dying;
    for (step = 0; step < steps && failures < 20; step++) {
        if (!below(8))
            this_cpu.vcpu = this_cpu.vcpu == &vcpus[0] ? &vcpus[1] : &vcpus[0], this_cpu.va_key = NO_VA_KEY, flushed(),
            this_cpu.tlb_clock++;
        random_operation();
        audit(step % 500 == 0);
        guest_runs();
        for (mfn_t mfn = 0; mfn < FRAMES; mfn++) {
            fold(mfn_to_page(mfn)->count);
            fold(mfn_to_page(mfn)->type_info);
        }
    }
    tear_down();
    return state_hash;
}

/* --- Chosen cases */

static struct page_info *page_of(mfn_t mfn)
{
    return mfn_to_page(mfn);
}

#define FREE_A (FREE + 0)
#define FREE_B (FREE + 1)
#define FREE_C (FREE + 2)

static void failing_l1_takes_nothing(void)
{
    pte_t *table = map_frame(FREE_A);

    for (unsigned int bad = 0; bad < 512; bad += 73) {
        for (unsigned int i = 0; i < 512; i++)
            table[i] = entry(FREE_B + i % 3, i & 1 ? RW : RO);
        table[bad] = entry(FREE_B, RW | _PAGE_GLOBAL);
        CHECK(mmuext(MMUEXT_PIN_L1_TABLE, FREE_A, 0) < 0);
        CHECK(page_of(FREE_B)->count == (PGC_allocated | 1));
        CHECK(page_of(FREE_B)->type_info < PGT_one);
        audit(true);
    }
}

static void failing_l2_takes_nothing(void)
{
    pte_t *l2 = map_frame(FREE_A), *l1 = map_frame(FREE_B);

    l1[5] = entry(FREE_C, RW);
    for (unsigned int i = 0; i < 500; i++)
        l2[i] = entry(FREE_B, TABLE);
    l2[500] = entry(FREE_C, TABLE); /* written to by FREE_B */
    CHECK(mmuext(MMUEXT_PIN_L2_TABLE, FREE_A, 0) < 0);
    CHECK(page_of(FREE_B)->type_info < PGT_one);
    CHECK(page_of(FREE_C)->type_info < PGT_one);
    audit(true);
    l2[500].raw = 0;
    CHECK_RC(mmuext(MMUEXT_PIN_L2_TABLE, FREE_A, 0), 0);
    CHECK(page_of(FREE_B)->type_info >> PGT_count_shift == 500);
    CHECK(page_of(FREE_C)->type_info >> PGT_count_shift == 1);
    audit(true);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, FREE_A, 0), 0);
    audit(true);
}

static void l3_rules(void)
{
    static const struct {
        mfn_t slot0, slot3;
        uint32_t flags;
        bool good;
    } tries[] = {{L2, FREE_B, 1, true},       {L2, 0, 0, false},          {L2, L2 + 3, 1, false},
                 {FREE_B, FREE_B, 1, false},  {FREE_A, FREE_B, 1, false}, {L2, FREE_A, 1, false},
                 {L2, L2, 1, false},          {L2, FREE_B, 5, false},     {L2, FREE_B, 0x11, false},
                 {L2, FREE_B, 0x81, false},   {L2, FREE_B, 0x63, true},   {L1, FREE_B, 1, false},
                 {FOREIGN, FREE_B, 1, false}, {HYPER, FREE_B, 1, false},  {MMIO, FREE_B, 1, false},
                 {FRAMES, FREE_B, 1, false},  {L2 + 3, FREE_B, 1, false}};
    pte_t *l3 = map_frame(FREE_A);

    for (step = 0; step < ARRAY_SIZE(tries); step++) {
        memset(map_frame(FREE_A), 0, PAGE_SIZE);
        memset(map_frame(FREE_B), 0, PAGE_SIZE);
        l3[0] = entry(tries[step].slot0, tries[step].flags);
        l3[3] = entry(tries[step].slot3, tries[step].flags & 1);
        CHECK((mmuext(MMUEXT_PIN_L3_TABLE, FREE_A, 0) == 0) == tries[step].good);
        audit(true);
        CHECK((mmuext(MMUEXT_UNPIN_TABLE, FREE_A, 0) == 0) == tries[step].good);
        audit(true);
    }
    step = 0;
}

static void flush_before_new_type(void)
{
    unsigned int before;

    CHECK_RC(set_entry(L1, 1, entry(FREE_A, RW)), 0);
    guest_runs();
    CHECK_RC(set_entry(L1, 1, entry(FREE_A, RO)), 0);
    before = flushes;
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, FREE_A, 0), 0);
    CHECK(flushes == before + 1);
    audit(true);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, FREE_A, 0), 0);
    /* Long ago: a flush has been since. */
    CHECK_RC(set_entry(L1, 1, entry(FREE_A, RW)), 0);
    guest_runs();
    CHECK_RC(set_entry(L1, 1, entry(FREE_A, RO)), 0);
    CHECK_RC(mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
    before = flushes;
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, FREE_A, 0), 0);
    CHECK(flushes == before);
    audit(true);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, FREE_A, 0), 0);
    CHECK_RC(set_entry(L1, 1, entry(0, 0)), 0);
}

static void one_flush_a_batch(void)
{
    unsigned int before;
    uint32_t done;

    for (unsigned int i = 0; i < 20; i++) {
        CHECK_RC(set_entry(L1, i, entry(FREE + i, RW)), 0);
        batch[i] = (mmu_update_t){((uint64_t)L1 << PAGE_SHIFT) + i * 8, entry(FREE + i, RO).raw};
        batch[20 + i] = (mmu_update_t){((uint64_t)L2 << PAGE_SHIFT) + i * 8, entry(FREE + i, TABLE).raw};
    }
    guest_runs();
    before = flushes;
    CHECK_RC(mmu_update(batch, 40, &done, DOMID_SELF), 0);
    CHECK(done == 40);
    CHECK(flushes == before + 1); /* twenty pages became tables */
    audit(true);
    for (unsigned int i = 0; i < 20; i++) {
        batch[i].val = entry(FREE + i, RO | 0x200).raw;
        batch[20 + i].val |= 0x200;
    }
    before = flushes;
    CHECK_RC(mmu_update(batch, 40, &done, DOMID_SELF), 0);
    CHECK(flushes == before); /* harmless bits */
    audit(true);
    for (unsigned int i = 0; i < 20; i++)
        batch[i].val = batch[20 + i].val = 0;
    CHECK_RC(mmu_update(batch, 40, &done, DOMID_SELF), 0);
    audit(true);
}

static void last_mapping_frees(void)
{
    CHECK_RC(set_entry(L1, 3, entry(FREE_A, RW)), 0);
    page_of(FREE_A)->count &= ~PGC_allocated;
    put_page(page_of(FREE_A));
    CHECK(!freed[FREE_A]);
    CHECK(page_of(FREE_A)->owner == &ours);
    CHECK_RC(set_entry(L1, 4, entry(FREE_A, RO)), 0);
    CHECK_RC(set_entry(L1, 3, entry(0, 0)), 0);
    CHECK(!freed[FREE_A]);
    CHECK_RC(set_entry(L1, 4, entry(0, 0)), 0);
    CHECK(freed[FREE_A]);
    CHECK(!page_of(FREE_A)->owner);
    CHECK(mpt_rw[FREE_A] == INVALID_M2P_ENTRY);
    CHECK(set_entry(L1, 3, entry(FREE_A, RO)) < 0);
    audit(true);
}

static void guest_pointers(void)
{
    mmu_update_t req = {(uint64_t)L1 << PAGE_SHIFT, entry(FREE_A, RO).raw};
    uint32_t done = 99;

    CHECK_RC(mmu_update((mmu_update_t *)8, 1, &done, DOMID_SELF), -EFAULT);
    CHECK_RC(mmu_update((mmu_update_t *)8, 3, &done, DOMID_SELF), -EFAULT);
    CHECK_RC(mmu_update((mmu_update_t *)(HYP_START - 8), 1, NULL, DOMID_SELF), -EFAULT);
    CHECK_RC(mmu_update((mmu_update_t *)RDWR_MPT_START, 1, NULL, DOMID_SELF), -EFAULT);
    CHECK_RC(mmu_update((mmu_update_t *)RDWR_MPT_START, 2, NULL, DOMID_SELF), -EFAULT);
    CHECK_RC(mmu_update(&req, 0x10000001, NULL, DOMID_SELF), -EFAULT);
    CHECK_RC(mmu_update(&req, 0x0FFFFFFF, NULL, DOMID_SELF), -EFAULT);
    CHECK_RC(mmu_update(&req, 0x7FFFFFFF, NULL, DOMID_SELF), -EFAULT);
    CHECK(((pte_t *)map_frame(L1))[0].raw == 0);
    CHECK_RC(mmu_update(&req, 1, (uint32_t *)8, DOMID_SELF), 0);
    CHECK_RC(mmu_update(&req, 1, (uint32_t *)RDWR_MPT_START, DOMID_SELF), 0);
    CHECK(((pte_t *)map_frame(L1))[0].raw == req.val);
    audit(true);
}

static void type_count_overflow(void)
{
    struct page_info *page = page_of(FREE_A);

    CHECK_RC(set_entry(L1, 1, entry(FREE_A, RW)), 0);
    page->type_info |= ~PGT_flags;
    CHECK_RC(set_entry(L1, 2, entry(FREE_A, RW)), -EBUSY);
    CHECK(page->type_info >> PGT_count_shift == 0xFFFFFF);
    batch[0] = (mmu_update_t){((uint64_t)L1 << PAGE_SHIFT) + 16, entry(FREE_A, RW).raw};
    batch[1] = batch[0];
    CHECK_RC(mmu_update(batch, 2, NULL, DOMID_SELF), -EBUSY);
    CHECK(page->type_info >> PGT_count_shift == 0xFFFFFF);
    page->type_info = PGT_writable | PGT_one;
    audit(true);
}

static void descriptors_once_a_table(void)
{
    uint32_t frames[3] = {FREE_A, FREE_B, FREE_A};
    uint32_t *words = map_frame(FREE_A);

    CHECK_RC(do_set_gdt(frames, 3 * 512), 0);
    audit(true);
    CHECK_RC(set_entry(L1, 0, entry(FREE_A, RW)), -EBUSY);
    CHECK_RC(do_update_descriptor(FREE_A << PAGE_SHIFT | 8, 0, 0x0000FFFF, 0x00CF9300), 0); /* DPL 0 */
    CHECK(words[3] >> 13 & 3);
    CHECK((words[2] & 0xFFFF) == 0x67FF); /* and cut */
    CHECK_RC(do_set_gdt(NULL, 0), 0);
    audit(true);
    words[5] = 0x00008900; /* a TSS */
    CHECK_RC(do_set_gdt(frames, 512), -EINVAL);
    frames[0] = FREE_B;
    frames[1] = MMIO;
    CHECK_RC(do_set_gdt(frames, 1024), -EINVAL);
    audit(true);
}

static void ldt_pages(void)
{
    CHECK_RC(set_entry(L1, 2, entry(FREE_A, RO)), 0);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, 0xC0002000, 1024), 0);
    CHECK(handle_ldt_fault(8));
    CHECK(!handle_ldt_fault(PAGE_SIZE));     /* nothing mapped there */
    CHECK(!handle_ldt_fault(2 * PAGE_SIZE)); /* beyond it */
    audit(true);
    CHECK_RC(set_entry(L1, 5, entry(FREE_A, RW)), -EBUSY);
    /* The mapping goes, and with it the LDT's page. */
    CHECK_RC(set_entry(L1, 2, entry(0, 0)), 0);
    CHECK(!current->ldt_mapped);
    audit(true);
    CHECK_RC(set_entry(L1, 5, entry(FREE_A, RW)), 0);
    audit(true);
}

static void no_frame_in_absent_entries(void)
{
    mfn_t levels[] = {FREE_A, L1, L2, L3};
    uint32_t pins[] = {MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE};
    pte_t absent = entry(FREE_B, 0), nowhere = entry(0x3FFFFF, 0);

    ours.is_privileged = false;
    for (unsigned int vulnerable = 0; vulnerable < 2; vulnerable++) {
        l1tf_vulnerable = vulnerable;
        for (unsigned int i = 1; i < 4; i++) { /* by an update, in a table of each level */
            pte_t was = ((pte_t *)map_frame(levels[i]))[2];

            CHECK((set_entry(levels[i], 2, absent) < 0) == vulnerable);
            CHECK_RC(set_entry(levels[i], 2, nowhere), 0);
            CHECK_RC(set_entry(levels[i], 2, was), 0);
            audit(true);
        }
        CHECK((update_va(0xC0002000, absent, 0) < 0) == vulnerable);
        CHECK_RC(update_va(0xC0002000, (pte_t){.raw = 0}, 0), 0);
        for (unsigned int i = 0; i < 3; i++) { /* with a page that becomes a table */
            pte_t *table = map_frame(FREE_A);

            memset(table, 0, PAGE_SIZE);
            memset(map_frame(FREE_C), 0, PAGE_SIZE);
            if (i == 2)
                table[3] = entry(FREE_C, _PAGE_PRESENT);
            table[2] = nowhere;
            CHECK_RC(mmuext(pins[i], FREE_A, 0), 0);
            CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, FREE_A, 0), 0);
            table[2] = absent;
            CHECK((mmuext(pins[i], FREE_A, 0) < 0) == vulnerable);
            if (!vulnerable)
                CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, FREE_A, 0), 0);
            audit(true);
        }
    }
    ours.is_privileged = true; /* exempt */
    CHECK_RC(set_entry(L1, 2, absent), 0);
    CHECK_RC(set_entry(L1, 2, (pte_t){.raw = 0}), 0);
    l1tf_vulnerable = false;
}

/* The only test to run, or NULL: all. */
static const char *wanted;

static bool is_wanted(const char *name)
{
    const char *w = wanted;

    if (!w)
        return true;
    while (*w && *w == *name)
        w++, name++;
    return *w == *name;
}

static void chosen(const char *name, void (*fn)(void))
{
    if (!is_wanted(name))
        return;
    for (unsigned int i = 0; i < 2; i++) {
        unsigned int before = failures;

        fast = i;
        test_name = name;
        step = 0;
        start(true);
        audit(true);
        fn();
        tear_down();
        if (failures == before) {
            say("@test pass %s (%s)\n", name, fast ? "assembly" : "C");
            passes++;
        }
    }
}

static void random_pair(const char *name, uint32_t seed, uint32_t steps, bool privileged, bool others, bool dying)
{
    unsigned int before = failures;
    uint64_t in_c, in_assembly;

    if (!is_wanted(name))
        return;
    in_c = random_run(name, seed, steps, privileged, false, others, dying);
    in_assembly = random_run(name, seed, steps, privileged, true, others, dying);

    step = 0;
    if (in_c != in_assembly && !others && !dying)
        FAIL("C and assembly differ");
    if (failures == before) {
        say("@test pass %s\n", name);
        passes++;
    }
}

/* words: argc and argv. With a number, only the random runs, from that seed on: to look for more by hand. With a name,
 * only the test of that name. */
int test_main(const uint32_t *words);
int test_main(const uint32_t *words)
{
    uint32_t seed = 0;

    if (words[0] > 1 && *(const char *)words[2] >= 'a')
        wanted = (const char *)words[2];
    else if (words[0] > 1)
        for (const char *p = (const char *)words[2]; *p; p++)
            seed = seed * 10 + *p - '0';
    set_up_memory();
    if (!seed) {
        chosen("failing_l1_takes_nothing", failing_l1_takes_nothing);
        chosen("failing_l2_takes_nothing", failing_l2_takes_nothing);
        chosen("l3_rules", l3_rules);
        chosen("flush_before_new_type", flush_before_new_type);
        chosen("one_flush_a_batch", one_flush_a_batch);
        chosen("last_mapping_frees", last_mapping_frees);
        chosen("guest_pointers", guest_pointers);
        chosen("type_count_overflow", type_count_overflow);
        chosen("descriptors_once_a_table", descriptors_once_a_table);
        chosen("ldt_pages", ldt_pages);
        chosen("no_frame_in_absent_entries", no_frame_in_absent_entries);
    }
    random_pair("random_privileged", seed + 1, 30000, true, false, false);
    random_pair("random_unprivileged", seed + 2, 30000, false, false, false);
    random_pair("random_with_another_vcpu", seed + 3, 20000, true, true, false);
    random_pair("random_given_up", seed + 4, 20000, true, true, true);
    if (seed)
        say("pins of L3: %u of %u, new base: %u of %u, entries done: %u of %u\n", stats[1], stats[0], stats[3],
            stats[2], stats[5], stats[4]);
    return failures != 0;
}
