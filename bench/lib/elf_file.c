/* SPDX-License-Identifier: MIT */
#include "lib/elf_file.h"
#include "lib/proc.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static const Elf32_Shdr *section(const struct elf *e, size_t index)
{
    const Elf32_Ehdr *h = (const void *)e->data.p;
    uint64_t at = h->e_shoff + (uint64_t)index * sizeof(Elf32_Shdr);

    if (index >= h->e_shnum || h->e_shentsize != sizeof(Elf32_Shdr) || at + sizeof(Elf32_Shdr) > e->data.n)
        return NULL;
    return (const void *)(e->data.p + at);
}

static bool inside(const struct elf *e, const Elf32_Shdr *s)
{
    return s && (uint64_t)s->sh_offset + s->sh_size <= e->data.n;
}

/* Of several names for one address the first in this order stays: functions, globals, code. */
static int rank(const Elf32_Sym *s)
{
    return (ELF32_ST_TYPE(s->st_info) == STT_FUNC) * 2 + (ELF32_ST_BIND(s->st_info) == STB_GLOBAL);
}

struct candidate {
    struct symbol symbol;
    int rank;
};

static int by_address(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->symbol.address != y->symbol.address)
        return x->symbol.address < y->symbol.address ? -1 : 1;
    if (x->symbol.code != y->symbol.code)
        return x->symbol.code ? -1 : 1;
    return x->rank != y->rank ? y->rank - x->rank : strcmp(x->symbol.name, y->symbol.name);
}

static void read_symbols(struct elf *e, const Elf32_Shdr *table)
{
    const Elf32_Shdr *strings = section(e, table->sh_link);
    const Elf32_Sym *s = (const void *)(e->data.p + table->sh_offset);
    struct candidate *all = NULL;
    size_t n = 0;

    if (!inside(e, strings) || !strings->sh_size || e->data.p[strings->sh_offset + strings->sh_size - 1])
        die(EXIT_MISSING, "%s: its symbol table is broken", e->path);
    for (size_t i = 0; i < table->sh_size / sizeof(*s); i++, s++) {
        unsigned type = ELF32_ST_TYPE(s->st_info);
        const Elf32_Shdr *home = section(e, s->st_shndx);
        struct candidate *c;

        if (!home || !(home->sh_flags & SHF_ALLOC) || type > STT_FUNC || s->st_name >= strings->sh_size)
            continue;
        c = ARRAY_ADD(all, n);
        c->symbol.address = s->st_value;
        c->symbol.name = e->data.p + strings->sh_offset + s->st_name;
        c->symbol.code = home->sh_flags & SHF_EXECINSTR;
        c->rank = rank(s);
        if (!*c->symbol.name)
            n--;
    }
    qsort(all, n, sizeof(*all), by_address);
    for (size_t i = 0; i < n; i++)
        if (!i || all[i].symbol.address != all[i - 1].symbol.address)
            *ARRAY_ADD(e->symbols, e->symbols_n) = all[i].symbol;
    free(all);
}

struct elf *elf_load(const char *path)
{
    struct elf *e = xcalloc(1, sizeof(*e));
    const Elf32_Ehdr *h;

    e->path = xstrdup(path);
    if (!file_read(path, &e->data))
        die(EXIT_MISSING, "cannot read %s", path);
    h = (const void *)e->data.p;
    if (e->data.n < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_ident[EI_CLASS] != ELFCLASS32)
        die(EXIT_MISSING, "%s is no 32-bit ELF file", path);
    for (size_t i = 0; i < h->e_shnum; i++) {
        const Elf32_Shdr *s = section(e, i);

        if (s && s->sh_type == SHT_SYMTAB && inside(e, s))
            read_symbols(e, s);
    }
    if (!e->symbols_n)
        die(EXIT_MISSING, "%s has no symbols; name the file that has them with --symbols (SYMBOLS=)", path);
    return e;
}

static uint32_t code_end(const struct elf *e, uint32_t address)
{
    const Elf32_Ehdr *h = (const void *)e->data.p;

    for (size_t i = 0; i < h->e_shnum; i++) {
        const Elf32_Shdr *s = section(e, i);

        if (s && s->sh_flags & SHF_EXECINSTR && address >= s->sh_addr && address - s->sh_addr < s->sh_size)
            return s->sh_addr + s->sh_size;
    }
    return 0;
}

bool elf_has_code(const struct elf *e, uint32_t address)
{
    return code_end(e, address) != 0;
}

static size_t symbol_index(const struct elf *e, uint32_t address)
{
    size_t low = 0, high = e->symbols_n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (e->symbols[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low; /* the first symbol behind ADDRESS */
}

const struct symbol *elf_symbol(const struct elf *e, uint32_t address)
{
    size_t i = symbol_index(e, address);

    return elf_has_code(e, address) && i && e->symbols[i - 1].code ? &e->symbols[i - 1] : NULL;
}

uint32_t elf_symbol_end(const struct elf *e, uint32_t address)
{
    size_t i = symbol_index(e, address);
    uint32_t end = code_end(e, address);

    return i < e->symbols_n && (!end || e->symbols[i].address < end) ? e->symbols[i].address : end;
}

const void *elf_bytes(const struct elf *e, uint32_t address, size_t n)
{
    const Elf32_Ehdr *h = (const void *)e->data.p;

    for (size_t i = 0; i < h->e_shnum; i++) {
        const Elf32_Shdr *s = section(e, i);

        if (inside(e, s) && s->sh_type == SHT_PROGBITS && s->sh_flags & SHF_ALLOC && address >= s->sh_addr &&
            (uint64_t)address + n <= (uint64_t)s->sh_addr + s->sh_size)
            return e->data.p + s->sh_offset + (address - s->sh_addr);
    }
    return NULL;
}

/* ---- lines ------------------------------------------------------------------------------------------------------ */

static char *short_path(const char *file, size_t n)
{
    const char *root = tree_root();
    size_t root_n = strlen(root);

    if (n > root_n + 1 && !strncmp(file, root, root_n) && file[root_n] == '/') {
        file += root_n + 1;
        n -= root_n + 1;
    }
    while (n > 2 && !strncmp(file, "./", 2)) {
        file += 2;
        n -= 2;
    }
    return xstrndup(file, n);
}

/* FILE:LINE, perhaps with " (discriminator N)". */
static void read_line(struct line *l, const char *text, size_t n)
{
    const char *colon = memchr(text, ' ', n);

    if (colon)
        n = colon - text;
    for (colon = text + n; colon > text && colon[-1] != ':'; colon--)
        ;
    if (colon == text || text[0] == '?')
        return;
    free(l->file);
    l->file = short_path(text, colon - text - 1);
    l->line = strtoul(colon, NULL, 10);
}

void elf_lines(const struct elf *e, struct line *lines, size_t n)
{
    char *dir = temp_dir("/tmp", "int82-lines"), *list = fmt("%s/addresses", dir), *argument = fmt("@%s", list);
    struct buf addresses = {0}, out = {0};
    const char *p;

    for (size_t i = 0; i < n; i++) {
        lines[i].file = xstrdup("?");
        lines[i].line = 0;
        buf_printf(&addresses, "0x%x\n", lines[i].address);
    }
    if (n)
        file_write(list, addresses.p, addresses.n);
    if (n && capture((const char *[]){"addr2line", "-e", e->path, argument, NULL}, NULL, &out, 120))
        warn("addr2line fails on %s: no source lines", e->path);
    p = out.p;
    for (size_t i = 0; p && *p && i < n; i++) {
        size_t length = strcspn(p, "\n");

        read_line(&lines[i], p, length);
        p += length + (p[length] == '\n');
    }
    remove_tree(dir);
    temp_keep(dir);
    free(dir);
    free(list);
    free(argument);
    buf_free(&addresses);
    buf_free(&out);
}
