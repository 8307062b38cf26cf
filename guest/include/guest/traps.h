/* SPDX-License-Identifier: MIT */
/*
 * Exceptions. Vectors 0 to 31 go to assembly stubs that save a frame and call the C handler; without one, or when it
 * returns false, a trap that trap_catch() waits for ends its function, and any other ends the guest with a dump.
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
#define TRAP_USER         0x20 /* `int $0x20` from ring 3: leaves it. Installed with DPL 3 */
#define NR_TRAP_STUBS     0x21

/* Page-fault error code */
#define PF_PRESENT 1
#define PF_WRITE   2
#define PF_USER    4
#define PF_RSVD    8
#define PF_FETCH   16

/* On the stack, as the stubs push it. The handler may change it; the stub restores from it. */
struct trap_frame {
    uint32_t gs, fs, es, ds;
    uint32_t edi, esi, ebp, esp_unused, ebx, edx, ecx, eax;
    uint32_t vector;
    uint32_t error; /* 0 where the vector has none */
    uint32_t eip;
    uint32_t cs; /* low 16 bits; the upcall mask as it was is in bits 16 to 23 */
    uint32_t eflags;
    uint32_t esp, ss; /* only if the trap came from ring 3 */
};

/* True: handled, go on where the frame says. */
typedef bool (*trap_handler_t)(struct trap_frame *frame);
/* NULL takes it back. Any of the vectors below NR_TRAP_STUBS. Returns what was there. */
trap_handler_t trap_set_handler(unsigned int vector, trap_handler_t handler);

/* Installs an assembly entry of the caller's own for any vector, by set_trap_table. 0 takes the vector's handler away
 * (for those below NR_TRAP_STUBS: puts the stub back). flags: TI_*, the DPL and 4 for "mask events". */
int trap_set_entry(unsigned int vector, const void *entry, unsigned int flags);

/* What a function that was cut short by a trap ran into. */
struct caught_trap {
    bool caught;
    uint32_t vector;
    uint32_t error;
    uint32_t eip, cs, eflags;
    uint32_t cr2;                /* valid for TRAP_PAGE_FAULT */
    struct trap_frame registers; /* esp and ss only if from ring 3 */
    uint32_t frame_address;      /* where the frame was: on which stack */
};

/* Runs fn(arg). A trap in it that no handler takes ends it. Returns true, and fills in *caught (may be NULL), if there
 * was one. Nests. */
bool trap_catch(struct caught_trap *caught, void (*fn)(void *arg), void *arg);

/* Single accesses, true if they went well. */
bool probe_read(const volatile void *address, uint32_t *value, struct caught_trap *caught);
bool probe_write(volatile void *address, uint32_t value, struct caught_trap *caught);

/*
 * Enters ring 3 at eip with the stack pointer esp (pages need the US bit: mm.h), the flat user segments, and edi = arg,
 * until any trap comes, which *caught then tells: `int $0x20` (TRAP_USER) is the regular way back, its registers the
 * result. Sets the kernel stack by stack_switch to one of the library's own. EIP after `int` points behind it.
 */
void run_user(uint32_t eip, uint32_t esp, uint32_t arg, struct caught_trap *caught);
/* The same on the kernel stack that stack_switch has been told of last. */
void run_user_on_kernel_stack(uint32_t eip, uint32_t esp, uint32_t arg, struct caught_trap *caught);

void traps_init(void);

#endif
