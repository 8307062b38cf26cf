/* SPDX-License-Identifier: MIT */
/*
 * A boot loader between QEMU's and the hypervisor, which is its first module: it leaves dirt behind (start.S; and RAM
 * from 64 MiB up full of one word), as its command line asks for. tests/cases/dirty_boot.sh
 */
#include <stdint.h>

#define FILL_FROM 0x4000000u
#define OLD_WORD  0x4D444C4Fu /* as in guest/tests/leftovers.c */

struct module {
    uint32_t start, end;
    const char *string;
    uint32_t reserved;
};

struct info {
    uint32_t flags, mem_lower, mem_upper, boot_device;
    const char *cmdline;
    uint32_t mods_count;
    struct module *mods;
};

struct elf {
    uint8_t ident[16];
    uint32_t type_machine, version, entry, phoff, shoff, flags;
    uint16_t ehsize, phentsize, phnum;
};

struct segment {
    uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

uint32_t dirt; /* start.S */
uint32_t load(struct info *info);

static int has_word(const char *text, const char *word)
{
    for (; *text; text++) {
        uint32_t n = 0;

        while (word[n] && text[n] == word[n])
            n++;
        if (!word[n])
            return 1;
    }
    return 0;
}

static uint32_t load_elf(const char *image)
{
    const struct elf *elf = (const struct elf *)image;
    const struct segment *s = (const struct segment *)(image + elf->phoff);

    for (uint32_t i = 0; i < elf->phnum; i++)
        for (uint32_t n = 0; s[i].type == 1 && n < s[i].memsz; n++)
            ((volatile char *)s[i].paddr)[n] = n < s[i].filesz ? image[s[i].offset + n] : 0;
    return elf->entry;
}

uint32_t load(struct info *info)
{
    static const char *const kinds[] = {"cr4", "efer", "sysenter", "debug", "flags", "memory"};
    const struct module *hypervisor = info->mods;

    for (uint32_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (has_word(info->cmdline, kinds[i]))
            dirt |= 1u << i;
    if (dirt & 32)
        for (uint32_t at = FILL_FROM; at < (info->mem_upper << 10) + 0x100000; at += 4)
            *(volatile uint32_t *)at = OLD_WORD;
    info->cmdline = hypervisor->string;
    info->mods++;
    info->mods_count--;
    return load_elf((const char *)hypervisor->start);
}
