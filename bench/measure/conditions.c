/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "measure/conditions.h"
#include "measure/host.h"

#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define CPU "/sys/devices/system/cpu"

/* The first line of a small file, or NULL. */
static char *line_of(const char *file)
{
    char *path = host_path(file), *s = NULL;
    struct buf b = {0};

    if (file_read(path, &b))
        s = xstrndup(b.p, strcspn(b.p, "\n"));
    buf_free(&b);
    free(path);
    return s;
}

static void set_and_free(struct result *r, const char *key, char *value)
{
    result_set(r, key, value ? value : "unknown");
    free(value);
}

/* ---- processors ----------------------------------------------------------------------------------------------- */

int conditions_pin(const char *text)
{
    int cpu = text && *text ? (int)option_u64("pin", text, 0) : -1;
    cpu_set_t set;

    if (cpu < 0 || sched_getaffinity(0, sizeof(set), &set))
        return cpu;
    if (cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &set))
        die(EXIT_USAGE, "--pin=%s: there is no such processor, or this program may not run there (`taskset -p $$`)",
            text);
    return cpu;
}

/* Calls F for each number of a list like 0-3,8; returns how many there are. */
static unsigned each_processor(void (*f)(void *arg, unsigned cpu), void *arg)
{
    char *list = line_of(CPU "/online"), *p = list;
    unsigned n = 0;

    while (p && *p >= '0' && *p <= '9') {
        unsigned long from = strtoul(p, &p, 10), to = *p == '-' ? strtoul(p + 1, &p, 10) : from;

        for (unsigned long cpu = from; cpu <= to; cpu++, n++)
            if (f)
                f(arg, cpu);
        p += *p == ',';
    }
    free(list);
    return n ? n : 1;
}

static char *governor_of(unsigned cpu)
{
    char *path = fmt(CPU "/cpu%u/cpufreq/scaling_governor", cpu), *s = line_of(path);

    free(path);
    return s;
}

static void add_governor(void *arg, unsigned cpu)
{
    struct buf *b = arg;
    char *s = governor_of(cpu);

    if (s && !(b->n && strstr(b->p, s)))
        buf_printf(b, "%s%s", b->n ? ", " : "", s);
    free(s);
}

/* Of the processor that is used; where that is not known, all that there are. NULL: not known. */
static char *governor(int cpu)
{
    struct buf b = {0};

    if (cpu >= 0)
        return governor_of(cpu);
    each_processor(add_governor, &b);
    return b.p;
}

static char *boost(void)
{
    char *on = line_of(CPU "/cpufreq/boost"), *off = on ? NULL : line_of(CPU "/intel_pstate/no_turbo");
    char *s = on ? xstrdup(*on == '1' ? "on" : "off") : off ? xstrdup(*off == '1' ? "off" : "on") : NULL;

    free(on);
    free(off);
    return s;
}

static char *microcode(void)
{
    char *path = host_path("/proc/cpuinfo"), *s = NULL, *at;
    struct buf b = {0};

    if (file_read(path, &b) && (at = strstr(b.p, "\nmicrocode")) && (at = strchr(at, ':')))
        s = xstrndup(at + 2, strcspn(at + 2, "\n"));
    buf_free(&b);
    free(path);
    return s;
}

/* ---- the kernel ----------------------------------------------------------------------------------------------- */

/* Without nested paging KVM shadows the guest's page tables: INVLPG, writes of CR3 and page faults leave the guest. */
static char *nested_paging(void)
{
    static const char *const files[] = {"/sys/module/kvm_amd/parameters/npt", "/sys/module/kvm_intel/parameters/ept"};

    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        char *s = line_of(files[i]);
        bool on = s && (*s == 'Y' || *s == '1');

        free(s);
        if (s)
            return xstrdup(on ? "on" : "off");
    }
    return NULL;
}

static int is_visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

/* All that the processor is affected by, and what is done about it. */
static char *mitigations(void)
{
    char *dir = host_path(CPU "/vulnerabilities");
    struct dirent **names;
    struct buf b = {0};
    int n = scandir(dir, &names, is_visible, alphasort);

    for (int i = 0; i < n; i++) {
        char *file = fmt(CPU "/vulnerabilities/%s", names[i]->d_name), *s = line_of(file);

        if (s && strcmp(s, "Not affected"))
            buf_printf(&b, "%s%s: %s", b.n ? "; " : "", names[i]->d_name, s);
        free(s);
        free(file);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    if (n > 0 && !b.n)
        buf_printf(&b, "none needed");
    free(dir);
    return b.p;
}

void conditions_describe(struct result *r, int cpu)
{
    set_and_free(r, "nested_paging", nested_paging());
    conditions_describe_host(r, cpu);
}

void conditions_describe_host(struct result *r, int cpu)
{
    set_and_free(r, "frequency_governor", governor(cpu));
    set_and_free(r, "boost", boost());
    set_and_free(r, "smt", line_of(CPU "/smt/control"));
    set_and_free(r, "microcode", microcode());
    set_and_free(r, "mitigations", mitigations());
}

/* ---- warnings ------------------------------------------------------------------------------------------------- */

void conditions_warn(int cpu)
{
    char *g = governor(cpu), *paging = nested_paging(), *average = line_of("/proc/loadavg");
    unsigned n = each_processor(NULL, NULL);
    double load = average ? strtod(average, NULL) : 0;

    if (cpu < 0)
        warn("the guest's processor is not pinned: --pin=N gives steadier figures");
    if (g && strcmp(g, "performance"))
        warn("the frequency governor is %s: `performance` gives steadier figures", g);
    if (paging && !strcmp(paging, "off"))
        warn("KVM has no nested paging here: INVLPG, CR3 writes, page faults and #UD leave the guest");
    /* One busy processor in four leaves room for the guest and for QEMU; on a small machine, half of one. */
    if (load > (n / 4.0 > 0.5 ? n / 4.0 : 0.5))
        warn("the machine is busy (load %.1f, %u processors): expect noise", load, n);
    free(g);
    free(paging);
    free(average);
}

char *conditions_differ(const struct result *a, const struct result *b)
{
    static const char *const keys[] = {"host_kernel", "engine_version", "pinned",     "frequency_governor", "boost",
                                       "smt",         "microcode",      "mitigations"};
    struct buf text = {0};

    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        const char *x = result_info(a, keys[i]), *y = result_info(b, keys[i]);

        if (x && y && strcmp(x, "unknown") && strcmp(y, "unknown") && strcmp(x, y))
            buf_printf(&text, "%s%s (%s; %s)", text.n ? ", " : "", keys[i], x, y);
    }
    return text.p;
}
