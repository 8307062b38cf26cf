/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space and message-signalled interrupts (xen/arch/x86/dev/pci.c, msi.c), on the host, with a PCI bus
 * of two functions.
 *
 * Proves: lists of capabilities that loop or leave their place end; ACPI's MCFG is believed only where it can be true,
 * and hidden functions' frames are kept; a message is written whole, and only while it is masked; no entry beyond the
 * table, no table elsewhere than the base address register says at that time or where the domain has no access, is ever
 * written. The bus and the table are memory of this program; whatever is written beside the table is noticed.
 */
#include "unit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <stdint.h>

#define ASM_IO_H
static void outl(uint16_t port, uint32_t value);
static uint32_t in_sized(uint16_t port, uint32_t bytes);
static void out_sized(uint16_t port, uint32_t bytes, uint32_t value);

#include <asm/processor.h>
#define physical_bits() 40
#include "../../xen/arch/x86/dev/pci.c"
#include "../../xen/arch/x86/dev/msi.c"

/* --- The bus: functions 0x0010 and 0x0108 */

#define FIRST  0x0010
#define SECOND 0x0108

static uint8_t config[2][256];
static uint32_t selected;
static unsigned int reads;

static uint8_t *register_at(uint16_t port)
{
    static uint8_t nothing[4];
    uint16_t function = selected >> 8;
    int i = function == FIRST ? 0 : function == SECOND ? 1 : -1;

    CHECK(port >= 0xCFC && port <= 0xCFF && selected >> 31, "port %x", port);
    memset(nothing, 0xFF, sizeof(nothing));
    reads++;
    return i < 0 ? nothing : &config[i][(selected & 0xFC) + port - 0xCFC];
}

static uint32_t in_sized(uint16_t port, uint32_t bytes)
{
    uint32_t value = 0;

    memcpy(&value, register_at(port), bytes);
    return value;
}

static void out_sized(uint16_t port, uint32_t bytes, uint32_t value)
{
    memcpy(register_at(port), &value, bytes);
}

static void outl(uint16_t port, uint32_t value)
{
    if (port == 0xCF8)
        selected = value;
    else
        out_sized(port, sizeof(value), value);
}

/* --- The rest of the machine */

#define BAR   0x8FE000000ull
#define TABLE (BAR + 0x1000)

static uint32_t pages[4][1024];
static struct domain domain;
struct cpu this_cpu;
struct domain *dom_io, *dom0;
mfn_t max_page;
unsigned int nr_gsis = 24;
struct frame_range read_only_frames[MAX_READ_ONLY_RANGES];
uint32_t nr_read_only_ranges;
enum apic_mode apic_mode = XAPIC;
static bool allocated[MAX_MSIS];
static uint8_t mcfg[256];
static uint32_t mcfg_length;
static mfn_t kept[8];
static unsigned int nr_kept;

/* As the map has it: all below 4 GiB is RAM, and there are 2^40 addresses. */
bool can_be_registers(uint64_t start, uint64_t end)
{
    return start >= 0x100000000ull && end > start && end <= 1ull << 40;
}

volatile void *map_device_page(mfn_t mfn)
{
    CHECK(mfn - (BAR >> 12) < 4, "frame %x", mfn);
    return pages[(mfn - (BAR >> 12)) & 3];
}

uint32_t apic_id(void)
{
    return 5;
}

int alloc_msi_irq(const struct irq_chip *chip)
{
    for (unsigned int i = 0; i < MAX_MSIS; i++)
        if (!allocated[i]) {
            allocated[i] = true;
            return nr_gsis + i;
        }
    return -ENOSPC;
}

void free_msi_irq(unsigned int irq)
{
    mask_msi(irq);
    allocated[irq - nr_gsis] = false;
}

uint8_t irq_vector(unsigned int irq)
{
    return 0x40 + irq - nr_gsis;
}

void keep_frames(mfn_t first, mfn_t last)
{
    if (nr_kept < ARRAY_SIZE(kept))
        kept[nr_kept++] = first;
    CHECK(first == last, "frames %x to %x", first, last);
}

uint64_t find_acpi_table(const char *signature, uint32_t least, struct acpi_header *h)
{
    h->length = mcfg_length;
    return 1;
}

void read_machine(void *dst, uint64_t maddr, uint32_t n)
{
    memcpy(dst, mcfg + maddr - 1, n);
}

void printk(const char *fmt, ...)
{
}

void panic(const char *fmt, ...)
{
    printf("panic: %s\n", fmt);
    __builtin_trap();
}

static void put(unsigned int i, uint32_t reg, unsigned int bytes, uint32_t value)
{
    memcpy(&config[i][reg], &value, bytes);
}

/* The first function has MSI with mask bits at 50 and MSI-X, 4 entries, at 70; the second has the smallest MSI. */
static void begin(void)
{
    memset(config, 0, sizeof(config));
    memset(pages, 0xEE, sizeof(pages));
    memset(msis, 0, sizeof(msis));
    memset(guards, 0, sizeof(guards));
    memset(read_only_frames, 0, sizeof(read_only_frames));
    nr_read_only_ranges = 0;
    memset(allocated, 0, sizeof(allocated));
    for (unsigned int i = 0; i < 2; i++) {
        put(i, PCI_VENDOR, 2, 0x1AF4);
        put(i, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
        put(i, PCI_STATUS, 2, PCI_STATUS_CAPABILITIES);
        put(i, PCI_CAPABILITIES, 1, 0x50);
        put(i, 0x50, 2, 0x7000 | PCI_CAP_MSI);
        put(i, 0x70, 2, PCI_CAP_MSIX);
    }
    put(0, 0x52, 2, MSI_64BIT | MSI_HAS_MASK | MSI_HOW_MANY);
    put(0, 0x72, 2, 3);
    put(0, 0x74, 4, 0x1002); /* base address register 2 */
    put(0, PCI_BAR0 + 8, 4, (uint32_t)BAR | PCI_BAR_64BIT);
    put(0, PCI_BAR0 + 12, 4, BAR >> 32);
    memset(&domain, 0, sizeof(domain));
    rangeset_add(&domain.arch.frames_permitted, 0, 0xFFFFFFF);
    this_cpu.domain = dom0 = &domain;
}

/* --- Tests */

static void capabilities(void)
{
    begin();
    CHECK(pci_find_capability(FIRST, PCI_CAP_MSI) == 0x50 && pci_find_capability(FIRST, PCI_CAP_MSIX) == 0x70, "both");
    CHECK(!pci_find_capability(FIRST, 0x10), "one that it has not");
    CHECK(!pci_find_capability(0x0011, PCI_CAP_MSI), "no such function");
    put(0, 0x71, 1, 0x50); /* a loop */
    reads = 0;
    CHECK(!pci_find_capability(FIRST, 0x10) && reads < 200, "a loop: %u accesses", reads);
    put(0, 0x71, 1, 0x73); /* itself, and the lowest two bits are none */
    CHECK(!pci_find_capability(FIRST, 0x10), "one that is its own next");
    put(0, PCI_CAPABILITIES, 1, 0x3C);
    CHECK(!pci_find_capability(FIRST, PCI_CAP_MSI), "a list in the header");
    put(0, PCI_CAPABILITIES, 1, 0x50);
    put(0, PCI_STATUS, 2, 0);
    CHECK(!pci_find_capability(FIRST, PCI_CAP_MSI), "no list");
    put(0, PCI_STATUS, 2, PCI_STATUS_CAPABILITIES);
    put(0, PCI_HEADER_TYPE, 1, 2);
    CHECK(!pci_find_capability(FIRST, PCI_CAP_MSI), "a bridge to CardBus has its list elsewhere");
}

static void bars(void)
{
    begin();
    CHECK(pci_memory_bar(FIRST, 2) == BAR, "64 bits");
    CHECK(!pci_memory_bar(FIRST, 6) && !pci_memory_bar(FIRST, 7), "there are six");
    put(0, PCI_BAR0, 4, 0xC001);
    CHECK(!pci_memory_bar(FIRST, 0), "ports");
    put(0, PCI_BAR0 + 20, 4, 0xFE000000 | PCI_BAR_64BIT);
    CHECK(!pci_memory_bar(FIRST, 5), "64 bits, and no register for the upper half");
    put(0, PCI_HEADER_TYPE, 1, 1);
    CHECK(!pci_memory_bar(FIRST, 2), "a bridge has two");
}

static void msi(void)
{
    struct msi_place place = {.devfn = FIRST};
    int irq;

    begin();
    irq = msi_enable(&place);
    CHECK(irq == (int)nr_gsis, "number %d", irq);
    CHECK(*(uint32_t *)&config[0][0x54] == 0xFEE05000 && !*(uint32_t *)&config[0][0x58] &&
              *(uint16_t *)&config[0][0x5C] == 0x40,
          "the message");
    CHECK(config[0][0x60] == 1 && !(config[0][0x52] & (MSI_ENABLE | MSI_HOW_MANY)), "masked, and one message");
    CHECK(config[0][5] & PCI_COMMAND_INTX_DISABLE >> 8, "its line is silent");
    unmask_msi(irq);
    CHECK(!config[0][0x60] && config[0][0x52] & MSI_ENABLE, "unmasked");
    mask_msi(irq);
    CHECK(config[0][0x60] == 1 && config[0][0x52] & MSI_ENABLE, "masked again");
    CHECK(msi_enable(&place) == -EEXIST, "twice");
    place.table = BAR;
    CHECK(msi_enable(&place) == -EEXIST, "the other kind beside it");
    msi_disable(irq);
    CHECK(!(config[0][0x52] & MSI_ENABLE) && !(config[0][5] & PCI_COMMAND_INTX_DISABLE >> 8), "off");
    place = (struct msi_place){.bus = 1, .devfn = 8};
    irq = msi_enable(&place);
    CHECK(irq == (int)nr_gsis && *(uint16_t *)&config[1][0x58] == 0x40 && !config[1][0x60], "32 bits without masks");
    CHECK(!(config[1][0x52] & MSI_ENABLE), "cannot be sent before it is asked for");
    unmask_msi(irq);
    CHECK(config[1][0x52] & MSI_ENABLE, "and then can");
    memset(&config[1][0x54], 0, 8);
    CHECK(!msi_restore(0, 1, 8) && *(uint16_t *)&config[1][0x58] == 0x40 && config[1][0x52] & MSI_ENABLE, "restored");
    CHECK(msi_restore(0, 2, 8) == -ENODEV && msi_restore(1, 1, 8) == -ENODEV, "no such device");
    place.entry = 1;
    CHECK(msi_enable(&place) == -EINVAL, "MSI has no entries");
    place = (struct msi_place){.segment = 1, .devfn = FIRST};
    CHECK(msi_enable(&place) == -ENODEV, "another segment");
}

static uint32_t word(uint32_t entry, unsigned int i)
{
    return pages[1][entry * 4 + i];
}

static bool only_the_table_changed(void)
{
    for (unsigned int i = 0; i < 4 * 1024; i++)
        if ((i < 1024 || i >= 1024 + 4 * 4) && ((uint32_t *)pages)[i] != 0xEEEEEEEE)
            return false;
    return true;
}

static void msix(void)
{
    struct msi_place place = {.devfn = FIRST, .entry = 3, .table = BAR};
    int irq, other;

    begin();
    for (unsigned int i = 0; i < 4; i++)
        pages[1][i * 4 + ENTRY_CONTROL] = 0;
    irq = msi_enable(&place);
    CHECK(irq >= 0, "number %d", irq);
    CHECK(word(3, 0) == 0xFEE05000 && !word(3, 1) && word(3, 2) == 0x40 && word(3, 3) == 1, "the message");
    CHECK(word(0, 3) == 1 && word(0, 0) == 0xEEEEEEEE, "the other entries are masked, and that is all");
    CHECK((*(uint16_t *)&config[0][0x72] & (MSIX_ENABLE | MSIX_MASK_ALL)) == MSIX_ENABLE, "on");
    place.entry = 0;
    other = msi_enable(&place);
    unmask_msi(other);
    CHECK(other >= 0 && !word(0, 3) && word(3, 3) == 1, "another one");
    CHECK(msi_enable(&place) == -EEXIST, "twice");
    place.entry = 4;
    CHECK(msi_enable(&place) == -EINVAL, "beyond the table");
    place.entry = 0x10000003;
    CHECK(msi_enable(&place) == -EINVAL, "far beyond it, round 4 GiB");
    CHECK(msi_prepare(0, 0, FIRST, true) == -EBUSY && msi_prepare(0, 0, FIRST, false) == -EBUSY, "in use");
    pages[1][0] = 0;
    CHECK(!msi_restore(0, 0, FIRST) && word(0, 0) == 0xFEE05000 && !word(0, 3) && word(3, 3) == 1, "restored");
    msi_disable(other);
    CHECK(word(0, 3) == 1 && *(uint16_t *)&config[0][0x72] & MSIX_ENABLE, "one remains");
    msi_disable(irq);
    CHECK(!(*(uint16_t *)&config[0][0x72] & MSIX_ENABLE) && msi_prepare(0, 0, FIRST, true) == -EBUSY, "none");
    CHECK(only_the_table_changed(), "nothing beside the table is written");
}

/* Frames that are read-only, by their distance from the base address register. */
static uint32_t read_only(void)
{
    uint32_t frames = 0;

    for (uint32_t i = 0; i < nr_read_only_ranges; i++)
        for (uint32_t n = 0; n < read_only_frames[i].n; n++) {
            uint32_t at = read_only_frames[i].first + n - (BAR >> 12);

            CHECK(at < 32, "frame %x", at);
            frames |= 1u << (at & 31);
        }
    for (uint32_t i = nr_read_only_ranges; i < MAX_READ_ONLY_RANGES; i++)
        CHECK(!read_only_frames[i].n, "range %u is not looked at", i);
    return frames;
}

static void msix_read_only(void)
{
    struct msi_place place = {.devfn = FIRST, .entry = 3, .table = BAR};
    int irq, other;

    begin();
    put(0, 0x78, 4, 0x2FF8 | 2); /* the pending bits: a word of 64 at a page's end */
    irq = msi_enable(&place);
    CHECK(irq >= 0 && read_only() == 0x6, "in use: %x", read_only());
    place.entry = 0;
    other = msi_enable(&place);
    msi_disable(irq);
    CHECK(read_only() == 0x6, "one entry remains");
    msi_disable(other);
    CHECK(!read_only() && !nr_read_only_ranges, "none remains");

    CHECK(!msi_prepare(0, 0, FIRST, false) && read_only() == 0x6, "prepared");
    CHECK(msi_prepare(0, 0, FIRST, false) == -EBUSY, "twice");
    irq = msi_enable(&place);
    CHECK(msi_prepare(0, 0, FIRST, true) == -EBUSY, "released while it is in use");
    msi_disable(irq);
    CHECK(read_only() == 0x6, "prepared, and no more in use");
    CHECK(!msi_prepare(0, 0, FIRST, true) && !read_only(), "released");

    put(0, 0x72, 2, 2047); /* the largest: 8 pages, and 256 bytes of pending bits that cross a page's end */
    put(0, 0x74, 4, 0x10000 | 2);
    put(0, 0x78, 4, 0x19F80 | 2);
    CHECK(!msi_prepare(0, 0, FIRST, false) && read_only() == 0x6FF0000, "the largest: %x", read_only());
    put(0, 0x74, 4, 0x8000 | 2);
    CHECK(!msi_prepare(0, 0, FIRST, true) && !read_only(), "moved in the meantime");

    put(0, 0x72, 2, 3);
    put(0, 0x74, 4, 0x1002);
    put(0, 0x78, 4, 0x3);
    irq = msi_enable(&place);
    CHECK(irq >= 0 && read_only() == 0x2, "no pending bits");
    put(0, 0x74, 4, 0x2002);
    CHECK(msi_prepare(0, 0, FIRST, false) == -EBUSY && read_only() == 0x2, "in use, and moved");
    place.entry = 1;
    other = msi_enable(&place);
    CHECK(other >= 0 && read_only() == 0x4, "seen where it is now");
    msi_disable(irq);
    msi_disable(other);
    put(0, 0x74, 4, 0x1002);

    put(0, PCI_BAR0 + 8, 4, 0 | PCI_BAR_64BIT);
    put(0, PCI_BAR0 + 12, 4, 0);
    CHECK(msi_prepare(0, 0, FIRST, false) == -ENXIO, "no address yet");
    put(0, PCI_BAR0 + 8, 4, (uint32_t)BAR | PCI_BAR_64BIT);
    put(0, PCI_BAR0 + 12, 4, BAR >> 32);
    rangeset_remove(&domain.arch.frames_permitted, TABLE >> 12, TABLE >> 12);
    CHECK(msi_prepare(0, 0, FIRST, false) == -ENXIO, "a frame that the domain may not have");
    put(1, 0x70, 2, 0);
    CHECK(msi_prepare(0, 1, 8, false) == -ENODEV, "no MSI-X");
    CHECK(!read_only() && !nr_read_only_ranges, "nothing has changed");
}

static void msix_refused(void)
{
    struct msi_place place = {.devfn = FIRST, .table = BAR};

    begin();
    place.table = BAR + 0x1000;
    CHECK(msi_enable(&place) == -EINVAL, "a table elsewhere");
    place.table = BAR;
    put(0, 0x74, 4, 0x1006);
    CHECK(msi_enable(&place) == -EINVAL, "a base address register that does not exist");
    put(0, 0x74, 4, 0x100A);
    CHECK(msi_enable(&place) == -EINVAL, "entries that may cross a page's end");
    put(0, 0x74, 4, 0x1002);
    rangeset_remove(&domain.arch.frames_permitted, TABLE >> 12, TABLE >> 12);
    CHECK(msi_enable(&place) == -EINVAL, "a frame that the domain may not have");
    place.table = 0xFFFFFFFFFFFFE000ull; /* a device that lies: its table would go on at address 0 */
    put(0, PCI_BAR0 + 8, 4, 0xFFFFE000 | PCI_BAR_64BIT);
    put(0, PCI_BAR0 + 12, 4, 0xFFFFFFFF);
    put(0, 0x74, 4, 0x1FE2);
    CHECK(msi_enable(&place) == -EINVAL, "beyond the last address");
    place.table = BAR;
    put(0, PCI_BAR0 + 8, 4, (uint32_t)BAR | PCI_BAR_64BIT);
    put(0, PCI_BAR0 + 12, 4, BAR >> 32);
    put(0, 0x74, 4, 0x1002);
    rangeset_add(&domain.arch.frames_permitted, TABLE >> 12, TABLE >> 12);
    put(0, PCI_COMMAND, 2, 0);
    CHECK(msi_enable(&place) == -ENXIO, "memory addresses are off");
    put(0, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    apic_mode = NO_APIC;
    CHECK(msi_enable(&place) == -ENODEV, "no local APIC");
    apic_mode = XAPIC;
    for (unsigned int i = 0; i < MAX_MSIS; i++)
        allocated[i] = true;
    CHECK(msi_enable(&place) == -ENOSPC, "no number is left");
    CHECK(!uses_of(FIRST) && !(*(uint16_t *)&config[0][0x72] & MSIX_ENABLE), "nothing has changed");
    for (unsigned int i = 0; i < 4 * 1024; i++)
        CHECK(((uint32_t *)pages)[i] == 0xEEEEEEEE, "word %u is written", i);
}

/* A device that is moved, shrinks, is switched off or goes while it uses MSI-X. What the hypervisor found before is not
 * true any more: it writes where the table is now, or not at all. */
static void msix_found_anew(void)
{
    struct msi_place place = {.devfn = FIRST, .entry = 3, .table = BAR};
    int irq;

    begin();
    irq = msi_enable(&place);
    memset(pages, 0xEE, sizeof(pages));
    put(0, 0x74, 4, 0x2002);
    mask_msi(irq);
    CHECK(word(3, ENTRY_CONTROL) == 0xEEEEEEEE && pages[2][3 * 4 + ENTRY_CONTROL] == 0xEEEEEEEF, "where it is now");
    CHECK(!msi_restore(0, 0, FIRST) && pages[2][3 * 4] == 0xFEE05000 && read_only() == 0x4, "restored there");
    memset(pages, 0xEE, sizeof(pages));

    put(0, 0x72, 2, 2);
    mask_msi(irq);
    CHECK(msi_restore(0, 0, FIRST) == -ENXIO, "the table has no such entry any more");
    put(0, 0x72, 2, 2047); /* and now it reaches into a frame of somebody else's */
    rangeset_remove(&domain.arch.frames_permitted, (BAR >> 12) + 3, (BAR >> 12) + 3);
    mask_msi(irq);
    CHECK(msi_restore(0, 0, FIRST) == -ENXIO, "a table that has grown");
    rangeset_add(&domain.arch.frames_permitted, (BAR >> 12) + 3, (BAR >> 12) + 3);
    put(0, 0x72, 2, 3);
    put(0, PCI_COMMAND, 2, 0);
    mask_msi(irq);
    CHECK(msi_restore(0, 0, FIRST) == -ENXIO, "switched off");
    put(0, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    put(0, 0x70, 1, 0x09);
    mask_msi(irq);
    CHECK(msi_restore(0, 0, FIRST) == -ENXIO, "another capability is there");
    put(0, 0x70, 1, PCI_CAP_MSIX);
    put(0, PCI_BAR0 + 8, 4, 0xFFFFF000 | PCI_BAR_64BIT);
    put(0, PCI_BAR0 + 12, 4, 0xFFFFFFFF);
    put(0, 0x74, 4, 0x0FF2);
    mask_msi(irq);
    CHECK(msi_restore(0, 0, FIRST) == -ENXIO, "over the end of all addresses");
    memset(config[0], 0xFF, sizeof(config[0]));
    mask_msi(irq);
    CHECK(msi_restore(0, 0, FIRST) == -ENODEV, "gone");
    msi_disable(irq);
    CHECK(!uses_of(FIRST) && !nr_read_only_ranges, "given up");
    CHECK(msi_prepare(0, 0, FIRST, true) == -ENODEV, "one that has gone, and was not prepared");
    begin();
    CHECK(!msi_prepare(0, 0, FIRST, false) && read_only() == 0x2, "prepared");
    memset(config[0], 0xFF, sizeof(config[0]));
    CHECK(msi_prepare(1, 0, FIRST, true) == -ENODEV && read_only() == 0x2, "another segment's");
    CHECK(!msi_prepare(0, 0, FIRST, true) && !nr_read_only_ranges, "released after it has gone");
    for (unsigned int i = 0; i < 4 * 1024; i++)
        CHECK(((uint32_t *)pages)[i] == 0xEEEEEEEE, "word %u is written", i);
}

static void mcfg_entry(unsigned int i, uint64_t address, uint16_t segment, uint8_t first, uint8_t last)
{
    struct mcfg_entry e = {address, segment, first, last, 0};

    memcpy(mcfg + MCFG_ENTRIES + i * sizeof(e), &e, sizeof(e));
    mcfg_length = MCFG_ENTRIES + (i + 1) * sizeof(e);
}

static void ecam_lies(void)
{
    begin();
    nr_ecam = nr_kept = nr_hidden = 0;
    pci_hide(SECOND);
    mcfg_entry(0, 0x80000000, 0, 0, 255);            /* RAM */
    mcfg_entry(1, 0xF000000000000000ull, 0, 0, 255); /* no such addresses */
    mcfg_entry(2, 0x100001000ull, 0, 0, 255);        /* not aligned */
    mcfg_entry(3, 0x100000000ull, 0, 9, 3);          /* backwards */
    mcfg_entry(4, 0, 0, 0, 255);
    mcfg_entry(5, 0x200000000ull, 0, 0, 127);
    mcfg_entry(6, 0x300000000ull, 1, 0, 255); /* another segment hides nothing */
    mcfg_length += 15;                        /* and a part of one more */
    init_pci();
    CHECK(nr_ecam == 2, "%u are believed", nr_ecam);
    CHECK(nr_kept == 1 && kept[0] == 0x200000 + SECOND, "%u frames are kept: %x", nr_kept, kept[0]);
    CHECK(!pci_mmcfg_reserved(0x200000000ull, 0, 0, 127, 0) &&
              pci_mmcfg_reserved(0x80000000, 0, 0, 255, 0) == -ENODEV &&
              pci_mmcfg_reserved(0x200000000ull, 0, 0, 255, 0) == -ENODEV,
          "what domain 0 confirms");
    CHECK(pci_device_add(0, 1, 8) == -ENODEV && !pci_device_add(0, 0, FIRST), "the hidden one is not there");
    nr_hidden = 0;
}

static const struct unit_test tests[] = {
    {"pci_capabilities", capabilities},
    {"pci_bars", bars},
    {"msi", msi},
    {"msix", msix},
    {"msix_refused", msix_refused},
    {"msix_found_anew", msix_found_anew},
    {"msix_read_only", msix_read_only},
    {"pci_ecam_lies", ecam_lies},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
