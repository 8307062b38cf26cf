/* SPDX-License-Identifier: MIT */
/*
 * console_io: the console of the machine. Domain 0 writes to it as it likes, and reads it. Others may write, as on a
 * debug build of Xen, but no faster than a serial line. Text beyond that is dropped.
 */
#include <asm/guest_access.h>
#include <xen/console.h>
#include <xen/hypercall.h>
#include <xen/operation.h>

#define CHUNK 16 /* bytes between two looks for interrupts */

/* A domain other than 0: text above its limit is dropped. */
static void write_some(struct domain *d, const char *text, uint32_t size)
{
    size = console_tokens(d, size);
    if (d == dom0)
        console_write(d, text, size);
    else
        console_guest_output(d, text, size);
}

/* Domain 0: nothing gets lost. */
static __may_switch bool may_go_on(const struct domain *d)
{
    return !(d == dom0 ? wait_for_console() : pause_point());
}

static __may_switch long console_output(const char *buffer, int32_t count)
{
    struct domain *d = this_cpu.domain;
    char chunk[CHUNK];

    while (count > 0) {
        uint32_t size = MIN(count, CHUNK);

        if (!may_go_on(d))
            return restart_call(__HYPERVISOR_console_io, 3, CONSOLEIO_write, count, (uint32_t)buffer);
        if (copy_from_guest(chunk, buffer, size))
            return -EFAULT;
        write_some(d, chunk, size);
        buffer += size;
        count -= size;
    }
    return 0;
}

/* Result: how many characters there were. */
static long console_input(char *buffer, int32_t count)
{
    int32_t n;

    if (count > 0 && !guest_range_ok(buffer, count))
        return -EFAULT;
    for (n = 0; n < count; n++) {
        int c = console_read();
        char character = c;

        if (c < 0)
            break;
        if (__copy_to_guest(&buffer[n], &character, 1))
            return -EFAULT;
    }
    return n;
}

static __attribute__((noinline)) __may_switch long other_op(uint32_t cmd, uint32_t count, char *buffer)
{
    if (cmd == CONSOLEIO_write)
        return console_output(buffer, count);
    if (this_cpu.domain != dom0)
        return -EPERM;
    return cmd == CONSOLEIO_read ? console_input(buffer, count) : -ENOSYS;
}

long do_console_io(uint32_t cmd, uint32_t count, char *buffer)
{
    if (cmd == CONSOLEIO_write && (int32_t)count <= 0)
        return 0;
    return other_op(cmd, count, buffer);
}
