/* SPDX-License-Identifier: MIT */
/* Exceptions: which are the hypervisor's own, which it handles for the guest, and which go to the guest. */
#include <asm/debugreg.h>
#include <asm/descriptors.h>
#include <asm/emulate.h>
#include <asm/fpu.h>
#include <asm/guest_access.h>
#include <asm/traps.h>
#include <public/sched.h>
#include <xen/counters.h>
#include <xen/hypercall.h>
#include <xen/operation.h>

struct extable_entry {
    uint32_t from, to;
};
extern const struct extable_entry __start_extable[], __stop_extable[];

static const char *const trap_names[] = {
    "divide error",
    "debug",
    "NMI",
    "int3",
    "overflow",
    "bounds",
    "invalid opcode",
    "no device",
    "double fault",
    "coprocessor segment overrun",
    "invalid TSS",
    "segment not present",
    "stack",
    "general protection",
    "page fault",
    "spurious interrupt",
    "x87",
    "alignment check",
    "machine check",
    "SIMD",
};

static const char *trap_name(unsigned int vector)
{
    return vector < ARRAY_SIZE(trap_names) ? trap_names[vector] : "unknown";
}

/* The exceptions for which the processor pushes an error code: 8, 10-14, 17. */
static bool has_error_code(unsigned int vector)
{
    return vector < 32 && 0x00027D00u >> vector & 1;
}

void show_registers(const struct cpu_user_regs *regs)
{
    printk("cs:eip %04x:%08x  eflags %08x  error %04x  trap %u (%s)\n", regs->cs, regs->eip, regs->eflags,
           regs->error_code, regs->entry_vector, trap_name(regs->entry_vector));
    printk("eax %08x  ebx %08x  ecx %08x  edx %08x\n", regs->eax, regs->ebx, regs->ecx, regs->edx);
    printk("esi %08x  edi %08x  ebp %08x", regs->esi, regs->edi, regs->ebp);
    if (guest_mode(regs))
        printk("  ss:esp %04x:%08x\n", regs->ss, regs->esp);
    else
        printk("  esp %08x\n", (uint32_t)&regs->esp);
    printk("cr2 %08x  ds %04x  es %04x  fs %04x  gs %04x\n", read_cr2(), read_segment(ds), read_segment(es),
           read_segment(fs), read_segment(gs));
}

void do_double_fault(void)
{
    panic("double fault: eip %08x esp %08x ebp %08x eax %08x cr2 %08x", tss.eip, tss.esp, tss.ebp, tss.eax, read_cr2());
}

/* A fault of the hypervisor's own code. Those that are expected have an entry in the exception table. */
static void hypervisor_fault(struct cpu_user_regs *regs)
{
    const struct extable_entry *e;

    for (e = __start_extable; e != __stop_extable; e++)
        if (e->from == regs->eip) {
            regs->eip = e->to;
            return;
        }
    show_registers(regs);
    panic("unexpected %s in the hypervisor", trap_name(regs->entry_vector));
}

static void to_guest(struct cpu_user_regs *regs, unsigned int vector)
{
    if (!bounce_trap(regs, vector, has_error_code(vector)))
        domain_crash(current, trap_name(vector));
}

void bounce_exception(struct cpu_user_regs *regs, unsigned int vector, uint32_t error_code)
{
    regs->error_code = error_code;
    to_guest(regs, vector);
}

/*
 * The processor looked for a descriptor in a page of the current windows that is not mapped. Pages of the LDT are
 * mapped on demand. If that fails, the guest gets a page fault at the address where it has its LDT. Behind the frames
 * of its GDT there is nothing: the guest gets #GP for the selector. True: done.
 */
static bool window_fault(struct cpu_user_regs *regs, uint32_t *address)
{
    uint32_t gdt = *address - (current->arch.area + VCPU_AREA_GDT),
             ldt = *address - (current->arch.area + VCPU_AREA_LDT);

    if (ldt < PAGE_SIZE * 16) {
        if (ldt_fault(regs, ldt))
            return true;
        *address = current->arch.ldt_base + ldt;
    } else if (gdt < PAGE_SIZE * 16 && guest_mode(regs)) {
        regs->entry_vector = TRAP_gp_fault;
        bounce_exception(regs, TRAP_gp_fault, gdt & 0xFFF8);
        return true;
    }
    return false;
}

void bounce_page_fault(struct cpu_user_regs *regs, uint32_t address)
{
    COUNT(page_faults_bounced);
    current->vcpu_info->arch.cr2 = address;
    to_guest(regs, TRAP_page_fault);
}

/* What bounce_fast.S has not dealt with. */
static void page_fault(struct cpu_user_regs *regs)
{
    uint32_t address = read_cr2();

    if (unlikely(address - current->arch.area < VCPU_AREA_SIZE) && window_fault(regs, &address))
        return;
    if (!guest_mode(regs)) {
        hypervisor_fault(regs);
        return;
    }
    bounce_page_fault(regs, address);
}

/* The guest executed `int n`, and gate n is the hypervisor's: the error code is n * 8 + 2. */
static bool software_interrupt(struct cpu_user_regs *regs)
{
    unsigned int vector = regs->error_code >> 3;
    const struct guest_trap *trap = &current->arch.traps[vector & 255];

    if ((regs->error_code & 7) != 2 || vector > 255 || !trap->cs || TI_GET_DPL(trap) < (regs->cs & 3))
        return false;
    regs->eip += 2;
    if (!bounce_trap(regs, vector, false))
        domain_crash(current, "int n");
    return true;
}

static void debug_trap(struct cpu_user_regs *regs)
{
    uint32_t dr6 = take_debug_status();

    if (!guest_mode(regs)) {
        regs->eflags &= ~X86_EFLAGS_TF; /* the hypervisor touched a watchpoint for the guest, or it is the step after
                                           the guest's `int` */
        return;
    }
    add_debug_status(current, dr6);
    to_guest(regs, TRAP_debug);
}

void do_trap(struct cpu_user_regs *regs)
{
    unsigned int vector = regs->entry_vector;

    if (vector == TRAP_page_fault) {
        page_fault(regs);
        return;
    }
    if (vector == TRAP_nmi || vector == TRAP_spurious_int)
        return; /* the hypervisor raises none on purpose */
    if (vector == TRAP_debug) {
        debug_trap(regs);
        return;
    }
    if (!guest_mode(regs)) {
        hypervisor_fault(regs);
        return;
    }
    switch (vector) {
    case TRAP_gp_fault:
        if (!regs->error_code || !software_interrupt(regs))
            to_guest(regs, vector);
        break;
    case TRAP_no_device:
        if (!restore_fpu(current))
            to_guest(regs, vector);
        break;
    case TRAP_machine_check:
        show_registers(regs);
        panic("machine check");
    default:
        to_guest(regs, vector);
    }
}

/* The guest's `iret` frame cannot be loaded: its failsafe handler has to repair it. */
void do_guest_iret_fault(struct cpu_user_regs *regs)
{
    uint32_t eip = regs->eip;
    uint16_t cs = regs->cs;

    regs->cs = RING1_CS; /* the frame's CS may name any ring */
    if ((cs & 3) != 1)
        regs->cs = RING3_CS;
    regs->eip = eip;
    if (current->arch.failsafe_callback.cs == cs && current->arch.failsafe_callback.eip == eip) {
        domain_crash(current, "iret to its failsafe handler faulted");
        return;
    }
    if (!bounce_failsafe(regs))
        domain_crash(current, "iret faulted, and there is no failsafe handler");
}

static void crash_now(struct cpu_user_regs *regs)
{
    struct vcpu *v = current;

    v->crash_pending = false;
    printk("Domain %u (vcpu %u) crashed: %s\n", v->domain->domain_id, v->vcpu_id, v->crash_reason);
    show_registers(regs);
    domain_shutdown(v->domain, SHUTDOWN_crash);
}

/* The new place of the frame: the top of current's stack, which has moved with its vcpu_info. */
static struct cpu_user_regs *moved_frame(const struct cpu_user_regs *regs)
{
    tss.esp0 = (uint32_t)current->vcpu_info - STACK_TO_INFO;
    memcpy(this_cpu.moved_frame, regs, sizeof(this_cpu.moved_frame));
    return (struct cpu_user_regs *)(tss.esp0 - sizeof(this_cpu.moved_frame));
}

/* As on Xen: an NMI without a handler is lost; and after one has been delivered, the next waits for the iret hypercall.
 */
static void deliver_nmi(struct vcpu *v, struct cpu_user_regs *regs)
{
    v->nmi_pending = false;
    if (!v->arch.traps[TRAP_nmi].cs)
        return;
    v->arch.on_iret |= ON_IRET_NMI;
    if (!bounce_trap(regs, TRAP_nmi, false))
        domain_crash(v, "no room for an NMI's frame");
}

/* To be done even before v's segments are complete. */
static __attribute__((noinline)) __may_switch void let_others_run(struct vcpu *v, struct cpu_user_regs *regs,
                                                                  uint32_t work)
{
    if (work & WORK_SEGMENTS) {
        interrupt_window();
        load_late_segment(v);
        interrupt_window();
    }
    if (work & (WORK_SCHEDULE | WORK_PAUSED | WORK_YIELD)) {
        v->frame = regs;
        schedule();
        v->frame = NULL;
    }
}

struct cpu_user_regs *do_exit_work(struct cpu_user_regs *regs)
{
    struct vcpu *v = current;
    bool moved = false;
    uint32_t work;

    v->operation.wanted_out = false; /* for stop_at_exit(): v is on its way out now */
    v->frame = NULL;
    do {
        work = this_cpu.work;
        this_cpu.work = 0;
        if (work & WORK_RESTART)
            apply_restart(regs);
        if (work & WORK_TIMER)
            run_timers();
        if (v->crash_pending)
            crash_now(regs);
        if (work & WORK_MOVED)
            moved = true;
        if (work & WORK_FLUSH)
            flush_tlb_now();
        if (work & (WORK_SCHEDULE | WORK_PAUSED | WORK_YIELD | WORK_SEGMENTS))
            let_others_run(v, regs, work);
        if (v->nmi_pending && !(v->arch.on_iret & ON_IRET_NMI))
            deliver_nmi(v, regs);
        if (event_deliverable(v) && v->arch.event_callback.cs && !bounce_event(regs))
            domain_crash(v, "no room for an event's frame");
    } while (this_cpu.work || v->crash_pending);
    return moved ? moved_frame(regs) : regs;
}

/* The hypervisor's own instruction that faulted is an `iret` to the guest. */
static bool on_way_out(const struct cpu_user_regs *regs)
{
    const struct extable_entry *e = __start_extable;

    while (e->from != regs->eip && e + 1 != __stop_extable)
        e++;
    return e->from == regs->eip && e->to == (uint32_t)guest_iret_fault;
}

/* The plain entry path loads all data segments on its way out. It looks for work after that. */
extern const char segments_restored[] __attribute__((weak));
static bool restores_segments(const struct cpu_user_regs *regs)
{
    return (uint32_t)segments_restored && regs->eip > (uint32_t)hypercall && regs->eip < (uint32_t)segments_restored;
}

/* Lets interrupts in first. True: there is work now, so the way out has to look again. */
static bool way_out_begins_anew(struct cpu_user_regs *regs)
{
    bool at_iret;

    if (guest_mode(regs))
        return false;
    at_iret = on_way_out(regs);
    if (at_iret || restores_segments(regs))
        interrupt_window();
    if (!this_cpu.work || !at_iret)
        return false;
    regs->eip = (uint32_t)exit_work;
    return true;
}

bool ldt_fault(struct cpu_user_regs *regs, uint32_t offset)
{
    return way_out_begins_anew(regs) || handle_ldt_fault(offset);
}

static void rest_of_iret(struct vcpu *v, uint32_t eflags)
{
    if (v->arch.on_iret & ON_IRET_IOPL)
        v->arch.iopl = (eflags & X86_EFLAGS_IOPL) >> 12;
    v->arch.on_iret &= ~ON_IRET_NMI;
    if (v->nmi_pending)
        this_cpu.work |= WORK_UPCALL;
}

/* Returns from a trap with the frame on the guest's kernel stack: EAX EIP CS EFLAGS, and ESP SS unless to ring 1; to
 * virtual-8086 mode also ES DS FS GS. */
long do_iret(struct cpu_user_regs *regs)
{
    uint32_t frame[VM86_FRAME_WORDS];
    const uint32_t *stack = (const uint32_t *)regs->esp;

    if (copy_from_guest(frame, stack, 4 * sizeof(frame[0])))
        goto crash;
    if (unlikely(frame[3] & X86_EFLAGS_VM)) {
        if (copy_from_guest(frame + 4, stack + 4, sizeof(frame) - 4 * sizeof(frame[0])) || !refuse_vm86(regs, frame))
            goto crash;
        return frame[0];
    }
    if (!(frame[2] & 3))
        goto crash;
    regs->eip = frame[1];
    regs->cs = frame[2];
    regs->eflags = (frame[3] & ~(X86_EFLAGS_IOPL | X86_EFLAGS_NT)) | X86_EFLAGS_IF | 2;
    regs->esp += 4 * sizeof(frame[0]);
    if ((regs->cs & 3) != 1) {
        if (copy_from_guest(frame + 4, stack + 4, 2 * sizeof(frame[0])))
            goto crash;
        regs->esp = frame[4];
        regs->ss = frame[5];
    }
    if (unlikely(current->arch.on_iret))
        rest_of_iret(current, frame[3]);
    current->vcpu_info->evtchn_upcall_mask = !(frame[3] & X86_EFLAGS_IF);
    if (event_deliverable(current))
        this_cpu.work |= WORK_UPCALL;
    return frame[0];
crash:
    domain_crash(current, "bad frame for iret");
    return 0;
}

#define TRAP_STEPS 3 /* of one entry, in the units of spend() */

long do_set_trap_table(const trap_info_t *traps)
{
    struct vcpu *v = current;

    if (!traps) {
        memset(v->arch.traps, 0, sizeof(v->arch.traps));
        spend(sizeof(v->arch.traps) / 20);
        set_int80_gate(v);
        return 0;
    }
    for (;; traps++) {
        uint32_t head, address, vector;

        if (unlikely(!guest_range_ok(traps, sizeof(*traps))))
            return -EFAULT;
        FETCH_GUEST_U32(address, &traps->address, fault);
        if (!address)
            return 0;
        FETCH_GUEST_U32(head, (const uint32_t *)traps, fault); /* vector, flags, selector from the lowest byte up */
        vector = head & 0xFF;
        if (!(head & 0x30000))
            head |= 0x10000; /* never ring 0 */
        v->arch.traps[vector].address = address;
        v->arch.traps[vector].cs = head >> 16;
        v->arch.traps[vector].flags = head >> 8 & 0xFF;
        if (unlikely(vector == SYSCALL_VECTOR))
            set_int80_gate(v);
        if (unlikely(spend_and_look(TRAP_STEPS)) && pause_point()) /* a guest's list may be of any length */
            return restart_call(__HYPERVISOR_set_trap_table, 1, (uint32_t)(traps + 1), 0, 0);
    }
fault:
    return -EFAULT;
}
