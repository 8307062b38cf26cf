/* SPDX-License-Identifier: MIT */
/* mmuext_op: pins, base pointer, flushes, LDT, page operations. docs/memory.md. */
#include <asm/descriptors.h>
#include <asm/frames.h>
#include <asm/guest_access.h>
#include <asm/processor.h>
#include <xen/counters.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/operation.h>

static struct domain *find_pg_owner(uint16_t domid)
{
    struct domain *d = this_cpu.domain;

    if (domid == DOMID_SELF)
        return d;
    if (domid == d->domain_id)
        return NULL; /* Xen accepts only DOMID_SELF for the caller */
    if (!d->is_privileged)
        return NULL;
    if (domid == DOMID_IO)
        return dom_io;
    if (domid == DOMID_XEN)
        return dom_xen;
    return domain_by_id(domid);
}

struct domain *get_pg_owner(uint16_t domid)
{
    struct domain *d = find_pg_owner(domid);

    if (!d)
        refuse(REFUSED_other_domain, -ESRCH, INVALID_MFN, domid);
    return d;
}

static struct page_info *own_page(mfn_t mfn, struct domain *d)
{
    struct page_info *page = mfn_to_page(mfn);

    if (mfn < max_page && get_page(page, d))
        return page;
    refuse_use(-EINVAL, mfn);
    return NULL;
}

static __may_switch int pin(struct domain *d, mfn_t mfn, uint32_t type)
{
    return mfn < max_page ? pin_table(mfn_to_page(mfn), d, type) : refuse_use(-EINVAL, mfn);
}

static __may_switch int unpin(struct domain *d, mfn_t mfn)
{
    struct page_info *page = mfn_to_page(mfn);

    if (mfn < max_page && page->owner == d && unpin_table(page))
        return 0;
    return refuse(REFUSED_frame_not_pinned, -EINVAL, mfn, 0);
}

/* Pins and unpins may concern another domain's tables. */
static __may_switch int change_pin(struct domain *d, mfn_t mfn, uint32_t cmd)
{
    static const uint32_t types[] = {
        [MMUEXT_PIN_L1_TABLE] = PGT_l1_page_table,
        [MMUEXT_PIN_L2_TABLE] = PGT_l2_page_table,
        [MMUEXT_PIN_L3_TABLE] = PGT_l3_page_table,
    };
    int rc = begin_operation(d);

    if (rc)
        return rc == -ESRCH ? -EINVAL : rc;
    rc = cmd == MMUEXT_UNPIN_TABLE ? unpin(d, mfn) : pin(d, mfn, types[cmd]);
    end_operation();
    return rc;
}

int new_base_pointer(mfn_t mfn)
{
    struct vcpu *v = current;
    mfn_t old = v->arch.guest_l3;
    struct page_info *page = mfn_to_page(mfn);
    int rc;

    if (mfn == old) {
        flush_tlb_now();
        return 0;
    }
    if (mfn >= max_page)
        return refuse_use(-EINVAL, mfn);
    if (unlikely(!hold_table_in_use(page, v->domain, PGT_l3_page_table))) {
        rc = get_page_and_table(page, v->domain, PGT_l3_page_table);
        if (rc)
            return refuse_use(rc, mfn);
    }
    unmap_ldt(v); /* its pages were looked up in the old tables */
    v->arch.guest_l3 = mfn;
    update_cr3(v); /* loads CR3, which must happen before the old tables may be freed */
    release_table(mfn_to_page(old));
    return 0;
}

static int clear_frame(struct domain *d, mfn_t mfn)
{
    struct page_info *page = own_page(mfn, d);

    if (!page)
        return -EINVAL;
    if (get_page_type(page, PGT_writable_page)) {
        put_page(page);
        return refuse_use(-EINVAL, mfn);
    }
    spend(PAGE_SIZE / 64);
    clear_page(map_frame(mfn));
    put_page_and_type(page);
    return 0;
}

static int copy_frame(struct domain *d, mfn_t to, mfn_t from)
{
    struct page_info *src = own_page(from, d), *dst;
    int rc = -EINVAL;

    if (!src)
        return -EINVAL;
    dst = own_page(to, d);
    if (dst && !get_page_type(dst, PGT_writable_page)) {
        spend(PAGE_SIZE / 16);
        copy_page(map_frame(to), map_copy_source(from));
        put_page_type(dst);
        rc = 0;
    } else if (dst)
        refuse_use(rc, to);
    if (dst)
        put_page(dst);
    put_page(src);
    return rc;
}

static int flush_cache(uint16_t cmd, uint32_t foreigndom)
{
    if (!this_cpu.domain->is_privileged || (cmd == MMUEXT_FLUSH_CACHE_GLOBAL && foreigndom != DOMID_SELF))
        return refuse(REFUSED_cache_flush, -EINVAL, INVALID_MFN, cmd);
    __asm__ volatile("wbinvd" ::: "memory");
    return 0;
}

/* A flush for a set of vCPUs. On one CPU it is the same as the local flush, but the set is read, as on Xen. */
static int read_vcpu_mask(const void *mask)
{
    uint32_t word;

    if (!copy_from_guest(&word, mask, sizeof(word)))
        return 0;
    return refuse(REFUSED_vcpu_mask, -EINVAL, INVALID_MFN, (uint32_t)mask);
}

static void invalidate_page(uint32_t va)
{
    if (va < HYP_START)
        flush_page_now(va);
}

static __attribute__((noinline)) __may_switch int one_op(const struct mmuext_op *op, struct domain *pg_owner,
                                                         uint32_t foreigndom)
{
    switch (op->cmd) {
    case MMUEXT_TLB_FLUSH_LOCAL:
    case MMUEXT_TLB_FLUSH_ALL:
        flush_tlb_now();
        return 0;
    case MMUEXT_INVLPG_LOCAL:
    case MMUEXT_INVLPG_ALL:
        invalidate_page(op->arg1.linear_addr);
        return 0;
    case MMUEXT_PIN_L1_TABLE:
    case MMUEXT_PIN_L2_TABLE:
    case MMUEXT_PIN_L3_TABLE:
    case MMUEXT_UNPIN_TABLE:
        return change_pin(pg_owner, op->arg1.mfn, op->cmd);
    case MMUEXT_PIN_L4_TABLE:
        return 0; /* no such level: ignored, as Xen does */
    case MMUEXT_NEW_BASEPTR:
        return new_base_pointer(op->arg1.mfn);
    case MMUEXT_TLB_FLUSH_MULTI:
        flush_tlb_now();
        return read_vcpu_mask(op->arg2.vcpumask);
    case MMUEXT_INVLPG_MULTI:
        if (read_vcpu_mask(op->arg2.vcpumask))
            return -EINVAL;
        invalidate_page(op->arg1.linear_addr);
        return 0;
    case MMUEXT_FLUSH_CACHE:
    case MMUEXT_FLUSH_CACHE_GLOBAL:
        return flush_cache(op->cmd, foreigndom);
    case MMUEXT_SET_LDT:
        return set_ldt(current, op->arg1.linear_addr, op->arg2.nr_ents);
    case MMUEXT_CLEAR_PAGE:
        return clear_frame(this_cpu.domain, op->arg1.mfn);
    case MMUEXT_COPY_PAGE:
        return copy_frame(this_cpu.domain, op->arg1.mfn, op->arg2.src_mfn);
    default:
        return refuse(REFUSED_mmuext_command, -ENOSYS, INVALID_MFN, op->cmd);
    }
}

/* Operations that single_op() and mmuext_fast.S leave, the frequent one first. This is a separate function so that
 * single_op() needs no stack. */
int other_single_op(uint32_t cmd, uint32_t arg, const struct mmuext_op *from);

__attribute__((noinline)) __may_switch int other_single_op(uint32_t cmd, uint32_t arg, const struct mmuext_op *from)
{
    struct mmuext_op op = {.cmd = cmd, .arg1.linear_addr = arg};

    FETCH_GUEST_U32(op.arg2.nr_ents, &from->arg2.nr_ents, fault);
    if (cmd == MMUEXT_SET_LDT)
        return set_ldt(current, arg, op.arg2.nr_ents);
    return one_op(&op, this_cpu.domain, DOMID_SELF);
fault:
    return refuse_access();
}

/* A single operation on the caller's own memory: most calls of kernels are such. The most frequent operations are done
 * here. */
static inline __may_switch int single_op(const struct mmuext_op *from)
{
    uint32_t cmd, arg;

    FETCH_GUEST_U32(cmd, &from->cmd, fault);
    FETCH_GUEST_U32(arg, &from->arg1.linear_addr, fault);
    switch (cmd) {
    case MMUEXT_INVLPG_LOCAL:
        invalidate_page(arg);
        return 0;
    case MMUEXT_TLB_FLUSH_LOCAL:
        flush_tlb_now();
        return 0;
    case MMUEXT_NEW_BASEPTR:
        return new_base_pointer(arg);
    default:
        return other_single_op(cmd, arg, from);
    }
fault:
    return refuse_access();
}

static __attribute__((noinline)) __may_switch long several_ops(struct mmuext_op *ops, uint32_t count, uint32_t *success,
                                                               uint32_t foreigndom);

long do_mmuext_op(struct mmuext_op *ops, uint32_t count, uint32_t *success, uint32_t foreigndom)
{
    uint32_t unusual = (count ^ 1) | (foreigndom ^ DOMID_SELF) | (uint32_t)success;

    if (likely(!unusual) && likely(guest_range_ok(ops, sizeof(*ops))))
        return single_op(ops);
    return several_ops(ops, count, success, foreigndom);
}

static long several_ops(struct mmuext_op *ops, uint32_t count, uint32_t *success, uint32_t foreigndom)
{
    struct domain *pg_owner = this_cpu.domain;
    uint32_t done, before = 0;
    int rc = 0;

    if (count & MMU_UPDATE_PREEMPTED) {
        count &= ~MMU_UPDATE_PREEMPTED;
        before = get_done(success);
    }
    if (unlikely(!guest_array_ok(ops, count, sizeof(*ops))))
        return refuse_pointer(ops);
    if (unlikely(foreigndom != DOMID_SELF)) {
        pg_owner = get_pg_owner(foreigndom);
        if (!pg_owner) {
            put_done(success, 0);
            return -ESRCH;
        }
        hold_domain(pg_owner); /* it must not go away when an operation is preempted */
    }
    for (done = 0; done < count; done++) {
        struct mmuext_op op;
        const uint32_t *src = (const uint32_t *)(ops + done);

        if (done && pause_point()) {
            rc = -ERESTART;
            break;
        }
        if (__get_guest_u32(&op.cmd, src) || __get_guest_u32(&op.arg1.linear_addr, src + 1) ||
            __get_guest_u32(&op.arg2.nr_ents, src + 2))
            rc = refuse_pointer(src);
        else
            rc = one_op(&op, pg_owner, foreigndom);
        if (unlikely(rc))
            break;
    }
    if (unlikely(foreigndom != DOMID_SELF))
        release_domain(pg_owner);
    put_done(success, before + done);
    if (unlikely(rc == -ERESTART))
        return restart_call(__HYPERVISOR_mmuext_op, 2, (uint32_t)(ops + done), (count - done) | MMU_UPDATE_PREEMPTED,
                            0);
    return rc;
}
