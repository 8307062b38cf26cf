/* SPDX-License-Identifier: MIT */
/*
 * `fuzz=SEED`: thousands of hypercalls whose arguments are wrong in likely ways: frames of all sorts, pointers at every
 * border, structures made of small numbers and of addresses. The guest may lose anything by this, even its life. The
 * hypervisor must survive: tests/cases/fuzz_hypercalls.sh looks for that. The sequence depends on the seed alone. With
 * `fuzz_devices`, most calls are those of fuzz_devices.c.
 */
#include "fuzz_devices.h"
#include "test.h"

#include <public/callback.h>
#include <public/memory.h>

#define CALLS 6000

static uint32_t state;
static uint32_t words[64] __attribute__((aligned(64)));
static void *pages[8];
static pte_t *table;

static uint32_t random32(void)
{
    state = state * 1664525 + 1013904223;
    return state >> 8 ^ state << 16;
}

static uint32_t below(uint32_t n)
{
    return (random32() >> 4) % n;
}

static uint32_t some_frame(void)
{
    switch (below(8)) {
    case 0:
        return below(0x20000);
    case 1:
        return virt_to_mfn(table);
    case 2:
        return pte_mfn(mm_base()[below(4)]);
    case 3:
        return MMIO_FRAME;
    case 4:
        return 0xFFFFFFFF << below(32);
    default:
        return virt_to_mfn(pages[below(8)]);
    }
}

static uint32_t some_pointer(void)
{
    static const uint32_t borders[] = {
        HYPERVISOR_VIRT_START, MACH2PHYS_VIRT_END, 0xFFFFFFFF, 0xFC800000, 0xFD900000, 0};

    switch (below(10)) {
    case 0:
        return borders[below(ARRAY_SIZE(borders))] - below(64);
    case 1:
        return (uint32_t)EDGE(below(80));
    case 2:
        return (uint32_t)RO_PAGE + below(64);
    case 3:
        return (uint32_t)pages[below(8)] + below(PAGE_SIZE);
    case 4:
        return random32();
    default:
        return (uint32_t)words;
    }
}

static uint32_t some_word(void)
{
    switch (below(8)) {
    case 0:
        return some_pointer();
    case 1:
        return some_frame();
    case 2:
        return some_frame() << PAGE_SHIFT | (below(512) * 8 + below(3));
    case 3:
        return 1u << below(32);
    case 4:
        return 0u - below(20);
    case 5:
        return below(2) ? DOMID_SELF : DOMID_IO + below(4);
    default:
        return below(20);
    }
}

/* An entry for the tables. Most of them name our own pages. */
static void some_request(mmu_update_t *req)
{
    req->ptr = (uint64_t)(below(4) ? virt_to_mfn(table) : some_frame()) << PAGE_SHIFT |
               (below(16) * 8 + (below(8) ? 0 : below(8)));
    req->val = (uint64_t)some_frame() << PAGE_SHIFT | (below(2) ? PTE_KERNEL_RW : random32() & 0xFFF);
    if (!below(30))
        req->val |= (uint64_t)random32() << 32;
}

/* Not the memory that this program itself needs: otherwise the sequence soon ends. */
static bool maps_something(uint32_t nr)
{
    return nr == __HYPERVISOR_update_va_mapping || nr == __HYPERVISOR_update_va_mapping_otherdomain;
}

static uint32_t some_address(void)
{
    return below(4) ? FREE_TABLE_VA + (below(512) << PAGE_SHIFT) + below(2) * below(PAGE_SIZE)
                    : HYPERVISOR_VIRT_START + below(0x0A800000);
}

/* Calls that end the guest, wait, or fill the log are left out. */
static bool leave_out(uint32_t nr, const uint32_t *a)
{
    switch (nr) {
    case __HYPERVISOR_iret:
        return true;
    case __HYPERVISOR_sched_op:
    case __HYPERVISOR_sched_op_compat:
        return a[0] >= 1 && a[0] <= 6;
    case __HYPERVISOR_console_io:
        return a[0] == CONSOLEIO_write && a[1] > 16;
    case __HYPERVISOR_vcpu_op:
        return a[0] == VCPUOP_down || a[0] == VCPUOP_register_vcpu_info;
    case __HYPERVISOR_set_callbacks:
        return false;
    case __HYPERVISOR_mmuext_op:
    case __HYPERVISOR_mmu_update:
    case __HYPERVISOR_multicall:
        return a[1] > 64 && a[1] < 0x01000000;
    }
    return false;
}

static void one_call(void)
{
    uint32_t nr = below(12) ? below(40) : random32() >> below(32), a[5];
    bool updates = nr == __HYPERVISOR_mmu_update || !below(6);

    for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
        words[i] = some_word();
    if (updates) {
        nr = __HYPERVISOR_mmu_update;
        for (unsigned int i = 0; i < ARRAY_SIZE(words) / 4; i++)
            some_request((mmu_update_t *)&words[4 * i]);
    }
    for (unsigned int i = 0; i < 5; i++)
        a[i] = below(3) ? some_word() : some_pointer();
    if (updates || nr == __HYPERVISOR_mmuext_op) {
        a[0] = below(8) ? (uint32_t)words : some_pointer();
        a[1] = below(8) ? below(17) : some_word();
        a[3] = below(8) ? DOMID_SELF : some_word();
        if (!updates)
            words[0] = below(22), words[3] = below(22);
    } else if (nr != __HYPERVISOR_set_gdt && nr != __HYPERVISOR_multicall && below(4)) {
        a[0] = below(24); /* a command */
        a[1] = some_pointer();
        if (nr == __HYPERVISOR_vcpu_op) {
            a[1] = below(4) ? 0 : some_word();
            a[2] = some_pointer();
        }
    } else if (nr == __HYPERVISOR_multicall) {
        a[1] = below(8);
        for (unsigned int i = 0; i < 8; i++) {
            words[8 * i] = below(40);
            if (leave_out(words[8 * i], &words[8 * i + 2]) || words[8 * i] == __HYPERVISOR_multicall)
                words[8 * i] = __HYPERVISOR_xen_version;
            if (maps_something(words[8 * i]))
                words[8 * i + 2] = some_address();
        }
    }
    if (leave_out(nr, a))
        return;
    if (maps_something(nr))
        a[0] = some_address();
    hypercall(nr, a[0], a[1], a[2], a[3], a[4]);
}

/* Restores what a call may have taken away and the next ones need. */
static void mend(void)
{
    traps_init();
    HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, event_entry, FLAT_KERNEL_CS, failsafe_entry);
    events_disable();
    HYPERVISOR_set_debugreg(7, 0);
}

void fuzz_if_asked(void)
{
    char seed[16];
    bool devices;

    if (!guest_option("fuzz", seed, sizeof(seed)))
        return;
    state = parse_number(seed) * 2654435761u;
    for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++) {
        pages[i] = alloc_page();
        if (i < 4)
            page_make_readonly(pages[i]);
    }
    table = new_l1_at(FREE_TABLE_VA);
    devices = guest_option("fuzz_devices", seed, sizeof(seed));
    if (devices)
        fuzz_devices_begin(state);
    for (unsigned int i = 0; i < CALLS; i++) {
        if (devices && i % 4)
            fuzz_devices_call();
        else
            one_call();
        mend();
        if (devices)
            fuzz_devices_allow_ports();
        if (i % 1000 == 999)
            printf("fuzz: %u calls\n", i + 1);
    }
    if (devices)
        fuzz_devices_end();
    printf("fuzz: done\n");
    guest_shutdown(SHUTDOWN_poweroff);
}
