/* SPDX-License-Identifier: MIT */
/* The fuzzers' side of the system: host.h. */
#define _GNU_SOURCE
#include "host.h"

#include <sanitizer/asan_interface.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE_SIZE 4096

/* Libraries are mapped below the room that the stack may grow into. This much room keeps them out of the way. The stack
 * itself ends at STACK_END, so that accesses to the unused room fault. */
#define STACK_ROOM (640u << 20)
#define STACK_END  0xFE000000u

static void refused(uint32_t address)
{
    printf("this system does not let a program have memory at %#x\n", address);
    exit(77);
}

HOST void host_init(char **argv)
{
    void *end = (void *)STACK_END;
    struct rlimit limit;

    if (getrlimit(RLIMIT_STACK, &limit))
        refused(0);
    if (limit.rlim_cur != STACK_ROOM) {
        limit.rlim_cur = STACK_ROOM;
        if (!setrlimit(RLIMIT_STACK, &limit))
            execv("/proc/self/exe", argv);
        refused(0);
    }
    if (mmap(end, PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != end)
        refused(STACK_END);
}

HOST void host_map(uint32_t address, uint32_t size)
{
    void *wanted = (void *)address;

    if (mmap(wanted, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != wanted)
        refused(address);
}

HOST int host_frames(uint32_t pages)
{
    int fd = memfd_create("frames", 0);

    if (fd < 0 || ftruncate(fd, pages * PAGE_SIZE))
        refused(0);
    return fd;
}

HOST void host_map_frame(uint32_t address, int frames, uint32_t page)
{
    void *wanted = (void *)address;

    if (mmap(wanted, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, frames, page * PAGE_SIZE) !=
        wanted)
        refused(address);
}

HOST void host_unmap(uint32_t address, uint32_t size)
{
    munmap((void *)address, size);
}

static fault_handler *handler;
static struct sigaction before[32];

static void on_signal(int signal, siginfo_t *info, void *context)
{
    greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
    uint32_t eip = regs[REG_EIP];

    if (handler(signal, &eip, (uint32_t)info->si_addr, regs[REG_EDX]))
        regs[REG_EIP] = eip;
    else if (before[signal].sa_flags & SA_SIGINFO)
        before[signal].sa_sigaction(signal, info, context); /* AddressSanitizer's report */
    else
        abort();
}

HOST void host_on_fault(fault_handler *wanted)
{
    static const int signals[] = {SIGSEGV, SIGILL, SIGFPE, SIGBUS};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER}, last;

    handler = wanted;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        sigaction(signals[i], &action, &last);
        if (!before[signals[i]].sa_sigaction)
            before[signals[i]] = last;
    }
}

HOST void host_poison(const volatile void *p, size_t size)
{
    __asan_poison_memory_region(p, size);
}

HOST void host_unpoison(const volatile void *p, size_t size)
{
    __asan_unpoison_memory_region(p, size);
}

HOST void *host_allocate(size_t size)
{
    void *p = calloc(1, size);

    if (!p)
        abort();
    return p;
}

HOST void host_free(void *p)
{
    free(p);
}

HOST void host_zero(void *p, size_t size)
{
    memset(p, 0, size);
}

HOST void host_copy(void *to, const void *from, size_t size)
{
    memcpy(to, from, size);
}

HOST bool host_differ(const void *a, const void *b, size_t size)
{
    return memcmp(a, b, size);
}

HOST void host_vfinding(const char *f, va_list args)
{
    fputs("FINDING: ", stderr);
    vfprintf(stderr, f, args);
    fputc('\n', stderr);
    __sanitizer_print_stack_trace();
    abort();
}

void host_finding(const char *f, ...)
{
    va_list args;

    va_start(args, f);
    host_vfinding(f, args);
}
