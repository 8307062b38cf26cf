/* SPDX-License-Identifier: MIT */
/* The trace of hypercalls: xen/trace.h. The records go to QEMU's debug console, a byte at a time. */
#include <xen/trace.h>
#include <xen/trace_format.h>

#if COUNTERS
#include <asm/guest_access.h>
#include <asm/io.h>
#include <asm/traps.h>
#include <xen/console.h>
#include <xen/setup.h>

/* Called by trace_gate.S */
void trace_call(const struct cpu_user_regs *regs);
void trace_return(uint64_t now, uint32_t result);

static uint32_t calls;

static void put(const void *record, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        outb(TRACE_PORT, ((const uint8_t *)record)[i]);
}

void __init init_trace(void)
{
    static const uint32_t magic = TRACE_MAGIC;

    if (!opt_trace_lines)
        return;
    if (inb(TRACE_PORT) != TRACE_PORT) {
        printk("hypercall_trace: there is no debug console at port 0x%x\n", TRACE_PORT);
        return;
    }
    put(&magic, sizeof(magic));
    this_cpu.trace_on = true;
}

/* False: it is not wanted, or there are enough. */
static bool begin(uint32_t entry, uint32_t number, const uint32_t *args, const struct cpu_user_regs *regs)
{
    struct trace_begin record = {
        .kind = TRACE_BEGIN,
        .who = current->domain->domain_id << 16 | current->vcpu_id,
        .call = current->trace.call,
        .entry = entry,
        .number = number,
        .eip = regs->eip,
        .esp = regs->esp,
    };

    if (!opt_trace_lines || !(opt_trace_mask >> MIN(number, TRACE_NUMBER) & 1))
        return false;
    opt_trace_lines--;
    for (unsigned int i = 0; i < ARRAY_SIZE(record.args); i++)
        record.args[i] = args[i];
    put(&record, sizeof(record));
    return true;
}

static void end(uint32_t entry, bool again, bool others_ran, uint32_t result, uint64_t instructions)
{
    struct trace_end record = {
        .kind = TRACE_END,
        .who = current->domain->domain_id << 16 | current->vcpu_id,
        .call = current->trace.call,
        .entry = entry,
        .flags = (again ? TRACE_AGAIN : 0) | (others_ran ? TRACE_OTHERS_RAN : 0),
        .result = result,
        .instructions = {instructions, instructions >> 32},
    };

    put(&record, sizeof(record));
}

void trace_call(const struct cpu_user_regs *regs)
{
    const uint32_t args[6] = {regs->ebx, regs->ecx, regs->edx, regs->esi, regs->edi, regs->ebp};

    current->trace = (struct vcpu_trace){.call = ++calls};
    current->trace.listed = begin(TRACE_CALL, regs->eax, args, regs);
}

static void end_entry(struct vcpu_trace *t)
{
    uint32_t result = 0;

    if (!t->entry || !t->entry_listed)
        return;
    (void)copy_from_guest(&result, &t->entry->result, sizeof(result));
    end(t->entries - 1, t->entry_again, t->entry_others_ran, result, t->spent - t->entry_began);
}

/* The clock's own instructions beside those of the call: the two RDTSCs count as one. */
static void stop_clock(struct vcpu_trace *t, uint64_t now)
{
    t->spent += now - this_cpu.trace_since - (1 + TRACE_CLOCK_ON + TRACE_CLOCK_OFF);
}

void trace_entry(uint64_t now, const multicall_entry_t *entry)
{
    struct vcpu_trace *t = &current->trace;
    multicall_entry_t e = {.op = ~0u};

    stop_clock(t, now);
    end_entry(t);
    t->entry = entry;
    t->entry_began = t->spent;
    t->entry_again = t->entry_others_ran = false;
    (void)copy_from_guest(&e, entry, sizeof(e));
    t->entry_listed = begin(t->entries++, e.op, e.args, (struct cpu_user_regs *)(tss.esp0 - HYP_FRAME_SIZE));
}

/* All ways to a guest end here, not only those of a call. */
void trace_return(uint64_t now, uint32_t result)
{
    struct vcpu_trace *t = &current->trace;

    if (!t->call)
        return;
    stop_clock(t, now);
    end_entry(t);
    if (t->listed)
        end(TRACE_CALL, t->again, t->others_ran, result, t->spent + 1); /* the `iret` is still to come */
    t->call = 0;
}
#endif
