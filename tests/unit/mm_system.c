/* SPDX-License-Identifier: MIT */
/* What test_mm.c needs from the system, without a C library: mm_system.h. */
#include "mm_system.h"
#include "mm_world.h"

static long syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
    long words[2] = {nr, f}, ret;

    __asm__ volatile("push %%ebp; mov 4(%1), %%ebp; mov (%1), %%eax; int $0x80; pop %%ebp"
                     : "=a"(ret)
                     : "0"(words), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory");
    return ret;
}

void exit_with(int status)
{
    syscall6(1, status, 0, 0, 0, 0, 0);
    __builtin_unreachable();
}

static char line[512];
static unsigned int line_length;

static void put_char(char c)
{
    if (line_length < sizeof(line))
        line[line_length++] = c;
    if (c == '\n') {
        syscall6(4, 1, (long)line, line_length, 0, 0, 0);
        line_length = 0;
    }
}

static void put_hex(uint32_t n)
{
    bool begun = false;

    for (int shift = 28; shift >= 0; shift -= 4) {
        uint32_t digit = n >> shift & 15;

        begun |= digit || !shift;
        if (begun)
            put_char("0123456789abcdef"[digit]);
    }
}

static void put_decimal(uint32_t n)
{
    if (n >= 10)
        put_decimal(n / 10);
    put_char('0' + n % 10);
}

void say_list(const char *f, va_list args)
{
    int d;

    for (; *f; f++) {
        if (*f != '%') {
            put_char(*f);
            continue;
        }
        switch (*++f) {
        case 's':
            for (const char *s = va_arg(args, const char *); *s; s++)
                put_char(*s);
            break;
        case 'd':
            d = va_arg(args, int);
            if (d < 0)
                put_char('-');
            put_decimal(d < 0 ? -d : d);
            break;
        case 'u':
            put_decimal(va_arg(args, unsigned int));
            break;
        default:
            put_hex(va_arg(args, uint32_t));
        }
    }
}

void say(const char *f, ...)
{
    va_list args;

    va_start(args, f);
    say_list(f, args);
    va_end(args);
}

/* --- Memory and signals */

uint8_t *guest_memory = (uint8_t *)0x70000000;
mfn_t window_frame[WIN_SLOTS];
void signal_restorer(void);

void *window_refill(unsigned int slot, mfn_t mfn)
{
    FAIL("a window for frame 0x%x", mfn);
    exit_with(1);
}

void zero_frame(mfn_t mfn)
{
    memset(map_frame(mfn), 0, PAGE_SIZE);
}

static void on_signal(int signal, void *info, uint32_t *context)
{
    uint32_t *eip = &context[5 + 14];

    if (world_fault(signal, eip))
        return;
    FAIL("signal %d at 0x%x, address 0x%x", signal, *eip, ((uint32_t *)info)[3]);
    exit_with(1);
}

void set_up_memory(void)
{
    static const struct {
        uint32_t first;
    } classes[] = {{WIN_L1_FIRST}, {WIN_L2_FIRST}, {WIN_L3_FIRST}, {WIN_DATA_FIRST}, {WIN_COPY_FIRST}};
    static uint32_t action[5];
    long fd = syscall6(356, (long)"frames", 0, 0, 0, 0, 0); /* memfd_create */
    bool ok = fd >= 0 && !syscall6(93, fd, FRAMES * PAGE_SIZE, 0, 0, 0, 0);

    for (unsigned int slot = 0; slot < WIN_SLOTS; slot++)
        window_frame[slot] = INVALID_MFN;
    for (unsigned int c = 0; c < ARRAY_SIZE(classes); c++)
        for (mfn_t mfn = 0; mfn < FRAMES; mfn++) {
            uint32_t slot = classes[c].first + mfn, va = WINDOWS_START + slot * PAGE_SIZE;

            ok &= syscall6(192, va, PAGE_SIZE, 3, 0x100001, fd, mfn) == (long)va; /* mmap2, shared, not over others */
            window_frame[slot] = mfn;
        }
    ok &= syscall6(192, FRAME_TABLE, PAGE_SIZE, 3, 0x100022, -1, 0) == (long)FRAME_TABLE;
    ok &= syscall6(192, (long)guest_memory, GUEST_MEMORY, 3, 0x100022, -1, 0) == (long)guest_memory;
    ok &= syscall6(192, RDWR_MPT_START, PAGE_SIZE, 3, 0x100022, -1, 0) == (long)RDWR_MPT_START;
    if (!ok) {
        say("@test skip mm: this system does not let a program have the hypervisor's addresses\n");
        exit_with(77);
    }
    action[0] = (uint32_t)on_signal;
    action[1] = 0x04000000 | 4 | 0x40000000; /* SA_RESTORER, SA_SIGINFO, SA_NODEFER */
    action[2] = (uint32_t)signal_restorer;
    for (int signal = 4; signal <= 11; signal += 7) /* SIGILL: the sanitizer; SIGSEGV */
        syscall6(174, signal, (long)action, 0, 8, 0, 0);
}
