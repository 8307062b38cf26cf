/* Which role it is. */
#include "melee.h"

#include <guest/string.h>

uint32_t option(const char *key, uint32_t otherwise)
{
    char text[16];

    return guest_option(key, text, sizeof(text)) ? parse_number(text) : otherwise;
}

void guest_main(void)
{
    if (start_info->flags & SIF_PRIVILEGED)
        control();
    else
        fight_in_domain();
}
