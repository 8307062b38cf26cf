/* SPDX-License-Identifier: MIT */
/* The executed functions, instruction by instruction. */
#include "lib/proc.h"
#include "profile/view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct insn_text {
    uint32_t address;
    char *text;
};

/* objdump's lines `ADDRESS:\tmnemonic operands`. */
static struct insn_text *disassemble(const struct elf *e, size_t *n)
{
    struct insn_text *all = NULL;
    struct buf out = {0};

    if (capture((const char *[]){"objdump", "-d", "--no-show-raw-insn", e->path, NULL}, NULL, &out, 120)) {
        warn("objdump fails on %s: no listing of it", e->path);
        return NULL;
    }
    for (char *p = out.p, *next; p && *p; p = next) {
        size_t length = strcspn(p, "\n");
        struct insn_text t;
        char *colon;

        next = p + length + (p[length] == '\n');
        p[length] = 0;
        t.address = strtoul(p, &colon, 16);
        if (colon == p || strncmp(colon, ":\t", 2))
            continue;
        t.text = xstrdup(colon + 2);
        for (char *s = t.text + strlen(t.text); s > t.text && s[-1] == ' '; s--)
            s[-1] = 0;
        *ARRAY_ADD(all, *n) = t;
    }
    buf_free(&out);
    return all;
}

static void add_count(struct buf *b, const struct view *v, uint64_t n)
{
    if (!n)
        buf_printf(b, "%14s", "."); /* never executed */
    else if (v->calls)
        buf_printf(b, "%14.2f", (double)n / v->calls);
    else
        buf_printf(b, "%14" PRIu64, n);
}

static size_t first_at(const struct insn_text *t, size_t n, uint32_t address)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (t[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void list_function(struct buf *b, const struct view *v, const struct function *f, const struct elf *e,
                          const struct insn_text *t, size_t n)
{
    uint32_t end = elf_symbol_end(e, f->start);

    buf_printf(b, "%s (%s): %s\n", f->name, f->file, view_ticks(v, f->self.v[METRIC_TICKS]));
    for (size_t i = first_at(t, n, f->start); i < n && t[i].address < end; i++) {
        const struct place *p = view_place(v, t[i].address);
        bool known = p->address == t[i].address;

        add_count(b, v, known ? p->self.v[METRIC_TICKS] : 0);
        buf_printf(b, "  %8x  ", t[i].address);
        if (known && p->line)
            buf_printf(b, "%-48s %s:%u\n", t[i].text, p->file, p->line);
        else
            buf_printf(b, "%s\n", t[i].text);
    }
    buf_printf(b, "\n");
}

char *listing_text(const struct view *v, struct elf *const *elfs, size_t elfs_n)
{
    struct buf b = {0};

    buf_add(&b, "", 0);
    for (size_t k = 0; k < elfs_n; k++) {
        size_t n = 0;
        struct insn_text *t = disassemble(elfs[k], &n);

        for (size_t i = 0; i < v->functions_n; i++)
            if (v->functions[i].self.v[METRIC_TICKS] && elf_has_code(elfs[k], v->functions[i].start))
                list_function(&b, v, &v->functions[i], elfs[k], t, n);
        for (size_t i = 0; i < n; i++)
            free(t[i].text);
        free(t);
    }
    return b.p;
}
