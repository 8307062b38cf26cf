/* SPDX-License-Identifier: MIT */
/* What the hypervisor's memory files need in order to run on the host, and the auditor: mm_world.h. */
#include "mm_world.h"

/* --- What the tested files need of the hypervisor */

struct cpu this_cpu;
mfn_t max_page = FRAMES;
pte_t window_pte[WIN_SLOTS];
pte_t idle_l2[L2_ENTRIES] __aligned(PAGE_SIZE);
pte_t vcpu_area_pte[VCPU_AREA_PTES];
uint32_t nx_mask_hi = _PAGE_NX_HI, refused_hi = ~_PAGE_NX_HI & ~0xFFFu;
bool l1tf_vulnerable, opt_pv_linear_pt = true;
struct domain *dom0;
const char hypercall[1], int80_masked[1], trap_unexpected[1], double_fault[1];
const uint32_t trap_entries[TRAP_simd_error + 1], irq_entries[NR_IRQ_VECTORS];

struct domain ours, foreign;
struct vcpu vcpus[VCPUS];
bool freed[FRAMES];
unsigned int flushes;
static struct domain io, xen;
struct domain *dom_io = &io, *dom_xen = &xen;
static bool stale_writable[FRAMES]; /* the TLB may hold it as writable */

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

struct domain *domain_by_number(uint16_t id)
{
    return id == 0 ? &ours : id == 1 ? &foreign : NULL;
}

struct domain *domain_by_id(uint16_t id)
{
    return domain_by_number(id);
}

void release_domain(struct domain *d)
{
    d->holds--;
}

/* --- Each refusal is told, once */

unsigned int told;

int refuse_entry(enum refusal rule, int error, mfn_t frame, uint64_t value, mfn_t table, uint32_t index)
{
    told++;
    CHECK(table == INVALID_MFN || (table < FRAMES && index < L1_ENTRIES));
    return error;
}

int refuse(enum refusal rule, int error, mfn_t frame, uint64_t value)
{
    return refuse_entry(rule, error, frame, value, INVALID_MFN, 0);
}

int refuse_pointer(const void *p)
{
    return refuse(REFUSED_pointer, -EFAULT, INVALID_MFN, (uint32_t)p);
}

/* If others run in between, what they are refused is counted, too. */
long answered(long rc)
{
    bool refused = rc && rc != -ERESTART;

    CHECK(preempting || told == refused);
    told = 0;
    return rc;
}

extern const uint32_t extable_begin[], extable_end[];

/* --- Privileged instructions, and guest accesses */

/* The length of a ModRM operand with everything that belongs to it. */
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

void flushed(void)
{
    flushes++;
    memset(stale_writable, 0, sizeof(stale_writable));
}

/* Steps over an instruction that only ring 0 may execute. False: it is not one. */
static bool skip_privileged(uint32_t *eip)
{
    const uint8_t *code = (const uint8_t *)*eip;

    if (code[0] == 0x36) /* %ss: */
        code++;
    if (code[0] != 0x0F)
        return false;
    switch (code[1]) {
    case 0x22: /* to CR */
        if ((code[2] >> 3 & 7) == 3)
            flushed();
        /* fall through */
    case 0x20: /* from CR */
        *eip = (uint32_t)code + 3;
        return true;
    case 0x00: /* LLDT */
    case 0x01: /* INVLPG */
        *eip = (uint32_t)code + 2 + modrm_length(code + 2);
        return true;
    case 0x09: /* WBINVD */
        *eip = (uint32_t)code + 2;
        return true;
    default:
        return false;
    }
}

bool world_fault(int signal, uint32_t *eip)
{
    for (const uint32_t *e = extable_begin; e < extable_end; e += 2)
        if (*eip == e[0]) {
            *eip = e[1];
            return true;
        }
    return signal == 11 && skip_privileged(eip);
}

/* --- The auditor */

enum use { NO_USE, USE_L1, USE_L2, USE_L2_TOP, USE_L3, USE_DESC, USE_WRITABLE, USES };
static uint32_t counts[FRAMES], uses[FRAMES][USES];
static struct {
    uint16_t own, others, uses;
} linear[FRAMES]; /* of each L2: its entries that name itself, those that name others, and others' that name it */

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

bool is_table(const struct page_info *page, uint32_t type)
{
    return page->type_info >= PGT_one && (page->type_info & PGT_type_mask) == type;
}

static pte_t clean(pte_t e)
{
    e.hi &= ~nx_mask_hi;
    return e;
}

static void refer_linear(mfn_t table, mfn_t mfn, pte_t e)
{
    if (e.lo & (_PAGE_RW | _PAGE_PCD | _PAGE_PWT | _PAGE_PSE | _PAGE_GLOBAL) ||
        mfn_to_page(mfn)->type_info & PGT_pae_xen_l2)
        FAIL("a linear entry 0x%x of frame 0x%x", e.lo, table);
    if (mfn == table) {
        linear[table].own++;
        return;
    }
    linear[table].others++;
    linear[mfn].uses++;
    refer(mfn, USE_L2);
}

static void compare_linear(mfn_t mfn)
{
    const struct page_info *page = mfn_to_page(mfn);

    if (!is_table(page, PGT_l2_page_table))
        return;
    if (linear[mfn].others && linear[mfn].uses)
        FAIL("frame 0x%x is in the middle of a chain", mfn);
    if (page->linear_pt_count != linear[mfn].others - linear[mfn].uses || page->linear_self != linear[mfn].own)
        FAIL("frame 0x%x: linear 0x%x, but there are %u of its own, %u for others, %u uses", mfn, page->linear,
             linear[mfn].own, linear[mfn].others, linear[mfn].uses);
}

static void refer_entry(const struct page_info *page, pte_t e, unsigned int index)
{
    uint32_t type = page->type_info & PGT_type_mask;
    mfn_t mfn = pte_mfn(clean(e));

    if (!(e.lo & _PAGE_PRESENT)) {
        if (l1tf_vulnerable && !page->owner->is_privileged && clean(e).hi >> 12 == 0 && mfn && mfn < FRAMES)
            FAIL("absent entry %u of frame 0x%x names frame 0x%x", index, page_to_mfn(page), mfn);
        return;
    }
    if (type == PGT_l1_page_table) {
        if (mfn < FRAMES && mfn_to_page(mfn)->owner != dom_io)
            refer(mfn, e.lo & _PAGE_RW ? USE_WRITABLE : NO_USE);
        if (e.lo & _PAGE_GLOBAL)
            FAIL("a global entry in frame 0x%x", page_to_mfn(page));
        if (mfn < FRAMES && !mfn_to_page(mfn)->owner)
            FAIL("entry %u of frame 0x%x maps the hypervisor's frame 0x%x", index, page_to_mfn(page), mfn);
    } else if (type == PGT_l2_page_table) {
        if (page->type_info & PGT_pae_xen_l2 && index >= L2_HYP_FIRST)
            return;
        if (mfn < FRAMES && is_table(mfn_to_page(mfn), PGT_l2_page_table))
            refer_linear(page_to_mfn(page), mfn, e);
        else
            refer(mfn, USE_L1);
    } else
        refer(mfn, index == 3 ? USE_L2_TOP : USE_L2);
}

static void walk(bool all)
{
    for (mfn_t mfn = 0; mfn < FRAMES; mfn++) {
        struct page_info *page = mfn_to_page(mfn);
        unsigned int limit;
        pte_t *table;

        if (!is_table(page, PGT_l1_page_table) && !is_table(page, PGT_l2_page_table) &&
            !is_table(page, PGT_l3_page_table))
            continue;
        limit = is_table(page, PGT_l3_page_table) ? 4 : 512;
        table = map_frame(mfn);
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
    for (unsigned int i = 0; i < VCPUS; i++) {
        struct vcpu *v = &vcpus[i];
        const pte_t *ldt = &vcpu_area_pte[(v->arch.area + VCPU_AREA_LDT - VCPU_AREAS_START) >> PAGE_SHIFT];
        const pte_t *gdt = &vcpu_area_pte[(v->arch.area + VCPU_AREA_GDT - VCPU_AREAS_START) >> PAGE_SHIFT];

        refer(v->arch.guest_l3, USE_L3);
        for (unsigned int n = 0; n < 14; n++) {
            bool has = v->arch.gdt_frames[n] != INVALID_MFN;

            if (has)
                refer(v->arch.gdt_frames[n], USE_DESC);
            CHECK(has == !!(gdt[n].lo & _PAGE_PRESENT));
            CHECK(!has || pte_mfn(clean(gdt[n])) == v->arch.gdt_frames[n]);
        }
        for (unsigned int n = 0; n < 16; n++) {
            CHECK(!!(ldt[n].lo & _PAGE_PRESENT) == (v->arch.ldt_mapped >> n & 1));
            if (ldt[n].lo & _PAGE_PRESENT)
                refer(pte_mfn(clean(ldt[n])), USE_DESC);
        }
        /* The copy that CR3 points to must agree with the table. */
        for (unsigned int n = 0; n < 4; n++) {
            pte_t e = ((pte_t *)map_l3(v->arch.guest_l3))[n], copy = v->arch.l3[n];

            CHECK((e.lo & _PAGE_PRESENT) == (copy.lo & _PAGE_PRESENT));
            CHECK(!(e.lo & _PAGE_PRESENT) || (e.lo & PAGE_MASK) == (copy.lo & PAGE_MASK));
        }
    }
}

/* A descriptor table that a processor may load must hold nothing that leads to the hypervisor's region. */
static bool harmless_descriptor(uint32_t a, uint32_t b)
{
    uint64_t base = (b & 0xFF000000) | (b & 0xFF) << 16 | a >> 16, limit = (b & 0xF0000) | (a & 0xFFFF);

    if (!(b & 0x8000))
        return true;
    if (!(b & 0x6000)) /* DPL 0 */
        return false;
    if (!(b & 0x1000)) /* a call gate, to code of rings 1 to 3 and without parameters */
        return (b & 0x1F00) == 0x0C00 && !(b & 0xE0) && a >> 16 & 3;
    if (b & 0x800000)
        limit = limit << 12 | 0xFFF;
    if ((b & 0xC00) == 0x400) { /* expand-down: the part above the limit, wrapping round */
        uint64_t top = b & 0x400000 ? 0xFFFFFFFF : 0xFFFF;

        if (limit >= top)
            return true;
        base = (base + limit + 1) & 0xFFFFFFFF;
        limit = top - limit - 1;
    }
    return base + limit < RO_MPT_END;
}

static void check_descriptors(mfn_t mfn)
{
    const uint32_t *words = map_frame(mfn);

    for (unsigned int i = 0; i < 512; i++)
        if (!harmless_descriptor(words[2 * i], words[2 * i + 1]))
            FAIL("descriptor %u of frame 0x%x: 0x%x 0x%x", i, mfn, words[2 * i], words[2 * i + 1]);
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
    uint32_t type_count = page->type_info >> PGT_count_shift;
    uint32_t total = page->owner == dom_xen; /* used without a type, so that nobody can use it as writable */
    enum use use = use_of(page->type_info);

    if (page->owner == dom_io) {
        if (page->count != 1 || page->type_info != (PGT_writable | PGT_one))
            FAIL("frame 0x%x of a device: count %u, type 0x%x", mfn, page->count, page->type_info);
        return;
    }
    counts[mfn] += !!(page->count & PGC_allocated);
    if (page->type_info & PGT_pinned)
        refer(mfn, use);
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
    if (type_count && use == USE_DESC)
        check_descriptors(mfn);
}

void audit(bool all)
{
    unsigned int before = failures;

    if (this_cpu.work & WORK_FLUSH)
        FAIL("a flush is left undone");
    memset(counts, 0, sizeof(counts));
    memset(uses, 0, sizeof(uses));
    memset(linear, 0, sizeof(linear));
    for (mfn_t mfn = 0; mfn < FRAMES; mfn++)
        if (mfn_to_page(mfn)->owner == dom_xen)
            counts[mfn]++; /* the hypervisor's own reference */
    walk(all);
    refer_from_vcpus();
    for (mfn_t mfn = 0; mfn < FRAMES; mfn++) {
        compare(mfn);
        compare_linear(mfn);
    }
    if (ours.holds || foreign.holds || xen.holds || io.holds)
        FAIL("a domain is still held");
    if (gate_clobbered)
        FAIL("a register of the guest's was changed");
    if (failures > before + 5)
        exit_with(1);
}

/* At a switch the hypervisor itself writes to a guest's addresses. So a page that becomes more than data must be out of
 * the TLB by then. */
void check_nothing_stale(void)
{
    for (mfn_t mfn = 0; mfn < FRAMES; mfn++) {
        uint32_t ti = mfn_to_page(mfn)->type_info;

        if (stale_writable[mfn] && ti >= PGT_one && use_of(ti) != USE_WRITABLE)
            FAIL("frame 0x%x: a switch, type 0x%x, while the TLB may know it as writable", mfn, ti);
    }
}

/* The guest runs: everything that is mapped writable may get into the TLB. */
void guest_runs(void)
{
    for (mfn_t mfn = 0; mfn < FRAMES; mfn++)
        if (is_table(mfn_to_page(mfn), PGT_writable_page))
            stale_writable[mfn] = true;
}
