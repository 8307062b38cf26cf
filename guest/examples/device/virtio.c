/* SPDX-License-Identifier: MIT */
#include "virtio.h"

#include "pci.h"

#include <guest/guest.h>
#include <guest/mm.h>
#include <guest/string.h>

/* Kinds of structures that vendor capabilities tell of, and where in such a capability it stands. */
#define CAP_COMMON         1
#define CAP_NOTIFY         2
#define CAP_ISR            3
#define CAP_KIND           3
#define CAP_BAR            4
#define CAP_OFFSET         8
#define CAP_NOTIFY_FACTOR  16
#define TRANSITIONAL_BLK   0x1001
#define TRANSITIONAL_RNG   0x1005
#define MODERN_FIRST       0x1040
#define NO_VECTOR          0xFFFF
#define ISR_QUEUE          1
#define FEATURE_VERSION_1  1u /* of the upper 32 */
#define STATUS_ACKNOWLEDGE 1
#define STATUS_DRIVER      2
#define STATUS_DRIVER_OK   4
#define STATUS_FEATURES_OK 8
#define RESET_TRIES        1000000
#define DESCRIPTOR_NEXT    1
#define DESCRIPTOR_WRITE   2

struct virtio_common {
    uint32_t device_feature_select, device_feature, driver_feature_select, driver_feature;
    uint16_t msix_config, num_queues;
    uint8_t device_status, config_generation;
    uint16_t queue_select, queue_size, queue_msix_vector, queue_enable, queue_notify_off;
    uint32_t queue_desc[2], queue_driver[2], queue_device[2];
};
_Static_assert(sizeof(struct virtio_common) == 56, "VIRTIO 1.0, 4.1.4.3");

/* All of a queue, in one page: it need not be in a row in machine memory otherwise. */
struct virtio_ring {
    struct {
        uint64_t address;
        uint32_t length;
        uint16_t flags, next;
    } descriptors[VIRTIO_QUEUE];
    struct {
        uint16_t flags, index, ring[VIRTIO_QUEUE], used_event;
    } available;
    struct {
        uint16_t flags, index;
        struct {
            uint32_t id, length;
        } ring[VIRTIO_QUEUE];
    } used __attribute__((aligned(4)));
};
_Static_assert(sizeof(struct virtio_ring) <= PAGE_SIZE, "one page");

uint16_t virtio_type(uint8_t devfn)
{
    uint16_t device = pci_read16(devfn, PCI_DEVICE);

    if (pci_read16(devfn, PCI_VENDOR) != VIRTIO_VENDOR)
        return 0;
    switch (device) {
    case TRANSITIONAL_BLK:
    case MODERN_FIRST + VIRTIO_BLK:
        return VIRTIO_BLK;
    case TRANSITIONAL_RNG:
    case MODERN_FIRST + VIRTIO_RNG:
        return VIRTIO_RNG;
    default:
        return 0;
    }
}

/* The capability of a kind. Panics if there is none. */
static uint8_t find(uint8_t devfn, uint8_t kind)
{
    uint8_t cap = 0;

    while ((cap = pci_capability(devfn, PCI_CAP_VENDOR, cap)))
        if (pci_read8(devfn, cap + CAP_KIND) == kind)
            return cap;
    guest_panic("virtio %02x: no structure of kind %u", devfn, kind);
}

static uint64_t address_of(uint8_t devfn, uint8_t cap)
{
    return pci_bar(devfn, pci_read8(devfn, cap + CAP_BAR)) + pci_read32(devfn, cap + CAP_OFFSET);
}

static void reset(struct virtio *v)
{
    v->common->device_status = 0;
    for (unsigned int i = 0; v->common->device_status; i++)
        if (i == RESET_TRIES)
            guest_panic("virtio %02x: does not reset", v->devfn);
    v->common->device_status = STATUS_ACKNOWLEDGE;
    v->common->device_status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;
}

static void negotiate(struct virtio *v)
{
    v->common->device_feature_select = 1;
    if (!(v->common->device_feature & FEATURE_VERSION_1))
        guest_panic("virtio %02x: is not of version 1", v->devfn);
    v->common->driver_feature_select = 0;
    v->common->driver_feature = 0;
    v->common->driver_feature_select = 1;
    v->common->driver_feature = FEATURE_VERSION_1;
    v->common->device_status |= STATUS_FEATURES_OK;
    if (!(v->common->device_status & STATUS_FEATURES_OK))
        guest_panic("virtio %02x: refuses the features", v->devfn);
}

static void set_address(volatile uint32_t *where, const void *p)
{
    uint64_t maddr = virt_to_maddr(p);

    where[0] = (uint32_t)maddr;
    where[1] = (uint32_t)(maddr >> 32);
}

static void set_queue(struct virtio *v, uint16_t vector)
{
    uint8_t notify = find(v->devfn, CAP_NOTIFY);

    v->ring = alloc_page();
    v->common->msix_config = NO_VECTOR;
    v->common->queue_select = 0;
    if (v->common->queue_size < VIRTIO_QUEUE)
        guest_panic("virtio %02x: a queue of %u", v->devfn, v->common->queue_size);
    v->common->queue_size = VIRTIO_QUEUE;
    v->common->queue_msix_vector = vector;
    if (v->common->queue_msix_vector != vector)
        guest_panic("virtio %02x: refuses the vector", v->devfn);
    set_address(v->common->queue_desc, &v->ring->descriptors);
    set_address(v->common->queue_driver, &v->ring->available);
    set_address(v->common->queue_device, &v->ring->used);
    v->notify = io_map(address_of(v->devfn, notify) +
                       v->common->queue_notify_off * pci_read32(v->devfn, notify + CAP_NOTIFY_FACTOR));
    v->common->queue_enable = 1;
}

void virtio_init(struct virtio *v, uint8_t devfn, bool msix)
{
    *v = (struct virtio){.devfn = devfn, .type = virtio_type(devfn)};
    pci_write16(devfn, PCI_COMMAND, pci_read16(devfn, PCI_COMMAND) | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    v->common = io_map(address_of(devfn, find(devfn, CAP_COMMON)));
    v->isr = io_map(address_of(devfn, find(devfn, CAP_ISR)));
    reset(v);
    negotiate(v);
    set_queue(v, msix ? 0 : NO_VECTOR);
    v->common->device_status |= STATUS_DRIVER_OK;
}

void virtio_ask(struct virtio *v, const struct virtio_part *parts, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        v->ring->descriptors[i].address = virt_to_maddr(parts[i].at);
        v->ring->descriptors[i].length = parts[i].length;
        v->ring->descriptors[i].flags =
            (parts[i].device_writes ? DESCRIPTOR_WRITE : 0) | (i + 1 < count ? DESCRIPTOR_NEXT : 0);
        v->ring->descriptors[i].next = i + 1;
    }
    v->ring->available.ring[v->asked % VIRTIO_QUEUE] = 0;
    barrier();
    v->ring->available.index = ++v->asked;
    barrier();
    *v->notify = 0;
}

bool virtio_is_done(const struct virtio *v)
{
    barrier();
    return v->ring->used.index == v->asked;
}

bool virtio_take(struct virtio *v)
{
    barrier();
    if (v->seen == v->ring->used.index)
        return false;
    v->length = v->ring->used.ring[v->seen % VIRTIO_QUEUE].length;
    v->seen++;
    return true;
}

bool virtio_is_busy(const struct virtio *v)
{
    barrier();
    return v->seen != v->asked;
}

bool virtio_had_interrupt(struct virtio *v)
{
    return *v->isr & ISR_QUEUE;
}
