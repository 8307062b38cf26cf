/* SPDX-License-Identifier: MIT */
/* The rows: leaf calls, mmuext_op, grants; and how each call is made and checked. */
#include "native.h"

#include <asm/page.h>
#include <asm/processor.h>
#include <public/grant_table.h>
#include <public/xen.h>
#include <xen/sched.h>
#include <xen/version.h>

#include <string.h>

#define ROWS_MAX 128

struct row rows[ROWS_MAX];
unsigned int rows_n;

struct row *row_add(const char *name, unsigned int batch, const char *entry)
{
    struct row *r = &rows[rows_n++];

    if (rows_n > ROWS_MAX)
        quit(CODE_RUN, "there are more rows than ROWS_MAX");
    *r = (struct row){.name = name, .batch = batch, .call.entry = (uint32_t)image_symbol(entry)};
    return r;
}

void row_arguments(struct row *r, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    const uint32_t arguments[ARGUMENTS] = {a, b, c, d, 0x77};

    memcpy(r->call.arguments, arguments, sizeof(arguments));
}

uint64_t row_call(struct row *r, void (*cool)(void))
{
    const char *why;
    uint64_t ticks;
    uint32_t result;

    if (r->before)
        r->before(r);
    if (cool)
        cool();
    result = gate(&r->call, &ticks);
    if (result != r->result)
        quit(CODE_RUN, "%s/%u: the result is %d, and must be %d", r->name, r->batch, (int)result, (int)r->result);
    if (gate_clobbered)
        quit(CODE_RUN, "%s/%u: a register has lost its value in the call", r->name, r->batch);
    if (r->check && (why = r->check(r)))
        quit(CODE_RUN, "%s/%u: %s", r->name, r->batch, why);
    return ticks;
}

/* --- Leaf calls */

#define ESP1      0x12340
#define DEBUGREG0 0x4321

static const char *stack_switched(struct row *r)
{
    struct tss *tss = image_symbol("tss");
    bool good = tss->esp1 == r->call.arguments[1];

    tss->esp1 = 0;
    return good ? NULL : "the TSS has another stack";
}

static void leaf_rows(void)
{
    struct row *r = row_add("enosys", 1, "hypercall_enosys");

    r->result = -38;
    row_add("xen_version", 1, "hypercall_xen_version")->result = XEN_VERSION;
    row_add("xen_version_c", 1, "hypercall_xen_version_slow")->result = XEN_VERSION;
    r = row_add("stack_switch", 1, "hypercall_stack_switch");
    row_arguments(r, RING1_DS, ESP1, 0, 0);
    r->check = stack_switched;
    row_add("fpu_taskswitch_same", 1, "hypercall_fpu_taskswitch");
    IMAGE(struct cpu, this_cpu).vcpu->arch.debugreg[0] = DEBUGREG0;
    row_add("get_debugreg", 1, "hypercall_get_debugreg")->result = DEBUGREG0;
}

/* --- mmuext_op */

#define EXTENDED_MAX 16
static struct mmuext_op extended[EXTENDED_MAX] __attribute__((aligned(64)));
static unsigned int extended_n;

static struct row *extended_row(const char *name, unsigned int batch, const char *entry, uint32_t cmd, uint32_t arg)
{
    struct row *r = row_add(name, batch, entry);
    struct mmuext_op *op = &extended[extended_n++];

    *op = (struct mmuext_op){.cmd = cmd, .arg1.mfn = arg};
    row_arguments(r, (uint32_t)op, 1, 0, DOMID_SELF);
    return r;
}

static void note_clock(struct row *r)
{
    r->clock = IMAGE(struct cpu, this_cpu).tlb_clock;
}

static const char *flushed(struct row *r)
{
    return IMAGE(struct cpu, this_cpu).tlb_clock == r->clock + 1 ? NULL : "the TLB was not flushed once";
}

static const char *not_flushed(struct row *r)
{
    return IMAGE(struct cpu, this_cpu).tlb_clock == r->clock ? NULL : "the whole TLB was flushed";
}

static void set_pin(uint32_t frame, uint32_t cmd)
{
    static struct mmuext_op op; /* not on the stack, which is where the hypervisor lets no guest have arguments */
    struct row set = {.name = "mmuext_op, to prepare a call", .batch = 1};

    if (world_pinned(frame) == (cmd != MMUEXT_UNPIN_TABLE))
        return;
    op = (struct mmuext_op){.cmd = cmd, .arg1.mfn = frame};
    set.call.entry = (uint32_t)image_symbol("hypercall_mmuext_op");
    row_arguments(&set, (uint32_t)&op, 1, 0, DOMID_SELF);
    (void)row_call(&set, NULL);
}

static void unpin_before(struct row *r)
{
    set_pin(r->frame, MMUEXT_UNPIN_TABLE);
}

static void pin_before(struct row *r)
{
    set_pin(r->frame, r->command);
}

static const char *pin_is(struct row *r, bool pinned)
{
    bool full = r->frame == world_full_l1();

    if (world_pinned(r->frame) != pinned || world_uses(r->frame) != pinned || world_references(r->frame) != 1u + pinned)
        return "the table's pin, or its count, is wrong";
    for (unsigned int i = 0; i < DATA_FRAMES; i++)
        if (full && world_references(world_data_frame(SIDE_BY_SIDE, i)) < 2u + pinned)
            return "a frame that the table maps has lost a reference";
    return NULL;
}

static const char *pinned(struct row *r)
{
    return pin_is(r, true);
}

static const char *unpinned(struct row *r)
{
    return pin_is(r, false);
}

static void pin_rows(const char *pin, const char *unpin, unsigned int batch, uint32_t frame, uint32_t cmd)
{
    struct row *r = extended_row(pin, batch, "hypercall_mmuext_op", cmd, frame);

    r->frame = frame;
    r->command = cmd;
    r->before = unpin_before;
    r->check = pinned;
    r = extended_row(unpin, batch, "hypercall_mmuext_op", MMUEXT_UNPIN_TABLE, frame);
    r->frame = frame;
    r->command = cmd;
    r->before = pin_before;
    r->check = unpinned;
}

static void mmuext_rows(void)
{
    static const char *const entries[] = {"hypercall_mmuext_op", "hypercall_mmuext_op_c"};
    static const char *const flush[] = {"mmuext_flush_local", "mmuext_flush_local_c"};
    static const char *const invlpg[] = {"mmuext_invlpg_local", "mmuext_invlpg_local_c"};

    for (unsigned int c = 0; c < 2; c++) {
        struct row *r = extended_row(flush[c], 1, entries[c], MMUEXT_TLB_FLUSH_LOCAL, 0);

        r->before = note_clock;
        r->check = flushed;
        r = extended_row(invlpg[c], 1, entries[c], MMUEXT_INVLPG_LOCAL, 0x1000);
        r->before = note_clock;
        r->check = not_flushed;
    }
}

/* --- Grants: a copy from one frame of the domain's own to another */

static gnttab_copy_t copy;

static char *plain(unsigned int i)
{
    return (char *)world_contents(world_plain(i));
}

static void clear_copy(struct row *r)
{
    memset(plain(1), 0, r->bytes);
    copy = (gnttab_copy_t){.source = {.u.gmfn = world_plain(0), .domid = DOMID_SELF},
                           .dest = {.u.gmfn = world_plain(1), .domid = DOMID_SELF},
                           .len = r->bytes,
                           .status = 99};
}

static const char *copied(struct row *r)
{
    if (copy.status)
        return "the copy's status is no success";
    if (world_references(world_plain(0)) != 1 || world_references(world_plain(1)) != 1)
        return "the copy has kept a reference";
    return memcmp(plain(0), plain(1), r->bytes) ? "the copy is not what was to be copied" : NULL;
}

static void copy_rows(void)
{
    static const struct {
        const char *name;
        unsigned int bytes;
    } copies[] = {{"grant_copy_64", 64}, {"grant_copy_page", PAGE_SIZE}};

    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        plain(0)[i] = i * 7 + (i >> 8) + 1;
    for (unsigned int i = 0; i < 2; i++) {
        struct row *r = row_add(copies[i].name, 1, "hypercall_grant_table_op");

        row_arguments(r, GNTTABOP_copy, (uint32_t)&copy, 1, 0);
        r->bytes = copies[i].bytes;
        r->before = clear_copy;
        r->check = copied;
    }
}

void rows_make(void)
{
    leaf_rows();
    rows_mmu_make();
    mmuext_rows();
    pin_rows("pin_l1_empty", "unpin_l1_empty", 1, world_empty_l1(), MMUEXT_PIN_L1_TABLE);
    pin_rows("pin_l1_full512", "unpin_l1_full512", DATA_FRAMES, world_full_l1(), MMUEXT_PIN_L1_TABLE);
    pin_rows("pin_l3_tree", "unpin_l3_tree", 1, world_tree(), MMUEXT_PIN_L3_TABLE);
    copy_rows();
}

void rows_flush_arguments(void)
{
    rows_mmu_flush_arguments();
    flush_range(extended, sizeof(extended));
    flush_range(&copy, sizeof(copy));
    flush_range(plain(0), 2 * PAGE_SIZE);
}
