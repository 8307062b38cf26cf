/* SPDX-License-Identifier: MIT */
/* What ptwr.c and ptwr_fast.S need of the hypervisor, for test_ptwr.c: ptwr_trial.h. */
#include "ptwr_trial.h"
#include "unit.h"

#include <asm/frames.h>
#include <asm/traps.h>

#include <stdio.h>
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define AREA 0x23000000 /* of the vCPU: its GDT */

struct cpu this_cpu;
mfn_t max_page = 16, window_frame[WIN_SLOTS];
pte_t window_pte[WIN_SLOTS];
uint32_t nx_mask_hi = _PAGE_NX_HI, refused_hi = 0x7FFFFC00;
bool l1tf_vulnerable;
struct domain *dom_io;

struct domain domain;
struct vcpu vcpu;
static struct vcpu_info vcpu_info;
pte_t mapping[L1_ENTRIES] __aligned(PAGE_SIZE); /* the L1 table that maps GUEST_TABLE */
unsigned int bounced_vector;
bool (*acceptable)(pte_t e);

void *window_refill(unsigned int slot, mfn_t mfn)
{
    window_frame[slot] = mfn;
    return (void *)(WINDOWS_START + slot * PAGE_SIZE);
}

pte_t *find_l1_entry_of(uint32_t va)
{
    if (va >> L2_SHIFT != GUEST_TABLE >> L2_SHIFT && va >> L2_SHIFT != LOW_TABLE >> L2_SHIFT)
        return NULL;
    this_cpu.va_table.start = va & -(1u << L2_SHIFT);
    this_cpu.va_table.size = 1u << L2_SHIFT;
    this_cpu.va_table.window = (uint32_t)mapping;
    return &mapping[va >> PAGE_SHIFT & (L1_ENTRIES - 1)];
}

int mod_l1_entry(struct domain *d, pte_t *slot, pte_t new)
{
    if (acceptable && !acceptable(new))
        return -EINVAL;
    *slot = new;
    return 0;
}

int refuse(enum refusal rule, int error, mfn_t frame, uint64_t value)
{
    return error;
}

uint32_t __copy_from_guest(void *dst, const void *src, uint32_t n)
{
    memcpy(dst, src, n);
    return 0;
}

void flush_tlb_now(void)
{
}

bool bounce_trap(struct cpu_user_regs *regs, unsigned int vector, bool with_error_code)
{
    bounced_vector = vector;
    regs->eflags &= ~X86_EFLAGS_TF; /* or this program would get the trap, too */
    return true;
}

void domain_crash(struct vcpu *v, const char *why)
{
    printf("domain_crash: %s\n", why);
}

void free_page(struct page_info *page)
{
}

int get_page_type(struct page_info *page, uint32_t type)
{
    return -EINVAL;
}

int get_page_from_l1e_slow(pte_t e, struct domain *l1_owner, struct domain *pg_owner)
{
    return -EINVAL;
}

void put_page_from_l1e_slow(pte_t e, struct domain *l1_owner)
{
}

uint32_t map_l1_window(mfn_t mfn)
{
    return (uint32_t)map_l1(mfn);
}

void put_old_l1_words(struct domain *d, uint32_t lo, uint32_t hi)
{
}

struct cpu_user_regs bounced;
uint32_t bounced_address;

/* The test goes on where its code would end. */
void bounce_page_fault(struct cpu_user_regs *regs, uint32_t address)
{
    bounced = *regs;
    bounced_vector = TRAP_page_fault;
    bounced_address = address;
    regs->eip = (uint32_t)native_return;
}

pte_t *table_window(void)
{
    return map_l1(TABLE_MFN);
}

void fill_table(void)
{
    uint32_t *native_table = (uint32_t *)GUEST_TABLE;

    for (unsigned int i = 0; i < PAGE_SIZE / 4; i++)
        native_table[i] = random32();
    memcpy(table_window(), native_table, PAGE_SIZE);
}

static bool map_at(uint32_t address, uint32_t size, int prot)
{
    void *p = mmap((void *)address, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    return p == (void *)address;
}

static uint16_t own_ds(void)
{
    uint16_t sel;

    __asm__("mov %%ds, %0" : "=r"(sel));
    return sel;
}

bool set_up_world(void)
{
    uint32_t *gdt;

    if (!map_at(WINDOWS_START, 16 * PAGE_SIZE, PROT_READ | PROT_WRITE) ||
        !map_at(FRAME_TABLE, PAGE_SIZE, PROT_READ | PROT_WRITE) ||
        !map_at(GUEST_TABLE, PAGE_SIZE, PROT_READ | PROT_WRITE) ||
        !map_at(LOW_TABLE, PAGE_SIZE, PROT_READ | PROT_WRITE) || !map_at(SOURCE, PAGE_SIZE, PROT_READ | PROT_WRITE) ||
        !map_at(CODE, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC) ||
        !map_at(AREA, VCPU_AREA_SIZE, PROT_READ | PROT_WRITE))
        return false;
    for (unsigned int i = 0; i < WIN_SLOTS; i++)
        window_frame[i] = INVALID_MFN;
    this_cpu.vcpu = &vcpu;
    this_cpu.domain = &domain;
    forget_va_table();
    vcpu.domain = &domain;
    vcpu.vcpu_info = &vcpu_info;
    vcpu.arch.area = AREA;
    vcpu.arch.flat_cs = RING1_CS;
    vcpu.arch.gdt_entries = 64;
    gdt = (uint32_t *)(AREA + VCPU_AREA_GDT) + 2 * (own_ds() >> 3); /* this program's flat segment */
    gdt[0] = 0x0000FFFF;
    gdt[1] = 0x00CFF300;
    mapping[LOW_TABLE >> PAGE_SHIFT & (L1_ENTRIES - 1)] = make_pte(TABLE_MFN, _PAGE_PRESENT | _PAGE_ACCESSED);
    mapping[GUEST_TABLE >> PAGE_SHIFT & (L1_ENTRIES - 1)] = make_pte(TABLE_MFN, _PAGE_PRESENT | _PAGE_ACCESSED);
    *mfn_to_page(TABLE_MFN) = (struct page_info){
        .count = PGC_allocated | 2, .type_info = PGT_l1_page_table | PGT_validated | PGT_one, .owner = &domain};
    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        ((uint8_t *)SOURCE)[i] = random32();
    return true;
}
