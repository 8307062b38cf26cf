/* SPDX-License-Identifier: MIT */
/*
 * Builds a domain at boot: from a kernel image to the state in which a guest starts by Xen's ABI. From the guest's base
 * up, its virtual memory is
 *
 *      kernel | initial ramdisk | p2m list | start_info | store, console | page tables: L3, L2s, L1s | stack | slack
 *
 * all of it mapped, up to a multiple of 4 MiB with at least 512 KiB behind the stack. As on Xen, domain 0 has no rings
 * for store and console, and has L2s for all four slots of its L3. Another domain has L2s for the slots that are mapped
 * and for slot 3. Mini-OS relies on that: it computes the number of its L1s as nr_pt_frames less the L3 and two L2s.
 */
#include <asm/emulate.h>
#include <asm/device_access.h>
#include <asm/frames.h>
#include <public/platform.h>
#include <xen/domain.h>
#include <xen/elf.h>
#include <xen/kernel_image.h>
#include <xen/served.h>
#include <xen/setup.h>

#define SLACK     (512u << 10)
#define MAP_ALIGN (4u << 20)
#define PTE_DATA  (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)
#define PTE_TABLE (_PAGE_PRESENT | _PAGE_ACCESSED)
#define L2E_FLAGS (_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY)
/* What domain 0's kernel reads of ACPI's power states, it shall tell and not use. */
#define POWER_STATES ((XEN_PROCESSOR_PM_CX | XEN_PROCESSOR_PM_PX) << SIF_PM_SHIFT)
#define MIN_RESERVE  (2u << 20 >> PAGE_SHIFT) /* frames kept free for later */
#define MAX_RESERVE  (64u << 20 >> PAGE_SHIFT)

/* pfn 0 is at base; everything else is a virtual address. */
struct layout {
    uint32_t base;
    uint32_t initrd, initrd_pfn, initrd_pages;
    uint32_t p2m, start_info;
    uint32_t store, console; /* 0: none */
    uint32_t tables, l1_frames;
    uint32_t l2_slots; /* of the L3, as bits */
    uint32_t stack;
    uint32_t end;
    uint32_t mapped_pages; /* from base to end */
    uint32_t needed_pages; /* mapped_pages, and the initial ramdisk if it is not mapped */
    uint32_t nr_pages;
    mfn_t *mfn_of; /* in contiguous frames, while the domain is built */
};

static mfn_t __init frame_at(const struct layout *l, uint32_t va)
{
    return l->mfn_of[(va - l->base) >> PAGE_SHIFT];
}

/* Writes to the guest's memory at a virtual address of the guest, before its page tables exist. from == NULL: zeroes.
 */
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

/* The slots that the L1s map, and always the hypervisor's. */
static uint32_t __init slots_below(uint32_t base, uint32_t l1_frames)
{
    uint32_t first = base >> L3_SHIFT, last = ((base >> L2_SHIFT) + l1_frames - 1) / L2_ENTRIES;

    return ((2u << last) - (1u << first)) | 1u << 3;
}

static uint32_t __init l2s_before(const struct layout *l, uint32_t slot)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < slot; i++)
        n += l->l2_slots >> i & 1;
    return n;
}

static uint32_t __init nr_tables(const struct layout *l)
{
    return 1 + l2s_before(l, L3_ENTRIES) + l->l1_frames;
}

/* Virtual addresses from the kernel's end up. In 64 bits, because they have not been checked yet. */
static void __init plan(struct layout *l, const struct elf_guest *g, const struct boot_domain *b)
{
    uint32_t initrd_size = b->initrd ? b->initrd->size : 0;
    uint32_t initrd_pages = ROUNDUP((uint64_t)initrd_size, PAGE_SIZE) >> PAGE_SHIFT;
    uint64_t at = ROUNDUP((uint64_t)g->kernel_end, PAGE_SIZE), end;

    l->base = g->virt_base;
    l->initrd = at;
    l->initrd_pfn = (at - l->base) >> PAGE_SHIFT;
    l->initrd_pages = initrd_pages;
    if (!g->unmapped_initrd)
        at += initrd_pages * (uint64_t)PAGE_SIZE;
    l->p2m = at;
    at += ROUNDUP(l->nr_pages * (uint64_t)sizeof(mfn_t), PAGE_SIZE);
    l->start_info = at;
    l->store = l->console = 0;
    if (b->domid) {
        l->store = at += PAGE_SIZE;
        l->console = at += PAGE_SIZE;
    }
    l->tables = at += PAGE_SIZE;
    /* Tables move the end, and that may need more tables: repeat until it is stable. */
    for (l->l1_frames = 1;; l->l1_frames++) {
        uint64_t stack_end;

        l->l2_slots = b->domid ? slots_below(l->base, l->l1_frames) : 0xF;
        stack_end = at + (nr_tables(l) + 1) * PAGE_SIZE;
        l->stack = stack_end - PAGE_SIZE;
        end = ROUNDUP(stack_end, (uint64_t)MAP_ALIGN);
        if (end - stack_end < SLACK)
            end += MAP_ALIGN;
        if (end > HYP_START)
            panic("Domain %u does not fit below the hypervisor", b->domid);
        if (big_pages(l->base, end) <= l->l1_frames)
            break;
    }
    l->end = end;
    l->mapped_pages = (l->end - l->base) >> PAGE_SHIFT;
    l->needed_pages = l->mapped_pages;
    if (g->unmapped_initrd) {
        l->initrd_pfn = l->mapped_pages; /* behind all that is mapped */
        l->needed_pages += initrd_pages;
    }
    if (l->needed_pages > l->nr_pages)
        panic("Too little memory for domain %u: it has %u KiB, and needs %u KiB to start (%s)", b->domid,
              l->nr_pages << 2, l->needed_pages << 2, b->domid ? "domain=...,mem=" : "dom0_mem=");
}

/* The numbers of the domain's frames are kept in contiguous frames until the domain has been built. */
static unsigned int __init list_order(uint32_t nr_pages)
{
    unsigned int order = 0;

    while (((uint32_t)PAGE_SIZE << order) < nr_pages * sizeof(mfn_t))
        order++;
    return order;
}

static uint32_t __init list_frames(uint32_t nr_pages)
{
    return 1u << list_order(nr_pages);
}

/* The frame for pfn. The initial ramdisk is not copied: the frames in which the boot loader left it become the
 * domain's. */
static mfn_t __init next_frame(const struct layout *l, uint32_t pfn, const struct boot_domain *b)
{
    mfn_t mfn;

    if (pfn >= l->initrd_pfn && pfn - l->initrd_pfn < l->initrd_pages)
        return ((uint32_t)b->initrd->data >> PAGE_SHIFT) + pfn - l->initrd_pfn;
    mfn = alloc_dom_frames(0, INVALID_MFN);
    if (mfn == INVALID_MFN)
        panic("Too little memory for domain %u's %u MiB: give less to it (mem=) or to domain 0 (dom0_mem=)", b->domid,
              l->nr_pages >> 8);
    if (pfn < l->needed_pages || b->domid) /* domain 0 may see what boot left in the other frames */
        clear_page(map_frame(mfn));
    return mfn;
}

static void __init make_list(struct layout *l, const struct boot_domain *b)
{
    mfn_t list = alloc_dom_frames(list_order(l->nr_pages), IDENTITY_END >> PAGE_SHIFT);

    if (list == INVALID_MFN)
        panic("Too little memory to build domain %u: give less to it (mem=) or to domain 0 (dom0_mem=)", b->domid);
    l->mfn_of = (mfn_t *)(list << PAGE_SHIFT);
    if (b->initrd) {
        memset((uint8_t *)b->initrd->data + b->initrd->size, 0, -b->initrd->size & ~PAGE_MASK);
        b->initrd->given_away = true;
    }
}

static void __init take_frames(struct layout *l, struct domain *d, const struct boot_domain *b, uint32_t pfn,
                               uint32_t end)
{
    for (; pfn < end; pfn++) {
        mfn_t mfn = next_frame(l, pfn, b);

        l->mfn_of[pfn] = mfn;
        assign_page(d, mfn);
        mpt_rw[mfn] = pfn;
    }
}

static void __init return_list(const struct layout *l)
{
    for (uint32_t i = 0; i < list_frames(l->nr_pages); i++)
        free_dom_frame(((uint32_t)l->mfn_of >> PAGE_SHIFT) + i);
}

static uint32_t __init l2_table(const struct layout *l, uint32_t slot)
{
    return l->tables + (1 + l2s_before(l, slot)) * PAGE_SIZE;
}

static uint32_t __init l1_table(const struct layout *l, uint32_t va)
{
    return l2_table(l, L3_ENTRIES) + ((va >> L2_SHIFT) - (l->base >> L2_SHIFT)) * PAGE_SIZE;
}

static void __init write_entry(const struct layout *l, uint32_t table, uint32_t index, mfn_t mfn, uint32_t flags)
{
    pte_t e = make_pte(mfn, flags);

    write_guest(l, table + index * sizeof(e), &e, sizeof(e));
}

static void __init write_tables(const struct layout *l)
{
    for (unsigned int i = 0; i < L3_ENTRIES; i++)
        if (l->l2_slots >> i & 1)
            write_entry(l, l->tables, i, frame_at(l, l2_table(l, i)), _PAGE_PRESENT);
    for (uint32_t va = l->base; va < l->end; va += PAGE_SIZE) {
        bool table = va >= l->tables && va < l->stack;

        if (va == l->base || !(va & ((1u << L2_SHIFT) - 1)))
            write_entry(l, l2_table(l, va >> L3_SHIFT), va >> L2_SHIFT & (L2_ENTRIES - 1), frame_at(l, l1_table(l, va)),
                        L2E_FLAGS);
        write_entry(l, l1_table(l, va), va >> PAGE_SHIFT & (L1_ENTRIES - 1), frame_at(l, va),
                    table ? PTE_TABLE : PTE_DATA);
    }
}

static void __init write_kernel(void *layout, uint32_t va, const void *from, uint32_t size)
{
    write_guest(layout, va, from, size);
}

static void __init load_kernel(struct layout *l, const struct elf_guest *g, const struct kernel_image *kernel)
{
    elf_load(kernel->data, g, write_kernel, l);
    if (g->hypercall_page != ELF_UNSET)
        write_hypercall_page(map_frame(frame_at(l, g->hypercall_page)));
}

static uint32_t __init serve_at(const struct boot_domain *b, struct domain *d, enum service service, mfn_t mfn)
{
    uint32_t port = 0;
    int rc = serve(d, service, mfn, &port);

    if (rc)
        panic("Domain %u cannot be served: %d", b->domid, rc);
    return port;
}

static void __init write_start_info(const struct layout *l, const struct elf_guest *g, struct domain *d,
                                    const struct boot_domain *b)
{
    static struct start_info si;
    const struct boot_module *initrd = b->initrd;

    memset(&si, 0, sizeof(si));
    if (b->domid) {
        si.store_mfn = frame_at(l, l->store);
        si.store_evtchn = serve_at(b, d, SERVICE_STORE, si.store_mfn);
        si.console.domU.mfn = frame_at(l, l->console);
        si.console.domU.evtchn = serve_at(b, d, SERVICE_CONSOLE, si.console.domU.mfn);
    }
    strlcpy(si.magic, "xen-3.0-x86_32p", sizeof(si.magic));
    si.nr_pages = l->nr_pages;
    si.shared_info = virt_to_mach(d->shared_info);
    si.flags = (b->privileged ? SIF_PRIVILEGED : 0) | (b->domid ? 0 : SIF_INITDOMAIN | POWER_STATES);
    si.pt_base = l->tables;
    si.nr_pt_frames = nr_tables(l);
    si.mfn_list = l->p2m;
    if (initrd) {
        si.mod_start = g->unmapped_initrd ? l->initrd_pfn : l->initrd;
        si.mod_len = initrd->size;
        if (g->unmapped_initrd)
            si.flags |= SIF_MOD_START_PFN;
    }
    strlcpy((char *)si.cmd_line, b->kernel->args, sizeof(si.cmd_line));
    write_guest(l, l->start_info, &si, sizeof(si));
}

/* An amount from the command line, in frames. A negative one is taken off the available frames. */
static uint32_t __init frames_of(int64_t amount, uint32_t available)
{
    int64_t frames = amount >= 0 ? amount >> PAGE_SHIFT : available - (-amount >> PAGE_SHIFT);

    return MIN(MAX(frames, 0), MAX_FRAMES);
}

/* dom0_mem=; without it, all memory but that of the other domains and a reserve. dom0_mem=min: and max: are bounds. */
uint32_t __init memory_for_dom0(uint32_t initrd_pages, uint32_t others)
{
    const struct dom0_mem *opt = &opt_dom0_mem;
    uint32_t free = free_dom_frames() + initrd_pages, lent = list_frames(free) + others;
    uint32_t available = free - MIN(lent, free), wanted;

    wanted = opt->size ? frames_of(opt->size, available)
                       : available - MIN(MIN(MAX(free / 16, MIN_RESERVE), MAX_RESERVE), available);
    if (opt->min)
        wanted = MAX(wanted, frames_of(opt->min, available));
    if (opt->max)
        wanted = MIN(wanted, frames_of(opt->max, available));
    if (wanted > available) {
        printk("dom0_mem=: only %u of %u MiB are available\n", available >> 8, wanted >> 8);
        wanted = available;
    }
    return wanted;
}

/* As on Xen: without dom0_mem=max: domain 0 may ask for all memory. */
uint32_t __init max_memory_of_dom0(uint32_t nr_pages)
{
    return opt_dom0_mem.max ? MAX(frames_of(opt_dom0_mem.max, nr_pages), nr_pages) : UINT32_MAX;
}

/* An image that this hypervisor can build a domain from. */
static void __init open_kernel(const struct boot_domain *b, struct kernel_image *image, struct elf_guest *g)
{
    const struct boot_module *file = b->kernel;
    const char *error = open_kernel_image(image, file->data, file->size) ?: elf_parse(image->data, image->size, g);

    if (!error && !b->domid && g->no_dom0)
        error = "it says so itself";
    if (error)
        panic("Module %u cannot be domain %u: %s", (unsigned int)(file - modules), b->domid, error);
}

static void __init report(const struct layout *l, const struct elf_guest *g, const struct boot_domain *b)
{
    printk("Domain %u: %u MiB, kernel %08x-%08x, entry %08x, start_info %08x, mapped to %08x\n", b->domid,
           l->nr_pages >> 8, g->kernel_start, g->kernel_end, g->entry, l->start_info, l->end);
    if (b->initrd)
        log_at(LOG_INFO, "  initial ramdisk: %u KiB, pfn %05x\n", (b->initrd->size + 1023) >> 10, l->initrd_pfn);
    log_at(LOG_INFO, "  p2m list %08x, page tables %08x (%u), stack %08x, hypercall page %08x\n", l->p2m, l->tables,
           nr_tables(l), l->stack, g->hypercall_page);
}

static struct vcpu *__init create(const struct boot_domain *b, const struct elf_guest *g)
{
    struct domain *d = create_domain(b->domid, b->max_pages, b->privileged);
    struct vcpu *v = d ? alloc_vcpu(d, 0) : NULL;

    if (!v)
        panic("Too little memory for domain %u's structures", b->domid);
    /* All vCPUs but the first wait for VCPUOP_initialise. */
    for (uint32_t i = 1; i < b->vcpus; i++)
        if (!alloc_vcpu(d, i))
            panic("Too little memory for domain %u's %u vCPUs", b->domid, b->vcpus);
    if (!b->domid)
        dom0 = d;
    if (b->privileged)
        give_devices(d);
    strlcpy(d->name, b->name, sizeof(d->name));
    if (g->extended_cr3)
        d->vm_assist |= 1u << VMASST_TYPE_pae_extended_cr3;
    return v;
}

struct vcpu *__init build_domain(const struct boot_domain *plan_of)
{
    static struct layout l;
    static struct elf_guest g;
    struct boot_domain b = *plan_of;
    struct kernel_image image;
    struct vcpu *v;
    int rc;

    open_kernel(&b, &image, &g);
    if (b.initrd && !b.initrd->size)
        b.initrd = NULL;
    l.nr_pages = b.nr_pages;
    plan(&l, &g, &b);
    v = create(&b, &g);
    make_list(&l, &b);
    take_frames(&l, v->domain, &b, 0, l.needed_pages);
    load_kernel(&l, &g, &image);
    close_kernel_image(&image); /* the domain may need the memory that it was unpacked to */
    take_frames(&l, v->domain, &b, l.needed_pages, l.nr_pages);
    write_guest(&l, l.p2m, l.mfn_of, l.nr_pages * sizeof(mfn_t));
    write_tables(&l);
    rc = adopt_page_tables(v, frame_at(&l, l.tables));
    if (rc)
        panic("domain %u's page tables are wrong: %d", b.domid, rc);
    write_start_info(&l, &g, v->domain, &b);
    arch_set_initial_regs(v, g.entry, l.stack + PAGE_SIZE, l.start_info);
    update_wallclock(v->domain);
    report(&l, &g, &b);
    return_list(&l);
    v->is_initialised = true;
    return v;
}
