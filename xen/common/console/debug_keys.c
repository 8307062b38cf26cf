/* SPDX-License-Identifier: MIT */
/* sysctl debug_keys: a key makes the hypervisor log something about itself. docs/control.md lists them. */
#include <xen/console.h>
#include <xen/debug_keys.h>
#include <xen/domain.h>
#include <xen/schedule.h>

static void show_vcpu(const struct vcpu *v)
{
    static const char *const states[] = {"runnable", "blocked", "offline"};
    struct vcpu_runstate_info run;

    get_runstate(v, &run);
    printk("  vcpu %u: %s%s, pauses %u, ran %u ms, upcall pending %u mask %u, L3 %x\n", v->vcpu_id,
           v == current ? "running, " : "", states[v->state], v->pause_count,
           (uint32_t)div64(run.time[RUNSTATE_running], 1000000, NULL), v->vcpu_info->evtchn_upcall_pending,
           v->vcpu_info->evtchn_upcall_mask, v->arch.guest_l3);
}

static void show_domain(const struct domain *d)
{
    printk("Domain %u (%s): %u of %u pages, weight %u%s%s%s, holds %u\n", d->domain_id, d->name, d->tot_pages,
           d->max_pages, d->weight, d->is_privileged ? ", privileged" : "", d->is_shut_down ? ", shut down" : "",
           d->is_dying ? ", dying" : "", d->holds);
}

/* There may be many domains: between two lines others may run, and domains may end. */
static __may_switch void show_domains(void)
{
    const struct domain *d;

    for (uint32_t domid = 0; !wait_for_console() && (d = next_domain(domid)); domid++) {
        domid = d->domain_id;
        show_domain(d);
        for (unsigned int i = 0; i < MAX_VCPUS && !wait_for_console(); i++) {
            d = next_domain(domid);
            if (d && d->domain_id == domid && d->vcpu[i])
                show_vcpu(d->vcpu[i]);
        }
    }
}

static void show_memory(void)
{
    printk("Free: %u pages for domains, %u of the hypervisor's\n", free_dom_frames(), free_heap_frames());
}

static void show_time(void)
{
    uint32_t ns;
    uint32_t seconds = div64(system_time(), 1000000000, &ns);

    printk("System time %u.%09u s, TSC %u kHz\n", seconds, ns, tsc_khz);
}

static void show_keys(void);

static const struct {
    char key;
    void (*function)(void);
    const char *text;
} keys[] = {
    {'h', show_keys, "these keys"},
    {'m', show_memory, "free memory"},
    {'q', show_domains, "domains and their vCPUs"},
    {'t', show_time, "the clock"},
};

static void show_keys(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++)
        printk("Key '%c': %s\n", keys[i].key, keys[i].text);
}

void handle_debug_key(char key)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++)
        if (keys[i].key == key)
            keys[i].function();
}
