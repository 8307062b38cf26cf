/* SPDX-License-Identifier: MIT */
/* What the parts of set-up need of each other. */
#ifndef XEN_SETUP_H
#define XEN_SETUP_H

#include <xen/sched.h>

/* Until the first domain runs, machine memory below this is mapped at its own addresses, too (boot.S). */
#define IDENTITY_END 0xC0000000u

/* A file from the boot loader, at its machine address; readable there until the first domain runs. */
struct boot_module {
    const uint8_t *data;
    uint32_t size;
    const char *args; /* without the file's own name */
    bool claimed;     /* some domain is built from it */
    bool given_away;  /* its frames are a domain's now */
};
#define MAX_MODULES 32
extern struct boot_module modules[MAX_MODULES];
extern unsigned int nr_modules;

/* What the boot loader told (arch/x86/boot/boot_info.c): modules, memory map, and the command line, which is saved.
 * Every number is checked; what cannot be meant stops the boot. The magic number says which kind of loader it is. */
void read_boot_information(uint32_t magic, uint32_t at);

/* Command line */
void parse_command_line(const char *line);
extern struct dom0_mem {
    int64_t size, min, max; /* bytes; negative: all but this many; 0: not given */
} opt_dom0_mem;
extern uint32_t opt_dom0_max_vcpus; /* 1..MAX_VCPUS */
bool set_domain(const char *value); /* domain= */
/* com1=, com2=, console= (arch/x86/dev/uart_options.c); false: it makes no sense */
bool set_com1(const char *value);
bool set_com2(const char *value);
bool set_console(const char *value);

/* Page allocator: gives it frames, in ascending order. */
void add_dom_frames(mfn_t first, mfn_t end);
void init_heap(void *start, uint32_t pages);

/* Processor and devices */
/* Sets the PAT to Xen's, so that guests' cache attributes mean what they mean there. Before anything is mapped in
 * another way than write-back. */
void set_memory_types(void);
void reset_processor(void); /* needs the IDT */
/* Until open_console(), text is only kept and shown on the screen. That needs the command line, the memory map and the
 * device map, and comes before init_pci(). */
void init_console(void);
void open_console(void);
void init_time(void);
bool set_timer_choice(const char *name); /* timer=; false: there is no such kind (arch/x86/dev/deadline.c) */
void init_power(void);

/* A domain that is built at boot. */
struct boot_domain {
    uint16_t domid;
    bool privileged;
    struct boot_module *kernel, *initrd; /* initrd: NULL for none */
    uint32_t nr_pages, max_pages;
    uint32_t vcpus;
    char name[16];
};

/* Domain 0 and those of domain=. Panics with the reason if one cannot be built. */
void build_domains(void);
/* Returns the first vCPU of the domain, which is ready but does not run yet. */
struct vcpu *build_domain(const struct boot_domain *b);
/* How many pages domain 0 gets, and how many it may have: by dom0_mem=, or all that `others` (pages) leave. */
uint32_t memory_for_dom0(uint32_t initrd_pages, uint32_t others);
uint32_t max_memory_of_dom0(uint32_t nr_pages);

/* arch/x86/domain/domain.c: v has not run yet. */
void arch_set_initial_regs(struct vcpu *v, uint32_t eip, uint32_t esp, uint32_t esi);
void arch_set_regs(struct vcpu *v, const struct cpu_user_regs *regs);
void unmap_vcpu_info(struct vcpu *v);

#endif
