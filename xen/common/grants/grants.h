/* SPDX-License-Identifier: MIT */
/*
 * A grant table's inside: what the files of this folder share. grant_table.c has the table and the calls about it,
 * grant_uses.h the uses of an entry, grant_map.c mapping and unmapping, grant_copy.c copying, grant_transfer.c giving
 * away, grant_audit.c what the auditor counts, grant_refused.c what is said about refusals.
 *
 * Who holds what: the page-table entry of a mapping holds the same references as any entry, and they go with it,
 * whoever removes it. A handle holds a pin of the granter's entry, so that the granter sees it in use (GTF_reading,
 * GTF_writing), and holds the granter's structure. So a guest that changes the page-table entry by other means makes no
 * count wrong. It only keeps the grant entry pinned until the domain ends.
 */
#ifndef COMMON_GRANTS_H
#define COMMON_GRANTS_H

#include <asm/frames.h>
#include <asm/guest_access.h>
#include <xen/domain.h>
#include <xen/grant_table.h>
#include <xen/hypercall.h>
#include <xen/operation.h>
#include <xen/refused.h>
#include <public/grant_table.h>

#define MAX_GRANT_FRAMES     32 /* of a table; Xen's default */
#define INITIAL_GRANT_FRAMES 4
#define ENTRIES_PER_FRAME    (PAGE_SIZE / sizeof(grant_entry_v1_t))

/* Uses of an entry, each count in a byte of its own. */
#define PIN_HOST_WRITE   0x00000001u
#define PIN_HOST_READ    0x00000100u
#define PIN_DEVICE_WRITE 0x00010000u
#define PIN_DEVICE_READ  0x01000000u
#define PIN_WRITE_MASK   0x00FF00FFu
#define PIN_FULL_MASK    0x80808080u /* one more could overflow a count */

/* The hypervisor's half of an entry, out of the granter's reach. Valid while pin is not 0. */
struct active {
    uint32_t pin;
    mfn_t frame;
    uint16_t domid;
    uint32_t counted; /* by the auditor; else 0 */
};
#define ACTIVE_PER_PAGE (PAGE_SIZE / sizeof(struct active))
#define ACTIVE_PAGES    (MAX_GRANT_FRAMES * ENTRIES_PER_FRAME / ACTIVE_PER_PAGE)

/* What a domain has mapped: the handle is the index. */
struct mapping {
    struct domain *granter; /* held */
    grant_ref_t ref;
    uint32_t flags; /* GNTMAP_*; without host_map and device_map: free, or not finished yet */
    uint32_t next_free;
};
#define MAPPINGS_PER_PAGE (PAGE_SIZE / sizeof(struct mapping))
#define MAPPING_PAGES     64
#define NO_HANDLE         0xFFFFFFFFu

struct grant_table {
    uint32_t version; /* 0 until the guest sets it up */
    uint32_t nr_frames;
    grant_entry_v1_t *shared[MAX_GRANT_FRAMES];
    struct active *active[ACTIVE_PAGES];
    uint32_t mapping_pages, free_handle;
    struct mapping *mapping[MAPPING_PAGES];
};
_Static_assert(sizeof(struct grant_table) <= PAGE_SIZE, "one page is allocated");
_Static_assert(sizeof(struct active) == 16 && sizeof(struct mapping) == 16, "they divide a page");

static inline grant_entry_v1_t *shared_entry(const struct grant_table *t, grant_ref_t ref)
{
    return &t->shared[ref / ENTRIES_PER_FRAME][ref % ENTRIES_PER_FRAME];
}

static inline struct active *active_entry(const struct grant_table *t, grant_ref_t ref)
{
    return &t->active[ref / ACTIVE_PER_PAGE][ref % ACTIVE_PER_PAGE];
}

static inline bool ref_ok(const struct grant_table *t, grant_ref_t ref)
{
    return ref < t->nr_frames * ENTRIES_PER_FRAME;
}

/* The pins of a mapping with these GNTMAP_* flags: at most one of each kind. */
static inline uint32_t pins_of(uint32_t flags)
{
    uint32_t pins = flags & GNTMAP_readonly ? PIN_HOST_READ : PIN_HOST_WRITE;

    if (likely((flags & (GNTMAP_host_map | GNTMAP_device_map)) == GNTMAP_host_map))
        return pins;
    return (flags & GNTMAP_host_map ? pins : 0) + (flags & GNTMAP_device_map ? pins << 16 : 0);
}
_Static_assert(PIN_DEVICE_READ == PIN_HOST_READ << 16 && PIN_DEVICE_WRITE == PIN_HOST_WRITE << 16, "as computed above");

static inline struct mapping *mapping_of(const struct grant_table *t, grant_handle_t handle)
{
    return &t->mapping[handle / MAPPINGS_PER_PAGE][handle % MAPPINGS_PER_PAGE];
}

/* --- Refusals: the rule is noted where it is known, which costs a success nothing. It is told where the operation
 * ends, and what it was about is known (xen/refused.h). */

extern enum refusal grant_rule;
#define BECAUSE(rule, status) (grant_rule = REFUSED_##rule, (status))
/* ref: a reference, or a frame that is not granted. Returns the status. */
COLD int refuse_grant(int status, domid_t domid, uint32_t ref, bool granted);

/* --- Commands with an array of operations, each of which has a status of its own. Each counts as much as a call of a
 * multicall. What is written back begins with `answer`. */

/* The function of one of them. Inlined, it would have few registers, because the copies keep some. */
#define OPERATION static __attribute__((noinline)) void

#define EACH(cmd, type, answer, function)                                                           \
    do {                                                                                            \
        struct type op, *at = arg;                                                                  \
                                                                                                    \
        if (!guest_array_ok(arg, count, sizeof(op)))                                                \
            return -EFAULT;                                                                         \
        while (count) {                                                                             \
            if (!copy_element(&op, at, sizeof(op)))                                                 \
                return -EFAULT;                                                                     \
            function(&op);                                                                          \
            if (!copy_element(&at->answer, &op.answer, sizeof(op) - offsetof(struct type, answer))) \
                return -EFAULT;                                                                     \
            at++;                                                                                   \
            if (--count && spend_and_look(CALL_STEPS) && pause_point())                             \
                return restart_call(__HYPERVISOR_grant_table_op, 3, cmd, (uint32_t)at, count);      \
        }                                                                                           \
        return 0;                                                                                   \
    } while (0)

__may_switch long map_grants(void *arg, uint32_t count);
__may_switch long unmap_grants(void *arg, uint32_t count);
__may_switch long replace_grants(void *arg, uint32_t count);
__may_switch long copy_grants(void *arg, uint32_t count);
__may_switch long transfer_grants(void *arg, uint32_t count);

#endif
