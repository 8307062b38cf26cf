/* SPDX-License-Identifier: MIT */
/* The counters as guests see them (xen/counters.h). */
#include <asm/guest_access.h>
#include <xen/counters.h>
#include <xen/lib.h>
#include <public/sysctl.h>

#if COUNTERS
struct int82_counters int82_counters;

/* The entry stubs count every slot of the call table, without asking whether a hypercall is behind it. */
static bool hypercall_exists(unsigned int number)
{
    static const uint8_t exists[NR_hypercalls] = {
#define HYPERCALL(number, name, args, tier, text) [number] = 1,
#include <xen/hypercalls.def>
    };

    return exists[number];
}

static void sort_out_unknown_numbers(void)
{
    for (unsigned int i = 0; i < NR_hypercalls; i++)
        if (!hypercall_exists(i)) {
            COUNT_ADD(hypercalls_bad, int82_counters.hypercalls[i]);
            int82_counters.hypercalls[i] = 0;
        }
}

long get_counters(struct int82_op_buffer *op)
{
    uint32_t room = MIN(op->size, sizeof(int82_counters));

    sort_out_unknown_numbers();
    op->size = sizeof(int82_counters);
    return copy_to_guest(op->buffer, &int82_counters, room);
}

long reset_counters(void)
{
    memset(&int82_counters, 0, sizeof(int82_counters));
    return 0;
}

static const struct {
    const char *name;
    const uint64_t *values;
    uint32_t nr_vals;
} perfcs[] = {
#define COUNTER(place, name, text) \
    {#name, (const uint64_t *)&int82_counters.name, sizeof(int82_counters.name) / sizeof(uint64_t)},
#include <public/int82_counters.def>
};

/* The counters have 64 bits; the interface has room for the lower half. */
static long query(struct xen_sysctl_perfc_op *op)
{
    uint32_t vals = 0;

    sort_out_unknown_numbers();
    for (unsigned int i = 0; i < ARRAY_SIZE(perfcs); i++) {
        struct xen_sysctl_perfc_desc desc = {.nr_vals = perfcs[i].nr_vals};

        strlcpy(desc.name, perfcs[i].name, sizeof(desc.name));
        if (op->desc.p && copy_to_guest(&op->desc.p[i], &desc, sizeof(desc)))
            return -EFAULT;
        for (uint32_t n = 0; n < perfcs[i].nr_vals; n++, vals++) {
            uint32_t value = perfcs[i].values[n];

            if (op->val.p && copy_to_guest(&op->val.p[vals], &value, sizeof(value)))
                return -EFAULT;
        }
    }
    op->nr_counters = ARRAY_SIZE(perfcs);
    op->nr_vals = vals;
    return 0;
}

long perfc_control(struct xen_sysctl_perfc_op *op)
{
    switch (op->cmd) {
    case XEN_SYSCTL_PERFCOP_reset:
        reset_counters();
        return query(op);
    case XEN_SYSCTL_PERFCOP_query:
        return query(op);
    default:
        return -EINVAL;
    }
}

/* A bucket's name is its largest size. */
static void print_histogram(const char *name, const uint64_t *values, unsigned int buckets)
{
    for (unsigned int i = 0; i < buckets; i++)
        printk("int82 hist %s %u %llu\n", name, i ? 1u << (i - 1) : 0, values[i]);
}

void print_counters(void)
{
    sort_out_unknown_numbers();
#define CALL_COUNTER(place, name, text)
#define COUNTER(place, name, text)            printk("int82 counter " #name " %llu\n", int82_counters.name);
#define HISTOGRAM(place, name, buckets, text) print_histogram(#name, int82_counters.name, buckets);
#include <public/int82_counters.def>
}
#else
long get_counters(struct int82_op_buffer *op)
{
    return -ENOSYS;
}

long reset_counters(void)
{
    return -ENOSYS;
}

long perfc_control(struct xen_sysctl_perfc_op *op)
{
    return -ENOSYS;
}
#endif
