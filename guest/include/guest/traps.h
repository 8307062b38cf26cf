/* SPDX-License-Identifier: MIT */
/*
 * Exceptions. Vectors 0 to 31 go to assembly stubs, which save a frame and call the C handler. If there is no handler,
 * or it returns false, a trap ends the function of the innermost trap_catch(). Without trap_catch(), the trap ends the
 * guest with a dump.
 */
#ifndef GUEST_TRAPS_H
#define GUEST_TRAPS_H

#include <guest/guest.h>

#define TRAP_DIVIDE       0
#define TRAP_DEBUG        1
#define TRAP_INT3         3
#define TRAP_OVERFLOW     4
#define TRAP_BOUNDS       5
#define TRAP_INVALID_OP   6
#define TRAP_NO_DEVICE    7
#define TRAP_DOUBLE_FAULT 8
#define TRAP_INVALID_TSS  10
#define TRAP_NO_SEGMENT   11
#define TRAP_STACK        12
#define TRAP_GP           13
#define TRAP_PAGE_FAULT   14
#define TRAP_SPURIOUS     15
#define TRAP_FPU          16
#define TRAP_ALIGNMENT    17
#define TRAP_MACHINE      18
#define TRAP_SIMD         19
#define TRAP_USER         0x20 /* `int $0x20`: the way out of ring 3. Installed with DPL 3 */
#define NR_TRAP_STUBS     0x21

/* Page-fault error code */
#define PF_PRESENT 1
#define PF_WRITE   2
#define PF_USER    4
#define PF_RSVD    8
#define PF_FETCH   16

/* On the stack, as the stubs push it. The handler may change it; the stub restores the registers from it. */
struct trap_frame {
    uint32_t gs, fs, es, ds;
    uint32_t edi, esi, ebp, esp_unused, ebx, edx, ecx, eax;
    uint32_t vector;
    uint32_t error; /* 0 where the vector has none */
    uint32_t eip;
    uint32_t cs; /* low 16 bits; bits 16 to 23 hold the upcall mask from before */
    uint32_t eflags;
    uint32_t esp, ss; /* only if the trap came from ring 3 */
};

/* True: the trap was handled. Continue where the frame says. */
typedef bool (*trap_handler_t)(struct trap_frame *frame);
/* Sets the C handler of any vector below NR_TRAP_STUBS; NULL removes it. Returns the old one. */
trap_handler_t trap_set_handler(unsigned int vector, trap_handler_t handler);

/* Installs the caller's own assembly entry for any vector, by set_trap_table. 0 removes the vector's handler (below
 * NR_TRAP_STUBS it puts the stub back). flags: TI_*, the DPL and 4 for "mask events". */
int trap_set_entry(unsigned int vector, const void *entry, unsigned int flags);

/* The trap that ended a function early. */
struct caught_trap {
    bool caught;
    uint32_t vector;
    uint32_t error;
    uint32_t eip, cs, eflags;
    uint32_t cr2;                /* valid for TRAP_PAGE_FAULT */
    struct trap_frame registers; /* esp and ss only if from ring 3 */
    uint32_t frame_address;      /* where the frame was, which shows the stack that was used */
};

/* Runs fn(arg). A trap in it that no handler accepts ends it. Returns true, and fills in *caught (which may be NULL),
 * if there was such a trap. Calls may nest. */
bool trap_catch(struct caught_trap *caught, void (*fn)(void *arg), void *arg);

/* Single accesses, true if they went well. */
bool probe_read(const volatile void *address, uint32_t *value, struct caught_trap *caught);
bool probe_write(volatile void *address, uint32_t value, struct caught_trap *caught);

/*
 * Enters ring 3 at eip with the stack pointer esp (pages need the US bit: mm.h), the flat user segments, and edi = arg,
 * until any trap comes. *caught then describes that trap. `int $0x20` (TRAP_USER) is the regular way back; its
 * registers are the result. The kernel stack is set by stack_switch to one of the library's own. EIP after `int` points
 * to the next instruction.
 */
void run_user(uint32_t eip, uint32_t esp, uint32_t arg, struct caught_trap *caught);
/* The same on the kernel stack that was last given to stack_switch. */
void run_user_on_kernel_stack(uint32_t eip, uint32_t esp, uint32_t arg, struct caught_trap *caught);

void traps_init(void);

#endif
