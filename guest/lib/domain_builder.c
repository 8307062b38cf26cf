/* SPDX-License-Identifier: MIT */
/* Making and ending other domains, for domain 0: guest/domain_builder.h. */
#include <guest/console.h>
#include <guest/domain_builder.h>
#include <guest/events.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <guest/string.h>
#include <public/elfnote.h>
#include <public/io/console.h>
#include <public/memory.h>
#include <public/vcpu.h>

#define DEFAULT_PAGES 1024
#define NR_SLOTS      4         /* of an L3 */
#define SLACK         0x80000u  /* mapped behind the stack, at least */
#define MAP_ALIGN     0x400000u /* of the mapping's end */

/* ---- The image: ELF, or this very guest */
struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version, entry, phoff, shoff, flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
    uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};
#define PT_LOAD 1
#define PT_NOTE 4

struct elf_note {
    uint32_t name_size, desc_size, type;
};

struct image {
    const uint8_t *data;
    uint32_t size, paddr_offset;
};

static bool in_image(const struct image *i, uint32_t offset, uint32_t size)
{
    return offset <= i->size && size <= i->size - offset;
}

static void take_note(struct guest_domain *d, struct image *image, uint32_t type, uint32_t value)
{
    switch (type) {
    case XEN_ELFNOTE_ENTRY:
        d->entry = value;
        break;
    case XEN_ELFNOTE_HYPERCALL_PAGE:
        d->hypercall_page = value;
        break;
    case XEN_ELFNOTE_VIRT_BASE:
        d->virt_base = value;
        break;
    case XEN_ELFNOTE_PADDR_OFFSET:
        image->paddr_offset = value;
        break;
    }
}

static void read_notes(struct guest_domain *d, struct image *image, const struct elf_segment *s)
{
    uint32_t at = s->offset, end = s->offset + s->filesz;

    while (end - at >= sizeof(struct elf_note)) {
        const struct elf_note *note = (const struct elf_note *)(image->data + at);
        uint32_t name = (note->name_size + 3) & ~3u, desc = (note->desc_size + 3) & ~3u;
        const char *text = (const char *)(note + 1);

        at += sizeof(*note);
        if (name > end - at || desc > end - at - name)
            return;
        if (note->name_size == 4 && !memcmp(text, "Xen", 4) && note->desc_size == 4)
            take_note(d, image, note->type, *(const uint32_t *)(text + name));
        at += name + desc;
    }
}

/* Calls fn for each segment of this type, until fn returns something other than 0. */
static int each_segment(const struct image *image, uint32_t type, int (*fn)(void *arg, const struct elf_segment *s),
                        void *arg)
{
    const struct elf_header *h = (const struct elf_header *)image->data;
    int err = 0;

    for (uint32_t i = 0; i < h->phnum && !err; i++) {
        const struct elf_segment *s = (const struct elf_segment *)(image->data + h->phoff + i * sizeof(*s));

        if (s->type == type)
            err = fn(arg, s);
    }
    return err;
}

struct loading {
    struct guest_domain *d;
    struct image *image;
};

static int notes_of(void *arg, const struct elf_segment *s)
{
    struct loading *l = arg;

    read_notes(l->d, l->image, s);
    return 0;
}

static uint32_t load_address(const struct loading *l, const struct elf_segment *s)
{
    return s->paddr - l->image->paddr_offset + l->d->virt_base;
}

static int find_end(void *arg, const struct elf_segment *s)
{
    struct loading *l = arg;
    uint32_t end = load_address(l, s) + s->memsz;

    if (end < l->d->virt_base)
        return -ENOEXEC;
    l->d->kernel_end = end > l->d->kernel_end ? end : l->d->kernel_end;
    return 0;
}

static int load_segment(void *arg, const struct elf_segment *s)
{
    struct loading *l = arg;
    uint32_t va = load_address(l, s);
    int err = domain_write(l->d, va, l->image->data + s->offset, s->filesz);

    return err ? err : domain_write(l->d, va + s->filesz, NULL, s->memsz - s->filesz);
}

static int segment_fits(void *arg, const struct elf_segment *s)
{
    struct loading *l = arg;

    return in_image(l->image, s->offset, s->filesz) && s->memsz >= s->filesz ? 0 : -ENOEXEC;
}

static int open_elf(struct loading *l)
{
    const struct elf_header *h = (const struct elf_header *)l->image->data;
    int err;

    if (l->image->size < sizeof(*h) ||
        memcmp(h->ident,
               "\x7F"
               "ELF\1\1",
               6) ||
        h->phentsize != sizeof(struct elf_segment) ||
        !in_image(l->image, h->phoff, h->phnum * sizeof(struct elf_segment)))
        return -ENOEXEC;
    l->d->entry = h->entry;
    err = each_segment(l->image, PT_LOAD, segment_fits, l);
    err = err ? err : each_segment(l->image, PT_NOTE, segment_fits, l);
    err = err ? err : each_segment(l->image, PT_NOTE, notes_of, l);
    return err ? err : each_segment(l->image, PT_LOAD, find_end, l);
}

extern const char image_start[], bss_start[], image_end[], _start[]; /* guest.lds.S */

static int open_image(struct loading *l)
{
    struct guest_domain *d = l->d;

    if (l->image->data)
        return open_elf(l);
    d->virt_base = VIRT_BASE;
    d->entry = (uint32_t)_start;
    d->hypercall_page = (uint32_t)hypercall_page;
    d->kernel_end = (uint32_t)image_end;
    return 0;
}

static int load_image(struct loading *l)
{
    int err;

    if (l->image->data)
        return each_segment(l->image, PT_LOAD, load_segment, l);
    err = domain_write(l->d, (uint32_t)image_start, image_start, bss_start - image_start);
    return err ? err : domain_write(l->d, (uint32_t)bss_start, NULL, image_end - bss_start);
}

/* ---- The domain and its memory */
static int create(struct guest_domain *d, const struct domain_config *config)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_createdomain, .domain = config->domid};
    int err = domctl(&op);

    if (err)
        return err;
    d->domid = op.domain;
    op = (struct xen_domctl){
        .cmd = XEN_DOMCTL_max_vcpus, .domain = d->domid, .u.max_vcpus.max = config->nr_vcpus ? config->nr_vcpus : 1};
    err = domctl(&op);
    if (err)
        return err;
    op = (struct xen_domctl){
        .cmd = XEN_DOMCTL_max_mem, .domain = d->domid, .u.max_mem.max_memkb = (uint64_t)d->nr_pages * 4};
    return domctl(&op);
}

static int populate(struct guest_domain *d)
{
    struct xen_memory_reservation r = {.extent_start = d->mfns, .nr_extents = d->nr_pages, .domid = d->domid};

    for (uint32_t pfn = 0; pfn < d->nr_pages; pfn++)
        d->mfns[pfn] = pfn;
    return HYPERVISOR_memory_op(XENMEM_populate_physmap, &r) == (int32_t)d->nr_pages ? 0 : -ENOMEM;
}

/* The slots of the L3 that have an L2: those that the map touches, and the hypervisor's. Xen's own builder does the
 * same. */
static bool has_l2(const struct guest_domain *d, uint32_t slot)
{
    return slot == L3_INDEX(VIRT_BASE) || (slot >= L3_INDEX(d->virt_base) && slot <= L3_INDEX(d->end - 1));
}

static uint32_t l2s_before(const struct guest_domain *d, uint32_t slot)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < slot; i++)
        n += has_l2(d, i);
    return n;
}

static uint32_t l2_at(const struct guest_domain *d, uint32_t slot)
{
    return d->tables + (1 + l2s_before(d, slot)) * PAGE_SIZE;
}

/* The virtual addresses from the kernel's end up, in the order of Xen's own builder. */
static int plan(struct guest_domain *d)
{
    uint32_t at = (d->kernel_end + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1), l1s = 0, stack_end;

    d->p2m = at;
    at += (d->nr_pages * sizeof(uint32_t) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    d->start_info = at;
    d->store = at + PAGE_SIZE;
    d->console = at + 2 * PAGE_SIZE;
    d->tables = at + 3 * PAGE_SIZE;
    d->end = at;
    do { /* more tables move the end up, and a higher end needs more tables */
        l1s++;
        d->nr_tables = 1 + l2s_before(d, NR_SLOTS) + l1s;
        stack_end = d->tables + (d->nr_tables + 1) * PAGE_SIZE;
        d->end = (stack_end + SLACK + MAP_ALIGN - 1) & ~(MAP_ALIGN - 1);
    } while (((d->end - 1) >> 21) - (d->virt_base >> 21) + 1 > l1s || 1 + l2s_before(d, NR_SLOTS) + l1s > d->nr_tables);
    d->stack = stack_end - PAGE_SIZE;
    return (stack_end - d->virt_base) >> PAGE_SHIFT <= d->nr_pages ? 0 : -ENOMEM;
}

static uint32_t mfn_at(const struct guest_domain *d, uint32_t va)
{
    return d->mfns[(va - d->virt_base) >> PAGE_SHIFT];
}

static uint32_t l1_at(const struct guest_domain *d, uint32_t va)
{
    return l2_at(d, NR_SLOTS) + ((va >> 21) - (d->virt_base >> 21)) * PAGE_SIZE;
}

/* Writes the L1 table for the 2 MiB at va. page is a scratch page. */
static int write_l1(const struct guest_domain *d, pte_t *page, uint32_t va)
{
    uint32_t first = va > d->virt_base ? va : d->virt_base;

    memset(page, 0, PAGE_SIZE);
    for (uint32_t at = first; at < d->end && at >> 21 == va >> 21; at += PAGE_SIZE) {
        bool table = at >= d->tables && at < d->stack;

        if ((at - d->virt_base) >> PAGE_SHIFT < d->nr_pages)
            page[L1_INDEX(at)] = make_pte(mfn_at(d, at), table ? PTE_KERNEL_RO : PTE_KERNEL_RW);
    }
    return domain_write(d, l1_at(d, va), page, PAGE_SIZE);
}

static int write_l2(const struct guest_domain *d, pte_t *page, uint32_t slot)
{
    memset(page, 0, PAGE_SIZE);
    for (uint32_t va = d->virt_base & ~0x1FFFFFu; va < d->end; va += 0x200000)
        if (L3_INDEX(va) == slot)
            page[L2_INDEX(va)] = make_pte(mfn_at(d, l1_at(d, va)), PTE_TABLE);
    return domain_write(d, l2_at(d, slot), page, PAGE_SIZE);
}

static int write_tables(const struct guest_domain *d)
{
    pte_t *page = alloc_page();
    int err = 0;

    for (uint32_t va = d->virt_base & ~0x1FFFFFu; va < d->end && !err; va += 0x200000)
        err = write_l1(d, page, va);
    for (uint32_t slot = 0; slot < NR_SLOTS && !err; slot++)
        if (has_l2(d, slot))
            err = write_l2(d, page, slot);
    if (!err) {
        memset(page, 0, PAGE_SIZE);
        for (uint32_t slot = 0; slot < NR_SLOTS; slot++)
            if (has_l2(d, slot))
                page[slot] = make_pte(mfn_at(d, l2_at(d, slot)), PTE_P);
        err = domain_write(d, d->tables, page, PAGE_SIZE);
    }
    free_page(page);
    return err;
}

static int pin_tables(const struct guest_domain *d)
{
    struct mmuext_op op = {.cmd = MMUEXT_PIN_L3_TABLE, .arg1.mfn = mfn_at(d, d->tables)};

    return HYPERVISOR_mmuext_op(&op, 1, NULL, (uint32_t)d->domid);
}

static int write_start_info(const struct guest_domain *d, const char *cmdline)
{
    static struct start_info si;
    uint32_t length = cmdline ? strlen(cmdline) : 0;

    memset(&si, 0, sizeof(si));
    memcpy(si.magic, "xen-3.0-x86_32p", 16);
    si.nr_pages = d->nr_pages;
    si.shared_info = d->shared_info_mfn << PAGE_SHIFT;
    si.store_mfn = mfn_at(d, d->store);
    si.store_evtchn = d->store_port;
    si.console.domU.mfn = mfn_at(d, d->console);
    si.console.domU.evtchn = d->console_port;
    si.pt_base = d->tables;
    si.nr_pt_frames = d->nr_tables;
    si.mfn_list = d->p2m;
    memcpy(si.cmd_line, cmdline ? cmdline : "", length < sizeof(si.cmd_line) ? length : sizeof(si.cmd_line) - 1);
    return domain_write(d, d->start_info, &si, sizeof(si));
}

static int set_up_shared_info(const struct guest_domain *d)
{
    struct shared_info *s = foreign_map(d->domid, d->shared_info_mfn, true);

    if (!s)
        return -EFAULT;
    for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
        s->vcpu_info[i].evtchn_upcall_mask = 1;
    s->arch.max_pfn = d->nr_pages;
    foreign_unmap(s);
    return 0;
}

static int tie_console(struct guest_domain *d)
{
    int console = event_alloc_unbound(d->domid, DOMID_SELF), store, ours;

    if (console < 0)
        return console;
    store = event_alloc_unbound(d->domid, DOMID_SELF);
    if (store < 0)
        return store;
    ours = event_bind_interdomain(d->domid, console);
    if (ours < 0)
        return ours;
    d->console_port = console;
    d->store_port = store;
    d->our_console_port = ours;
    d->ring = foreign_map(d->domid, mfn_at(d, d->console), true);
    return d->ring ? 0 : -EFAULT;
}

static int fill_memory(struct guest_domain *d, struct loading *l, const char *cmdline)
{
    struct xen_domctl_getdomaininfo info;
    int err = domain_info(d->domid, &info);

    d->shared_info_mfn = info.shared_info_frame;
    err = err ? err : load_image(l);
    err = err ? err : domain_write(d, d->p2m, d->mfns, d->nr_pages * sizeof(uint32_t));
    err = err ? err : domain_write(d, d->start_info, NULL, d->tables - d->start_info);
    err = err ? err : tie_console(d);
    err = err ? err : write_start_info(d, cmdline);
    err = err ? err : write_tables(d);
    err = err ? err : set_up_shared_info(d);
    if (!err && d->hypercall_page) {
        struct xen_domctl op = {.cmd = XEN_DOMCTL_hypercall_init, .domain = d->domid};

        op.u.hypercall_init.gmfn = mfn_at(d, d->hypercall_page);
        err = domctl(&op);
    }
    return err ? err : pin_tables(d);
}

static int set_registers(const struct guest_domain *d)
{
    static struct vcpu_guest_context c;
    struct xen_domctl op = {.cmd = XEN_DOMCTL_setvcpucontext, .domain = d->domid};

    memset(&c, 0, sizeof(c));
    c.flags = VGCF_in_kernel | VGCF_online;
    c.user_regs.cs = FLAT_KERNEL_CS;
    c.user_regs.ds = c.user_regs.es = c.user_regs.fs = c.user_regs.gs = c.user_regs.ss = c.kernel_ss = FLAT_KERNEL_DS;
    c.user_regs.eip = d->entry;
    c.user_regs.esp = c.kernel_sp = d->stack + PAGE_SIZE;
    c.user_regs.esi = d->start_info;
    c.user_regs.eflags = 0x202;
    c.ctrlreg[3] = xen_pfn_to_cr3(mfn_at(d, d->tables));
    op.u.vcpucontext.ctxt.p = &c;
    return domctl(&op);
}

int domain_build(struct guest_domain *d, const struct domain_config *config)
{
    struct image image = {.data = config->image, .size = config->image_size};
    struct loading l = {d, &image};
    int err;

    memset(d, 0, sizeof(*d));
    d->nr_pages = config->nr_pages ? config->nr_pages : DEFAULT_PAGES;
    err = open_image(&l);
    err = err ? err : plan(d);
    if (err)
        return err;
    while (PAGE_SIZE / sizeof(uint32_t) << d->mfns_order < d->nr_pages)
        d->mfns_order++;
    d->mfns = alloc_pages(d->mfns_order);
    err = create(d, config);
    err = err ? err : populate(d);
    err = err ? err : fill_memory(d, &l, config->cmdline);
    err = err ? err : set_registers(d);
    if (err)
        domain_free(d);
    return err;
}

int domain_free(struct guest_domain *d)
{
    int err = 0;

    if (d->ring)
        foreign_unmap(d->ring);
    d->ring = NULL;
    if (d->our_console_port)
        event_close(d->our_console_port);
    d->our_console_port = 0;
    if (d->domid)
        err = domain_destroy(d->domid);
    if (err)
        return err;
    for (uint32_t i = 0; d->mfns && i < 1u << d->mfns_order; i++)
        free_page((char *)d->mfns + i * PAGE_SIZE);
    d->mfns = NULL;
    d->domid = 0;
    return 0;
}
