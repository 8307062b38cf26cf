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
#include "../unit/mm_world.h"
#include "host.h"
#include "input.h"
#include "windows.h"

#include <asm/emulate.h>

#define CODE       0x60000000u /* two pages, and nothing behind them */
#define CODE_SIZE  (2 * PAGE_SIZE)
#define DATA       0x68000000u /* likewise */
#define DATA_SIZE  (2 * PAGE_SIZE)
#define TABLES_VA  0xC0000000u /* where the guest has mapped three L1 tables, read-only, and a page */
#define TABLES     3
#define LDT_VA     (TABLES_VA + (1u << L2_SHIFT)) /* another table maps it than maps what is stored to */
#define GDT_FRAME  FREE
#define LDT_FRAME  (FREE + 1)
#define PAGE_FRAME (FREE + 2)
#define L1_ALONE   (FREE + 3) /* an L1 table that maps nothing; its window is L1 + 1's (windows.h) */
#define WATCHED    (FREE + 5) /* frames up to here are compared */
#define STEPS      12

/* The selectors that this process' own DS and GS hold: what they name in the guest's GDT is chosen. */
#define HOST_DS_INDEX 5
#define HOST_GS_INDEX 12

#define ARITHMETIC 0x8D5u

static struct input input;
static struct vcpu_info vcpu_info;
static uint8_t before[WATCHED][PAGE_SIZE];

/* What the instruction led to. */
static struct {
    unsigned int bounces, crashes, blocks, ports;
} seen;

void fail(const char *f, ...)
{
    va_list args;

    va_start(args, f);
    host_vfinding(f, args);
}

void exit_with(int status)
{
    host_finding("ended with status %d", status);
}

uint32_t below(uint32_t n)
{
    return choose(&input, n);
}

uint32_t random32(void)
{
    return take(&input, 4);
}

/* --- What the tested files need of the hypervisor */

bool bounce_trap(struct cpu_user_regs *regs, unsigned int vector, bool with_error_code)
{
    REQUIRE(vector == TRAP_debug || vector == TRAP_page_fault);
    seen.bounces++;
    return !(vcpu_info.evtchn_pending_sel & 1); /* a guest may have no handler */
}

void domain_crash(struct vcpu *v, const char *why)
{
    REQUIRE(v == current);
    seen.crashes++;
}

void vcpu_block(void)
{
    seen.blocks++;
}

bool fixup_4gb_segment(struct cpu_user_regs *regs)
{
    return false; /* segment limits are another matter */
}

long do_fpu_taskswitch(uint32_t set)
{
    REQUIRE(set <= 1);
    current->guest_cr0_ts = set;
    return 0;
}

long do_set_debugreg(uint32_t reg, uint32_t value)
{
    REQUIRE(reg < 8);
    if (value & 1)
        return -EPERM;
    current->debugreg[reg] = value;
    return 0;
}

uint64_t system_time(void)
{
    return 123456789123ull + (uint64_t)vcpu_info.time.tsc_timestamp;
}

static bool guest_has(uint32_t addr)
{
    return addr - CODE < CODE_SIZE || addr - DATA < DATA_SIZE;
}

/* Guest memory is the two regions only: this process has more at other addresses. */
static uint32_t guest_copy(uint8_t *to, const uint8_t *from, uint32_t guest, uint32_t n)
{
    while (n && guest_has(guest)) {
        *to++ = *from++;
        guest++;
        n--;
    }
    return n;
}

uint32_t __copy_from_guest(void *dst, const void *src, uint32_t n)
{
    REQUIRE(guest_range_ok(src, n));
    return guest_copy(dst, src, (uint32_t)src, n);
}

uint32_t __copy_to_guest(void *dst, const void *src, uint32_t n)
{
    REQUIRE(guest_range_ok(dst, n));
    return guest_copy(dst, src, (uint32_t)dst, n);
}

/* --- The windows of descriptor tables */

#define AREA_PAGES 0x20

static mfn_t area_frame[AREA_PAGES]; /* INVALID_MFN: nothing is mapped there */

static pte_t area_entry(unsigned int page)
{
    return vcpu_area_pte[page];
}

/* After an INVLPG: what no longer stands in the page tables goes. */
static void sync_area(void)
{
    for (unsigned int i = 0; i < AREA_PAGES; i++)
        if (area_frame[i] != INVALID_MFN &&
            pte_mfn((pte_t){.lo = area_entry(i).lo, .hi = area_entry(i).hi & 0x7FFFFFFF}) != area_frame[i]) {
            host_unmap(VCPU_AREAS_START + i * PAGE_SIZE, PAGE_SIZE);
            area_frame[i] = INVALID_MFN;
        }
}

static bool area_fault(uint32_t offset)
{
    unsigned int page = offset >> PAGE_SHIFT;
    pte_t e;

    if (area_frame[page] != INVALID_MFN)
        return false;
    e = area_entry(page);
    if (!(e.lo & _PAGE_PRESENT)) {
        if (offset < VCPU_AREA_LDT || !handle_ldt_fault(offset - VCPU_AREA_LDT))
            return false;
        e = area_entry(page);
    }
    e.hi &= 0x7FFFFFFF;
    area_frame[page] = pte_mfn(e);
    REQUIRE(is_table(mfn_to_page(area_frame[page]), PGT_seg_desc_page));
    host_map_frame(VCPU_AREAS_START + page * PAGE_SIZE, window_file(), area_frame[page]);
    return true;
}

/* --- Ports and privileged instructions of the machine */

/* Devices that are the hypervisor's. The clock is reached for domain 0, one register at a time. */
static bool machine_port_ok(uint32_t port, uint32_t bytes)
{
    static const uint16_t forbidden[][2] = {{0x20, 0x21}, {0xA0, 0xA1},   {0x40, 0x43},
                                            {0x61, 0x61}, {0x3F8, 0x3FF}, {0xCF8, 0xCFF}};

    if (!this_cpu.domain->is_privileged)
        return false;
    for (unsigned int i = 0; i < ARRAY_SIZE(forbidden); i++)
        if (port <= forbidden[i][1] && port + bytes > forbidden[i][0])
            return false;
    return bytes == 1 || port > 0x71 || port + bytes <= 0x70;
}

/* IN and OUT by DX: the only forms that asm/io.h has. */
static bool port_instruction(uint32_t *eip, uint32_t edx)
{
    const uint8_t *code = (const uint8_t *)*eip;
    bool word = *code == 0x66;

    code += word;
    if ((*code & 0xFC) != 0xEC)
        return false;
    if (!machine_port_ok(edx & 0xFFFF, !(*code & 1) ? 1 : word ? 2 : 4))
        FAIL("port %#x of the machine", edx & 0xFFFF);
    seen.ports++;
    *eip = (uint32_t)code + 1;
    return true;
}

static HOST bool on_fault(int signal, uint32_t *eip, uint32_t address, uint32_t edx)
{
    const uint8_t *code = (const uint8_t *)*eip;
    bool privileged;

    if (signal == 11 && address - VCPU_AREAS_START < AREA_PAGES * PAGE_SIZE && area_fault(address - VCPU_AREAS_START))
        return true;
    if (signal == 11 && port_instruction(eip, edx))
        return true;
    if (code[0] == 0x0F && code[1] == 0x30)
        FAIL("WRMSR for a guest");
    privileged = world_fault(signal, eip);
    if (privileged)
        sync_area();
    return privileged;
}

/* --- The guest */

static uint32_t some_descriptor_high(void)
{
    static const uint32_t high[] = {0x00CFBB00, 0x00CFB300, 0x00CFFB00, 0x00CFF300, 0x0040BB00, 0x0040F300, 0x0000BB00,
                                    0x0000F300, 0x00CFB700, 0x0040F700, 0x0000F700, 0x00CFB900, 0x00CFB100, 0};
    uint32_t choice = below(ARRAY_SIZE(high) + 2);

    return choice < ARRAY_SIZE(high) ? high[choice] : random32();
}

static uint32_t some_descriptor_low(void)
{
    static const uint32_t low[] = {0x0000FFFF, CODE << 16 | 15, DATA << 16 | 0xFFF, DATA << 16, 0x000067FF};
    uint32_t choice = below(ARRAY_SIZE(low) + 1);

    return choice < ARRAY_SIZE(low) ? low[choice] : random32();
}

/* What a base in the low word alone cannot say. */
static uint32_t with_base(uint32_t high)
{
    static const uint32_t bases[] = {0, 0, CODE & 0xFF000000, DATA & 0xFF000000, 0xF5000000};

    return high | bases[below(ARRAY_SIZE(bases))];
}

static void fill_descriptors(mfn_t mfn)
{
    static const uint16_t places[] = {1, 2, 3, HOST_DS_INDEX, HOST_GS_INDEX, 511};
    uint32_t chosen[ARRAY_SIZE(places)][2], *words;

    for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
        chosen[i][0] = some_descriptor_low();
        chosen[i][1] = with_base(some_descriptor_high());
    }
    words = map_frame(mfn);
    for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
        words[places[i] * 2] = chosen[i][0];
        words[places[i] * 2 + 1] = chosen[i][1];
    }
}

static const mfn_t tables[TABLES] = {L1, L1 + 1, L1_ALONE};

static void start_kernel(void)
{
    uint32_t *frames = (uint32_t *)DATA, rights = take(&input, 1);

    start(rights & 1);
    memset(&vcpu_info, 0, sizeof(vcpu_info));
    vcpu_info.evtchn_pending_sel = rights >> 1 & 1;
    current->vcpu_info = &vcpu_info;
    current->iopl = rights >> 2 & 3;
    if (rights & 16)
        ours.vm_assist = 1u << VMASST_TYPE_architectural_iopl;
    if (rights & 32) {
        current->io_bitmap = (const void *)(DATA + DATA_SIZE - 16);
        current->io_bitmap_ports = 0x10000;
    }
    current->guest_cr4 = initial_guest_cr4() | (rights & 64 ? 4 : 0) | (rights & 128 ? 8 : 0);
    load_cr4(current);
    current->debugreg[7] = 0x400;
    current->guest_cr0_ts = 0;
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, L1_ALONE, 0), 0);
    for (unsigned int i = 0; i < TABLES; i++)
        CHECK_RC(set_entry(L1, i, entry(tables[i], RO)), 0);
    CHECK_RC(set_entry(L1, TABLES, entry(PAGE_FRAME, RW)), 0);
    CHECK_RC(set_entry(L1 + 1, 0, entry(LDT_FRAME, RO)), 0);
    fill_descriptors(GDT_FRAME);
    fill_descriptors(LDT_FRAME);
    frames[0] = GDT_FRAME;
    (void)do_set_gdt(frames, below(4) ? 512 : below(16));
    mmuext(MMUEXT_SET_LDT, LDT_VA, below(4) ? 512 : below(16));
    sync_area();
    close_windows();
}

/* --- Instructions */

static uint32_t fault_address;

static uint32_t some_value(void)
{
    uint32_t choice = below(12);

    switch (choice) {
    case 0:
        return fault_address;
    case 1:
        return fault_address - (int8_t)take(&input, 1);
    case 2:
        return TABLES_VA + below(4 * PAGE_SIZE);
    case 3:
        return DATA + below(DATA_SIZE + 8);
    case 4:
        return take(&input, 1);
    case 5:
        return HYP_START - take(&input, 1);
    case 6: /* entries */
        return below(FRAMES) << PAGE_SHIFT | (below(2) ? RO : RW);
    case 7:
        return xen_pfn_to_cr3(L3 + below(4));
    case 8: /* ports */
        return take(&input, 2);
    case 9:
        return 0x40000000 + take(&input, 1);
    default:
        return random32();
    }
}

static uint16_t some_selector(bool code)
{
    static const uint16_t selectors[] = {RING1_CS, RING3_CS, RING1_DS, RING3_DS, 0x09, 0x11, 0x1B,       0x0D,
                                         0x15,     0x1F,     0xFFC,    0xFFF,    0,    3,    HYP_CS | 1, 0xDFFB};
    uint32_t choice = below(2 * ARRAY_SIZE(selectors));

    return choice < ARRAY_SIZE(selectors) ? selectors[choice] : code ? RING1_CS : RING1_DS;
}

/* Opcodes that lead somewhere, for the mutator to begin with; it may as well write any bytes. */
static unsigned int some_code(uint8_t *code)
{
    static const uint8_t known[][4] = {
        {0x89, 0x03},
        {0xC7, 0x03},
        {0x87, 0x03},
        {0x0F, 0xC7, 0x0B},
        {0xF0, 0x0F, 0xC7, 0x0B},
        {0x0F, 0xB1, 0x0B},
        {0x0F, 0xAB, 0x03},
        {0xA5},
        {0xF3, 0xAB},
        {0x6C},
        {0xF3, 0x6F},
        {0xEC},
        {0xEF},
        {0xE4, 0x70},
        {0x0F, 0x20, 0xC0},
        {0x0F, 0x22, 0xD8},
        {0x0F, 0x21, 0xF8},
        {0x0F, 0x23, 0xC0},
        {0x0F, 0x30},
        {0x0F, 0x32},
        {0x0F, 0x01, 0x3B},
        {0x0F, 0x01, 0xF0},
        {0xF4},
        {0x0F, 0x0B, 'x', 'e'},
        {0x0F, 0x06},
        {0xFA},
        {0x0F, 0x31},
        {0x0F, 0x09},
        {0x00, 0x03},
        {0x83, 0x23},
        {0xFF, 0x03},
        {0xF7, 0x1B},
        {0x0F, 0xC1, 0x03},
    };
    uint32_t choice = below(ARRAY_SIZE(known) * 2), n = 0;

    if (choice < ARRAY_SIZE(known)) {
        for (; n < 4 && (n < 1 || known[choice][n]); n++)
            code[n] = known[choice][n];
        if (known[choice][2] == 'x') {
            memcpy(code + 4, "n\x0f\xa2", 3);
            n = 7;
        }
    } else
        for (uint32_t wanted = below(MAX_INSN + 1); n < wanted; n++)
            code[n] = take(&input, 1);
    return n;
}

static struct cpu_user_regs regs;

/* Where the code stands: at a page's start, across two pages, up to the end of memory, or anywhere. */
static void place_code(void)
{
    uint8_t code[16] = {0};
    unsigned int n = some_code(code);
    uint32_t at = CODE;

    switch (below(4)) {
    case 1:
        at = CODE + PAGE_SIZE - below(MAX_INSN + 1);
        break;
    case 2:
        at = CODE + CODE_SIZE - n;
        break;
    case 3:
        at = CODE + CODE_SIZE - below(MAX_INSN + 1);
        break;
    }
    for (unsigned int i = 0; i < sizeof(code) && at + i < CODE + CODE_SIZE; i++)
        ((uint8_t *)at)[i] = code[i];
    regs.eip = below(16) ? at : some_value();
    regs.cs = some_selector(true);
    if (regs.cs != RING1_CS && regs.cs != RING3_CS && below(2))
        regs.eip -= CODE;
}

static void some_frame_of_registers(void)
{
    static const uint32_t flags[] = {0x202, 0x202, 0x302, 0x602, 0x10202, 0x246};
    uint32_t *words = (uint32_t *)&regs;

    memset(&regs, 0, sizeof(regs));
    fault_address = TABLES_VA + below(4 * PAGE_SIZE);
    for (unsigned int i = 0; i < 7; i++)
        words[i] = some_value();
    regs.esp = some_value();
    regs.eflags = flags[below(ARRAY_SIZE(flags))];
    regs.ss = some_selector(false);
    place_code();
    if (!below(8))
        current->debugreg[below(4)] = regs.edx & 0xFFFF;
    if (!below(8))
        current->debugreg[7] = random32() | 0x400;
}

/* --- What may have changed */

static unsigned int changed_entries(mfn_t *where, uint32_t *offset)
{
    unsigned int n = 0;

    for (mfn_t mfn = OURS; mfn < WATCHED; mfn++) {
        const uint8_t *now = window_view(mfn);

        if (mfn == LDT_FRAME || !host_differ(now, before[mfn], PAGE_SIZE))
            continue; /* the LDT is corrected when its page comes in; the auditor looks at it */
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
    if (n) { /* an entry of the table whose page the fault was in */
        uint32_t page = (fault_address - TABLES_VA) >> PAGE_SHIFT;

        REQUIRE(page < TABLES && where == tables[page]);
    }
    REQUIRE(regs.cs == old->cs && regs.ss == old->ss);
    if (!seen.bounces)
        REQUIRE(regs.eip - old->eip <= MAX_INSN);
    REQUIRE(!((regs.eflags ^ old->eflags) & ~(ARITHMETIC | X86_EFLAGS_RF)));
    REQUIRE(!seen.ports && !seen.blocks);
}

/* Registers that an instruction may change, as bits by their numbers. */
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
        if (repeated_io(insn)) { /* what came before the element that faults is done */
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
    REQUIRE(!(current->guest_cr4 & ~(initial_guest_cr4() | 0xC)));
}

/* The instruction as decode() sees it; fuzz_decode.c checks that against another decoder. The LDT's page that this may
 * have brought in can be gone again before it is executed. */
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
    if (regs.eip - CODE >= CODE_SIZE && (regs.cs == RING1_CS || regs.cs == RING3_CS || regs.cs == current->flat_cs) &&
        regs.eip < HYP_START)
        regs.eip = CODE; /* what is read there, if anything, would be this process' own */
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
    for (unsigned int i = 0; i < AREA_PAGES; i++)
        area_frame[i] = INVALID_MFN;
    host_on_fault(on_fault);
    host_cr0 = 0x80050033;
    host_cr4 = 0x6F0;
    init_cpuid();
    return 0;
}
