/* SPDX-License-Identifier: MIT */
/*
 * Domains: making them, and their end. common/sched/domain_list.c finds them.
 *
 * The end has three steps. A domain that shuts down is paused and stays as it is, so that whoever made it can look at
 * it. When it is killed, its vCPUs first go on to their way out, where they hold nothing, and never run again; then
 * everything that it has is given back. Its structure goes last, when no other domain maps its frames and no hypercall
 * works on it.
 */
#include <asm/frames.h>
#include <asm/mm.h>
#include <xen/console.h>
#include <xen/counters.h>
#include <xen/domain.h>
#include <xen/event.h>
#include <xen/grant_table.h>
#include <xen/operation.h>
#include <xen/schedule.h>
#include <xen/served.h>
#include <public/errno.h>
#include <public/sched.h>

static unsigned int order_of(uint32_t size)
{
    unsigned int order = 0;

    while (((uint32_t)PAGE_SIZE << order) < size)
        order++;
    return order;
}

/* --- Making */

static struct domain *alloc_domain(uint16_t domid)
{
    struct domain *d = alloc_heap_pages(order_of(sizeof(*d)));

    if (!d)
        return NULL;
    d->domain_id = domid;
    d->shutdown_code = NO_SHUTDOWN_CODE;
    d->frames_from = INVALID_MFN;
    arch_init_domain(d);
    set_weight(d, DEFAULT_WEIGHT);
    return d;
}

static void free_domain(struct domain *d)
{
    destroy_grant_table(d);
    if (d->shared_info)
        free_heap_pages(d->shared_info, 0);
    if (d->memory_map)
        free_heap_pages(d->memory_map, 0);
    free_heap_pages(d, order_of(sizeof(*d)));
}

void __init init_domains(void)
{
    dom_io = alloc_domain(DOMID_IO);
    dom_xen = alloc_domain(DOMID_XEN);
    idle_domain = alloc_domain(DOMID_IDLE);
    if (!dom_io || !dom_xen || !idle_domain)
        panic("no memory for the first domains");
}

static void publish_domain(struct domain *d)
{
    struct domain **p = &domain_list;

    while (*p && (*p)->domain_id < d->domain_id)
        p = &(*p)->next;
    d->next = *p;
    *p = d;
    domain_numbered[d->domain_id] = d;
}

static void reap_domains(void);

bool domid_in_use(uint16_t domid)
{
    struct domain *d;

    reap_domains();
    d = next_domain(domid);
    return domid >= DOMID_FIRST_RESERVED || (d && d->domain_id == domid);
}

struct domain *create_domain(uint16_t domid, uint32_t max_pages, bool privileged)
{
    struct domain *d;

    if (domid_in_use(domid))
        return NULL;
    d = alloc_domain(domid);
    if (!d)
        return NULL;
    d->shared_info = alloc_heap_pages(0);
    if (!d->shared_info || evtchn_init(d) || create_grant_table(d)) {
        free_domain(d);
        return NULL;
    }
    d->max_pages = max_pages;
    d->is_privileged = privileged;
    init_watchdogs(d);
    init_console_of(d);
    for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
        d->shared_info->vcpu_info[i].evtchn_upcall_mask = 1;
    share_frame_with(d, virt_to_mfn(d->shared_info), true);
    publish_domain(d);
    return d;
}

struct vcpu *alloc_vcpu(struct domain *d, unsigned int vcpu_id)
{
    struct vcpu *v;

    if (vcpu_id >= MAX_VCPUS || d->vcpu[vcpu_id])
        return NULL;
    v = alloc_heap_pages(order_of(sizeof(*v)));
    if (!v)
        return NULL;
    v->domain = d;
    v->vcpu_id = vcpu_id;
    init_vcpu_scheduling(v);
    if (arch_init_vcpu(v)) {
        free_heap_pages(v, order_of(sizeof(*v)));
        return NULL;
    }
    v->pause_count = d->pause_count;
    barrier();
    d->vcpu[vcpu_id] = v;
    d->max_vcpus = MAX(d->max_vcpus, vcpu_id + 1);
    return v;
}

/* --- Pausing */

void vcpu_pause(struct vcpu *v)
{
    v->pause_count++;
    vcpu_sleep(v);
}

void vcpu_unpause(struct vcpu *v)
{
    if (--v->pause_count == 0)
        vcpu_wake(v);
}

void domain_pause(struct domain *d)
{
    struct vcpu *v;

    d->pause_count++;
    for_each_vcpu(d, v) vcpu_pause(v);
}

void domain_unpause(struct domain *d)
{
    struct vcpu *v;

    if (d->is_dying)
        return; /* never again */
    d->pause_count--;
    for_each_vcpu(d, v) vcpu_unpause(v);
}

/* --- Shutting down */

static __attribute__((noreturn)) void stop_machine(const char *why)
{
    if (opt_noreboot) {
        printk("%s 'noreboot' set: waiting.\n", why);
        machine_halt();
    }
    printk("%s Powering off.\n", why);
    machine_power_off();
}

/* When domain 0 ends, the machine stops. */
static __attribute__((noreturn)) void dom0_shutdown(uint8_t code)
{
    console_wait(true); /* there may be much to print, and no other domain has to be considered */
    print_counters();
    switch (code) {
    case SHUTDOWN_poweroff:
        printk("Domain 0 halted: powering off.\n");
        machine_power_off();
    case SHUTDOWN_reboot:
        if (opt_noreboot)
            stop_machine("Domain 0 wants to reboot.");
        printk("Domain 0 shutdown: rebooting machine.\n");
        machine_restart();
    case SHUTDOWN_crash:
        stop_machine("Domain 0 crashed.");
    case SHUTDOWN_watchdog:
        stop_machine("Domain 0's watchdog has expired.");
    default:
        stop_machine("Domain 0 shut down for an unknown reason.");
    }
}

static const char *shutdown_text(uint8_t code)
{
    static const char *const texts[] = {[SHUTDOWN_poweroff] = "has powered off",
                                        [SHUTDOWN_reboot] = "wants to reboot: it stays as it is",
                                        [SHUTDOWN_suspend] = "is suspended",
                                        [SHUTDOWN_crash] = "has crashed",
                                        [SHUTDOWN_watchdog] = "is stopped: its watchdog has expired"};

    return code < ARRAY_SIZE(texts) ? texts[code] : "has shut down";
}

void domain_shutdown(struct domain *d, uint8_t code)
{
    if (d->shutdown_code == NO_SHUTDOWN_CODE)
        d->shutdown_code = code;
    if (d == dom0)
        dom0_shutdown(d->shutdown_code);
    if (d->is_shut_down)
        return;
    printk("Domain %u %s\n", d->domain_id, shutdown_text(d->shutdown_code));
    d->is_shut_down = true;
    leave_console(d);
    domain_pause(d);
    if (d->shutdown_code == SHUTDOWN_suspend && d->suspend_port)
        evtchn_notify(d, d->suspend_port);
    else
        send_global_virq(VIRQ_DOM_EXC);
}

void domain_resume(struct domain *d)
{
    d->shutdown_code = NO_SHUTDOWN_CODE;
    if (!d->is_shut_down)
        return;
    d->is_shut_down = false;
    domain_unpause(d);
}

void domain_crash(struct vcpu *v, const char *why)
{
    if (v != current) { /* its registers cannot be printed here */
        printk("Domain %u (vcpu %u) crashed: %s\n", v->domain->domain_id, v->vcpu_id, why);
        domain_shutdown(v->domain, SHUTDOWN_crash);
        return;
    }
    if (v->crash_pending)
        return; /* the first reason is the one that is reported */
    v->crash_pending = true;
    v->crash_reason = why;
    this_cpu.work |= WORK_CRASH;
}

/* --- Ending */

/* d is paused. Waits until nobody but the caller is in the middle of anything that concerns d. */
static __may_switch int take_over(struct domain *d)
{
    struct vcpu *v;
    int rc = 0;

    for_each_vcpu(d, v) if (!rc && v->is_initialised) rc = stop_at_exit(v);
    return rc ?: begin_operation(d);
}

/* Frames that are not d's take 5 instructions each. */
#define FRAMES_PER_LOOK 1024
#define FRAMES_PER_UNIT 4 /* of spend() */

/* The frame before the next one of d's, or where others should run first. */
static mfn_t skip_frames(const struct domain *d, mfn_t mfn)
{
    const struct page_info *first = mfn_to_page(mfn), *page = first,
                           *end = mfn_to_page(MIN(d->frames_to, mfn + FRAMES_PER_LOOK));

    while (page < end && page[1].owner != d)
        page++;
    spend((page - first) / FRAMES_PER_UNIT);
    return page_to_mfn(page);
}

/* Drops each frame's pin and the owner's reference. What the frames mapped or contained goes with them. */
static __may_switch void relinquish_frames(struct domain *d)
{
    for (mfn_t mfn = d->frames_from; mfn <= d->frames_to && d->tot_pages; mfn++) {
        struct page_info *page = mfn_to_page(mfn);

        if (page->owner != d)
            mfn = skip_frames(d, mfn);
        else if (page->count)
            give_up_page(page);
        if (point_due(mfn) || effort_spent())
            preempt_point();
    }
}

static __may_switch void relinquish_resources(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu(d, v)
    {
        destroy_vcpu_scheduling(v);
        arch_relinquish_vcpu(v);
    }
    arch_relinquish_domain(d);
    release_grant_mappings(d);
    relinquish_frames(d);
}

static void free_vcpus(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu(d, v)
    {
        d->vcpu[v->vcpu_id] = NULL;
        arch_destroy_vcpu(v);
        free_heap_pages(v, order_of(sizeof(*v)));
    }
}

static bool is_referenced(const struct domain *d)
{
    /* One reference to shared_info is the hypervisor's own. */
    return d->holds || d->tot_pages || (mfn_to_page(virt_to_mfn(d->shared_info))->count & PGC_count) > 1 ||
           grant_table_in_use(d);
}

static void reap_domains(void)
{
    struct domain **p = &dying_list;

    while (*p) {
        struct domain *d = *p;

        if (is_referenced(d)) {
            p = &d->next;
            continue;
        }
        *p = d->next;
        unshare_frame(virt_to_mfn(d->shared_info));
        free_vcpus(d); /* not earlier: operations of others on d may have used them */
        free_domain(d);
    }
}

void release_domain(struct domain *d)
{
    if (--d->holds == 0 && d->is_dying)
        reap_domains();
}

static void unpublish_domain(struct domain *d)
{
    struct domain **p = &domain_list;

    while (*p != d)
        p = &(*p)->next;
    *p = d->next;
    domain_numbered[d->domain_id] = NULL;
    d->next = dying_list;
    dying_list = d;
}

int domain_kill(struct domain *d)
{
    int rc;

    if (d == this_cpu.domain || d == dom0)
        return -EINVAL;
    if (d->is_dying)
        return -EBUSY; /* somebody else is ending it */
    hold_domain(d);
    domain_pause(d);
    rc = take_over(d);
    if (rc) {
        domain_unpause(d);
        release_domain(d);
        return rc == -ESRCH ? -EBUSY : rc;
    }
    d->is_dying = true;
    stop_watchdogs(d);
    end_services(d);
    end_console_of(d);
    evtchn_destroy(d);
    relinquish_resources(d);
    end_operation();
    unpublish_domain(d);
    send_global_virq(VIRQ_DOM_EXC);
    release_domain(d);
    return 0;
}
