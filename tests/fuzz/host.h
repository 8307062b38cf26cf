/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzers need from the system on which they run. The hypervisor's files, and a fuzzer that calls them, are
 * compiled in the same way as the hypervisor: with its headers, and with arguments in registers. host.c is compiled in
 * the same way as the C library. HOST marks the functions between the two.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST __attribute__((regparm(0)))

/* libFuzzer's entry points. Each fuzzer defines them. */
HOST int LLVMFuzzerInitialize(int *argc, char ***argv);
HOST int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Must be called first. Starts the program again, once, so that the hypervisor's addresses are free. */
HOST void host_init(char **argv);
/* Maps anonymous memory at exactly this address. Ends the program (status 77: skip) if the system refuses. */
HOST void host_map(uint32_t address, uint32_t size);
/* Makes a file of that many pages in memory. Maps its page `page` at this address. */
HOST int host_frames(uint32_t pages);
HOST void host_map_frame(uint32_t address, int frames, uint32_t page);
HOST void host_unmap(uint32_t address, uint32_t size);

/* Called for SIGSEGV, SIGILL and SIGFPE. True: continue at *eip. False: a finding. */
typedef HOST bool fault_handler(int signal, uint32_t *eip, uint32_t address, uint32_t edx);
/* To be called at initialisation, and again at the first run: libFuzzer installs its own handler, with which no fault
 * may happen within another. */
HOST void host_on_fault(fault_handler *handler);

/* AddressSanitizer's functions: what instrumented code must not touch. */
HOST void host_poison(const volatile void *p, size_t size);
HOST void host_unpoison(const volatile void *p, size_t size);

HOST void *host_allocate(size_t size); /* zeroed, with red zones; never NULL */
HOST void host_free(void *p);
HOST void host_zero(void *p, size_t size);
HOST void host_copy(void *to, const void *from, size_t size);
HOST bool host_differ(const void *a, const void *b, size_t size);

/* Reports a finding, and ends the program in such a way that libFuzzer keeps the input. Formats like printf. */
void host_finding(const char *f, ...) __attribute__((format(printf, 1, 2), noreturn));
#define REQUIRE(c)                  \
    do {                            \
        if (!(c))                   \
            host_finding("%s", #c); \
    } while (0)
HOST void host_vfinding(const char *f, __builtin_va_list args) __attribute__((noreturn));

#endif
