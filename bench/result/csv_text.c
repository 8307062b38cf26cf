/* SPDX-License-Identifier: MIT */
#include "result/csv_text.h"

#include <string.h>

/* A field in quotes: *AT is behind the first one. Copies its text to OUT, and moves *AT behind the last quote. */
static bool quoted(struct csv_reader *in, char *out)
{
    for (; *in->at; in->at++) {
        if (*in->at == '"' && *++in->at != '"') {
            *out = 0;
            return true;
        }
        in->line += *in->at == '\n';
        *out++ = *in->at;
    }
    return false;
}

/* Ends the field at *AT, and says whether another one follows. */
static bool field_end(struct csv_reader *in)
{
    char c = *in->at;

    if (c == '\r' && in->at[1] == '\n')
        *in->at++ = 0;
    in->line += *in->at == '\n';
    if (*in->at)
        *in->at++ = 0;
    return c == ',';
}

int csv_next(struct csv_reader *in, struct csv_record *record)
{
    bool more = true;

    record->n = 0;
    record->line = in->line;
    if (!*in->at)
        return 0;
    while (more) {
        char *field = in->at;

        if (*field == '"') {
            in->at++;
            if (!quoted(in, field) || (*in->at && !strchr(",\r\n", *in->at)))
                return -1;
        } else {
            in->at += strcspn(in->at, ",\"\r\n");
            if (*in->at == '"')
                return -1;
        }
        *ARRAY_ADD(record->fields, record->n) = field;
        more = field_end(in);
    }
    return 1;
}

void csv_add(struct buf *b, const char *field)
{
    if (b->n && b->p[b->n - 1] != '\n')
        buf_add(b, ",", 1);
    if (!field[strcspn(field, ",\"\r\n")])
        return buf_add(b, field, strlen(field));
    buf_add(b, "\"", 1);
    for (; *field; field++)
        buf_add(b, *field == '"' ? "\"\"" : field, *field == '"' ? 2 : 1);
    buf_add(b, "\"", 1);
}
