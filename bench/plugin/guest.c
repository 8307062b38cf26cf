/* SPDX-License-Identifier: MIT */
/*
 * A TCG plugin: where every instruction of a whole run went, from power-on to power-off: into a guest's programs, its
 * kernel, or the hypervisor; there, by the reason of entry and by call path. `int82-bench profile --guest` starts QEMU
 * with it and makes something of its file; docs/profiling.md has the format.
 *
 *   -plugin build/int82-guest.so,out=FILE,functions=FILE,hypervisor=ADDRESS,kernel=ADDRESS[,entries=START-END]
 *
 * The interface shows no registers, so who runs is told by the address: the hypervisor from `hypervisor` up, the kernel
 * from `kernel`, programs below. `entries` is where the hypervisor writes page tables' entries (Xen: by CMPXCHG8B).
 *
 * What counts as executed is what -icount counts (plugin/profile.c). QEMU tells us of each block of code when it
 * begins, and counts what was begun of it without a call; what became of its last instruction we see when the next one
 * begins.
 */
#include "guest.h"
#include "qemu.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

PLUGIN_EXPORT int qemu_plugin_version = 1;
PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);

/* The markers: nopl DISPLACEMENT(%eax), 0F 1F 80 and 0x824D0100 (begin) or 0x824D0200 (end) + section. */
#define MARKER_BEGIN 0x824d0100u
#define MARKER_END   0x824d0200u

static FILE *out;
static const char *out_path;
static uint32_t hypervisor_start, kernel_start, entries_start, entries_end;

static uint64_t begun, touched; /* QEMU adds: instructions begun, accesses by blocks' last instructions */
static bool booted;
static struct block *open; /* runs now */
static uint32_t open_from; /* its instructions before that are counted already */
static uint64_t open_begun, open_touched;

static struct node *node = &roots[0];
static unsigned int section;
static uint64_t ticks[SECTIONS][COMPONENTS_N];
static uint64_t hypervisor_ticks, guest_ticks;
static uint64_t section_begins[SECTIONS], unbalanced;

static uint32_t call_from, call_target; /* the guest's last call */

static enum component component_of(uint32_t address)
{
    return address >= hypervisor_start ? HYPERVISOR : address >= kernel_start ? KERNEL : USER;
}

/* ---- counting --------------------------------------------------------------------------------------------------- */

/* Instructions [from, to) of a block on the path that we are on. */
static void count(struct block *b, uint32_t from, uint32_t to)
{
    if (from >= to)
        return;
    ticks[section][booted ? b->component : BOOT] += to - from;
    if (!booted)
        return;
    if (b->component == HYPERVISOR)
        hypervisor_ticks += to - from;
    else
        guest_ticks += to - from;
    node_count(node, b, from, to);
}

/* The same where functions begin amid them: what falls through a label goes on in another function. */
static void count_with_labels(struct block *b, uint32_t from, uint32_t to)
{
    for (uint32_t i = 0; booted && i < b->labels_n; i++) {
        const struct label *l = &b->labels[i];

        if (l->index <= from || l->index >= to)
            continue;
        count(b, from, l->index);
        from = l->index;
        node = node_jump(node, b->sites[from - 1].address, l->address);
        entry_arrive(b->sites[from - 1].address, l->address, hypervisor_ticks);
    }
    count(b, from, to);
}

/* Control went somewhere that instruction S does not lead to: a fault in it, or an interrupt behind it? The entry's
 * name tells, where there are symbols. In the hypervisor nothing is privileged; only a guest's HLT faults. */
static bool is_fault(const struct site *s, uint32_t next, bool last)
{
    const struct function *f = function_at(next);
    bool inside = s->block->component == HYPERVISOR || !booted;

    if (f && f->mark == MARK_TRAP)
        return true;
    if (f && f->mark == MARK_IRQ)
        return false;
    if (s->insn.early_fault)
        return !inside || s->bytes[0] == 0x0f;
    return !last || (s->insn.memory && touched == open_touched);
}

/* ---- from block to block ---------------------------------------------------------------------------------------- */

static void inside_hypervisor(enum node_kind kind, const struct site *s, uint32_t next)
{
    if (kind != NODE_ROOT) {
        node = node_enter(node, kind, s->address, next, kind == NODE_CALL ? s->address + s->size : 0);
    } else if (s->insn.flow == FLOW_RET) {
        node = node_back(node, s->address, next);
    } else if (s->insn.flow == FLOW_IRET) {
        node = node_back_from_gate(node, s->address, next);
    } else {
        node = node_jump(node, s->address, next);
    }
    entry_arrive(s->address, next, hypervisor_ticks);
}

static void into_hypervisor(enum node_kind kind, const struct site *s, uint32_t next)
{
    uint32_t caller = s->block->function;

    /* A hypercall by the stub of the page that we filled is its caller's. */
    if (kind == NODE_GATE && call_target == s->block->address)
        caller = call_from;
    if (s->block->component == USER)
        caller = 0;
    if (kind != NODE_GATE && kind != NODE_FAULT)
        kind = NODE_INTERRUPT;
    node = node_enter(&roots[section], kind, caller, next, 0);
    entry_begin(section, kind, s, caller, next, guest_ticks, hypervisor_ticks);
    entry_arrive(s->address, next, hypervisor_ticks);
}

static void move(enum node_kind kind, const struct site *s, uint32_t next)
{
    bool from = s->block->component == HYPERVISOR, to = next >= hypervisor_start;

    if (!booted) {
        if (from && !to && s->insn.flow == FLOW_IRET)
            booted = true;
        return;
    }
    if (from && to) {
        inside_hypervisor(kind, s, next);
    } else if (to) {
        into_hypervisor(kind, s, next);
    } else if (from) {
        entry_end(next, hypervisor_ticks);
        node = &roots[section];
    } else if (s->insn.flow == FLOW_CALL) {
        call_from = s->block->function;
        call_target = next;
    }
}

/* Now that the next instruction is known. */
static void settle(uint32_t next)
{
    struct block *b = open;
    uint32_t n = begun - open_begun;
    const struct site *s;
    enum node_kind kind = NODE_ROOT;

    open = NULL;
    if (!n || n > b->n)
        return;
    s = &b->sites[n - 1];
    if (n < b->n ? next == s->address + s->size : insn_leads_to(&s->insn, s->address, s->size, next)) {
        if (n == b->n && s->insn.flow == FLOW_CALL)
            kind = NODE_CALL;
        else if (n == b->n && s->insn.flow == FLOW_GATE)
            kind = NODE_GATE;
    } else if (next == s->address) { /* QEMU begins it anew, for its own reasons */
        n--;
    } else if (is_fault(s, next, n == b->n)) {
        kind = NODE_FAULT;
        n -= !s->insn.early_fault;
    } else {
        kind = NODE_INTERRUPT;
    }
    count_with_labels(b, open_from, n);
    move(kind, s, next);
}

static void on_block(unsigned int vcpu, void *data)
{
    struct block *b = data;

    (void)vcpu;
    if (open)
        settle(b->address);
    open = b;
    open_from = 0;
    open_begun = begun;
    open_touched = touched;
}

/* Before the instruction, so that the section begins or ends with it. */
static void on_marker(unsigned int vcpu, void *data)
{
    const struct site *s = data;
    uint32_t value;
    bool begins;

    (void)vcpu;
    if (!booted || open != s->block)
        return;
    memcpy(&value, s->bytes + 3, sizeof(value));
    begins = value >> 8 == MARKER_BEGIN >> 8;
    count_with_labels(open, open_from, s->index);
    open_from = s->index;
    value &= 0xff;
    unbalanced += begins ? section != 0 : section != value;
    section_begins[value] += begins;
    section = begins ? value : 0;
    node = &roots[section];
}

/* ---- translation ------------------------------------------------------------------------------------------------ */

/* Section 0 is what is outside. */
static bool is_marker(const struct site *s)
{
    uint32_t value;

    if (s->size != 7 || memcmp(s->bytes, "\x0f\x1f\x80", 3))
        return false;
    memcpy(&value, s->bytes + 3, sizeof(value));
    return (value >> 8 == MARKER_BEGIN >> 8 || value >> 8 == MARKER_END >> 8) && (value & 0xff);
}

static void on_memory(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
    const struct site *s = data;
    struct qemu_plugin_hwaddr *where;

    (void)vcpu;
    if (!booted)
        return;
    if (!qemu_plugin_mem_is_store(info)) {
        if (address < hypervisor_start)
            entry_reads(address, 1u << qemu_plugin_mem_size_shift(info));
        return;
    }
    if ((address < entries_start || address >= entries_end) &&
        !(s->insn.events & (1ull << EVENT_cmpxchg8b | 1ull << EVENT_cmpxchg8b_locked)))
        return;
    where = qemu_plugin_get_hwaddr(info, address);
    if (where)
        entry_writes_entry(qemu_plugin_hwaddr_phys_addr(where));
}

static void translate_insn(struct block *b, uint32_t i, struct qemu_plugin_insn *insn)
{
    struct site *s = &b->sites[i];

    s->block = b;
    s->index = i;
    s->address = qemu_plugin_insn_vaddr(insn);
    s->size = qemu_plugin_insn_size(insn);
    if (s->size > sizeof(s->bytes))
        s->size = sizeof(s->bytes);
    memcpy(s->bytes, qemu_plugin_insn_data(insn), s->size);
    s->insn = insn_decode(s->address, s->bytes, s->size);
    qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &begun, 1);
    if (b->component != HYPERVISOR && is_marker(s))
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_marker, QEMU_PLUGIN_CB_NO_REGS, s);
    if (i == b->n - 1 && s->insn.memory)
        qemu_plugin_register_vcpu_mem_inline(insn, QEMU_PLUGIN_MEM_RW, QEMU_PLUGIN_INLINE_ADD_U64, &touched, 1);
    if (b->component == HYPERVISOR && s->insn.memory && s->insn.flow != FLOW_IRET)
        qemu_plugin_register_vcpu_mem_cb(insn, on_memory, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, s);
}

static void find_labels(struct block *b)
{
    for (uint32_t i = 1; i < b->n; i++) {
        struct label *more;

        if (!function_at(b->sites[i].address))
            continue;
        more = realloc(b->labels, (b->labels_n + 1) * sizeof(*more));
        if (!more)
            return;
        b->labels = more;
        b->labels[b->labels_n++] = (struct label){i, b->sites[i].address};
    }
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);
    struct block *b = n ? calloc(1, sizeof(*b) + n * sizeof(struct site)) : NULL;

    (void)id;
    if (!b) {
        out_of_memory = true;
        return;
    }
    b->n = n;
    b->address = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
    b->component = component_of(b->address);
    if (b->component == KERNEL) {
        b->function = function_of(b->address);
        if (!b->function)
            b->function = KERNEL_UNNAMED;
    }
    for (size_t i = 0; i < n; i++)
        translate_insn(b, i, qemu_plugin_tb_get_insn(tb, i));
    if (b->component == HYPERVISOR)
        find_labels(b);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, b);
}

/* ---- the end ---------------------------------------------------------------------------------------------------- */

static void on_exit_of_qemu(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    if (open) /* the machine was switched off by it */
        count_with_labels(open, open_from, begun - open_begun);
    entry_stays(hypervisor_ticks);
    for (unsigned int i = 0; i < SECTIONS; i++) {
        const uint64_t *t = ticks[i];

        if (!i || section_begins[i])
            fprintf(out, "section %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", i,
                    section_begins[i], t[BOOT], t[HYPERVISOR], t[KERNEL], t[USER]);
    }
    tree_print(out);
    entries_print(out);
    fprintf(out, "end %d %" PRIu64 " %u %d\n", booted, unbalanced, section, out_of_memory);
    if (ferror(out) | fclose(out))
        fprintf(stderr, "int82-guest: cannot write all of %s\n", out_path);
}

static bool add_range(const char *value)
{
    char *end;

    entries_start = strtoul(value, &end, 16);
    if (*end != '-')
        return false;
    entries_end = strtoul(end + 1, &end, 16);
    return !*end;
}

static bool read_argument(const char *a)
{
    if (!strncmp(a, "out=", 4))
        return (out = fopen(out_path = strdup(a + 4), "w")) != NULL;
    if (!strncmp(a, "functions=", 10))
        return functions_load(a + 10);
    if (!strncmp(a, "hypervisor=", 11))
        return (hypervisor_start = strtoul(a + 11, NULL, 16)) != 0;
    if (!strncmp(a, "kernel=", 7))
        return (kernel_start = strtoul(a + 7, NULL, 16)) < UINT32_MAX;
    return !strncmp(a, "entries=", 8) && add_range(a + 8);
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    if (!info->system_emulation || info->system.max_vcpus != 1) {
        fprintf(stderr, "int82-guest: one processor of a whole machine, please\n");
        return -1;
    }
    for (int i = 0; i < argc; i++)
        if (!read_argument(argv[i])) {
            fprintf(stderr, "int82-guest: bad argument %s\n", argv[i]);
            return -1;
        }
    if (!out || !hypervisor_start) {
        fprintf(stderr, "int82-guest: out=FILE and hypervisor=ADDRESS are needed\n");
        return -1;
    }
    fprintf(out, "int82-guest 1\n");
    for (unsigned int i = 0; i < SECTIONS; i++)
        roots[i].id = i;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
    return 0;
}
