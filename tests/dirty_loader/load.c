/* SPDX-License-Identifier: MIT */
/*
 * A boot loader between QEMU's and the hypervisor, which is its first module: it leaves dirt behind (start.S; and RAM
 * from 64 MiB up full of one word), or tells of an odd memory map, as its command line asks for.
 * tests/cases/dirty_boot.sh, boot_maps.sh
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
    uint32_t syms[4], mmap_length;
    struct entry *mmap;
};

struct entry {
    uint32_t size;
    uint64_t addr, length;
    uint32_t type;
} __attribute__((packed));

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

/* --- Odd memory maps. All tell of the RAM that is there, but for what the case expects to miss. */

#define MIB        (1u << 20)
#define LOW_END    0x9FC00u
#define SIZE       20u
#define RAM        1
#define RESERVED   2
#define HIGH_START (64 * MIB) /* the hypervisor, its guests and QEMU's modules lie elsewhere */

static struct entry map[256];
static uint32_t entries;

static void entry(uint64_t start, uint64_t end, uint32_t type)
{
    map[entries++] = (struct entry){SIZE, start, end - start, type};
}

static void odd_map(struct info *info)
{
    uint32_t end = (info->mem_upper << 10) + MIB;

    if (has_word(info->cmdline, "map=overlap")) { /* twice, within, half, and half of it reserved */
        entry(MIB, end, RAM);
        entry(MIB, end, RAM);
        entry(2 * MIB, 40 * MIB, RAM);
        entry(HIGH_START, end - 4 * MIB, RAM);
        entry(end - 4 * MIB, end + 4 * MIB, RESERVED);
        entry(end - 8 * MIB, end + MIB, RAM);
        entry(0, 2 * MIB, RAM);
    } else if (has_word(info->cmdline, "map=many")) { /* 100 pairs: descending, each with a hole behind it */
        for (uint32_t i = 100; i-- > 0;) {
            entry(HIGH_START + i * 0x10000, HIGH_START + i * 0x10000 + 0x8000, RAM);
            entry(HIGH_START + i * 0x10000 + 0x8000, HIGH_START + i * 0x10000 + 0xC000, RESERVED);
        }
        entry(HIGH_START + 100 * 0x10000, end, RAM);
        entry(MIB, HIGH_START, RAM);
        entry(0, LOW_END, RAM);
    } else if (has_word(info->cmdline, "map=hole")) { /* as old machines have it, at 15 MiB */
        entry(15 * MIB, 16 * MIB, RESERVED);
        entry(0, end, RAM);
    } else if (has_word(info->cmdline, "map=endless")) { /* an entry that leads back to itself */
        entry(0, LOW_END, RAM);
        entry(MIB, end, RAM);
        entry(end, end + MIB, RAM);
        map[entries - 1].size = -4;
        entry(end + MIB, end + 2 * MIB, RAM);
    } else
        return;
    info->mmap = map;
    info->mmap_length = entries * sizeof(map[0]);
}

/* --- The local APIC */

#define APIC(reg)       (*(volatile uint32_t *)(0xFEE00000 + (reg)))
#define MSR_APIC_BASE   0x1B
#define APIC_ENABLE     0x800u
#define APIC_X2APIC     0x400u
#define TO_ITSELF       0x44000 /* as a destination's shorthand */
#define APIC_ICR        0x300
#define APIC_X2APIC_ICR 0x830

void ignore_interrupt(void); /* start.S: no EOI */

static void change_apic_base(uint32_t set, uint32_t clear)
{
    uint32_t lo, hi;

    __asm__("rdmsr" : "=a"(lo), "=d"(hi) : "c"(MSR_APIC_BASE));
    __asm__ volatile("wrmsr" ::"a"((lo & ~clear) | set), "d"(hi), "c"(MSR_APIC_BASE));
}

/* Requests wait: int 0x80, a hypercall, an exception, and a timer's. */
static void dirty_requests(int by_msr)
{
    static const uint8_t waiting[] = {0x18, 0x80, 0x82, 0xF0};

    for (uint32_t i = 0; i < sizeof(waiting); i++)
        if (by_msr)
            __asm__ volatile("wrmsr" ::"a"(TO_ITSELF | waiting[i]), "d"(0), "c"(APIC_X2APIC_ICR));
        else
            APIC(APIC_ICR) = TO_ITSELF | waiting[i];
}

/* In the middle of an interrupt, with others waiting, all priorities refused, and the timer running. */
static void dirty_apic(void)
{
    static uint64_t idt[256];
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) idtr = {sizeof(idt) - 1, (uint32_t)idt};
    uint32_t handler = (uint32_t)ignore_interrupt;
    uint16_t cs;

    __asm__("mov %%cs, %0" : "=r"(cs));
    for (uint32_t i = 0; i < 256; i++)
        idt[i] = (uint64_t)(handler >> 16) << 48 | 0x8E0000000000ull | (uint32_t)cs << 16 | (handler & 0xFFFF);
    __asm__ volatile("outb %0, $0x21; outb %0, $0xA1" ::"a"((uint8_t)0xFF));
    APIC(0xF0) = 0x1FF;    /* on */
    APIC(0x80) = 0;        /* all priorities */
    APIC(0x310) = 0;       /* to itself: */
    APIC(0x300) = 0x440F8; /* vector F8, taken and never ended */
    __asm__ volatile("lidt %0; sti; nop; nop; nop; cli" ::"m"(idtr) : "memory");
    APIC(0x300) = 0x440E5; /* vector E5 waits */
    dirty_requests(0);
    APIC(0x80) = 0xF0;
    APIC(0x3E0) = 0xB;
    APIC(0x320) = 0x20055; /* periodic */
    APIC(0x380) = 10000;
    APIC(0x350) = 0x700;
}

uint32_t load(struct info *info)
{
    static const char *const kinds[] = {"cr4", "efer", "sysenter", "debug", "flags", "memory", "apic", "x2", "off"};
    const struct module *hypervisor = info->mods;

    for (uint32_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (has_word(info->cmdline, kinds[i]))
            dirt |= 1u << i;
    if (dirt & 32)
        for (uint32_t at = FILL_FROM; at < (info->mem_upper << 10) + 0x100000; at += 4)
            *(volatile uint32_t *)at = OLD_WORD;
    if (dirt & 64)
        dirty_apic();
    if (dirt & 128)
        change_apic_base(APIC_X2APIC, 0);
    if (dirt & 256)
        change_apic_base(0, APIC_ENABLE);
    odd_map(info);
    info->cmdline = hypervisor->string;
    info->mods++;
    info->mods_count--;
    return load_elf((const char *)hypervisor->start);
}
