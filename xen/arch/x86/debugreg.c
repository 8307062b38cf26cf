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

#define WRITE_DR(n, value) __asm__ volatile("mov %0, %%db" #n ::"r"(value))

void load_debug_registers(const struct vcpu *v)
{
    WRITE_DR(0, v->debugreg[0]);
    WRITE_DR(1, v->debugreg[1]);
    WRITE_DR(2, v->debugreg[2]);
    WRITE_DR(3, v->debugreg[3]);
    WRITE_DR(6, v->debugreg[6]);
    WRITE_DR(7, v->debugreg[7]);
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
        WRITE_DR(7, value);
        break;
    }
}

/* I/O breakpoints (type 2) need CR4.DE, which guests do not get. */
static bool dr7_ok(uint32_t value)
{
    for (unsigned int i = 0; i < 4; i++)
        if (value >> i * 2 & 3 && (value >> (16 + i * 4) & 3) == 2)
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
        if (value & DR7_GENERAL || (value & DR7_ENABLE && !dr7_ok(value)))
            return -EPERM;
        break;
    default:
        return -EINVAL;
    }
    v->debugreg[reg] = value;
    if (v == current)
        write_hardware(reg, value);
    return 0;
}

long do_set_debugreg(uint32_t reg, uint32_t value)
{
    return set_debugreg(current, reg, value);
}
