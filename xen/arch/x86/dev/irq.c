/* SPDX-License-Identifier: MIT */
/* Interrupts by number, vectors, and what is done when one comes: asm/irq.h, asm/irq_vectors.h. */
#include <asm/apic.h>
#include <asm/device_access.h>
#include <asm/i8259.h>
#include <asm/io_apic.h>
#include <asm/irq.h>
#include <asm/processor.h>
#include <asm/traps.h>
#include <public/errno.h>
#include <xen/lib.h>
#include <xen/sched.h>
#include <xen/timer.h>

static struct irq {
    irq_handler *handler;        /* NULL: nobody has it */
    const struct irq_chip *chip; /* NULL: it does not exist */
    uint8_t vector;              /* 0: none */
    bool is_level;
} irqs[MAX_IRQS];

#define NO_IRQ 0xFFFF
static uint16_t vector_irq[NR_VECTORS] = {[0 ... NR_VECTORS - 1] = NO_IRQ};
#define LOOK_NS 20000000
static struct timer look;

static uint16_t isa_irqs[ISA_LINES];
unsigned int nr_gsis = NR_8259_LINES;
bool opt_apic = true, opt_io_apic = true;

/* --- Vectors */

_Static_assert(SYSCALL_VECTOR < FIRST_DEVICE_VECTOR && HYPERCALL_VECTOR < FIRST_DEVICE_VECTOR, "guests enter by them");

static bool is_free_vector(unsigned int vector)
{
    return vector_irq[vector] == NO_IRQ;
}

bool assign_vector(unsigned int irq)
{
    if (irqs[irq].vector)
        return true;
    for (unsigned int vector = FIRST_DEVICE_VECTOR; vector <= LAST_DEVICE_VECTOR; vector++)
        if (is_free_vector(vector)) {
            vector_irq[vector] = irq;
            irqs[irq].vector = vector;
            return true;
        }
    return false;
}

uint8_t irq_vector(unsigned int irq)
{
    return irqs[irq].vector;
}

/* --- One interrupt */

/* By their names tools/check-switches.sh knows the functions that call through a pointer. */
#define NOT_INLINE __attribute__((noinline))

NOT_INLINE void mask_irq(unsigned int irq)
{
    irqs[irq].chip->mask(irq);
}

NOT_INLINE void unmask_irq(unsigned int irq)
{
    irqs[irq].chip->unmask(irq);
}

bool irq_is_level(unsigned int irq)
{
    return irqs[irq].is_level;
}

irq_handler *irq_handler_of(unsigned int irq)
{
    return irq < MAX_IRQS ? irqs[irq].handler : NULL;
}

bool set_irq_handler(unsigned int irq, irq_handler *handler)
{
    if (irq >= MAX_IRQS || !irqs[irq].chip || (handler && irqs[irq].handler && irqs[irq].handler != handler))
        return false;
    if (!handler)
        mask_irq(irq);
    irqs[irq].handler = handler;
    return true;
}

/* --- Message-signalled interrupts */

int alloc_msi_irq(const struct irq_chip *chip)
{
    if (!apic_is_on())
        return -ENODEV;
    for (unsigned int irq = nr_gsis; irq < nr_gsis + MAX_MSIS; irq++) {
        if (irqs[irq].chip)
            continue;
        if (!assign_vector(irq))
            return -ENOSPC;
        irqs[irq].chip = chip;
        return irq;
    }
    return -ENOSPC;
}

void free_msi_irq(unsigned int irq)
{
    (void)set_irq_handler(irq, NULL);
    vector_irq[irqs[irq].vector] = NO_IRQ;
    irqs[irq] = (struct irq){.chip = NULL};
}

/* --- When one comes */

static NOT_INLINE void handle_irq(unsigned int irq)
{
    if (likely(irqs[irq].handler))
        irqs[irq].handler(irq);
    else
        mask_irq(irq);
}

static void interrupt_8259(unsigned int line)
{
    if (!accept_8259(line))
        return;
    if (irqs[line].chip == &chip_8259) /* else they are masked, and this is the last edge */
        handle_irq(line);
    end_8259(line);
}

/* QEMU's processor was seen not to take an interrupt of the 8259's until it was stopped and continued. */
static void look_again(void *unused)
{
    int line = overlooked_8259();

    if (line >= 0) {
        handle_irq(line);
        end_8259(line);
    }
    set_timer(&look, system_time() + LOOK_NS);
}

void __init watch_irqs(void)
{
    init_timer(&look, look_again, NULL);
    if (irqs[0].chip == &chip_8259)
        set_timer(&look, system_time() + LOOK_NS);
}

static bool in_service(unsigned int vector)
{
    return apic_read(APIC_ISR + vector / 32 * 0x10) >> vector % 32 & 1;
}

static void apic_interrupt(unsigned int vector)
{
    if (vector_irq[vector] != NO_IRQ)
        handle_irq(vector_irq[vector]);
    else if (!apic_is_on())
        return;
    else if (vector == APIC_ERROR_VECTOR)
        apic_error_interrupt();
    else {
        if (vector == SPURIOUS_VECTOR)
            apic_spurious_interrupt();
        if (!in_service(vector))
            return; /* the APIC's own spurious one. Others are nobody's, or an interrupt's that has just been freed */
    }
    apic_eoi();
}

void do_irq(struct cpu_user_regs *regs)
{
    unsigned int vector = regs->entry_vector;

    this_cpu.work |= WORK_UPCALL; /* the guest may have unmasked events since it last called */
    if (vector == LOCAL_TIMER_VECTOR) {
        timer_interrupt();
        apic_eoi();
    } else if (vector < FIRST_IRQ_VECTOR + NR_8259_LINES)
        interrupt_8259(vector - FIRST_IRQ_VECTOR);
    else
        apic_interrupt(vector);
}

/* --- At boot */

unsigned int isa_irq(unsigned int line)
{
    return isa_irqs[line];
}

void add_irq(unsigned int irq, const struct irq_chip *chip, bool is_level)
{
    irqs[irq].chip = chip;
    irqs[irq].is_level = is_level;
}

const struct irq_chip *irq_chip_of(unsigned int irq)
{
    return irqs[irq].chip;
}

void remove_irq(unsigned int irq)
{
    irqs[irq].chip = NULL;
}

static void __init use_8259(void)
{
    uint16_t level = level_lines_8259();

    for (unsigned int line = 0; line < NR_8259_LINES; line++) {
        isa_irqs[line] = line;
        add_irq(line, &chip_8259, level >> line & 1);
    }
    if (apic_is_on())
        apic_accept_8259(true);
}

/* NULL, or why not. */
static const char *__init use_io_apics(void)
{
    static struct madt madt;
    const char *why;

    why = read_madt(&madt, apic_is_on() ? apic_id() : 0);
    for (unsigned int i = 0; i < madt.nr_io_apics; i++) /* used or not */
        keep_frames(madt.io_apic[i].address >> PAGE_SHIFT, madt.io_apic[i].address >> PAGE_SHIFT);
    if (!apic_is_on())
        return "there is no local APIC";
    for (unsigned int lint = 0; lint < NR_LINTS; lint++)
        if (madt.lint[lint].nmi)
            apic_let_nmi_in(lint, madt.lint[lint].mode);
    if (!opt_io_apic)
        return "as the command line says";
    why = why ?: init_io_apics(&madt);
    for (unsigned int line = 0; !why && line < ISA_LINES; line++)
        isa_irqs[line] = madt.isa[line].gsi;
    return why;
}

void __init init_irqs(void)
{
    bool have_8259 = init_8259(); /* first, so that it is quiet */
    const char *why;

    init_apic();
    why = use_io_apics();

    if (!why)
        log_at(LOG_INFO, "I/O APICs: %u interrupts\n", nr_gsis);
    else if (have_8259)
        use_8259();
    if (why)
        printk("No I/O APIC is used (MADT: %s)%s\n", why,
               have_8259 ? "" : ", and there is no 8259: no interrupts of devices");
    enable_console_input();
}
