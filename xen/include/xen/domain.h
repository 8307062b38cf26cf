/* SPDX-License-Identifier: MIT */
/* Finding domains, pausing them, and their end. xen/sched.h has the structures. */
#ifndef XEN_DOMAIN_H
#define XEN_DOMAIN_H

#include <asm/processor.h>
#include <xen/sched.h>

#define NO_SHUTDOWN_CODE 0xFF

#define for_each_domain(d) for ((d) = domain_list; (d); (d) = (d)->next)
#define for_each_vcpu(d, v)                            \
    for (unsigned int id_ = 0; id_ < MAX_VCPUS; id_++) \
        if (((v) = (d)->vcpu[id_]))

extern struct domain *idle_domain;
extern struct domain *dying_list; /* killed, but still referred to */
/* Those of domain_list by their numbers. 128 KiB, whatever there is; but a look-up takes as long for any number. */
extern struct domain *domain_numbered[DOMID_FIRST_RESERVED];

/* dom_io, dom_xen and the idle vCPU's domain. */
void init_domains(void);

/* The first domain with at least this number, those in dying_list included; NULL: none. */
struct domain *next_domain(uint32_t domid);
/* No domain of that number could be made now. */
bool domid_in_use(uint16_t domid);

/* The domain that a hypercall is about: DOMID_SELF is the caller; a privileged caller may name any domain by its
 * number. 0, -ESRCH, -EPERM. Not held. */
int target_domain(uint16_t domid, struct domain **d);

/* If others may run while the caller works on a domain that is not its own, it has to hold that domain. */
static inline void hold_domain(struct domain *d)
{
    d->holds++;
}
void release_domain(struct domain *d);

void vcpu_pause(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);
void vcpu_set_online(struct vcpu *v, bool online); /* to bring v online, it must be initialised */
void send_nmi(struct vcpu *v);
void domain_pause(struct domain *d);
void domain_unpause(struct domain *d);

/* Lets d go on as if it had not shut down. */
void domain_resume(struct domain *d);

/* Ends d, which is not the caller's, and gives back what it owns. 0 or -EINVAL; -EBUSY: somebody else is at it;
 * -ERESTART: the caller is wanted elsewhere, and d has been left alone. */
__may_switch int domain_kill(struct domain *d);

/* Arch side (arch/x86/domain/physdev.c): what a domain starts with, and what it refers to, dropped when it ends. */
void arch_init_domain(struct domain *d);
void arch_relinquish_domain(struct domain *d);
/* The same of a vCPU (arch/x86/domain/domain.c): its page tables, GDT, LDT and vcpu_info's frame are dropped when its
 * domain ends; its area and stack go later. */
__may_switch void arch_relinquish_vcpu(struct vcpu *v);
void arch_destroy_vcpu(struct vcpu *v);
/* VCPUOP_initialise, domctl setvcpucontext: validates and installs all of it. 0 or -error with nothing kept. The second
 * is for a vCPU that is initialised, and whose tables stay as they are. */
__may_switch int arch_set_info_guest(struct vcpu *v, const struct vcpu_guest_context *context);
int arch_change_info_guest(struct vcpu *v, const struct vcpu_guest_context *context);
/* v, paused, waits on its way out: v->frame. */
void arch_get_info_guest(struct vcpu *v, struct vcpu_guest_context *context);
/* Takes back what was installed. May be preempted. */
__may_switch void arch_reset_vcpu(struct vcpu *v);

/* How the machine ends (arch/x86). */
extern bool opt_noreboot;
extern uint32_t opt_irq_ratelimit; /* how often a domain's interrupt may come in 10 ms; 0: as often as it likes */
extern bool opt_pv_l1tf;           /* asm/l1tf.h */
extern bool opt_pv_linear_pt;      /* arch/x86/mm/linear_pt.c */
void machine_power_off(void) __attribute__((noreturn));
void machine_restart(void) __attribute__((noreturn));
void machine_halt(void) __attribute__((noreturn)); /* waits for ever, with interrupts off */

#endif
