/* SPDX-License-Identifier: MIT */
/*
 * A TCG plugin: counts every instruction that is executed between the two RDTSCs of the bench guest's measured loops
 * (guest/bench/loops.S), by address and call path. `int82-bench profile` starts QEMU with it and makes something of
 * its file; docs/profiling.md has the format.
 *
 *   -plugin build/int82-profile.so,out=FILE,functions=FILE,loop=START-END:START-END[,loop=...]
 *
 * (the measured loop and the equal one that leaves the thing out). Nothing of the machine is changed and nothing counts
 * in its time: the figures that the guest prints are the same.
 *
 * What counts as executed is what -icount counts, since the sum has to be the guest's ticks: QEMU calls us before an
 * instruction, which may still fault. So an instruction is pending until we see where control went. A fault that QEMU
 * finds at run time takes the tick back; one that it knew when it translated (UD2, privileged instructions) does not.
 */
#include "profile/insn.h"
#include "qemu.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

PLUGIN_EXPORT int qemu_plugin_version = 1;
PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);

#define LOOPS_MAX  64
#define LINE_SHIFT 6
#define PAGE_SHIFT 12

/* ---- where we are asked to look ------------------------------------------------------------------------------- */

static struct loop {
    uint32_t start, end;
    bool measured; /* else it is the empty one */
} loops[LOOPS_MAX];
static size_t loops_n;

static uint32_t *functions; /* sorted start addresses of functions */
static size_t functions_n;
static FILE *out;

/* ---- instructions ----------------------------------------------------------------------------------------------- */

enum role { ROLE_NONE, ROLE_LOOP_START, ROLE_RDTSC };

/* An instruction as translated once: what QEMU hands back to us. Never freed; a run makes some ten thousand. */
struct site {
    uint32_t address;
    uint8_t size, bytes[15];
    struct insn insn;
    enum role role;
    bool last;   /* of its translation block: an interrupt may come behind it */
    bool inside; /* a measured or empty loop */
    struct loop *loop;
};

/* ---- the call paths --------------------------------------------------------------------------------------------- */

enum node_kind { NODE_ROOT, NODE_CALL, NODE_JUMP, NODE_GATE, NODE_FAULT, NODE_INTERRUPT };
static const char node_letters[] = "rcjgfi";

struct node {
    struct node *parent, *next, *children;
    enum node_kind kind;
    uint32_t id, from, target, back; /* back: the return address of a call */
    uint64_t entries;
};

struct cell {
    const struct node *node;
    const struct site *site;
    uint64_t count, reads, writes;
    uint64_t undone; /* executions that faulted and so are none */
    uint64_t traps;  /* executions that ended in an exception, undone or not */
};

#define CELLS_MAX   65536 /* powers of two */
#define TOUCHED_MAX 65536

enum touched_kind { DATA_LINE, DATA_PAGE, CODE_LINE, CODE_PAGE, TOUCHED_KINDS };
static const char *const touched_names[] = {"data_lines", "data_pages", "code_lines", "code_pages"};

/* One run of a loop. */
static struct {
    bool active;
    uint32_t index;
    struct loop *loop;
    uint64_t ticks, turns, interrupts;
    uint64_t touched[TOUCHED_KINDS];
    struct node root, *node;
    uint32_t nodes;
    struct cell *pending;
    const struct site *pending_site; /* this translation's; the cell has the first one's */
    bool pending_touched_memory;
    size_t cells_n;
    bool overflow;
} run;

static struct cell cells[CELLS_MAX];
static struct touched {
    uint32_t value, turn;
    uint8_t kind;
} touched[TOUCHED_MAX];
static uint32_t turn_stamp = 1; /* grows over all runs, so the table is never cleared */
static struct loop *armed;      /* entered, its first RDTSC not yet reached */

static bool is_function(uint32_t address)
{
    size_t low = 0, high = functions_n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (functions[middle] < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < functions_n && functions[low] == address;
}

static struct node *child(struct node *parent, enum node_kind kind, const struct site *from, uint32_t target)
{
    struct node *n;

    for (n = parent->children; n; n = n->next)
        if (n->kind == kind && n->target == target && n->from == from->address)
            return n;
    n = calloc(1, sizeof(*n));
    if (!n) {
        run.overflow = true;
        return parent;
    }
    n->parent = parent;
    n->kind = kind;
    n->from = from->address;
    n->target = target;
    n->back = kind == NODE_CALL ? from->address + from->size : 0;
    n->id = ++run.nodes;
    n->next = parent->children;
    parent->children = n;
    return n;
}

static void enter(enum node_kind kind, const struct site *from, uint32_t target)
{
    run.node = child(run.node, kind, from, target);
    run.node->entries++;
}

/* To a function's start other than by a call: a tail call, or assembly that falls through a label. */
static void jump(const struct site *from, uint32_t target)
{
    struct node *n;

    if (!is_function(target))
        return;
    /* Labels may jump to each other in circles, which is no deeper nesting. */
    for (n = run.node;; n = n->parent) {
        if (n->target == target) {
            run.node = n;
            return;
        }
        if (n->kind != NODE_JUMP)
            break;
    }
    enter(NODE_JUMP, from, target);
}

/* A return that fits no call of this gate's is a jump. */
static void back(const struct site *from, uint32_t target)
{
    for (struct node *n = run.node; n->kind == NODE_CALL || n->kind == NODE_JUMP; n = n->parent)
        if (n->kind == NODE_CALL && n->back == target) {
            run.node = n->parent;
            return;
        }
    jump(from, target);
}

static void back_from_gate(const struct site *from, uint32_t target)
{
    struct node *n = run.node;

    while (n->kind == NODE_CALL || n->kind == NODE_JUMP)
        n = n->parent;
    run.node = n->parent ? n->parent : n;
    jump(from, target);
}

/* ---- counting --------------------------------------------------------------------------------------------------- */

static struct cell *cell_of(const struct node *node, const struct site *site)
{
    uint32_t h = (site->address * 2654435761u ^ node->id * 40503u) & (CELLS_MAX - 1);

    for (size_t i = 0; i < CELLS_MAX; i++) {
        struct cell *c = &cells[(h + i) & (CELLS_MAX - 1)];

        if (!c->site) {
            *c = (struct cell){.node = node, .site = site};
            run.cells_n++;
            return c;
        }
        /* One instruction may have been translated more than once; other code may have come to its address. */
        if (c->node == node && c->site->address == site->address && c->site->size == site->size &&
            !memcmp(c->site->bytes, site->bytes, site->size))
            return c;
    }
    run.overflow = true;
    return &cells[h];
}

static void touch(enum touched_kind kind, uint32_t value)
{
    uint32_t h = (value * 2654435761u ^ kind * 977u) & (TOUCHED_MAX - 1);

    for (size_t i = 0; i < TOUCHED_MAX; i++) {
        struct touched *t = &touched[(h + i) & (TOUCHED_MAX - 1)];

        if (t->turn == turn_stamp && (t->value != value || t->kind != kind))
            continue;
        if (t->turn != turn_stamp)
            run.touched[kind]++;
        *t = (struct touched){value, turn_stamp, kind};
        return;
    }
    run.overflow = true;
}

static void executed(struct cell *c)
{
    c->count++;
    run.ticks++;
    if (c->site->inside)
        return;
    touch(CODE_LINE, c->site->address >> LINE_SHIFT);
    touch(CODE_LINE, (c->site->address + c->site->size - 1) >> LINE_SHIFT);
    touch(CODE_PAGE, c->site->address >> PAGE_SHIFT);
    touch(CODE_PAGE, (c->site->address + c->site->size - 1) >> PAGE_SHIFT);
}

/* Control went somewhere that the pending instruction does not lead to: a fault in it, or an interrupt behind it. */
static void leave_unexpectedly(struct cell *c, uint32_t next)
{
    const struct site *s = run.pending_site;
    bool fault;

    if (next == s->address) { /* QEMU begins it anew, for its own reasons */
        c->undone++;
        return;
    }
    if (s->insn.early_fault)
        fault = true;
    else
        fault = !s->last || (s->insn.memory && !run.pending_touched_memory);
    if (fault) {
        c->traps++;
        if (s->insn.early_fault)
            executed(c);
        else
            c->undone++;
        enter(NODE_FAULT, s, next);
    } else {
        executed(c);
        run.interrupts++;
        enter(NODE_INTERRUPT, s, next);
    }
}

/* Now that the next instruction is known. */
static void settle(uint32_t next)
{
    struct cell *c = run.pending;
    const struct site *s = run.pending_site;

    run.pending = NULL;
    if (!insn_leads_to(&s->insn, s->address, s->size, next)) {
        leave_unexpectedly(c, next);
        return;
    }
    executed(c);
    switch (s->insn.flow) {
    case FLOW_CALL:
        enter(NODE_CALL, s, next);
        break;
    case FLOW_RET:
        back(s, next);
        break;
    case FLOW_GATE:
        enter(NODE_GATE, s, next);
        break;
    case FLOW_IRET:
        back_from_gate(s, next);
        break;
    default:
        if (s->insn.flow == FLOW_JUMP && s->inside && s->insn.conditional && next < s->address) {
            run.turns++; /* a new turn of the loop: a new call */
            turn_stamp++;
            run.node = &run.root;
        }
        jump(s, next);
    }
}

/* ---- the file --------------------------------------------------------------------------------------------------- */

static void print_nodes(const struct node *parent)
{
    for (const struct node *n = parent->children; n; n = n->next) {
        fprintf(out, "n %" PRIu32 " %" PRIu32 " %c %" PRIx32 " %" PRIx32 " %" PRIu64 "\n", n->id, parent->id,
                node_letters[n->kind], n->from, n->target, n->entries);
        print_nodes(n);
    }
}

static void free_nodes(struct node *parent)
{
    for (struct node *n = parent->children, *next; n; n = next) {
        next = n->next;
        free_nodes(n);
        free(n);
    }
    parent->children = NULL;
}

static void print_run(void)
{
    fprintf(out, "run %" PRIu32 " %s %" PRIx32 " ticks=%" PRIu64 " turns=%" PRIu64 " interrupts=%" PRIu64, run.index,
            run.loop->measured ? "measured" : "empty", run.loop->start, run.ticks, run.turns, run.interrupts);
    for (size_t i = 0; i < TOUCHED_KINDS; i++)
        fprintf(out, " %s=%" PRIu64, touched_names[i], run.touched[i]);
    fprintf(out, "\n");
    print_nodes(&run.root);
    for (size_t i = 0; i < CELLS_MAX; i++) {
        const struct cell *c = &cells[i];

        if (!c->site)
            continue;
        fprintf(out, "c %" PRIu32 " %" PRIx32 " ", c->node->id, c->site->address);
        for (size_t k = 0; k < c->site->size; k++)
            fprintf(out, "%02x", c->site->bytes[k]);
        fprintf(out, " %d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", c->site->inside, c->count,
                c->reads, c->writes, c->undone, c->traps);
    }
    fprintf(out, "end%s\n", run.overflow ? " overflow" : "");
    fflush(out); /* whoever started QEMU may kill it after the guest's last word */
}

static void run_begin(struct loop *loop)
{
    uint32_t index = run.index + 1;

    memset(&run, 0, sizeof(run));
    memset(cells, 0, sizeof(cells));
    run.index = index;
    run.loop = loop;
    run.node = &run.root;
    run.turns = 1;
    run.active = true;
    turn_stamp++;
}

static void run_end(void)
{
    print_run();
    free_nodes(&run.root);
    run.active = false;
}

/* ---- what QEMU calls -------------------------------------------------------------------------------------------- */

static void on_exec(unsigned int vcpu, void *data)
{
    const struct site *s = data;

    (void)vcpu;
    if (!run.active) {
        if (s->role == ROLE_NONE)
            return;
        if (s->role == ROLE_LOOP_START)
            armed = s->loop;
        if (s->role != ROLE_RDTSC || !armed)
            return;
        /* This RDTSC is in the sample: it reads the clock as it is before itself. */
        run_begin(armed);
        armed = NULL;
    } else {
        if (run.pending)
            settle(s->address);
        if (s->role == ROLE_RDTSC) {
            run_end();
            return;
        }
    }
    run.pending = cell_of(run.node, s);
    run.pending_site = s;
    run.pending_touched_memory = false;
}

/* What gates, IRET and far transfers read and write themselves is part of their price and not counted: QEMU shows it in
 * part only. */
static void on_memory(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
    const struct site *s = data;

    (void)vcpu;
    if (!run.active || !run.pending || run.pending->site->address != s->address)
        return;
    run.pending_touched_memory = true;
    if (s->insn.flow == FLOW_IRET || s->insn.flow == FLOW_GATE)
        return;
    if (qemu_plugin_mem_is_store(info))
        run.pending->writes++;
    else
        run.pending->reads++;
    if (s->inside)
        return;
    touch(DATA_LINE, (uint32_t)address >> LINE_SHIFT);
    touch(DATA_PAGE, (uint32_t)address >> PAGE_SHIFT);
}

static void place(struct site *s)
{
    for (size_t i = 0; i < loops_n && !s->loop; i++)
        if (s->address >= loops[i].start && s->address < loops[i].end)
            s->loop = &loops[i];
    if (!s->loop)
        return;
    s->inside = true;
    if (s->address == s->loop->start)
        s->role = ROLE_LOOP_START;
    else if (s->insn.events & 1ull << EVENT_rdtsc)
        s->role = ROLE_RDTSC;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);

    (void)id;
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        struct site *s = calloc(1, sizeof(*s));

        if (!s)
            return;
        s->address = qemu_plugin_insn_vaddr(insn);
        s->size = qemu_plugin_insn_size(insn);
        if (s->size > sizeof(s->bytes))
            s->size = sizeof(s->bytes);
        memcpy(s->bytes, qemu_plugin_insn_data(insn), s->size);
        s->insn = insn_decode(s->address, s->bytes, s->size);
        s->last = i == n - 1;
        place(s);
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_exec, QEMU_PLUGIN_CB_NO_REGS, s);
        qemu_plugin_register_vcpu_mem_cb(insn, on_memory, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, s);
    }
}

static bool add_loops(const char *value)
{
    char *end;

    for (size_t i = 0; i < 2; i++) {
        if (loops_n == LOOPS_MAX)
            return false;
        loops[loops_n] = (struct loop){.start = strtoul(value, &end, 16), .measured = i == 0};
        if (*end != '-')
            return false;
        loops[loops_n++].end = strtoul(end + 1, &end, 16);
        if (*end != (i ? 0 : ':'))
            return false;
        value = end + 1;
    }
    return true;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static bool load_functions(const char *path)
{
    FILE *f = fopen(path, "r");
    size_t room = 0;
    uint32_t address;

    if (!f)
        return false;
    while (fscanf(f, "%" SCNx32, &address) == 1) {
        if (functions_n == room) {
            uint32_t *more = realloc(functions, (room = room ? 2 * room : 1024) * sizeof(*functions));

            if (!more) {
                fclose(f);
                return false;
            }
            functions = more;
        }
        functions[functions_n++] = address;
    }
    fclose(f);
    qsort(functions, functions_n, sizeof(*functions), by_value);
    return true;
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    if (!info->system_emulation || info->system.max_vcpus != 1) {
        fprintf(stderr, "int82-profile: one processor of a whole machine, please\n");
        return -1;
    }
    for (int i = 0; i < argc; i++) {
        bool good = false;

        if (!strncmp(argv[i], "out=", 4))
            good = (out = fopen(argv[i] + 4, "w")) != NULL;
        else if (!strncmp(argv[i], "functions=", 10))
            good = load_functions(argv[i] + 10);
        else if (!strncmp(argv[i], "loop=", 5))
            good = add_loops(argv[i] + 5);
        if (!good) {
            fprintf(stderr, "int82-profile: bad argument %s\n", argv[i]);
            return -1;
        }
    }
    if (!out || !loops_n) {
        fprintf(stderr, "int82-profile: out=FILE and loop=START-END:START-END are needed\n");
        return -1;
    }
    fprintf(out, "int82-profile 1\n");
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    return 0;
}
