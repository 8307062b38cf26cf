/* SPDX-License-Identifier: MIT */
/* Reads ACPI's MADT: asm/madt.h. Firmware is not believed: a table that contradicts itself is not used. */
#include <asm/acpi.h>
#include <asm/madt.h>
#include <xen/lib.h>

enum { LOCAL_APIC, IO_APIC, ISA_OVERRIDE, NMI_SOURCE, LOCAL_NMI, LOCAL_X2APIC = 9, LOCAL_X2APIC_NMI = 10 };

struct madt_table {
    struct acpi_header header;
    uint32_t local_address, flags;
} __attribute__((packed));

/* An entry: what the kinds that are of interest have. */
struct entry {
    uint8_t type, length;
    union {
        struct {
            uint8_t uid, id;
            uint32_t flags;
        } __attribute__((packed)) local;
        struct {
            uint8_t id, reserved;
            uint32_t address, gsi_base;
        } __attribute__((packed)) io;
        struct {
            uint8_t bus, source;
            uint32_t gsi;
            uint16_t flags;
        } __attribute__((packed)) isa;
        struct {
            uint16_t flags;
            uint32_t gsi;
        } __attribute__((packed)) nmi;
        struct {
            uint8_t uid;
            uint16_t flags;
            uint8_t lint;
        } __attribute__((packed)) local_nmi;
        struct {
            uint16_t reserved;
            uint32_t id, flags, uid;
        } __attribute__((packed)) x2apic;
        struct {
            uint16_t flags;
            uint32_t uid;
            uint8_t lint;
        } __attribute__((packed)) x2apic_nmi;
    };
} __attribute__((packed));

#define ANY_UID       0xFFu /* of a local APIC's NMI, */
#define ANY_X2APIC    0xFFFFFFFFu
#define LOCAL_ENABLED 1u

static struct madt *madt;
static uint32_t this_cpu_id, this_uid = NO_UID;

/* The least length of each kind. */
static uint32_t __init needed(uint8_t type)
{
    static const uint8_t lengths[] = {[LOCAL_APIC] = 8, [IO_APIC] = 12,      [ISA_OVERRIDE] = 10,    [NMI_SOURCE] = 8,
                                      [LOCAL_NMI] = 6,  [LOCAL_X2APIC] = 16, [LOCAL_X2APIC_NMI] = 12};

    return type < ARRAY_SIZE(lengths) && lengths[type] ? lengths[type] : 2;
}

/* Bits 0 and 1: as the bus has it, high, -, low. Bits 2 and 3: as the bus has it, edge, -, level. */
static bool __init read_mode(uint16_t flags, struct line_mode *mode)
{
    mode->low = (flags & 3) == 3;
    mode->level = (flags >> 2 & 3) == 3;
    return (flags & 3) != 2 && (flags >> 2 & 3) != 2;
}

/* --- Entries. Each says what is wrong, or NULL. */

static const char *__init io_apic(const struct entry *e)
{
    uint32_t n = madt->nr_io_apics;

    if (n == MAX_IO_APICS)
        return "it has too many I/O APICs";
    if (!e->io.address || e->io.address & 15)
        return "an I/O APIC's address is wrong";
    if (e->io.gsi_base >= MAX_GSIS)
        return "an I/O APIC's interrupts have numbers that are too high";
    for (uint32_t i = 0; i < n; i++) {
        if (madt->io_apic[i].id == e->io.id)
            return "two I/O APICs have the same id";
        if (madt->io_apic[i].address == e->io.address)
            return "two I/O APICs have the same address";
        if (madt->io_apic[i].gsi_base == e->io.gsi_base)
            return "the interrupts of two I/O APICs overlap";
    }
    madt->io_apic[n].id = e->io.id;
    madt->io_apic[n].address = e->io.address;
    madt->io_apic[n].gsi_base = e->io.gsi_base;
    madt->nr_io_apics++;
    return NULL;
}

static const char *__init isa_override(const struct entry *e)
{
    uint32_t line = e->isa.source;

    if (e->isa.bus || line >= ISA_LINES)
        return "an override is not about an ISA line";
    if (e->isa.gsi >= MAX_GSIS)
        return "an override leads to an interrupt that cannot be";
    if (madt->isa[line].given)
        return "there are two overrides for an ISA line";
    madt->isa[line].given = true;
    madt->isa[line].gsi = e->isa.gsi;
    return read_mode(e->isa.flags, &madt->isa[line].mode) ? NULL : "an override's polarity or trigger mode is reserved";
}

static const char *__init nmi_source(const struct entry *e)
{
    uint32_t n = madt->nr_nmis;

    if (n == MAX_NMIS)
        return "it has too many sources of NMIs";
    if (e->nmi.gsi >= MAX_GSIS)
        return "a source of NMIs cannot be";
    madt->nmi[n].gsi = e->nmi.gsi;
    madt->nr_nmis++;
    return read_mode(e->nmi.flags, &madt->nmi[n].mode) ? NULL : "an NMI's polarity or trigger mode is reserved";
}

static const char *__init local_nmi(bool ours, uint32_t lint, uint16_t flags)
{
    if (lint >= NR_LINTS)
        return "a local NMI comes through an input that cannot be";
    if (!ours)
        return NULL;
    madt->lint[lint].nmi = true;
    return read_mode(flags, &madt->lint[lint].mode) ? NULL : "an NMI's polarity or trigger mode is reserved";
}

static const char *__init first_pass(const struct entry *e)
{
    switch (e->type) {
    case LOCAL_APIC:
        if (e->local.id == this_cpu_id && e->local.flags & LOCAL_ENABLED)
            this_uid = e->local.uid;
        return NULL;
    case LOCAL_X2APIC:
        if (e->x2apic.id == this_cpu_id && e->x2apic.flags & LOCAL_ENABLED)
            this_uid = e->x2apic.uid;
        return NULL;
    case IO_APIC:
        return io_apic(e);
    case ISA_OVERRIDE:
        return isa_override(e);
    case NMI_SOURCE:
        return nmi_source(e);
    default:
        return NULL;
    }
}

/* These name a processor by what another entry, before or behind, says of it. */
static const char *__init second_pass(const struct entry *e)
{
    if (e->type == LOCAL_NMI)
        return local_nmi(e->local_nmi.uid == ANY_UID || e->local_nmi.uid == this_uid, e->local_nmi.lint,
                         e->local_nmi.flags);
    if (e->type == LOCAL_X2APIC_NMI)
        return local_nmi(e->x2apic_nmi.uid == ANY_X2APIC || e->x2apic_nmi.uid == this_uid, e->x2apic_nmi.lint,
                         e->x2apic_nmi.flags);
    return NULL;
}

/* --- The table */

static const char *__init each_entry(uint64_t maddr, uint32_t length, const char *(*look)(const struct entry *e))
{
    const char *why = NULL;

    for (uint32_t at = sizeof(struct madt_table); at < length && !why;) {
        static struct entry e;
        uint32_t left = length - at;

        e = (struct entry){.type = 0};
        read_machine(&e, maddr + at, MIN(left, sizeof(e)));
        if (left < 2 || e.length < needed(e.type) || e.length > left)
            return "the length of an entry is wrong";
        why = look(&e);
        at += e.length;
    }
    return why;
}

static void __init nothing_known(struct madt *m)
{
    *m = (struct madt){.nr_io_apics = 0};
    for (uint32_t line = 0; line < ISA_LINES; line++)
        m->isa[line].gsi = line;
    this_uid = NO_UID;
    m->lint[1].nmi = true; /* as PCs have always had it: MultiProcessor Specification 1.4, 3.6.2 */
}

static const char *__init read_table(uint32_t cpu)
{
    struct acpi_header h;
    const char *why;
    uint64_t maddr = find_acpi_table("APIC", sizeof(struct madt_table), &h);

    if (!maddr)
        return "there is none to be believed";
    madt->lint[1].nmi = false;
    this_cpu_id = cpu;
    why = each_entry(maddr, h.length, first_pass);
    return why ?: each_entry(maddr, h.length, second_pass);
}

const char *__init read_madt(struct madt *m, uint32_t cpu)
{
    const char *why;

    madt = m;
    nothing_known(m);
    why = read_table(cpu);
    if (why)
        nothing_known(m);
    return why;
}

uint32_t madt_uid(void)
{
    return this_uid;
}
