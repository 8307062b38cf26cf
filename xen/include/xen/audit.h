/* SPDX-License-Identifier: MIT */
/*
 * The auditor (INT82_OP_audit, docs/memory.md): counts again everything that the hypervisor believes about frames,
 * domains and vCPUs, from all that refers to them, and reports what differs. arch/x86/mm/audit.c does that for frames,
 * common/control/audit.c for the rest. Data that a file keeps to itself is audited there, by audit_*().
 *
 * Whoever keeps a reference to a frame, or holds a domain, for longer than a hypercall has to declare it in
 * declare_references() of common/control/audit.c: audit_refer(), audit_share(), audit_hold().
 */
#ifndef XEN_AUDIT_H
#define XEN_AUDIT_H

#include <asm/mm.h>
#include <public/int82.h>
#include <xen/sched.h>

/* expected and found are the two numbers of the kind's text (public/int82.h). */
void audit_mismatch(uint32_t kind, uint32_t id, uint32_t expected, uint32_t found);

/* A reference to a frame, and unless the type is PGT_none a use as this type. */
void audit_refer(mfn_t mfn, uint32_t type);
/* A heap frame given to share_frame_with(). */
void audit_share(mfn_t mfn, const struct domain *d, bool writable);
/* A hold_domain() that lasts longer than a hypercall. */
void audit_hold(struct domain *d);

/* Whether d is a domain, dying ones and those without a number included. */
bool audit_knows_domain(const struct domain *d);
#define audit_vcpu_id(v) ((v)->domain->domain_id << 16 | (v)->vcpu_id)

/* dom0_op's command. */
__may_switch long audit_op(struct int82_op_buffer *op);

/* Frames (arch/x86/mm/audit.c) */
#define AUDIT_BYTES 8        /* of scratch memory for each frame */
int audit_map_scratch(void); /* 0 or -ENOMEM */
void audit_unmap_scratch(void);
void audit_vcpu_frames(const struct vcpu *v);
void audit_cpu(void);
void audit_frames(struct int82_audit *answer);

/* Where the data is kept */
void audit_pools(void);
void audit_run_queue(void);
/* Checks their order; visit() checks whose they are. */
void audit_timers(void (*visit)(const struct timer *t));
void audit_grant_table(struct domain *d);
void audit_grant_pins(const struct domain *d); /* when all tables have been counted */
void audit_pirq_eoi_frame(const struct domain *d);
void audit_pirqs(const struct domain *d);
void audit_guest_irqs(void);
bool audit_maps_grant(const struct domain *d, mfn_t mfn);

#endif
