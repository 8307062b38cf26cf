/* SPDX-License-Identifier: MIT */
/* A virtio device with one queue, by the modern PCI transport. Source: Virtual I/O Device (VIRTIO) 1.0, sections 2.4
 * and 4.1. One request at a time: so each completion takes an interrupt of its own, and they can be counted. */
#ifndef DEVICE_VIRTIO_H
#define DEVICE_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#define VIRTIO_VENDOR 0x1AF4
#define VIRTIO_BLK    2 /* device types */
#define VIRTIO_RNG    4

#define VIRTIO_QUEUE 8 /* entries of the queue that are used */

struct virtio {
    uint8_t devfn;
    uint16_t type;
    volatile struct virtio_common *common;
    volatile uint8_t *isr;
    volatile uint16_t *notify;
    struct virtio_ring *ring;
    uint16_t asked;  /* requests given to the device, modulo 65536 as its own count */
    uint16_t seen;   /* completions that an interrupt has told of */
    uint32_t length; /* bytes that the device wrote for the last one */
};

/* A piece of a request: in memory of the linear map, within a page. */
struct virtio_part {
    const void *at;
    uint32_t length;
    bool device_writes;
};

/* The type of the device, or 0 if it is no virtio device that this driver can use. */
uint16_t virtio_type(uint8_t devfn);
/* Resets it and sets its queue up. msix: the queue's interrupts are entry 0 of the MSI-X table, else its pin. Panics if
 * the device does not do as the standard says. */
void virtio_init(struct virtio *v, uint8_t devfn, bool msix);
/* Hands in a request of at most three parts. The one before must be done. */
void virtio_ask(struct virtio *v, const struct virtio_part *parts, unsigned int count);
/* Whether the device has done the request, by its own count. */
bool virtio_is_done(const struct virtio *v);
/* Takes note of a completion. False if there is none. */
bool virtio_take(struct virtio *v);
/* Whether a request is under way as far as interrupts have told. */
bool virtio_is_busy(const struct virtio *v);
/* Whether the device's pin was raised for its queue. Reading lowers it. */
bool virtio_had_interrupt(struct virtio *v);

#endif
