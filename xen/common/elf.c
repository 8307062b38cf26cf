/*
 * Guest kernels: 32-bit ELF executables that say in notes, or in an older string section (__xen_guest), how they want to
 * be loaded. The file is not trusted: every offset is checked against its size before it is used.
 */
#include <xen/elf.h>

#define EM_386         3
#define ET_EXEC        2
#define PT_LOAD        1
#define PT_NOTE        4
#define SHT_NOTE       7
#define MAX_SECTIONS   4096
#define HIGHEST_GUEST  0xF5800000u
#define VALUE_LENGTH   64

/* Notes of owner "Xen" (public/elfnote.h) */
enum {
    NOTE_ENTRY = 1, NOTE_HYPERCALL_PAGE = 2, NOTE_VIRT_BASE = 3, NOTE_PADDR_OFFSET = 4, NOTE_XEN_VERSION = 5,
    NOTE_LOADER = 8, NOTE_PAE_MODE = 9, NOTE_FEATURES = 10, NOTE_BSD_SYMTAB = 11, NOTE_MOD_START_PFN = 16,
};

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
    uint32_t required; /* features, by XENFEAT_ number */
    bool has_notes, has_string, not_xen3, pae_refused;
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

/* PAE: "yes", "bimodal" or with options ("yes[extended-cr3]"); anything else cannot run here. */
static void set_pae(struct parser *p, const uint8_t *value, uint32_t size)
{
    p->pae_refused = !starts_with(value, size, "yes") && !starts_with(value, size, "bimodal");
    p->guest->extended_cr3 |= starts_with(value, size, "yes[extended-cr3]");
}

static bool is_name(const uint8_t *s, uint32_t size, const char *name)
{
    uint32_t n = 0;

    while (n < size && name[n] && s[n] == (uint8_t)name[n])
        n++;
    return n == size && !name[n];
}

/* A list of names with `|` between; `!` before those that the guest cannot do without. */
static const char *const features[] = {"writable_page_tables", "writable_descriptor_tables", "auto_translated_physmap",
                                       "supervisor_mode_kernel", "pae_pgdir_above_4gb"};
#define FEATURE_PAE_ABOVE_4GB 4
#define FEATURES_MISSING      (1u << 2 | 1u << 3)

static void set_features(struct parser *p, const uint8_t *s, uint32_t size)
{
    while (size && *s) {
        bool required = *s == '!';
        uint32_t n;

        s += required;
        size -= required;
        for (n = 0; n < size && s[n] && s[n] != '|'; n++)
            ;
        for (unsigned int i = 0; i < sizeof(features) / sizeof(features[0]); i++)
            if (is_name(s, n, features[i])) {
                p->required |= (uint32_t)required << i;
                p->guest->extended_cr3 |= i == FEATURE_PAE_ABOVE_4GB;
            }
        n += n < size && s[n] == '|';
        s += n;
        size -= n;
    }
}

static void one_note(struct parser *p, uint32_t type, const uint8_t *desc, uint32_t size)
{
    struct elf_guest *g = p->guest;

    p->has_notes = true;
    switch (type) {
    case NOTE_ENTRY:
        g->entry = note_number(desc, size);
        break;
    case NOTE_HYPERCALL_PAGE:
        g->hypercall_page = note_number(desc, size);
        break;
    case NOTE_VIRT_BASE:
        g->virt_base = note_number(desc, size);
        break;
    case NOTE_PADDR_OFFSET:
        p->paddr_offset = note_number(desc, size);
        break;
    case NOTE_XEN_VERSION:
        p->not_xen3 = !starts_with(desc, size, "xen-3.0");
        break;
    case NOTE_PAE_MODE:
        set_pae(p, desc, size);
        break;
    case NOTE_FEATURES:
        set_features(p, desc, size);
        break;
    case NOTE_BSD_SYMTAB:
        g->wants_symbols = starts_with(desc, size, "yes") || (size >= 4 && note_number(desc, size) == 1);
        break;
    case NOTE_MOD_START_PFN:
        g->unmapped_initrd = note_number(desc, size) != 0;
        break;
    }
}

/* A last note may claim more than its section holds: it gets what is there. */
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
        if (namesz == 4 && same(notes, "Xen", 4))
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

static uint32_t parse_number(const uint8_t *s, uint32_t size)
{
    uint32_t value = 0, base = 10, i = 0;

    if (size > 2 && s[0] == '0' && (s[1] | 0x20) == 'x') {
        base = 16;
        i = 2;
    }
    for (; i < size; i++) {
        uint32_t d = s[i] >= '0' && s[i] <= '9' ? (uint32_t)s[i] - '0' : (uint32_t)(s[i] | 0x20) - 'a' + 10;

        if (d >= base)
            break;
        value = value * base + d;
    }
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
        g->hypercall_page = parse_number(value, size) << 12; /* a page number, from VIRT_BASE: finish() adds it */
    else if (KEY("XEN_VER"))
        p->not_xen3 = !starts_with(value, size, "xen-3.0") && !starts_with(value, size, "3.0");
    else if (KEY("PAE"))
        set_pae(p, value, size);
    else if (KEY("FEATURES"))
        set_features(p, value, size);
    else if (KEY("BSD_SYMTAB"))
        g->wants_symbols = true;
#undef KEY
}

/* KEY=VALUE,KEY=VALUE,... */
static void read_string(struct parser *p, uint32_t offset, uint32_t size)
{
    const uint8_t *s = at(p, offset, size), *end = s ? s + size : NULL;

    if (!s)
        return;
    p->has_string = true;
    while (s < end && *s) {
        const uint8_t *key = s, *value, *stop;

        while (s < end && *s && *s != '=' && *s != ',')
            s++;
        stop = s;
        value = s;
        if (s < end && *s == '=') {
            value = ++s;
            while (s < end && *s && *s != ',')
                s++;
        }
        string_option(p, key, stop - key, value, s - value);
        while (s < end && (*s == ',' || *s == ' ' || *s == '\n'))
            s++;
    }
}

static const char *read_segments(struct parser *p)
{
    for (unsigned int i = 0; i < p->ehdr->phnum; i++) {
        const struct phdr *h = at(p, p->ehdr->phoff + i * sizeof(*h), sizeof(*h));
        struct elf_guest *g = p->guest;

        if (!h)
            return "its program headers lie outside the file";
        if (h->type == PT_NOTE)
            read_notes(p, h->offset, h->filesz);
        if (h->type != PT_LOAD || !h->memsz)
            continue;
        if (g->segments == ELF_MAX_SEGMENTS)
            return "it has too many segments";
        if (!at(p, h->offset, h->filesz) || h->filesz > h->memsz)
            return "a segment lies outside the file";
        g->segment[g->segments++] = (struct elf_segment){
            .va = h->paddr, .offset = h->offset, .file_size = h->filesz, .mem_size = h->memsz};
    }
    return p->guest->segments ? NULL : "it has nothing to load";
}

static const struct shdr *section(const struct parser *p, unsigned int i)
{
    return at(p, p->ehdr->shoff + i * sizeof(struct shdr), sizeof(struct shdr));
}

static void read_sections(struct parser *p)
{
    const struct shdr *names;

    if (!p->ehdr->shoff || p->ehdr->shentsize != sizeof(struct shdr) || p->ehdr->shnum > MAX_SECTIONS)
        return;
    names = p->ehdr->shstrndx < p->ehdr->shnum ? section(p, p->ehdr->shstrndx) : NULL;
    for (unsigned int i = 0; i < p->ehdr->shnum; i++) {
        static const char wanted[] = "__xen_guest";
        const struct shdr *s = section(p, i);
        const uint8_t *name;

        if (!s)
            return;
        if (s->type == SHT_NOTE && !p->has_notes)
            read_notes(p, s->offset, s->size);
        if (!names || p->has_notes || s->name > names->size || names->size - s->name < sizeof(wanted))
            continue;
        name = at(p, names->offset + s->name, sizeof(wanted));
        if (name && same(name, wanted, sizeof(wanted)))
            read_string(p, s->offset, s->size);
    }
}

/* Defaults, and physical addresses into virtual ones. */
static const char *finish(struct parser *p)
{
    struct elf_guest *g = p->guest;
    uint32_t offset;

    if (!p->has_notes && !p->has_string)
        return "it is no Xen guest: it has neither Xen's ELF notes nor a __xen_guest section";
    if (p->not_xen3)
        return "it is made for another version of Xen's interface than 3.0";
    if (p->pae_refused)
        return "it is not made for PAE";
    if (p->required & FEATURES_MISSING)
        return "it needs a feature that paravirtual guests do not have here";
    if (g->virt_base == ELF_UNSET)
        g->virt_base = 0;
    if (p->paddr_offset == ELF_UNSET)
        p->paddr_offset = p->has_notes ? 0 : g->virt_base;
    if (!p->has_notes && g->hypercall_page != ELF_UNSET)
        g->hypercall_page += g->virt_base;
    if (g->entry == ELF_UNSET)
        g->entry = p->ehdr->entry;

    offset = g->virt_base - p->paddr_offset;
    g->kernel_start = 0xFFFFFFFF;
    for (unsigned int i = 0; i < g->segments; i++) {
        struct elf_segment *s = &g->segment[i];

        s->va += offset;
        if (s->va < g->virt_base || s->va >= HIGHEST_GUEST || s->mem_size > HIGHEST_GUEST - s->va)
            return "a segment lies outside what a guest may use";
        if (s->va < g->kernel_start)
            g->kernel_start = s->va;
        if (s->va + s->mem_size > g->kernel_end)
            g->kernel_end = s->va + s->mem_size;
    }
    if (g->virt_base & 0xFFF || g->virt_base >= HIGHEST_GUEST)
        return "its virtual base is not a guest's";
    if (g->entry < g->kernel_start || g->entry >= g->kernel_end)
        return "its entry point lies outside its segments";
    if (g->hypercall_page != ELF_UNSET &&
        (g->hypercall_page & 0xFFF || g->hypercall_page < g->kernel_start || g->hypercall_page >= g->kernel_end))
        return "its hypercall page lies outside its segments";
    return NULL;
}

const char *elf_parse(const void *image, size_t size, struct elf_guest *guest)
{
    struct parser p = {.image = image, .size = size, .guest = guest, .paddr_offset = ELF_UNSET};
    const char *error;

    *guest = (struct elf_guest){.virt_base = ELF_UNSET, .entry = ELF_UNSET, .hypercall_page = ELF_UNSET};
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
    return finish(&p);
}
