/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "result/row_code.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define FNV_START 14695981039346656037ull
#define FNV_PRIME 1099511628211ull

struct guest_code {
    struct buf file;
    const Elf32_Shdr *sections;
    unsigned sections_n;
    Elf32_Sym *symbols; /* those in the image, by address; of one address, those with a size come first */
    size_t symbols_n;
    const Elf32_Sym *table; /* as in the file: what relocations count in */
    size_t table_n;
    const char *names;
    size_t names_n;
    Elf32_Rel *rels; /* those of the image, by address */
    size_t rels_n;
};

/* ---- the file ------------------------------------------------------------------------------------------------- */

/* What a section holds, if that lies in the file. */
static const void *section_bytes(const struct guest_code *g, const Elf32_Shdr *s)
{
    if (s->sh_type == SHT_NOBITS || s->sh_offset > g->file.n || s->sh_size > g->file.n - s->sh_offset)
        return NULL;
    return g->file.p + s->sh_offset;
}

static const char *name_of(const struct guest_code *g, const Elf32_Sym *s)
{
    return s->st_name < g->names_n ? g->names + s->st_name : "";
}

/* The section of the image that ADDRESS lies in, its end included: a symbol may stand there. */
static const Elf32_Shdr *section_at(const struct guest_code *g, uint32_t address)
{
    for (unsigned i = 0; i < g->sections_n; i++) {
        const Elf32_Shdr *s = &g->sections[i];

        if ((s->sh_flags & SHF_ALLOC) && address >= s->sh_addr && address - s->sh_addr < s->sh_size)
            return s;
    }
    return NULL;
}

/* N bytes at ADDRESS; NULL where there are none in the file (.bss). */
static const uint8_t *bytes_at(const struct guest_code *g, uint32_t address, size_t n)
{
    const Elf32_Shdr *s = section_at(g, address);
    const uint8_t *p = s ? section_bytes(g, s) : NULL;

    return p && n <= s->sh_size - (address - s->sh_addr) ? p + (address - s->sh_addr) : NULL;
}

static int by_address(const void *a, const void *b)
{
    const Elf32_Sym *x = a, *y = b;

    if (x->st_value != y->st_value)
        return x->st_value < y->st_value ? -1 : 1;
    return (x->st_size < y->st_size) - (x->st_size > y->st_size);
}

static int by_offset(const void *a, const void *b)
{
    const Elf32_Rel *x = a, *y = b;

    return (x->r_offset > y->r_offset) - (x->r_offset < y->r_offset);
}

static void take_symbols(struct guest_code *g, const Elf32_Shdr *s)
{
    const Elf32_Shdr *names = s->sh_link < g->sections_n ? &g->sections[s->sh_link] : NULL;

    g->table = section_bytes(g, s);
    g->names = names ? section_bytes(g, names) : NULL;
    if (!g->table || !g->names || !names->sh_size || g->names[names->sh_size - 1])
        return;
    g->names_n = names->sh_size;
    g->table_n = s->sh_size / sizeof(Elf32_Sym);
    for (size_t i = 0; i < g->table_n; i++) {
        unsigned type = ELF32_ST_TYPE(g->table[i].st_info);

        if (type != STT_SECTION && type != STT_FILE && section_at(g, g->table[i].st_value))
            *ARRAY_ADD(g->symbols, g->symbols_n) = g->table[i];
    }
    qsort(g->symbols, g->symbols_n, sizeof(*g->symbols), by_address);
}

static void take_relocations(struct guest_code *g, const Elf32_Shdr *s)
{
    const Elf32_Rel *rels = section_bytes(g, s);

    if (!rels || s->sh_info >= g->sections_n || !(g->sections[s->sh_info].sh_flags & SHF_ALLOC))
        return;
    for (size_t i = 0; i < s->sh_size / sizeof(*rels); i++)
        if (bytes_at(g, rels[i].r_offset, 4))
            *ARRAY_ADD(g->rels, g->rels_n) = rels[i];
}

static bool take_file(struct guest_code *g)
{
    const Elf32_Ehdr *e = (const void *)g->file.p;

    if (g->file.n < sizeof(*e) || memcmp(e->e_ident, ELFMAG, SELFMAG) || e->e_ident[EI_CLASS] != ELFCLASS32 ||
        e->e_shentsize != sizeof(Elf32_Shdr) || e->e_shoff % 4 || e->e_shoff > g->file.n ||
        e->e_shnum > (g->file.n - e->e_shoff) / sizeof(Elf32_Shdr))
        return false;
    g->sections = (const void *)(g->file.p + e->e_shoff);
    g->sections_n = e->e_shnum;
    for (unsigned i = 0; i < g->sections_n; i++) {
        if (g->sections[i].sh_offset % 4 == 0 && g->sections[i].sh_type == SHT_SYMTAB && !g->table)
            take_symbols(g, &g->sections[i]);
        if (g->sections[i].sh_offset % 4 == 0 && g->sections[i].sh_type == SHT_REL)
            take_relocations(g, &g->sections[i]);
    }
    if (g->rels_n)
        qsort(g->rels, g->rels_n, sizeof(*g->rels), by_offset);
    return g->symbols_n && g->rels_n;
}

struct guest_code *guest_code_load(const char *path)
{
    struct guest_code *g = xcalloc(1, sizeof(*g));

    if (file_read(path, &g->file) && take_file(g))
        return g;
    guest_code_free(g);
    return NULL;
}

void guest_code_free(struct guest_code *g)
{
    if (!g)
        return;
    buf_free(&g->file);
    free(g->symbols);
    free(g->rels);
    free(g);
}

/* ---- symbols and relocations ---------------------------------------------------------------------------------- */

static const Elf32_Sym *symbol_called(const struct guest_code *g, const char *name)
{
    for (size_t i = 0; i < g->symbols_n; i++)
        if (!strcmp(name_of(g, &g->symbols[i]), name))
            return &g->symbols[i];
    return NULL;
}

/* The end of a symbol: its size, and in assembly, which gives none, the next symbol or the section's end. */
static uint32_t symbol_end(const struct guest_code *g, const Elf32_Sym *s)
{
    const Elf32_Shdr *section = section_at(g, s->st_value);
    uint32_t end = section->sh_addr + section->sh_size;

    if (s->st_size)
        return s->st_size < end - s->st_value ? s->st_value + s->st_size : end;
    for (const Elf32_Sym *next = s + 1; next < g->symbols + g->symbols_n; next++)
        if (next->st_value > s->st_value)
            return next->st_value < end ? next->st_value : end;
    return end;
}

/* The symbol that ADDRESS lies in, or NULL: a string has none. */
static const Elf32_Sym *symbol_at(const struct guest_code *g, uint32_t address)
{
    size_t low = 0, high = g->symbols_n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (g->symbols[middle].st_value <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return NULL;
    while (low > 1 && g->symbols[low - 2].st_value == g->symbols[low - 1].st_value)
        low--;
    return address < symbol_end(g, &g->symbols[low - 1]) ? &g->symbols[low - 1] : NULL;
}

/* Where the address at a relocation's place points to, and the symbol it was made of. */
static uint32_t target_of(const struct guest_code *g, const Elf32_Rel *rel, const Elf32_Sym **symbol)
{
    size_t index = ELF32_R_SYM(rel->r_info);
    const Elf32_Sym *named = index < g->table_n ? &g->table[index] : NULL;
    uint32_t to;

    memcpy(&to, bytes_at(g, rel->r_offset, 4), 4);
    if (ELF32_R_TYPE(rel->r_info) != R_386_32)
        to += rel->r_offset + 4;
    *symbol = symbol_at(g, to);
    /* An address just behind an array's end belongs to that array, whatever lies there. */
    if (named && ELF32_ST_TYPE(named->st_info) != STT_SECTION && section_at(g, named->st_value))
        *symbol = symbol_at(g, named->st_value);
    return to;
}

/* The first relocation at or behind ADDRESS. */
static const Elf32_Rel *first_rel(const struct guest_code *g, uint32_t address)
{
    size_t low = 0, high = g->rels_n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (g->rels[middle].r_offset < address)
            low = middle + 1;
        else
            high = middle;
    }
    return g->rels + low;
}

/* ---- the hash ------------------------------------------------------------------------------------------------- */

/* What was reached, in the order of reaching it: a symbol's number stands for its name and address. */
struct walk {
    const struct guest_code *g;
    const Elf32_Sym **seen;
    size_t seen_n;
    uint64_t hash;
};

static void add_bytes(struct walk *w, const void *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
        w->hash = (w->hash ^ ((const uint8_t *)data)[i]) * FNV_PRIME;
}

static void add_number(struct walk *w, uint32_t n)
{
    add_bytes(w, &n, sizeof(n));
}

static uint32_t number_of(struct walk *w, const Elf32_Sym *s)
{
    for (size_t i = 0; i < w->seen_n; i++)
        if (w->seen[i] == s)
            return i;
    *ARRAY_ADD(w->seen, w->seen_n) = s;
    return w->seen_n - 1;
}

/* Something without a symbol: a switch's table of addresses, or a string, or another constant up to its first zero. */
static void add_nameless(struct walk *w, uint32_t at)
{
    const Elf32_Shdr *section = section_at(w->g, at);
    const uint8_t *text = section ? bytes_at(w->g, at, 1) : NULL;
    const Elf32_Rel *rel = first_rel(w->g, at), *end = w->g->rels + w->g->rels_n;

    if (!text)
        return add_number(w, at);
    if (rel == end || rel->r_offset != at)
        return add_bytes(w, text, strnlen((const char *)text, section->sh_addr + section->sh_size - at));
    for (; rel < end && rel->r_offset == at; rel++, at += 4) {
        const Elf32_Sym *s;
        uint32_t to = target_of(w->g, rel, &s);

        add_number(w, s ? number_of(w, s) : 0);
        add_number(w, s ? to - s->st_value : 0);
    }
}

static void add_target(struct walk *w, const Elf32_Rel *rel)
{
    const Elf32_Sym *s;
    uint32_t to = target_of(w->g, rel, &s);

    add_number(w, ELF32_R_TYPE(rel->r_info));
    if (!s)
        return add_nameless(w, to);
    add_number(w, number_of(w, s));
    add_number(w, to - s->st_value);
}

/* A symbol's bytes, with what each relocation points to in the place of the address. */
static void add_symbol(struct walk *w, const Elf32_Sym *s)
{
    uint32_t at = s->st_value, end = symbol_end(w->g, s);

    add_number(w, end - at);
    if (!bytes_at(w->g, at, end - at))
        return; /* .bss */
    for (const Elf32_Rel *rel = first_rel(w->g, at); rel < w->g->rels + w->g->rels_n && rel->r_offset + 4 <= end;
         rel++) {
        if (rel->r_offset < at)
            continue;
        add_bytes(w, bytes_at(w->g, at, rel->r_offset - at), rel->r_offset - at);
        add_target(w, rel);
        at = rel->r_offset + 4;
    }
    if (at < end)
        add_bytes(w, bytes_at(w->g, at, end - at), end - at);
}

char *guest_row_code(const struct guest_code *g, const char *name)
{
    /* The row; what measures each of them; the way there from boot. The list of rows is not part of any hash. */
    const char *roots[] = {fmt("row_%s", name), "measure", "_start"};
    const Elf32_Sym *stop = symbol_called(g, "guest_main");
    struct walk w = {.g = g, .hash = FNV_START};
    bool all = stop != NULL;

    for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
        const Elf32_Sym *s = symbol_called(g, roots[i]);

        all = all && s;
        if (s)
            number_of(&w, symbol_at(g, s->st_value));
    }
    for (size_t i = 0; all && i < w.seen_n; i++)
        if (w.seen[i] != symbol_at(g, stop->st_value))
            add_symbol(&w, w.seen[i]);
    free(w.seen);
    free((char *)roots[0]);
    return all ? fmt("%016llx", (unsigned long long)w.hash) : NULL;
}

const char *guest_suite(const struct guest_code *g)
{
    const Elf32_Sym *s = symbol_called(g, "suite_revision");
    const uint8_t *text = s && s->st_size ? bytes_at(g, s->st_value, s->st_size) : NULL;

    return text && !text[s->st_size - 1] ? (const char *)text : NULL;
}

void rows_set_code(struct result *r, const char *path)
{
    struct guest_code *g = guest_code_load(path);

    for (size_t i = 0; g && i < r->rows_n; i++) {
        free(r->rows[i].code);
        r->rows[i].code = guest_row_code(g, r->rows[i].name);
    }
    guest_code_free(g);
}
