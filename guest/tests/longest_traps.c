/* SPDX-License-Identifier: MIT */
/*
 * Exceptions, emulated instructions and switches that keep the hypervisor busy for longest: segment registers whose
 * descriptors all have to be checked again, strings of port accesses, strings of stores to a page table, instructions
 * of the greatest length. See longest.c.
 */
#include "longest.h"

#include <guest/traps.h>
#include <public/physdev.h>
#include <public/sched.h>

#define LDT_PAGES      6
#define SELECTOR(page) ((page)*PAGE_SIZE + 8 + 5)

/* An LDT full of flat segments, each of which has to be cut. Its last page is for code. */
static void make_ldt(uint8_t *ldt)
{
    for (uint32_t i = 0; i < LDT_PAGES * PAGE_SIZE / 8; i++)
        ((uint64_t *)ldt)[i] = i / 512 == LDT_PAGES - 1 ? 0x00CFBA000000FFFFull : 0x00CFB2000000FFFFull;
    for (uint32_t i = 0; i < LDT_PAGES; i++)
        CHECK_RC(page_make_readonly(ldt + i * PAGE_SIZE), 0);
}

static void free_ldt(uint8_t *ldt)
{
    for (uint32_t i = 0; i < 8; i++) {
        if (i < LDT_PAGES)
            CHECK_RC(page_make_writable(ldt + i * PAGE_SIZE), 0);
        free_page(ldt + i * PAGE_SIZE);
    }
}

static uint32_t set_ldt(const uint8_t *ldt)
{
    return mmuext(MMUEXT_SET_LDT, (uint32_t)ldt, ldt ? LDT_PAGES * 512 : 0);
}

static void load_cs(uint32_t cs)
{
    struct {
        uint32_t offset;
        uint16_t sel;
    } __attribute__((packed)) to = {0, cs};

    __asm__ volatile("movl $1f, %0; ljmp *%0; 1:" : "+m"(to) : : "memory");
}

/* On its way back from a switch the hypervisor finds all of them gone at once. Afterwards none may be missing. */
TEST(longest_segments)
{
    uint8_t *first = alloc_pages(3), *second = alloc_pages(3);
    struct sched_poll nothing = {.timeout = 0};
    uint32_t cs, ds, es, fs, gs, ss;

    make_ldt(first);
    make_ldt(second);
    CHECK_RC(set_ldt(first), 0);
    __asm__ volatile("mov %%cs, %0; mov %%ds, %1; mov %%ss, %2" : "=r"(cs), "=r"(ds), "=r"(ss));
    __asm__ volatile("mov %0, %%fs; mov %1, %%gs; mov %2, %%es; mov %3, %%ds"
                     :
                     : "r"(SELECTOR(0)), "r"(SELECTOR(1)), "r"(SELECTOR(2)), "r"(SELECTOR(3)));
    __asm__ volatile("mov %0, %%ss" : : "r"(SELECTOR(4)));
    load_cs(SELECTOR(5));
    CHECK_RC(set_ldt(second), 0);
    nothing.timeout = system_time() + 2000000;
    CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_poll, &nothing), 0);
    load_cs(cs);
    __asm__ volatile("mov %0, %%ss" : : "r"(ss));
    __asm__ volatile("mov %%fs, %0; mov %%gs, %1; mov %%es, %2" : "=r"(fs), "=r"(gs), "=r"(es));
    __asm__ volatile("mov %0, %%es; mov %0, %%ds; mov %1, %%fs; mov %1, %%gs" : : "r"(ds), "r"(0));
    CHECK_EQ(fs, SELECTOR(0));
    CHECK_EQ(gs, SELECTOR(1));
    CHECK_EQ(es, SELECTOR(2));
    CHECK_RC(set_ldt(NULL), 0);
    free_ldt(first);
    free_ldt(second);
}

/* After a multicall whose last call has checked a page of descriptors, the way out to the guest needs two more such
 * pages. */
TEST(longest_segments_after_a_multicall)
{
    static multicall_entry_t calls[2];
    static struct mmuext_op op;
    uint8_t *first = alloc_pages(3), *second = alloc_pages(3);
    uint64_t descriptor = virt_to_maddr(first), at;
    uint32_t cs, ss;

    make_ldt(first);
    make_ldt(second);
    CHECK_RC(set_ldt(first), 0);
    __asm__ volatile("mov %%cs, %0; mov %%ss, %1; mov %2, %%fs" : "=r"(cs), "=r"(ss) : "r"(SELECTOR(0)));
    __asm__ volatile("mov %0, %%fs; mov %1, %%ss" : : "r"(0), "r"(SELECTOR(4)));
    load_cs(SELECTOR(5));
    at = ((uint64_t *)first)[0];
    op = (struct mmuext_op){.cmd = MMUEXT_SET_LDT, .arg1.linear_addr = ARG(second), .arg2.nr_ents = LDT_PAGES * 512};
    calls[0] = (multicall_entry_t){.op = __HYPERVISOR_mmuext_op, .args = {ARG(&op), 1, 0, DOMID_SELF}};
    calls[1] = (multicall_entry_t){.op = __HYPERVISOR_update_descriptor, .args = {LO_HI(descriptor), LO_HI(at)}};
    CHECK_RC(HYPERVISOR_multicall(calls, 2), 0);
    load_cs(cs);
    __asm__ volatile("mov %0, %%ss" : : "r"(ss));
    CHECK_RC((int32_t)calls[0].result, 0);
    CHECK_RC((int32_t)calls[1].result, 0);
    CHECK_RC(set_ldt(NULL), 0);
    free_ldt(first);
    free_ldt(second);
}

static bool skip_two(struct trap_frame *frame)
{
    frame->eip += 2;
    return true;
}

/* Ports that are emulated, and domain 0's own; with a string that is far longer than what is done at once. */
TEST(longest_port_strings)
{
    static const uint16_t ports[] = {0x42, 0x43, 0x61, 0x70, 0x71, 0x80, 0xCF8, 0xCFC};
    trap_handler_t old = trap_set_handler(TRAP_GP, skip_two);
    struct physdev_set_iopl iopl = {1};
    static uint8_t text[4096];

    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    for (uint32_t i = 0; i < ARRAY_SIZE(ports); i++) {
        uint32_t count = sizeof(text);
        void *at = text;

        __asm__ volatile("rep insb" : "+c"(count), "+D"(at) : "d"(ports[i]) : "memory");
        if (ports[i] != 0x80)
            continue;
        count = sizeof(text);
        at = text;
        __asm__ volatile("rep outsb" : "+c"(count), "+S"(at) : "d"(ports[i]) : "memory");
        if (is_dom0())
            CHECK_EQ(count, 0);
    }
    iopl.iopl = 0;
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    trap_set_handler(TRAP_GP, old);
}
