/* SPDX-License-Identifier: MIT */
/*
 * What test_privop.c needs to execute instructions: the hypervisor's state, the functions that the tested files call,
 * memory for code, data and descriptors.
 */
#ifndef PRIVOP_WORLD_H
#define PRIVOP_WORLD_H

#include <asm/emulate.h>
#include <asm/mm.h>
#include <asm/traps.h>
#include <public/errno.h>
#include <xen/hypercall.h>

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

#define HIDDEN_FUNCTION 0x0123 /* on the PCI bus */

extern struct domain domain;
extern struct vcpu vcpu;
extern struct vcpu_info vcpu_info;
extern uint64_t now;
extern struct cpu_user_regs regs;

/* What the hypervisor was asked to do. */
struct asked {
    unsigned int bounced, vector, error_code, blocked, flushed, told;
    uint32_t flushed_page, base_pointer, debugreg, debug_value;
    unsigned int pci_accesses;
    uint32_t pci_written, pci_value;
    int taskswitch, base_pointer_result, debug_result;
};
extern struct asked asked;

/* Called once. False: the system has no room for it. */
bool set_up(void);
/* Sets up kernel or user mode by cs, at CODE. All registers and requests are cleared. */
void start(uint16_t cs);

bool execute(const char *code, unsigned int length);
#define EXECUTE(code) execute(code, sizeof(code) - 1)
/* True if the instruction was carried out to its end. */
#define DOES(code) (EXECUTE(code) && regs.eip == CODE + sizeof(code) - 1 && !asked.bounced)

/* --- test_privop_io.c */

void test_iopl(void);
void test_io_bitmap(void);
void test_ports(void);
void test_pci_ports(void);
void test_pit(void);
void test_string_io(void);
void test_segments(void);
void test_io_breakpoints(void);

#endif
