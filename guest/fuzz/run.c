/* SPDX-License-Identifier: MIT */
/* Sequences: operations one after another, with a check of everything in between. */
#include "fuzz.h"

#include <guest/audit.h>

struct failure failure;
bool trace;
uint64_t operations, hypercalls;
static unsigned int audit_countdown;

bool failed(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(failure.text, sizeof(failure.text), format, args);
    va_end(args);
    return false;
}

/* ---- What memory holds */

/* The processor sets Accessed and Dirty in tables that it uses. */
static bool same(pte_t seen, pte_t expected)
{
    return !((seen ^ expected) & ~(PTE_A | PTE_D)) && (seen & expected) == expected;
}

static const volatile pte_t *contents(unsigned int f)
{
    return IS_POOL(f) ? (const volatile pte_t *)VIEW(f) : fixed_page[f - POOL];
}

static bool check_frame(unsigned int number, unsigned int first, unsigned int end, bool adopt)
{
    struct frame *f = &frames[number];
    const volatile pte_t *seen = contents(number);

    for (unsigned int i = first; i < end; i++) {
        pte_t entry = seen[slot_index[i]];

        if (entry == f->slot[i])
            continue;
        if (f->hyp_tail && i >= SLOT_HYP)
            continue;
        if (!same(entry, f->slot[i]) && !(adopt && (!f->uses || f->type == T_WRITABLE)))
            return failed("f%u[%u] holds 0x%llx instead of 0x%llx", number, slot_index[i], entry, f->slot[i]);
        f->slot[i] = entry;
    }
    return true;
}

/* adopt: data may hold something else, and the model takes it over. */
bool check_contents(bool adopt)
{
    for (unsigned int f = 0; f < POOL; f++)
        if (!check_frame(f, 0, SLOTS, adopt))
            return false;
    return check_frame(F_DATA, 0, SLOTS, adopt) && check_frame(F_WINDOW, SLOT_FREE, SLOT_TOP, false) &&
           check_frame(F_TOP, SLOT_FREE, SLOT_TOP, false);
}

/* Is everything between the slots right, too? */
bool check_pages(void)
{
    for (unsigned int f = 0; f < POOL; f++) {
        const volatile pte_t *page = (const volatile pte_t *)VIEW(f), *kernel = fixed_page[F_TEMPLATE - POOL];
        unsigned int end = frames[f].hyp_tail ? slot_index[SLOT_HYP] : 512, slot = 0;

        for (unsigned int i = 0; i < end; i++) {
            pte_t expected = frames[f].kernel && i < KERNEL_L2ES ? kernel[i] : 0;

            if (slot < SLOTS && i == slot_index[slot])
                slot++;
            else if ((page[i] ^ expected) & ~(PTE_A | PTE_D))
                return failed("f%u[%u] holds 0x%llx, and nobody wrote it", f, i, page[i]);
        }
    }
    return true;
}

/* ---- What the hypervisor says about the frames */
static const char *const type_names[] = {"none", "L1", "L2", "L3", "writable", "descriptors", "top L2"};

static enum type type_of(const struct int82_page *p)
{
    switch (p->type & INT82_PAGE_TYPE) {
    case INT82_PAGE_L1:
        return T_L1;
    case INT82_PAGE_L2:
        return p->type & INT82_PAGE_TOP ? T_TOP : T_L2;
    case INT82_PAGE_L3:
        return T_L3;
    case INT82_PAGE_WRITABLE:
        return T_WRITABLE;
    case INT82_PAGE_DESCRIPTORS:
        return T_DESC;
    default:
        return T_NONE;
    }
}

int read_page_info(struct int82_page *pages, unsigned int count)
{
    static xen_platform_op_t op;

    memset(&op, 0, sizeof(op));
    op.cmd = INT82_OP_page_info;
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.u.int82.size = count * sizeof(*pages);
    op.u.int82.buffer = pages;
    return HYPERVISOR_dom0_op(&op);
}

static bool check_count(const struct frame *f, const struct int82_page *p)
{
    unsigned int number = f - frames;

    if (f->owned != (p->owner != INT82_PAGE_NO_OWNER))
        return failed("f%u is owned by %u", number, p->owner);
    if (!f->owned)
        return true;
    if (p->references != f->refs || p->uses != f->uses)
        return failed("f%u has %u references and %u uses instead of %u and %u (as %s)", number, p->references, p->uses,
                      f->refs, f->uses, type_names[f->type]);
    if (f->uses && (type_of(p) != f->type || !(p->type & INT82_PAGE_VALIDATED)))
        return failed("f%u is of type 0x%x instead of %s", number, p->type, type_names[f->type]);
    if (f->pinned != !!(p->type & INT82_PAGE_PINNED))
        return failed("f%u is %spinned", number, f->pinned ? "not " : "");
    if (f->allocated != !!(p->type & INT82_PAGE_ALLOCATED))
        return failed("f%u was %sgiven back", number, f->allocated ? "" : "not ");
    return true;
}

bool check_counts(void)
{
    static struct int82_page pages[FRAMES];
    int rc;

    if (!limits.page_info)
        return true;
    for (unsigned int i = 0; i < FRAMES; i++)
        pages[i].mfn = frames[i].mfn;
    rc = read_page_info(pages, FRAMES);
    if (rc)
        return failed("page_info: %d", rc);
    for (unsigned int i = 0; i < FRAMES; i++)
        if (!check_count(&frames[i], &pages[i]))
            return false;
    return true;
}

/* Mismatches that were there before belong to a sequence that failed earlier. */
bool check_audit(void)
{
    static struct int82_audit answer;
    static uint32_t known;
    int rc = audit_read(&answer);

    if (rc == -ENOSYS || rc == -EPERM)
        return true;
    if (rc)
        return failed("the audit failed: %d", rc);
    if (answer.mismatches <= known)
        return true;
    known = answer.mismatches;
    return audit(failure.text, sizeof(failure.text)) == 0;
}

/* ---- Sequences */
static bool run_other(const struct op *op)
{
    hypercalls++;
    switch (op->kind) {
    case K_STORE:
        return run_store(op);
    case K_LDT:
        return run_ldt(op);
    case K_RENEW:
        return run_renew(op->frame % POOL);
    default:
        operations++;
        return !mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0) || failed("a flush was refused");
    }
}

/* careful: the counts are compared after every operation, otherwise only at the end. */
bool run_ops(const struct op *op, const bool *out, unsigned int count, bool careful)
{
    unsigned int i = 0;

    while (i < count) {
        bool ok;

        if (out && out[i]) {
            i++;
            continue;
        }
        failure.at = i;
        if (trace) {
            printf("%u: ", i);
            print_op(&op[i]);
        }
        if (IS_CALL(op[i].kind))
            i = run_calls(op, out, i, count, &ok);
        else
            ok = run_other(&op[i++]);
        if (!ok || !check_contents(false) || (careful && !check_counts()))
            return false;
    }
    failure.at = count;
    return true;
}

static struct sequence *running;
static bool careful_now, result;

static void run_caught(void *unused __attribute__((unused)))
{
    struct sequence *s = running;

    result = run_ops(s->op, s->out, s->length, careful_now);
    if (!result)
        return;
    result = check_counts() && check_pages();
    if (result && (careful_now || !audit_countdown--)) {
        audit_countdown = audit_every;
        result = check_audit();
    }
    if (!result) {
        failure.at = s->length;
        return;
    }
    result = reset() && check_counts();
    failure.at = s->length;
}

bool run_sequence(struct sequence *s, bool careful)
{
    struct caught_trap trap;

    running = s;
    careful_now = careful;
    if (trap_catch(&trap, run_caught, NULL))
        return failed("trap %u, error 0x%x at %p, cr2 0x%x", trap.vector, trap.error, (void *)trap.eip, trap.cr2);
    return result;
}
