/* SPDX-License-Identifier: MIT */
/* Guest kernels for the tests of their parser. They are put together piece by piece in `image`, then parsed and loaded
 * from a copy of the exact length. */
#ifndef ELF_IMAGE_H
#define ELF_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <xen/elf.h>

#define EHDR_SIZE  52
#define PHDR_SIZE  32
#define SHDR_SIZE  40
#define TEXT_PADDR 0x100000u
#define TEXT_SIZE  0x200u
#define TEXT_ROOM  0x2100u
#define BASE       0xC0000000u

extern uint8_t image[16384];
extern uint32_t used;                  /* bytes of it */
extern uint32_t note_start;            /* where the image's notes begin */
extern uint8_t sections[8][SHDR_SIZE]; /* until write_sections() */

extern uint8_t room[0x10000]; /* what was loaded, from kernel_start up */
extern bool write_outside;    /* something was written outside of the range that was announced */

void put32(uint8_t *at, uint32_t v);
uint32_t get32(const uint8_t *at);
void put16(uint8_t *at, uint16_t v);
uint32_t append(const void *data, uint32_t size);
void add_section(uint32_t name, uint32_t type, uint32_t offset, uint32_t size);
void begin_kernel(void);
void note(uint32_t type, const void *desc, uint32_t size);
void note_string(uint32_t type, const char *s);
void note_number(uint32_t type, uint32_t v);
void end_notes_as_segment(void);
void write_sections(void);
void common_notes(void);
void good_kernel(void);
void string_kernel(const char *s);
const char *parse_n(struct elf_guest *g, uint32_t size);
const char *parse(struct elf_guest *g);

#define EXPECT_ERROR(text)                                                                     \
    do {                                                                                       \
        struct elf_guest g_;                                                                   \
        const char *e_ = parse(&g_);                                                           \
        CHECK(e_ &&strstr(e_, text), "expected \"%s\", got \"%s\"", text, e_ ? e_ : "(none)"); \
    } while (0)

#define EXPECT_GOOD(g)                           \
    do {                                         \
        const char *e_ = parse(g);               \
        CHECK(!e_, "refused: %s", e_ ? e_ : ""); \
    } while (0)

#endif
