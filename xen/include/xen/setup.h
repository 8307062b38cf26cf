/* Boot: what the parts of set-up owe each other. */
#ifndef XEN_SETUP_H
#define XEN_SETUP_H

#include <xen/sched.h>

/* Until domain 0 runs, machine memory below this is mapped at its own addresses, too (boot.S). */
#define IDENTITY_END 0xC0000000u

/* A file that the boot loader brought along, at its machine address; readable there until domain 0 runs. */
struct boot_module {
    const uint8_t *data;
    uint32_t size;
    const char *args; /* without the file's own name */
    bool given_away;  /* its frames are domain 0's now */
};

/* Command line */
void parse_command_line(const char *line);
extern struct dom0_mem {
    int64_t size, min, max; /* bytes; below 0: all but so many; 0: not given */
} opt_dom0_mem;
extern uint32_t opt_dom0_max_vcpus; /* 1..MAX_VCPUS */

/* Page allocator: gives it frames, in ascending order. */
void add_dom_frames(mfn_t first, mfn_t end);
void init_heap(void *start, uint32_t pages);

/* Processor and devices */
void init_console(void);
void init_pic(void);
void init_time(void);
void init_power(void);

/* Domain 0 from an image; panics with a line that says why not. */
void build_dom0(const struct boot_module *kernel, struct boot_module *initrd);

/* arch/x86/domain.c: v has not run yet. */
void arch_set_initial_regs(struct vcpu *v, uint32_t eip, uint32_t esp, uint32_t esi);
void arch_set_regs(struct vcpu *v, const struct cpu_user_regs *regs);
void unmap_vcpu_info(struct vcpu *v);

#endif
