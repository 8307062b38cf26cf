/* SPDX-License-Identifier: MIT */
/* Time, computed from the shared info page and the TSC. */
#include <guest/guest.h>
#include <guest/string.h>

static uint64_t scale(const struct vcpu_time_info *t, uint64_t delta)
{
    uint64_t low, high;

    delta = t->tsc_shift < 0 ? delta >> -t->tsc_shift : delta << t->tsc_shift;
    low = (uint64_t)(uint32_t)delta * t->tsc_to_system_mul;
    high = (delta >> 32) * t->tsc_to_system_mul;
    return (low >> 32) + high;
}

uint64_t system_time(void)
{
    volatile struct vcpu_time_info *t = &vcpu0_info.time;
    struct vcpu_time_info copy;
    uint32_t version;

    do {
        version = t->version;
        barrier();
        memcpy(&copy, (void *)t, sizeof(copy));
        barrier();
    } while (version & 1 || version != t->version);
    return copy.system_time + scale(&copy, rdtsc() - copy.tsc_timestamp);
}
