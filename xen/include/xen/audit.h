/* SPDX-License-Identifier: MIT */
/*
 * The auditor (INT82_OP_audit, docs/memory.md): counts anew, from all that can refer to something, what the hypervisor
 * believes about frames, domains and vCPUs, and names whatever differs. arch/x86/mm/audit.c has what is about frames,
 * common/control/audit.c the rest; lists that a file keeps to itself are looked at there, in audit_*().
 *
 * Whoever keeps a reference to a frame, or holds a domain, for longer than a hypercall has to declare it in
 * declare_references() of common/control/audit.c: audit_refer(), audit_share(), audit_hold().
 */
#ifndef XEN_AUDIT_H
#define XEN_AUDIT_H

#include <asm/mm.h>
#include <public/int82.h>
#include <xen/sched.h>

/* expected and found stand in the place of the kind's two numbers (public/int82.h). */
void audit_mismatch(uint32_t kind, uint32_t id, uint32_t expected, uint32_t found);

/* One reference to a frame, and with a type other than PGT_none a use as that. */
void audit_refer(mfn_t mfn, uint32_t type);
/* A heap frame given to share_frame_with(). */
void audit_share(mfn_t mfn, const struct domain *d, bool writable);
/* hold_domain() by something that stays. */
void audit_hold(struct domain *d);

/* One of all that there are, dying ones and those without a number included. */
bool audit_knows_domain(const struct domain *d);
#define audit_vcpu_id(v) ((v)->domain->domain_id << 16 | (v)->vcpu_id)

/* dom0_op's command. */
__may_switch long audit_op(struct int82_op_buffer *op);

/* Frames (arch/x86/mm/audit.c) */
#define AUDIT_BYTES 8 /* of scratch memory for each frame */
int audit_map_scratch(void); /* 0 or -ENOMEM */
void audit_unmap_scratch(void);
void audit_vcpu_frames(const struct vcpu *v);
void audit_cpu(void);
void audit_frames(struct int82_audit *answer);

/* Where the data is */
void audit_pools(void);
void audit_run_queue(void);
/* Their order is looked at; visit() tells whose they are. */
void audit_timers(void (*visit)(const struct timer *t));
void audit_grant_table(struct domain *d);
void audit_grant_pins(const struct domain *d); /* when all tables have been counted */
void audit_pirq_eoi_frame(const struct domain *d);
bool audit_maps_grant(const struct domain *d, mfn_t mfn);

#endif
