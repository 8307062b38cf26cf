/* SPDX-License-Identifier: MIT */
/* Interrupt numbers: the same number must mean the same interrupt to physdev_op and to event_channel_op. No domain has
 * any on Int82. */
#include "test.h"

#include <public/physdev.h>

#define TOO_MANY 0x10000

static int32_t query(uint32_t irq)
{
    struct physdev_irq_status_query arg = {.irq = irq};

    return HYPERVISOR_physdev_op(PHYSDEVOP_irq_status_query, &arg);
}

static int32_t bind(uint32_t pirq)
{
    struct evtchn_bind_pirq arg = {.pirq = pirq};

    return HYPERVISOR_event_channel_op(EVTCHNOP_bind_pirq, &arg);
}

TEST(pirqs_that_exist)
{
    uint32_t end = 0;

    while (end < TOO_MANY && !query(end))
        end++;
    CHECK(end >= 16 && end < TOO_MANY);
    CHECK_RC(query(end), -EINVAL);
    CHECK_RC(query(0xffffffff), -EINVAL);
    CHECK_RC(bind(end), -EINVAL);
    CHECK_RC(bind(0xffffffff), -EINVAL);
    if (!is_int82())
        return; /* the numbers may belong to devices */
    CHECK_EQ(end, start_info->flags & SIF_PRIVILEGED ? 272 : 48);
    for (uint32_t pirq = 0; pirq < end; pirq++)
        CHECK_RC(bind(pirq), -EPERM);
}
