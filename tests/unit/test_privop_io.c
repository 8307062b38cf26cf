/* SPDX-License-Identifier: MIT */
/* Privileged instructions, continued from test_privop.c: ports, and the segments that string I/O uses. */
#include "privop_world.h"
#include "unit.h"

void test_iopl(void)
{
    for (unsigned int iopl = 0; iopl < 4; iopl++)
        for (unsigned int user = 0; user < 2; user++)
            for (unsigned int architectural = 0; architectural < 2; architectural++) {
                bool allowed = iopl >= (user ? 3u : architectural ? 0u : 1u);

                start(user ? RING3_CS : RING1_CS);
                vcpu.arch.iopl = iopl;
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

void test_io_bitmap(void)
{
    uint8_t *bitmap = (uint8_t *)DATA;

    memset(bitmap, 0xFF, 0x100);
    bitmap[0x61 / 8] = (uint8_t) ~(1u << (0x61 % 8));
    bitmap[0x80 / 8] = 0xF0; /* 0x80 to 0x83 */
    start(RING3_CS);
    vcpu.arch.io_bitmap = bitmap;
    vcpu.arch.io_bitmap_ports = 0x100;
    CHECK(DOES("\xe4\x61"), "allowed");
    regs.eip = CODE;
    CHECK(!EXECUTE("\xe4\x60") && !EXECUTE("\xe4\x62") && !EXECUTE("\xe5\x61"), "its neighbours");
    CHECK(DOES("\xe5\x80"), "four ports");
    regs.eip = CODE;
    CHECK(!EXECUTE("\xe5\x81"), "one too far");
    regs.edx = 0x100;
    CHECK(!EXECUTE("\xec"), "beyond the bitmap");
    vcpu.arch.io_bitmap = (void *)HYP_START;
    CHECK(!EXECUTE("\xe4\x61"), "a bitmap that cannot be read");
}

void test_ports(void)
{
    start(RING1_CS);
    vcpu.arch.iopl = 1;
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
    /* Domain 0 must not reach the hypervisor's own devices. There is no real IN, which would end this program. */
    for (unsigned int i = 0; i < 4; i++) {
        static const uint16_t ports[] = {0x20, 0xA1, 0x3F8, 0xFFFF};

        start(RING1_CS);
        vcpu.arch.iopl = 1;
        domain.is_privileged = true;
        rangeset_add(&domain.arch.ports_permitted, 0, 0xFFFF);
        rangeset_remove(&domain.arch.ports_permitted, ports[i], ports[i]);
        regs.edx = ports[i];
        CHECK(DOES("\xec") && regs.eax == 0xFF, "port %x: %x", ports[i], regs.eax);
        regs.eip = CODE;
        CHECK(DOES("\xee"), "port %x", ports[i]);
        regs.eip = CODE;
        regs.edx = ports[i] - 1;
        CHECK(DOES("\x66\xed") && regs.eax == 0xFFFF, "a word that reaches port %x: %x", ports[i], regs.eax);
    }
}

/* What a domain reaches of the PCI configuration space. The stand-in of pci_read() answers with what it was asked. */
void test_pci_ports(void)
{
    static const struct {
        uint32_t address, port, bytes, answer;
    } reads[] = {
        {0x80001234, 0xCFC, 4, 0x00123404},
        {0x80001234, 0xCFE, 2, 0x00123602},
        {0x80001234, 0xCFF, 1, 0x01},
        {0x80001237, 0xCFC, 4, 0x00123404},                              /* the lowest two bits are none */
        {0x00001234, 0xCFC, 4, 0xFFFFFFFF},                              /* not enabled */
        {0x81001234, 0xCFC, 4, 0xFFFFFFFF},                              /* reserved bits */
        {0x80000000 | HIDDEN_FUNCTION << 8, 0xCFC, 4, 0xFFFFFFFF},       /* the hypervisor's own */
        {0x80000000 | (HIDDEN_FUNCTION + 1) << 8, 0xCFC, 4, 0x01240004}, /* and beside it */
        {0x80001234, 0xCFE, 4, 0xFFFF0101},                              /* past the end: byte by byte */
    };

    for (unsigned int privileged = 0; privileged < 2; privileged++)
        for (unsigned int i = 0; i < ARRAY_SIZE(reads); i++) {
            uint32_t mask = reads[i].bytes == 4 ? ~0u : (1u << 8 * reads[i].bytes) - 1;
            uint32_t want = privileged ? reads[i].answer & mask : mask, seen;

            start(RING1_CS);
            domain.is_privileged = privileged;
            guest_out(0xCF8, 4, reads[i].address);
            seen = guest_in(reads[i].port, reads[i].bytes) & mask;
            if (reads[i].port + reads[i].bytes > 0xD00 && privileged)
                want = 0xFFFF0000 | (seen & 0xFFFF);
            CHECK(seen == want, "case %u: %x", i, seen);
            CHECK(!!asked.pci_accesses == (privileged && reads[i].answer != 0xFFFFFFFF), "case %u reaches it", i);
        }
    start(RING1_CS);
    domain.is_privileged = true;
    guest_out(0xCF8, 4, 0x80001234);
    guest_out(0xCFE, 2, 0xABCD);
    CHECK(asked.pci_written == 0x00123602 && asked.pci_value == 0xABCD, "a word: %x", asked.pci_written);
    guest_out(0xCF8, 4, 0x80000000 | HIDDEN_FUNCTION << 8);
    asked.pci_accesses = 0;
    guest_out(0xCFC, 4, 1);
    guest_out(0xCFD, 1, 1);
    CHECK(!asked.pci_accesses, "a write to the hypervisor's own function");
    guest_out(0xCF8, 2, 0); /* not permitted here, and no write to the address register */
    CHECK(guest_in(0xCF8, 4) == (0x80000000 | HIDDEN_FUNCTION << 8), "a word to the address register");
    start(RING1_CS);
    guest_out(0xCF8, 4, 0x80001234);
    guest_out(0xCFC, 4, 1);
    CHECK(!asked.pci_accesses, "an ordinary domain writes nothing");
}

void test_pit(void)
{
    start(RING1_CS);
    vcpu.arch.iopl = 1;
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
    guest_in(0x42, 1); /* a hundred years later: no overflow that traps */
}

void test_string_io(void)
{
    uint8_t *data = (uint8_t *)DATA;

    memset(data, 0, PAGE_SIZE);
    start(RING1_CS);
    vcpu.arch.iopl = 1;
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
    vcpu.arch.iopl = 1;
    regs.edi = HYP_START - 2;
    CHECK(EXECUTE("\x6d") && asked.vector == TRAP_page_fault && asked.error_code == PFEC_write && regs.eip == CODE,
          "INS to the hypervisor: vector %u", asked.vector);
    CHECK(vcpu_info.arch.cr2 == HYP_START - 2, "CR2 %x", vcpu_info.arch.cr2);
    start(RING3_CS);
    vcpu.arch.iopl = 3;
    regs.edi = 0xFFFFFFFE;
    CHECK(!EXECUTE("\x6d"), "INS past 4 GiB");
    start(RING1_CS);
    CHECK(!EXECUTE("\x6c") && !EXECUTE("\x6e"), "IOPL 0");
}

/* OUTS through SS, the one segment register that a frame holds. */
static bool outs_through(uint16_t ss, uint32_t offset)
{
    start(RING1_CS);
    vcpu.arch.iopl = 1;
    regs.ss = ss;
    regs.esi = offset;
    return EXECUTE("\x36\x6f");
}

void test_segments(void)
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
    vcpu.arch.iopl = 1;
    CHECK(EXECUTE("\xe5\x21") && regs.eax == 0xFFFFFFFF, "16-bit code: AX %x", regs.eax);
    start(RING1_CS);
    regs.eip = HYP_START;
    CHECK(!emulate_privileged_op(&regs), "the machine-to-physical table is no code of ours to read");
}

void test_io_breakpoints(void)
{
    start(RING1_CS);
    vcpu.arch.iopl = 1;
    vcpu.arch.debugreg[1] = 0x22;
    vcpu.arch.debugreg[7] = 0x00600404 | 0x400; /* 1: I/O, 2 bytes (22, 23), local */
    CHECK(DOES("\xe4\x22"), "without CR4.DE there are none");
    vcpu.arch.guest_cr4 |= X86_CR4_DE;
    regs.eip = CODE;
    CHECK(EXECUTE("\xe4\x23") && asked.vector == TRAP_debug && vcpu.arch.debugreg[6] == 0xFFFF0FF2, "hit: DR6 %x",
          vcpu.arch.debugreg[6]);
    asked.bounced = 0;
    regs.eip = CODE;
    CHECK(DOES("\xe4\x24"), "beside it");
    regs.eip = CODE;
    CHECK(EXECUTE("\xe5\x1f") && asked.bounced, "overlapping");
}
