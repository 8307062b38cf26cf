/* SPDX-License-Identifier: MIT */
/*
 * Debug registers. Guests may watch their own addresses, but never the hypervisor's. SDM 3, 17.2.
 *
 * The processor's DR7 enables breakpoints only while a vCPU runs that has enabled some. Then DR0 to DR3 hold that
 * vCPU's values. At other times they hold the values of an earlier vCPU. DR6 is read and reset at each #DB; its sticky
 * bits are kept for each vCPU separately.
 */
#include <asm/debugreg.h>
#include <asm/processor.h>
#include <public/errno.h>
#include <xen/hypercall.h>
#include <xen/sched.h>

#define DR6_ZERO    0x00001000u
#define DR7_ZERO    0x0000D800u
#define DR7_GENERAL 0x00002000u /* general detect: would trap the hypervisor's own accesses */
#define DR7_TYPE_IO 2u          /* of the two type bits */

#define WRITE_DR(n, value) __asm__ volatile("mov %0, %%db" #n ::"r"(value))

static bool is_enabled(uint32_t dr7, unsigned int breakpoint)
{
    return dr7 >> breakpoint * 2 & 3;
}

/* I/O breakpoints would need CR4.DE, and then the hypervisor's own accesses would hit them. So the processor does not
 * get their enable bits. port_breakpoints() finds them when a guest's IN or OUT is carried out. */
static __attribute__((noinline)) uint32_t hardware_dr7(uint32_t value)
{
    for (unsigned int i = 0; i < 4; i++)
        if ((value >> (16 + i * 4) & 3) == DR7_TYPE_IO)
            value &= ~(3u << i * 2);
    return value;
}

void load_debug_registers(const struct vcpu *v)
{
    WRITE_DR(0, v->arch.debugreg[0]);
    WRITE_DR(1, v->arch.debugreg[1]);
    WRITE_DR(2, v->arch.debugreg[2]);
    WRITE_DR(3, v->arch.debugreg[3]);
    WRITE_DR(7, hardware_dr7(v->arch.debugreg[7]));
}

void disable_debug_registers(void)
{
    WRITE_DR(7, DR7_RESET);
}

void __init init_debug_registers(void)
{
    WRITE_DR(0, 0);
    WRITE_DR(1, 0);
    WRITE_DR(2, 0);
    WRITE_DR(3, 0);
    WRITE_DR(6, DR6_RESET);
}

/* v must not be running. */
void reset_debug_registers(struct vcpu *v)
{
    for (unsigned int i = 0; i < 4; i++)
        v->arch.debugreg[i] = 0;
    v->arch.debugreg[6] = DR6_RESET;
    v->arch.debugreg[7] = DR7_RESET;
    alias_debug_registers(v);
}

uint32_t take_debug_status(void)
{
    uint32_t dr6;

    __asm__ volatile("mov %%db6, %0" : "=r"(dr6));
    WRITE_DR(6, DR6_RESET);
    return dr6;
}

/* The processor may also report breakpoints that are not enabled, and so those of another vCPU. */
void add_debug_status(struct vcpu *v, uint32_t dr6)
{
    uint32_t shown = dr6 & DR6_SINGLE_STEP;

    for (unsigned int i = 0; i < 4; i++)
        if (is_enabled(v->arch.debugreg[7], i))
            shown |= dr6 & 1u << i;
    v->arch.debugreg[6] |= DR6_RESET | shown;
    alias_debug_registers(v);
}

/* Only enabled breakpoints are checked, as a processor does it. A guest may have I/O breakpoints only if it has set
 * CR4.DE. */
static __attribute__((noinline)) bool dr7_ok(const struct vcpu *v, uint32_t value)
{
    for (unsigned int i = 0; i < 4; i++)
        if (is_enabled(value, i) && (value >> (16 + i * 4) & 3) == DR7_TYPE_IO && !(v->arch.guest_cr4 & X86_CR4_DE))
            return false;
    return true;
}

static int set_address(struct vcpu *v, uint32_t reg, uint32_t value)
{
    if (unlikely(value >= HYP_START))
        return -EPERM;
    v->arch.debugreg[reg] = value;
    if (unlikely(v->arch.debugreg[7] & DR7_ENABLE) && v == current)
        load_debug_registers(v);
    return 0;
}

static int set_control(struct vcpu *v, uint32_t value)
{
    uint32_t was = v->arch.debugreg[7];

    value = (value & ~DR7_ZERO) | DR7_RESET;
    if (value & DR7_GENERAL || (value & DR7_ENABLE && !dr7_ok(v, value)))
        return -EPERM;
    v->arch.debugreg[7] = value;
    alias_debug_registers(v);
    if ((was | value) & DR7_ENABLE && v == current)
        load_debug_registers(v);
    return 0;
}

static inline int set_register(struct vcpu *v, uint32_t reg, uint32_t value)
{
    if (likely(reg < 4))
        return set_address(v, reg, value);
    if (reg == 7)
        return set_control(v, value);
    if (reg != 6)
        return -EINVAL;
    v->arch.debugreg[6] = (value & ~DR6_ZERO) | DR6_RESET;
    alias_debug_registers(v);
    return 0;
}

int set_debugreg(struct vcpu *v, uint32_t reg, uint32_t value)
{
    return set_register(v, reg, value);
}

long do_set_debugreg(uint32_t reg, uint32_t value)
{
    return set_register(current, reg, value);
}
