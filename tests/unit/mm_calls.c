/* SPDX-License-Identifier: MIT */
/* How the guests' memory starts and ends, and the guests' calls, in the middle of which others may run: mm_world.h. */
#include "mm_world.h"

pte_t entry(mfn_t mfn, uint32_t flags)
{
    return make_pte(mfn, flags);
}

/* --- Start and end */

bool fast, preempting, make_way, nested;

static void start_domain(struct domain *d, mfn_t l3, mfn_t l2, unsigned int l2s, unsigned int vcpu, unsigned int n)
{
    pte_t *table = map_frame(l3);

    for (unsigned int i = 0; i < l2s - 1; i++)
        table[i] = entry(l2 + i, _PAGE_PRESENT);
    table[3] = entry(l2 + l2s - 1, _PAGE_PRESENT);
    table = map_frame(l2 + l2s - 1);
    table[0] = entry(l2 + l2s, TABLE);
    for (unsigned int i = 0; i < n; i++) {
        struct vcpu *v = &vcpus[vcpu + i];

        v->domain = v->operation.domain = d;
        v->vcpu_id = i;
        v->arch.area = VCPU_AREAS_START + (vcpu + i) * VCPU_AREA_SIZE;
        memset(v->arch.gdt_frames, 0xFF, sizeof(v->arch.gdt_frames));
        d->vcpu[i] = v;
    }
}

static void start_vcpus(void)
{
    for (unsigned int i = 0; i < VCPUS; i++) {
        struct vcpu *v = &vcpus[i];
        mfn_t l3 = v->domain == &ours ? L3 : FOREIGN;

        if (!v->vcpu_id)
            CHECK_RC(adopt_page_tables(v, l3), 0);
        else {
            CHECK_RC(get_page_and_table(mfn_to_page(l3), v->domain, PGT_l3_page_table), 0);
            v->arch.guest_l3 = l3;
            update_cr3(v);
        }
    }
}

void start(bool privileged)
{
    memset(frame_table, 0, FRAMES * sizeof(*frame_table));
    memset(mpt_rw, 0xFF, FRAMES * sizeof(*mpt_rw));
    memset(freed, 0, sizeof(freed));
    memset(vcpus, 0, sizeof(vcpus));
    memset(vcpu_area_pte, 0, VCPU_AREA_PTES * sizeof(*vcpu_area_pte));
    memset(&ours, 0, sizeof(ours));
    memset(&foreign, 0, sizeof(foreign));
    this_cpu = (struct cpu){.vcpu = &vcpus[0], .domain = &ours, .tlb_clock = 5, .effort_left = EFFORT_MAX};
    preempting = nested = make_way = false;
    ours.is_privileged = privileged;
    if (privileged)
        give_devices(&ours);
    foreign.domain_id = 1;
    dom0 = &ours;
    for (mfn_t mfn = 0; mfn < FRAMES; mfn++) {
        mfn_to_page(mfn)->stamp = 4;
        if (mfn >= FOREIGN) {
            assign_page(mfn >= OURS ? &ours : &foreign, mfn);
            zero_frame(mfn);
        } else if (mfn < HYPER)
            share_frame_with(dom_io, mfn, true);
        else if (mfn >= SHARED)
            share_frame_with(dom_xen, mfn, false);
    }
    for (unsigned int i = L2_HYP_FIRST; i < L2_ENTRIES; i++)
        idle_l2[i] = entry(i, RW);
    start_domain(&ours, L3, L2, 4, 0, OUR_VCPUS);
    ((pte_t *)map_frame(L2 + 3))[1] = entry(L1 + 1, TABLE);
    start_domain(&foreign, FOREIGN, FOREIGN + 1, 1, OUR_VCPUS, 1);
    start_vcpus();
    flush_tlb_now();
    flushed();
    gate_clobbered = 0;
    begin_choices();
}

void tear_down(void)
{
    preempting = make_way = false;
    for (unsigned int i = 0; i < VCPUS; i++) {
        switch_vcpu(i);
        do_set_gdt(NULL, 0);
        mmuext(MMUEXT_SET_LDT, 0, 0);
        mmuext(MMUEXT_NEW_BASEPTR, current->domain == &ours ? L3 : FOREIGN, 0);
    }
    for (mfn_t mfn = FOREIGN; mfn < FRAMES; mfn++) {
        switch_vcpu(mfn < OURS ? OUR_VCPUS : 0);
        mmuext(MMUEXT_UNPIN_TABLE, mfn, 0);
    }
    switch_vcpu(0);
    audit(true);
}

/* A switch loads CR3. */
void switch_vcpu(unsigned int i)
{
    this_cpu.vcpu = &vcpus[i];
    this_cpu.domain = vcpus[i].domain;
    forget_va_table();
    forget_held_table();
    flushed();
    this_cpu.tlb_clock++;
}

/* --- Calls */

void *guest_room(uint32_t size)
{
    return guest_memory + GUEST_MEMORY - PAGE_SIZE * nested - size;
}

uint32_t *guest_done(void)
{
    uint32_t *done = guest_room(PAGE_SIZE);

    *done = NOT_TOLD;
    return done;
}

long gate(const void *entry, const uint32_t *arguments);
extern const char hypercall_mmu_update[], hypercall_update_va_mapping[], hypercall_mmuext_op[];

/* A call that has made way is made again with what the guest's registers say. If it runs while others are suspended, it
 * would wait for them for ever, so then it is given up. */
static bool again(void)
{
    if (!(this_cpu.work & WORK_RESTART))
        return false;
    this_cpu.work &= ~WORK_RESTART;
    return !nested;
}

long mmu_update(mmu_update_t *req, uint32_t n, uint32_t *done, uint32_t domid)
{
    uint32_t args[5] = {(uint32_t)req, n, (uint32_t)done, domid, 0x77};
    long rc;

    do {
        rc = fast ? gate(hypercall_mmu_update, args)
                  : do_mmu_update((mmu_update_t *)args[0], args[1], (uint32_t *)args[2], args[3]);
        memcpy(args, this_cpu.restart.arg, this_cpu.restart.args * sizeof(args[0]));
    } while (again());
    return answered(rc);
}

long update_va(uint32_t va, pte_t e, uint32_t flags)
{
    uint32_t args[5] = {va, e.lo, e.hi, flags, 0x77};

    return answered(fast ? gate(hypercall_update_va_mapping, args) : do_update_va_mapping(va, e.lo, e.hi, flags));
}

long mmuext_op(mmuext_op_t *ops, uint32_t count, uint32_t *done, uint32_t domid)
{
    uint32_t args[5] = {(uint32_t)ops, count, (uint32_t)done, domid, 0x77};

    return answered(fast ? gate(hypercall_mmuext_op, args) : do_mmuext_op(ops, count, done, domid));
}

long mmuext(uint32_t cmd, uint32_t arg1, uint32_t arg2)
{
    mmuext_op_t *op = guest_room(sizeof(*op));

    *op = (mmuext_op_t){.cmd = cmd, .arg1.mfn = arg1, .arg2.nr_ents = arg2};
    return mmuext_op(op, 1, NULL, DOMID_SELF);
}

long set_entry(mfn_t table, unsigned int index, pte_t e)
{
    mmu_update_t *req = guest_room(sizeof(*req));

    *req = (mmu_update_t){((uint64_t)table << PAGE_SHIFT) + index * 8, e.raw};
    return mmu_update(req, 1, NULL, DOMID_SELF);
}

/* --- Another vCPU in the middle of an operation: xen/operation.h */

static void run_other(unsigned int other)
{
    unsigned int i = current - vcpus;

    if (other == i)
        return;
    nested = true;
    switch_vcpu(other);
    guest_runs();
    random_operation();
    guest_runs();
    switch_vcpu(i);
    nested = false;
}

/* Any vCPU except those of the domain whose memory is being worked on. */
void preempt_point(void)
{
    struct domain *d = current->operation.domain;
    unsigned int other;

    check_nothing_stale();
    this_cpu.effort_left = EFFORT_MAX;
    if (!preempting || nested || below(3))
        return;
    other = below(VCPUS);
    if (vcpus[other].domain == d)
        return;
    d->memory_holder = current;
    run_other(other);
    d->memory_holder = NULL;
}

bool pause_point(void)
{
    check_nothing_stale();
    this_cpu.effort_left = EFFORT_MAX;
    if (!preempting || nested)
        return false;
    if (!below(3))
        run_other(below(VCPUS));
    return make_way && !below(20);
}

int begin_foreign_operation(struct domain *d)
{
    if (d->memory_holder)
        return -ERESTART; /* the holder cannot continue before this call has ended */
    current->operation.domain = d;
    return 0;
}

void end_foreign_operation(void)
{
    current->operation.domain = this_cpu.domain;
}

bool pause_operation(struct domain *d)
{
    end_operation();
    return pause_point() || begin_operation(d);
}

long restart_call(uint32_t number, unsigned int args, uint32_t arg0, uint32_t arg1, uint32_t arg2)
{
    this_cpu.restart = (struct restart){.number = number, .args = args, .arg = {arg0, arg1, arg2}};
    this_cpu.work |= WORK_RESTART;
    return -ERESTART;
}
