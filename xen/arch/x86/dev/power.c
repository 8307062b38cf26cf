/* SPDX-License-Identifier: MIT */
/*
 * The machine's end. Power off uses ACPI. Its tables are read once, at boot, so that a panic relies on nothing but two
 * ports. Without ACPI, or before the tables have been read, it uses the ports of emulators.
 */
#include <asm/acpi.h>
#include <asm/device_map.h>
#include <asm/io.h>
#include <asm/mm.h>
#include <asm/processor.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/setup.h>

#define PM1_SCI_ENABLE   1u
#define PM1_SLEEP_TYPE   10
#define PM1_SLEEP_ENABLE (1u << 13)
#define SLEEP_TYPE       2 /* of the sleep control register (ACPI 6.4, 4.8.4.1) */
#define SLEEP_ENABLE     (1u << 5)
#define AML_PACKAGE      0x12
#define S5_MIN           8 /* bytes: the name, a package, its length, how many elements, one */
#define AML_BYTE         0x0A

static struct {
    uint16_t smi_command, pm1a, pm1b; /* ports; 0: none */
    volatile uint8_t *sleep_control;  /* of reduced hardware; NULL: none in memory */
    uint16_t sleep_port;              /* the same, if it is a port */
    uint8_t acpi_enable, type_a, type_b;
} acpi;

static uint8_t __init package_byte(const uint8_t **p)
{
    if (**p == AML_BYTE)
        ++*p;
    return *(*p)++;
}

/* The DSDT is byte code, but `Name (_S5, Package () { a, b, ...` always has the same form: bytes, each constant with or
 * without a prefix. */
static bool __init find_s5(uint64_t dsdt)
{
    struct acpi_header h;
    uint8_t aml[16];

    if (!read_acpi_header(dsdt, "DSDT", sizeof(h), &h))
        return false;
    for (uint32_t at = sizeof(h); at + S5_MIN <= h.length; at++) {
        const uint8_t *p = aml + 5;

        read_machine(aml, dsdt + at, 1);
        if (aml[0] != '_')
            continue;
        memset(aml, 0, sizeof(aml));
        read_machine(aml, dsdt + at, MIN(sizeof(aml), h.length - at));
        if (memcmp(aml, "_S5_", 4) || aml[4] != AML_PACKAGE)
            continue;
        p += (*p >> 6) + 2; /* length, number of elements */
        acpi.type_a = package_byte(&p) & 7;
        acpi.type_b = package_byte(&p) & 7;
        return true;
    }
    return false;
}

static void __init find_sleep_control(const struct acpi_address *a)
{
    if (a->space == ACPI_IN_MEMORY)
        acpi.sleep_control = map_device(a->address, 1);
    else if (a->space == ACPI_IN_PORTS && a->address <= 0xFFFF)
        acpi.sleep_port = a->address;
    log_at(LOG_DEBUG, "ACPI: sleep control register at %09llx, sleep type %u\n", (unsigned long long)a->address,
           acpi.type_a);
}

void __init init_power(void)
{
    struct acpi_fadt fadt;

    if (!read_fadt(&fadt) || !find_s5(fadt.dsdt ?: fadt.x_dsdt)) {
        log_at(LOG_INFO, "no ACPI tables: power off as emulators have it\n");
        return;
    }
    if (fadt.flags & FADT_REDUCED) {
        find_sleep_control(&fadt.sleep_control);
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
    uint8_t sleep = acpi.type_a << SLEEP_TYPE | SLEEP_ENABLE;

    if (acpi.sleep_control)
        *acpi.sleep_control = sleep;
    if (acpi.sleep_port)
        outb(acpi.sleep_port, sleep);
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
