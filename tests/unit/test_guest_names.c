/* SPDX-License-Identifier: MIT */
/*
 * What the profile of a guest knows about a hypervisor's symbols (bench/profile/guest_names.c), Int82's and Xen's:
 * which function is which hypercall, which entry is which trap or interrupt, and the names of the reasons.
 */
#include "bench_test.h"
#include "profile/guest_profile.h"

static void check_mark(const char *symbol, char letter, int number)
{
    struct mark m = guest_mark(symbol);

    printf("  %s: %c %d\n", symbol, m.letter, m.number);
    CHECK(m.letter == letter);
    CHECK(m.number == number);
}

static void marks_of_int82(void)
{
    check_mark("hypercall_mmu_update", 'h', 1);
    check_mark("hypercall_xen_version_slow", '-', 0);
    check_mark("hypercall_enosys", 'h', 255);
    check_mark("multicall_update_va_mapping", 'm', 14);
    check_mark("multicall_entry", '-', 0);
    check_mark("call_of_multicall.constprop.0", 'm', 13);
    check_mark("callback", '-', 0);
    check_mark("trap_14", 't', 14);
    check_mark("irq_0", 'i', 32);
    check_mark("trap_common", '-', 0);
}

static void marks_of_xen(void)
{
    check_mark("do_mmu_update", 'h', 1);
    check_mark("do_platform_op", 'h', 7);
    check_mark("do_ni_hypercall", 'h', 255);
    check_mark("do_softirq", '-', 0);
    check_mark("do_page_fault", '-', 0);
    check_mark("page_fault", 't', 14);
    check_mark("general_protection", 't', 13);
    check_mark("IRQ0x20_interrupt", 'i', 32);
    check_mark("apic_timer_interrupt", 'i', -1);
    check_mark("smp_apic_timer_interrupt", '-', 0);
}

static void check_name(struct guest_reason r, const char *wanted)
{
    char *name = guest_reason_name(&r, NULL);

    printf("  %s\n", name);
    CHECK(!strcmp(name, wanted));
    free(name);
}

static void names(void)
{
    check_name((struct guest_reason){.type = 'h', .number = 1}, "mmu_update");
    check_name((struct guest_reason){.type = 'h', .number = 1, .outcome = 1}, "mmu_update, to be continued");
    check_name((struct guest_reason){.type = 'h', .number = 29, .outcome = OUTCOME_END}, "sched_op, the end");
    check_name((struct guest_reason){.type = 'h', .number = -1}, "hypercall, unknown which");
    check_name((struct guest_reason){.type = 'h', .number = 49}, "hypercall 49");
    check_name((struct guest_reason){.type = 't', .number = 14, .event = -1}, "page fault, emulated: store");
    check_name((struct guest_reason){.type = 't', .number = 13, .event = EVENT_cli},
               "general protection, emulated: cli");
    check_name((struct guest_reason){.type = 't', .number = 14, .event = -1, .outcome = 2},
               "page fault, handed to the guest");
    check_name((struct guest_reason){.type = 't', .number = -1, .event = -1, .target = 0xff123456, .outcome = 1},
               "trap at 0xff123456, mended, and tried again");
    check_name((struct guest_reason){.type = 'i', .number = 0x20}, "interrupt 0x20");
    check_name((struct guest_reason){.type = 'o', .number = 0x80}, "INT 0x80");
}

static const struct unit_test tests[] = {
    {"marks_of_int82", marks_of_int82},
    {"marks_of_xen", marks_of_xen},
    {"names", names},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
