/* SPDX-License-Identifier: MIT */
/* From the first instruction to guest_main(), and out again. */
#include <guest/console.h>
#include <guest/events.h>
#include <guest/guest.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <guest/string.h>
#include <guest/traps.h>
#include <public/sched.h>
#include <public/version.h>

struct start_info *start_info;
struct shared_info *shared_info;
struct boot_registers boot_registers = {.eax = ~0u}; /* in .data: nothing clears it after start.S has filled it in */

static uint8_t shared_info_page[PAGE_SIZE] __attribute__((aligned(4096)));

static void map_shared_info(void)
{
    pte_t pte = (start_info->shared_info & ~(PAGE_SIZE - 1)) | PTE_KERNEL_RW;

    if (update_va(shared_info_page, pte, UVMF_INVLPG))
        guest_panic("cannot map the shared info page");
    shared_info = (struct shared_info *)shared_info_page;
}

void guest_start(struct start_info *info) __attribute__((noreturn));
void guest_start(struct start_info *info)
{
    start_info = info;
    map_shared_info();
    traps_init();
    events_init();
    mm_init();
    guest_main();
    guest_shutdown(SHUTDOWN_poweroff);
}

const char *guest_cmdline(void)
{
    return (const char *)start_info->cmd_line;
}

bool guest_option(const char *key, char *buf, uint32_t size)
{
    const char *word = guest_cmdline();
    uint32_t length = strlen(key), n = 0;

    while (*word) {
        while (*word == ' ')
            word++;
        if (!strncmp(word, key, length) && (word[length] == '=' || word[length] == ' ' || !word[length])) {
            word += length + (word[length] == '=');
            while (word[n] && word[n] != ' ' && n + 1 < size) {
                buf[n] = word[n];
                n++;
            }
            buf[n] = 0;
            return true;
        }
        while (*word && *word != ' ')
            word++;
    }
    return false;
}

void guest_shutdown(uint32_t reason)
{
    struct sched_shutdown shutdown = {reason};

    console_flush();
    HYPERVISOR_sched_op(SCHEDOP_shutdown, &shutdown);
    for (;;)
        HYPERVISOR_sched_op_compat(SCHEDOP_shutdown, reason); /* the only form before Xen 3.1 */
}

void guest_panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    console_flush();
    printf("guest: ");
    vprintf(format, args);
    printf("\n");
    va_end(args);
    guest_shutdown(SHUTDOWN_crash);
}

const char *hypervisor_capabilities(void)
{
    static xen_capabilities_info_t capabilities;

    if (HYPERVISOR_xen_version(XENVER_capabilities, capabilities))
        return "unknown";
    capabilities[sizeof(capabilities) - 1] = 0;
    return capabilities;
}
