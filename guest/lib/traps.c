/* SPDX-License-Identifier: MIT */
/* Exceptions in C: who takes one, and what happens when nobody does. Entries are in start.S. */
#include <guest/console.h>
#include <guest/hypercall.h>
#include <guest/string.h>
#include <guest/traps.h>
#include <public/sched.h>

/* Laid out for trap_catch_enter in start.S. */
struct recovery {
    uint32_t ebx, esi, edi, ebp, esp, eip_unused, fs, gs;
    struct recovery *outer;
    struct caught_trap caught;
};

extern const char trap_stubs[], trap_stack_end[];
int trap_catch_enter(struct recovery *r, void (*fn)(void *), void *arg);
void trap_catch_leave(struct recovery *r) __attribute__((noreturn));
void enter_user(uint32_t eip, uint32_t esp, uint32_t arg) __attribute__((noreturn));
void trap_dispatch(struct trap_frame *frame);
void failsafe_panic(void) __attribute__((noreturn));

#define TRAP_STUB_SIZE 16

static trap_handler_t handlers[NR_TRAP_STUBS];
static struct recovery *innermost;

trap_handler_t trap_set_handler(unsigned int vector, trap_handler_t handler)
{
    trap_handler_t old = handlers[vector];

    handlers[vector] = handler;
    return old;
}

/* `int` from ring 3 must be allowed for breakpoints, for overflow, and for TRAP_USER. */
static unsigned int default_flags(unsigned int vector)
{
    return vector == TRAP_INT3 || vector == TRAP_OVERFLOW || vector == TRAP_USER ? 3 : 0;
}

int trap_set_entry(unsigned int vector, const void *entry, unsigned int flags)
{
    struct trap_info table[2];

    memset(table, 0, sizeof(table));
    if (!entry && vector < NR_TRAP_STUBS) {
        entry = trap_stubs + vector * TRAP_STUB_SIZE;
        flags = default_flags(vector);
    }
    /* An entry with address 0 would end the table, so a handler is removed by a code selector of 0. */
    table[0].vector = vector;
    table[0].flags = flags;
    table[0].cs = entry ? FLAT_KERNEL_CS : 0;
    table[0].address = entry ? (uint32_t)entry : 1;
    return HYPERVISOR_set_trap_table(table);
}

void traps_init(void)
{
    static struct trap_info table[NR_TRAP_STUBS + 1];
    unsigned int vector;

    for (vector = 0; vector < NR_TRAP_STUBS; vector++) {
        table[vector].vector = vector;
        table[vector].flags = default_flags(vector);
        table[vector].cs = FLAT_KERNEL_CS;
        table[vector].address = (uint32_t)trap_stubs + vector * TRAP_STUB_SIZE;
    }
    if (HYPERVISOR_set_trap_table(table))
        guest_panic("set_trap_table failed");
}

static void dump(const struct trap_frame *f)
{
    printf("guest: trap %u, error code 0x%x, cr2 0x%x\n", f->vector, f->error, vcpu0_info.arch.cr2);
    printf("guest: eip %04x:%08x eflags %08x\n", f->cs & 0xffff, f->eip, f->eflags);
    printf("guest: eax %08x ebx %08x ecx %08x edx %08x\n", f->eax, f->ebx, f->ecx, f->edx);
    printf("guest: esi %08x edi %08x ebp %08x esp %08x\n", f->esi, f->edi, f->ebp,
           f->cs & 2 ? f->esp : (uint32_t)&f->esp);
}

void trap_dispatch(struct trap_frame *frame)
{
    struct recovery *r = innermost;

    if (handlers[frame->vector] && handlers[frame->vector](frame))
        return;
    if (!r) {
        dump(frame);
        guest_panic("nobody expected this trap");
    }
    innermost = r->outer;
    r->caught = (struct caught_trap){
        .caught = true,
        .vector = frame->vector,
        .error = frame->error,
        .eip = frame->eip,
        .cs = frame->cs & 0xffff,
        .eflags = frame->eflags,
        .cr2 = vcpu0_info.arch.cr2,
        .frame_address = (uint32_t)frame,
    };
    /* From ring 1 no stack pointer was pushed: copying one would read beyond the frame. */
    memcpy(&r->caught.registers, frame, frame->cs & 2 ? sizeof(*frame) : offsetof(struct trap_frame, esp));
    trap_catch_leave(r);
}

void failsafe_panic(void)
{
    guest_panic("failsafe callback: the hypervisor could not restore a segment register");
}

bool trap_catch(struct caught_trap *caught, void (*fn)(void *), void *arg)
{
    struct recovery r;
    bool trapped;

    r.outer = innermost;
    r.caught.caught = false;
    innermost = &r;
    trapped = trap_catch_enter(&r, fn, arg);
    innermost = r.outer;
    if (caught)
        *caught = r.caught;
    return trapped;
}

struct access {
    volatile uint32_t *address;
    uint32_t value;
};

static void do_read(void *arg)
{
    struct access *a = arg;

    a->value = *a->address;
}

static void do_write(void *arg)
{
    struct access *a = arg;

    *a->address = a->value;
}

bool probe_read(const volatile void *address, uint32_t *value, struct caught_trap *caught)
{
    struct access a = {(volatile uint32_t *)address, 0};

    if (trap_catch(caught, do_read, &a))
        return false;
    if (value)
        *value = a.value;
    return true;
}

bool probe_write(volatile void *address, uint32_t value, struct caught_trap *caught)
{
    struct access a = {address, value};

    return !trap_catch(caught, do_write, &a);
}

struct user_entry {
    uint32_t eip, esp, arg;
};

static void go_to_user(void *arg)
{
    struct user_entry *user = arg;

    enter_user(user->eip, user->esp, user->arg);
}

void run_user_on_kernel_stack(uint32_t eip, uint32_t esp, uint32_t arg, struct caught_trap *caught)
{
    struct user_entry user = {eip, esp, arg};

    trap_catch(caught, go_to_user, &user);
}

void run_user(uint32_t eip, uint32_t esp, uint32_t arg, struct caught_trap *caught)
{
    if (HYPERVISOR_stack_switch(FLAT_KERNEL_SS, trap_stack_end))
        guest_panic("stack_switch failed");
    run_user_on_kernel_stack(eip, esp, arg, caught);
}
