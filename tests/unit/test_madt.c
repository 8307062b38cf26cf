/* SPDX-License-Identifier: MIT */
/*
 * ACPI's MADT (xen/arch/x86/dev/madt.c), on the host.
 *
 * Proves: what a table says of I/O APICs, ISA lines and NMIs is found, whatever stands between; a table whose lengths,
 * ids, addresses or numbers contradict each other is refused as a whole, with a reason, and then nothing of it counts;
 * no byte behind the table is read. The good table is one of a real PC's form, and each bad one differs from it in one
 * place.
 */
#include "unit.h"

#include <string.h>

int rand(void); /* stdlib.h has functions that the hypervisor has, too */

#include "../../xen/arch/x86/dev/madt.c"

#define AT 0x1000u
static uint8_t table[1024];
static uint32_t length;
static bool read_behind;

void read_machine(void *dst, uint64_t maddr, uint32_t n)
{
    read_behind |= maddr < AT || maddr + n > AT + length;
    memcpy(dst, table + (maddr - AT), n);
}

uint64_t find_acpi_table(const char *signature, uint32_t least, struct acpi_header *h)
{
    memcpy(h, table, sizeof(*h));
    h->length = length;
    return memcmp(signature, "APIC", 4) || length < least ? 0 : AT;
}

static struct madt m;

static void add(const void *entry, uint32_t n)
{
    memcpy(table + length, entry, n);
    length += n;
}

#define ADD(...)                                \
    do {                                        \
        const uint8_t bytes_[] = {__VA_ARGS__}; \
        add(bytes_, sizeof(bytes_));            \
    } while (0)

#define CPU 3

enum { CPU_AT = 44, IO_AT = CPU_AT + 16, OVERRIDE_AT = IO_AT + 24, NMI_AT = OVERRIDE_AT + 20, LOCAL_AT = NMI_AT + 8 };

/* Two processors, two I/O APICs, two overrides, an NMI at a pin, local NMIs, and an entry of a kind from the future. */
static void good_table(void)
{
    memset(table, 0, sizeof(table));
    length = 44;
    ADD(0, 8, 7, 0, 1, 0, 0, 0);
    ADD(0, 8, 9, CPU, 1, 0, 0, 0);
    ADD(1, 12, 1, 0, 0x00, 0x00, 0xC0, 0xFE, 0, 0, 0, 0);
    ADD(1, 12, 2, 0, 0x00, 0x10, 0xC0, 0xFE, 24, 0, 0, 0);
    ADD(2, 10, 0, 0, 2, 0, 0, 0, 0, 0);
    ADD(2, 10, 0, 9, 20, 0, 0, 0, 0xF, 0);
    ADD(3, 8, 0xD, 0, 17, 0, 0, 0);
    ADD(4, 6, 9, 0x5, 0, 1);
    ADD(4, 6, 7, 0x5, 0, 0); /* another processor's */
    ADD(0x7F, 5, 1, 2, 3);
}

static void expect_refusal(const char *text)
{
    const char *why = read_madt(&m, CPU);

    CHECK(why && strstr(why, text), "says: %s", why ? why : "nothing");
    CHECK(!m.nr_io_apics && !m.nr_nmis && m.isa[0].gsi == 0 && m.isa[9].gsi == 9 && m.lint[1].nmi, "something counts");
    CHECK(madt_uid() == NO_UID);
    CHECK(!read_behind, "read behind the table");
}

static void before_each(void)
{
    read_behind = false;
    good_table();
}

static void is_read(void)
{
    const char *why = read_madt(&m, CPU);

    CHECK(!why, "refused: %s", why);
    CHECK(m.nr_io_apics == 2 && m.io_apic[0].address == 0xFEC00000 && m.io_apic[1].gsi_base == 24 &&
          m.io_apic[1].id == 2 && m.io_apic[1].address == 0xFEC01000);
    CHECK(m.isa[0].given && m.isa[0].gsi == 2 && !m.isa[0].mode.level && !m.isa[0].mode.low);
    CHECK(m.isa[9].given && m.isa[9].gsi == 20 && m.isa[9].mode.level && m.isa[9].mode.low);
    for (uint32_t line = 0; line < ISA_LINES; line++)
        CHECK(line == 0 || line == 9 || (m.isa[line].gsi == line && !m.isa[line].given), "line %u", line);
    CHECK(m.nr_nmis == 1 && m.nmi[0].gsi == 17 && m.nmi[0].mode.level && !m.nmi[0].mode.low);
    CHECK(m.lint[1].nmi && !m.lint[0].nmi && !m.lint[1].mode.low, "local NMIs");
    CHECK(madt_uid() == 9, "processor %u", madt_uid());
    CHECK(!read_behind, "read behind the table");
}

static void local_nmi_before_its_processor(void)
{
    uint8_t entries[16];

    memcpy(entries, table + CPU_AT, 16);
    memmove(table + CPU_AT, table + CPU_AT + 16, length - CPU_AT - 16);
    memcpy(table + length - 16, entries, 16);
    CHECK(!read_madt(&m, CPU) && m.lint[1].nmi && !m.lint[0].nmi && m.nr_io_apics == 2);
    CHECK(!read_madt(&m, 0) && m.lint[0].nmi && !m.lint[1].nmi, "the other processor's");
}

static void for_x2apic(void)
{
    ADD(9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0x44, 0, 0, 0);
    ADD(10, 12, 0xF, 0, 0x44, 0, 0, 0, 0, 0, 0, 0);
    CHECK(!read_madt(&m, 0x100) && m.lint[0].nmi && m.lint[0].mode.low);
    CHECK(!read_madt(&m, CPU) && !m.lint[0].nmi);
}

static void wrong_lengths(void)
{
    table[IO_AT + 1] = 11;
    expect_refusal("length");
    before_each();
    table[CPU_AT + 1] = 0; /* it would never end */
    expect_refusal("length");
    before_each();
    table[length - 4] = 6; /* the last entry */
    expect_refusal("length");
    before_each();
    length -= 4; /* half of it is there */
    expect_refusal("length");
    before_each();
    length = 43;
    expect_refusal("none");
}

/* Changes one byte of the good table. */
static void one_byte(uint32_t at, uint8_t value, const char *text)
{
    before_each();
    table[at] = value;
    expect_refusal(text);
}

static void contradictions(void)
{
    one_byte(IO_AT + 12 + 2, 1, "same id");
    one_byte(IO_AT + 12 + 5, 0x00, "same address");
    one_byte(IO_AT + 12 + 8, 0, "overlap");
    one_byte(IO_AT + 12 + 9, 1, "too high");
    one_byte(IO_AT + 4, 1, "address is wrong");
    one_byte(OVERRIDE_AT + 2, 1, "not about an ISA line");
    one_byte(OVERRIDE_AT + 3, 16, "not about an ISA line");
    one_byte(OVERRIDE_AT + 5, 1, "cannot be");
    one_byte(OVERRIDE_AT + 3, 9, "two overrides");
    one_byte(OVERRIDE_AT + 8, 2, "reserved");
    one_byte(OVERRIDE_AT + 8, 8, "reserved");
    one_byte(NMI_AT + 5, 1, "cannot be");
    one_byte(NMI_AT + 2, 2, "reserved");
    one_byte(LOCAL_AT + 5, 2, "input that cannot be");
}

static void too_many(void)
{
    for (uint32_t i = 2; i < MAX_IO_APICS; i++)
        ADD(1, 12, i + 1, 0, 0x00, i << 4, 0xC1, 0xFE, 24 + i, 0, 0, 0);
    CHECK(!read_madt(&m, CPU) && m.nr_io_apics == MAX_IO_APICS);
    ADD(1, 12, 0x77, 0, 0x00, 0x00, 0xC2, 0xFE, 99, 0, 0, 0);
    expect_refusal("too many I/O APICs");
    before_each();
    for (uint32_t i = 1; i < MAX_NMIS; i++)
        ADD(3, 8, 0, 0, i, 0, 0, 0);
    CHECK(!read_madt(&m, CPU) && m.nr_nmis == MAX_NMIS);
    ADD(3, 8, 0, 0, 1, 0, 0, 0);
    expect_refusal("too many sources");
}

/* Any bytes: read or refused, within the table. What is accepted keeps its bounds. */
static void any_bytes(void)
{
    for (uint32_t i = 0; i < 200000; i++) {
        before_each();
        for (uint32_t n = rand() % 6; n; n--)
            table[CPU_AT + rand() % (length - CPU_AT)] = rand() % 4 ? rand() % 24 : rand();
        if (!(rand() % 4))
            length -= rand() % (length - CPU_AT);
        (void)read_madt(&m, rand() % 5);
        CHECK(!read_behind && m.nr_io_apics <= MAX_IO_APICS && m.nr_nmis <= MAX_NMIS, "round %u", i);
        for (uint32_t line = 0; line < ISA_LINES; line++)
            CHECK(m.isa[line].gsi < MAX_GSIS, "round %u", i);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        {"madt_is_read", is_read},
        {"madt_local_nmi_before_its_processor", local_nmi_before_its_processor},
        {"madt_for_x2apic", for_x2apic},
        {"madt_wrong_lengths", wrong_lengths},
        {"madt_contradictions", contradictions},
        {"madt_too_many", too_many},
        {"madt_any_bytes", any_bytes},
    };

    return UNIT_RUN(argc, argv, tests, before_each);
}
