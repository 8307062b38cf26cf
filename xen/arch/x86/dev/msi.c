/* SPDX-License-Identifier: MIT */
/* No device's messages can be set up yet: asm/msi.h. */
#include <asm/msi.h>
#include <public/errno.h>

int msi_enable(const struct msi_place *place)
{
    return -ENODEV;
}

void msi_disable(unsigned int irq)
{
}

long msi_restore(uint16_t segment, uint8_t bus, uint8_t devfn)
{
    return -ENODEV;
}

long msi_prepare(uint16_t segment, uint8_t bus, uint8_t devfn, bool off)
{
    return -ENODEV;
}
