/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts. Domain 0 maps the line of the keyboard controller and binds it. Its command 0xD2 puts a byte
 * where a key's would be, which raises the line until somebody reads the byte. So the test itself is the device, knows
 * how many interrupts there have to be, and can also let the line tell by its level.
 */
#include "test.h"

#include <guest/ports.h>
#include <public/physdev.h>

#define TOO_MANY       0x10000
#define KEYBOARD       1
#define KBD_DATA       0x60
#define KBD_COMMAND    0x64 /* read: its state */
#define KBD_FULL       0x01 /* a byte is there to be read */
#define KBD_BUSY       0x02
#define KBD_READ_MODE  0x20
#define KBD_WRITE_MODE 0x60
#define KBD_MODE_IRQ   0x01
#define KBD_WRITE_BYTE 0xD2
#define SPINS          100000

static int32_t query(uint32_t irq)
{
    struct physdev_irq_status_query arg = {.irq = irq};

    return HYPERVISOR_physdev_op(PHYSDEVOP_irq_status_query, &arg);
}

static int32_t bind(uint32_t pirq)
{
    struct evtchn_bind_pirq arg = {.pirq = pirq};
    int32_t rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_pirq, &arg);

    return rc ? rc : (int32_t)arg.port;
}

static int32_t map(uint32_t gsi, int32_t pirq)
{
    struct physdev_map_pirq arg = {.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = gsi, .pirq = pirq};
    int32_t rc = HYPERVISOR_physdev_op(PHYSDEVOP_map_pirq, &arg);

    return rc ? rc : arg.pirq;
}

static int32_t unmap(int32_t pirq)
{
    struct physdev_unmap_pirq arg = {.domid = DOMID_SELF, .pirq = pirq};

    return HYPERVISOR_physdev_op(PHYSDEVOP_unmap_pirq, &arg);
}

static int32_t end_irq(uint32_t pirq)
{
    struct physdev_eoi arg = {.irq = pirq};

    return HYPERVISOR_physdev_op(PHYSDEVOP_eoi, &arg);
}

static int32_t set_level(bool level)
{
    struct physdev_setup_gsi arg = {.gsi = KEYBOARD, .triggering = level};

    return HYPERVISOR_physdev_op(PHYSDEVOP_setup_gsi, &arg);
}

/* --- The keyboard controller */

static bool wait_for(uint8_t bit, bool set)
{
    for (unsigned int i = 0; i < SPINS; i++)
        if (!(inb(KBD_COMMAND) & bit) == !set)
            return true;
    return false;
}

static void command(uint8_t c)
{
    wait_for(KBD_BUSY, false);
    outb(KBD_COMMAND, c);
    wait_for(KBD_BUSY, false);
}

/* Raises the line. */
static void press(void)
{
    command(KBD_WRITE_BYTE);
    outb(KBD_DATA, 0x5A);
    wait_for(KBD_FULL, true);
}

static bool release(void)
{
    return inb(KBD_DATA) == 0x5A;
}

/* There is one, and it raises its line. */
static bool keyboard_works(void)
{
    struct physdev_set_iopl iopl = {1};
    uint8_t mode;

    HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl);
    if (inb(KBD_COMMAND) == 0xFF)
        return false;
    for (unsigned int i = 0; i < 16 && inb(KBD_COMMAND) & KBD_FULL; i++)
        (void)inb(KBD_DATA);
    command(KBD_READ_MODE);
    if (!wait_for(KBD_FULL, true))
        return false;
    mode = inb(KBD_DATA);
    command(KBD_WRITE_MODE);
    outb(KBD_DATA, mode | KBD_MODE_IRQ);
    press();
    return release();
}

/* --- What comes of it */

static volatile uint32_t events;

static void count(evtchn_port_t port)
{
    (void)port;
    events++;
}

/* So many should come. A controller may take its time; one too many has come some time later. */
static uint32_t events_after(uint32_t wanted)
{
    uint64_t now = system_time(), at_most = now + (events < wanted ? 100000000 : 0);

    while (events < wanted && system_time() < at_most)
        HYPERVISOR_xen_version(XENVER_version, NULL);
    for (now = system_time(); system_time() < now + 500000;)
        HYPERVISOR_xen_version(XENVER_version, NULL);
    return events;
}

/* Without an I/O APIC, what came before somebody has bound it comes once now, as without a hypervisor. */
static int32_t bind_keyboard(void)
{
    int32_t port = bind(KEYBOARD);

    events = 0;
    if (!CHECK(port > 0))
        return 0;
    event_set_handler(port, count);
    event_unmask(port);
    events_enable();
    if (!has_io_apic()) {
        CHECK(events_after(0) <= 1);
        CHECK_RC(end_irq(KEYBOARD), 0);
        events = 0;
    }
    return port;
}

static void put_back(int32_t port)
{
    events_disable();
    event_set_handler(port, NULL);
    event_mask(port);
    CHECK_RC(event_close(port), 0);
}

#define NEED_KEYBOARD()    \
    NEED_DOM0();           \
    if (!keyboard_works()) \
    SKIP("no keyboard controller")

TEST(pirqs_that_exist)
{
    uint32_t end = 0, bound = 0;

    while (end < TOO_MANY && !query(end))
        end++;
    CHECK(end >= 16 && end < TOO_MANY);
    CHECK_RC(query(end), -EINVAL);
    CHECK_RC(query(0xffffffff), -EINVAL);
    CHECK_RC(bind(end), -EINVAL);
    CHECK_RC(bind(0xffffffff), -EINVAL);
    if (!is_int82())
        return; /* the numbers may belong to devices */
    for (uint32_t pirq = 0; pirq < end; pirq++)
        bound += bind(pirq) != -EPERM;
    CHECK_EQ(bound, 0);
}

TEST(pirqs_of_a_line_with_edges)
{
    struct evtchn_status status = {.dom = DOMID_SELF};
    struct evtchn_bind_vcpu elsewhere;
    int32_t port;

    NEED_KEYBOARD();
    CHECK_RC(bind(KEYBOARD), -EPERM);
    CHECK_RC(map(KEYBOARD, KEYBOARD), KEYBOARD);
    CHECK_RC(map(KEYBOARD, KEYBOARD), KEYBOARD);
    port = bind_keyboard();
    if (!port)
        return;
    CHECK_RC(bind(KEYBOARD), -EEXIST);
    status.port = port;
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_status, &status), 0);
    CHECK_EQ(status.status, EVTCHNSTAT_pirq);
    CHECK_EQ(status.u.pirq, KEYBOARD);
    elsewhere = (struct evtchn_bind_vcpu){.port = port, .vcpu = 0};
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_bind_vcpu, &elsewhere), 0);
    CHECK_RC(event_send(port), -EINVAL);
    for (uint32_t i = 1; i <= 20; i++) {
        press();
        CHECK_EQ(events_after(i), i);
        CHECK(release());
        CHECK_RC(end_irq(KEYBOARD), 0);
    }
    put_back(port);
    CHECK_RC(unmap(KEYBOARD), 0);
    CHECK_RC(unmap(KEYBOARD), -EINVAL);
}

/* One that comes while its event channel is masked is told when it is unmasked; one that comes while nobody has bound
 * it, never, if there is an I/O APIC. */
TEST(pirqs_masked_and_closed)
{
    int32_t port;

    NEED_KEYBOARD();
    CHECK_RC(map(KEYBOARD, KEYBOARD), KEYBOARD);
    port = bind_keyboard();
    if (!port)
        return;
    event_mask(port);
    press();
    CHECK_EQ(events_after(0), 0);
    CHECK(release());
    event_unmask(port);
    CHECK_EQ(events_after(1), 1);
    CHECK_RC(end_irq(KEYBOARD), 0);
    put_back(port);
    press();
    CHECK(release());
    port = bind_keyboard();
    if (!port)
        return;
    CHECK_EQ(events_after(0), 0);
    press();
    CHECK_EQ(events_after(1), 1);
    CHECK(release());
    CHECK_RC(end_irq(KEYBOARD), 0);
    put_back(port);
    CHECK_RC(unmap(KEYBOARD), 0);
}

/* As long as the line is held, each end brings one more; before the end nothing comes. */
TEST(pirqs_of_a_level)
{
    int32_t port;

    NEED_KEYBOARD();
    if (!is_int82())
        SKIP("not tried on another hypervisor");
    if (!has_io_apic())
        SKIP("without an I/O APIC this line has edges");
    CHECK_RC(set_level(true), 0);
    CHECK_RC(map(KEYBOARD, KEYBOARD), KEYBOARD);
    port = bind_keyboard();
    if (!port)
        return;
    press();
    if (events_after(1) == 1) {
        CHECK_EQ(events_after(1), 1);
        for (uint32_t i = 2; i < 10; i++) {
            CHECK_RC(end_irq(KEYBOARD), 0);
            CHECK_EQ(events_after(i), i);
        }
        put_back(port); /* held, and not ended: the next who binds it gets it */
        port = bind_keyboard();
        CHECK_EQ(events_after(1), 1);
        CHECK(release());
        CHECK_RC(end_irq(KEYBOARD), 0);
        CHECK_EQ(events_after(1), 1);
    } else
        FAIL("%u events", events);
    put_back(port);
    CHECK_RC(unmap(KEYBOARD), 0);
    CHECK_RC(set_level(false), 0);
}

TEST(pirqs_refused)
{
    struct physdev_map_pirq arg = {.domid = DOMID_SELF, .type = 77, .index = 5, .pirq = -1};
    void *p;

    NEED_DOM0();
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_map_pirq, &arg), -EINVAL);
    CHECK_RC(map(TOO_MANY, -1), -EINVAL);
    CHECK_RC(map(0xffffffff, -1), -EINVAL);
    CHECK_RC(unmap(-1), -EINVAL);
    CHECK_RC(unmap(TOO_MANY), -EINVAL);
    CHECK_RC(end_irq(TOO_MANY), -EINVAL);
    arg.domid = 12345;
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_map_pirq, &arg), -ESRCH);
    for
        EACH_BAD_POINTER(p, sizeof(struct physdev_map_pirq))
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_map_pirq, p), -EFAULT);
}

/* An ordinary domain has no interrupt, and gets none. */
TEST(pirqs_are_not_for_all)
{
    struct physdev_setup_gsi setup = {.gsi = KEYBOARD};
    struct physdev_apic apic = {.apic_physbase = 0xFEC00000, .reg = 0x10};
    struct physdev_map_pirq msi = {.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_MSI, .index = -1, .pirq = -1, .devfn = 8};

    if (is_dom0())
        SKIP("this domain has them");
    for (uint32_t gsi = 0; gsi < 24; gsi++) {
        CHECK_RC(map(gsi, -1), -EPERM);
        CHECK_RC(bind(gsi), -EPERM);
    }
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_map_pirq, &msi), -EPERM);
    CHECK_RC(unmap(KEYBOARD), -EPERM);
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_setup_gsi, &setup), -EPERM);
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_apic_read, &apic), -EPERM);
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_apic_write, &apic), -EPERM);
}
