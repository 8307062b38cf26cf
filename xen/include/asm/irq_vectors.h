/* SPDX-License-Identifier: MIT */
/*
 * Who has which interrupt vector:
 *
 *   0x20 to 0x2F  the 8259s' lines
 *   0x30 to 0x8F  nobody's, since guests enter by 0x80 and 0x82: the local APIC's task priority refuses them and all
 *                 below, so that what a loader or a device has sent there is no system call or hypercall of a guest's
 *   0x90 to 0xEF  devices, at first use: pins of I/O APICs and MSIs
 *   0xF0          the local APIC's timer
 *   0xFE          its errors
 *   0xFF          its spurious interrupts
 */
#ifndef ASM_IRQ_VECTORS_H
#define ASM_IRQ_VECTORS_H

#define FIRST_IRQ_VECTOR    0x20 /* from here up all vectors are interrupts: exceptions.S */
#define NR_8259_LINES       16
#define FIRST_DEVICE_VECTOR 0x90 /* the first of a class of priority */
#define LAST_DEVICE_VECTOR  0xEF
#define LOCAL_TIMER_VECTOR  0xF0
#define APIC_ERROR_VECTOR   0xFE
#define SPURIOUS_VECTOR     0xFF
#define NR_VECTORS          256
#define NR_IRQ_VECTORS      (NR_VECTORS - FIRST_IRQ_VECTOR)

#endif
