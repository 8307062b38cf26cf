/* SPDX-License-Identifier: MIT */
/* ACPI's power management timer: it counts at 3.58 MHz, and is only read. Source: ACPI 6.4, 4.8.3.3 and 5.2.9. */
#include <asm/acpi.h>
#include <asm/clock.h>
#include <asm/device_map.h>
#include <asm/io.h>
#include <xen/lib.h>

static uint16_t __initdata port;
static volatile uint32_t *__initdata reg;

static uint32_t __init read_port(void)
{
    return inl(port);
}

static uint32_t __init read_register(void)
{
    return *reg;
}

struct counter __init pm_timer_counter(void)
{
    struct counter c = {.name = "PM timer", .hz = PM_TIMER_HZ, .read = read_port};
    const struct counter none = {.name = c.name};
    struct acpi_fadt fadt;
    struct acpi_address at;

    if (!read_fadt(&fadt) || fadt.flags & FADT_REDUCED || fadt.pm_timer_length < sizeof(uint32_t))
        return none;
    c.mask = fadt.flags & FADT_PM_TIMER_32 ? UINT32_MAX : UINT32_MAX >> 8;
    at = fadt.x_pm_timer.address ? fadt.x_pm_timer
                                 : (struct acpi_address){.space = ACPI_IN_PORTS, .address = fadt.pm_timer};
    if (at.space == ACPI_IN_PORTS && at.address && at.address <= 0xFFFF - 3) {
        port = at.address;
        return c;
    }
    reg = at.space == ACPI_IN_MEMORY ? map_device(at.address, sizeof(uint32_t)) : NULL;
    c.read = read_register;
    return reg ? c : none;
}
