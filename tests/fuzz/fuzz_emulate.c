/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor executes for a guest (privop.c, ptwr.c, ports.c, msr.c, cpuid.c, with decode.c, insn.c, seg.c)
 * under the coverage-guided fuzzer.
 *
 * The input chooses instructions, registers, descriptors, IOPL, rights; the machine below is that of mm_world.c, with
 * real frames, page tables and descriptor tables: the windows of GDT and LDT are memory that follows their page-table
 * entries, and pages of the LDT come by the fault that asks for them. After each instruction:
 *  - one that was not carried out has changed nothing;
 *  - only what its kind may change has changed: registers by a list, flags, at most one entry of one page table;
 *  - the auditor finds all references right;
 *  - no port and no MSR of the machine was touched that a guest has no business with.
 * Windows are watched as in fuzz_mm.c.
 */
#include "fuzz_emulate.h"
#include "choices.h"
#include "windows.h"

#include <asm/emulate.h>

#define WATCHED (FREE + 5) /* frames up to this one are compared */
#define STEPS   12

#define ARITHMETIC 0x8D5u

static uint8_t before[WATCHED][PAGE_SIZE];

/* --- What may change */

static unsigned int changed_entries(mfn_t *where, uint32_t *offset)
{
    unsigned int n = 0;

    for (mfn_t mfn = OURS; mfn < WATCHED; mfn++) {
        const uint8_t *now = window_view(mfn);

        if (mfn == LDT_FRAME || !host_differ(now, before[mfn], PAGE_SIZE))
            continue; /* the LDT is corrected when its page is mapped; the auditor checks it */
        for (unsigned int i = 0; i < PAGE_SIZE; i += 8)
            if (host_differ(now + i, before[mfn] + i, 8)) {
                *where = mfn;
                *offset = i;
                n++;
            }
    }
    return n;
}

static void check_ptwr(const struct cpu_user_regs *old, bool done)
{
    mfn_t where = 0;
    uint32_t offset = 0;
    unsigned int n = changed_entries(&where, &offset);

    if (!done) {
        REQUIRE(!n);
        REQUIRE(!host_differ(&regs, old, sizeof(regs)));
        return;
    }
    REQUIRE(n <= 1);
    if (n) { /* an entry of the table whose page the store faulted on */
        uint32_t page = (fault_address - TABLES_VA) >> PAGE_SHIFT;

        REQUIRE(page < TABLES && where == tables[page]);
    }
    REQUIRE(regs.cs == old->cs && regs.ss == old->ss);
    if (!seen.bounces)
        REQUIRE(regs.eip - old->eip <= MAX_INSN);
    REQUIRE(!((regs.eflags ^ old->eflags) & ~(ARITHMETIC | X86_EFLAGS_RF)));
    REQUIRE(!seen.ports && !seen.blocks);
}

/* The registers that an instruction may change, as a mask by their numbers. */
static uint32_t may_change(const struct insn *insn)
{
    switch (insn->op) {
    case INSN_IN:
        return 1u << 0;
    case INSN_INS:
        return 1u << 1 | 1u << 7;
    case INSN_OUTS:
        return 1u << 1 | 1u << 6;
    case INSN_READ_CR:
    case INSN_READ_DR:
        return 1u << insn->rm;
    case INSN_RDTSC:
    case INSN_RDMSR:
        return 1u << 0 | 1u << 2;
    case INSN_CPUID:
        return 0xF;
    default:
        return 0;
    }
}

static bool repeated_io(const struct insn *insn)
{
    return (insn->op == INSN_INS || insn->op == INSN_OUTS) && insn->flags & INSN_REP;
}

static void check_privop(struct cpu_user_regs *old, const struct insn *insn, bool done, bool by_prefix)
{
    uint32_t allowed = by_prefix ? 0xF : may_change(insn), advance = regs.eip - old->eip;
    mfn_t where = 0;
    uint32_t offset;
    unsigned int n = changed_entries(&where, &offset);

    if (!done) {
        REQUIRE(!n && !seen.blocks && !seen.bounces && !seen.crashes);
        if (repeated_io(insn)) { /* what came before the faulting element is done */
            regs.ecx = old->ecx;
            regs.esi = old->esi;
            regs.edi = old->edi;
        } else
            REQUIRE(!seen.ports);
        REQUIRE(!host_differ(&regs, old, sizeof(regs)));
        return;
    }
    REQUIRE(!n || (insn->op == INSN_WRMSR && mfn_to_page(where)->owner == &ours));
    REQUIRE(regs.cs == old->cs && regs.ss == old->ss);
    REQUIRE(advance == 0 || advance == (by_prefix ? 7u : insn->length));
    for (unsigned int i = 0; i < 8; i++)
        REQUIRE(*gpr(&regs, i) == *gpr(old, i) || allowed >> i & 1);
    REQUIRE(!((regs.eflags ^ old->eflags) & ~X86_EFLAGS_RF));
    REQUIRE((regs.cs & 3) == 1 || insn->op == INSN_IN || insn->op == INSN_OUT || insn->op == INSN_INS ||
            insn->op == INSN_OUTS || insn->op == INSN_CLI_STI || insn->op == INSN_RDTSC || insn->op == INSN_CPUID ||
            by_prefix);
    REQUIRE(this_cpu.cr4 == host_cr4 || this_cpu.cr4 == (host_cr4 | 4));
    REQUIRE(!(current->arch.guest_cr4 & ~(initial_guest_cr4() | 0xC)));
}

/* The instruction as decode() sees it; fuzz_decode.c checks this against another decoder. This may map a page of the
 * LDT, which may be gone again before the instruction is executed. */
static void decoded(const struct cpu_user_regs *r, struct insn *insn)
{
    struct cpu_user_regs copy = *r;

    if (!fetch_insn(&copy, insn))
        memset(insn, 0, sizeof(*insn));
    if (!below(2))
        unmap_ldt(current);
    close_windows();
}

static void step(void)
{
    struct cpu_user_regs old;
    struct insn insn;
    uint32_t kind;
    bool done;

    some_frame_of_registers();
    if (regs.eip - CODE >= CODE_SIZE &&
        (regs.cs == RING1_CS || regs.cs == RING3_CS || regs.cs == current->arch.flat_cs) && regs.eip < HYP_START)
        regs.eip = CODE; /* reading there, if anything does, would read this process' own memory */
    old = regs;
    memset(&seen, 0, sizeof(seen));
    kind = below(3);
    if (kind)
        decoded(&regs, &insn);
    for (mfn_t mfn = OURS; mfn < WATCHED; mfn++)
        host_copy(before[mfn], window_view(mfn), PAGE_SIZE);
    switch (kind) {
    case 0:
        done = ptwr_fault(&regs, fault_address);
        close_windows();
        check_ptwr(&old, done);
        break;
    case 1:
        done = emulate_privileged_op(&regs);
        close_windows();
        check_privop(&old, &insn, done, false);
        break;
    default:
        done = emulate_forced_invalid_op(&regs);
        close_windows();
        check_privop(&old, &insn, done, true);
    }
    told = 0; /* an instruction's refusal, which no call answers for */
    audit(true);
    guest_runs();
}

void preempt_point(void)
{
    check_nothing_stale();
    this_cpu.effort_left = EFFORT_MAX;
    close_windows();
}

bool pause_point(void)
{
    preempt_point();
    return false;
}

HOST int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;

    if (!begun)
        host_on_fault(on_fault);
    begun = true;
    input = (struct input){data, data + size};
    start_kernel();
    for (unsigned int n = 0; n < STEPS && input_left(&input); n++)
        step();
    tear_down();
    return 0;
}

HOST int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    host_init(*argv);
    set_up_windows();
    host_map(CODE, CODE_SIZE);
    host_map(DATA, DATA_SIZE);
    begin_area();
    host_on_fault(on_fault);
    host_cr0 = 0x80050033;
    host_cr4 = 0x6F0;
    init_cpuid();
    return 0;
}
