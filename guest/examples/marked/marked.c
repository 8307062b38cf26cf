/* SPDX-License-Identifier: MIT */
/*
 * Known numbers of calls of known cost, between the profiler's markers (guest/profile.h). For each section it prints
 * how many ticks the clock has counted. Under QEMU with -icount, that is how many instructions were executed, and the
 * test of `make profile GUEST=` compares the two. Options: `hang` never ends; `open` leaves a section open and ends one
 * that never began.
 */
#include <guest/console.h>
#include <guest/guest.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <guest/profile.h>
#include <guest/string.h>
#include <guest/traps.h>
#include <public/version.h>

#define PAGES     64
#define USER_PAGE 0x08000000u
#define USER_ESP  (USER_PAGE + PAGE_SIZE)
#define RW        PTE_KERNEL_RW
#define PTE_USER  (PTE_KERNEL_RW | PTE_US)

static uint64_t *l1;
static void *page;
static mmu_update_t batch[PAGES];
static multicall_entry_t calls[PAGES] __attribute__((aligned(32)));

/* The clock is read just before the first marker and just after the second: two instructions more. */
#define SECTION(n, what, body)                                                                      \
    do {                                                                                            \
        uint64_t begin_, end_;                                                                      \
        __asm__ volatile("rdtsc; " PROFILE_BEGIN_TEXT(n) : "=A"(begin_) : : "memory");              \
        body;                                                                                       \
        __asm__ volatile(PROFILE_END_TEXT(n) "; rdtsc" : "=A"(end_) : : "memory");                  \
        printf("marked: section %u instructions %u: %s\n", n, (uint32_t)(end_ - begin_) - 2, what); \
    } while (0)

static void versions(void)
{
    for (unsigned int i = 0; i < 100; i++)
        HYPERVISOR_xen_version(XENVER_version, NULL);
    for (unsigned int i = 0; i < 50; i++)
        HYPERVISOR_xen_version_page(XENVER_version, NULL);
}

static bool asked_to(const char *what)
{
    char value[4];

    return guest_option(what, value, sizeof(value));
}

static void fill(pte_t value)
{
    for (unsigned int i = 0; i < PAGES; i++)
        batch[i] = (mmu_update_t){pte_maddr((pte_t *)&l1[i]), value};
}

static void singles(void)
{
    for (unsigned int i = 0; i < PAGES; i++)
        HYPERVISOR_mmu_update(&batch[i], 1);
}

static void versions_in_multicall(void)
{
    for (unsigned int i = 0; i < 32; i++)
        calls[i] = (multicall_entry_t){.op = __HYPERVISOR_xen_version};
    HYPERVISOR_multicall(calls, 32);
}

/* Entries that are written in place, as by kernels that know of no hypervisor: two stores each. */
static void stores(void)
{
    pte_t value = make_pte(virt_to_mfn(page), RW);

    for (unsigned int i = 0; i < PAGES; i++) {
        ((volatile uint32_t *)l1)[2 * i + 1] = value >> 32;
        ((volatile uint32_t *)l1)[2 * i] = (uint32_t)value;
    }
}

static void emulated(void)
{
    for (unsigned int i = 0; i < 10; i++)
        __asm__ volatile("mov %%cr3, %%eax" : : : "eax");
}

/* A program in ring 3: two hundred turns of three instructions, then back. */
static void program(void)
{
    static const uint8_t code[] = {0xb9, 200,      0,    0,    0, /* mov $200, %ecx */
                                   0x40, 0x49,     0x75, 0xfc,    /* 1: inc %eax; dec %ecx; jnz 1b */
                                   0xcd, TRAP_USER};
    struct caught_trap caught;

    memcpy(page, code, sizeof(code));
    SECTION(7, "602 instructions of a program", run_user(USER_PAGE, USER_ESP, 0, &caught));
    if (caught.vector != TRAP_USER)
        printf("marked: the program did not come back\n");
}

void guest_main(void)
{
    uint64_t *user_l1 = alloc_page();

    l1 = alloc_page();
    page = alloc_page();
    user_l1[0] = make_pte(virt_to_mfn(page), PTE_USER);
    if (mm_map_l1((void *)MM_SCRATCH, l1) || mm_map_l1((void *)USER_PAGE, user_l1))
        guest_panic("no page tables");
    SECTION(1, "150 xen_version", versions());
    fill(make_pte(virt_to_mfn(page), RW));
    SECTION(2, "64 mmu_update of one", singles());
    fill(0);
    SECTION(3, "one mmu_update of 64", HYPERVISOR_mmu_update(batch, PAGES));
    SECTION(4, "32 xen_version in a multicall", versions_in_multicall());
    SECTION(5, "64 entries stored to, by halves", stores());
    SECTION(6, "10 reads of CR3", emulated());
    program();
    if (asked_to("hang"))
        for (;;)
            HYPERVISOR_xen_version(XENVER_version, NULL);
    if (asked_to("open")) {
        PROFILE_END(9);
        PROFILE_BEGIN(8);
    }
    printf("marked: done\n");
}
