/* SPDX-License-Identifier: MIT */
#include "profile/hypercalls.h"
#include "profile/guest_profile.h"

#include "../xen/include/xen/trace_format.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define IRET "iret" /* its result is the guest's own EAX */

static const char *name_of(uint32_t number)
{
    return number < TRACE_NUMBER ? hypercall_name(number) : NULL;
}

char *hypercalls_mask(const char *globs, uint64_t *mask)
{
    char *list = xstrdup(globs), *save, *bad = NULL;

    *mask = 0;
    for (char *glob = strtok_r(list, ",", &save); glob && !bad; glob = strtok_r(NULL, ",", &save)) {
        uint64_t fits = 0;

        for (unsigned number = 0; number <= TRACE_NUMBER; number++)
            if (!fnmatch(glob, name_of(number) ?: "unknown", 0))
                fits |= 1ull << number;
        if (!fits)
            bad = xstrdup(glob);
        *mask |= fits;
    }
    if (!bad && !*mask)
        bad = xstrdup(globs);
    free(list);
    return bad;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static void begin(struct hypercalls *h, const struct trace_begin *r)
{
    struct hypercall *c = ARRAY_ADD(h->v, h->n);

    c->who = r->who;
    c->call = r->call;
    c->entry = r->entry;
    c->number = r->number;
    memcpy(c->args, r->args, sizeof(c->args));
    c->eip = r->eip;
    c->esp = r->esp;
}

/* Which of the calls that have begun this is the end of; the last ones are looked at first. */
static bool end(struct hypercalls *h, const struct trace_end *r)
{
    for (size_t i = h->n; i-- > 0;) {
        struct hypercall *c = &h->v[i];

        if (c->call != r->call || c->entry != r->entry)
            continue;
        if (c->returned || c->who != r->who)
            return false;
        c->returned = true;
        c->others_ran = r->flags & TRACE_OTHERS_RAN;
        c->goes_on_in = r->flags & TRACE_AGAIN ? UINT32_MAX : 0; /* in which, connect() finds out */
        c->has_result = !(r->flags & TRACE_AGAIN) && strcmp(name_of(c->number) ?: "", IRET);
        c->result = r->result;
        c->instructions = r->instructions[0] | (uint64_t)r->instructions[1] << 32;
        return true;
    }
    return false;
}

/* A call that is made again has the same number, and comes from the same place with the same stack. An event's handler
 * may make others in between. */
static void connect(struct hypercalls *h)
{
    for (size_t i = 0; i < h->n; i++) {
        struct hypercall *c = &h->v[i];
        size_t next = i + 1;

        if (c->goes_on_in != UINT32_MAX)
            continue;
        while (c->entry == NO_ENTRY && next < h->n &&
               (h->v[next].who != c->who || h->v[next].entry != NO_ENTRY || h->v[next].number != c->number ||
                h->v[next].eip != c->eip || h->v[next].esp != c->esp))
            next++;
        if (c->entry != NO_ENTRY || next == h->n)
            continue;
        c->goes_on_in = h->v[next].call;
        h->v[next].rest_of = c->call;
    }
}

char *hypercalls_load(struct hypercalls *h, const struct buf *data)
{
    uint32_t magic = 0, kind;
    size_t at = sizeof(magic);

    if (data->n >= at)
        memcpy(&magic, data->p, at);
    if (magic != TRACE_MAGIC)
        return xstrdup(data->n ? "what the hypervisor wrote is no trace" : "the hypervisor wrote no trace");
    while (at + sizeof(kind) <= data->n) {
        struct trace_begin b;
        struct trace_end e;
        size_t size;
        bool good = true;

        memcpy(&kind, data->p + at, sizeof(kind));
        size = kind == TRACE_BEGIN ? sizeof(b) : sizeof(e);
        if (kind != TRACE_BEGIN && kind != TRACE_END)
            return fmt("the trace is damaged at byte %zu", at);
        if (at + size > data->n)
            break;
        if (kind == TRACE_BEGIN) {
            memcpy(&b, data->p + at, size);
            begin(h, &b);
        } else {
            memcpy(&e, data->p + at, size);
            good = end(h, &e);
        }
        if (!good)
            return fmt("the trace is damaged at byte %zu: a call ends that had not begun", at);
        at += size;
    }
    connect(h);
    return NULL;
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

static void sequence(char *text, size_t room, const struct hypercall *c)
{
    if (c->entry == NO_ENTRY)
        snprintf(text, room, "%" PRIu32, c->call);
    else
        snprintf(text, room, "%" PRIu32 ".%" PRIu32, c->call, c->entry);
}

static void notes(struct buf *b, const struct hypercall *c)
{
    if (!c->returned)
        buf_printf(b, "  no return");
    if (c->rest_of)
        buf_printf(b, "  rest of %" PRIu32, c->rest_of);
    if (c->goes_on_in == UINT32_MAX)
        buf_printf(b, "  goes on");
    else if (c->goes_on_in)
        buf_printf(b, "  goes on in %" PRIu32, c->goes_on_in);
    if (c->others_ran)
        buf_printf(b, "  others ran");
}

static void line(struct buf *b, const struct hypercall *c)
{
    char text[40];

    sequence(text, sizeof(text), c);
    buf_printf(b, "%-10s ", text);
    snprintf(text, sizeof(text), "d%" PRIu32 "v%" PRIu32, c->who >> 16, c->who & 0xffff);
    buf_printf(b, "%-7s ", text);
    if (name_of(c->number))
        snprintf(text, sizeof(text), "%s", name_of(c->number));
    else
        snprintf(text, sizeof(text), "unknown(%" PRIu32 ")", c->number);
    buf_printf(b, "%-29s", text);
    for (size_t i = 0; i < 6; i++)
        buf_printf(b, " %8" PRIx32, c->args[i]);
    if (c->has_result)
        buf_printf(b, " %8" PRIx32 " %11" PRId32, c->result, (int32_t)c->result);
    else
        buf_printf(b, " %8s %11s", "-", "-");
    if (c->returned)
        buf_printf(b, " %12" PRIu64, c->instructions);
    else
        buf_printf(b, " %12s", "-");
    buf_printf(b, " %8" PRIx32, c->eip);
    notes(b, c);
    buf_printf(b, "\n");
}

void hypercalls_text(struct buf *b, const struct hypercalls *h)
{
    buf_printf(b, "%-10s %-7s %-29s %8s %8s %8s %8s %8s %8s %8s %11s %12s %8s  %s\n", "#call", "vcpu", "name", "ebx",
               "ecx", "edx", "esi", "edi", "ebp", "result", "decimal", "instructions", "eip", "notes");
    for (size_t i = 0; i < h->n; i++)
        line(b, &h->v[i]);
}

static json_t *number_or_null(bool is, int64_t n)
{
    return is ? json_integer(n) : json_null();
}

json_t *hypercalls_json(const struct hypercalls *h)
{
    static const char *const registers[6] = {"ebx", "ecx", "edx", "esi", "edi", "ebp"};
    json_t *all = json_array();

    for (size_t i = 0; i < h->n; i++) {
        const struct hypercall *c = &h->v[i];
        const char *name = name_of(c->number);
        json_t *o = json_object();

        json_object_set_new(o, "call", json_integer(c->call));
        json_object_set_new(o, "entry", number_or_null(c->entry != NO_ENTRY, c->entry));
        json_object_set_new(o, "domain", json_integer(c->who >> 16));
        json_object_set_new(o, "vcpu", json_integer(c->who & 0xffff));
        json_object_set_new(o, "number", json_integer(c->number));
        json_object_set_new(o, "name", name ? json_string(name) : json_null());
        for (size_t r = 0; r < 6; r++)
            json_object_set_new(o, registers[r], json_integer(c->args[r]));
        json_object_set_new(o, "eip", json_integer(c->eip));
        json_object_set_new(o, "esp", json_integer(c->esp));
        json_object_set_new(o, "returned", json_boolean(c->returned));
        json_object_set_new(o, "result", number_or_null(c->has_result, (int32_t)c->result));
        json_object_set_new(o, "instructions", number_or_null(c->returned, c->instructions));
        json_object_set_new(o, "others_ran", json_boolean(c->others_ran));
        json_object_set_new(o, "rest_of", number_or_null(c->rest_of, c->rest_of));
        json_object_set_new(o, "goes_on", json_boolean(c->goes_on_in));
        json_object_set_new(o, "goes_on_in",
                            number_or_null(c->goes_on_in && c->goes_on_in != UINT32_MAX, c->goes_on_in));
        json_array_append_new(all, o);
    }
    return all;
}
