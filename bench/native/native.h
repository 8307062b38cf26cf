/* SPDX-License-Identifier: MIT */
/*
 * int82-native: maps the very image at its linked addresses into a 32-bit process, and calls its hypercalls on the
 * host's processor, each with its own IRET, which stays in this ring. So the body of a call is timed without its gate.
 * docs/measuring.md says what that means.
 *
 * image.c: the image and its symbols. trap.c: faults. world.c: a domain in it. gate.S: the way in and back. rows.c,
 * rows_mmu.c: what is called, and what it must have done. refusals.c: what must be refused. measure.c: the clock.
 */
#ifndef INT82_NATIVE_H
#define INT82_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes: those of int82-bench (bench/lib/util.h), which starts this program. */
enum { CODE_USAGE = 2, CODE_RUN = 3, CODE_MISSING = 5, CODE_UNSUPPORTED = 6 };

__attribute__((noreturn, format(printf, 2, 3))) void quit(int code, const char *format, ...);

/* --- image.c */

void image_load(const char *path);
void *image_symbol(const char *name); /* ends the program when there is none */
#define IMAGE(type, name) (*(type *)image_symbol(#name))
/* The symbol at or before ADDRESS and the distance from it; NULL outside the image. */
const char *image_name_at(uint32_t address, uint32_t *offset);
/* Where execution goes on after a fault that the image expects; 0: it expects none there. */
uint32_t image_fixup(uint32_t address);
void map_at(uint32_t address, uint32_t size, int fd, uint32_t offset);
void image_flush_code(void); /* from all caches */
void image_flush_data(void);
void flush_range(const volatile void *p, size_t n);

/* --- trap.c */

void traps_install(void);
/* Which privileged instructions have been replaced so far, as a text. */
const char *traps_replaced(void);

/* --- world.c */

#define DATA_FRAMES 512 /* in each of these strides, of frame numbers: side by side, a line apart, a page apart */
enum { SIDE_BY_SIDE, LINE_APART, PAGE_APART, STRIDES };

struct page_info;
void world_make(void);
void world_flush_data(void); /* what the hypervisor has of frames, of the domain and of its vCPU */
uint32_t world_data_frame(unsigned int stride, unsigned int i);
/* Frames with contents, and where they lie. */
uint32_t world_l1(void); /* maps the addresses from 0 on; empty in the beginning */
uint32_t world_empty_l1(void);
uint32_t world_full_l1(void);
uint32_t world_tree(void);    /* an L3, none of whose tables is in use */
uint32_t world_foreign(void); /* another domain's frame */
uint32_t world_plain(unsigned int i);
uint64_t *world_contents(uint32_t frame);
/* Counts and types as the hypervisor has them: references, and uses as a type. */
uint32_t world_references(uint32_t frame);
uint32_t world_uses(uint32_t frame);
bool world_pinned(uint32_t frame);

/* --- gate.S */

#define ARGUMENTS 5
struct call {
    uint32_t entry; /* where the image's table of hypercalls leads */
    uint32_t arguments[ARGUMENTS];
};
/* The call's result. *TICKS: of the TSC, from before the frame is pushed to after the IRET. */
uint32_t gate(const struct call *c, uint64_t *ticks);
extern uint32_t gate_stack, gate_clobbered;
extern const char gate_iret[]; /* an entry that is nothing but the IRET */

/* --- rows.c, rows_mmu.c */

struct row {
    const char *name;
    unsigned int batch;
    struct call call;
    uint32_t result;
    void (*before)(struct row *r); /* each call, not timed: makes what it is to change */
    /* After each call: NULL, or what is wrong with its effect. */
    const char *(*check)(struct row *r);
    /* For these two, as the row needs them. */
    unsigned int stride;
    uint32_t frame, command, bytes, clock;
};

struct row *row_add(const char *name, unsigned int batch, const char *entry);
void row_arguments(struct row *r, uint32_t a, uint32_t b, uint32_t c, uint32_t d);
extern struct row rows[];
extern unsigned int rows_n;
void rows_make(void);
void rows_mmu_make(void);
void rows_flush_arguments(void);
void rows_mmu_flush_arguments(void);
/* Makes the call once, and ends the program if its result or effect is not as it must be. */
uint64_t row_call(struct row *r, void (*cool)(void));

/* --- refusals.c, measure.c, host.c */

unsigned int refusals_check(void); /* how many there were */
void measure_rows(const char *globs, unsigned int samples, unsigned int calls);
void check_rows(const char *globs);
void list_rows(void);
/* NULL, or why this is no real processor. */
const char *host_emulated(void);
void host_processor(char text[64]);
uint32_t host_tsc_khz(void);

#endif
