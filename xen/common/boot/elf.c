/* SPDX-License-Identifier: MIT */
/*
 * Guest kernels: 32-bit ELF executables. Notes, or a string in an older section (__xen_guest), say how a kernel wants
 * to be loaded. The file is not trusted: every offset is checked against the file's size before it is used.
 */
#include <public/elfnote.h>
#include <xen/elf.h>

#define EM_386        3
#define ET_EXEC       2
#define PT_LOAD       1
#define PT_NOTE       4
#define SHT_SYMTAB    2
#define SHT_STRTAB    3
#define SHT_NOTE      7
#define MAX_SECTIONS  4096
#define HIGHEST_GUEST 0xF5800000u /* where the hypervisor begins */

struct ehdr {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version, entry, phoff, shoff, flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct phdr {
    uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

struct shdr {
    uint32_t name, type, flags, addr, offset, size, link, info, addralign, entsize;
};

struct parser {
    const uint8_t *image;
    size_t size;
    const struct ehdr *ehdr;
    struct elf_guest *guest;
    uint32_t paddr_offset;
    uint32_t required, supported; /* features, by XENFEAT_ number */
    uint32_t hv_start_low;
    bool has_notes, has_string;
    bool has_entry, has_pvh_entry; /* notes */
    bool lists_features;           /* SUPPORTED_FEATURES */
    bool needs_unknown_feature;
    bool for_xen3, generic_loader, is_linux, is_pae, wants_symbols;
};

static const void *at(const struct parser *p, uint32_t offset, uint32_t size)
{
    return offset <= p->size && size <= p->size - offset ? p->image + offset : NULL;
}

static bool same(const uint8_t *a, const char *b, size_t n)
{
    while (n--)
        if (a[n] != (uint8_t)b[n])
            return false;
    return true;
}

static uint32_t note_number(const uint8_t *desc, uint32_t size)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < size && i < 4; i++)
        value |= (uint32_t)desc[i] << i * 8;
    return value;
}

static bool starts_with(const uint8_t *s, uint32_t size, const char *prefix)
{
    uint32_t n = 0;

    for (; prefix[n]; n++)
        if (n >= size || s[n] != (uint8_t)prefix[n])
            return false;
    return true;
}

static bool is_name(const uint8_t *s, uint32_t size, const char *name)
{
    uint32_t n = 0;

    while (n < size && name[n] && s[n] == (uint8_t)name[n])
        n++;
    return n == size && !name[n];
}

/* A list of names, separated by `|`. A `!` marks a feature that the guest requires. As on Xen, a guest that requires an
 * unknown feature is refused. */
static const struct {
    const char *name;
    uint32_t bit;
} features[] = {{"writable_page_tables", 1u << 0},
                {"writable_descriptor_tables", 1u << 1},
                {"auto_translated_physmap", 1u << 2},
                {"supervisor_mode_kernel", 1u << 3},
                {"pae_pgdir_above_4gb", 1u << 4},
                {"hvm_callback_vector", 1u << 8},
                {"dom0", 1u << 11}};
#define FEATURES_MISSING (1u << 2 | 1u << 3 | 1u << 8)
#define FEATURE_DOM0     (1u << 11)

static uint32_t feature_bit(const uint8_t *s, uint32_t size)
{
    for (unsigned int i = 0; i < sizeof(features) / sizeof(features[0]); i++)
        if (is_name(s, size, features[i].name))
            return features[i].bit;
    return 0;
}

static void set_features(struct parser *p, const uint8_t *s, uint32_t size)
{
    while (size && *s) {
        bool required = *s == '!';
        uint32_t n, bit;

        s += required;
        size -= required;
        for (n = 0; n < size && s[n] && s[n] != '|'; n++)
            ;
        bit = feature_bit(s, n);
        p->supported |= bit;
        if (required)
            p->required |= bit;
        p->needs_unknown_feature |= required && !bit;
        n += n < size && s[n] == '|';
        s += n;
        size -= n;
    }
}

/* "yes", "no", "bimodal", "yes,bimodal". Every kernel with notes can have L3s above 4 GiB */
static bool is_pae_mode(const uint8_t *s, uint32_t size)
{
    if (starts_with(s, size, "yes"))
        return true;
    for (; size && *s; s++, size--)
        if (starts_with(s, size, "bimodal"))
            return true;
    return false;
}

static void one_note(struct parser *p, uint32_t type, const uint8_t *desc, uint32_t size)
{
    struct elf_guest *g = p->guest;

    p->has_notes = true;
    switch (type) {
    case XEN_ELFNOTE_ENTRY:
        g->entry = note_number(desc, size);
        p->has_entry = true;
        break;
    case XEN_ELFNOTE_PHYS32_ENTRY:
        p->has_pvh_entry = true;
        break;
    case XEN_ELFNOTE_HYPERCALL_PAGE:
        g->hypercall_page = note_number(desc, size);
        break;
    case XEN_ELFNOTE_VIRT_BASE:
        g->virt_base = note_number(desc, size);
        break;
    case XEN_ELFNOTE_PADDR_OFFSET:
        p->paddr_offset = note_number(desc, size);
        break;
    case XEN_ELFNOTE_XEN_VERSION:
        p->for_xen3 = starts_with(desc, size, "xen-3.0");
        break;
    case XEN_ELFNOTE_GUEST_OS:
        p->is_linux = starts_with(desc, size, "linux");
        break;
    case XEN_ELFNOTE_LOADER:
        p->generic_loader = starts_with(desc, size, "generic");
        break;
    case XEN_ELFNOTE_PAE_MODE:
        p->is_pae = g->extended_cr3 = is_pae_mode(desc, size);
        break;
    case XEN_ELFNOTE_FEATURES:
        set_features(p, desc, size);
        break;
    case XEN_ELFNOTE_BSD_SYMTAB:
        p->wants_symbols = starts_with(desc, size, "yes");
        break;
    case XEN_ELFNOTE_HV_START_LOW:
        p->hv_start_low = note_number(desc, size);
        break;
    case XEN_ELFNOTE_SUPPORTED_FEATURES:
        p->lists_features = true;
        p->supported |= note_number(desc, size);
        break;
    case XEN_ELFNOTE_MOD_START_PFN:
        g->unmapped_initrd = note_number(desc, size) != 0;
        break;
    }
}

/* The last note may claim more than its section holds. It is cut off there. */
static void read_notes(struct parser *p, uint32_t offset, uint32_t size)
{
    const uint8_t *notes = at(p, offset, size);

    while (notes && size >= 12) {
        uint32_t namesz = note_number(notes, 4), descsz = note_number(notes + 4, 4), type = note_number(notes + 8, 4);
        uint32_t name_room;

        notes += 12;
        size -= 12;
        if (namesz > size)
            return;
        name_room = (namesz + 3) & ~3u;
        if (name_room > size)
            return;
        if (descsz > size - name_room)
            descsz = size - name_room;
        if (name_room >= 4 && same(notes, "Xen", 4))
            one_note(p, type, notes + name_room, descsz);
        notes += name_room;
        size -= name_room;
        descsz = (descsz + 3) & ~3u;
        if (descsz > size)
            return;
        notes += descsz;
        size -= descsz;
    }
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static uint32_t digit_of(uint8_t c)
{
    return c >= '0' && c <= '9' ? (uint32_t)c - '0' : (uint32_t)(c | 0x20) - 'a' + 10;
}

/* A number: decimal, hexadecimal after 0x, or octal after 0. */
static uint32_t parse_number(const uint8_t *s, uint32_t size)
{
    uint32_t value = 0, base = 10;

    for (; size && is_blank(*s); s++)
        size--;
    if (size > 2 && s[0] == '0' && (s[1] | 0x20) == 'x') {
        base = 16;
        s += 2;
        size -= 2;
    } else if (size && *s == '0')
        base = 8;
    for (; size && digit_of(*s) < base; s++, size--)
        value = value * base + digit_of(*s);
    return value;
}

static void string_option(struct parser *p, const uint8_t *key, uint32_t key_size, const uint8_t *value, uint32_t size)
{
    struct elf_guest *g = p->guest;

#define KEY(name) (key_size == sizeof(name) - 1 && same(key, name, key_size))
    if (KEY("VIRT_BASE"))
        g->virt_base = parse_number(value, size);
    else if (KEY("VIRT_ENTRY"))
        g->entry = parse_number(value, size);
    else if (KEY("ELF_PADDR_OFFSET"))
        p->paddr_offset = parse_number(value, size);
    else if (KEY("HYPERCALL_PAGE"))
        g->hypercall_page = parse_number(value, size) << 12; /* a page number; finish() adds VIRT_BASE */
    else if (KEY("XEN_VER"))
        p->for_xen3 = starts_with(value, size, "xen-3.0") || starts_with(value, size, "3.0");
    else if (KEY("GUEST_OS"))
        p->is_linux = starts_with(value, size, "linux");
    else if (KEY("LOADER"))
        p->generic_loader = starts_with(value, size, "generic");
    else if (KEY("PAE")) {
        p->is_pae = starts_with(value, size, "yes");
        g->extended_cr3 = starts_with(value, size, "yes[extended-cr3]");
    } else if (KEY("FEATURES"))
        set_features(p, value, size);
    else if (KEY("BSD_SYMTAB"))
        p->wants_symbols = true;
#undef KEY
}

/* KEY=VALUE,KEY=VALUE,... As on Xen, a key or a value that is longer than this ends there, and the rest is taken as the
 * next key. Blanks in front of a key are skipped: releases up to 3.0.4 only looked for "KEY=", so blanks made no
 * difference to them. */
#define MAX_KEY   31
#define MAX_VALUE 127

static void read_string(struct parser *p, uint32_t offset, uint32_t size)
{
    const uint8_t *s = at(p, offset, size), *end = s ? s + size : NULL;

    if (!s)
        return;
    p->has_string = true;
    while (s < end && *s) {
        const uint8_t *key, *stop, *value;

        while (s < end && is_blank(*s))
            s++;
        for (key = s; s < end && *s && *s != '=' && *s != ',' && s - key < MAX_KEY; s++)
            ;
        stop = value = s;
        if (s < end && *s == '=')
            for (value = ++s; s < end && *s && *s != ',' && s - value < MAX_VALUE; s++)
                ;
        string_option(p, key, stop - key, value, s - value);
        s += s < end && *s == ',';
    }
}

bool elf_segment(const void *image, const struct elf_guest *g, unsigned int i, struct elf_segment *segment)
{
    const struct ehdr *ehdr = image;
    const struct phdr *h = (const struct phdr *)((const uint8_t *)image + ehdr->phoff) + i;

    *segment = (struct elf_segment){
        .va = h->paddr + g->va_offset, .offset = h->offset, .file_size = h->filesz, .mem_size = h->memsz};
    return h->type == PT_LOAD && h->memsz;
}

static const char *read_segments(struct parser *p)
{
    const struct phdr *h = at(p, p->ehdr->phoff, p->ehdr->phnum * sizeof(*h));
    struct elf_guest *g = p->guest;

    if (!h)
        return "its program headers lie outside the file";
    g->headers = p->ehdr->phnum;
    for (unsigned int i = 0; i < g->headers; i++, h++) {
        if (h->type == PT_NOTE)
            read_notes(p, h->offset, h->filesz);
        if (h->type != PT_LOAD || !h->memsz)
            continue;
        if (!at(p, h->offset, h->filesz) || h->filesz > h->memsz)
            return "a segment lies outside the file";
        g->segments++;
    }
    return g->segments ? NULL : "it has nothing to load";
}

static const struct shdr *section(const struct parser *p, unsigned int i)
{
    return at(p, p->ehdr->shoff + i * sizeof(struct shdr), sizeof(struct shdr));
}

static bool is_guest_section(const struct parser *p, const struct shdr *s)
{
    static const char wanted[] = "__xen_guest";
    const struct shdr *names = p->ehdr->shstrndx < p->ehdr->shnum ? section(p, p->ehdr->shstrndx) : NULL;
    const uint8_t *name;

    if (!names || s->name > names->size || names->size - s->name < sizeof(wanted) ||
        names->offset > UINT32_MAX - s->name)
        return false;
    name = at(p, names->offset + s->name, sizeof(wanted));
    return name && same(name, wanted, sizeof(wanted));
}

static bool has_sections(const struct parser *p)
{
    return p->ehdr->shoff && p->ehdr->shentsize == sizeof(struct shdr) && p->ehdr->shnum <= MAX_SECTIONS &&
           at(p, p->ehdr->shoff, p->ehdr->shnum * sizeof(struct shdr));
}

/* Notes in segments have priority over notes in sections, and these over the string. */
static void read_sections(struct parser *p)
{
    unsigned int n = has_sections(p) ? p->ehdr->shnum : 0;

    if (p->has_notes)
        return;
    for (unsigned int i = 0; i < n; i++)
        if (section(p, i)->type == SHT_NOTE)
            read_notes(p, section(p, i)->offset, section(p, i)->size);
    for (unsigned int i = 0; i < n && !p->has_notes; i++)
        if (is_guest_section(p, section(p, i)))
            read_string(p, section(p, i)->offset, section(p, i)->size);
}

/*
 * The symbol table that BSD kernels find behind their image. It has these parts: the size of the rest; an ELF header;
 * three section headers (an empty one, that of the symbols, that of their strings); the contents of these two sections,
 * each aligned to 4 bytes. Offsets count from the ELF header.
 */
#define SYMBOL_HEADERS (sizeof(struct ehdr) + 3 * sizeof(struct shdr))

static uint32_t align4(uint32_t n)
{
    return (n + 3) & ~3u;
}

static bool find_symbols(const struct parser *p, struct elf_guest *g)
{
    for (unsigned int i = 0; has_sections(p) && i < p->ehdr->shnum; i++) {
        const struct shdr *symbols = section(p, i), *strings;

        if (symbols->type != SHT_SYMTAB || symbols->link >= p->ehdr->shnum)
            continue;
        strings = section(p, symbols->link);
        if (strings->type != SHT_STRTAB || !at(p, symbols->offset, symbols->size) ||
            !at(p, strings->offset, strings->size))
            continue;
        g->symbol_section = i;
        g->string_section = symbols->link;
        return true;
    }
    return false;
}

static void load_symbols(const void *image, const struct elf_guest *g, elf_write_t *write, void *context)
{
    const struct ehdr *file = image;
    const struct shdr *sections = (const void *)((const uint8_t *)image + file->shoff);
    const struct shdr *symbols = &sections[g->symbol_section], *strings = &sections[g->string_section];
    uint32_t symbols_at = SYMBOL_HEADERS, strings_at = align4(symbols_at + symbols->size);
    uint32_t base = g->symbols + sizeof(uint32_t), size = align4(strings_at + strings->size);
    struct ehdr ehdr = *file;
    struct shdr header[3] = {{0}, *symbols, *strings};

    ehdr.shoff = ehdr.ehsize = sizeof(ehdr);
    ehdr.shnum = 3;
    ehdr.phoff = ehdr.phentsize = ehdr.phnum = ehdr.shstrndx = 0;
    header[1].offset = symbols_at;
    header[1].link = 2;
    header[2].offset = strings_at;
    write(context, g->symbols, &size, sizeof(size));
    write(context, base, &ehdr, sizeof(ehdr));
    write(context, base + ehdr.shoff, header, sizeof(header));
    write(context, base + symbols_at, (const uint8_t *)image + symbols->offset, symbols->size);
    write(context, base + strings_at, (const uint8_t *)image + strings->offset, strings->size);
}

/* Checks what the notes or the string say about the kind of guest. */
static const char *check_kind(const struct parser *p)
{
    if (!p->has_notes && !p->has_string)
        return "it is no Xen guest: it has neither Xen's ELF notes nor a __xen_guest section";
    if (p->has_pvh_entry && !p->has_entry)
        return "it can boot only as a PVH guest, not as a 32-bit PV guest (Linux dropped that in 5.9)";
    if (!p->for_xen3)
        return "it is not made for version 3.0 of Xen's interface";
    if (!p->generic_loader && !p->is_linux)
        return "it wants a loader of its own";
    if (!p->is_pae)
        return "it is not made for PAE";
    if (p->needs_unknown_feature)
        return "it cannot do without a feature that this hypervisor does not know";
    if (p->required & FEATURES_MISSING)
        return "it needs a feature that paravirtual guests do not have here";
    if (p->hv_start_low > HIGHEST_GUEST)
        return "it wants the hypervisor to begin at a higher address";
    return NULL;
}

/* Finds the virtual addresses of the segments, from their physical ones. */
static const char *place_segments(const void *image, struct elf_guest *g)
{
    g->kernel_start = ELF_UNSET;
    for (unsigned int i = 0; i < g->headers; i++) {
        struct elf_segment s;

        if (!elf_segment(image, g, i, &s))
            continue;
        if (s.va < g->virt_base || s.va >= HIGHEST_GUEST || s.mem_size > HIGHEST_GUEST - s.va)
            return "a segment lies outside what a guest may use";
        if (s.va < g->kernel_start)
            g->kernel_start = s.va;
        if (s.va + s.mem_size > g->kernel_end)
            g->kernel_end = s.va + s.mem_size;
    }
    return NULL;
}

static const char *place_symbols(const struct parser *p, struct elf_guest *g)
{
    uint32_t start = align4(g->kernel_end);
    uint64_t size = sizeof(uint32_t) + SYMBOL_HEADERS;

    if (!p->wants_symbols || !find_symbols(p, g))
        return NULL;
    size += align4(section(p, g->symbol_section)->size) + (uint64_t)align4(section(p, g->string_section)->size);
    if (size > HIGHEST_GUEST - start)
        return "its symbols do not fit below the hypervisor";
    g->symbols = start;
    g->kernel_end = start + size;
    return NULL;
}

static bool within_kernel(const struct elf_guest *g, uint32_t va)
{
    return va >= g->kernel_start && va < g->kernel_end;
}

/* Sets defaults, computes the addresses, and checks them. */
static const char *finish(struct parser *p)
{
    struct elf_guest *g = p->guest;
    const char *error;

    if (g->virt_base == ELF_UNSET) {
        if (p->paddr_offset != ELF_UNSET)
            return "it has a physical offset, but no virtual base";
        g->virt_base = 0;
    }
    if (p->paddr_offset == ELF_UNSET)
        p->paddr_offset = p->has_notes ? 0 : g->virt_base;
    if (!p->has_notes && g->hypercall_page != ELF_UNSET)
        g->hypercall_page += g->virt_base;
    if (g->entry == ELF_UNSET)
        g->entry = p->ehdr->entry;

    if (g->virt_base & 0xFFF || g->virt_base >= HIGHEST_GUEST)
        return "its virtual base is not a guest's";
    g->no_dom0 = p->lists_features && !(p->supported & FEATURE_DOM0);
    g->va_offset = g->virt_base - p->paddr_offset;
    error = place_segments(p->image, g);
    if (error)
        return error;
    if (!within_kernel(g, g->entry))
        return "its entry point lies outside its segments";
    if (g->hypercall_page != ELF_UNSET && (g->hypercall_page & 0xFFF || !within_kernel(g, g->hypercall_page)))
        return "its hypercall page lies outside its segments";
    return place_symbols(p, g);
}

const char *elf_parse(const void *image, size_t size, struct elf_guest *guest)
{
    struct parser p = {.image = image, .size = size, .guest = guest, .paddr_offset = ELF_UNSET};
    const char *error;

    *guest = (struct elf_guest){
        .virt_base = ELF_UNSET, .entry = ELF_UNSET, .hypercall_page = ELF_UNSET, .symbols = ELF_UNSET};
    p.ehdr = at(&p, 0, sizeof(*p.ehdr));
    if (!p.ehdr || !same(p.ehdr->ident, "\177ELF", 4))
        return "it is no ELF file";
    if (p.ehdr->ident[4] == 2)
        return "it is a 64-bit kernel, and this is a 32-bit hypervisor";
    if (p.ehdr->ident[4] != 1 || p.ehdr->ident[5] != 1 || p.ehdr->machine != EM_386 || p.ehdr->type != ET_EXEC)
        return "it is no 32-bit x86 executable";
    if (p.ehdr->phentsize != sizeof(struct phdr))
        return "its program headers have a strange size";
    error = read_segments(&p);
    if (error)
        return error;
    read_sections(&p);
    error = check_kind(&p);
    return error ?: finish(&p);
}

void elf_load(const void *image, const struct elf_guest *guest, elf_write_t *write, void *context)
{
    for (unsigned int i = 0; i < guest->headers; i++) {
        struct elf_segment s;

        if (elf_segment(image, guest, i, &s))
            write(context, s.va, (const uint8_t *)image + s.offset, s.file_size);
    }
    if (guest->symbols != ELF_UNSET)
        load_symbols(image, guest, write, context);
}
