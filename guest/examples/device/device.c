/* SPDX-License-Identifier: MIT */
/*
 * A domain 0 that drives its devices: every virtio-blk and virtio-rng on bus 0, each by one MSI-X vector, or all by
 * their pins (`intx`), which may share a line. Every millisecond, by its timer, it hands a request to each device that
 * has none. What the disk says is compared with what tests/cases/devices.sh wrote there, and random bytes with those
 * before.
 *
 * Nothing is polled: only an interrupt makes a request done. So at the end three numbers of each device must be the
 * same: requests handed in, requests that the device counted as done, and interrupts. A request that the device has
 * done and no interrupt has told of for LATE_TICKS is a lost one. Timers are counted the same way.
 *
 * Options: `requests=N` of each device (100), or `seconds=N`: for so long, with a line of text every 100 ms. `intx`.
 * `input`: what is typed meanwhile is compared with what must come (input.h).
 * `reach=DEVFN port=PORT` only tells what this domain reaches of a function, and reads from the port.
 */
#include "input.h"
#include "pci.h"
#include "virtio.h"

#include <guest/console.h>
#include <guest/events.h>
#include <guest/guest.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <guest/ports.h>
#include <guest/string.h>
#include <public/physdev.h>
#include <public/sched.h>
#include <public/vcpu.h>

#define MAX_CLIENTS 4
#define MAX_LINES   4
#define TICK        1000000u /* ns */
#define LATE_TICKS  20
#define LINE_TICKS  100

#define SECTOR       512u
#define SECTORS      128u /* with a known text; the one behind them is written to */
#define SECTOR_LINE  16u  /* "SSSSSSS:LLLLLL \n": number of the sector and of the line in it */
#define BLK_IN       0
#define BLK_OUT      1
#define RANDOM_BYTES 64

struct blk_request {
    uint32_t type, reserved;
    uint64_t sector;
};

struct client {
    struct virtio v;
    evtchn_port_t port;
    uint32_t asked, interrupts, late, lost;
    uint8_t *page; /* the request in front, the data behind */
    uint8_t before[RANDOM_BYTES];
};

struct line {
    uint32_t pirq, interrupts, idle; /* idle: no device had done anything */
    evtchn_port_t port;
};

static struct client clients[MAX_CLIENTS];
static struct line lines[MAX_LINES];
static unsigned int nr_clients, nr_lines;
static uint32_t errors;
static uint32_t armed, fired;
static uint64_t deadline;
static volatile bool due;

static void complain(const struct client *c, const char *what)
{
    if (errors++ < 10)
        printf("device: %02x: request %u: %s\n", c->v.devfn, c->asked, what);
}

static uint32_t option(const char *key, uint32_t otherwise)
{
    char text[16];

    return guest_option(key, text, sizeof(text)) ? parse_number(text) : otherwise;
}

/* ---- Requests */
static struct blk_request *request_of(struct client *c)
{
    return (struct blk_request *)c->page;
}

static uint8_t *data_of(struct client *c)
{
    return c->page + SECTOR;
}

static uint8_t *status_of(struct client *c)
{
    return c->page + 2 * SECTOR;
}

/* Reads in turn; write: a text of its own to the sector behind those that are known. */
static void ask_disk(struct client *c, bool write)
{
    struct virtio_part parts[] = {
        {c->page, sizeof(struct blk_request), false}, {data_of(c), SECTOR, !write}, {status_of(c), 1, true}};

    *request_of(c) =
        (struct blk_request){.type = write ? BLK_OUT : BLK_IN, .sector = write ? SECTORS : c->asked % SECTORS};
    memset(data_of(c), write ? 'w' : 0, SECTOR);
    *status_of(c) = 0xFF;
    c->asked++;
    virtio_ask(&c->v, parts, ARRAY_SIZE(parts));
}

static void ask_random(struct client *c)
{
    struct virtio_part part = {data_of(c), RANDOM_BYTES, true};

    c->asked++;
    virtio_ask(&c->v, &part, 1);
}

static void check_disk(struct client *c)
{
    char want[SECTOR_LINE + 1];

    if (*status_of(c))
        complain(c, "the disk reports an error");
    if (request_of(c)->type != BLK_IN)
        return;
    for (uint32_t i = 0; i < SECTOR / SECTOR_LINE; i++) {
        snprintf(want, sizeof(want), "%07u:%06u \n", (uint32_t)request_of(c)->sector, i);
        if (memcmp(data_of(c) + i * SECTOR_LINE, want, SECTOR_LINE))
            return complain(c, "not what stands on the disk");
    }
}

static void check_random(struct client *c)
{
    if (!c->v.length || c->v.length > RANDOM_BYTES)
        complain(c, "too few or too many random bytes");
    if (!memcmp(data_of(c), c->before, c->v.length < 8 ? c->v.length : 8))
        complain(c, "the same random bytes again");
    memcpy(c->before, data_of(c), RANDOM_BYTES);
}

static void finish(struct client *c)
{
    if (c->v.type == VIRTIO_BLK)
        check_disk(c);
    else
        check_random(c);
}

/* ---- Interrupts */
static bool take(struct client *c)
{
    if (!virtio_take(&c->v))
        return false;
    c->interrupts++;
    finish(c);
    return true;
}

static void on_msi(evtchn_port_t port)
{
    for (unsigned int i = 0; i < nr_clients; i++)
        if (clients[i].port == port && !take(&clients[i]))
            complain(&clients[i], "an interrupt for nothing");
}

static void end_of_interrupt(uint32_t pirq)
{
    struct physdev_irq_status_query query = {.irq = pirq};
    struct physdev_eoi eoi = {pirq};

    if (HYPERVISOR_physdev_op(PHYSDEVOP_irq_status_query, &query) || query.flags & XENIRQSTAT_needs_eoi)
        HYPERVISOR_physdev_op(PHYSDEVOP_eoi, &eoi);
}

static void on_line(evtchn_port_t port)
{
    struct line *l = lines;
    bool any = false;

    while (l->port != port)
        l++;
    l->interrupts++;
    for (unsigned int i = 0; i < nr_clients; i++)
        /* QEMU's disk may say twice that it has done a request: when the other device's interrupt came in between. */
        if (clients[i].port == port && virtio_had_interrupt(&clients[i].v))
            any |= take(&clients[i]);
    l->idle += !any;
    end_of_interrupt(l->pirq);
}

static evtchn_port_t bind(uint32_t pirq, uint32_t flags, event_handler_t handler)
{
    struct evtchn_bind_pirq arg = {.pirq = pirq, .flags = flags};
    int err = HYPERVISOR_event_channel_op(EVTCHNOP_bind_pirq, &arg);

    if (err)
        guest_panic("bind_pirq %u: %d", pirq, err);
    event_set_handler(arg.port, handler);
    event_unmask(arg.port);
    return arg.port;
}

static void bind_msi(struct client *c)
{
    int pirq = pci_map_msix(c->v.devfn);

    if (pirq < 0)
        guest_panic("map_pirq for %02x: %d", c->v.devfn, pirq);
    c->port = bind(pirq, 0, on_msi);
    printf("device: %02x: type %u, MSI-X, pirq %d\n", c->v.devfn, c->v.type, pirq);
}

static void bind_line(struct client *c)
{
    int pirq = pci_map_line(c->v.devfn);
    unsigned int i;

    if (pirq < 0)
        guest_panic("map_pirq for %02x: %d", c->v.devfn, pirq);
    for (i = 0; i < nr_lines && lines[i].pirq != (uint32_t)pirq; i++)
        ;
    if (i == nr_lines) {
        lines[i] = (struct line){.pirq = pirq, .port = bind(pirq, BIND_PIRQ__WILL_SHARE, on_line)};
        nr_lines++;
        end_of_interrupt(pirq); /* whatever was raised before somebody was there */
    }
    c->port = lines[i].port;
    printf("device: %02x: type %u, pin, pirq %d\n", c->v.devfn, c->v.type, pirq);
}

static void find_devices(bool pins)
{
    for (unsigned int devfn = 0; devfn < PCI_DEVFNS && nr_clients < MAX_CLIENTS; devfn++) {
        struct client *c = &clients[nr_clients];
        int err;

        if (!virtio_type(devfn))
            continue;
        c->v.devfn = devfn;
        c->page = alloc_page();
        err = pci_announce(devfn);
        if (err)
            printf("device: %02x: pci_device_add: %d\n", devfn, err);
        c->v.type = virtio_type(devfn);
        nr_clients++;
        if (pins)
            bind_line(c);
        else
            bind_msi(c);
        virtio_init(&c->v, devfn, !pins);
    }
}

/* ---- Time */
static void arm(void)
{
    deadline = system_time() + TICK;
    armed++;
    HYPERVISOR_set_timer_op(LO_HI(deadline));
}

static void on_timer(evtchn_port_t port)
{
    (void)port;
    if (due || system_time() < deadline)
        return; /* Xen may tell the time more often than asked to */
    fired++;
    due = true;
}

static void start_timer(void)
{
    evtchn_port_t port = event_bind_virq(VIRQ_TIMER, 0);

    HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    event_set_handler(port, on_timer);
    event_unmask(port);
}

static void wait_for_tick(void)
{
    /* No event between the look and the call, which lets them in. */
    for (events_disable(); !due; events_disable())
        HYPERVISOR_sched_op(SCHEDOP_block, NULL);
    due = false;
    events_enable();
}

/* ---- The run */
/* The device has done it, and nobody was told: once may be chance, so long is a loss. */
static void look_for_losses(struct client *c)
{
    events_disable();
    c->late = virtio_is_busy(&c->v) && virtio_is_done(&c->v) ? c->late + 1 : 0;
    if (c->late == LATE_TICKS) {
        c->lost++;
        complain(c, "done, but there was no interrupt");
        if (virtio_take(&c->v))
            finish(c);
    }
    events_enable();
}

static bool ask(struct client *c, bool last)
{
    if (virtio_is_busy(&c->v))
        return false;
    if (c->v.type == VIRTIO_BLK)
        ask_disk(c, last);
    else
        ask_random(c);
    return true;
}

static bool any_busy(void)
{
    for (unsigned int i = 0; i < nr_clients; i++)
        if (virtio_is_busy(&clients[i].v))
            return true;
    return false;
}

static void tick(uint32_t requests)
{
    arm();
    wait_for_tick();
    for (unsigned int i = 0; i < nr_clients; i++) {
        look_for_losses(&clients[i]);
        if (clients[i].asked < requests)
            ask(&clients[i], clients[i].asked == requests - 1);
    }
}

static bool all_asked(uint32_t requests)
{
    for (unsigned int i = 0; i < nr_clients; i++)
        if (clients[i].asked < requests)
            return false;
    return true;
}

static void report(void)
{
    for (unsigned int i = 0; i < nr_clients; i++) {
        struct client *c = &clients[i];

        if (c->interrupts + c->lost != c->asked || !virtio_is_done(&c->v) || virtio_is_busy(&c->v))
            complain(c, "requests, completions and interrupts differ");
        printf("device: %02x: type=%u requests=%u done=%u interrupts=%u lost=%u\n", c->v.devfn, c->v.type, c->asked,
               c->asked - !virtio_is_done(&c->v), c->interrupts, c->lost);
    }
    for (unsigned int i = 0; i < nr_lines; i++)
        printf("device: pirq %u: interrupts=%u for-nobody=%u\n", lines[i].pirq, lines[i].interrupts, lines[i].idle);
    if (armed != fired)
        errors++;
    printf("device: timer: armed=%u fired=%u\n", armed, fired);
    printf("device: end: devices=%u errors=%u\n", nr_clients, errors);
}

/* port 0: the sixth of those in the first base address register. */
static void tell_what_is_reached(uint8_t devfn, uint16_t port)
{
    uint32_t id = pci_read32(devfn, PCI_VENDOR), bar = pci_read32(devfn, PCI_BAR0);
    uint16_t command = pci_read16(devfn, PCI_COMMAND);

    port = port ?: (bar & ~3u) + 5;
    pci_write16(devfn, PCI_COMMAND, command ^ PCI_COMMAND_NO_INT);
    printf("device: reach %02x: id=%08x command-changes=%u", devfn, id, pci_read16(devfn, PCI_COMMAND) != command);
    pci_write16(devfn, PCI_COMMAND, command);
    printf(" add=%d ecam=%d port-%04x=%02x\n", pci_announce(devfn), pci_map_ecam(devfn), port, inb(port));
}

void guest_main(void)
{
    uint32_t reach = option("reach", 0);
    uint32_t seconds = option("seconds", 0), requests = seconds ? ~0u : option("requests", 100), said = 0;
    char text[4];
    bool input = guest_option("input", text, sizeof(text));
    uint64_t end;

    pci_init();
    if (reach)
        return tell_what_is_reached(reach, option("port", 0));
    find_devices(guest_option("intx", text, sizeof(text)));
    start_timer();
    events_enable();
    if (input)
        input_start();
    end = system_time() + seconds * 1000000000ull;
    while ((seconds ? system_time() < end : !all_asked(requests)) || (input && input_received() < INPUT_LEAST)) {
        tick(requests);
        if (seconds && armed % LINE_TICKS == 0)
            printf("device: line %u input=%u\n", ++said, input_received());
    }
    while (any_busy())
        tick(0);
    if (input) {
        input_end();
        errors += input_report();
    }
    report();
    printf("device: lines=%u\n", said);
}
