/* SPDX-License-Identifier: MIT */
/*
 * The machine's end. Power off uses ACPI. Its tables are read once, at boot, so that a panic relies on nothing but two
 * ports. Without ACPI, or before the tables have been read, it uses the ports of emulators.
 */
#include <asm/acpi.h>
#include <asm/io.h>
#include <asm/mm.h>
#include <asm/processor.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/setup.h>

/* The part of the FADT that is needed. */
struct fadt {
    struct acpi_header header;
    uint32_t facs, dsdt;
    uint8_t model, profile;
    uint16_t sci;
    uint32_t smi_command;
    uint8_t acpi_enable, acpi_disable, s4bios, pstate;
    uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control;
} __attribute__((packed));

#define PM1_SCI_ENABLE   1u
#define PM1_SLEEP_TYPE   10
#define PM1_SLEEP_ENABLE (1u << 13)
#define AML_PACKAGE      0x12
#define AML_BYTE         0x0A

static struct {
    uint16_t smi_command, pm1a, pm1b; /* ports; 0: none */
    uint8_t acpi_enable, type_a, type_b;
} acpi;

static bool __init find_fadt(struct fadt *fadt)
{
    struct acpi_header h;
    uint64_t maddr = find_acpi_table("FACP", &h);

    if (!maddr || h.length < sizeof(*fadt))
        return false;
    read_machine(fadt, maddr, sizeof(*fadt));
    return true;
}

static uint8_t __init package_byte(const uint8_t **p)
{
    if (**p == AML_BYTE)
        ++*p;
    return *(*p)++;
}

/* The DSDT is byte code, but `Name (_S5, Package () { a, b, ...` always has the same form: bytes, each constant with or
 * without a prefix. */
static bool __init find_s5(uint32_t dsdt)
{
    struct acpi_header h;
    uint8_t aml[16];

    if (!read_acpi_header(dsdt, "DSDT", &h))
        return false;
    for (uint32_t at = sizeof(h); at + sizeof(aml) <= h.length; at++) {
        const uint8_t *p = aml + 5;

        read_machine(aml, dsdt + at, 1);
        if (aml[0] != '_')
            continue;
        read_machine(aml, dsdt + at, sizeof(aml));
        if (memcmp(aml, "_S5_", 4) || aml[4] != AML_PACKAGE)
            continue;
        p += (*p >> 6) + 2; /* length, number of elements */
        acpi.type_a = package_byte(&p) & 7;
        acpi.type_b = package_byte(&p) & 7;
        return true;
    }
    return false;
}

void __init init_power(void)
{
    struct fadt fadt;

    if (!find_fadt(&fadt) || !find_s5(fadt.dsdt)) {
        log_at(LOG_INFO, "no ACPI tables: power off as emulators have it\n");
        return;
    }
    acpi.smi_command = fadt.smi_command;
    acpi.acpi_enable = fadt.acpi_enable;
    acpi.pm1a = fadt.pm1a_control;
    acpi.pm1b = fadt.pm1b_control;
    log_at(LOG_DEBUG, "ACPI: PM1 control at port %03x, sleep type %u\n", acpi.pm1a, acpi.type_a);
}

static void delay(void)
{
    for (volatile unsigned int i = 0; i < 1000000; i++)
        ;
}

static void acpi_power_off(void)
{
    if (!acpi.pm1a)
        return;
    if (acpi.smi_command && acpi.acpi_enable && !(inw(acpi.pm1a) & PM1_SCI_ENABLE)) {
        outb(acpi.smi_command, acpi.acpi_enable);
        for (unsigned int i = 0; i < 100 && !(inw(acpi.pm1a) & PM1_SCI_ENABLE); i++)
            delay();
    }
    outw(acpi.pm1a, acpi.type_a << PM1_SLEEP_TYPE | PM1_SLEEP_ENABLE);
    if (acpi.pm1b)
        outw(acpi.pm1b, acpi.type_b << PM1_SLEEP_TYPE | PM1_SLEEP_ENABLE);
    delay();
}

void machine_halt(void)
{
    console_wait(true);
    for (;;)
        __asm__ volatile("cli; hlt");
}

void machine_power_off(void)
{
    console_wait(true);
    printk("Powering off\n");
    acpi_power_off();
    outw(0x604, PM1_SLEEP_ENABLE);  /* QEMU */
    outw(0xB004, PM1_SLEEP_ENABLE); /* Bochs, and QEMU long ago */
    for (const char *p = "Shutdown"; *p; p++)
        outb(0x8900, *p); /* Bochs without ACPI */
    delay();
    printk("This machine cannot be switched off by software\n");
    machine_halt();
}

#define KEYBOARD_STATUS  0x64
#define KEYBOARD_RESET   0xFE
#define KEYBOARD_PENDING 0x02

void machine_restart(void)
{
    struct table_register none = {0, 0};

    console_wait(true);
    printk("Restarting\n");
    for (unsigned int i = 0; i < 100000 && inb(KEYBOARD_STATUS) & KEYBOARD_PENDING; i++)
        ;
    outb(KEYBOARD_STATUS, KEYBOARD_RESET);
    delay();
    __asm__ volatile("lidt %0; int3" ::"m"(none)); /* no handler for anything: the processor resets */
    machine_halt();
}
