/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's command line (xen/common/boot/cmdline.c), domains to be built at boot, numbers and messages
 * (string.c, printk.c), and which UART is the console's (uart_options.c) under the coverage-guided fuzzer. The input is
 * the line. It comes from the boot loader and so is trusted, but people write it, and it decides who is privileged.
 */
#include "host.h"

#include <asm/irq.h>
#include <asm/uart.h>
#include <xen/console.h>

/* Its list of requests must be emptied before each run. */
#include "../../xen/common/boot/boot_domains.c"

#define MODULES 4

struct boot_module modules[MAX_MODULES];
unsigned int nr_modules = MODULES;

static void *way_out[5];
static struct vcpu built[MAX_BOOT_DOMAINS + 1];
static unsigned int nr_built;
static uint32_t printed;

/* --- What the tested files need */

struct cpu this_cpu;
uint32_t opt_console_input;
bool opt_guest_words, opt_apic, opt_io_apic;

void console_wait(bool wait)
{
}

void console_write(const struct domain *d, const char *text, uint32_t length)
{
    static volatile uint8_t sum;

    printed += length;
    for (uint32_t i = 0; i < length; i++) /* instrumented code: all of it must be readable */
        sum += text[i];
}

/* deadline.c knows the names. */
bool set_timer_choice(const char *name)
{
    return !strcmp(name, "pit");
}

uint64_t system_time(void)
{
    return 0;
}

/* The end of panic(): a line with a meaningless domain= stops the boot. */
void machine_power_off(void)
{
    __builtin_longjmp(way_out, 1);
}

void machine_halt(void)
{
    __builtin_longjmp(way_out, 1);
}

uint32_t memory_for_dom0(uint32_t initrd_pages, uint32_t others)
{
    REQUIRE(others <= MAX_BOOT_DOMAINS * MAX_FRAMES);
    return 1000;
}

uint32_t max_memory_of_dom0(uint32_t nr_pages)
{
    return nr_pages;
}

struct vcpu *build_domain(const struct boot_domain *b)
{
    REQUIRE(b->domid == nr_built);
    REQUIRE(b->vcpus >= 1 && b->vcpus <= MAX_VCPUS);
    REQUIRE(b->kernel >= modules && b->kernel < modules + MODULES && b->kernel->claimed);
    REQUIRE(!b->initrd || (b->initrd >= modules && b->initrd < modules + MODULES && b->initrd->claimed));
    REQUIRE(b->kernel != b->initrd);
    REQUIRE(b->nr_pages <= MAX_FRAMES);
    REQUIRE(*b->name && strlen(b->name) < sizeof(b->name));
    return &built[nr_built++];
}

void vcpu_wake(struct vcpu *v)
{
    REQUIRE(v == &built[0] || v == &built[v - built]);
}

void start_console_input(void)
{
}

static HOST bool on_fault(int signal, uint32_t *eip, uint32_t address, uint32_t edx)
{
    if (*(const uint8_t *)*eip != 0xFA) /* CLI, in panic() */
        return false;
    ++*eip;
    return true;
}

static void check_uart(const struct uart_options *o)
{
    REQUIRE(o->base_baud && (o->reg_width == 1 || o->reg_width == 4) && o->reg_width <= 1 << o->reg_shift);
    REQUIRE(o->address >= 0x100 && (o->address <= 0xFFF8 || o->address > 0xFFFF) && o->irq < MAX_GSIS && o->lcr < 0x40);
}

static __attribute__((noinline)) void boot(const char *line)
{
    if (__builtin_setjmp(way_out))
        return;
    parse_command_line(line);
    REQUIRE(opt_dom0_max_vcpus >= 1 && opt_dom0_max_vcpus <= MAX_VCPUS);
    REQUIRE(log_level <= LOG_DEBUG);
    check_uart(&com_options[0]);
    check_uart(&com_options[1]);
    build_domains();
    REQUIRE(nr_built == nr_requests + 1);
}

HOST int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;

    if (!begun)
        host_on_fault(on_fault);
    begun = true;
    char *line = host_allocate(size + 1);

    memcpy(line, data, size);
    memset(modules, 0, sizeof(modules));
    modules[1].size = 0xFFFFFFFF;
    modules[2].size = PAGE_SIZE + 1;
    opt_dom0_mem = (struct dom0_mem){0};
    opt_dom0_max_vcpus = 1;
    log_level = LOG_INFO;
    opt_noreboot = false;
    nr_built = nr_requests = printed = 0;
    boot(line);
    REQUIRE(printed <= 64 * 1024 + 64 * size); /* a line of any length is read */
    host_free(line);
    return 0;
}

HOST int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    host_on_fault(on_fault);
    return 0;
}
