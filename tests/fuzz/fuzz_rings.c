/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's services for domains (xen/common/events/served.c): the store (xenstore.c, store_*.c) and the console
 * (console_ring.c, console.c), under the coverage-guided fuzzer. The rings are in the memory of a domain, and the
 * domain is hostile.
 *
 * The input is a sequence of choices: messages, bytes, indices, notifications, typed characters, and what another vCPU
 * of the domain does to the ring at each point where one may run. Accesses must stay within memory: blocks of the heap
 * have red zones, and the window to a ring is closed at each such point. The store must answer with a stream of whole
 * messages, each of the kind that its question asks for, and nothing without a question. What the console prints for a
 * domain must be text, with the domain's number before each line.
 */
#include "host.h"
#include "input.h"

#include <public/errno.h>
#include <public/io/console.h>
#include <public/io/xs_wire.h>
#include <xen/console.h>
#include <xen/served.h>
#include <xen/timer.h>

#define PAGES      0x90000000u
#define DOMID      3
#define CONSOLE_AT 4 /* frame numbers */
#define STORE_AT   6
#define STEPS      60
#define TIMERS     2 /* for a line that has not ended yet; for the ring */

struct cpu this_cpu;
mfn_t max_page = 16, window_frame[WIN_SLOTS];

static struct input input;
static struct domain domain;
static struct vcpu vcpu;
static struct timer *timers[TIMERS];
struct domain *domain_list = &domain, *dom0;
static unsigned int blocks, asked, line_at, depth;
static bool has_input;
static bool attacked; /* the domain has moved indices: from then on what it reads is not checked */

#define below(n) choose(&input, n)

/* --- What the tested files need of the hypervisor */

static void *page_of(mfn_t mfn)
{
    return (void *)(PAGES + mfn * 2 * PAGE_SIZE);
}

static void close_windows(void)
{
    host_poison(page_of(CONSOLE_AT), PAGE_SIZE);
    host_poison(page_of(STORE_AT), PAGE_SIZE);
}

void *window_refill(unsigned int slot, mfn_t mfn)
{
    REQUIRE(mfn == CONSOLE_AT || mfn == STORE_AT);
    close_windows();
    host_unpoison(page_of(mfn), PAGE_SIZE);
    return page_of(mfn);
}

int get_page_and_type(struct page_info *page, struct domain *d, uint32_t type)
{
    return 0;
}

void put_page_and_type(struct page_info *page)
{
}

void *alloc_heap_pages(unsigned int order)
{
    if (!below(64))
        return NULL;
    blocks++;
    return host_allocate(PAGE_SIZE << order);
}

void free_heap_pages(void *va, unsigned int order)
{
    ((volatile char *)va)[(PAGE_SIZE << order) - 1] = 0; /* the block must have its full size */
    blocks--;
    host_free(va);
}

int evtchn_serve(struct domain *d, enum service service, uint32_t *port)
{
    if (!below(32))
        return -ENOSPC;
    *port = 1 + service;
    d->evtchn[*port].state = ECS_SERVED;
    d->evtchn[*port].virq = service;
    return 0;
}

void evtchn_unserve(struct domain *d, uint32_t port)
{
    d->evtchn[port].state = ECS_FREE;
}

void evtchn_tell(struct domain *d, uint32_t port)
{
    REQUIRE(d == &domain && d->evtchn[port].state == ECS_SERVED);
}

void send_guest_virq(struct vcpu *v, uint32_t virq)
{
}

struct domain *domain_by_id(uint16_t id)
{
    return id == DOMID ? &domain : NULL;
}

void init_timer(struct timer *t, void (*function)(void *), void *data)
{
    *t = (struct timer){.function = function, .data = data};
}

void set_timer(struct timer *t, uint64_t expires)
{
    t->active = true;
    for (unsigned int i = 0; i < TIMERS; i++)
        if (!timers[i] || timers[i] == t) {
            timers[i] = t;
            return;
        }
    host_finding("more timers than there are");
}

void stop_timer(struct timer *t)
{
    t->active = false;
    for (unsigned int i = 0; i < TIMERS; i++)
        if (timers[i] == t)
            timers[i] = NULL;
}

static void expire(struct timer *t)
{
    if (!t)
        return;
    stop_timer(t);
    t->function(t->data);
}

uint64_t system_time(void)
{
    return take(&input, 4);
}

void send_global_virq(uint32_t virq)
{
    while (below(2))
        (void)console_read();
}

void machine_power_off(void)
{
    host_finding("panic");
}

void machine_halt(void)
{
    host_finding("panic");
}

bool opt_noreboot;

void release_domain(struct domain *d)
{
    REQUIRE(d->holds--);
}

bool yield_point(void)
{
    return true;
}

/* The domain that has the input. Its text is shown as it is. */
static void notice(const char *text, uint32_t size)
{
    static const char said[] = "Input is for domain ";
    static bool by_hypervisor;

    if (by_hypervisor && size > sizeof(said) && !memcmp(text, said, sizeof(said) - 1))
        has_input = text[sizeof(said) - 1] != '0';
    by_hypervisor = size == 6 && !memcmp(text, "(XEN) ", 6);
}

/* Characters on their way to the machine's console. */
#define CONSOLE_MAX 8192
static uint32_t unsent;

uint32_t console_room(void)
{
    return CONSOLE_MAX - unsent;
}

void console_wait(bool wait)
{
}

static void send_console(void)
{
    unsent = 0;
    console_sent();
}

void console_put(const char *text, uint32_t size)
{
    REQUIRE(size <= console_room());
    unsent += size;
    notice(text, size);
    for (uint32_t i = 0; i < size; i++) {
        uint8_t c = text[i];

        /* No character that controls a terminal. */
        REQUIRE(has_input || c == '\n' || c == '\r' || c == '\t' || c == '\b' || (c >= ' ' && c != 0x7F));
        line_at = c == '\n' ? 0 : line_at + 1;
    }
}

/* --- The domain */

static struct xenstore_domain_interface *store_ring(void)
{
    return map_frame(STORE_AT);
}

static struct xencons_interface *console_ring(void)
{
    return map_frame(CONSOLE_AT);
}

static uint32_t some_index(uint32_t now)
{
    static const uint32_t steps[] = {1, 16, 1023, 1024, 1025, 2048, 2049, 0x80000000};
    uint32_t choice = below(2 * ARRAY_SIZE(steps) + 1);

    if (choice == 2 * ARRAY_SIZE(steps))
        return take(&input, 4);
    return choice & 1 ? now - steps[choice / 2] : now + steps[choice / 2];
}

static void attack(void)
{
    uint32_t which = below(8);
    struct xenstore_domain_interface *s;
    struct xencons_interface *c;

    attacked = true;
    if (which < 4) {
        uint32_t *index;

        s = store_ring();
        index = which == 0 ? &s->req_cons : which == 1 ? &s->req_prod : which == 2 ? &s->rsp_cons : &s->rsp_prod;
        *index = some_index(*index);
    } else {
        uint32_t *index;

        c = console_ring();
        index = which == 4 ? &c->in_cons : which == 5 ? &c->in_prod : which == 6 ? &c->out_cons : &c->out_prod;
        *index = some_index(*index);
    }
    close_windows();
}

static void put_request(const void *data, uint32_t size)
{
    struct xenstore_domain_interface *s = store_ring();

    attacked |= s->req_prod - s->req_cons + size > sizeof(s->req); /* overwrites what has not been read yet */
    for (uint32_t i = 0; i < size; i++)
        s->req[MASK_XENSTORE_IDX(s->req_prod + i)] = ((const char *)data)[i];
    s->req_prod += size;
    close_windows();
}

static uint32_t last_tx;

static uint32_t some_text(char *to, uint32_t room)
{
    static const char *const words[] = {"name",
                                        "a",
                                        "a/b",
                                        "device",
                                        "/local/domain/3",
                                        "/local/domain/3/a",
                                        "/local/domain/0/x",
                                        "@releaseDomain",
                                        "data/1/2/3/4/5/6/7/8/9/10/11/12/13",
                                        "/",
                                        "",
                                        "a//b",
                                        "T",
                                        "F",
                                        "n3",
                                        "3",
                                        "0",
                                        "token"};
    uint32_t choice = below(ARRAY_SIZE(words) + 2), n = 0;

    if (choice < ARRAY_SIZE(words))
        for (; words[choice][n] && n < room; n++)
            to[n] = words[choice][n];
    else
        for (uint32_t wanted = below(choice & 1 ? 16 : 300); n < wanted && n < room; n++)
            to[n] = choice & 1 ? take(&input, 1) : 'x';
    return n;
}

static void ask(void)
{
    static char message[sizeof(struct xsd_sockmsg) + 600];
    struct xsd_sockmsg *head = (struct xsd_sockmsg *)message;
    uint32_t n = sizeof(*head);

    *head = (struct xsd_sockmsg){.type = below(24),
                                 .req_id = 77,
                                 .tx_id = below(3)   ? 0
                                          : below(4) ? last_tx
                                                     : take(&input, 4)};
    for (uint32_t parts = below(4); parts; parts--) {
        n += some_text(message + n, 280 < sizeof(message) - 1 - n ? 280 : sizeof(message) - 1 - n);
        if (n < sizeof(message) && below(8))
            message[n++] = 0;
    }
    head->len = n - sizeof(*head);
    if (!below(24)) { /* what follows counts as the contents, if anything does */
        head->len = take(&input, 4);
        attacked = true;
    }
    asked++;
    put_request(message, n > XENSTORE_RING_SIZE ? XENSTORE_RING_SIZE : n);
}

static void raw_bytes(void)
{
    char bytes[32];
    uint32_t n = below(sizeof(bytes));

    for (uint32_t i = 0; i < n; i++)
        bytes[i] = take(&input, 1);
    attacked = true;
    put_request(bytes, n);
}

/* What the domain has read of an answer, across the ring's wrap. */
static struct {
    struct xsd_sockmsg head;
    uint32_t n;
    char first[16];
} answer;

static void take_byte(char c)
{
    if (answer.n < sizeof(answer.head))
        ((char *)&answer.head)[answer.n] = c;
    else if (answer.n - sizeof(answer.head) < sizeof(answer.first))
        answer.first[answer.n - sizeof(answer.head)] = c;
    answer.n++;
    if (answer.n < sizeof(answer.head))
        return;
    REQUIRE(answer.head.len <= XENSTORE_PAYLOAD_MAX);
    if (answer.n < sizeof(answer.head) + answer.head.len)
        return;
    if (answer.head.type == XS_WATCH_EVENT)
        REQUIRE(!answer.head.req_id);
    else {
        REQUIRE(answer.head.type < 24 && answer.head.req_id == 77);
        REQUIRE(asked);
        asked--;
        if (answer.head.type == XS_ERROR)
            REQUIRE(answer.head.len > 1 && answer.first[0] == 'E');
        if (answer.head.type == XS_TRANSACTION_START) {
            last_tx = 0;
            for (unsigned int i = 0; i < 10 && answer.first[i]; i++)
                last_tx = last_tx * 10 + (answer.first[i] - '0');
        }
    }
    memset(&answer, 0, sizeof(answer));
}

static void read_answers(void)
{
    struct xenstore_domain_interface *s = store_ring();
    uint32_t limit = below(2) ? 2000 : below(64);

    for (; s->rsp_cons != s->rsp_prod && limit && !attacked; limit--, s->rsp_cons++)
        take_byte(s->rsp[MASK_XENSTORE_IDX(s->rsp_cons)]);
    close_windows();
}

static void write_console(void)
{
    struct xencons_interface *c = console_ring();

    for (uint32_t n = below(64); n; n--) {
        c->out[MASK_XENCONS_IDX(c->out_prod, c->out)] = take(&input, 1);
        c->out_prod++;
    }
    close_windows();
}

static void start_services(void)
{
    uint32_t port = 0;

    init_console_of(&domain);
    for (unsigned int s = 0; s < NR_SERVICES; s++)
        if (!domain.served[s])
            (void)serve(&domain, s, s == SERVICE_STORE ? STORE_AT : CONSOLE_AT, &port);
    close_windows();
}

static void end(void)
{
    end_services(&domain); /* as in domain_kill() */
    end_console_of(&domain);
    REQUIRE(!blocks && !timers[0] && !timers[1]);
    memset(&answer, 0, sizeof(answer));
    asked = 0;
    host_unpoison(page_of(STORE_AT), PAGE_SIZE);
    host_zero(page_of(STORE_AT), PAGE_SIZE);
    host_unpoison(page_of(CONSOLE_AT), PAGE_SIZE);
    host_zero(page_of(CONSOLE_AT), PAGE_SIZE);
    close_windows();
    attacked = false;
}

static void act(void)
{
    switch (below(12)) {
    case 0:
        raw_bytes();
        break;
    case 1:
        if (!below(4))
            attack();
        break;
    case 2:
    case 3:
        read_answers();
        break;
    case 4:
        write_console();
        break;
    case 5:
        console_receive(below(2) ? 1 : take(&input, 1));
        console_received();
        send_console();
        break;
    case 6:
        if (!depth)
            expire(timers[below(TIMERS)]);
        break;
    case 7:
        service_notified(&domain, SERVICE_CONSOLE);
        break;
    default:
        ask();
    }
    service_notified(&domain, SERVICE_STORE);
    close_windows();
}

bool pause_point(void)
{
    close_windows();
    if (!depth && input_left(&input) && !below(4)) {
        depth++;
        act();
        depth--;
    }
    return !below(32);
}

HOST int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input = (struct input){data, data + size};
    this_cpu.vcpu = &vcpu;
    this_cpu.domain = &domain;
    vcpu.domain = &domain;
    memset(&domain, 0, sizeof(domain));
    domain.domain_id = DOMID;
    domain.tot_pages = 100;
    memcpy(domain.name, "fuzzed", 7);
    last_tx = 0;
    unsent = 0;
    start_services();
    for (unsigned int n = 0; n < STEPS && input_left(&input); n++) {
        act();
        if (!below(64)) {
            end();
            start_services();
        }
    }
    end();
    return 0;
}

HOST int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    host_init(*argv);
    for (unsigned int i = 0; i < WIN_SLOTS; i++)
        window_frame[i] = INVALID_MFN;
    host_map(PAGES, 16 * PAGE_SIZE);
    host_poison((void *)PAGES, 16 * PAGE_SIZE);
    return 0;
}
