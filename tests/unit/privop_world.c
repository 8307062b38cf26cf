/* SPDX-License-Identifier: MIT */
/* The machine on which test_privop.c executes instructions: privop_world.h. */
#include "divided.h"
#include "privop_world.h"
#include "unit.h"

#include <asm/apic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <xen/refused.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* --- What the tested files need of the hypervisor */

struct cpu this_cpu;
mfn_t max_page = 16, window_frame[WIN_SLOTS];
pte_t window_pte[WIN_SLOTS];
uint32_t nx_mask_hi = _PAGE_NX_HI;

struct domain domain;
struct vcpu vcpu;
struct vcpu_info vcpu_info;
enum apic_mode apic_mode;
uint64_t now;
struct asked asked;

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

int refuse(enum refusal rule, int error, mfn_t frame, uint64_t value)
{
    asked.told++;
    return error;
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
    return false; /* segment limits are tested elsewhere */
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

/* Configuration space, which has one hidden function. */
uint32_t pci_read(uint16_t function, uint32_t reg, uint32_t bytes)
{
    asked.pci_accesses++;
    return function << 16 | reg << 8 | bytes;
}

void pci_write(uint16_t function, uint32_t reg, uint32_t bytes, uint32_t value)
{
    asked.pci_accesses++;
    asked.pci_written = function << 16 | reg << 8 | bytes;
    asked.pci_value = value;
}

bool pci_is_hidden(uint16_t function)
{
    return function == HIDDEN_FUNCTION;
}

int get_page_and_type(struct page_info *page, struct domain *d, uint32_t type)
{
    return -EINVAL;
}

void put_page_and_type(struct page_info *page)
{
}

/* --- Running an instruction */

struct cpu_user_regs regs;

void start(uint16_t cs)
{
    memset(&asked, 0, sizeof(asked));
    memset(&regs, 0, sizeof(regs));
    asked.taskswitch = -1;
    vcpu.arch.guest_cr0_ts = 0;
    vcpu.arch.guest_cr4 = 0x620;
    vcpu.arch.iopl = 0;
    vcpu.arch.io_bitmap_ports = 0;
    vcpu.arch.debugreg[6] = 0xFFFF0FF0;
    vcpu.arch.debugreg[7] = 0x400;
    vcpu.arch.debugreg[4] = vcpu.arch.debugreg[5] = 0;
    vcpu_info.evtchn_upcall_mask = 1;
    domain.is_privileged = false;
    domain.vm_assist = 0;
    memset(&domain.arch.ports_permitted, 0, sizeof(domain.arch.ports_permitted));
    regs.cs = cs;
    regs.ss = RING1_DS;
    regs.eip = CODE;
    regs.eflags = 0x202;
}

bool execute(const char *code, unsigned int length)
{
    bool done;

    memcpy((void *)CODE, code, length);
    asked.told = 0;
    done = emulate_privileged_op(&regs);
    /* A base pointer is explained by new_base_pointer(), and a process by its kernel. */
    if (guest_kernel_mode(&regs) && !asked.base_pointer_result)
        CHECK(asked.told == !done, "there are words for each refusal: told %u times", asked.told);
    return done;
}

/* --- Set-up */

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

bool set_up(void)
{
    uint16_t ds;

    if (!map_at(CODE, PAGE_SIZE, PROT_READ | PROT_WRITE) || !map_at(DATA, PAGE_SIZE, PROT_READ | PROT_WRITE) ||
        !map_at(AREA, VCPU_AREA_SIZE, PROT_READ | PROT_WRITE))
        return false;
    this_cpu.vcpu = &vcpu;
    this_cpu.domain = &domain;
    vcpu.domain = &domain;
    vcpu.vcpu_info = &vcpu_info;
    vcpu.arch.area = AREA;
    vcpu.arch.flat_cs = RING1_CS;
    vcpu.arch.gdt_entries = GDT_ENTRIES;
    host_cr0 = 0x80050033;
    this_cpu.cr4 = host_cr4 = 0x6B0;
    init_cpuid();
    __asm__("mov %%ds, %0" : "=r"(ds));
    set_descriptor(ds, 0, 0xFFFFF, 0x00C0F300); /* this program's own data segment, which INS and OUTS use */
    set_descriptor(SEL_SMALL_CODE, CODE, 15, 0x0040BB00);
    set_descriptor(SEL_SMALL_DATA, DATA, 15, 0x0040B300);
    set_descriptor(SEL_EXPAND_DOWN, DATA, 0xFF, 0x0040B700);
    set_descriptor(SEL_READ_ONLY, DATA, 0xFFFF, 0x0040B100);
    set_descriptor(SEL_NOT_PRESENT, DATA, 0xFFFF, 0x00403300);
    set_descriptor(SEL_CODE16, CODE, 0xFFFF, 0x0000BB00);
    return true;
}
