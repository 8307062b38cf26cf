/* SPDX-License-Identifier: MIT */
/* The guest of fuzz_emulate.c, and what it executes: fuzz_emulate.h. */
#include "fuzz_emulate.h"
#include "choices.h"
#include "windows.h"

#include <asm/emulate.h>

/* The selectors in this process' own DS and GS. What they name in the guest's GDT is chosen. */
#define HOST_DS_INDEX 5
#define HOST_GS_INDEX 12

/* --- The guest */

static uint32_t some_descriptor_high(void)
{
    static const uint32_t high[] = {0x00CFBB00, 0x00CFB300, 0x00CFFB00, 0x00CFF300, 0x0040BB00, 0x0040F300, 0x0000BB00,
                                    0x0000F300, 0x00CFB700, 0x0040F700, 0x0000F700, 0x00CFB900, 0x00CFB100, 0};
    uint32_t choice = below(ARRAY_SIZE(high) + 2);

    return choice < ARRAY_SIZE(high) ? high[choice] : random32();
}

static uint32_t some_descriptor_low(void)
{
    static const uint32_t low[] = {0x0000FFFF, CODE << 16 | 15, DATA << 16 | 0xFFF, DATA << 16, 0x000067FF};
    uint32_t choice = below(ARRAY_SIZE(low) + 1);

    return choice < ARRAY_SIZE(low) ? low[choice] : random32();
}

/* The parts of a base that the low word does not hold. */
static uint32_t with_base(uint32_t high)
{
    static const uint32_t bases[] = {0, 0, CODE & 0xFF000000, DATA & 0xFF000000, 0xF5000000};

    return high | bases[below(ARRAY_SIZE(bases))];
}

static void fill_descriptors(mfn_t mfn)
{
    static const uint16_t places[] = {1, 2, 3, HOST_DS_INDEX, HOST_GS_INDEX, 511};
    uint32_t chosen[ARRAY_SIZE(places)][2], *words;

    for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
        chosen[i][0] = some_descriptor_low();
        chosen[i][1] = with_base(some_descriptor_high());
    }
    words = map_frame(mfn);
    for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
        words[places[i] * 2] = chosen[i][0];
        words[places[i] * 2 + 1] = chosen[i][1];
    }
}

const mfn_t tables[TABLES] = {L1, L1 + 1, L1_ALONE};

void start_kernel(void)
{
    uint32_t *frames = (uint32_t *)DATA, rights = take(&input, 1);

    start(rights & 1);
    memset(&vcpu_info, 0, sizeof(vcpu_info));
    vcpu_info.evtchn_pending_sel = rights >> 1 & 1;
    current->vcpu_info = &vcpu_info;
    current->arch.iopl = rights >> 2 & 3;
    if (rights & 16)
        ours.vm_assist = 1u << VMASST_TYPE_architectural_iopl;
    if (rights & 32) {
        current->arch.io_bitmap = (const void *)(DATA + DATA_SIZE - 16);
        current->arch.io_bitmap_ports = 0x10000;
    }
    current->arch.guest_cr4 = initial_guest_cr4() | (rights & 64 ? 4 : 0) | (rights & 128 ? 8 : 0);
    load_cr4(current);
    current->arch.debugreg[7] = 0x400;
    current->arch.guest_cr0_ts = 0;
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, L1_ALONE, 0), 0);
    for (unsigned int i = 0; i < TABLES; i++)
        CHECK_RC(set_entry(L1, i, entry(tables[i], RO)), 0);
    CHECK_RC(set_entry(L1, TABLES, entry(PAGE_FRAME, RW)), 0);
    CHECK_RC(set_entry(L1 + 1, 0, entry(LDT_FRAME, RO)), 0);
    fill_descriptors(GDT_FRAME);
    fill_descriptors(LDT_FRAME);
    frames[0] = GDT_FRAME;
    (void)do_set_gdt(frames, below(4) ? 512 : below(16));
    told = 0;
    mmuext(MMUEXT_SET_LDT, LDT_VA, below(4) ? 512 : below(16));
    sync_area();
    close_windows();
}

/* --- Instructions */

uint32_t fault_address;

static uint32_t some_value(void)
{
    uint32_t choice = below(12);

    switch (choice) {
    case 0:
        return fault_address;
    case 1:
        return fault_address - (int8_t)take(&input, 1);
    case 2:
        return TABLES_VA + below(4 * PAGE_SIZE);
    case 3:
        return DATA + below(DATA_SIZE + 8);
    case 4:
        return take(&input, 1);
    case 5:
        return HYP_START - take(&input, 1);
    case 6: /* entries */
        return below(FRAMES) << PAGE_SHIFT | (below(2) ? RO : RW);
    case 7:
        return xen_pfn_to_cr3(L3 + below(4));
    case 8: /* ports */
        return take(&input, 2);
    case 9:
        return 0x40000000 + take(&input, 1);
    default:
        return random32();
    }
}

static uint16_t some_selector(bool code)
{
    static const uint16_t selectors[] = {RING1_CS, RING3_CS, RING1_DS, RING3_DS, 0x09, 0x11, 0x1B,       0x0D,
                                         0x15,     0x1F,     0xFFC,    0xFFF,    0,    3,    HYP_CS | 1, 0xDFFB};
    uint32_t choice = below(2 * ARRAY_SIZE(selectors));

    return choice < ARRAY_SIZE(selectors) ? selectors[choice] : code ? RING1_CS : RING1_DS;
}

/* Opcodes that lead somewhere, for the mutator to begin with. It may still write any bytes. */
static unsigned int some_code(uint8_t *code)
{
    static const uint8_t known[][4] = {
        {0x89, 0x03},
        {0xC7, 0x03},
        {0x87, 0x03},
        {0x0F, 0xC7, 0x0B},
        {0xF0, 0x0F, 0xC7, 0x0B},
        {0x0F, 0xB1, 0x0B},
        {0x0F, 0xAB, 0x03},
        {0xA5},
        {0xF3, 0xAB},
        {0x6C},
        {0xF3, 0x6F},
        {0xEC},
        {0xEF},
        {0xE4, 0x70},
        {0x0F, 0x20, 0xC0},
        {0x0F, 0x22, 0xD8},
        {0x0F, 0x21, 0xF8},
        {0x0F, 0x23, 0xC0},
        {0x0F, 0x30},
        {0x0F, 0x32},
        {0x0F, 0x01, 0x3B},
        {0x0F, 0x01, 0xF0},
        {0xF4},
        {0x0F, 0x0B, 'x', 'e'},
        {0x0F, 0x06},
        {0xFA},
        {0x0F, 0x31},
        {0x0F, 0x09},
        {0x00, 0x03},
        {0x83, 0x23},
        {0xFF, 0x03},
        {0xF7, 0x1B},
        {0x0F, 0xC1, 0x03},
    };
    uint32_t choice = below(ARRAY_SIZE(known) * 2), n = 0;

    if (choice < ARRAY_SIZE(known)) {
        for (; n < 4 && (n < 1 || known[choice][n]); n++)
            code[n] = known[choice][n];
        if (known[choice][2] == 'x') {
            memcpy(code + 4, "n\x0f\xa2", 3);
            n = 7;
        }
    } else
        for (uint32_t wanted = below(MAX_INSN + 1); n < wanted; n++)
            code[n] = take(&input, 1);
    return n;
}

struct cpu_user_regs regs;

/* Where the code is: at a page's start, across two pages, up to the end of memory, or anywhere. */
static void place_code(void)
{
    uint8_t code[16] = {0};
    unsigned int n = some_code(code);
    uint32_t at = CODE;

    switch (below(4)) {
    case 1:
        at = CODE + PAGE_SIZE - below(MAX_INSN + 1);
        break;
    case 2:
        at = CODE + CODE_SIZE - n;
        break;
    case 3:
        at = CODE + CODE_SIZE - below(MAX_INSN + 1);
        break;
    }
    for (unsigned int i = 0; i < sizeof(code) && at + i < CODE + CODE_SIZE; i++)
        ((uint8_t *)at)[i] = code[i];
    regs.eip = below(16) ? at : some_value();
    regs.cs = some_selector(true);
    if (regs.cs != RING1_CS && regs.cs != RING3_CS && below(2))
        regs.eip -= CODE;
}

void some_frame_of_registers(void)
{
    static const uint32_t flags[] = {0x202, 0x202, 0x302, 0x602, 0x10202, 0x246};
    uint32_t *words = (uint32_t *)&regs;

    memset(&regs, 0, sizeof(regs));
    fault_address = TABLES_VA + below(4 * PAGE_SIZE);
    for (unsigned int i = 0; i < 7; i++)
        words[i] = some_value();
    regs.esp = some_value();
    regs.eflags = flags[below(ARRAY_SIZE(flags))];
    regs.ss = some_selector(false);
    place_code();
    if (!below(8))
        current->arch.debugreg[below(4)] = regs.edx & 0xFFFF;
    if (!below(8))
        current->arch.debugreg[7] = random32() | 0x400;
}
