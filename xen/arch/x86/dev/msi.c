/* SPDX-License-Identifier: MIT */
/*
 * MSI and MSI-X: asm/msi.h. The hypervisor alone chooses the message: this processor's address, and the vector that
 * irq.c has for the interrupt's number. The table of MSI-X is in the device's memory, and is reached through one page
 * of the device map.
 */
#include <asm/apic.h>
#include <asm/device_access.h>
#include <asm/device_map.h>
#include <asm/irq.h>
#include <asm/mm.h>
#include <asm/msi.h>
#include <asm/pci.h>
#include <public/errno.h>
#include <xen/lib.h>

/* Registers of the capability for MSI, from its beginning. */
#define MSI_CONTROL  2
#define MSI_ADDRESS  4
#define MSI_HIGH     8 /* only if MSI_64BIT; else what follows is 4 bytes lower */
#define MSI_DATA     12
#define MSI_MASK     16
#define MSI_ENABLE   0x0001
#define MSI_HOW_MANY 0x0070
#define MSI_64BIT    0x0080
#define MSI_HAS_MASK 0x0100

/* The same for MSI-X, and a table entry's. */
#define MSIX_CONTROL  2
#define MSIX_TABLE    4 /* the lowest 3 bits: the base address register; the others: the offset behind it */
#define MSIX_PENDING  8 /* the same of the pending bits, in words of 64 */
#define MSIX_LAST     0x07FF
#define MSIX_MASK_ALL 0x4000
#define MSIX_ENABLE   0x8000
#define MSIX_BAR      0x7u
#define ENTRY_SIZE    16
enum { ENTRY_ADDRESS, ENTRY_HIGH, ENTRY_DATA, ENTRY_CONTROL };
#define ENTRY_MASKED 1u

#define MESSAGE_ADDRESS 0xFEE00000u
#define DESTINATION_AT  12
#define MAX_DESTINATION 0xFE /* 8 bits, and 0xFF is everybody */

/* By the interrupt's number, less nr_gsis. */
static struct msi {
    bool used, is_msix, masked;
    uint8_t capability; /* its register */
    uint16_t function, entry;
} msis[MAX_MSIS];

static void mask_msi(unsigned int irq);
static void unmask_msi(unsigned int irq);
static const struct irq_chip chip_msi = {mask_msi, unmask_msi};

static uint32_t message_address(void)
{
    return MESSAGE_ADDRESS | apic_id() << DESTINATION_AT;
}

/* --- MSI */

static uint16_t control_of(const struct msi *m)
{
    return pci_read(m->function, m->capability + MSI_CONTROL, 2);
}

static void set_control(const struct msi *m, uint16_t value)
{
    pci_write(m->function, m->capability + MSI_CONTROL, 2, value);
}

/* The register behind the address, which has one word or two. */
static uint32_t behind_address(const struct msi *m, uint32_t reg)
{
    return m->capability + (control_of(m) & MSI_64BIT ? reg : reg - 4);
}

static void program_msi(const struct msi *m, uint8_t vector)
{
    set_control(m, control_of(m) & ~(MSI_ENABLE | MSI_HOW_MANY)); /* one message only */
    pci_write(m->function, m->capability + MSI_ADDRESS, 4, message_address());
    if (control_of(m) & MSI_64BIT)
        pci_write(m->function, m->capability + MSI_HIGH, 4, 0);
    pci_write(m->function, behind_address(m, MSI_DATA), 2, vector);
}

static void set_msi_mask(const struct msi *m)
{
    uint16_t control = control_of(m);

    if (control & MSI_HAS_MASK)
        pci_write(m->function, behind_address(m, MSI_MASK), 4, m->masked);
    if (!m->masked && !(control & MSI_ENABLE))
        set_control(m, control | MSI_ENABLE);
}

/* --- Where the table of MSI-X and its pending bits are. A device may be moved, switched off, reset or taken away at
 * any time, so whoever writes to the table finds it anew. */

/* They may only be where domain 0 itself may map them: never in RAM, nor among registers that the hypervisor keeps. */
static bool range_permitted(uint64_t first, uint32_t bytes)
{
    uint64_t last = first + bytes - 1;

    if (last < first)
        return false;
    for (uint64_t frame = first >> PAGE_SHIFT; frame <= last >> PAGE_SHIFT; frame++)
        if (frame >= INVALID_MFN || !frame_permitted(dom0, frame) ||
            (frame < max_page && mfn_to_page(frame)->owner != dom_io))
            return false;
    return true;
}

/* The machine address that a register of the capability stands for. 0: none. */
static uint64_t msix_address(uint16_t function, uint32_t reg)
{
    uint32_t where = pci_read(function, reg, 4);
    uint64_t bar = pci_memory_bar(function, where & MSIX_BAR), at = bar + (where & ~MSIX_BAR);

    return bar && at >= bar ? at : 0;
}

struct msix_table {
    uint64_t at; /* machine address. 0: it is nowhere, or where it cannot be */
    uint32_t entries;
};

static struct msix_table find_table(const struct msi *m)
{
    struct msix_table t = {msix_address(m->function, m->capability + MSIX_TABLE), (control_of(m) & MSIX_LAST) + 1};

    if (t.at % ENTRY_SIZE || !range_permitted(t.at, t.entries * ENTRY_SIZE))
        t.at = 0;
    return t;
}

/* The device still has the table, with m's entry, and answers there. */
static bool reach_table(const struct msi *m, struct msix_table *t)
{
    *t = find_table(m);
    return t->at && m->entry < t->entries && pci_read(m->function, m->capability, 1) == PCI_CAP_MSIX &&
           pci_read(m->function, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY;
}

/* --- MSI-X */

static volatile uint32_t *map_entry(const struct msix_table *t, uint32_t n)
{
    uint64_t at = t->at + n * ENTRY_SIZE;

    return (volatile uint32_t *)((volatile char *)map_device_page(at >> PAGE_SHIFT) + (at & ~PAGE_MASK));
}

static void program_msix(const struct msi *m, uint8_t vector)
{
    struct msix_table t;
    volatile uint32_t *entry;

    if (!reach_table(m, &t))
        return;
    entry = map_entry(&t, m->entry);
    entry[ENTRY_CONTROL] |= ENTRY_MASKED; /* a message must not change while it may be sent */
    entry[ENTRY_ADDRESS] = message_address();
    entry[ENTRY_HIGH] = 0;
    entry[ENTRY_DATA] = vector;
}

static void set_msix_mask(const struct msi *m)
{
    struct msix_table t;
    volatile uint32_t *entry;
    uint32_t control;

    if (!reach_table(m, &t))
        return;
    entry = map_entry(&t, m->entry);
    control = entry[ENTRY_CONTROL];
    entry[ENTRY_CONTROL] = m->masked ? control | ENTRY_MASKED : control & ~ENTRY_MASKED;
    (void)entry[ENTRY_CONTROL]; /* the write has arrived */
}

/* No entry sends anything that nobody has asked for. Then the device may use its table. */
static void start_msix(const struct msi *m, const struct msix_table *t)
{
    uint16_t control = control_of(m);

    set_control(m, control | MSIX_ENABLE | MSIX_MASK_ALL);
    for (uint32_t i = 0; i < t->entries; i++)
        map_entry(t, i)[ENTRY_CONTROL] |= ENTRY_MASKED;
    spend(t->entries);
    set_control(m, (control | MSIX_ENABLE) & ~MSIX_MASK_ALL);
}

/* --- Both */

static void set_mask(unsigned int irq, bool masked)
{
    struct msi *m = &msis[irq - nr_gsis];

    m->masked = masked;
    if (m->is_msix)
        set_msix_mask(m);
    else
        set_msi_mask(m);
}

static void mask_msi(unsigned int irq)
{
    set_mask(irq, true);
}

static void unmask_msi(unsigned int irq)
{
    set_mask(irq, false);
}

static unsigned int uses_of(uint16_t function)
{
    unsigned int n = 0;

    spend(MAX_MSIS / 2);
    for (unsigned int i = 0; i < MAX_MSIS; i++)
        n += msis[i].used && msis[i].function == function;
    return n;
}

static bool in_use(const struct msi *wanted)
{
    spend(MAX_MSIS / 2);
    for (unsigned int i = 0; i < MAX_MSIS; i++)
        if (msis[i].used && msis[i].function == wanted->function &&
            (!wanted->is_msix || !msis[i].is_msix || msis[i].entry == wanted->entry))
            return true;
    return false;
}

/* --- Keeping them from being written to: a record for each function that uses MSI-X, or has been prepared for it */

static struct guard {
    bool used, prepared;
    uint16_t function;
} guards[MAX_READ_ONLY_RANGES / 2]; /* each has two ranges, at twice its index */

static struct guard *find_guard(uint16_t function)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(guards); i++)
        if (guards[i].used && guards[i].function == function)
            return &guards[i];
    return NULL;
}

static struct frame_range frames_of(uint64_t at, uint32_t bytes)
{
    mfn_t first = at >> PAGE_SHIFT;

    return (struct frame_range){first, ((at + bytes - 1) >> PAGE_SHIFT) - first + 1};
}

/* With the addresses of now: a device may have been moved since. -ENOSPC. */
static int guard(const struct msi *m, const struct msix_table *t)
{
    uint32_t bytes = (t->entries + 63) / 64 * 8;
    uint64_t pending = msix_address(m->function, m->capability + MSIX_PENDING);
    struct guard *g = find_guard(m->function);
    uint32_t i = 0;

    while (!g && i < ARRAY_SIZE(guards) && guards[i].used)
        i++;
    if (!g && i == ARRAY_SIZE(guards))
        return -ENOSPC;
    if (!g)
        guards[i] = (struct guard){.used = true, .function = m->function};
    else
        i = g - guards;
    read_only_frames[2 * i] = frames_of(t->at, t->entries * ENTRY_SIZE);
    read_only_frames[2 * i + 1] =
        pending && range_permitted(pending, bytes) ? frames_of(pending, bytes) : (struct frame_range){0, 0};
    nr_read_only_ranges = MAX(nr_read_only_ranges, 2 * i + 2);
    return 0;
}

/* If nobody needs it any more. */
static void unguard(uint16_t function)
{
    struct guard *g = find_guard(function);

    if (!g || g->prepared || uses_of(function))
        return;
    g->used = false;
    read_only_frames[2 * (g - guards)].n = read_only_frames[2 * (g - guards) + 1].n = 0;
    while (nr_read_only_ranges && !guards[nr_read_only_ranges / 2 - 1].used)
        nr_read_only_ranges -= 2;
}

/* --- A new one */

static int find_msix_entry(const struct msi_place *place, struct msi *m, struct msix_table *t)
{
    *t = find_table(m);
    if (place->entry >= t->entries || !t->at ||
        place->table != t->at - (pci_read(m->function, m->capability + MSIX_TABLE, 4) & ~MSIX_BAR))
        return -EINVAL;
    m->entry = place->entry;
    return reach_table(m, t) ? 0 : -ENXIO;
}

/* Fills *m and, for MSI-X, *t, after all checks. */
static int find_msi(const struct msi_place *place, struct msi *m, struct msix_table *t)
{
    int rc;

    *m = (struct msi){
        .used = true, .masked = true, .is_msix = place->table, .function = (uint16_t)(place->bus << 8 | place->devfn)};
    if (pci_device_add(place->segment, place->bus, place->devfn) || !apic_is_on() || apic_id() > MAX_DESTINATION)
        return -ENODEV;
    m->capability = pci_find_capability(m->function, m->is_msix ? PCI_CAP_MSIX : PCI_CAP_MSI);
    if (!m->capability)
        return -ENODEV;
    rc = m->is_msix ? find_msix_entry(place, m, t) : place->entry ? -EINVAL : 0;
    return !rc && in_use(m) ? -EEXIST : rc;
}

/* Its line is silent while it sends messages. */
static void set_line(uint16_t function, bool on)
{
    uint16_t command = pci_read(function, PCI_COMMAND, 2);

    pci_write(function, PCI_COMMAND, 2, on ? command & ~PCI_COMMAND_INTX_DISABLE : command | PCI_COMMAND_INTX_DISABLE);
}

static void program(const struct msi *m, uint8_t vector)
{
    if (m->is_msix)
        program_msix(m, vector);
    else
        program_msi(m, vector);
}

int msi_enable(const struct msi_place *place)
{
    struct msi m;
    struct msix_table t;
    int rc = find_msi(place, &m, &t), irq;

    if (rc)
        return rc;
    if (m.is_msix && guard(&m, &t))
        return -ENOSPC;
    irq = alloc_msi_irq(&chip_msi);
    if (irq < 0) {
        unguard(m.function);
        return irq;
    }
    if (m.is_msix && !uses_of(m.function))
        start_msix(&m, &t);
    set_line(m.function, false);
    msis[irq - nr_gsis] = m;
    program(&m, irq_vector(irq));
    mask_msi(irq);
    return irq;
}

void msi_disable(unsigned int irq)
{
    struct msi *m = &msis[irq - nr_gsis];

    mask_msi(irq);
    free_msi_irq(irq);
    m->used = false;
    if (uses_of(m->function))
        return;
    set_control(m, control_of(m) & ~(m->is_msix ? MSIX_ENABLE : MSI_ENABLE));
    set_line(m->function, true);
    unguard(m->function);
}

long msi_restore(uint16_t segment, uint8_t bus, uint8_t devfn)
{
    bool started = false;

    if (pci_device_add(segment, bus, devfn))
        return -ENODEV;
    for (unsigned int i = 0; i < MAX_MSIS; i++) {
        const struct msi *m = &msis[i];
        struct msix_table t;

        if (!m->used || m->function != (bus << 8 | devfn))
            continue;
        if (m->is_msix && (!reach_table(m, &t) || guard(m, &t)))
            return -ENXIO;
        if (m->is_msix && !started)
            start_msix(m, &t);
        started = true;
        set_line(m->function, false);
        program(m, irq_vector(nr_gsis + i));
        set_mask(nr_gsis + i, m->masked);
    }
    return 0;
}

static long prepare(uint16_t function)
{
    struct msi m = {.function = function, .capability = pci_find_capability(function, PCI_CAP_MSIX)};
    struct msix_table t = find_table(&m);

    if (find_guard(function))
        return -EBUSY;
    if (!t.at)
        return -ENXIO;
    if (guard(&m, &t))
        return -ENOSPC;
    find_guard(function)->prepared = true;
    return 0;
}

static long release(uint16_t function)
{
    struct guard *g = find_guard(function);

    if (!g || !g->prepared || uses_of(function))
        return -EBUSY;
    g->prepared = false;
    unguard(function);
    return 0;
}

long msi_prepare(uint16_t segment, uint8_t bus, uint8_t devfn, bool off)
{
    uint16_t function = bus << 8 | devfn;
    bool there = !pci_device_add(segment, bus, devfn) && pci_find_capability(function, PCI_CAP_MSIX);

    if (segment || !(there || (off && find_guard(function)))) /* one that has gone can be released */
        return -ENODEV;
    return off ? release(function) : prepare(function);
}
