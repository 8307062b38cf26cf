/* SPDX-License-Identifier: MIT */
/*
 * Int82's own commands of dom0_op, which Xen does not have: there a guest gets -ENOSYS and does without them. The
 * commands about counters answer -ENOSYS on Int82, too, if it was built without counters.
 */
#ifndef XEN_PUBLIC_INT82_H
#define XEN_PUBLIC_INT82_H

#include "platform.h"

#define INT82_OP_get_counters   0x82000001 /* u.int82: copies struct int82_counters out, as much as there is room for */
#define INT82_OP_reset_counters 0x82000002 /* no argument: all to 0 */
#define INT82_OP_audit          0x82000003 /* u.int82: copies a struct int82_audit out, as much as there is room for */
#define INT82_OP_page_info      0x82000060 /* u.int82: an array of struct int82_page, of which mfn is read */

/* Faults on purpose (u.int82_fault), only in the build with counters; elsewhere -ENOSYS. */
#define INT82_OP_corrupt         0x82000010 /* falsifies something that the auditor checks, or mends it */
#define INT82_OP_fail_allocation 0x82000011 /* the at-th allocation from now fails, once */
#define INT82_OP_preempt         0x82000012 /* long operations let others run */
/* u.int82_serve: Int82 serves a domain's console or store. */
#define INT82_OP_serve_console 0x82000004
#define INT82_OP_serve_store   0x82000005

/* INT82_OP_corrupt: what to falsify. -EINVAL for other values, or if the id does not fit. */
#define INT82_CORRUPT_COUNT    1  /* of frame id: one reference more */
#define INT82_CORRUPT_USES     2  /* one use as its type less; it must have one */
#define INT82_CORRUPT_PIN      3  /* its pin bit changes */
#define INT82_CORRUPT_OWNER    4  /* the frame gets no owner */
#define INT82_CORRUPT_TYPE     5  /* another type, with the same uses */
#define INT82_CORRUPT_L3_COPY  6  /* entry 0 of the caller's copy */
#define INT82_CORRUPT_HYP_SLOT 7  /* the last entry of the L2 table in frame id */
#define INT82_CORRUPT_M2P      8  /* of a free frame: the answer's id tells which */
#define INT82_CORRUPT_PAGES    9  /* number of frames of the caller's domain */
#define INT82_CORRUPT_PORT     10 /* of the caller's event channel id, between domains: its remote port */
#define INT82_CORRUPT_FREE     11 /* a free frame is taken, and lost: the answer's id tells which */
#define INT82_CORRUPT_LINEAR   12 /* of the L2 table in frame id: one linear entry more, or one use less */

#define INT82_FAIL_HEAP   1 /* INT82_OP_fail_allocation: a mask of kinds */
#define INT82_FAIL_FRAMES 2

#define INT82_PREEMPT_NEVER  0 /* INT82_OP_preempt: when */
#define INT82_PREEMPT_ALWAYS 1 /* at each point where it is possible */
#define INT82_PREEMPT_AT     2 /* once, at the at-th point from now that vCPU id (domid << 16 | number) passes */

#define INT82_MMU_BUCKETS 16

#ifndef __ASSEMBLY__
/* Events of all domains since boot or the last reset. The call that reads them is itself counted first. */
struct int82_counters {
#define COUNTER(place, name, text)            uint64_t name;
#define CALL_COUNTER(place, name, text)       uint64_t name[NR_hypercalls];
#define HISTOGRAM(place, name, buckets, text) uint64_t name[buckets];
#include "int82_counters.def"
};
#define COUNTER(place, name, text)                                                 \
    _Static_assert(__builtin_offsetof(struct int82_counters, name) == 8 * (place), \
                   #name ": places do not change, and leave no gap");
#include "int82_counters.def"

/*
 * INT82_OP_audit (in every build): recounts all references, types, owners, pins, grants, events and lists from what
 * exists, and compares. The machine's other vCPUs stand still meanwhile. 0: done, and the answer has the findings.
 * -ENOMEM: there are no free frames to count in (it needs 8 bytes for each frame of the machine). -EBUSY: another vCPU
 * is auditing.
 */
struct int82_mismatch {
    uint32_t kind; /* INT82_AUDIT_* */
    uint32_t id;   /* of the kind's object: a frame number, domid << 16 | index, ... */
    uint32_t expected, found;
};

#define INT82_AUDIT_FIRST 16
struct int82_audit {
    uint32_t mismatches; /* all that were found */
    uint32_t reported;   /* how many of them are listed below */
    uint32_t frames;     /* frames that were checked */
    uint32_t tables;     /* page tables among them */
    uint32_t references; /* references that were counted */
    uint32_t free_frames;
    uint32_t free_heap_pages; /* of the hypervisor's own memory */
    uint32_t domains;         /* including dying ones */
    struct int82_mismatch first[INT82_AUDIT_FIRST];
};

/* K(number, name, object, text): text has places for the two numbers, in this order. */
#define INT82_AUDIT_KINDS(K)                                                                           \
    K(1, COUNT, "frame", "references: %x expected, %x found")                                          \
    K(2, TYPE, "frame", "type word: %x expected, %x found")                                            \
    K(3, OWNER, "frame", "owner: %x expected, %x found")                                               \
    K(4, CONFLICT, "frame", "is used as type %x and as type %x")                                       \
    K(5, ENTRY, "frame", "entry %x of this table must not be what it is: %x")                          \
    K(6, NO_SLOT3, "frame", "L3 table without slot 3 (%x): %x")                                        \
    K(7, HYP_SLOT, "frame", "hypervisor's slot %x of this L2 table has changed: %x")                   \
    K(8, FREE, "frame", "is free, but owner or count or type word is not 0: %x %x")                    \
    K(9, M2P, "frame", "is free, but not so for the machine-to-physical table: %x expected, %x found") \
    K(10, LOST, "frame", "is not free, and nobody's: owner %x, count %x")                              \
    K(11, STAMP, "frame", "stamp lies in the future: clock %x, stamp %x")                              \
    K(12, NO_FRAME, "frame", "is no frame, but referred to: %x of %x")                                 \
    K(13, LINEAR, "frame", "linear entries or uses of this L2 table: %x expected, %x found")           \
    K(14, HELD, "frame", "mmu_update's last table: type word %x, of the window at %x")                 \
    K(20, PAGES, "domain", "frames: %x owned, %x believed")                                            \
    K(21, HOLDS, "domain", "holds: %x expected, %x found")                                             \
    K(22, DOMAIN, "domain", "state: %x expected, %x found")                                            \
    K(30, L3_COPY, "vcpu", "copy of the L3 table: %x expected, %x found")                              \
    K(31, AREA, "vcpu", "page %x of its area maps %x")                                                 \
    K(32, INFO, "vcpu", "vcpu_info: %x expected, %x found")                                            \
    K(33, GDT, "vcpu", "pages of the GDT: %x expected, %x found")                                      \
    K(34, LDT, "vcpu", "pages of the LDT: at most %x expected, %x mapped")                             \
    K(35, POLL, "vcpu", "polling: %x expected, %x found")                                              \
    K(36, CR3, "vcpu", "CR3: %x expected, %x found")                                                   \
    K(37, VA_CACHE, "vcpu", "last table of update_va_mapping: %x expected, %x found")                  \
    K(38, FPU, "vcpu", "FPU owner: %x expected, %x found")                                             \
    K(39, QUEUE, "vcpu", "run queue: %x expected, %x found")                                           \
    K(40, WINDOW, "window", "frame: %x believed, %x mapped")                                           \
    K(41, POOL, "pool", "free pages: %x counted, %x believed")                                         \
    K(42, POOL_HINT, "pool", "lowest free page: %x, but search begins at %x")                          \
    K(43, TIMER, "timer", "is armed, but nobody's (%x), or out of order: %x")                          \
    K(50, PIN, "grant", "pins: %x expected, %x found")                                                 \
    K(51, HANDLE, "grant handle", "granter %x, entry %x: not as it should be")                         \
    K(52, FREE_HANDLES, "grant table", "unused handles: %x counted, %x in the list")                   \
    K(60, PORT, "event channel", "other end, or its bit among the free ones: %x expected, %x found")

enum int82_audit_kind {
#define INT82_AUDIT_ENUM(number, name, object, text) INT82_AUDIT_##name = number,
    INT82_AUDIT_KINDS(INT82_AUDIT_ENUM)
#undef INT82_AUDIT_ENUM
};

/* Bucket 0: empty batches; n: 2^(n-2) < size <= 2^(n-1), so 1, 2, 3-4, 5-8, ... ; the last takes all above. */
static inline unsigned int int82_mmu_bucket(uint32_t entries)
{
    unsigned int bucket;

    if (entries <= 1)
        return entries;
    bucket = 33 - __builtin_clz(entries - 1);
    return bucket < INT82_MMU_BUCKETS ? bucket : INT82_MMU_BUCKETS - 1;
}

/* What the hypervisor knows about a frame. At most INT82_PAGES_MAX frames; -EINVAL for more. */
struct int82_page {
    uint32_t mfn;        /* in; out: unchanged */
    uint16_t owner;      /* domain number. INT82_PAGE_NO_OWNER: free, the hypervisor's own, or not RAM */
    uint16_t type;       /* INT82_PAGE_* */
    uint32_t references; /* including the owner's own (INT82_PAGE_ALLOCATED) */
    uint32_t uses;       /* as that type, including a pin; while there are none, the type means nothing */
};
#define INT82_PAGES_MAX        256
#define INT82_PAGE_NO_OWNER    0xFFFF
#define INT82_PAGE_TYPE        0x0007 /* one of: */
#define INT82_PAGE_L1          1
#define INT82_PAGE_L2          2
#define INT82_PAGE_L3          3
#define INT82_PAGE_WRITABLE    4
#define INT82_PAGE_DESCRIPTORS 5
#define INT82_PAGE_TOP         0x0008 /* an L2 for slot 3 */
#define INT82_PAGE_VALIDATED   0x0010
#define INT82_PAGE_PINNED      0x0040
#define INT82_PAGE_ALLOCATED   0x0080 /* the owner has not given it back */
#endif

#endif
