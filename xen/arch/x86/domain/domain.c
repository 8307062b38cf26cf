/* SPDX-License-Identifier: MIT */
/* vCPUs as the processor sees them: areas, stacks, and the switch between them. */
#include <asm/debugreg.h>
#include <asm/descriptors.h>
#include <asm/emulate.h>
#include <asm/fpu.h>
#include <asm/frames.h>
#include <asm/guest_access.h>
#include <asm/traps.h>
#include <xen/setup.h>
#include <xen/trace.h>

static uint32_t areas_used[MAX_VCPU_AREAS / 32];

static pte_t *area_pte(const struct vcpu *v, uint32_t offset)
{
    return &vcpu_area_pte[(v->arch.area + offset - VCPU_AREAS_START) >> PAGE_SHIFT];
}

static void map_area_page(const struct vcpu *v, uint32_t offset, mfn_t mfn)
{
    pte_t *slot = area_pte(v, offset);
    pte_t entry = make_pte(mfn, _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_GLOBAL);

    entry.hi |= nx_mask_hi;
    write_pte(slot, *slot, entry);
    invlpg(v->arch.area + offset);
}

static bool take_area(struct vcpu *v)
{
    for (unsigned int i = 0; i < MAX_VCPU_AREAS; i++)
        if (!(areas_used[i / 32] & 1u << i % 32)) {
            areas_used[i / 32] |= 1u << i % 32;
            v->arch.area = VCPU_AREAS_START + i * VCPU_AREA_SIZE;
            v->arch.gdtr = (struct table_register){.limit = GDT_LIMIT, .base = v->arch.area + VCPU_AREA_GDT};
            return true;
        }
    return false;
}

static void *stack_top(const struct vcpu *v)
{
    return (char *)v->vcpu_info - STACK_TO_INFO;
}

static struct cpu_user_regs *guest_regs(const struct vcpu *v)
{
    return (struct cpu_user_regs *)((char *)stack_top(v) - HYP_FRAME_SIZE);
}

/* The first switch to v pops four registers and returns to start_guest, with the guest's frame above. */
static void prepare_first_switch(struct vcpu *v)
{
    uint32_t *sp = (uint32_t *)guest_regs(v);

    *--sp = (uint32_t)start_guest;
    sp -= 4;
    v->arch.switch_esp = (uint32_t)sp;
    v->frame = guest_regs(v);
    v->pending_work &= ~WORK_MOVED; /* the frame is where it has to be */
}

static void place_info(struct vcpu *v, mfn_t mfn, uint32_t offset)
{
    map_area_page(v, VCPU_AREA_INFO, mfn);
    v->vcpu_info = (struct vcpu_info *)(v->arch.area + VCPU_AREA_INFO + offset);
}

static void drop_area(struct vcpu *v, unsigned int stack_pages)
{
    unsigned int index = (v->arch.area - VCPU_AREAS_START) / VCPU_AREA_SIZE;

    while (stack_pages-- > 0) {
        pte_t *slot = area_pte(v, VCPU_AREA_STACK + stack_pages * PAGE_SIZE);

        free_heap_pages(mach_to_virt(slot->lo & PAGE_MASK), 0);
        write_pte(slot, *slot, (pte_t){.raw = 0});
        invlpg(v->arch.area + VCPU_AREA_STACK + stack_pages * PAGE_SIZE);
    }
    areas_used[index / 32] &= ~(1u << index % 32);
}

int arch_init_vcpu(struct vcpu *v)
{
    v->arch.guest_l3 = INVALID_MFN;
    v->info_frame = INVALID_MFN;
    v->arch.flat_cs = RING1_CS;
    v->arch.kernel_ss = v->arch.ds = v->arch.es = v->arch.fs = v->arch.gs = v->arch.flat_ss = RING1_DS;
    v->arch.debugreg[8] = -EINVAL;
    v->arch.guest_cr4 = initial_guest_cr4();
    if (v->domain->vm_assist & 1u << VMASST_TYPE_architectural_iopl)
        v->arch.on_iret = ON_IRET_IOPL;
    set_int80_gate(v);
    reset_debug_registers(v);
    reset_fpu(v);
    for (unsigned int i = 0; i < ARRAY_SIZE(v->arch.gdt_frames); i++)
        v->arch.gdt_frames[i] = INVALID_MFN;

    if (!take_area(v))
        return -ENOMEM;
    for (unsigned int i = 0; i < VCPU_AREA_STACK_SIZE / PAGE_SIZE; i++) {
        void *page = alloc_heap_pages(0);

        if (!page) {
            drop_area(v, i);
            return -ENOMEM;
        }
        map_area_page(v, VCPU_AREA_STACK + i * PAGE_SIZE, virt_to_mfn(page));
    }
    place_info(v, virt_to_mfn(v->domain->shared_info), v->vcpu_id * sizeof(struct vcpu_info));
    update_vcpu_time(v); /* once is enough: the rate of the TSC does not change */
    return 0;
}

/* The registers with which v, which has not run yet, starts. */
void arch_set_regs(struct vcpu *v, const struct cpu_user_regs *regs)
{
    struct cpu_user_regs *frame = guest_regs(v);

    memcpy(frame, regs, HYP_FRAME_SIZE);
    frame->eflags = (regs->eflags & ~(X86_EFLAGS_IOPL | X86_EFLAGS_NT | X86_EFLAGS_VM)) | X86_EFLAGS_IF | 2;
    v->arch.ds = regs->ds;
    v->arch.es = regs->es;
    v->arch.fs = regs->fs;
    v->arch.gs = regs->gs;
    prepare_first_switch(v);
    trace_forget(v);
}

void arch_set_initial_regs(struct vcpu *v, uint32_t eip, uint32_t esp, uint32_t esi)
{
    struct cpu_user_regs regs = {
        .eip = eip,
        .cs = RING1_CS,
        .esp = esp,
        .ss = RING1_DS,
        .esi = esi,
        .ds = RING1_DS,
        .es = RING1_DS,
        .fs = RING1_DS,
        .gs = RING1_DS,
    };

    v->arch.kernel_sp = esp;
    arch_set_regs(v, &regs);
}

/* register_vcpu_info: the guest puts its vcpu_info elsewhere. The stack's top moves along: asm/layout.h. */
int map_vcpu_info(struct vcpu *v, mfn_t mfn, uint32_t offset)
{
    struct domain *d = v->domain;
    struct cpu_user_regs regs;
    struct vcpu_info *info;

    if (offset > PAGE_SIZE - sizeof(*info) || offset % sizeof(uint32_t) || v->info_frame != INVALID_MFN)
        return -EINVAL;
    if (mfn >= max_page || get_page_and_type(mfn_to_page(mfn), d, PGT_writable_page))
        return -EINVAL;
    if (v->frame)
        memcpy(&regs, v->frame, HYP_FRAME_SIZE);

    info = (struct vcpu_info *)((char *)map_frame(mfn) + offset);
    memcpy(info, v->vcpu_info, sizeof(*info));
    info->evtchn_upcall_pending = 1; /* as on Xen: no event may get lost during the move */
    info->evtchn_pending_sel = ~0u;
    v->info_frame = mfn;
    v->info_offset = offset;
    place_info(v, mfn, offset);

    if (v == current) {
        tss.esp0 = (uint32_t)stack_top(v);
        this_cpu.work |= WORK_MOVED | WORK_UPCALL;
    } else if (v->frame) {
        memcpy(guest_regs(v), &regs, HYP_FRAME_SIZE);
        prepare_first_switch(v);
    }
    return 0;
}

/* Back to shared_info, when the frame that the guest had given goes away. */
void unmap_vcpu_info(struct vcpu *v)
{
    place_info(v, virt_to_mfn(v->domain->shared_info), v->vcpu_id * sizeof(struct vcpu_info));
}

void arch_destroy_vcpu(struct vcpu *v)
{
    pte_t *info = area_pte(v, VCPU_AREA_INFO);

    write_pte(info, *info, (pte_t){.raw = 0});
    invlpg(v->arch.area + VCPU_AREA_INFO);
    drop_area(v, VCPU_AREA_STACK_SIZE / PAGE_SIZE);
}

/*
 * A page of the LDT that is not mapped yet has all of its descriptors checked when the first of them is loaded. Four
 * such pages in a row would take too long. So these registers are loaded on the way out, where others may run in
 * between.
 */
enum { LATE_DS = 1, LATE_ES = 2, LATE_FS = 4, LATE_GS = 8 };

static bool takes_long(const struct vcpu *v, uint16_t sel)
{
    return sel & 4 && !(v->arch.ldt_mapped >> (sel >> PAGE_SHIFT) & 1);
}

#define SAVE_SEGMENT(v, name, flag)              \
    do {                                         \
        if (!((v)->arch.late_segments & (flag))) \
            store_segment(name, (v)->arch.name); \
    } while (0)

static void save_segments(struct vcpu *v)
{
    SAVE_SEGMENT(v, ds, LATE_DS);
    SAVE_SEGMENT(v, es, LATE_ES);
    SAVE_SEGMENT(v, fs, LATE_FS);
    SAVE_SEGMENT(v, gs, LATE_GS);
}

/* The register holds it already, and all vCPUs have the same descriptor behind it, or none. Loads are slow. */
static bool is_there(uint16_t now, uint16_t sel)
{
    return now == sel && ((sel >= HYP_GDT_BASE && !(sel & 4)) || sel <= 3);
}

/* A selector that no longer names anything becomes null. */
#define LOAD_SEGMENT(v, name, flag)                       \
    do {                                                  \
        if (is_there(read_segment(name), (v)->arch.name)) \
            break;                                        \
        if (takes_long(v, (v)->arch.name)) {              \
            (void)load_segment(name, 0);                  \
            (v)->arch.late_segments |= (flag);            \
        } else                                            \
            (void)load_segment(name, (v)->arch.name);     \
    } while (0)

static __attribute__((noinline)) void load_ds_and_es(struct vcpu *v)
{
    LOAD_SEGMENT(v, ds, LATE_DS);
    LOAD_SEGMENT(v, es, LATE_ES);
}

static __attribute__((noinline)) void load_fs_and_gs(struct vcpu *v)
{
    LOAD_SEGMENT(v, fs, LATE_FS);
    LOAD_SEGMENT(v, gs, LATE_GS);
}

/* Two registers, both as is_there() has it: with segments of the hypervisor's part of the GDT, or null. One that is
 * still to be loaded is of an LDT. */
static bool both_there(uint32_t now, uint32_t wanted)
{
    return now == wanted && ((wanted & 0xE004E004) == 0xE000E000 || !(wanted & 0xFFFCFFFC));
}

/* prev's have just been saved, and are still loaded. */
static void load_segments(struct vcpu *v, const struct vcpu *prev)
{
    v->arch.late_segments = 0;
    if (!both_there(prev->arch.segments[0], v->arch.segments[0]))
        load_ds_and_es(v);
    if (!both_there(prev->arch.segments[1], v->arch.segments[1]))
        load_fs_and_gs(v);
    if (unlikely(v->arch.late_segments))
        this_cpu.work |= WORK_SEGMENTS;
}

void load_late_segment(struct vcpu *v)
{
    uint8_t flag = v->arch.late_segments & -v->arch.late_segments;

    v->arch.late_segments &= ~flag;
    if (flag == LATE_DS)
        (void)load_segment(ds, v->arch.ds);
    else if (flag == LATE_ES)
        (void)load_segment(es, v->arch.es);
    else if (flag == LATE_FS)
        (void)load_segment(fs, v->arch.fs);
    else if (flag == LATE_GS)
        (void)load_segment(gs, v->arch.gs);
    if (v->arch.late_segments)
        this_cpu.work |= WORK_SEGMENTS;
}

static void save_guest(struct vcpu *v)
{
    save_segments(v);
    v->arch.kernel_sp = tss.esp1;
    v->arch.kernel_ss = tss.ss1;
}

static void load_guest(struct vcpu *v, const struct vcpu *prev)
{
    load_descriptors(v);
    write_cr3(virt_to_mach(v->arch.l3));
    load_segments(v, prev);
    if ((v->arch.debugreg[7] | prev->arch.debugreg[7]) & DR7_ENABLE)
        load_debug_registers(v);
    set_ts_for(v);
    load_cr4(v);
}

void switch_stacks(uint32_t *save, uint32_t load);

void context_switch(struct vcpu *prev, struct vcpu *next)
{
    save_guest(prev); /* the idle vCPU's, too: registers keep what they hold while it runs */
    trace_switch(prev);
    this_cpu.vcpu = next;
    this_cpu.domain = next->domain;
    this_cpu.work &= ~WORK_FLUSH; /* loading CR3 is one */
    forget_va_table();
    forget_held_table();
    this_cpu.tlb_clock++;
    if (next != this_cpu.idle)
        load_guest(next, prev);
    else {
        write_cr3(idle_cr3);
        if (prev->arch.debugreg[7] & DR7_ENABLE) /* the next vCPU must not hit these breakpoints */
            disable_debug_registers();
    }
    switch_stacks(&prev->arch.switch_esp, next->arch.switch_esp);
}
