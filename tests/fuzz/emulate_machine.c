/* SPDX-License-Identifier: MIT */
/* The machine on which fuzz_emulate.c executes instructions: fuzz_emulate.h. */
#include "fuzz_emulate.h"
#include "windows.h"

#include <asm/pci.h>
#include <asm/apic.h>
#include <asm/emulate.h>

struct vcpu_info vcpu_info;
struct seen seen;
enum apic_mode apic_mode;

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
    return false; /* segment limits are tested elsewhere */
}

long do_fpu_taskswitch(uint32_t set)
{
    REQUIRE(set <= 1);
    current->arch.guest_cr0_ts = set;
    return 0;
}

long do_set_debugreg(uint32_t reg, uint32_t value)
{
    REQUIRE(reg < 8);
    if (value & 1)
        return -EPERM;
    current->arch.debugreg[reg] = value;
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

/* Only the two regions are guest memory. This process has other memory at other addresses. */
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

void begin_area(void)
{
    for (unsigned int i = 0; i < AREA_PAGES; i++)
        area_frame[i] = INVALID_MFN;
}

void sync_area(void)
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

/* Devices of the hypervisor's. Domain 0 reaches the clock, one register at a time. */
static bool machine_port_ok(uint32_t port, uint32_t bytes)
{
    static const uint16_t forbidden[][2] = {{0x20, 0x21}, {0xA0, 0xA1}, {0x40, 0x43}, {0x61, 0x61}, {0xCFC, 0xCFF}};

    if (!this_cpu.domain->is_privileged || (port == 0xCF8 && bytes == 4))
        return false;
    for (unsigned int i = 0; i < ARRAY_SIZE(forbidden); i++)
        if (port <= forbidden[i][1] && port + bytes > forbidden[i][0])
            return false;
    return bytes == 1 || port > 0x71 || port + bytes <= 0x70;
}

/* Configuration space. Function 0 is the hypervisor's own. */
uint32_t pci_read(uint16_t function, uint32_t reg, uint32_t bytes)
{
    REQUIRE(this_cpu.domain->is_privileged && function && reg < 256);
    REQUIRE((reg & 3) + bytes <= 4);
    return reg;
}

void pci_write(uint16_t function, uint32_t reg, uint32_t bytes, uint32_t value)
{
    (void)pci_read(function, reg, bytes);
}

bool pci_is_hidden(uint16_t function)
{
    return !function;
}

/* IN and OUT by DX, the only forms that asm/io.h has. */
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

HOST bool on_fault(int signal, uint32_t *eip, uint32_t address, uint32_t edx)
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
