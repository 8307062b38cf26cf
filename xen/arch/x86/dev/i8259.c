/* SPDX-License-Identifier: MIT */
/* The two 8259 interrupt controllers: vectors 0x20 to 0x2F. Source: Intel 8259A data sheet. */
#include <asm/i8259.h>
#include <asm/io.h>
#include <xen/lib.h>

#define PIC1     0x20
#define PIC2     0xA0
#define PIC_DATA 1
#define ELCR     0x4D0 /* two ports: which lines are level-triggered. Not on every machine */
#define ICW1     0x11  /* cascade, ICW4 follows */
#define ICW4     0x01  /* 8086 */
#define EOI      0x20
#define POLL     0x0C /* the next read accepts the line of the highest priority, as the processor does */
#define POLLED   0x80 /* of what is read then: the rest is the line's number */
#define READ_IRR 0x0A
#define READ_ISR 0x0B
#define CASCADE  2

#define ELCR_NEVER 0x2107u /* timer, keyboard, cascade, RTC, FPU: always edges */

static uint16_t masked = 0xFFFF & ~(1u << CASCADE);

static void write_masks(void)
{
    outb(PIC1 + PIC_DATA, masked);
    outb(PIC2 + PIC_DATA, masked >> 8);
}

static void mask_8259(unsigned int line)
{
    masked |= 1u << line;
    write_masks();
}

static void unmask_8259(unsigned int line)
{
    masked &= ~(1u << line);
    write_masks();
}

const struct irq_chip chip_8259 = {mask_8259, unmask_8259};

/* The data sheet does not say that initialisation ends what a loader has taken but not ended: it would keep all lines
 * of lower priority away. */
static void __init end_what_is_in_service(uint16_t port)
{
    outb(port, READ_ISR);
    for (unsigned int i = 0; i < 8 && inb(port); i++)
        outb(port, EOI);
}

bool __init init_8259(void)
{
    bool there;

    outb(PIC1, ICW1);
    outb(PIC2, ICW1);
    outb(PIC1 + PIC_DATA, FIRST_IRQ_VECTOR);
    outb(PIC2 + PIC_DATA, FIRST_IRQ_VECTOR + 8);
    outb(PIC1 + PIC_DATA, 1u << CASCADE);
    outb(PIC2 + PIC_DATA, CASCADE);
    outb(PIC1 + PIC_DATA, ICW4);
    outb(PIC2 + PIC_DATA, ICW4);
    write_masks();
    end_what_is_in_service(PIC2);
    end_what_is_in_service(PIC1);
    outb(PIC2 + PIC_DATA, 0x5A); /* is there a register? */
    there = inb(PIC2 + PIC_DATA) == 0x5A;
    write_masks();
    return there && inb(PIC1 + PIC_DATA) == (masked & 0xFF);
}

uint16_t __init level_lines_8259(void)
{
    uint16_t level = inb(ELCR) | inb(ELCR + 1) << 8;

    return level & ELCR_NEVER ? 0 : level; /* then the ports are something else */
}

/* If a request goes away too early, line 7 or 15 fires instead, and its bit in the in-service register is not set. */
static bool spurious(unsigned int line)
{
    uint16_t port = line < 8 ? PIC1 : PIC2;

    if (line % 8 != 7)
        return false;
    outb(port, READ_ISR);
    return !(inb(port) & 0x80);
}

bool accept_8259(unsigned int line)
{
    if (!spurious(line))
        return true;
    if (line >= 8)
        outb(PIC1, EOI); /* the first one knows only that the second one has asked */
    return false;
}

void end_8259(unsigned int line)
{
    if (line >= 8)
        outb(PIC2, EOI);
    outb(PIC1, EOI);
}

static int poll(uint16_t port)
{
    uint8_t answer;

    outb(port, POLL);
    answer = inb(port);
    return answer & POLLED ? answer & 7 : -1;
}

int overlooked_8259(void)
{
    static uint16_t asked;
    uint16_t asks, again;
    int line;

    outb(PIC1, READ_IRR);
    outb(PIC2, READ_IRR);
    asks = (inb(PIC1) | inb(PIC2) << 8) & ~masked & ~(1u << CASCADE);
    again = asks & asked;
    asked = asks;
    if (!again)
        return -1;
    line = poll(PIC1);
    if (line != CASCADE)
        return line;
    line = poll(PIC2);
    if (line < 0)
        outb(PIC1, EOI);
    return line < 0 ? line : line + 8;
}
