/* SPDX-License-Identifier: MIT */
/* What `int82-bench native` starts. */
#define _GNU_SOURCE
#include "native.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

void quit(int code, const char *format, ...)
{
    va_list ap;

    fflush(stdout);
    fprintf(stderr, "int82-native: ");
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fprintf(stderr, "\n");
    _exit(code); /* perhaps out of a signal handler */
}

static unsigned int number(const char *text, unsigned int most)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    if (!*text || *end || n > most)
        quit(CODE_USAGE, "%s is no number up to %u", text, most);
    return n;
}

static void pin(unsigned int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set))
        quit(CODE_USAGE, "cannot run on processor %u", cpu);
}

/* Nothing of the C library's or the kernel's may be where the hypervisor is: the old layout has it all below. */
static void old_layout(char **argv)
{
    int now = personality(0xFFFFFFFF);

    if (now < 0 || now & ADDR_COMPAT_LAYOUT || host_emulated())
        return;
    if (personality(now | ADDR_COMPAT_LAYOUT | ADDR_NO_RANDOMIZE) >= 0)
        execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
    const char *globs = NULL, *image = NULL, *why;
    unsigned int samples = 15, calls = 64;
    bool check = false, list = false, rehearse = false;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--check"))
            check = true;
        else if (!strcmp(argv[i], "--version")) { /* shows that the kernel runs this program at all */
            printf("int82-native, for the image with the checksum %u\n", IMAGE_CKSUM);
            return 0;
        } else if (!strcmp(argv[i], "--list"))
            list = true;
        else if (!strcmp(argv[i], "--rehearse")) /* emulated all the same: what is printed says that it means nothing */
            rehearse = true;
        else if (!strncmp(argv[i], "--rows=", 7))
            globs = argv[i] + 7;
        else if (!strncmp(argv[i], "--reps=", 7))
            samples = number(argv[i] + 7, 99);
        else if (!strncmp(argv[i], "--calls=", 8))
            calls = number(argv[i] + 8, 4096);
        else if (!strncmp(argv[i], "--cpu=", 6))
            pin(number(argv[i] + 6, CPU_SETSIZE - 1));
        else if (*argv[i] == '-' || image)
            quit(CODE_USAGE, "%s: there are --check --list --rows= --reps= --calls= --cpu=, and one image", argv[i]);
        else
            image = argv[i];
    }
    if (!image || !samples || !calls)
        quit(CODE_USAGE, "an image, one sample and one call are the least");
    why = host_emulated();
    if (why && !check && !list && !rehearse)
        quit(CODE_UNSUPPORTED,
             "%s: there is nothing to measure. --check calls everything once and looks at its effects", why);
    old_layout(argv);
    image_load(image);
    traps_install();
    world_make();
    rows_make();
    if (list)
        list_rows();
    else if (check)
        check_rows(globs);
    else
        measure_rows(globs, samples, calls);
    return ferror(stdout) | fflush(stdout) ? CODE_RUN : 0;
}
