/* SPDX-License-Identifier: MIT */
/*
 * A TCG plugin: how long the hypervisor keeps interrupts off, and so the CPU from others. A stretch begins where a
 * guest (or the idle loop) is left and ends where a guest goes on or where STI lets interrupts in; its length is in
 * instructions. For each operation (the last function named do_* that was entered) the longest stretch is kept, with
 * the functions that most of it was spent in. Stretches in which the auditor (audit_*) works are kept apart, as
 * `audit`, lest they hide what else an operation does. tests/cases/longest_stretch.sh asks for it; docs/security.md
 * states the bound.
 *
 *   -plugin build/int82-stretch.so,out=FILE,symbols=FILE      symbols: nm's output for the hypervisor
 *
 * Boot is left out: counting begins at the symbol start_guest, by which the first guest is entered. Whole translation
 * blocks are counted when they begin, so a stretch that ends by a fault may be counted a few instructions too long.
 */
#include "qemu.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

PLUGIN_EXPORT int qemu_plugin_version = 1;
PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);

#define SYMBOLS_MAX 8192
#define TOP         4 /* functions named for each longest stretch */

static struct symbol {
    uint32_t address;
    char name[60];
    bool is_operation, is_audit;
    /* The stretch that goes on: */
    uint64_t epoch, count;
    /* As an operation: */
    uint64_t longest, stretches;
    struct share {
        uint32_t symbol;
        uint64_t count;
    } top[TOP];
} symbols[SYMBOLS_MAX], audit = {.name = "audit"};
static uint32_t symbols_n;
static uint32_t hyp_start, hyp_end; /* the hypervisor's code */
static const struct symbol *start;
static FILE *out;

/* A translation block. Never freed; a run makes some ten thousand. */
struct block {
    uint32_t instructions, symbol, operation; /* operation: a symbol, or 0 */
    bool inside, starts;
};

static bool counting, audited;
static uint64_t stretch, epoch = 1;
static uint32_t operation;

static void keep(struct symbol *of)
{
    of->longest = stretch;
    memset(of->top, 0, sizeof(of->top));
    for (uint32_t i = 0; i < symbols_n; i++) {
        struct share s = {i, symbols[i].count};

        if (symbols[i].epoch != epoch)
            continue;
        for (size_t k = 0; k < TOP; k++)
            if (s.count > of->top[k].count) {
                struct share moved = of->top[k];

                of->top[k] = s;
                s = moved;
            }
    }
}

static void end_stretch(void)
{
    struct symbol *of = audited ? &audit : &symbols[operation];

    if (!stretch)
        return;
    of->stretches++;
    if (stretch > of->longest)
        keep(of);
    stretch = 0;
    audited = false;
    epoch++;
}

static void on_block(unsigned int vcpu, void *data)
{
    const struct block *b = data;
    struct symbol *s = &symbols[b->symbol];

    (void)vcpu;
    if (b->starts)
        counting = true;
    if (!counting)
        return;
    if (!b->inside) {
        end_stretch();
        operation = 0;
        return;
    }
    if (b->operation)
        operation = b->operation;
    else if (!operation)
        operation = b->symbol; /* the entry, until we know better */
    audited |= s->is_audit;
    stretch += b->instructions;
    if (s->epoch != epoch) {
        s->epoch = epoch;
        s->count = 0;
    }
    s->count += b->instructions;
}

static void on_sti(unsigned int vcpu, void *data)
{
    (void)vcpu;
    (void)data;
    if (counting)
        end_stretch();
}

/* The last symbol at or below; 0 is "before all of them". */
static uint32_t symbol_of(uint32_t address)
{
    uint32_t low = 0, high = symbols_n;

    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;

        if (symbols[middle].address <= address)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    struct block *b = calloc(1, sizeof(*b));
    uint32_t address = 0;

    (void)id;
    if (!b)
        return;
    b->instructions = qemu_plugin_tb_n_insns(tb);
    for (size_t i = 0; i < b->instructions; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint32_t symbol;

        address = qemu_plugin_insn_vaddr(insn);
        if (address < hyp_start || address >= hyp_end)
            continue;
        symbol = symbol_of(address);
        if (!b->inside)
            b->symbol = symbol;
        b->inside = true;
        if (symbols[symbol].address == address) {
            b->starts |= &symbols[symbol] == start;
            if (symbols[symbol].is_operation)
                b->operation = symbol;
        }
        if (*(const uint8_t *)qemu_plugin_insn_data(insn) == 0xFB)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_sti, QEMU_PLUGIN_CB_NO_REGS, NULL);
    }
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, b);
}

/* `LONGEST STRETCHES operation: function count, ...`, the longest first. */
static int by_longest(const void *a, const void *b)
{
    const struct symbol *x = *(const struct symbol *const *)a, *y = *(const struct symbol *const *)b;

    return x->longest < y->longest ? 1 : x->longest > y->longest ? -1 : 0;
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *data)
{
    static const struct symbol *sorted[SYMBOLS_MAX + 1];

    (void)id;
    (void)data;
    for (uint32_t i = 0; i < symbols_n; i++)
        sorted[i] = &symbols[i];
    sorted[symbols_n] = &audit;
    qsort(sorted, symbols_n + 1, sizeof(*sorted), by_longest);
    for (uint32_t i = 0; i <= symbols_n && sorted[i]->longest; i++) {
        fprintf(out, "%" PRIu64 " %" PRIu64 " %s:", sorted[i]->longest, sorted[i]->stretches, sorted[i]->name);
        for (size_t k = 0; k < TOP && sorted[i]->top[k].count; k++)
            fprintf(out, "%s %s %" PRIu64, k ? "," : "", symbols[sorted[i]->top[k].symbol].name,
                    sorted[i]->top[k].count);
        fprintf(out, "\n");
    }
    fclose(out);
}

static int by_address(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;

    return x->address < y->address ? -1 : x->address > y->address;
}

/* Code only, and its borders. */
static bool load_symbols(const char *path)
{
    FILE *f = fopen(path, "r");
    struct symbol s = {0};
    char kind;

    if (!f)
        return false;
    while (fscanf(f, "%" SCNx32 " %c %59s", &s.address, &kind, s.name) == 3) {
        if (!strcmp(s.name, "_stext"))
            hyp_start = s.address;
        if (!strcmp(s.name, "_etext"))
            hyp_end = s.address;
        if ((kind != 't' && kind != 'T') || s.name[0] == '.' || symbols_n == SYMBOLS_MAX)
            continue;
        s.is_operation = !strncmp(s.name, "do_", 3);
        s.is_audit = !strncmp(s.name, "audit_", 6);
        symbols[symbols_n++] = s;
    }
    fclose(f);
    qsort(symbols, symbols_n, sizeof(*symbols), by_address);
    for (uint32_t i = 0; i < symbols_n; i++)
        if (!strcmp(symbols[i].name, "start_guest"))
            start = &symbols[i];
    return start && hyp_start < hyp_end;
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    if (!info->system_emulation || info->system.max_vcpus != 1) {
        fprintf(stderr, "int82-stretch: one processor of a whole machine, please\n");
        return -1;
    }
    for (int i = 0; i < argc; i++) {
        bool good = false;

        if (!strncmp(argv[i], "out=", 4))
            good = (out = fopen(argv[i] + 4, "w")) != NULL;
        else if (!strncmp(argv[i], "symbols=", 8))
            good = load_symbols(argv[i] + 8);
        if (!good) {
            fprintf(stderr, "int82-stretch: bad argument %s\n", argv[i]);
            return -1;
        }
    }
    if (!out || !symbols_n) {
        fprintf(stderr, "int82-stretch: out=FILE and symbols=FILE are needed\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
    return 0;
}
