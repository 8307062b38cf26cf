/* SPDX-License-Identifier: MIT */
/*
 * ACPI's tables (xen/arch/x86/dev/acpi.c), on the host.
 *
 * Proves: the root pointer that a loader brings is used before any search, the later revision's before the older's; one
 * that is wrong is not used, and says so; tables are found by either list, also across pages; none is believed, list or
 * table, if a byte of it is wrong or its length is, and that is said once; nor is a pointer to where the machine has no
 * addresses.
 */
#include "said.h"

#include <asm/page.h>

#define MEMORY 0x110000u
static uint8_t memory[MEMORY] __attribute__((aligned(4096)));
static bool left_machine; /* a frame was mapped that no entry of a page table can name here */

#define BITS 40

static void *frame_at(mfn_t mfn)
{
    static uint8_t nothing[4096] __attribute__((aligned(4096)));

    left_machine |= mfn >> (BITS - 12);
    return mfn < MEMORY >> 12 ? memory + (mfn << 12) : nothing;
}

#include <asm/processor.h>

#define map_frame       frame_at
#define physical_bits() BITS
#define ASM_MM_H        /* of it, only the window is used */
#include "../../xen/arch/x86/dev/acpi.c"

#define RSDT 0x1FF0u /* its entries cross a page's end */
#define XSDT 0x5000u
#define FADT 0x7FFCu
#define MADT 0x9000u
#define LATE 0xB000u
static const uint32_t all_tables[] = {RSDT, XSDT, FADT, MADT, LATE};

static void put_header(uint32_t at, const char *signature, uint32_t length)
{
    struct acpi_header h = {.length = length};

    memcpy(h.signature, signature, 4);
    memcpy(memory + at, &h, sizeof(h));
}

/* After its contents: makes the sum right. */
static void seal(uint32_t at)
{
    struct acpi_header h;
    uint8_t sum = 0;

    memcpy(&h, memory + at, sizeof(h));
    for (uint32_t i = 0; i < h.length && at + i < MEMORY; i++)
        sum += memory[at + i];
    memory[at + offsetof(struct acpi_header, checksum)] -= sum;
}

static struct acpi_rsdp make_root(uint8_t revision, uint32_t rsdt, uint64_t xsdt)
{
    struct acpi_rsdp r = {.signature = {'R', 'S', 'D', ' ', 'P', 'T', 'R', ' '},
                          .revision = revision,
                          .rsdt = rsdt,
                          .length = sizeof(r),
                          .xsdt = xsdt};
    uint8_t sum = 0;

    for (uint32_t i = 0; i < ACPI_RSDP_V1_SIZE; i++)
        sum += ((uint8_t *)&r)[i];
    r.checksum = -sum;
    sum = 0;
    for (uint32_t i = 0; i < sizeof(r); i++)
        sum += ((uint8_t *)&r)[i];
    r.extended_checksum = -sum;
    return r;
}

static void machine(void)
{
    uint32_t rsdt[] = {MADT, 0, FADT};
    uint64_t xsdt[] = {0, 0x123456789000, LATE, FADT};

    memset(memory, 0, sizeof(memory));
    memset(&root, 0, sizeof(root));
    nothing_said();
    left_machine = false;
    put_header(RSDT, "RSDT", sizeof(struct acpi_header) + sizeof(rsdt));
    memcpy(memory + RSDT + sizeof(struct acpi_header), rsdt, sizeof(rsdt));
    put_header(XSDT, "XSDT", sizeof(struct acpi_header) + sizeof(xsdt));
    memcpy(memory + XSDT + sizeof(struct acpi_header), xsdt, sizeof(xsdt));
    put_header(FADT, "FACP", 116);
    put_header(MADT, "APIC", 44);
    put_header(LATE, "APIC", 44);
    for (unsigned int i = 0; i < ARRAY_SIZE(all_tables); i++)
        seal(all_tables[i]);
}

static uint64_t find(const char *signature)
{
    struct acpi_header h;

    return find_acpi_table(signature, sizeof(h), &h);
}

static void of_the_loader(void)
{
    struct acpi_rsdp old = make_root(0, RSDT, XSDT), new = make_root(2, RSDT, XSDT);

    machine();
    offer_acpi_root(&old, ACPI_RSDP_V1_SIZE);
    CHECK(find("FACP") == FADT && find("APIC") == MADT && !find("HPET"), "by the old one");
    machine();
    offer_acpi_root(&old, ACPI_RSDP_V1_SIZE);
    offer_acpi_root(&new, sizeof(new));
    CHECK(find("FACP") == FADT && find("APIC") == LATE, "by the new one");
    machine();
    offer_acpi_root(&new, sizeof(new));
    offer_acpi_root(&old, ACPI_RSDP_V1_SIZE);
    CHECK(find("APIC") == LATE && !said[0], "by the new one, in any order");
}

static void wrong_of_the_loader(void)
{
    struct acpi_rsdp r;

    for (uint32_t i = 0; i < ACPI_RSDP_V1_SIZE; i++) {
        machine();
        r = make_root(0, RSDT, 0);
        ((uint8_t *)&r)[i] ^= 0x10;
        offer_acpi_root(&r, ACPI_RSDP_V1_SIZE);
        CHECK(!find("FACP") && strstr(said, "is wrong, and not used"), "byte %u: %s", i, said);
    }
    for (uint32_t size = 0; size < ACPI_RSDP_V1_SIZE; size++) {
        machine();
        r = make_root(2, RSDT, XSDT);
        offer_acpi_root(&r, size);
        CHECK(!find("FACP") && said[0], "%u bytes", size);
    }
    for (uint32_t size = ACPI_RSDP_V1_SIZE; size < sizeof(r); size++) {
        machine();
        r = make_root(2, RSDT, XSDT);
        offer_acpi_root(&r, size);
        CHECK(find("APIC") == MADT, "%u bytes: the old part is whole", size);
    }
    machine();
    r = make_root(2, RSDT, XSDT);
    r.xsdt ^= 1ull << 40;
    offer_acpi_root(&r, sizeof(r));
    CHECK(find("APIC") == MADT, "the new part is wrong, the old one right");
    machine();
    r = make_root(2, 0, 0);
    offer_acpi_root(&r, sizeof(r));
    CHECK(!find("FACP") && said[0], "it points nowhere");
}

static void of_the_bios(void)
{
    struct acpi_rsdp r = make_root(2, RSDT, XSDT), other = make_root(0, RSDT, 0);

    machine();
    CHECK(!find("FACP"), "there is none");
    memcpy(memory + 0xF1230, &r, sizeof(r));
    CHECK(find("APIC") == LATE, "in the BIOS");
    machine();
    memcpy(memory + EBDA_SEGMENT, &(uint16_t){0x9FC0}, 2);
    memcpy(memory + 0x9FC20, &other, sizeof(other));
    memcpy(memory + 0xF1230, &r, sizeof(r));
    CHECK(find("APIC") == MADT, "in the EBDA, which comes first");
    machine();
    memcpy(memory + 0xF1230, &r, sizeof(r));
    offer_acpi_root(&other, ACPI_RSDP_V1_SIZE);
    CHECK(find("APIC") == MADT, "the loader's comes before the BIOS's");
}

static void lengths(void)
{
    static const uint32_t bad[] = {0, 35, MAX_TABLE + 1, 0xFFFFFFFF};
    struct acpi_rsdp r = make_root(0, RSDT, 0);

    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        machine();
        put_header(RSDT, "RSDT", bad[i]);
        seal(RSDT);
        offer_acpi_root(&r, ACPI_RSDP_V1_SIZE);
        CHECK(!find("FACP"), "the list has %u bytes", bad[i]);
        machine();
        put_header(FADT, "FACP", bad[i]);
        seal(FADT);
        offer_acpi_root(&r, ACPI_RSDP_V1_SIZE);
        CHECK(!find("FACP"), "the table has %u bytes", bad[i]);
    }
    machine();
    put_header(RSDT, "RSDT", sizeof(struct acpi_header) + 11); /* the third entry is not whole */
    seal(RSDT);
    offer_acpi_root(&r, ACPI_RSDP_V1_SIZE);
    CHECK(find("APIC") == MADT && !find("FACP"), "an entry that is not whole");
    machine();
    put_header(RSDT, "XSDT", 48);
    seal(RSDT);
    offer_acpi_root(&r, ACPI_RSDP_V1_SIZE);
    CHECK(!find("FACP"), "another table in the list's place");
}

/* What whoever asks needs of a table; another one of the same name, in the other list, may have it. */
static void too_short(void)
{
    struct acpi_rsdp r = make_root(2, RSDT, XSDT);
    struct acpi_header h;

    machine();
    put_header(MADT, "APIC", 48);
    seal(MADT);
    offer_acpi_root(&r, sizeof(r));
    CHECK(find_acpi_table("APIC", 44, &h) == LATE && !said[0]);
    CHECK(find_acpi_table("APIC", 45, &h) == MADT && h.length == 48 && strstr(said, "APIC at 00000b000"), "%s", said);
    CHECK(!find_acpi_table("APIC", 49, &h) && strstr(said, "length is wrong"), "%s", said);
}

static void sums(void)
{
    struct acpi_rsdp r = make_root(2, RSDT, XSDT);

    for (uint32_t at = 0; at < 44; at++) {
        machine();
        offer_acpi_root(&r, sizeof(r));
        memory[LATE + at] ^= 0x10;
        CHECK(find("APIC") == MADT, "byte %u of a table; the old list has another one", at);
        machine();
        offer_acpi_root(&r, sizeof(r));
        memory[XSDT + at] ^= 0x10;
        CHECK(find("APIC") == MADT, "byte %u of the new list", at);
    }
    machine();
    offer_acpi_root(&r, sizeof(r));
    memory[FADT + 115]++; /* on another page than its header */
    for (unsigned int i = 0; i < 3; i++)
        CHECK(!find("FACP"));
    CHECK(strstr(said, "FACP at 000007ffc is not believed: its checksum is wrong"), "%s", said);
    CHECK(lines_said == 1, "said %u times", lines_said);
}

static void fadt(void)
{
    struct acpi_rsdp r = make_root(0, RSDT, 0);
    struct acpi_fadt f;

    machine();
    offer_acpi_root(&r, ACPI_RSDP_V1_SIZE);
    CHECK(read_fadt(&f) && f.header.length == 116 && !f.reset.address);
    memory[FADT + 115]++;
    CHECK(!read_fadt(&f) && !f.header.length, "a wrong sum");
}

static void pointers(void)
{
    static const uint64_t bad[] = {1ull << BITS,       (1ull << BITS) - 1, (1ull << BITS) - MAX_TABLE + 1, 1ull << 44,
                                   0x123456789A000000, 1ull << 63,         UINT64_MAX - MAX_TABLE,         UINT64_MAX};

    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        struct acpi_rsdp r = make_root(2, RSDT, bad[i]);

        machine();
        offer_acpi_root(&r, sizeof(r));
        CHECK(find("APIC") == MADT, "the list is at %llx: the old one is used", (unsigned long long)bad[i]);
        CHECK(!left_machine, "%llx is read", (unsigned long long)bad[i]);
        machine();
        r = make_root(2, RSDT, XSDT);
        memcpy(memory + XSDT + sizeof(struct acpi_header), &bad[i], sizeof(bad[i]));
        seal(XSDT);
        offer_acpi_root(&r, sizeof(r));
        CHECK(find("APIC") == LATE, "a table is at %llx: the others are found", (unsigned long long)bad[i]);
        CHECK(!left_machine, "%llx is read", (unsigned long long)bad[i]);
    }
}

static const struct unit_test tests[] = {
    {"of_the_loader", of_the_loader},
    {"wrong_of_the_loader", wrong_of_the_loader},
    {"of_the_bios", of_the_bios},
    {"lengths", lengths},
    {"too_short", too_short},
    {"sums", sums},
    {"fadt", fadt},
    {"pointers", pointers},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
