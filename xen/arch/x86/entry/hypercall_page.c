/* SPDX-License-Identifier: MIT */
/* The hypercall page: a page of the guest's with a stub for each hypercall. */
#include <asm/emulate.h>
#include <asm/page.h>
#include <xen/sched.h>

#define INT3 0xCC

/* mov $number, %eax; int $0x82; ret */
static const uint8_t call_stub[] = {0xB8, 0, 0, 0, 0, 0xCD, HYPERCALL_VECTOR, 0xC3};
/* push %eax, which is part of iret's frame; then the same without `ret`. Guests jump to this one. */
static const uint8_t iret_stub[] = {0x50, 0xB8, __HYPERVISOR_iret, 0, 0, 0, 0xCD, HYPERCALL_VECTOR};

void write_hypercall_page(void *page)
{
    uint8_t *slot = page;

    spend(PAGE_SIZE / 6);
    memset(page, INT3, PAGE_SIZE);
    for (unsigned int number = 0; number < PAGE_SIZE / HYPERCALL_STUB_SIZE; number++) {
        if (number == __HYPERVISOR_iret)
            memcpy(slot, iret_stub, sizeof(iret_stub));
        else {
            memcpy(slot, call_stub, sizeof(call_stub));
            slot[1] = number;
        }
        slot += HYPERCALL_STUB_SIZE;
    }
}
