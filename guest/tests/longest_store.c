/* SPDX-License-Identifier: MIT */
/*
 * Requests that keep the store busy for longest: through a tree that is full of the shortest paths, of the longest, and
 * of some in between, which all begin alike; with the longest payloads; with as many watches as possible. See
 * longest.c.
 */
#include "store_ring.h"

static char payload[XENSTORE_PAYLOAD_MAX];

/* Any answer is right here; only a missing one would be wrong. */
static void request(uint32_t type, uint32_t tx, uint32_t size)
{
    (void)store_ask(type, tx, payload, size);
}

static bool succeeds(uint32_t type, uint32_t size)
{
    request(type, 0, size);
    return store_reply.head.type == type;
}

/* "d/aaa...": that many characters, then a number or something that is not there. Returns the size with the final 0. */
static uint32_t long_path(uint32_t length, const char *end)
{
    memset(payload, 'a', 2 + length);
    memcpy(payload, "d/", 2);
    return 2 + length + snprintf(payload + 2 + length, 64, "%s", end) + 1;
}

static uint32_t fill(uint32_t length)
{
    char number[8];
    uint32_t n = 0;

    do
        snprintf(number, sizeof(number), "%03u", n);
    while (succeeds(XS_MKDIR, long_path(length, number)) && ++n < 1000);
    return n;
}

/* Paths in front of all entries and behind them, and the longest ones allowed. */
static uint32_t make_path(uint32_t length, uint32_t which)
{
    static const char *const ends[] = {"", "000", "999z", "~", "z/b/c/d/e/f/g/h/i/j"};
    uint32_t size;

    if (which < ARRAY_SIZE(ends))
        return long_path(length, ends[which]);
    memset(payload, 'a', 4 * XENSTORE_ABS_PATH_MAX / 5);
    memcpy(payload, "d/", 2);
    size = which == ARRAY_SIZE(ends) ? 256 : XENSTORE_REL_PATH_MAX - 1;
    payload[size] = 0;
    return size + 1;
}
#define PATHS 7

static void all_requests(uint32_t length)
{
    static const uint32_t types[] = {XS_READ, XS_DIRECTORY, XS_GET_PERMS, XS_MKDIR, XS_RM};

    for (uint32_t i = 0; i < ARRAY_SIZE(types); i++)
        for (uint32_t which = 0; which < PATHS; which++)
            request(types[i], 0, make_path(length, which));
    for (uint32_t which = 0; which < PATHS; which++) {
        uint32_t size = make_path(length, which);

        memset(payload + size, 'v', sizeof(payload) - size);
        request(XS_WRITE, 0, size + 3);
        request(XS_WRITE, 0, size);
        request(XS_WRITE, 0, sizeof(payload));
        for (uint32_t i = size; i < sizeof(payload); i++)
            payload[i] = (i - size) % 3 == 0 ? 'n' : (i - size) % 3 == 1 ? '0' + own_domid() % 10 : 0;
        payload[sizeof(payload) - 1] = 0;
        request(XS_SET_PERMS, 0, size + 3);
        request(XS_SET_PERMS, 0, size + 126);
        request(XS_SET_PERMS, 0, sizeof(payload));
    }
    memcpy(payload, "d", 2);
    request(XS_DIRECTORY, 0, 2);
    memcpy(payload, "device", 7);
    request(XS_WRITE, 0, 7); /* all other entries move */
    request(XS_WRITE, 0, 8);
}

TEST(longest_store_requests)
{
    static const uint32_t lengths[] = {0, 1, 3, 9, 24, 64, 128, 240};

    NEED_STORE();
    for (uint32_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        context("paths of %u", lengths[i]);
        CHECK(fill(lengths[i]) > 20);
        all_requests(lengths[i]);
        memcpy(payload, "d", 2);
        CHECK(succeeds(XS_RM, 2));
        memcpy(payload, "device", 7);
        CHECK(succeeds(XS_WRITE, 7));
    }
}

/* Payloads that are nothing but one path of the greatest length, one path without an end, or nothing but ends. */
TEST(longest_store_payloads)
{
    static const char fills[] = {'a', '_', '0', '/', 0};

    NEED_STORE();
    for (uint32_t type = 0; type < 24; type++)
        for (uint32_t i = 0; i < sizeof(fills); i++) {
            memset(payload, fills[i], sizeof(payload));
            request(type, 0, sizeof(payload));
            payload[sizeof(payload) - 1] = 0;
            request(type, 0, sizeof(payload));
            payload[XENSTORE_REL_PATH_MAX - 1] = 0;
            request(type, 0, sizeof(payload));
            request(type, 0, XENSTORE_REL_PATH_MAX);
            snprintf(payload, 64, "/local/domain/%u", own_domid());
            payload[strlen(payload)] = '/';
            payload[XENSTORE_REL_PATH_MAX - 1] = 'a';
            payload[XENSTORE_ABS_PATH_MAX - 1] = 0;
            request(type, 0, XENSTORE_ABS_PATH_MAX);
        }
    while (store_next_message())
        ;
}

/* Sixteen watches that differ only in their last character. */
TEST(longest_store_watches)
{
    NEED_STORE();
    payload[0] = 0;
    CHECK(succeeds(XS_RESET_WATCHES, 1));
    for (uint32_t i = 0; i < 17; i++) {
        memset(payload, 'w', 254);
        payload[126] = payload[254] = 0;
        payload[253] = 'a' + i;
        CHECK_EQ(succeeds(XS_WATCH, 255), i < 16);
    }
    request(XS_WATCH, 0, sizeof(payload));
    payload[253] = 'z';
    CHECK(!succeeds(XS_UNWATCH, 255));
    payload[125] = 'z'; /* changes that concern no watch, and one that concerns all */
    for (uint32_t i = 0; i < 8; i++)
        CHECK(succeeds(XS_WRITE, 127 + i));
    CHECK(succeeds(XS_RM, 127));
    payload[125] = 'w';
    store_events = 0;
    CHECK(succeeds(XS_WRITE, 127));
    CHECK(succeeds(XS_RM, 127));
    while (store_next_message())
        ;
    CHECK_EQ(store_events, 32);
    payload[0] = 0;
    for (uint32_t i = 0; i < 4; i++)
        CHECK(succeeds(XS_TRANSACTION_START, 1));
    CHECK(succeeds(XS_RESET_WATCHES, 1)); /* ends them all */
}
