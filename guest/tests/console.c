/* SPDX-License-Identifier: MIT */
/*
 * console_io. The run's own output shows that what is written really arrives, since every line of it comes this way.
 * The lines that begin with `console_io:`, before this subject's results, were written by these tests.
 */
#include "test.h"

TEST(console_write)
{
    static const char text[] = "console_io: written by the test\n";

    CHECK_RC(HYPERVISOR_console_io(CONSOLEIO_write, sizeof(text) - 1, text), 0);
    CHECK_RC(HYPERVISOR_console_io_page(CONSOLEIO_write, sizeof(text) - 1, text), 0);
}

TEST(console_write_nothing)
{
    CHECK_RC(HYPERVISOR_console_io(CONSOLEIO_write, 0, "x"), 0);
    CHECK_RC(HYPERVISOR_console_io(CONSOLEIO_write, 0, UNMAPPED), 0);
}

TEST(console_write_to_the_page_end)
{
    memcpy(EDGE(13), "console_io: \n", 13);
    CHECK_RC(HYPERVISOR_console_io(CONSOLEIO_write, 13, EDGE(13)), 0);
}

/* Longer than any buffer that the hypervisor may have. */
TEST(console_write_long)
{
    static char text[600];

    memset(text, '.', sizeof(text));
    memcpy(text, "console_io: ", 12);
    text[sizeof(text) - 1] = '\n';
    CHECK_RC(HYPERVISOR_console_io(CONSOLEIO_write, sizeof(text), text), 0);
}

TEST(console_write_bad_pointers)
{
    void *p;

    for
        EACH_BAD_POINTER(p, 16)
    CHECK_RC(HYPERVISOR_console_io(CONSOLEIO_write, 16, p), -EFAULT);
    printf("\n");
}

TEST(console_read_nothing)
{
    char buf[16];

    NEED_DOM0();
    CHECK_RC(HYPERVISOR_console_io(CONSOLEIO_read, sizeof(buf), buf), 0);
    CHECK_RC(HYPERVISOR_console_io(CONSOLEIO_read, 0, buf), 0);
}

TEST(console_bad_command)
{
    char buf[16];

    NEED_DOM0();
    CHECK_RC(HYPERVISOR_console_io(2, sizeof(buf), buf), -ENOSYS);
    CHECK_RC(HYPERVISOR_console_io(~0u, sizeof(buf), buf), -ENOSYS);
}
