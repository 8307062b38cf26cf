/* The machine's end: power off through ACPI where the tables tell how, else where emulators listen; restart. */
#include <asm/io.h>
#include <asm/mm.h>
#include <asm/processor.h>
#include <xen/domain.h>

struct rsdp {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
} __attribute__((packed));

struct acpi_header {
    char signature[4];
    uint32_t length;
    uint8_t rest[28];
} __attribute__((packed));

#define FADT_DSDT        40
#define FADT_PM1A        64
#define FADT_PM1B        68
#define PM1_SLEEP_ENABLE (1u << 13)
#define MAX_TABLE        (1u << 20)

/* Machine memory wherever it is. */
static void read_machine(void *dst, uint32_t maddr, uint32_t n)
{
    uint8_t *d = dst;

    for (; n--; maddr++)
        *d++ = ((const uint8_t *)map_frame(maddr >> PAGE_SHIFT))[maddr & ~PAGE_MASK];
}

static uint32_t machine_word(uint32_t maddr)
{
    uint32_t word;

    read_machine(&word, maddr, sizeof(word));
    return word;
}

static bool find_rsdp(struct rsdp *rsdp)
{
    for (uint32_t at = 0xE0000; at < 0x100000; at += 16) {
        read_machine(rsdp, at, sizeof(*rsdp));
        if (!memcmp(rsdp->signature, "RSD PTR ", 8))
            return true;
    }
    return false;
}

static uint32_t find_fadt(const struct rsdp *rsdp)
{
    struct acpi_header h;

    read_machine(&h, rsdp->rsdt, sizeof(h));
    if (memcmp(h.signature, "RSDT", 4) || h.length > MAX_TABLE)
        return 0;
    for (uint32_t at = sizeof(h); at + 4 <= h.length; at += 4) {
        uint32_t table = machine_word(rsdp->rsdt + at);
        struct acpi_header t;

        read_machine(&t, table, sizeof(t));
        if (!memcmp(t.signature, "FACP", 4))
            return table;
    }
    return 0;
}

/* The DSDT is code, but `Name (_S5, Package () { a, b, ...` has one form: bytes, each constant with or without prefix. */
static bool find_s5(uint32_t dsdt, uint8_t *type_a, uint8_t *type_b)
{
    struct acpi_header h;
    uint8_t aml[16];

    read_machine(&h, dsdt, sizeof(h));
    if (memcmp(h.signature, "DSDT", 4) || h.length > MAX_TABLE)
        return false;
    for (uint32_t at = sizeof(h); at + sizeof(aml) <= h.length; at++) {
        const uint8_t *p = aml + 5;

        read_machine(aml, dsdt + at, sizeof(aml));
        if (memcmp(aml, "_S5_", 4) || aml[4] != 0x12) /* PackageOp */
            continue;
        p += (*p >> 6) + 2; /* length, number of elements */
        if (*p == 0x0A)     /* BytePrefix */
            p++;
        *type_a = *p++;
        if (*p == 0x0A)
            p++;
        *type_b = *p;
        return true;
    }
    return false;
}

static void acpi_power_off(void)
{
    struct rsdp rsdp;
    uint8_t type_a, type_b;
    uint32_t fadt, pm1a, pm1b;

    if (!find_rsdp(&rsdp))
        return;
    fadt = find_fadt(&rsdp);
    if (!fadt || !find_s5(machine_word(fadt + FADT_DSDT), &type_a, &type_b))
        return;
    pm1a = machine_word(fadt + FADT_PM1A);
    pm1b = machine_word(fadt + FADT_PM1B);
    outw(pm1a, type_a << 10 | PM1_SLEEP_ENABLE);
    if (pm1b)
        outw(pm1b, type_b << 10 | PM1_SLEEP_ENABLE);
}

void machine_halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

void machine_power_off(void)
{
    printk("Powering off\n");
    acpi_power_off();
    outw(0x604, 0x2000);  /* QEMU */
    outw(0xB004, 0x2000); /* Bochs, and QEMU long ago */
    for (const char *p = "Shutdown"; *p; p++)
        outb(0x8900, *p); /* Bochs without ACPI */
    printk("This machine cannot be switched off by software\n");
    machine_halt();
}

#define KEYBOARD_STATUS  0x64
#define KEYBOARD_RESET   0xFE
#define KEYBOARD_PENDING 0x02

void machine_restart(void)
{
    struct table_register none = {0, 0};

    printk("Restarting\n");
    for (unsigned int i = 0; i < 100000 && inb(KEYBOARD_STATUS) & KEYBOARD_PENDING; i++)
        ;
    outb(KEYBOARD_STATUS, KEYBOARD_RESET);
    for (volatile unsigned int i = 0; i < 1000000; i++)
        ;
    __asm__ volatile("lidt %0; int3" ::"m"(none)); /* no handler for anything: the processor resets */
    machine_halt();
}
