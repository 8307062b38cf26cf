/* SPDX-License-Identifier: MIT */
/*
 * Finds ACPI's tables. Their root pointer comes from the boot loader: it is the only way under UEFI. Without one it is
 * searched for where a BIOS has it.
 */
#include <asm/acpi.h>
#include <asm/mm.h>
#include <asm/processor.h>
#include <xen/lib.h>

#define EBDA_SEGMENT 0x40E /* word in the BIOS data area */
#define BIOS_START   0xE0000
#define BIOS_END     0x100000
#define MAX_TABLE    (1u << 20)
#define REVISION_2   2 /* the first with an XSDT */

#define FRAME_NUMBER_BITS 32 /* of mfn_t */

static struct acpi_rsdp root; /* no signature: none has been found yet */

void __init read_machine(void *dst, uint64_t maddr, uint32_t n)
{
    while (n) {
        uint32_t offset = maddr & ~PAGE_MASK, part = MIN(n, PAGE_SIZE - offset);

        memcpy(dst, (const char *)map_frame(maddr >> PAGE_SHIFT) + offset, part);
        dst = (char *)dst + part;
        maddr += part;
        n -= part;
    }
}

static uint8_t __init sum_of(const void *bytes, uint32_t n)
{
    uint8_t sum = 0;

    for (uint32_t i = 0; i < n; i++)
        sum += ((const uint8_t *)bytes)[i];
    return sum;
}

static bool __init sums_to_zero(const void *bytes, uint32_t n)
{
    return !sum_of(bytes, n);
}

static uint8_t __init sum_of_table(uint64_t maddr, uint32_t length)
{
    uint8_t bytes[256], sum = 0;

    for (uint32_t at = 0; at < length; at += sizeof(bytes)) {
        uint32_t part = MIN(length - at, sizeof(bytes));

        read_machine(bytes, maddr + at, part);
        sum += sum_of(bytes, part);
    }
    return sum;
}

/* Takes over a root pointer of which `size` bytes can be read. What only later revisions have is 0 if it is not there,
 * or not right. */
static bool __init take_root(const struct acpi_rsdp *rsdp, uint32_t size)
{
    struct acpi_rsdp r = {.revision = 0};

    if (size < ACPI_RSDP_V1_SIZE)
        return false;
    memcpy(&r, rsdp, MIN(size, sizeof(r)));
    if (memcmp(r.signature, "RSD PTR ", sizeof(r.signature)) || !sums_to_zero(&r, ACPI_RSDP_V1_SIZE))
        return false;
    if (r.revision < REVISION_2 || size < sizeof(r) || r.length < sizeof(r) || !sums_to_zero(&r, sizeof(r)))
        r.xsdt = 0;
    if (!r.xsdt && !r.rsdt)
        return false;
    root = r;
    return true;
}

void __init offer_acpi_root(const void *rsdp, uint32_t size)
{
    struct acpi_rsdp before = root;

    if (!take_root(rsdp, size))
        printk("The boot loader's ACPI root pointer is wrong, and not used\n");
    else if (before.xsdt && !root.xsdt)
        root = before;
}

static bool __init root_at(uint32_t maddr)
{
    struct acpi_rsdp rsdp;

    read_machine(&rsdp, maddr, sizeof(rsdp));
    return take_root(&rsdp, sizeof(rsdp));
}

static bool __init search_root(void)
{
    uint16_t segment;
    uint32_t ebda;

    read_machine(&segment, EBDA_SEGMENT, sizeof(segment));
    ebda = (uint32_t)segment << 4;
    for (uint32_t at = ebda; ebda && at < ebda + 1024; at += 16)
        if (root_at(at))
            return true;
    for (uint32_t at = BIOS_START; at < BIOS_END; at += 16)
        if (root_at(at))
            return true;
    return false;
}

/* Firmware's pointers of 64 bits need not be addresses that this machine has. */
static bool __init can_be_at(uint64_t maddr)
{
    uint32_t bits = MIN(physical_bits(), FRAME_NUMBER_BITS + PAGE_SHIFT);

    return maddr && maddr <= (1ull << bits) - MAX_TABLE;
}

/* Lists are looked through for each table, but what is wrong is said once. */
static bool __init refuse_table(uint64_t maddr, const char *signature, const char *what)
{
    static uint64_t __initdata told;

    if (maddr != told)
        printk("ACPI: table %s at %09llx is not believed: its %s is wrong\n", signature, (unsigned long long)maddr,
               what);
    told = maddr;
    return false;
}

bool __init read_acpi_header(uint64_t maddr, const char *signature, uint32_t least, struct acpi_header *h)
{
    if (!can_be_at(maddr))
        return false;
    read_machine(h, maddr, sizeof(*h));
    if (memcmp(h->signature, signature, sizeof(h->signature)))
        return false;
    if (h->length < MAX(least, sizeof(*h)) || h->length > MAX_TABLE)
        return refuse_table(maddr, signature, "length");
    return !sum_of_table(maddr, h->length) || refuse_table(maddr, signature, "checksum");
}

/* Looks through the RSDT or XSDT, whose entries have 4 or 8 bytes. */
static uint64_t __init find_in(uint64_t list, const char *list_signature, uint32_t entry_size, const char *signature,
                               uint32_t least, struct acpi_header *h)
{
    struct acpi_header own;

    if (!read_acpi_header(list, list_signature, sizeof(own), &own))
        return 0;
    for (uint32_t at = sizeof(own); at + entry_size <= own.length; at += entry_size) {
        uint64_t maddr = 0;

        read_machine(&maddr, list + at, entry_size);
        if (read_acpi_header(maddr, signature, least, h))
            return maddr;
    }
    return 0;
}

uint64_t __init find_acpi_table(const char *signature, uint32_t least, struct acpi_header *h)
{
    uint64_t maddr;

    if (!*root.signature && !search_root())
        return 0;
    maddr = find_in(root.xsdt, "XSDT", sizeof(uint64_t), signature, least, h);
    return maddr ? maddr : find_in(root.rsdt, "RSDT", sizeof(uint32_t), signature, least, h);
}

bool __init read_fadt(struct acpi_fadt *fadt)
{
    struct acpi_header h;
    uint64_t maddr = find_acpi_table("FACP", offsetof(struct acpi_fadt, pm2_control), &h);

    memset(fadt, 0, sizeof(*fadt));
    if (!maddr)
        return false;
    read_machine(fadt, maddr, MIN(h.length, sizeof(*fadt)));
    return true;
}
