/* SPDX-License-Identifier: MIT */
/* System time: nanoseconds since the boot, by the TSC; and what guests are told about it and about the wall clock. */
#include <asm/clock.h>
#include <asm/processor.h>
#include <xen/domain.h>
#include <xen/machine.h>
#include <xen/setup.h>

uint32_t tsc_khz, tsc_to_ns_mul;
int8_t tsc_to_ns_shift;
static uint64_t boot_tsc;
static uint32_t wall_sec, wall_nsec; /* at system time 0 */

/* ns = (ticks << shift) * mul / 2^32 with mul at its most precise: between 2^31 and 2^32. */
static void __init set_scale(uint64_t hz)
{
    uint64_t ticks = hz;
    int8_t shift = 0;

    while (ticks > 2ull * NS_PER_S) {
        ticks >>= 1;
        shift--;
    }
    while (ticks <= NS_PER_S) {
        ticks <<= 1;
        shift++;
    }
    tsc_to_ns_mul = div64((uint64_t)NS_PER_S << 32, ticks, NULL);
    tsc_to_ns_shift = shift;
}

static uint64_t scale(uint64_t ticks)
{
    if (tsc_to_ns_shift < 0)
        ticks >>= -tsc_to_ns_shift;
    else
        ticks <<= tsc_to_ns_shift;
    return (ticks >> 32) * tsc_to_ns_mul + ((ticks & 0xFFFFFFFF) * tsc_to_ns_mul >> 32);
}

uint64_t system_time(void)
{
    return scale(read_tsc() - boot_tsc);
}

void set_wallclock(uint32_t sec, uint32_t nsec)
{
    struct domain *d;

    wall_sec = sec;
    wall_nsec = nsec;
    for_each_domain(d) update_wallclock(d);
}

void update_vcpu_time(struct vcpu *v)
{
    struct vcpu_time_info *t = &v->vcpu_info->time;
    uint32_t version = (v->time_version += 2); /* not read from the guest's copy, which the guest may change */

    t->version = version - 1;
    barrier();
    t->tsc_timestamp = read_tsc();
    t->system_time = scale(t->tsc_timestamp - boot_tsc);
    t->tsc_to_system_mul = tsc_to_ns_mul;
    t->tsc_shift = tsc_to_ns_shift;
    barrier();
    t->version = version;
}

void update_wallclock(struct domain *d)
{
    struct shared_info *s = d->shared_info;
    uint32_t version = (s->wc_version + 2) & ~1u;

    s->wc_version = version - 1;
    barrier();
    s->wc_sec = wall_sec + d->time_offset;
    s->wc_nsec = wall_nsec;
    barrier();
    s->wc_version = version;
}

void __init init_time(void)
{
    uint64_t hz;

    start_apic_count();
    hz = calibrate_tsc();
    tsc_khz = div64(hz, 1000, NULL);
    set_scale(hz);
    boot_tsc = read_tsc();
    wall_sec = read_rtc();
    if (!wall_sec)
        printk("No real-time clock: the wall clock begins at 0\n");
    init_deadline(hz);
}
