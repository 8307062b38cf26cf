/* SPDX-License-Identifier: MIT */
/*
 * Faults. The image expects some, at a guest's bad pointer. And what only ring 0 may execute faults here: the first
 * time, it is replaced by a NOP of its length. Each row is called before it is measured, so nothing is left to be
 * replaced by then. Whatever this file does not know ends the program.
 */
#define _GNU_SOURCE
#include "native.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#define REPLACED_MAX 16

static char replaced[512];
static unsigned int replaced_n;

/* INVLPG's operand with all that belongs to it. */
static unsigned int modrm_length(const uint8_t *p)
{
    unsigned int mod = p[0] >> 6, rm = p[0] & 7, n = 1;

    if (rm == 4) {
        n++;
        if (mod == 0 && (p[1] & 7) == 5)
            n += 4;
    } else if (mod == 0 && rm == 5) {
        n += 4;
    }
    return n + (mod == 1 ? 1 : mod == 2 ? 4 : 0);
}

/* The length of a privileged instruction that may become a NOP, because nothing here depends on what it does; 0: it is
 * none of those. */
static unsigned int known(const uint8_t *code, const char **what)
{
    unsigned int prefix = *code == 0x36; /* %ss: */
    const uint8_t *p = code + prefix;
    unsigned int reg = p[2] >> 3 & 7;

    *what = NULL;
    if (*p == 0xFA || *p == 0xFB) {
        *what = *p == 0xFA ? "cli" : "sti";
        return prefix + 1;
    }
    if (*p != 0x0F)
        return 0;
    if (p[1] == 0x20 && (reg == 2 || reg == 3)) {
        *what = reg == 2 ? "read of cr2" : "read of cr3";
        return prefix + 3;
    }
    if (p[1] == 0x22 && reg == 3) {
        *what = "write of cr3";
        return prefix + 3;
    }
    if (p[1] == 0x01 && reg == 7 && p[2] < 0xC0) {
        *what = "invlpg";
        return prefix + 2 + modrm_length(p + 2);
    }
    return 0;
}

static void replace(uint8_t *code, unsigned int n)
{
    static const uint8_t nop3[] = {0x0F, 0x1F, 0x00};

    memset(code, 0x90, n);
    if (n == sizeof(nop3))
        memcpy(code, nop3, n);
}

static void note(const char *what, const char *where, uint32_t offset)
{
    size_t n = strlen(replaced);

    if (replaced_n++ < REPLACED_MAX)
        snprintf(replaced + n, sizeof(replaced) - n, "%s%s at %s+0x%x", n ? ", " : "", what, where, offset);
}

const char *traps_replaced(void)
{
    return *replaced ? replaced : "none";
}

static __attribute__((noreturn)) void unknown(int signal, const uint8_t *code, const char *where, uint32_t offset,
                                              const void *address)
{
    char bytes[3 * 8 + 1] = "";

    for (unsigned int i = 0; where && i < 8; i++)
        snprintf(bytes + 3 * i, 4, " %02x", code[i]);
    if (!where)
        quit(CODE_RUN, "signal %d at 0x%x, outside the image (address 0x%x): a fault of bench/native itself", signal,
             (uint32_t)code, (uint32_t)address);
    quit(CODE_RUN,
         "signal %d at %s+0x%x (0x%x), address 0x%x, code%s: an instruction that this program does not know how to "
         "replace, or a path into what it does not have; nothing was measured. Teach bench/native/trap.c or world.c",
         signal, where, offset, (uint32_t)code, (uint32_t)address, bytes);
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    uint8_t *code = (uint8_t *)registers[REG_EIP];
    uint32_t offset = 0, fixup = image_fixup((uint32_t)code);
    const char *where = image_name_at((uint32_t)code, &offset), *what;
    unsigned int n = where ? known(code, &what) : 0;

    if (signal == SIGSEGV && fixup) {
        registers[REG_EIP] = fixup;
        return;
    }
    /* A window would really have to be mapped there. */
    if (signal != SIGSEGV || !n || !strcmp(where, "window_refill"))
        unknown(signal, code, where, offset, info->si_addr);
    note(what, where, offset);
    replace(code, n);
}

void traps_install(void)
{
    static uint8_t stack[64 << 10];
    const stack_t own = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    if (sigaltstack(&own, NULL) || sigaction(SIGSEGV, &sa, NULL) || sigaction(SIGILL, &sa, NULL) ||
        sigaction(SIGBUS, &sa, NULL) || sigaction(SIGFPE, &sa, NULL) || sigaction(SIGTRAP, &sa, NULL))
        quit(CODE_RUN, "cannot handle signals");
}
