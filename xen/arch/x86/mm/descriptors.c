/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables. On x86-32 nothing but the limits of its segments keeps a guest kernel in ring 1 out of the
 * hypervisor. So every descriptor is checked before a processor can load it.
 *
 * Each vCPU has a window for its GDT (14 guest frames, then the hypervisor's page) and one for its LDT (16 frames,
 * mapped on demand).
 */
#include <asm/descriptors.h>
#include <asm/frames.h>
#include <asm/guest_access.h>
#include <asm/traps.h>
#include <xen/hypercall.h>
#include <xen/operation.h>
#include <xen/trace.h>

#define FIRST_GUEST_LIMIT RO_MPT_END

/* Indexed by selector, from HYP_GDT_BASE on. The guests' flat segments end with the machine-to-physical table: their
 * limit is page 0xF67FF. */
static struct descriptor hyp_gdt[512] __aligned(PAGE_SIZE) = {
    [(HYP_CS - HYP_GDT_BASE) / 8] = {0x0000FFFF, 0x00CF9B00},
    [(HYP_DS - HYP_GDT_BASE) / 8] = {0x0000FFFF, 0x00CF9300},
    [(RING1_CS - HYP_GDT_BASE) / 8] = {0x000067FF, 0x00CFBB00},
    [(RING1_DS - HYP_GDT_BASE) / 8] = {0x000067FF, 0x00CFB300},
    [(RING3_CS - HYP_GDT_BASE) / 8] = {0x000067FF, 0x00CFFB00},
    [(RING3_DS - HYP_GDT_BASE) / 8] = {0x000067FF, 0x00CFF300},
};

struct tss tss __aligned(128);
struct tss double_fault_tss __aligned(128);
static uint8_t double_fault_stack[PAGE_SIZE] __aligned(PAGE_SIZE);
static struct descriptor idt[256] __aligned(PAGE_SIZE);

/* Other descriptors may be behind the selectors. Only of the fixed segments is it still known that they are flat. */
static void forget_flat_segments(struct vcpu *v)
{
    v->arch.flat_ss = RING1_DS;
    v->arch.flat_cs = RING1_CS;
}

static bool call_gate_ok(struct descriptor *d)
{
    uint32_t cs = d->a >> 16;

    cs = fixup_guest_selector(cs);
    if (!guest_code_selector_ok(cs) || d->b & 0xE0)
        return false;
    d->a = (d->a & 0xFFFF) | cs << 16;
    return true;
}

/* Only for limits in pages. Limits in bytes are refused, as on Xen. */
static inline __attribute__((always_inline)) bool truncate_limit(struct descriptor *d, uint32_t limit)
{
    if (!(d->b & DESC_G))
        return false;
    limit = (limit - 1) >> PAGE_SHIFT;
    d->a = (d->a & 0xFFFF0000) | (limit & 0xFFFF);
    d->b = (d->b & ~0xF0000u) | (limit & 0xF0000);
    return true;
}

/* Calculates in pages, so that 32 bits are enough: a segment of 4 GiB has 2^20 pages. */
static inline __attribute__((always_inline)) bool segment_ok(struct descriptor *d)
{
    uint32_t base = (d->b & 0xFF000000) | (d->b & 0xFF) << 16 | d->a >> 16;
    uint32_t size = ((d->b & 0xF0000) | (d->a & 0xFFFF)) + 1, pages = size, base_pages, offset = base & ~PAGE_MASK;

    if (base >= FIRST_GUEST_LIMIT - PAGE_SIZE)
        return false;
    base_pages = base >> PAGE_SHIFT;
    if ((d->b & (DESC_CODE | DESC_EXPAND_DOWN)) == DESC_EXPAND_DOWN) {
        uint64_t bytes = d->b & DESC_G ? (uint64_t)size << PAGE_SHIFT : size;

        /* It allows the offsets above its limit, up to 4 GiB (or 64 KiB). The limit must be high enough for all of
         * these to wrap round to addresses below base. */
        return base + bytes >= 1ull << 32 || truncate_limit(d, -(base & PAGE_MASK));
    }
    if (!(d->b & DESC_G))
        pages = (size + offset + PAGE_SIZE - 1) >> PAGE_SHIFT;
    else if (offset)
        pages++;
    return base_pages + pages <= FIRST_GUEST_LIMIT >> PAGE_SHIFT ||
           truncate_limit(d, FIRST_GUEST_LIMIT - (base & PAGE_MASK) - (offset ? PAGE_SIZE : 0));
}

static inline __attribute__((always_inline)) bool check(struct descriptor *d)
{
    if (!(d->b & DESC_P))
        return true; /* always faults when it is loaded */
    if (!(d->b & DESC_DPL))
        d->b |= DESC_DPL1; /* guests do not get ring 0 */
    if (unlikely(!(d->b & DESC_S)))
        return (d->b & DESC_TYPE) == DESC_CALL_GATE && call_gate_ok(d);
    return segment_ok(d);
}

bool check_descriptor(struct descriptor *d)
{
    return check(d);
}

static uint64_t words_of(struct descriptor d)
{
    return (uint64_t)d.b << 32 | d.a;
}

/* Checks a whole page at once. It must not take long: a guest can make this happen six times in a row
 * (load_late_segment()). */
int validate_descriptors(struct page_info *page)
{
    struct descriptor *table = map_frame(page_to_mfn(page));

    for (unsigned int i = 0; i < PAGE_SIZE / sizeof(*table); i++)
        if (unlikely(!check(&table[i])))
            return refuse_entry(REFUSED_descriptor, -EINVAL, INVALID_MFN, words_of(table[i]), page_to_mfn(page), i);
    return 0;
}

long do_update_descriptor(uint32_t ma_lo, uint32_t ma_hi, uint32_t desc_lo, uint32_t desc_hi)
{
    struct descriptor d, *slot;
    struct domain *dom = this_cpu.domain;
    struct page_info *page;
    mfn_t mfn = ma_lo >> PAGE_SHIFT | ma_hi << (32 - PAGE_SHIFT);
    bool is_table;

    if (unlikely(ma_lo & 7) || unlikely(ma_hi >= 1u << PAGE_SHIFT) || unlikely(mfn >= max_page))
        return refuse(REFUSED_descriptor_place, -EINVAL, INVALID_MFN, (uint64_t)ma_hi << 32 | ma_lo);
    page = mfn_to_page(mfn);
    d = (struct descriptor){desc_lo, desc_hi};
    if (unlikely(page->owner != dom))
        return refuse_use(-EINVAL, mfn);
    if (!check_descriptor(&d))
        return refuse(REFUSED_descriptor, -EINVAL, mfn, (uint64_t)desc_hi << 32 | desc_lo);
    is_table = (page->type_info & PGT_type_mask) == PGT_seg_desc_page;
    /* The type is needed only during the write, and nobody else runs in that time, so this use is not counted. A frame
     * that is not in use and had no other type than data can be written at once. If it had another type, the change of
     * type needs the usual steps (a flush, perhaps). */
    if (page->type_info == PGT_none || page->type_info == PGT_writable_page)
        ;
    else if (page->type_info < PGT_one) {
        if (get_page_type(page, is_table ? PGT_seg_desc_page : PGT_writable_page))
            return -EINVAL; /* a descriptor: told */
        put_page_type(page);
    } else if (!is_table && (page->type_info & PGT_type_mask) != PGT_writable_page)
        return refuse_use(-EINVAL, mfn);

    slot = (struct descriptor *)((char *)map_frame(mfn) + (ma_lo & ~PAGE_MASK));
    if (is_table && (slot->b & DESC_DPL) == DESC_DPL1) /* it may be one of those that are known to be flat */
        forget_flat_segments(current);
    ACCESS_ONCE(slot->b) = 0; /* not present while only half of it is written */
    barrier();
    ACCESS_ONCE(slot->a) = d.a;
    barrier();
    ACCESS_ONCE(slot->b) = d.b;
    return 0;
}

static pte_t *gdt_ptes(const struct vcpu *v)
{
    return &vcpu_area_pte[(v->arch.area + VCPU_AREA_GDT - VCPU_AREAS_START) >> PAGE_SHIFT];
}

static pte_t *ldt_ptes(const struct vcpu *v)
{
    return &vcpu_area_pte[(v->arch.area + VCPU_AREA_LDT - VCPU_AREAS_START) >> PAGE_SHIFT];
}

static void set_area_pte(pte_t *slot, uint32_t va, mfn_t mfn)
{
    pte_t entry = {.raw = 0};

    if (mfn != INVALID_MFN) {
        entry = make_pte(mfn, _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_GLOBAL);
        entry.hi |= nx_mask_hi;
    }
    write_pte(slot, *slot, entry);
    invlpg(va);
}

void drop_gdt(struct vcpu *v)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(v->arch.gdt_frames); i++) {
        if (v->arch.gdt_frames[i] == INVALID_MFN)
            continue;
        set_area_pte(gdt_ptes(v) + i, v->arch.area + VCPU_AREA_GDT + i * PAGE_SIZE, INVALID_MFN);
        put_page_and_type(mfn_to_page(v->arch.gdt_frames[i]));
        v->arch.gdt_frames[i] = INVALID_MFN;
    }
    v->arch.gdt_entries = 0;
    forget_flat_segments(v);
}

static __may_switch int get_gdt_frames(struct domain *d, const uint32_t *frames, unsigned int pages)
{
    unsigned int i;

    for (i = 0; i < pages; i++) {
        if (frames[i] >= max_page || get_page_and_type(mfn_to_page(frames[i]), d, PGT_seg_desc_page))
            break;
        if (effort_spent())
            preempt_point();
    }
    if (i == pages)
        return 0;
    refuse_use(-EINVAL, frames[i]);
    while (i-- > 0)
        put_page_and_type(mfn_to_page(frames[i]));
    return -EINVAL;
}

int set_gdt(struct vcpu *v, const uint32_t *frames, uint32_t entries)
{
    unsigned int i, pages = (entries + 511) / 512;

    if (get_gdt_frames(v->domain, frames, pages))
        return -EINVAL;
    drop_gdt(v);
    v->arch.gdt_entries = entries;
    for (i = 0; i < pages; i++) {
        v->arch.gdt_frames[i] = frames[i];
        set_area_pte(gdt_ptes(v) + i, v->arch.area + VCPU_AREA_GDT + i * PAGE_SIZE, frames[i]);
    }
    return 0;
}

long do_set_gdt(const uint32_t *frame_list, uint32_t entries)
{
    uint32_t frames[GDT_RESERVED_PAGE];

    if (entries > HYP_GDT_BASE / 8)
        return refuse(REFUSED_gdt_size, -EINVAL, INVALID_MFN, entries);
    if (copy_from_guest(frames, frame_list, (entries + 511) / 512 * sizeof(frames[0])))
        return refuse_pointer(frame_list);
    return set_gdt(current, frames, entries);
}

void unmap_ldt_pages(struct vcpu *v)
{
    for (unsigned int i = 0; v->arch.ldt_mapped; i++) {
        pte_t *slot = ldt_ptes(v) + i;
        mfn_t mfn;

        if (!(v->arch.ldt_mapped & 1u << i))
            continue;
        mfn = pte_mfn((pte_t){.lo = slot->lo, .hi = slot->hi & ~nx_mask_hi});
        set_area_pte(slot, v->arch.area + VCPU_AREA_LDT + i * PAGE_SIZE, INVALID_MFN);
        v->arch.ldt_mapped &= ~(1u << i);
        put_page_and_type(mfn_to_page(mfn));
    }
    forget_flat_segments(v);
}

void unmap_ldt_of(struct domain *d)
{
    for (unsigned int i = 0; i < MAX_VCPUS; i++)
        if (d->vcpu[i])
            unmap_ldt(d->vcpu[i]);
}

/* The processor needs the descriptor at this offset of the LDT. Only a frame whose descriptors have all been checked is
 * mapped. */
bool handle_ldt_fault(uint32_t offset)
{
    struct vcpu *v = current;
    mfn_t table, mfn;
    pte_t *slot, e;

    if (offset >= v->arch.ldt_entries * 8 || v->arch.ldt_mapped & 1u << (offset >> PAGE_SHIFT))
        return false;
    slot = guest_l1_slot(v, v->arch.ldt_base + (offset & PAGE_MASK), &table);
    if (!slot)
        return false;
    e = *slot;
    if (!(e.lo & _PAGE_PRESENT) || !pte_to_frame(e, &mfn) || mfn >= max_page)
        return false;
    if (get_page_and_type(mfn_to_page(mfn), v->domain, PGT_seg_desc_page))
        return !refuse_use(-EINVAL, mfn);
    set_area_pte(ldt_ptes(v) + (offset >> PAGE_SHIFT), v->arch.area + VCPU_AREA_LDT + (offset & PAGE_MASK), mfn);
    v->arch.ldt_mapped |= 1u << (offset >> PAGE_SHIFT);
    return true;
}

static void set_system_descriptor(uint16_t sel, uint32_t base, uint32_t limit, uint32_t type)
{
    hyp_gdt[(sel - HYP_GDT_BASE) / 8] = (struct descriptor){
        .a = base << 16 | (limit & 0xFFFF),
        .b = (base & 0xFF000000) | (limit & 0xF0000) | DESC_P | type << 8 | (base >> 16 & 0xFF),
    };
}

static void lldt(uint16_t sel)
{
    __asm__ volatile("lldt %0" ::"r"(sel));
    this_cpu.has_ldt = sel;
}

void load_ldt(struct vcpu *v)
{
    if (v->arch.ldt_entries) {
        set_system_descriptor(LDT_SEL, v->arch.area + VCPU_AREA_LDT, v->arch.ldt_entries * 8 - 1, 0x2);
        lldt(LDT_SEL);
    } else if (this_cpu.has_ldt) {
        lldt(0);
    }
}

bool ldt_ok(uint32_t base, uint32_t entries)
{
    return !(base & ~PAGE_MASK) && base < HYP_START && entries <= 8192 && guest_range_ok((void *)base, entries * 8);
}

int set_ldt(struct vcpu *v, uint32_t base, uint32_t entries)
{
    if (!ldt_ok(base, entries))
        return refuse(REFUSED_ldt_place, -EINVAL, INVALID_MFN, base);
    if (v->arch.ldt_entries == entries && v->arch.ldt_base == base)
        return 0;
    unmap_ldt(v);
    v->arch.ldt_base = base;
    if (v->arch.ldt_entries != entries) { /* the processor knows only the size */
        v->arch.ldt_entries = entries;
        load_ldt(v);
    }
    return 0;
}

static struct descriptor gate(uint16_t cs, uint32_t address, uint32_t type_dpl)
{
    return (struct descriptor){
        .a = (uint32_t)cs << 16 | (address & 0xFFFF),
        .b = (address & 0xFFFF0000) | type_dpl << 8,
    };
}

static void set_gate(unsigned int vector, uint16_t cs, uint32_t address, uint32_t type_dpl)
{
    idt[vector] = gate(cs, address, type_dpl);
}

#define GATE_INTERRUPT 0x8E
#define GATE_TRAP      0x8F
#define GATE_TASK      0x85
#define GATE_DPL(n)    ((n) << 5)

/* A ring-3 program's `int $0x80` goes straight to the guest's kernel if a gate of the processor can do what the guest
 * has asked for: the handler is in the guest's own code, and events are not to be masked. If they are to be masked, the
 * gate leads to bounce_fast.S. If there is no such handler, it works like any other vector. */
void set_int80_gate(struct vcpu *v)
{
    const struct guest_trap *trap = &v->arch.traps[SYSCALL_VECTOR];

    if (trap->cs && TI_GET_IF(trap))
        v->arch.int80_gate = gate(HYP_CS, (uint32_t)int80_masked, GATE_INTERRUPT | GATE_DPL(TI_GET_DPL(trap)));
    else if (!trap->cs || !guest_code_selector_ok(trap->cs))
        v->arch.int80_gate = gate(HYP_CS, (uint32_t)trap_unexpected, GATE_INTERRUPT);
    else
        v->arch.int80_gate = gate(trap->cs, trap->address, GATE_TRAP | GATE_DPL(TI_GET_DPL(trap)));
    if (v == current)
        idt[SYSCALL_VECTOR] = v->arch.int80_gate;
}

void load_descriptors(struct vcpu *v)
{
    __asm__ volatile("lgdt %0" ::"m"(v->arch.gdtr));
    load_ldt(v);
    idt[SYSCALL_VECTOR] = v->arch.int80_gate;
    tss.esp0 = (uint32_t)v->vcpu_info - STACK_TO_INFO;
    tss.esp1 = v->arch.kernel_sp;
    tss.ss1 = v->arch.kernel_ss;
}

static void init_idt(void)
{
    struct table_register idtr = {.limit = sizeof(idt) - 1, .base = (uint32_t)idt};

    for (unsigned int i = 0; i < ARRAY_SIZE(idt); i++)
        set_gate(i, HYP_CS, (uint32_t)trap_unexpected, GATE_INTERRUPT);
    for (unsigned int i = 0; i <= TRAP_simd_error; i++)
        set_gate(i, HYP_CS, trap_entries[i], GATE_INTERRUPT);
    set_gate(TRAP_int3, HYP_CS, trap_entries[TRAP_int3], GATE_INTERRUPT | GATE_DPL(3));
    set_gate(TRAP_overflow, HYP_CS, trap_entries[TRAP_overflow], GATE_INTERRUPT | GATE_DPL(3));
    for (unsigned int i = 0; i < NR_IRQ_VECTORS; i++)
        set_gate(FIRST_IRQ_VECTOR + i, HYP_CS, irq_entries[i], GATE_INTERRUPT);
    set_gate(TRAP_double_fault, DF_TSS_SEL, 0, GATE_TASK);
    set_gate(HYPERCALL_VECTOR, HYP_CS, (uint32_t)traced_gate(hypercall), GATE_INTERRUPT | GATE_DPL(1));
    __asm__ volatile("lidt %0" ::"m"(idtr));
}

/* Maps the page of the hypervisor's descriptors in every vCPU's GDT window. */
static void map_hyp_gdt(void)
{
    for (unsigned int i = 0; i < MAX_VCPU_AREAS; i++) {
        uint32_t va = VCPU_AREAS_START + i * VCPU_AREA_SIZE + VCPU_AREA_GDT + GDT_RESERVED_PAGE * PAGE_SIZE;

        set_area_pte(&vcpu_area_pte[(va - VCPU_AREAS_START) >> PAGE_SHIFT], va, virt_to_mfn(hyp_gdt));
    }
}

void load_tss(void)
{
    set_system_descriptor(TSS_SEL, (uint32_t)&tss, sizeof(tss) - 1, 0x9);
    __asm__ volatile("ltr %w0" ::"r"(TSS_SEL));
}

void init_descriptor_tables(void)
{
    struct table_register gdtr = {.limit = GDT_LIMIT, .base = VCPU_AREAS_START + VCPU_AREA_GDT};

    map_hyp_gdt();
    tss.ss0 = HYP_DS;
    tss.iomap_base = sizeof(tss);

    double_fault_tss = (struct tss){
        .cr3 = read_cr3(),
        .eip = (uint32_t)double_fault,
        .eflags = 2,
        .esp = (uint32_t)double_fault_stack + sizeof(double_fault_stack),
        .cs = HYP_CS,
        .ss = HYP_DS,
        .ds = HYP_DS,
        .es = HYP_DS,
        .fs = HYP_DS,
        .gs = HYP_DS,
        .iomap_base = sizeof(double_fault_tss),
    };
    set_system_descriptor(DF_TSS_SEL, (uint32_t)&double_fault_tss, sizeof(double_fault_tss) - 1, 0x9);

    __asm__ volatile("lgdt %0\n"
                     "ljmp %1, $1f\n"
                     "1: mov %2, %%ss\n"
                     "mov %2, %%ds\n"
                     "mov %2, %%es\n"
                     "mov %2, %%fs\n"
                     "mov %2, %%gs" ::"m"(gdtr),
                     "i"(HYP_CS), "r"(HYP_DS));
    load_tss();
    lldt(0);
    init_idt();
}
