/* SPDX-License-Identifier: MIT */
/* Start-up, from the boot loader's information (boot_info.c) to running domains. */
#include <asm/descriptors.h>
#include <asm/device_access.h>
#include <asm/device_map.h>
#include <asm/emulate.h>
#include <asm/fpu.h>
#include <asm/frames.h>
#include <asm/irq.h>
#include <asm/pci.h>
#include <public/memory.h>
#include <xen/audit.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/machine.h>
#include <xen/memory_map.h>
#include <xen/schedule.h>
#include <xen/setup.h>
#include <xen/trace.h>
#include <xen/version.h>

#define LOW_MEMORY 0x100000u
#define BIG_PAGE   (1u << L2_SHIFT)

#define MIN_MEMORY_MIB 48
#define MIN_HEAP_MIB   6u

extern char _start[], _stext[], _etext[], _srodata[], _erodata[], _end[];

static const char *__init type_name(uint32_t type)
{
    static const char *const names[] = {"RAM", "reserved", "ACPI data", "ACPI NVS", "unusable"};

    return type <= ARRAY_SIZE(names) ? names[type - 1] : "reserved";
}

static void __init find_free_memory(void)
{
    uint64_t total = 0;

    for (unsigned int i = 0; i < machine_map_entries; i++) {
        const struct e820entry *e = &machine_map[i];

        log_at(LOG_INFO, "  %09llx - %09llx  %s\n", (unsigned long long)e->addr,
               (unsigned long long)(e->addr + e->size), type_name(e->type));
        if (e->type != E820_RAM)
            continue;
        add_range(e->addr, e->addr + e->size);
        total += e->size;
    }
    max_page = nr_ranges ? ranges[nr_ranges - 1].end >> PAGE_SHIFT : 0;
    printk("Memory: %llu MiB, frames up to %05x\n", (unsigned long long)(total >> 20), max_page);
    if (total >> 20 < MIN_MEMORY_MIB)
        panic("Too little memory: %u MiB, and %u are needed", (uint32_t)(total >> 20), MIN_MEMORY_MIB);
    reserve(0, LOW_MEMORY);
    reserve(virt_to_mach(_start), virt_to_mach(_end));
}

static uint32_t __init module_start(const struct boot_module *m)
{
    return (uint32_t)m->data;
}

static uint32_t __init module_end(const struct boot_module *m)
{
    return ROUNDUP(module_start(m) + m->size, PAGE_SIZE);
}

static void __init move_module(struct boot_module *m)
{
    uint32_t to = take_range(ROUNDUP(m->size, PAGE_SIZE), PAGE_SIZE, IDENTITY_END);

    if (!to)
        panic("Too little memory: no room for a module of %u KiB beside the heap", m->size >> 10);
    memmove((void *)to, m->data, m->size);
    m->data = (const uint8_t *)to;
}

/* The heap must be in the direct map, right behind the image, which is where boot loaders like to put modules. If one
 * is in its way, all modules are moved: the highest one first, each as high as possible. So no module is overwritten
 * before it has been moved. */
static void __init place_modules(uint32_t heap_end)
{
    struct boot_module *by_address[MAX_MODULES];
    bool in_the_way = false;

    for (unsigned int i = 0; i < nr_modules; i++) {
        unsigned int at = i;

        for (; at && module_start(by_address[at - 1]) > module_start(&modules[i]); at--)
            by_address[at] = by_address[at - 1];
        by_address[at] = &modules[i];
        in_the_way |= module_start(&modules[i]) < heap_end;
    }
    for (unsigned int i = nr_modules; i-- > 0;)
        if (in_the_way)
            move_module(by_address[i]);
        else
            reserve(module_start(by_address[i]), module_end(by_address[i]));
}

/* The heap comes right behind the image, unless there is a hole in memory. */
static void __init make_heap(void)
{
    uint32_t wanted = MIN(MAX(max_page >> 12, MIN_HEAP_MIB), 20) << 20;
    struct range r = largest_range(virt_to_mach(_end), DIRECTMAP_SIZE);

    r.end = MIN(r.end, r.start + wanted);
    if (r.end - r.start < MIN_HEAP_MIB << 20)
        panic("Too little memory below %u MiB for the heap: %u KiB", DIRECTMAP_SIZE >> 20,
              (uint32_t)(r.end - r.start) >> 10);
    reserve(r.start, r.end);
    place_modules(r.end);
    init_heap(mach_to_virt(r.start), (r.end - r.start) >> PAGE_SHIFT);
}

static void __init map_big(uint32_t va, uint64_t maddr, uint32_t flags)
{
    pte_t *slot = &idle_l2[va >> L2_SHIFT & (L2_ENTRIES - 1)];

    slot->hi = maddr >> 32 | nx_mask_hi;
    slot->lo = (uint32_t)maddr | flags | _PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_PSE | _PAGE_GLOBAL;
}

static void __init map_table(uint32_t va, const pte_t *l1)
{
    pte_t *slot = &idle_l2[va >> L2_SHIFT & (L2_ENTRIES - 1)];

    *slot = make_pte(virt_to_mfn(l1), _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY);
}

static uint32_t __init big_page(void)
{
    uint32_t at = take_range(BIG_PAGE, BIG_PAGE, IDENTITY_END);

    if (!at)
        panic("Too little memory for the frame table");
    return at;
}

/* The first 2 MiB of the direct map hold the code. They are mapped in small pages, so that only the code can be
 * executed. */
static pte_t image_l1[L1_ENTRIES] __aligned(PAGE_SIZE);

static void __init protect_image(void)
{
    for (unsigned int i = 0; i < L1_ENTRIES; i++) {
        const char *va = mach_to_virt(i << PAGE_SHIFT);
        pte_t e = make_pte(i, _PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_GLOBAL);

        if (va < _stext || va >= _erodata)
            e.lo |= _PAGE_RW;
        if (va < _stext || va >= _srodata)
            e.hi |= nx_mask_hi;
        image_l1[i] = e;
    }
    if (_etext > (char *)mach_to_virt(BIG_PAGE))
        panic("the code does not fit the first 2 MiB");
    map_table(DIRECTMAP_START, image_l1);
    for (uint32_t at = BIG_PAGE; at < DIRECTMAP_SIZE; at += BIG_PAGE)
        map_big(DIRECTMAP_START + at, at, _PAGE_RW);
}

static void __init map_hypervisor(void)
{
    uint32_t frames_size = ROUNDUP(max_page * sizeof(struct page_info), BIG_PAGE);
    uint32_t mpt_size = ROUNDUP(max_page * sizeof(uint32_t), BIG_PAGE);

    for (uint32_t at = 0; at < mpt_size; at += BIG_PAGE) {
        uint32_t page = big_page();

        memset((void *)page, 0xFF, BIG_PAGE);
        map_big(RO_MPT_START + at, page, 0);
        map_big(RDWR_MPT_START + at, page, _PAGE_RW);
    }
    for (uint32_t at = 0; at < frames_size; at += BIG_PAGE) {
        uint32_t page = big_page();

        memset((void *)page, 0, BIG_PAGE);
        map_big(FRAME_TABLE + at, page, _PAGE_RW);
    }
    for (unsigned int i = 0; i < WIN_SLOTS / L1_ENTRIES; i++)
        map_table(WINDOWS_START + i * BIG_PAGE, &window_pte[i * L1_ENTRIES]);
    for (unsigned int i = 0; i < MAX_VCPU_AREAS * VCPU_AREA_SIZE / BIG_PAGE; i++)
        map_table(VCPU_AREAS_START + i * BIG_PAGE, &vcpu_area_pte[i * L1_ENTRIES]);
    protect_image();
    write_cr3(read_cr3());
}

uint32_t machphys_frame(uint32_t index)
{
    pte_t e = idle_l2[L2_HYP_FIRST + index];

    return pte_mfn(e) & ~(BIG_PAGE / PAGE_SIZE - 1);
}

/* Domain 0's tools map the frames of the machine-to-physical table. */
static void __init show_machphys(void)
{
    uint32_t pages = ROUNDUP(max_page * sizeof(uint32_t), BIG_PAGE) / BIG_PAGE;

    for (uint32_t i = 0; i < pages; i++)
        for (uint32_t frame = 0; frame < BIG_PAGE / PAGE_SIZE; frame++)
            share_frame_with(dom_xen, machphys_frame(i) + frame, false);
}

/* All frames that are not RAM belong to dom_io, as do those below 1 MiB: devices are there. */
static void __init give_io_frames(void)
{
    mfn_t next = 0;

    for (unsigned int i = 0; i < machine_map_entries; i++) {
        const struct e820entry *e = &machine_map[i];

        if (e->type != E820_RAM)
            continue;
        for (mfn_t first = MIN((e->addr + PAGE_SIZE - 1) >> PAGE_SHIFT, max_page); next < first; next++)
            share_frame_with(dom_io, next, true);
        next = MAX(next, (e->addr + e->size) >> PAGE_SHIFT);
    }
    for (mfn_t mfn = 0; mfn < LOW_MEMORY >> PAGE_SHIFT; mfn++)
        share_frame_with(dom_io, mfn, true);
}

/* In the map that domain 0 sees, the frames that the hypervisor keeps are reserved: XenLinux maps those of an I/O APIC
 * if nobody says that they are taken, gets some other page, and believes what it reads there. */
static void __init reserve_kept_frames(void)
{
    static struct e820entry raw[E820_MAX + RANGESET_MAX];
    uint32_t n = machine_map_entries;
    struct map_loss loss;

    memcpy(raw, machine_map, n * sizeof(*raw));
    for (uint32_t i = 0; i < kept_frames.n; i++) {
        uint64_t start = (uint64_t)kept_frames.range[i].first << PAGE_SHIFT,
                 end = ((uint64_t)kept_frames.range[i].last + 1) << PAGE_SHIFT;

        if (can_be_registers(start, end))
            raw[n++] = (struct e820entry){.addr = start, .size = end - start, .type = E820_RESERVED};
    }
    machine_map_entries = merge_memory_map(raw, n, machine_map, E820_MAX - 1, &loss);
}

static void __init free_memory(void)
{
    for (unsigned int i = 0; i < nr_ranges; i++)
        add_dom_frames(ranges[i].start >> PAGE_SHIFT, ranges[i].end >> PAGE_SHIFT);
}

/* Guests have copies of the entries of the last L2 only, so the identity map can be removed. Then nothing reads the
 * modules any more, and they are freed. */
static void __init drop_identity_map(void)
{
    for (unsigned int i = 0; i < 3; i++)
        idle_l3[i] = (pte_t){.raw = 0};
    write_cr3(idle_cr3);
    for (unsigned int i = 0; i < nr_modules; i++)
        if (!modules[i].given_away)
            add_dom_frames(module_start(&modules[i]) >> PAGE_SHIFT, module_end(&modules[i]) >> PAGE_SHIFT);
}

/* A future owner must not see what booting, or another system before it, has left in free memory. */
static void __init clear_free_frames(void)
{
    for (mfn_t mfn = 0; mfn < max_page; mfn++)
        if (free_dom_frames_from(mfn) >> mfn % 32 & 1)
            clear_page(map_frame(mfn));
}

void start_xen(uint32_t magic, uint32_t information);

void __init start_xen(uint32_t magic, uint32_t information)
{
    set_memory_types();
    map_table(DEVICE_MAP_START, device_map); /* first: the console's UART may be there */
    init_console();
    printk("Int82 %u.%u%s, Xen ABI for 32-bit PAE\n", XEN_VERSION >> 16, XEN_VERSION & 0xFFFF, XEN_EXTRAVERSION);
    read_boot_information(magic, information);
    init_mm();
    open_console();
    find_free_memory();
    make_heap();
    map_hypervisor();
    init_power();
    init_pci();
    init_domains();
    give_io_frames();
    show_machphys();
    free_memory();
    init_trace();
    init_descriptor_tables();
    reset_processor();
    init_fpu();
    init_irqs();
    load_tss(); /* again: if the APIC's task priority is touched under a KVM that runs on QEMU's TCG, the latter finds
                   the TSS to be busy, and ends at the first interrupt of a guest */
    init_emulation();
    init_time();
    watch_irqs();
    reserve_kept_frames();
    init_idle();
    build_domains();
    drop_identity_map();
    clear_free_frames();
    console_wait(false);
    idle_loop();
}
