/* SPDX-License-Identifier: MIT */
/* The two 8259 interrupt controllers: vectors 0x20 to 0x2F, edge-triggered. The hypervisor sends the end of interrupt.
 */
#include <asm/io.h>
#include <asm/irq.h>
#include <asm/traps.h>
#include <xen/setup.h>

#define PIC1     0x20
#define PIC2     0xA0
#define PIC_DATA 1
#define ICW1     0x11 /* edge, cascade, ICW4 follows */
#define ICW4     0x01 /* 8086 */
#define EOI      0x20
#define READ_ISR 0x0B
#define CASCADE  2

static uint16_t masked = 0xFFFF & ~(1u << CASCADE);

static void write_masks(void)
{
    outb(PIC1 + PIC_DATA, masked);
    outb(PIC2 + PIC_DATA, masked >> 8);
}

void mask_irq(unsigned int irq)
{
    masked |= 1u << irq;
    write_masks();
}

void unmask_irq(unsigned int irq)
{
    masked &= ~(1u << irq);
    write_masks();
}

void __init init_pic(void)
{
    outb(PIC1, ICW1);
    outb(PIC2, ICW1);
    outb(PIC1 + PIC_DATA, FIRST_IRQ_VECTOR);
    outb(PIC2 + PIC_DATA, FIRST_IRQ_VECTOR + 8);
    outb(PIC1 + PIC_DATA, 1u << CASCADE);
    outb(PIC2 + PIC_DATA, CASCADE);
    outb(PIC1 + PIC_DATA, ICW4);
    outb(PIC2 + PIC_DATA, ICW4);
    write_masks();
    enable_console_input();
}

/* If a request goes away too early, line 7 or 15 fires instead, and its bit in the in-service register is not set. */
static bool spurious(unsigned int irq)
{
    uint16_t port = irq < 8 ? PIC1 : PIC2;

    if (irq % 8 != 7)
        return false;
    outb(port, READ_ISR);
    return !(inb(port) & 0x80);
}

void do_irq(struct cpu_user_regs *regs)
{
    unsigned int irq = regs->entry_vector - FIRST_IRQ_VECTOR;
    bool none = spurious(irq);

    if (irq >= 8 && !none)
        outb(PIC2, EOI);
    if (!none || irq >= 8)
        outb(PIC1, EOI);
    if (none)
        return;
    if (irq == IRQ_TIMER)
        timer_interrupt();
    else if (irq == IRQ_COM1)
        uart_interrupt();
    else
        mask_irq(irq);            /* nobody handles it */
    this_cpu.work |= WORK_UPCALL; /* the guest may have unmasked events since it last called */
}
