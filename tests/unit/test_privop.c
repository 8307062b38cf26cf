/*
 * Privileged instructions (xen/arch/x86/emulate/privop.c, ports.c, cpuid.c and what they stand on), on the host.
 *
 * Each test gives a frame and the bytes of an instruction, and looks at the frame and at what the hypervisor was asked
 * to do. Instructions whose emulation would really execute a privileged one are left to the conformance guest. As in
 * test_ptwr.c, the hypervisor's code runs unchanged in a 32-bit program; what it calls is replaced here.
 */
#include <asm/emulate.h>
#include <asm/mm.h>
#include <asm/traps.h>
#include <public/errno.h>
#include <xen/hypercall.h>

#include <stdio.h>
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define CODE 0x21000000
#define DATA 0x22000000
#define AREA 0x23000000

/* Selectors of the guest's GDT in these tests. */
#define SEL_SMALL_CODE  0x41 /* base CODE, limit 15 */
#define SEL_SMALL_DATA  0x49 /* base DATA, limit 15 */
#define SEL_EXPAND_DOWN 0x51 /* base DATA, valid from offset 0x100 */
#define SEL_READ_ONLY   0x59 /* base DATA */
#define SEL_NOT_PRESENT 0x61
#define SEL_CODE16      0x69 /* base CODE, 16-bit */
#define GDT_ENTRIES     64

/* --- What the tested files need of the hypervisor */

struct cpu this_cpu;
mfn_t max_page = 16, window_frame[WIN_SLOTS];
pte_t window_pte[WIN_SLOTS];
uint32_t nx_mask_hi = _PAGE_NX_HI;

static struct domain domain;
static struct vcpu vcpu;
static struct vcpu_info vcpu_info;
static uint64_t now;

/* What has been asked for. */
static struct {
    unsigned int bounced, vector, error_code, blocked, flushed;
    uint32_t flushed_page, base_pointer, debugreg, debug_value;
    int taskswitch, base_pointer_result, debug_result;
} asked;

void *window_refill(unsigned int slot, mfn_t mfn)
{
    return NULL;
}

uint32_t __copy_from_guest(void *dst, const void *src, uint32_t n)
{
    memcpy(dst, src, n);
    return 0;
}

uint32_t __copy_to_guest(void *dst, const void *src, uint32_t n)
{
    memcpy(dst, src, n);
    return 0;
}

void flush_tlb_now(void)
{
    asked.flushed++;
}

void flush_page_now(uint32_t va)
{
    asked.flushed_page = va;
}

int new_base_pointer(mfn_t mfn)
{
    asked.base_pointer = mfn;
    return asked.base_pointer_result;
}

bool bounce_trap(struct cpu_user_regs *regs, unsigned int vector, bool with_error_code)
{
    asked.bounced++;
    asked.vector = vector;
    asked.error_code = with_error_code ? regs->error_code : 0xFFFF;
    return true;
}

void domain_crash(struct vcpu *v, const char *why)
{
    printf("domain_crash: %s\n", why);
}

void vcpu_block(void)
{
    asked.blocked++;
}

bool fixup_4gb_segment(struct cpu_user_regs *regs)
{
    return false; /* segment limits are another matter */
}

long do_fpu_taskswitch(uint32_t set)
{
    asked.taskswitch = set;
    return 0;
}

long do_set_debugreg(uint32_t reg, uint32_t value)
{
    asked.debugreg = reg;
    asked.debug_value = value;
    return asked.debug_result;
}

uint64_t system_time(void)
{
    return now;
}

uint64_t div64(uint64_t n, uint32_t d, uint32_t *rem)
{
    if (rem)
        *rem = n % d;
    return n / d;
}

int get_page_and_type(struct page_info *page, struct domain *d, uint32_t type)
{
    return -EINVAL;
}

void put_page_and_type(struct page_info *page)
{
}

/* --- Running an instruction */

static unsigned int passed, failed, failures_here;

#define CHECK(cond, ...)                                      \
    do {                                                      \
        if (!(cond) && failures_here++ < 5) {                 \
            printf("%s:%d: %s: ", __FILE__, __LINE__, #cond); \
            printf(__VA_ARGS__);                              \
            putchar('\n');                                    \
        }                                                     \
    } while (0)

static struct cpu_user_regs regs;

static void start(uint16_t cs)
{
    memset(&asked, 0, sizeof(asked));
    memset(&regs, 0, sizeof(regs));
    asked.taskswitch = -1;
    vcpu.guest_cr0_ts = 0;
    vcpu.guest_cr4 = 0x620;
    vcpu.iopl = 0;
    vcpu.io_bitmap_ports = 0;
    vcpu.debugreg[6] = 0xFFFF0FF0;
    vcpu.debugreg[7] = 0x400;
    vcpu.debugreg[4] = vcpu.debugreg[5] = 0;
    vcpu_info.evtchn_upcall_mask = 1;
    domain.is_privileged = false;
    domain.vm_assist = 0;
    regs.cs = cs;
    regs.ss = RING1_DS;
    regs.eip = CODE;
    regs.eflags = 0x202;
}

static bool execute(const char *code, unsigned int length)
{
    memcpy((void *)CODE, code, length);
    return emulate_privileged_op(&regs);
}
#define EXECUTE(code) execute(code, sizeof(code) - 1)
/* Carried out, to its end. */
#define DOES(code) (EXECUTE(code) && regs.eip == CODE + sizeof(code) - 1 && !asked.bounced)

static void test_control_registers(void)
{
    start(RING1_CS);
    vcpu.guest_l3 = 0x123456;
    vcpu_info.arch.cr2 = 0xABCD0123;
    CHECK(DOES("\x0f\x20\xc1") && regs.ecx == 0x80050033, "CR0 %x", regs.ecx);
    vcpu.guest_cr0_ts = 1;
    regs.eip = CODE;
    CHECK(DOES("\x0f\x20\xc7") && regs.edi == 0x8005003B, "CR0 with TS %x", regs.edi);
    regs.eip = CODE;
    CHECK(DOES("\x0f\x20\xd4") && regs.esp == 0xABCD0123, "CR2 %x", regs.esp);
    regs.eip = CODE;
    CHECK(DOES("\x0f\x20\xd8") && regs.eax == 0x23456001, "CR3 %x", regs.eax);
    regs.eip = CODE;
    CHECK(DOES("\x0f\x20\xe3") && regs.ebx == 0x620, "CR4 %x", regs.ebx);
    regs.eip = CODE;
    CHECK(!EXECUTE("\x0f\x20\xc8") && !EXECUTE("\x0f\x22\xc8") && !EXECUTE("\x0f\x20\xe8"), "CR1, CR5");
    CHECK(!EXECUTE("\xf0\x0f\x20\xc0"), "CR8 by LOCK");

    start(RING3_CS);
    CHECK(!EXECUTE("\x0f\x20\xc0") && !EXECUTE("\x0f\x06") && !EXECUTE("\xf4") && !EXECUTE("\x0f\x30"), "user mode");
    CHECK(regs.eip == CODE && !asked.bounced, "nothing changed");

    start(RING1_CS);
    regs.eax = 0x8005003B;
    CHECK(DOES("\x0f\x22\xc0") && asked.taskswitch == 1, "sets TS");
    regs.eip = CODE;
    regs.eax = 0x80050033;
    CHECK(DOES("\x0f\x22\xc0") && asked.taskswitch == 0, "clears TS");
    regs.eip = CODE;
    asked.taskswitch = -1;
    regs.eax = 0x80050032;
    CHECK(!EXECUTE("\x0f\x22\xc0") && asked.taskswitch == -1 && regs.eip == CODE, "leaving protected mode");
    CHECK(DOES("\x0f\x06") && asked.taskswitch == 0, "CLTS");
    regs.eip = CODE;
    regs.eax = 0xFFFFFFFB; /* only the lowest four bits count */
    CHECK(DOES("\x0f\x01\xf0") && asked.taskswitch == 1, "LMSW sets TS");
    regs.eip = CODE;
    regs.eax = 2;
    CHECK(DOES("\x0f\x01\xf0") && asked.taskswitch == 0, "LMSW cannot clear PE");
    regs.eip = CODE;
    regs.eax = 4;
    CHECK(!EXECUTE("\x0f\x01\xf0"), "LMSW of EM");
    *(uint16_t *)DATA = 0xB;
    regs.edx = DATA;
    CHECK(DOES("\x36\x0f\x01\x32") && asked.taskswitch == 1, "LMSW from memory");

    start(RING1_CS);
    regs.esi = 0x23456001;
    CHECK(DOES("\x0f\x22\xde") && asked.base_pointer == 0x123456, "CR3 %x", asked.base_pointer);
    regs.eip = CODE;
    asked.base_pointer_result = -EINVAL;
    CHECK(!EXECUTE("\x0f\x22\xde") && regs.eip == CODE, "a bad CR3");
    regs.ecx = 0x55;
    CHECK(DOES("\x0f\x22\xd1") && vcpu_info.arch.cr2 == 0x55, "CR2");
    regs.eip = CODE;
    regs.eax = 0xFFFFFFFB; /* all but TSD */
    CHECK(DOES("\x0f\x22\xe0") && vcpu.guest_cr4 == 0x628, "CR4 %x", vcpu.guest_cr4);
}

static void test_debug_registers(void)
{
    start(RING1_CS);
    vcpu.debugreg[2] = 0x1234;
    CHECK(DOES("\x0f\x21\xd3") && regs.ebx == 0x1234, "DR2 %x", regs.ebx);
    regs.eip = CODE;
    CHECK(DOES("\x0f\x21\xf8") && regs.eax == 0x400, "DR7 %x", regs.eax);
    regs.eip = CODE;
    regs.eax = 1;
    CHECK(DOES("\x0f\x21\xe0") && regs.eax == 0, "DR4 without DE %x", regs.eax);
    regs.eip = CODE;
    regs.edi = 0x777;
    CHECK(DOES("\x0f\x23\xcf") && asked.debugreg == 1 && asked.debug_value == 0x777, "DR%u = %x", asked.debugreg,
          asked.debug_value);
    regs.eip = CODE;
    asked.debug_result = -EPERM;
    CHECK(!EXECUTE("\x0f\x23\xcf") && regs.eip == CODE, "a refused value");
}

static void test_hlt_and_others(void)
{
    start(RING1_CS);
    CHECK(DOES("\xf4") && asked.blocked == 1 && vcpu_info.evtchn_upcall_mask == 0, "HLT");
    start(RING1_CS);
    regs.eflags |= X86_EFLAGS_TF;
    CHECK(EXECUTE("\xf4") && !asked.blocked && asked.vector == TRAP_debug && regs.eip == CODE + 1,
          "HLT single-stepped");
    start(RING1_CS);
    regs.eflags |= X86_EFLAGS_TF;
    CHECK(EXECUTE("\x0f\x20\xc0") && asked.vector == TRAP_debug && asked.error_code == 0xFFFF, "single step");
    CHECK(vcpu.debugreg[6] == 0xFFFF4FF0, "DR6 %x", vcpu.debugreg[6]);
    start(RING1_CS);
    regs.eflags |= X86_EFLAGS_RF;
    CHECK(DOES("\x0f\x09") && !(regs.eflags & X86_EFLAGS_RF), "WBINVD of an ordinary domain; RF is used up");
    start(RING1_CS);
    regs.ebp = 0xC0000000;
    regs.ecx = 0x1000;
    CHECK(DOES("\x36\x0f\x01\x7c\x8d\x10") && asked.flushed_page == 0xC0004010, "INVLPG %x", asked.flushed_page);
    start(RING1_CS);
    regs.ebp = HYP_START;
    CHECK(DOES("\x36\x0f\x01\x7d\x00") && !asked.flushed_page, "INVLPG of the hypervisor's %x", asked.flushed_page);
    start(RING1_CS);
    CHECK(DOES("\x0f\x31") && (regs.eax || regs.edx), "RDTSC");
    start(RING3_CS);
    CHECK(DOES("\x0f\x31"), "RDTSC in user mode");
    start(RING3_CS);
    vcpu.guest_cr4 |= 4;
    CHECK(!EXECUTE("\x0f\x31"), "which the guest's kernel has forbidden");
    start(RING1_CS);
    CHECK(!EXECUTE("\x0f\x33") && !EXECUTE("\x0f\x01\xd1") && !EXECUTE("\x0f\x01\x10") && !EXECUTE("\xcd\x80") &&
              !EXECUTE("\x0f\x0b") && !EXECUTE("\x0f\x00\xd8") && !EXECUTE("\xcf"),
          "RDPMC, XSETBV, LGDT, INT, UD2, LTR, IRET");
    CHECK(!EXECUTE("\x89\x02"), "a store");
}

static void test_msrs(void)
{
    start(RING1_CS);
    regs.ecx = 0x1D9;
    regs.eax = regs.edx = 1;
    CHECK(DOES("\x0f\x32") && !regs.eax && !regs.edx, "debug control");
    regs.eip = CODE;
    regs.ecx = 0x404;
    CHECK(DOES("\x0f\x32") && regs.eax == 0xFFFFFFFF && regs.edx == 0xFFFFFFFF, "MC1_CTL");
    regs.eip = CODE;
    regs.ecx = 0x179;
    CHECK(DOES("\x0f\x32") && (regs.eax & 0xFF) == 2, "MCG_CAP %x", regs.eax);
    regs.eip = CODE;
    CHECK(!EXECUTE("\x0f\x30"), "which cannot be written");
    regs.ecx = 0x277;
    CHECK(DOES("\x0f\x30"), "PAT: written without effect");
    regs.eip = CODE;
    regs.ecx = 0x174;
    CHECK(!EXECUTE("\x0f\x30") && !EXECUTE("\x0f\x32"), "SYSENTER_CS");
    regs.ecx = 0xC0000082;
    CHECK(!EXECUTE("\x0f\x30") && !EXECUTE("\x0f\x32"), "LSTAR");
    regs.ecx = 0x40000000;
    regs.eax = 0x00001000;
    regs.edx = 0;
    CHECK(!EXECUTE("\x0f\x30"), "hypercall page in a frame that is not the guest's");
    regs.edx = 0xFFFFF;
    CHECK(!EXECUTE("\x0f\x30"), "or in none");
}

/* --- Ports */

static void test_iopl(void)
{
    for (unsigned int iopl = 0; iopl < 4; iopl++)
        for (unsigned int user = 0; user < 2; user++)
            for (unsigned int architectural = 0; architectural < 2; architectural++) {
                bool allowed = iopl >= (user ? 3u : architectural ? 0u : 1u);

                start(user ? RING3_CS : RING1_CS);
                vcpu.iopl = iopl;
                domain.vm_assist = architectural << 4;
                CHECK(EXECUTE("\xfa") == allowed, "CLI: iopl %u user %u architectural %u", iopl, user, architectural);
                regs.eip = CODE;
                CHECK(EXECUTE("\xfb") == allowed, "STI: iopl %u user %u architectural %u", iopl, user, architectural);
                regs.eip = CODE;
                CHECK(EXECUTE("\xe6\x80") == allowed, "OUT: iopl %u user %u architectural %u", iopl, user,
                      architectural);
                CHECK(vcpu_info.evtchn_upcall_mask == 1, "events stay as they are");
            }
}

static void test_io_bitmap(void)
{
    uint8_t *bitmap = (uint8_t *)DATA;

    memset(bitmap, 0xFF, 0x100);
    bitmap[0x61 / 8] = (uint8_t) ~(1u << (0x61 % 8));
    bitmap[0x80 / 8] = 0xF0; /* 0x80 to 0x83 */
    start(RING3_CS);
    vcpu.io_bitmap = bitmap;
    vcpu.io_bitmap_ports = 0x100;
    CHECK(DOES("\xe4\x61"), "allowed");
    regs.eip = CODE;
    CHECK(!EXECUTE("\xe4\x60") && !EXECUTE("\xe4\x62") && !EXECUTE("\xe5\x61"), "its neighbours");
    CHECK(DOES("\xe5\x80"), "four ports");
    regs.eip = CODE;
    CHECK(!EXECUTE("\xe5\x81"), "one too far");
    regs.edx = 0x100;
    CHECK(!EXECUTE("\xec"), "beyond the bitmap");
    vcpu.io_bitmap = (void *)HYP_START;
    CHECK(!EXECUTE("\xe4\x61"), "a bitmap that cannot be read");
}

static void test_ports(void)
{
    start(RING1_CS);
    vcpu.iopl = 1;
    regs.eax = 0x12345678;
    regs.edx = 0x21;
    CHECK(DOES("\xec") && regs.eax == 0x123456FF, "IN AL %x", regs.eax);
    regs.eip = CODE;
    CHECK(DOES("\x66\xed") && regs.eax == 0x1234FFFF, "IN AX %x", regs.eax);
    regs.eip = CODE;
    CHECK(DOES("\xed") && regs.eax == 0xFFFFFFFF, "IN EAX %x", regs.eax);
    regs.eip = CODE;
    regs.eax = 0x80001234;
    regs.edx = 0xCF8;
    CHECK(DOES("\xef"), "PCI address");
    regs.eip = CODE;
    regs.eax = 0;
    CHECK(DOES("\xed") && regs.eax == 0x80001234, "read back %x", regs.eax);
    regs.eip = CODE;
    regs.edx = 0xCFC;
    CHECK(DOES("\xed") && regs.eax == 0xFFFFFFFF, "no device %x", regs.eax);
    regs.eip = CODE;
    regs.eax = 0x0A;
    CHECK(DOES("\xe6\x70"), "CMOS index");
    regs.eip = CODE;
    regs.eax = 0;
    CHECK(DOES("\xe4\x70") && regs.eax == 0x0A, "read back %x", regs.eax);
    regs.eip = CODE;
    CHECK(DOES("\xe4\x71") && regs.eax == 0xFF, "CMOS data is domain 0's %x", regs.eax);
    /* Domain 0 is kept from the hypervisor's own devices: no real IN, which would end this program. */
    for (unsigned int i = 0; i < 4; i++) {
        static const uint16_t ports[] = {0x20, 0xA1, 0x3F8, 0xCF9};

        start(RING1_CS);
        vcpu.iopl = 1;
        domain.is_privileged = true;
        regs.edx = ports[i];
        CHECK(DOES("\xec") && regs.eax == 0xFF, "port %x: %x", ports[i], regs.eax);
        regs.eip = CODE;
        CHECK(DOES("\xee"), "port %x", ports[i]);
        regs.eip = CODE;
        regs.edx = ports[i] - 1;
        CHECK(DOES("\x66\xed") && regs.eax == 0xFFFF, "a word that reaches port %x: %x", ports[i], regs.eax);
    }
}

static void test_pit(void)
{
    start(RING1_CS);
    vcpu.iopl = 1;
    guest_out(0x61, 1, 1);    /* gate */
    guest_out(0x43, 1, 0xB0); /* channel 2, low then high, mode 0 */
    guest_out(0x42, 1, 0x34);
    guest_out(0x42, 1, 0x12);
    CHECK(!(guest_in(0x61, 1) & 0x20), "output is low while it counts");
    now += 1000000;           /* 1193 ticks */
    guest_out(0x43, 1, 0x80); /* latch */
    now += 1000000;
    CHECK((guest_in(0x42, 1) | guest_in(0x42, 1) << 8) == 0x1234 - 1193, "latched count");
    CHECK((guest_in(0x42, 1) | guest_in(0x42, 1) << 8) == 0x1234 - 2386, "count");
    now += 2000000; /* 4660 ticks are 3.9 ms */
    CHECK(guest_in(0x61, 1) & 0x20, "output is high when it is done");
    CHECK((guest_in(0x61, 1) & 3) == 1, "gate and speaker read back");
    guest_out(0x43, 1, 0x94); /* low byte only, mode 2 */
    guest_out(0x42, 1, 100);
    now += 83810; /* 100 ticks: one period */
    CHECK(guest_in(0x42, 1) <= 100 && guest_in(0x42, 1) >= 98, "periodic: %u", guest_in(0x42, 1));
    guest_out(0x43, 1, 0xE8); /* read back the status */
    CHECK((guest_in(0x42, 1) & 0x3F) == 0x14, "status");
    now += 3600ull * 24 * 365 * 100 * 1000000000;
    guest_in(0x42, 1); /* a hundred years later: no overflow to trap */
}

static void test_string_io(void)
{
    uint8_t *data = (uint8_t *)DATA;

    memset(data, 0, PAGE_SIZE);
    start(RING1_CS);
    vcpu.iopl = 1;
    regs.edx = 0x21;
    regs.edi = DATA + 4;
    CHECK(DOES("\x6d") && regs.edi == DATA + 8 && data[4] == 0xFF && data[7] == 0xFF && !data[3] && !data[8], "INSL");
    regs.eip = CODE;
    regs.ecx = 100;
    regs.edi = DATA + 0x100;
    CHECK(EXECUTE("\xf3\x6c") && regs.eip == CODE && regs.ecx == 36 && regs.edi == DATA + 0x140, "bounded: ecx %u",
          regs.ecx);
    CHECK(DOES("\xf3\x6c") && regs.ecx == 0 && regs.edi == DATA + 0x164, "and gone on with: ecx %u", regs.ecx);
    CHECK(data[0x163] == 0xFF && !data[0x164], "as many as asked for");
    regs.eip = CODE;
    CHECK(DOES("\xf3\x6c") && regs.edi == DATA + 0x164, "REP with ECX 0");
    regs.eip = CODE;
    regs.ecx = 3;
    regs.esi = DATA + 0x20;
    regs.eflags |= 0x400;
    CHECK(DOES("\x36\xf3\x66\x6f") && regs.esi == DATA + 0x1A && regs.ecx == 0, "OUTSW backwards %x", regs.esi);

    start(RING1_CS);
    vcpu.iopl = 1;
    regs.edi = HYP_START - 2;
    CHECK(EXECUTE("\x6d") && asked.vector == TRAP_page_fault && asked.error_code == PFEC_write && regs.eip == CODE,
          "INS to the hypervisor: vector %u", asked.vector);
    CHECK(vcpu_info.arch.cr2 == HYP_START - 2, "CR2 %x", vcpu_info.arch.cr2);
    start(RING3_CS);
    vcpu.iopl = 3;
    regs.edi = 0xFFFFFFFE;
    CHECK(!EXECUTE("\x6d"), "INS past 4 GiB");
    start(RING1_CS);
    CHECK(!EXECUTE("\x6c") && !EXECUTE("\x6e"), "IOPL 0");
}

/* OUTS through SS: the one segment that a frame holds. */
static bool outs_through(uint16_t ss, uint32_t offset)
{
    start(RING1_CS);
    vcpu.iopl = 1;
    regs.ss = ss;
    regs.esi = offset;
    return EXECUTE("\x36\x6f");
}

static void test_segments(void)
{
    CHECK(outs_through(SEL_SMALL_DATA, 12), "within the limit");
    CHECK(!outs_through(SEL_SMALL_DATA, 13) && !outs_through(SEL_SMALL_DATA, 16), "beyond it");
    CHECK(!outs_through(SEL_SMALL_DATA, 0xFFFFFFFE), "round 4 GiB");
    CHECK(outs_through(SEL_EXPAND_DOWN, 0x100) && !outs_through(SEL_EXPAND_DOWN, 0xFF), "expand-down");
    CHECK(outs_through(SEL_READ_ONLY, 0), "read-only data");
    CHECK(!outs_through(SEL_NOT_PRESENT, 0) && !outs_through(0, 0) && !outs_through(3, 0), "not present; null");
    CHECK(!outs_through(GDT_ENTRIES * 8 + 1, 0) && !outs_through(5, 0), "beyond the GDT; no LDT");
    CHECK(outs_through(RING1_CS, DATA) && !outs_through(RING1_CS, FLAT_SEGMENT_LIMIT - 2), "the flat ones");

    start(SEL_SMALL_CODE);
    regs.eip = 0;
    CHECK(EXECUTE("\x0f\x20\xc0") && regs.eip == 3, "code with a base");
    start(SEL_SMALL_CODE);
    regs.eip = 13;
    memcpy((void *)(CODE + 13), "\x0f\x20\xc0", 3);
    CHECK(emulate_privileged_op(&regs) && regs.eip == 16, "up to its limit");
    start(SEL_SMALL_CODE);
    regs.eip = 14;
    memcpy((void *)(CODE + 14), "\x0f\x20\xc0", 3);
    CHECK(!emulate_privileged_op(&regs), "beyond it");
    regs.eip = 16;
    CHECK(!emulate_privileged_op(&regs), "and outside");
    start(SEL_SMALL_DATA);
    regs.eip = 0;
    CHECK(!emulate_privileged_op(&regs), "data is not code");
    start(SEL_CODE16);
    regs.eip = 0;
    regs.eax = 0xFFFF0000;
    vcpu.iopl = 1;
    CHECK(EXECUTE("\xe5\x21") && regs.eax == 0xFFFFFFFF, "16-bit code: AX %x", regs.eax);
    start(RING1_CS);
    regs.eip = HYP_START;
    CHECK(!emulate_privileged_op(&regs), "the machine-to-physical table is no code of ours to read");
}

static void test_io_breakpoints(void)
{
    start(RING1_CS);
    vcpu.iopl = 1;
    vcpu.debugreg[1] = 0x22;
    vcpu.debugreg[7] = 0x00600404 | 0x400; /* 1: I/O, 2 bytes (22, 23), local */
    CHECK(DOES("\xe4\x22"), "without CR4.DE there are none");
    vcpu.guest_cr4 |= X86_CR4_DE;
    regs.eip = CODE;
    CHECK(EXECUTE("\xe4\x23") && asked.vector == TRAP_debug && vcpu.debugreg[6] == 0xFFFF0FF2, "hit: DR6 %x",
          vcpu.debugreg[6]);
    asked.bounced = 0;
    regs.eip = CODE;
    CHECK(DOES("\xe4\x24"), "beside it");
    regs.eip = CODE;
    CHECK(EXECUTE("\xe5\x1f") && asked.bounced, "overlapping");
}

/* --- CPUID */

static void forced_cpuid(uint32_t eax, uint32_t ecx)
{
    start(RING1_CS);
    memcpy((void *)CODE, "\x0f\x0bxen\x0f\xa2", 7);
    regs.eax = eax;
    regs.ecx = ecx;
    CHECK(emulate_forced_invalid_op(&regs) && regs.eip == CODE + 7, "leaf %x", eax);
}

static void test_cpuid(void)
{
    uint32_t max;

    forced_cpuid(0x40000000, 0);
    CHECK(!memcmp(&regs.ebx, "XenV", 4) && !memcmp(&regs.ecx, "MMXe", 4) && !memcmp(&regs.edx, "nVMM", 4), "signature");
    CHECK(regs.eax == 0x40000002, "last leaf %x", regs.eax);
    forced_cpuid(0x40000001, 0);
    CHECK(regs.eax == 0x00040002, "version %x", regs.eax);
    forced_cpuid(0x40000002, 0);
    CHECK(regs.eax == 1 && regs.ebx == 0x40000000 && regs.ecx == 1, "hypercall page");
    forced_cpuid(0, 0);
    max = regs.eax;
    CHECK(max >= 1 && max <= 7, "leaves %u", max);
    forced_cpuid(1, 0);
    CHECK(regs.ecx >> 31, "a hypervisor");
    /* VME PSE MCE APIC SEP MTRR PGE MCA PSE36; VMX SMX CX16 PCID x2APIC TSC-deadline XSAVE OSXSAVE AVX */
    CHECK(!(regs.edx & 0x00027A8A), "EDX %x", regs.edx);
    CHECK(!(regs.ecx & 0x1D222068), "ECX %x", regs.ecx);
    CHECK((regs.edx & 0x00000161) == 0x00000161, "FPU MSR PAE CX8: %x", regs.edx);
    forced_cpuid(7, 0);
    CHECK(!(regs.ebx & ~0x20CC0308u) && !regs.ecx && !regs.edx, "leaf 7: %x", regs.ebx);
    forced_cpuid(7, 1);
    CHECK(!(regs.eax | regs.ebx | regs.ecx | regs.edx), "leaf 7.1");
    forced_cpuid(0xD, 0);
    CHECK(!(regs.eax | regs.ebx | regs.ecx | regs.edx), "XSAVE");
    forced_cpuid(0x80000001, 0);
    CHECK(!(regs.edx & 0x2C000800), "LM SYSCALL RDTSCP 1GB: %x", regs.edx);
    CHECK(!(regs.ecx & 0x00000004), "SVM: %x", regs.ecx);
    forced_cpuid(0x80000000, 0);
    CHECK(regs.eax >= 0x80000004 && regs.eax <= 0x80000008, "extended leaves %x", regs.eax);
    forced_cpuid(0xFFFFFFFF, 0);
    CHECK(!(regs.eax | regs.ebx | regs.ecx | regs.edx), "no such leaf");
    start(RING3_CS);
    regs.eax = 0x40000001;
    CHECK(DOES("\x0f\xa2") && regs.eax == 0x00040002, "where CPUID itself faults");
}

static void test_prefix(void)
{
    static const char *const no_prefix[] = {"\x0f\x0bxem\x0f\xa2", "\x0f\x0bxen\x0f\xa3",
                                            "\x0f\x0b\x90\x90\x90\x0f\xa2", "\x0f\x0bxen\x89\x02"};

    for (unsigned int i = 0; i < ARRAY_SIZE(no_prefix); i++) {
        start(RING1_CS);
        memcpy((void *)CODE, no_prefix[i], 7);
        CHECK(!emulate_forced_invalid_op(&regs) && regs.eip == CODE, "%u", i);
    }
    start(RING3_CS);
    memcpy((void *)CODE, "\x0f\x0bxen\x0f\xa2", 7);
    CHECK(emulate_forced_invalid_op(&regs), "user mode");
    start(SEL_SMALL_CODE);
    regs.eip = 10;
    memcpy((void *)(CODE + 10), "\x0f\x0bxen\x0f\xa2", 7);
    CHECK(!emulate_forced_invalid_op(&regs), "beyond the code segment's limit");
    start(RING1_CS);
    regs.eip = 0xFFFFFFFC;
    CHECK(!emulate_forced_invalid_op(&regs), "round 4 GiB");
}

/* --- Set-up */

static void run(const char *name, void (*test)(void))
{
    failures_here = 0;
    printf("@test begin %s\n", name);
    test();
    if (failures_here) {
        failed++;
        printf("@test fail %s: %u checks failed\n", name, failures_here);
    } else {
        passed++;
        printf("@test pass %s\n", name);
    }
}

static void set_descriptor(uint32_t sel, uint32_t base, uint32_t limit, uint32_t ar)
{
    uint32_t *d = (uint32_t *)(AREA + VCPU_AREA_GDT) + 2 * (sel >> 3);

    d[0] = base << 16 | (limit & 0xFFFF);
    d[1] = (base & 0xFF000000) | (limit & 0xF0000) | ar | (base >> 16 & 0xFF);
}

static bool map_at(uint32_t address, uint32_t size, int prot)
{
    void *p = mmap((void *)address, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    return p == (void *)address;
}

int main(void)
{
    uint16_t ds;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!map_at(CODE, PAGE_SIZE, PROT_READ | PROT_WRITE) || !map_at(DATA, PAGE_SIZE, PROT_READ | PROT_WRITE) ||
        !map_at(AREA, VCPU_AREA_SIZE, PROT_READ | PROT_WRITE)) {
        printf("@test begin privop\n@test skip privop: no memory at the addresses it needs\n");
        printf("@tests end passed=0 failed=0 skipped=1\n");
        return 0;
    }
    this_cpu.vcpu = &vcpu;
    this_cpu.domain = &domain;
    vcpu.domain = &domain;
    vcpu.vcpu_info = &vcpu_info;
    vcpu.area = AREA;
    vcpu.flat_cs = RING1_CS;
    vcpu.gdt_entries = GDT_ENTRIES;
    host_cr0 = 0x80050033;
    this_cpu.cr4 = host_cr4 = 0x6B0;
    init_cpuid();
    __asm__("mov %%ds, %0" : "=r"(ds));
    set_descriptor(ds, 0, 0xFFFFF, 0x00C0F300); /* this program's own data segment: INS and OUTS use it */
    set_descriptor(SEL_SMALL_CODE, CODE, 15, 0x0040BB00);
    set_descriptor(SEL_SMALL_DATA, DATA, 15, 0x0040B300);
    set_descriptor(SEL_EXPAND_DOWN, DATA, 0xFF, 0x0040B700);
    set_descriptor(SEL_READ_ONLY, DATA, 0xFFFF, 0x0040B100);
    set_descriptor(SEL_NOT_PRESENT, DATA, 0xFFFF, 0x00403300);
    set_descriptor(SEL_CODE16, CODE, 0xFFFF, 0x0000BB00);

    run("privop_control_registers", test_control_registers);
    run("privop_debug_registers", test_debug_registers);
    run("privop_hlt_and_others", test_hlt_and_others);
    run("privop_msrs", test_msrs);
    run("privop_iopl", test_iopl);
    run("privop_io_bitmap", test_io_bitmap);
    run("privop_ports", test_ports);
    run("privop_pit", test_pit);
    run("privop_string_io", test_string_io);
    run("privop_segments", test_segments);
    run("privop_io_breakpoints", test_io_breakpoints);
    run("privop_cpuid", test_cpuid);
    run("privop_prefix", test_prefix);
    printf("@tests end passed=%u failed=%u skipped=0\n", passed, failed);
    return failed ? 1 : 0;
}
