/* SPDX-License-Identifier: MIT */
/* Chooses the role. */
#include "melee.h"

#include <guest/string.h>

uint32_t option(const char *key, uint32_t otherwise)
{
    char text[16];

    return guest_option(key, text, sizeof(text)) ? parse_number(text) : otherwise;
}

const char *const kind_names[] = {
#define NAME(name) #name,
    KINDS(NAME)};

bool excluded(const char *name)
{
    uint32_t length = strlen(name);
    char text[128], *p = text;

    if (!guest_option("without", text, sizeof(text)))
        return false;
    for (; p; p = strchr(p, '+'))
        if (!strncmp(p += *p == '+', name, length) && (p[length] == '+' || !p[length]))
            return true;
    return false;
}

void guest_main(void)
{
    if (start_info->flags & SIF_PRIVILEGED)
        control();
    else
        fight_in_domain();
}
