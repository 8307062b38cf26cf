/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor remembers which stack segment was flat, so as not to look at its descriptor for each frame. However
 * the descriptor behind a selector changes, the next frame goes where the processor would put it.
 */
#include "test.h"

/* Descriptors of 4 GiB, 32 bits; they are cut below the hypervisor. */
#define DATA(base, access) ((uint64_t)(base) << 16 | (uint64_t)(access) << 40 | 0x00cf00000000ffffull)
#define DPL0               0x92 /* becomes DPL 1 */
#define DPL1               0xb2
#define DPL3               0xf2
#define BASE               0x1000u
#define INDEX              3
#define GDT_SS             (INDEX * 8 + 1)
#define LDT_SS             (INDEX * 8 + 4 + 1)

static uint8_t stack[3 * PAGE_SIZE];
static volatile uint32_t flat_esp, frame_eip;
extern const char stack_segment_handler[], stack_segment_int[];
__asm__(".text; stack_segment_handler: mov %ss:(%esp), %eax; mov %eax, frame_eip;"
        "mov $0xe021, %eax; mov %eax, %ss; mov flat_esp, %esp; jmp stack_segment_back");

/* A soft interrupt on the stack that these two are: is the frame found there? */
static __attribute__((noinline, noclone)) bool frame_is_on(uint32_t ss, uint32_t esp)
{
    frame_eip = 0;
    __asm__ volatile("push %%ebp; mov %%esp, flat_esp; mov %0, %%ss; mov %1, %%esp; int $0x21;"
                     "stack_segment_int: ud2; stack_segment_back: pop %%ebp"
                     :
                     : "d"(ss), "c"(esp)
                     : "eax", "memory", "cc");
    return frame_eip == (uint32_t)stack_segment_int;
}

/* The same memory by a flat segment, and by one that begins at BASE. */
static bool flat(uint32_t ss)
{
    memset(stack, 0, sizeof(stack));
    return frame_is_on(ss, (uint32_t)stack + 2 * PAGE_SIZE);
}

static bool based(uint32_t ss)
{
    memset(stack, 0, sizeof(stack));
    return frame_is_on(ss, (uint32_t)stack + 2 * PAGE_SIZE - BASE);
}

/* A page that holds one descriptor. */
static uint64_t *table(uint64_t descriptor)
{
    uint64_t *page = alloc_page();

    page[INDEX] = descriptor;
    CHECK_RC(page_make_readonly(page), 0);
    return page;
}

static void drop_table(uint64_t *page)
{
    CHECK_RC(page_make_writable(page), 0);
    free_page(page);
}

static int set(uint64_t *slot, uint64_t descriptor)
{
    return HYPERVISOR_update_descriptor(LO_HI(virt_to_maddr(slot)), LO_HI(descriptor));
}

static int set_gdt(const uint64_t *page)
{
    uint32_t mfn = virt_to_mfn(page);

    return HYPERVISOR_set_gdt(&mfn, 512);
}

TEST(stack_segment_updated)
{
    uint64_t *gdt = table(DATA(0, DPL1));
    multicall_entry_t call = {__HYPERVISOR_update_descriptor, 0, {0}};
    const uint64_t data = DATA(0, DPL1), maddr = virt_to_maddr(&gdt[INDEX]);

    CHECK_RC(trap_set_entry(0x21, stack_segment_handler, 1), 0);
    CHECK_RC(set_gdt(gdt), 0);
    CHECK(flat(GDT_SS));
    CHECK_RC(set(&gdt[INDEX], DATA(BASE, DPL1)), 0);
    CHECK(based(GDT_SS));
    CHECK_RC(set(&gdt[INDEX], DATA(0, DPL0)), 0);
    CHECK(flat(GDT_SS));
    CHECK_RC(set(&gdt[INDEX + 1], DATA(BASE, DPL3)), 0); /* a thread's */
    CHECK(flat(GDT_SS));
    CHECK_RC(set(&gdt[INDEX], DATA(BASE, DPL0)), 0);
    CHECK(based(GDT_SS));
    memcpy(&call.args[0], &maddr, 8);
    memcpy(&call.args[2], &data, 8);
    CHECK_RC(HYPERVISOR_multicall(&call, 1), 0);
    CHECK(flat(GDT_SS));
    CHECK_RC(set(&gdt[INDEX], DATA(BASE, DPL1)), 0);
    CHECK(based(GDT_SS));
    CHECK_RC(HYPERVISOR_set_gdt(NULL, 0), 0);
    trap_set_entry(0x21, NULL, 0);
    drop_table(gdt);
}

TEST(stack_segment_of_another_gdt)
{
    uint64_t *gdt[] = {table(DATA(0, DPL1)), table(DATA(BASE, DPL1))};

    CHECK_RC(trap_set_entry(0x21, stack_segment_handler, 1), 0);
    CHECK_RC(set_gdt(gdt[0]), 0);
    CHECK(flat(GDT_SS));
    CHECK_RC(set_gdt(gdt[1]), 0);
    CHECK(based(GDT_SS));
    CHECK_RC(HYPERVISOR_set_gdt(NULL, 0), 0);
    trap_set_entry(0x21, NULL, 0);
    drop_table(gdt[0]);
    drop_table(gdt[1]);
}

TEST(stack_segment_of_another_ldt)
{
    uint64_t *ldt[] = {table(DATA(0, DPL1)), table(DATA(BASE, DPL1))};

    CHECK_RC(trap_set_entry(0x21, stack_segment_handler, 1), 0);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, (uint32_t)ldt[0], 512), 0);
    CHECK(flat(LDT_SS));
    CHECK_RC(mmuext(MMUEXT_SET_LDT, (uint32_t)ldt[1], 512), 0);
    CHECK(based(LDT_SS));
    CHECK_RC(set(&ldt[1][INDEX], DATA(0, DPL1)), 0);
    CHECK(flat(LDT_SS));
    CHECK_RC(set(&ldt[1][INDEX], DATA(BASE, DPL1)), 0);
    CHECK(based(LDT_SS));
    CHECK_RC(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
    trap_set_entry(0x21, NULL, 0);
    drop_table(ldt[0]);
    drop_table(ldt[1]);
}
