/* SPDX-License-Identifier: MIT */
/*
 * Makes a known sequence of hypercalls, and prints what a trace of them has to show ("expected: ..."), for
 * tests/cases/trace.sh: the line up to the result, without the call's number. With dom0_max_vcpus=2, the second vCPU
 * makes calls, too.
 */
#include <guest/console.h>
#include <guest/guest.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <public/physdev.h>
#include <public/sched.h>
#include <public/vcpu.h>

#define NO_CALL     55
#define NO_CALL_YET 0x12345

/* With all registers that a call may use, and what is in them is what is seen. */
static void call(const char *name, uint32_t number, const uint32_t regs[5], int32_t wanted)
{
    int32_t result;

    __asm__ volatile("push %%ebp; mov $0x6666, %%ebp; int $0x82; pop %%ebp"
                     : "=a"(result)
                     : "0"(number), "b"(regs[0]), "c"(regs[1]), "d"(regs[2]), "S"(regs[3]), "D"(regs[4])
                     : "memory");
    printf("expected: d0v0 %s %x %x %x %x %x 6666 %x %d\n", name, regs[0], regs[1], regs[2], regs[3], regs[4],
           (uint32_t)wanted, wanted);
    if (result != wanted)
        printf("traced: %s gave %d\n", name, result);
}

static void single_calls(void)
{
    static mmu_update_t bad = {.ptr = 5};
    const uint32_t regs[] = {0x1111, 0x2222, 0x3333, 0x4444, 0x5555};

    call("unknown(55)", NO_CALL, regs, -ENOSYS);
    call("unknown(74565)", NO_CALL_YET, regs, -ENOSYS);
    call("kexec_op", 37, regs, -ENOSYS);
    call("stack_switch", __HYPERVISOR_stack_switch, (uint32_t[]){FLAT_KERNEL_DS, (uint32_t)&bad, 3, 4, 5}, 0);
    call("xen_version", __HYPERVISOR_xen_version, (uint32_t[]){0, 2, 3, 4, 5}, HYPERVISOR_xen_version(0, NULL));
    call("mmu_update", __HYPERVISOR_mmu_update, (uint32_t[]){(uint32_t)&bad, 1, 0, DOMID_SELF, 5}, -ENOSYS);
    call("update_va_mapping", __HYPERVISOR_update_va_mapping, (uint32_t[]){MM_SCRATCH_END - PAGE_SIZE, 0, 0, 0, 5},
         -EINVAL);
}

static void entry(const multicall_entry_t *e, unsigned int i, const char *name)
{
    printf("expected: .%u d0v0 %s %x %x %x %x %x %x %x %d\n", i, name, e->args[0], e->args[1], e->args[2], e->args[3],
           e->args[4], e->args[5], (uint32_t)e->result, (int32_t)e->result);
}

static void several_calls(void)
{
    static multicall_entry_t calls[] = {
        {.op = __HYPERVISOR_xen_version, .args = {0, 12, 13, 14, 15, 16}},
        {.op = __HYPERVISOR_update_va_mapping, .args = {MM_SCRATCH_END - PAGE_SIZE, 0, 0, 0, 25, 26}},
        {.op = NO_CALL, .args = {31, 32, 33, 34, 35, 36}},
        {.op = __HYPERVISOR_fpu_taskswitch, .args = {1, 42, 43, 44, 45, 46}},
    };

    call("multicall", __HYPERVISOR_multicall, (uint32_t[]){(uint32_t)calls, 4, 3, 4, 5}, 0);
    entry(&calls[0], 0, "xen_version");
    entry(&calls[1], 1, "update_va_mapping");
    entry(&calls[2], 2, "unknown(55)");
    entry(&calls[3], 3, "fpu_taskswitch");
}

static uint8_t stack[4096] __attribute__((aligned(16)));
static volatile uint32_t done;

extern const char second_start[];
__asm__(".text\n"
        "second_start:\n"
        "        mov     $55, %eax\n"
        "        mov     $0x1001, %ebx\n"
        "        mov     $0x1002, %ecx\n"
        "        mov     $0x1003, %edx\n"
        "        mov     $0x1004, %esi\n"
        "        mov     $0x1005, %edi\n"
        "        mov     $0x1006, %ebp\n"
        "        int     $0x82\n"
        "        call    second_main\n"
        "        ud2\n");

static void __attribute__((used)) second_main(void) __asm__("second_main");
static void second_main(void)
{
    done = 1;
    HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL);
}

static void second_vcpu(void)
{
    static struct vcpu_guest_context c;
    uint32_t cr3;

    if (HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) == -ENOENT)
        return;
    __asm__("mov %%cr3, %0" : "=r"(cr3));
    c.flags = VGCF_IN_KERNEL;
    c.user_regs.eip = (uint32_t)second_start;
    c.user_regs.cs = FLAT_KERNEL_CS;
    c.user_regs.ss = c.user_regs.ds = c.user_regs.es = c.kernel_ss = FLAT_KERNEL_DS;
    c.user_regs.esp = c.kernel_sp = (uint32_t)stack + sizeof(stack);
    c.ctrlreg[3] = cr3;
    if (HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &c) || HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL))
        printf("traced: the second vCPU does not start\n");
    while (!done)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    printf("expected: d0v1 unknown(55) 1001 1002 1003 1004 1005 1006 %x %d\n", (uint32_t)-ENOSYS, -ENOSYS);
}

/* Where the trace goes: domain 0 uses the machine's ports, but it must not write there. */
static void disturb(void)
{
    struct physdev_set_iopl iopl = {1};

    if (HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl))
        printf("traced: no IOPL\n");
    __asm__ volatile("outb %0, $0xE9" : : "a"((uint8_t)0x82));
    __asm__ volatile("outl %0, $0xE8" : : "a"(0x82828282));
}

void guest_main(void)
{
    disturb();
    single_calls();
    several_calls();
    second_vcpu();
}
