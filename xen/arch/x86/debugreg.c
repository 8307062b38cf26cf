/* Debug registers: guests may watch their own addresses, never the hypervisor's. SDM 3, 17.2. */
#include <asm/debugreg.h>
#include <asm/processor.h>
#include <public/errno.h>
#include <xen/hypercall.h>
#include <xen/sched.h>

#define DR6_ALWAYS_ONE 0xFFFF0FF0u
#define DR6_ZERO       0x00001000u
#define DR7_ALWAYS_ONE 0x00000400u
#define DR7_ZERO       0x0000D800u
#define DR7_GENERAL    0x00002000u /* general detect: would trap the hypervisor's own accesses */
#define DR7_ENABLE     0x000000FFu
#define DR7_TYPE_IO    2u /* of the two type bits */

#define WRITE_DR(n, value) __asm__ volatile("mov %0, %%db" #n ::"r"(value))

/* I/O breakpoints would need CR4.DE, and would then hit the hypervisor's own accesses: port_breakpoints() finds them
 * when it carries out a guest's IN or OUT. So the processor does not get their enable bits. */
static __attribute__((noinline)) uint32_t hardware_dr7(uint32_t value)
{
    for (unsigned int i = 0; i < 4; i++)
        if ((value >> (16 + i * 4) & 3) == DR7_TYPE_IO)
            value &= ~(3u << i * 2);
    return value;
}

void load_debug_registers(const struct vcpu *v)
{
    WRITE_DR(0, v->debugreg[0]);
    WRITE_DR(1, v->debugreg[1]);
    WRITE_DR(2, v->debugreg[2]);
    WRITE_DR(3, v->debugreg[3]);
    WRITE_DR(6, v->debugreg[6]);
    WRITE_DR(7, hardware_dr7(v->debugreg[7]));
}

void disable_debug_registers(void)
{
    WRITE_DR(7, DR7_ALWAYS_ONE);
}

static void write_hardware(unsigned int reg, uint32_t value)
{
    switch (reg) {
    case 0:
        WRITE_DR(0, value);
        break;
    case 1:
        WRITE_DR(1, value);
        break;
    case 2:
        WRITE_DR(2, value);
        break;
    case 3:
        WRITE_DR(3, value);
        break;
    case 6:
        WRITE_DR(6, value);
        break;
    case 7:
        WRITE_DR(7, hardware_dr7(value));
        break;
    }
}

/* Like the processor, only for those that are enabled. I/O breakpoints exist for a guest that has set CR4.DE. */
static __attribute__((noinline)) bool dr7_ok(const struct vcpu *v, uint32_t value)
{
    for (unsigned int i = 0; i < 4; i++)
        if (value >> i * 2 & 3 && (value >> (16 + i * 4) & 3) == DR7_TYPE_IO && !(v->guest_cr4 & X86_CR4_DE))
            return false;
    return true;
}

int set_debugreg(struct vcpu *v, uint32_t reg, uint32_t value)
{
    switch (reg) {
    case 0 ... 3:
        if (value >= HYP_START)
            return -EPERM;
        break;
    case 6:
        value = (value & ~DR6_ZERO) | DR6_ALWAYS_ONE;
        break;
    case 7:
        value = (value & ~DR7_ZERO) | DR7_ALWAYS_ONE;
        if (value & DR7_GENERAL || (value & DR7_ENABLE && !dr7_ok(v, value)))
            return -EPERM;
        break;
    default:
        return -EINVAL;
    }
    v->debugreg[reg] = value;
    if (v == current)
        write_hardware(reg, value);
    if (reg >= 6)
        alias_debug_registers(v);
    return 0;
}

long do_set_debugreg(uint32_t reg, uint32_t value)
{
    return set_debugreg(current, reg, value);
}
