/* SPDX-License-Identifier: MIT */
/*
 * What a Multiboot 2 loader has left: a list of tags, each with its size. The list is the loader's own work, not
 * firmware's, so whatever is wrong with it stops the boot. Source: Multiboot2 specification 2.0, 3.6.
 */
#include <asm/acpi.h>
#include <asm/boot_info.h>

#define TAG_ALIGN 8

enum {
    TAG_END = 0,
    TAG_COMMAND_LINE = 1,
    TAG_MODULE = 3,
    TAG_BASIC_MEMORY = 4,
    TAG_MEMORY_MAP = 6,
    TAG_SCREEN = 8,
    TAG_ACPI_OLD = 14,
    TAG_ACPI_NEW = 15,
    TAG_EFI_MAP = 17,
};

struct multiboot2_info {
    uint32_t total_size, reserved;
};

struct tag {
    uint32_t type, size; /* the size includes this, but not what is left empty up to the next tag */
};

struct module_tag {
    struct tag tag;
    uint32_t start, end;
    char text[];
};

struct memory_tag {
    struct tag tag;
    uint32_t lower, upper; /* KiB */
};

#define SCREEN_RGB 1
struct screen_tag {
    struct tag tag;
    uint64_t address;
    uint32_t pitch, width, height;
    uint8_t bits, type;
    uint16_t reserved;
    uint8_t red_at, red_bits, green_at, green_bits, blue_at, blue_bits; /* only of this type */
} __attribute__((packed));

struct map_tag { /* of both maps */
    struct tag tag;
    uint32_t entry_size, version;
    uint8_t entries[];
};

struct map_entry2 {
    uint64_t addr, length;
    uint32_t type, reserved;
};

struct efi_entry {
    uint32_t type, padding;
    uint64_t addr, virtual_addr, pages, attributes;
};

/* Which of the tags that must be there once only have been found. */
struct found {
    const struct tag *command_line, *basic_memory, *memory_map, *screen, *efi_map, *acpi_old, *acpi_new;
};

/* --- Tags, each of which is known to lie within the list */

static void __init at_least(const struct tag *t, uint32_t size)
{
    if (t->size < size)
        panic("Multiboot 2: a tag of type %u has %u bytes, and %u are needed", t->type, t->size, size);
}

static const char *__init tag_string(const struct tag *t, uint32_t offset)
{
    const char *text = (const char *)t + offset;

    at_least(t, offset + 1);
    for (uint32_t i = 0; i < t->size - offset; i++)
        if (!text[i])
            return text;
    panic("Multiboot 2: the text in a tag of type %u has no end", t->type);
}

static void __init note(const struct tag **place, const struct tag *t)
{
    if (*place)
        panic("Multiboot 2: there are two tags of type %u", t->type);
    *place = t;
}

static void __init read_module(struct boot_info *info, const struct tag *t)
{
    const struct module_tag *m = (const void *)t;
    const char *text = tag_string(t, sizeof(*m));

    add_boot_module(info, m->start, m->end, *text ? text : NULL);
}

static void __init read_screen(const struct tag *t)
{
    const struct screen_tag *s = (const void *)t;

    at_least(t, offsetof(struct screen_tag, red_at));
    if (s->type != SCREEN_RGB) /* text: dev/vga.c */
        return;
    at_least(t, sizeof(*s));
    use_boot_screen(&(struct framebuffer){s->address, s->pitch, s->width, s->height, s->bits, s->red_at, s->red_bits,
                                          s->green_at, s->green_bits, s->blue_at, s->blue_bits});
}

static void __init read_tag(struct boot_info *info, struct found *found, const struct tag *t)
{
    switch (t->type) {
    case TAG_COMMAND_LINE:
        note(&found->command_line, t);
        break;
    case TAG_MODULE:
        read_module(info, t);
        break;
    case TAG_BASIC_MEMORY:
        note(&found->basic_memory, t);
        break;
    case TAG_MEMORY_MAP:
        note(&found->memory_map, t);
        break;
    case TAG_SCREEN:
        note(&found->screen, t);
        read_screen(t);
        break;
    case TAG_EFI_MAP:
        note(&found->efi_map, t);
        break;
    case TAG_ACPI_OLD:
        note(&found->acpi_old, t);
        break;
    case TAG_ACPI_NEW:
        note(&found->acpi_new, t);
        break;
    }
}

static void __init read_tags(struct boot_info *info, struct found *found, uint32_t at, uint32_t left)
{
    while (left >= sizeof(struct tag)) {
        const struct tag *t = (const void *)at;
        uint32_t step;

        if (t->size < sizeof(*t) || t->size > left)
            panic("Multiboot 2: a tag of type %u has size %u, and %u bytes are left", t->type, t->size, left);
        if (t->type == TAG_END)
            return;
        read_tag(info, found, t);
        step = MIN(ROUNDUP(t->size, TAG_ALIGN), left);
        at += step;
        left -= step;
    }
    panic("Multiboot 2: the list of tags has no end");
}

/* --- Memory */

static const struct map_tag *__init map_of(const struct tag *t, uint32_t entry_size)
{
    const struct map_tag *map = (const void *)t;

    at_least(t, sizeof(*map));
    if (map->entry_size < entry_size || map->entry_size % sizeof(uint64_t))
        panic("Multiboot 2: a memory map (type %u) with entries of %u bytes", t->type, map->entry_size);
    return map;
}

static uint32_t __init entries_of(const struct map_tag *map)
{
    return (map->tag.size - sizeof(*map)) / map->entry_size;
}

static void __init read_map(struct boot_info *info, const struct tag *t)
{
    const struct map_tag *map = map_of(t, sizeof(struct map_entry2));
    uint32_t n = entries_of(map);

    for (uint32_t i = 0; i < n; i++) {
        const struct map_entry2 *e = (const void *)&map->entries[i * map->entry_size];

        add_boot_memory(info, e->addr, e->length, e->type);
    }
}

/* UEFI specification 2.10, 7.2.3: what a type of memory is when the boot services have ended. */
static uint32_t __init type_of_efi(uint32_t type)
{
    static const uint8_t types[] = {
        [1] = E820_RAM,  [2] = E820_RAM,      /* loader's code, data */
        [3] = E820_RAM,  [4] = E820_RAM,      /* boot services' code, data */
        [7] = E820_RAM,  [8] = E820_UNUSABLE, /* free; with errors */
        [9] = E820_ACPI, [10] = E820_NVS,
    };

    return type < ARRAY_SIZE(types) && types[type] ? types[type] : E820_RESERVED;
}

static void __init read_efi_map(struct boot_info *info, const struct tag *t)
{
    const struct map_tag *map = map_of(t, sizeof(struct efi_entry));
    uint32_t n = entries_of(map);

    for (uint32_t i = 0; i < n; i++) {
        const struct efi_entry *e = (const void *)&map->entries[i * map->entry_size];

        if (e->pages > UINT64_MAX >> PAGE_SHIFT)
            panic("Multiboot 2: EFI memory at %llx has %llx pages", (unsigned long long)e->addr,
                  (unsigned long long)e->pages);
        add_boot_memory(info, e->addr, e->pages << PAGE_SHIFT, type_of_efi(e->type));
    }
}

/* The loader has made its map from EFI's, if there is one. So that one comes first. */
static void __init read_memory(struct boot_info *info, const struct found *found)
{
    const struct memory_tag *basic = (const void *)found->basic_memory;

    if (found->efi_map)
        read_efi_map(info, found->efi_map);
    if (!info->nr_map && found->memory_map)
        read_map(info, found->memory_map);
    if (info->nr_map || !basic)
        return;
    at_least(&basic->tag, sizeof(*basic));
    add_basic_memory(info, basic->lower, basic->upper);
}

static void __init offer_root_in(const struct tag *t)
{
    if (t)
        offer_acpi_root(t + 1, t->size - sizeof(*t));
}

void __init read_multiboot2(struct boot_info *info, uint32_t at)
{
    const struct multiboot2_info *list = loader_data(at, sizeof(*list), "information");
    struct found found = {NULL};

    if (at % TAG_ALIGN)
        panic("Multiboot 2: the list of tags is not aligned (%08x)", at);
    if (list->total_size < sizeof(*list))
        panic("Multiboot 2: the list of tags has %u bytes", list->total_size);
    loader_data(at, list->total_size, "information");
    read_tags(info, &found, at + sizeof(*list), list->total_size - sizeof(*list));
    if (found.command_line)
        info->command_line = tag_string(found.command_line, sizeof(struct tag));
    read_memory(info, &found);
    offer_root_in(found.acpi_old);
    offer_root_in(found.acpi_new);
}
