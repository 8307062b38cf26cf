/* SPDX-License-Identifier: MIT */
/* vCPUs: how they begin, what happens on traps and events, and the calls about them. */
#include "melee.h"

#include <guest/events.h>
#include <guest/string.h>
#include <public/callback.h>
#include <public/nmi.h>
#include <public/vcpu.h>

union fighter_space fighter_spaces[MAX_FIGHTERS] __attribute__((aligned(FIGHTER_SIZE)));

static struct vcpu_info infos[PAGE_SIZE / sizeof(struct vcpu_info)] __attribute__((aligned(4096)));
static uint8_t moved[MAX_FIGHTERS]; /* the vCPU's vcpu_info is in its own page */
static struct vcpu_runstate_info runstates[MAX_FIGHTERS];
static struct trap_info trap_table[34];

/*
 * A vCPU finds its own data by its stack pointer. A trap ends the operation, whatever it was doing: the stack begins
 * again, with flat segments. Upcalls return to where they came from.
 */
__asm__(".text\n"
        "        .set    vector, 0\n"
        "        .balign 16\n"
        "melee_traps:\n"
        "        .rept   32\n"
        "        .balign 16\n"
        "        .if     (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17)\n"
        "        .else\n"
        "        push    $0\n"
        "        .endif\n"
        "        push    $vector\n"
        "        jmp     melee_trap\n"
        "        .set    vector, vector + 1\n"
        "        .endr\n"
        "melee_trap:\n"
        "        mov     $0xe021, %eax\n"
        "        mov     %eax, %ds\n"
        "        mov     %eax, %es\n"
        "        pop     %eax\n"
        "        pop     %edx\n"
        "        pop     %ecx\n"
        "        or      $32767, %esp\n"
        "        sub     $63, %esp\n"
        "        push    %ecx\n"
        "        push    %edx\n"
        "        push    %eax\n"
        "        call    melee_trapped\n"
        "        jmp     melee_restart\n"
        "melee_failsafe:\n"
        "        add     $16, %esp\n" /* DS, ES, FS, GS */
        "        push    $0\n"
        "        push    $32\n"
        "        jmp     melee_trap\n"
        "melee_start:\n"
        "        or      $32767, %esp\n"
        "        sub     $63, %esp\n"
        "        call    melee_started\n"
        "melee_restart:\n"
        "        mov     $0xe021, %eax\n"
        "        mov     %eax, %ds\n"
        "        mov     %eax, %es\n"
        "        xor     %eax, %eax\n"
        "        mov     %eax, %fs\n"
        "        mov     %eax, %gs\n"
        "        cld\n"
        "        or      $32767, %esp\n"
        "        sub     $63, %esp\n"
        "        mov     %esp, %eax\n"
        "        and     $-32768, %eax\n"
        "        push    %eax\n"
        "        call    fight\n"
        "melee_event:\n"
        "        pusha\n"
        "        push    %ds\n"
        "        push    %es\n"
        "        mov     $0xe021, %eax\n"
        "        mov     %eax, %ds\n"
        "        mov     %eax, %es\n"
        "        cld\n"
        "        call    melee_upcall\n"
        "        pop     %es\n"
        "        pop     %ds\n"
        "        popa\n"
        "        iret\n"
        "        .globl  melee_start, melee_restart, melee_event, melee_failsafe\n");
_Static_assert(FIGHTER_SIZE == 32768 && FLAT_KERNEL_DS == 0xe021, "in the assembly above");

extern const char melee_traps[];
void melee_trapped(uint32_t vector, uint32_t error, uint32_t eip);
void melee_started(void);
void melee_upcall(void);

static struct fighter *self(void)
{
    uint32_t esp;

    __asm__ volatile("mov %%esp, %0" : "=r"(esp));
    return (struct fighter *)(esp & ~(FIGHTER_SIZE - 1));
}

/* A trap may have been on its way when domain 0 set the registers. Then it arrives at the new ones. */
void melee_trapped(uint32_t vector, uint32_t error __attribute__((unused)), uint32_t eip)
{
    struct fighter *f = self();

    if (eip == (uint32_t)melee_start || eip == (uint32_t)melee_event)
        fighter_reset(f);
    __asm__ volatile("incl %0" : "+m"(board.traps[vector]) : : "cc");
    count(f->kind, false);
    if (vector == 7)
        HYPERVISOR_fpu_taskswitch(0);
    if (vector == 1)
        HYPERVISOR_set_debugreg(7, 0x400);
}

void melee_upcall(void)
{
    struct fighter *f = self();

    f->info->evtchn_upcall_pending = 0;
    f->info->evtchn_pending_sel = 0;
    memset(shared_info->evtchn_pending, 0, 64 / 8);
}

static struct vcpu_info *info_of(uint32_t id)
{
    return moved[id] ? &infos[id] : &shared_info->vcpu_info[id];
}

void fighter_reset(struct fighter *f)
{
    static uint32_t lives;

    f->id = (uint32_t)((union fighter_space *)f - fighter_spaces);
    f->random = board.seed * 2654435761u + f->id * 40503u + lives++ * 7919u;
    f->fpu_pattern = 0;
    f->kind = WATCH;
    f->info = info_of(f->id);
}

void melee_started(void)
{
    fighter_reset(self());
}

void vcpu_context(struct vcpu_guest_context *c, uint32_t id, uint32_t l3)
{
    memset(c, 0, sizeof(*c));
    c->flags = VGCF_IN_KERNEL;
    c->user_regs.eip = (uint32_t)melee_start;
    c->user_regs.cs = FLAT_KERNEL_CS;
    c->user_regs.ss = c->user_regs.ds = c->user_regs.es = c->kernel_ss = FLAT_KERNEL_DS;
    c->user_regs.eflags = 0x1202;
    c->user_regs.esp = c->kernel_sp = (uint32_t)&fighter_spaces[id] + FIGHTER_SIZE - 64;
    for (unsigned int i = 0; i < 32; i++)
        c->trap_ctxt[i] = trap_table[i];
    c->event_callback_cs = c->failsafe_callback_cs = FLAT_KERNEL_CS;
    c->event_callback_eip = (uint32_t)melee_event;
    c->failsafe_callback_eip = (uint32_t)melee_failsafe;
    c->ctrlreg[3] = xen_pfn_to_cr3(l3);
}

void vcpus_set_up(void)
{
    static struct vcpu_guest_context context;

    for (unsigned int i = 0; i < 32; i++)
        trap_table[i] = (struct trap_info){i, 0, FLAT_KERNEL_CS, (uint32_t)melee_traps + i * 16};
    for (unsigned int i = 0; i < board.fighters; i++)
        fighter_reset(&fighter_spaces[i].f);
    HYPERVISOR_set_trap_table(trap_table);
    HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, melee_event, FLAT_KERNEL_CS, melee_failsafe);
    HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    for (uint32_t id = 1; id < board.fighters; id++) {
        vcpu_context(&context, id, board.boot_l3);
        if (HYPERVISOR_vcpu_op(VCPUOP_initialise, id, &context) || HYPERVISOR_vcpu_op(VCPUOP_up, id, NULL))
            guest_panic("melee: vCPU %u does not start", id);
    }
}

/* ---- Calls about vCPUs */

static uint32_t sibling(struct fighter *f)
{
    return below(f, 64) ? below(f, board.fighters) : below(f, 40);
}

static bool judge_info(struct fighter *f, struct call *c, int32_t rc)
{
    if (!rc && c->note < MAX_FIGHTERS) {
        moved[c->note] = 1;
        fighter_spaces[c->note].f.info = info_of(c->note);
    }
    return !rc && f;
}

static void build_area(struct fighter *f, struct call *c, uint32_t id)
{
    if (below(f, 3)) {
        struct vcpu_register_runstate_memory_area *area = (void *)c->data;

        c->args[0] = VCPUOP_register_runstate_memory_area;
        area->addr.p = below(f, 3) ? (uint32_t)&runstates[id % MAX_FIGHTERS]
                                   : (uint32_t)pool_va(any_frame(f)) + 4 * below(f, 1024);
        if (!below(f, 8))
            area->addr.p = 0xFFFFF000u - below(f, 0x10000000);
    } else {
        struct vcpu_register_vcpu_info *info = (void *)c->data;

        c->args[0] = VCPUOP_register_vcpu_info;
        *info =
            (struct vcpu_register_vcpu_info){.mfn = virt_to_mfn(infos), .offset = id % 64 * sizeof(struct vcpu_info)};
        if (below(f, 2)) {
            info->mfn = below(f, 2) ? board.pool[any_frame(f)] : protected_frame(f);
            info->offset = 4092;
        }
        c->note = info->offset == 4092 ? MAX_FIGHTERS : id;
        c->judge = judge_info;
    }
}

static void build_start(struct fighter *f, struct call *c, uint32_t id)
{
    static struct vcpu_guest_context
        contexts[MAX_FIGHTERS]; /* one for each stack, as a multicall may hold several of these calls */
    struct vcpu_guest_context *context = &contexts[id];

    vcpu_context(context, id, below(f, 3) ? board.boot_l3 : board.pool[frame_for(f, L3)]);
    context->flags |= below(f, 2) ? VGCF_online : 0;
    if (!below(f, 4)) {
        context->gdt_ents = below(f, 1025);
        context->gdt_frames[0] = board.pool[frame_for(f, DESCRIPTORS)];
        context->gdt_frames[1] = below(f, 4) ? board.pool[frame_for(f, DESCRIPTORS)] : protected_frame(f);
    }
    c->args[0] = VCPUOP_initialise;
    c->args[2] = (uint32_t)context;
}

/* vCPU 0 stays up, so that somebody is left to do this. */
void build_vcpu(struct fighter *f, struct call *c)
{
    uint32_t id = sibling(f);

    c->nr = __HYPERVISOR_vcpu_op;
    c->args[1] = id;
    c->args[2] = (uint32_t)c->data;
    switch (c->kind) {
    case VCPU_START:
        build_start(f, c, id % MAX_FIGHTERS);
        break;
    case VCPU_AREA:
        build_area(f, c, id);
        break;
    default: {
        static const uint8_t commands[] = {VCPUOP_up,
                                           VCPUOP_up,
                                           VCPUOP_up,
                                           VCPUOP_up,
                                           VCPUOP_down,
                                           VCPUOP_is_up,
                                           VCPUOP_get_runstate_info,
                                           VCPUOP_send_nmi,
                                           VCPUOP_get_physid};

        c->args[0] = commands[below(f, ARRAY_SIZE(commands))];
        if (c->args[0] == VCPUOP_down && !id)
            c->args[0] = VCPUOP_up;
        if (c->args[0] == VCPUOP_send_nmi)
            c->args[2] = 0;
    }
    }
}

void build_traps(struct fighter *f, struct call *c)
{
    struct trap_info *t = (void *)c->data;
    uint32_t n = below(f, 4) ? below(f, 33) : 100 + below(f, 27);

    c->nr = __HYPERVISOR_set_trap_table;
    c->args[0] = (uint32_t)t;
    for (uint32_t i = 0; i < n; i++)
        t[i] = i < 32 ? trap_table[i] : (struct trap_info){100 + i, 0, FLAT_KERNEL_CS, (uint32_t)melee_traps};
    t[n] = (struct trap_info){0};
    if (!below(f, 3))
        c->args[0] = 0xFE000000;
}

/* ---- The FPU and the XMM registers: each vCPU must find there what it has put there */

bool use_fpu(struct fighter *f)
{
    uint32_t found[8] __attribute__((aligned(16))), n;

    if (f->fpu_pattern) {
        __asm__ volatile("fistl %0\n\tmovd %%xmm0, %1\n\tmovd %%xmm5, %2\n\tmovd %%xmm7, %3"
                         : "=m"(found[0]), "=m"(found[1]), "=m"(found[2]), "=m"(found[3]));
        for (unsigned int i = 0; i < 4; i++)
            if (found[i] != f->fpu_pattern)
                complain(f, "FPU register %u holds %x, not %x", i, found[i], f->fpu_pattern);
    }
    n = 0x10000000 | f->id << 24 | below(f, 0x10000);
    f->fpu_pattern = 0;
    barrier();
    __asm__ volatile("fninit\n\tfildl %0\n\tmovd %0, %%xmm0\n\tmovd %0, %%xmm5\n\tmovd %0, %%xmm7" : : "m"(n));
    barrier();
    f->fpu_pattern = n;
    if (!below(f, 8))
        HYPERVISOR_fpu_taskswitch(1);
    return true;
}
