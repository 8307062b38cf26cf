/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64 /* a stack switch leaves calls open that nobody returns from */

struct node roots[SECTIONS];
bool out_of_memory;

/* ---- functions -------------------------------------------------------------------------------------------------- */

static struct function *functions;
static size_t functions_n;

static int by_address(const void *a, const void *b)
{
    const struct function *x = a, *y = b;

    return x->address < y->address ? -1 : x->address > y->address;
}

/* Lines `ADDRESS MARK NUMBER`. */
bool functions_load(const char *path)
{
    FILE *f = fopen(path, "r");
    size_t room = 0;
    struct function one;

    if (!f)
        return false;
    while (fscanf(f, "%" SCNx32 " %c %d", &one.address, &one.mark, &one.number) == 3) {
        if (functions_n == room) {
            struct function *more = realloc(functions, (room = room ? 2 * room : 1024) * sizeof(*functions));

            if (!more)
                break;
            functions = more;
        }
        functions[functions_n++] = one;
    }
    one.address = !feof(f);
    fclose(f);
    qsort(functions, functions_n, sizeof(*functions), by_address);
    return !one.address;
}

/* The last one at or below. */
static const struct function *function_below(uint32_t address)
{
    size_t low = 0, high = functions_n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (functions[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low && functions[low - 1].mark != MARK_END ? &functions[low - 1] : NULL;
}

const struct function *function_at(uint32_t address)
{
    const struct function *f = function_below(address);

    return f && f->address == address ? f : NULL;
}

uint32_t function_of(uint32_t address)
{
    const struct function *f = function_below(address);

    return f ? f->address : 0;
}

/* ---- paths ------------------------------------------------------------------------------------------------------ */

struct node *node_enter(struct node *parent, enum node_kind kind, uint32_t from, uint32_t target, uint32_t back)
{
    static uint32_t ids = SECTIONS;
    struct node **link, *n;

    if (parent->depth >= DEPTH_MAX)
        return parent;
    for (link = &parent->children; (n = *link); link = &n->next)
        if (n->kind == kind && n->target == target && n->from == from)
            break;
    if (n) {
        *link = n->next;
    } else {
        n = calloc(1, sizeof(*n));
        if (!n) {
            out_of_memory = true;
            return parent;
        }
        *n = (struct node){.parent = parent, .kind = kind, .id = ids++, .depth = parent->depth + 1};
        n->from = from;
        n->target = target;
        n->back = back;
    }
    n->next = parent->children; /* what is asked for again is at the head */
    parent->children = n;
    n->entries++;
    return n;
}

/* To a function's start other than by a call: a tail call, or assembly that falls through a label. */
struct node *node_jump(struct node *from_node, uint32_t from, uint32_t target)
{
    if (!function_at(target))
        return from_node;
    /* Labels may jump to each other in circles, which is no deeper nesting. */
    for (struct node *n = from_node;; n = n->parent) {
        if (n->target == target)
            return n;
        if (n->kind != NODE_JUMP)
            break;
    }
    return node_enter(from_node, NODE_JUMP, from, target, 0);
}

/* A return that matches no call made since this gate was entered is a jump. */
struct node *node_back(struct node *from_node, uint32_t from, uint32_t target)
{
    for (struct node *n = from_node; n->kind == NODE_CALL || n->kind == NODE_JUMP; n = n->parent)
        if (n->kind == NODE_CALL && n->back == target)
            return n->parent;
    return node_jump(from_node, from, target);
}

/* Inside the hypervisor. The gate through which a guest came stays on the path: it is left when the whole entry ends.
 */
struct node *node_back_from_gate(struct node *n, uint32_t from, uint32_t target)
{
    struct node *gate = n;

    while (gate->kind == NODE_CALL || gate->kind == NODE_JUMP)
        gate = gate->parent;
    return gate->parent && gate->parent->kind != NODE_ROOT ? gate->parent : node_jump(n, from, target);
}

/* ---- what was executed ------------------------------------------------------------------------------------------ */

/* Instructions [from, to) of a block on a path, so many times. */
struct cell {
    const struct node *node;
    const struct block *block;
    uint32_t from, to;
    uint64_t count;
};
static struct cell **cells; /* a hash table of 2^k places, at most half full */
static size_t cells_n, cells_room;

static struct cell **cell_place(const struct node *n, const struct block *b, uint32_t from, uint32_t to)
{
    size_t h = (n->id * 2654435761u) ^ ((uintptr_t)b >> 4) * 40503u ^ from * 977u ^ to * 31u;

    for (;; h++) {
        struct cell **c = &cells[h & (cells_room - 1)];

        if (!*c || ((*c)->node == n && (*c)->block == b && (*c)->from == from && (*c)->to == to))
            return c;
    }
}

static bool cells_grow(void)
{
    struct cell **old = cells;
    size_t room = cells_room;

    cells = calloc(room ? 2 * room : 1 << 16, sizeof(struct cell *));
    if (!cells) {
        cells = old;
        return false;
    }
    cells_room = room ? 2 * room : 1 << 16;
    for (size_t i = 0; i < room; i++)
        if (old[i])
            *cell_place(old[i]->node, old[i]->block, old[i]->from, old[i]->to) = old[i];
    free(old);
    return true;
}

void node_count(struct node *n, struct block *b, uint32_t from, uint32_t to)
{
    struct cell *c = b->cell, **place;

    if (!c || c->node != n || c->from != from || c->to != to) {
        if (2 * cells_n >= cells_room && !cells_grow()) {
            out_of_memory = true;
            return;
        }
        place = cell_place(n, b, from, to);
        if (!*place) {
            *place = calloc(1, sizeof(**place));
            if (!*place) {
                out_of_memory = true;
                return;
            }
            **place = (struct cell){n, b, from, to, 0};
            cells_n++;
        }
        c = b->cell = *place;
    }
    c->count++;
}

/* ---- the file --------------------------------------------------------------------------------------------------- */

static void print_nodes(FILE *out, const struct node *parent)
{
    for (const struct node *n = parent->children; n; n = n->next) {
        fprintf(out, "n %" PRIu32 " %" PRIu32 " %c %" PRIx32 " %" PRIx32 " %" PRIu64 "\n", n->id, parent->id,
                NODE_LETTERS[n->kind], n->from, n->target, n->entries);
        print_nodes(out, n);
    }
}

/* The guest's own code by functions, the hypervisor's by instructions. */
static void print_cell(FILE *out, const struct cell *c)
{
    if (c->block->component != HYPERVISOR) {
        fprintf(out, "k %" PRIu32 " %c %" PRIx32 " %" PRIu64 "\n", c->node->id, c->block->component == USER ? 'u' : 'k',
                c->block->function, c->count * (c->to - c->from));
        return;
    }
    for (uint32_t i = c->from; i < c->to; i++) {
        const struct site *s = &c->block->sites[i];

        fprintf(out, "c %" PRIu32 " %" PRIx32 " ", c->node->id, s->address);
        for (size_t k = 0; k < s->size; k++)
            fprintf(out, "%02x", s->bytes[k]);
        fprintf(out, " %" PRIu64 "\n", c->count);
    }
}

void tree_print(FILE *out)
{
    for (uint32_t i = 0; i < SECTIONS; i++)
        print_nodes(out, &roots[i]);
    for (size_t i = 0; i < cells_room; i++)
        if (cells[i])
            print_cell(out, cells[i]);
}
