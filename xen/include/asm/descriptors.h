/* SPDX-License-Identifier: MIT */
/* Descriptor tables: the hypervisor's own, and the frames with those of guests. Source: Intel SDM 3, 3.4.5. */
#ifndef ASM_DESCRIPTORS_H
#define ASM_DESCRIPTORS_H

#include <asm/mm.h>
#include <asm/processor.h>
#include <xen/sched.h>

/* Checks that a guest may use every descriptor of the frame; corrects small things in place. 0 or -EINVAL. */
int validate_descriptors(struct page_info *page);
/* One descriptor; may correct its DPL or limit, as Xen does. */
bool check_descriptor(struct descriptor *d);
void load_late_segment(struct vcpu *v); /* domain.c: loads one of them, on the way out */

/* Makes v's GDT window show these frames and takes references to them; drops those to the old ones. 0 or -EINVAL. */
__may_switch int set_gdt(struct vcpu *v, const uint32_t *frames, uint32_t entries);
void drop_gdt(struct vcpu *v);

/* The LDT is mapped page by page, on faults in its window. True: the page has been mapped. */
bool handle_ldt_fault(uint32_t offset);
void unmap_ldt_pages(struct vcpu *v);
static inline void unmap_ldt(struct vcpu *v)
{
    if (unlikely(v->arch.ldt_mapped)) /* only then can anything have been found in the LDT */
        unmap_ldt_pages(v);
}
void unmap_ldt_of(struct domain *d);
void load_ldt(struct vcpu *v);
bool ldt_ok(uint32_t base, uint32_t entries);
int set_ldt(struct vcpu *v, uint32_t base, uint32_t entries);

/* Loads what the TSS, the GDT and the IDT must hold while v runs. */
void load_descriptors(struct vcpu *v);
/* To be called when v's handler of int $0x80 has changed. */
void set_int80_gate(struct vcpu *v);
void init_descriptor_tables(void);
void load_tss(void); /* makes its descriptor available, and loads TR */

#endif
