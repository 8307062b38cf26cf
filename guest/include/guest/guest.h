/* SPDX-License-Identifier: MIT */
/*
 * Start of day. A guest defines guest_main(). When that returns, the domain powers off. The console, the trap handlers,
 * event upcalls (masked) and the memory of mm.h are ready before it is called.
 */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <public/xen.h>

void guest_main(void);

extern struct start_info *start_info;
extern struct shared_info *shared_info;
#define vcpu0_info (shared_info->vcpu_info[0])

/* The registers of the first instruction, for tests of what the hypervisor puts there. */
struct boot_registers {
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp, esp, eflags;
    uint32_t cs, ss, ds, es, fs, gs;
};
extern struct boot_registers boot_registers;

/* The command line as the domain builder gave it, without the module's own name. */
const char *guest_cmdline(void);
/* Finds the word `key=value` on the command line, and copies the value into buf (0-terminated, cut to size). A lone
 * `key` gives "". */
bool guest_option(const char *key, char *buf, uint32_t size);

void guest_shutdown(uint32_t reason) __attribute__((noreturn)); /* SHUTDOWN_* */
void guest_panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* The kind of hypervisor, "xen-3.0-x86_32p" and so on: XENVER_capabilities. */
const char *hypervisor_capabilities(void);

static inline uint64_t rdtsc(void)
{
    uint64_t tsc;

    __asm__ volatile("lfence; rdtsc" : "=A"(tsc) : : "memory");
    return tsc;
}

/* Nanoseconds since the hypervisor started. */
uint64_t system_time(void);

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define barrier()     __asm__ volatile("" ::: "memory")

#endif
