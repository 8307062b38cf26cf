/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzers need of the system they run on. The hypervisor's files, and a fuzzer that calls them, are compiled
 * as the hypervisor is: its headers, arguments in registers. host.c is compiled as the C library is; HOST marks what
 * stands between the two.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST __attribute__((regparm(0)))

/* libFuzzer's entry points, to be defined by each fuzzer. */
HOST int LLVMFuzzerInitialize(int *argc, char ***argv);
HOST int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* To be called first: starts the program anew, once, such that the hypervisor's addresses are free. */
HOST void host_init(char **argv);
/* Anonymous memory at just this address; ends the program (status 77: skip) where the system does not give it. */
HOST void host_map(uint32_t address, uint32_t size);
/* A file of that many pages in memory, and its page `page` at this address. */
HOST int host_frames(uint32_t pages);
HOST void host_map_frame(uint32_t address, int frames, uint32_t page);
HOST void host_unmap(uint32_t address, uint32_t size);

/* Called for SIGSEGV, SIGILL and SIGFPE: true when *eip is where to go on, false for a finding. */
typedef HOST bool fault_handler(int signal, uint32_t *eip, uint32_t address, uint32_t edx);
/* To be called at initialisation, and at the first run again: libFuzzer puts a handler of its own before it that lets
 * no fault happen within another. */
HOST void host_on_fault(fault_handler *handler);

/* AddressSanitizer's: what may not be touched by instrumented code. */
HOST void host_poison(const volatile void *p, size_t size);
HOST void host_unpoison(const volatile void *p, size_t size);

HOST void *host_allocate(size_t size); /* zeroed, with red zones; never NULL */
HOST void host_free(void *p);
HOST void host_zero(void *p, size_t size);
HOST void host_copy(void *to, const void *from, size_t size);
HOST bool host_differ(const void *a, const void *b, size_t size);

/* A finding: says what, and ends the program such that libFuzzer keeps the input. Formats as printf. */
void host_finding(const char *f, ...) __attribute__((format(printf, 1, 2), noreturn));
#define REQUIRE(c)                  \
    do {                            \
        if (!(c))                   \
            host_finding("%s", #c); \
    } while (0)
HOST void host_vfinding(const char *f, __builtin_va_list args) __attribute__((noreturn));

#endif
