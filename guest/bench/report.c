/* SPDX-License-Identifier: MIT */
/* The @int82 info, counter and hist lines. */
#include "bench.h"
#include "report.h"
#include "suite.h" /* made by build.mk: revision, compiler and flags of this suite */

#include <guest/string.h>
#include <public/int82.h>
#include <public/version.h>

const char suite_revision[] = SUITE_REVISION; /* the front end reads it from the image before it boots this guest */

static struct int82_counters counters;

uint32_t tsc_khz(void)
{
    const struct vcpu_time_info *time = &vcpu0_info.time;
    uint64_t khz = div64(1000000ull << 32, time->tsc_to_system_mul ? time->tsc_to_system_mul : 1);

    return time->tsc_shift < 0 ? khz << -time->tsc_shift : khz >> time->tsc_shift;
}

static void info_version(void)
{
    int version = HYPERVISOR_xen_version(XENVER_version, NULL);
    xen_extraversion_t extra = "";
    struct xen_compile_info compile;
    xen_changeset_info_t changeset = "";

    HYPERVISOR_xen_version(XENVER_extraversion, extra);
    extra[sizeof(extra) - 1] = 0;
    printf("@int82 info hypervisor %d.%d%s\n", version >> 16, version & 0xffff, extra);
    printf("@int82 info capabilities %s\n", hypervisor_capabilities());
    if (!HYPERVISOR_xen_version(XENVER_changeset, changeset)) {
        changeset[sizeof(changeset) - 1] = 0;
        printf("@int82 info changeset %s\n", changeset);
    }
    if (!HYPERVISOR_xen_version(XENVER_compile_info, &compile)) {
        compile.compiler[sizeof(compile.compiler) - 1] = 0;
        printf("@int82 info hypervisor_cc %s\n", compile.compiler);
    }
}

bool bench_may_ask_cpuid(void)
{
    char option[4];

    return !guest_option("cpuid", option, sizeof(option)) || option[0] != 'n';
}

static void info_cpu(void)
{
    uint32_t brand[13] = {0}, max, i, unused;
    char *p = (char *)brand;

    if (!bench_may_ask_cpuid())
        return;
    __asm__ volatile("cpuid" : "=a"(max), "=b"(unused) : "0"(0x80000000) : "ecx", "edx");
    if (max < 0x80000004)
        return;
    for (i = 0; i < 3; i++)
        __asm__ volatile("cpuid"
                         : "=a"(brand[i * 4]), "=b"(brand[i * 4 + 1]), "=c"(brand[i * 4 + 2]), "=d"(brand[i * 4 + 3])
                         : "0"(0x80000002 + i));
    while (*p == ' ')
        p++;
    printf("@int82 info cpu %s\n", p);
}

void report_info(uint32_t reps)
{
    info_version();
    info_cpu();
    printf("@int82 info suite %s\n", suite_revision);
    printf("@int82 info cc %s\n", SUITE_CC);
    printf("@int82 info cflags %s\n", SUITE_CFLAGS);
    printf("@int82 info tsc_khz %u\n", tsc_khz());
    printf("@int82 info memory_pages %u\n", start_info->nr_pages);
    printf("@int82 info reps %u\n", reps);
    printf("@int82 info warm_ups %u\n", BENCH_WARM_UPS);
}

/* Every Xen answers -ENOSYS, and so does Int82 built without counters. */
static int counters_op(uint32_t cmd)
{
    struct xen_platform_op op;

    memset(&op, 0, sizeof(op));
    op.cmd = cmd;
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.u.int82.buffer = &counters;
    op.u.int82.size = sizeof(counters);
    return HYPERVISOR_dom0_op(&op);
}

void counters_reset(void)
{
    counters_op(INT82_OP_reset_counters);
}

static const char *const call_names[NR_hypercalls] = {
#define HYPERCALL(nr, name, args, tier, what) [nr] = #name,
#include <xen/hypercalls.def>
};

static void report_calls(const uint64_t *values)
{
    for (unsigned int i = 0; i < NR_hypercalls; i++)
        if (call_names[i])
            printf("@int82 counter hypercall_%s %llu\n", call_names[i], values[i]);
}

/* A bucket's name is its largest size. */
static void report_histogram(const char *name, const uint64_t *values, unsigned int buckets)
{
    for (unsigned int i = 0; i < buckets; i++)
        printf("@int82 hist %s %u %llu\n", name, i ? 1u << (i - 1) : 0, values[i]);
}

void report_counters(void)
{
    if (counters_op(INT82_OP_get_counters))
        return;
#define CALL_COUNTER(place, name, text)       report_calls(counters.name);
#define COUNTER(place, name, text)            printf("@int82 counter " #name " %llu\n", counters.name);
#define HISTOGRAM(place, name, buckets, text) report_histogram(#name, counters.name, buckets);
#include <public/int82_counters.def>
}
