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

static void info_version(const char *before)
{
    int version = HYPERVISOR_xen_version(XENVER_version, NULL);
    xen_extraversion_t extra = "";
    struct xen_compile_info compile;
    xen_changeset_info_t changeset = "";

    HYPERVISOR_xen_version(XENVER_extraversion, extra);
    extra[sizeof(extra) - 1] = 0;
    printf("%shypervisor %d.%d%s\n", before, version >> 16, version & 0xffff, extra);
    printf("%scapabilities %s\n", before, hypervisor_capabilities());
    if (!HYPERVISOR_xen_version(XENVER_changeset, changeset)) {
        changeset[sizeof(changeset) - 1] = 0;
        printf("%schangeset %s\n", before, changeset);
    }
    if (!HYPERVISOR_xen_version(XENVER_compile_info, &compile)) {
        compile.compiler[sizeof(compile.compiler) - 1] = 0;
        printf("%shypervisor_cc %s\n", before, compile.compiler);
    }
}

bool bench_may_ask_cpuid(void)
{
    char option[4];

    return !guest_option("cpuid", option, sizeof(option)) || option[0] != 'n';
}

static void info_cpu(const char *before)
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
    printf("%scpu %s\n", before, p);
}

void report_info(const char *before)
{
    info_version(before);
    info_cpu(before);
    printf("%ssuite %s\n", before, suite_revision);
    printf("%scc %s\n", before, SUITE_CC);
    printf("%scflags %s\n", before, SUITE_CFLAGS);
    printf("%stsc_khz %u\n", before, tsc_khz());
    printf("%smemory_pages %u\n", before, start_info->nr_pages);
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
