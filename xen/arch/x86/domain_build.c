/*
 * Domain 0: from a kernel image to the state in which Xen's ABI says that a guest starts. In virtual addresses, from the
 * guest's base up, frame after frame:
 *
 *      kernel | initial ramdisk | p2m list | start_info | page tables: L3, four L2s, L1s | stack | slack
 *
 * all mapped, up to a multiple of 4 MiB with at least 512 KiB behind the stack.
 */
#include <asm/emulate.h>
#include <asm/frames.h>
#include <xen/domain.h>
#include <xen/elf.h>
#include <xen/setup.h>

#define SLACK       (512u << 10)
#define MAP_ALIGN   (4u << 20)
#define PTE_DATA    (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)
#define PTE_TABLE   (_PAGE_PRESENT | _PAGE_ACCESSED)
#define L2E_FLAGS   (_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY)
#define NR_L2       4
#define MIN_RESERVE (2u << 20 >> PAGE_SHIFT) /* frames kept free for later */
#define MAX_RESERVE (64u << 20 >> PAGE_SHIFT)

/* pfn 0 is at base; everything else is a virtual address. */
struct layout {
    uint32_t base, kernel_end;
    uint32_t initrd, initrd_size;
    uint32_t p2m, start_info;
    uint32_t tables, l1_frames;
    uint32_t stack;
    uint32_t end;
    uint32_t nr_pages;
    mfn_t *mfn_of; /* temporarily, in contiguous frames */
};

static mfn_t __init frame_at(const struct layout *l, uint32_t va)
{
    return l->mfn_of[(va - l->base) >> PAGE_SHIFT];
}

/* Writes to the guest by virtual address, before its page tables work. from NULL: zeroes. */
static void __init write_guest(const struct layout *l, uint32_t va, const void *from, uint32_t n)
{
    while (n) {
        uint32_t offset = va & ~PAGE_MASK, part = MIN(n, PAGE_SIZE - offset);
        char *to = (char *)map_frame(frame_at(l, va)) + offset;

        if (from) {
            memcpy(to, from, part);
            from = (const char *)from + part;
        } else
            memset(to, 0, part);
        va += part;
        n -= part;
    }
}

static uint32_t __init big_pages(uint32_t start, uint32_t end)
{
    return (ROUNDUP(end, 1u << L2_SHIFT) >> L2_SHIFT) - (start >> L2_SHIFT);
}

static void __init plan(struct layout *l, const struct elf_guest *g, uint32_t initrd_size)
{
    uint64_t end;

    l->base = g->virt_base;
    l->kernel_end = ROUNDUP(g->kernel_end, PAGE_SIZE);
    l->initrd = l->kernel_end;
    l->initrd_size = initrd_size;
    l->p2m = ROUNDUP(l->initrd + (g->unmapped_initrd ? 0 : initrd_size), PAGE_SIZE);
    l->start_info = ROUNDUP(l->p2m + l->nr_pages * sizeof(mfn_t), PAGE_SIZE);
    l->tables = l->start_info + PAGE_SIZE;
    /* The more tables, the further the end, the more tables. */
    for (l->l1_frames = 1;; l->l1_frames++) {
        l->stack = l->tables + (1 + NR_L2 + l->l1_frames) * PAGE_SIZE;
        end = ((uint64_t)l->stack + PAGE_SIZE + MAP_ALIGN - 1) & ~(uint64_t)(MAP_ALIGN - 1);
        if (end - (l->stack + PAGE_SIZE) < SLACK)
            end += MAP_ALIGN;
        if (end > HYP_START || l->stack < l->base)
            panic("Domain 0 does not fit below the hypervisor");
        if (big_pages(l->base, end) <= l->l1_frames)
            break;
    }
    l->end = end;
    if (((l->end - l->base) >> PAGE_SHIFT) + (g->unmapped_initrd ? ROUNDUP(initrd_size, PAGE_SIZE) >> PAGE_SHIFT : 0) >
        l->nr_pages)
        panic("Too little memory for domain 0: it has %u KiB and needs %u KiB to start (dom0_mem=)",
              l->nr_pages << 2, (l->end - l->base) >> 10);
}

/* Frames for all of the domain, known by their number until they are given to it. */
static void __init take_frames(struct layout *l, struct domain *d)
{
    unsigned int order = 0;
    mfn_t list;

    while (((uint32_t)PAGE_SIZE << order) < l->nr_pages * sizeof(mfn_t))
        order++;
    list = alloc_dom_frames(order, 0xC0000000 >> PAGE_SHIFT);
    if (list == INVALID_MFN)
        panic("Too little memory to build domain 0");
    l->mfn_of = (mfn_t *)(list << PAGE_SHIFT); /* boot.S maps it there, too */
    for (uint32_t pfn = 0; pfn < l->nr_pages; pfn++) {
        mfn_t mfn = alloc_dom_frames(0, INVALID_MFN);

        if (mfn == INVALID_MFN)
            panic("Too little memory for domain 0's %u pages", l->nr_pages);
        l->mfn_of[pfn] = mfn;
        assign_page(d, mfn);
        mpt_rw[mfn] = pfn;
        clear_page(map_frame(mfn));
    }
}

static void __init return_list(const struct layout *l)
{
    mfn_t list = (uint32_t)l->mfn_of >> PAGE_SHIFT;
    unsigned int order = 0;

    while (((uint32_t)PAGE_SIZE << order) < l->nr_pages * sizeof(mfn_t))
        order++;
    for (uint32_t i = 0; i < 1u << order; i++)
        free_dom_frame(list + i);
}

static uint32_t __init l1_table(const struct layout *l, uint32_t va)
{
    return l->tables + (1 + NR_L2 + ((va >> L2_SHIFT) - (l->base >> L2_SHIFT))) * PAGE_SIZE;
}

static void __init write_entry(const struct layout *l, uint32_t table, uint32_t index, mfn_t mfn, uint32_t flags)
{
    pte_t e = make_pte(mfn, flags);

    write_guest(l, table + index * sizeof(e), &e, sizeof(e));
}

static void __init write_tables(const struct layout *l)
{
    for (unsigned int i = 0; i < NR_L2; i++)
        write_entry(l, l->tables, i, frame_at(l, l->tables + (1 + i) * PAGE_SIZE), _PAGE_PRESENT);
    for (uint32_t va = l->base; va < l->end; va += PAGE_SIZE) {
        bool table = va >= l->tables && va < l->stack;

        if (va == l->base || !(va & ((1u << L2_SHIFT) - 1)))
            write_entry(l, l->tables + (1 + (va >> L3_SHIFT)) * PAGE_SIZE, va >> L2_SHIFT & (L2_ENTRIES - 1),
                        frame_at(l, l1_table(l, va)), L2E_FLAGS);
        write_entry(l, l1_table(l, va), va >> PAGE_SHIFT & (L1_ENTRIES - 1), frame_at(l, va),
                    table ? PTE_TABLE : PTE_DATA);
    }
}

static void __init load_kernel(const struct layout *l, const struct elf_guest *g, const struct boot_module *kernel)
{
    for (unsigned int i = 0; i < g->segments; i++)
        write_guest(l, g->segment[i].va, kernel->data + g->segment[i].offset, g->segment[i].file_size);
    if (g->hypercall_page != ELF_UNSET)
        write_hypercall_page(map_frame(frame_at(l, g->hypercall_page)));
}

static void __init write_start_info(const struct layout *l, const struct elf_guest *g, struct domain *d,
                                    const struct boot_module *kernel, const struct boot_module *initrd)
{
    static struct start_info si;
    uint32_t initrd_pfn = (l->end - l->base) >> PAGE_SHIFT;

    strlcpy(si.magic, "xen-3.0-x86_32p", sizeof(si.magic));
    si.nr_pages = l->nr_pages;
    si.shared_info = virt_to_mach(d->shared_info);
    si.flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
    si.pt_base = l->tables;
    si.nr_pt_frames = 1 + NR_L2 + l->l1_frames;
    si.mfn_list = l->p2m;
    if (initrd) {
        si.mod_start = g->unmapped_initrd ? initrd_pfn : l->initrd;
        si.mod_len = initrd->size;
        if (g->unmapped_initrd)
            si.flags |= SIF_MOD_START_PFN;
        write_guest(l, g->unmapped_initrd ? l->end : l->initrd, initrd->data, initrd->size);
    }
    strlcpy((char *)si.cmd_line, kernel->args, sizeof(si.cmd_line));
    write_guest(l, l->start_info, &si, sizeof(si));
}

static uint32_t __init memory_for_dom0(void)
{
    uint32_t free = free_dom_frames(), reserve = MIN(MAX(free / 16, MIN_RESERVE), MAX_RESERVE);
    uint32_t wanted = opt_dom0_mem >> PAGE_SHIFT;

    if (opt_dom0_mem >> PAGE_SHIFT > free)
        panic("Too little memory: dom0_mem=%uM, and %u MiB are free", (uint32_t)(opt_dom0_mem >> 20), free >> 8);
    reserve += free / 512; /* the list of them, while they are being given */
    return wanted ?: free - MIN(reserve, free);
}

void __init build_dom0(const struct boot_module *kernel, const struct boot_module *initrd)
{
    static struct layout l;
    static struct elf_guest g;
    const char *error = elf_parse(kernel->data, kernel->size, &g);
    struct domain *d;
    struct vcpu *v;
    int rc;

    if (error)
        panic("The first module cannot be domain 0: %s", error);
    l.nr_pages = memory_for_dom0();
    plan(&l, &g, initrd ? initrd->size : 0);

    d = create_domain(0, l.nr_pages, true);
    v = d ? alloc_vcpu(d, 0) : NULL;
    if (!v)
        panic("Too little memory for domain 0's structures");
    dom0 = d;
    if (g.extended_cr3)
        d->vm_assist |= 1u << VMASST_TYPE_pae_extended_cr3;
    take_frames(&l, d);
    load_kernel(&l, &g, kernel);
    write_start_info(&l, &g, d, kernel, initrd);
    write_guest(&l, l.p2m, l.mfn_of, l.nr_pages * sizeof(mfn_t));
    write_tables(&l);
    rc = adopt_page_tables(v, frame_at(&l, l.tables));
    if (rc)
        panic("domain 0's page tables are wrong: %d", rc);
    arch_set_initial_regs(v, g.entry, l.stack + PAGE_SIZE, l.start_info);
    update_wallclock(d);
    printk("Domain 0: %u MiB, kernel %08x-%08x, entry %08x, start_info %08x, mapped to %08x\n", l.nr_pages >> 8,
           g.kernel_start, g.kernel_end, g.entry, l.start_info, l.end);
    return_list(&l);
    v->state = VCPU_RUNNABLE;
    vcpu_wake(v);
}
