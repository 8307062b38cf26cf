/* SPDX-License-Identifier: MIT */
/* Rows of exceptions: into the guest and back, and privileged instructions that the hypervisor emulates. */
#include "rows.h"

#include <guest/traps.h>

#define CALLS 256
#define HOLE  ((void *)(MM_SCRATCH_END - PAGE_SIZE)) /* nothing is mapped there */

/* A read where nothing is mapped. The entry leaves the error code in EAX, so each result shows that the entry ran. */
void page_fault(struct bench *b, const void *entry)
{
    bench_calls(b, CALLS, ~0u, HOLE, 0, 0, 0, 0);
    b->loop = &loop_read;
    bench_expect(b, !trap_set_entry(TRAP_PAGE_FAULT, entry, 0), "cannot install the handler");
    while (bench_repeat(b)) {
        vcpu0_info.arch.cr2 = 0;
        bench_run(b);
        bench_expect_results(b, 0); /* not present, read, supervisor */
        bench_expect(b, vcpu0_info.arch.cr2 == (uint32_t)HOLE, "CR2 is 0x%x", vcpu0_info.arch.cr2);
    }
    trap_set_entry(TRAP_PAGE_FAULT, NULL, 0);
}

void soft_int(struct bench *b)
{
    bench_calls(b, CALLS, 0x81, 0, 0, 0, 0, 0);
    b->loop = &loop_soft_int;
    while (bench_repeat(b)) {
        trap_set_entry(0x81, entry_count, 1);
        bench_entry_count = 0;
        __asm__ volatile("int $0x81" ::: "memory");
        bench_expect(b, bench_entry_count == 1, "no handler for int $0x81");
        trap_set_entry(0x81, entry_soft_int, 1);
        bench_run(b); /* without a handler the first turn would end in #GP */
        bench_expect_results(b, 0x81);
    }
    trap_set_entry(0x81, NULL, 0);
}

/* CR3 shows the machine address of the L3 in use, in Xen's form. */
void emul_read_cr3(struct bench *b)
{
    uint32_t l3 = virt_to_mfn(mm_base());

    bench_calls(b, CALLS, 0, 0, 0, 0, 0, 0);
    b->loop = &loop_read_cr3;
    while (bench_repeat(b)) {
        bench_run(b);
        bench_expect_results(b, xen_pfn_to_cr3(l3));
    }
}

/* Leaf 0x40000000, the first of the hypervisor's own, is the only one that every release answers in the same way. */
void emul_cpuid(struct bench *b)
{
    uint32_t eax = 0, ebx, ecx = 0, edx;

    __asm__ volatile(XEN_CPUID : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    bench_calls(b, CALLS, 0, 0, 0, 0, 0, 0);
    b->loop = &loop_cpuid;
    while (bench_repeat(b)) {
        bench_run(b);
        bench_expect_results(b, eax);
    }
}
