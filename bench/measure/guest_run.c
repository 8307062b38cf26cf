/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "measure/guest_run.h"
#include "lib/work.h"
#include "measure/guest_file.h"
#include "measure/run.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define QUIET 2 /* seconds from a guest's last words to the machine's end, when it does not switch itself off */

void add_option_text(struct buf *b, const char *s)
{
    for (; s && *s; s++)
        buf_add(b, *s == ',' ? ",," : s, *s == ',' ? 2 : 1);
}

static struct child start(const struct guest_run *g)
{
    struct engine engine = engine_pick("tcg", g->qemu, g->cpu, false);
    struct buf modules = {0}, port = {0};
    struct args a = {0};
    struct child child;

    add_option_text(&modules, guest_file(g->guest));
    if (g->guest_args && *g->guest_args) {
        buf_add(&modules, " ", 1);
        add_option_text(&modules, g->guest_args);
    }
    if (g->initrd && *g->initrd) {
        buf_add(&modules, ",", 1);
        add_option_text(&modules, g->initrd);
    }
    args_add(&a, g->qemu, "-m", g->memory, "-display", "none", "-monitor", "none", "-serial", "stdio", "-nic", "none",
             "-no-reboot", "-kernel", g->hypervisor, "-append", g->hv_args, "-initrd", modules.p, NULL);
    engine_args(&engine, &a);
    if (g->plugin)
        args_add(&a, "-plugin", g->plugin, NULL);
    if (g->debug_console) {
        buf_printf(&port, "file,id=debug_console,path=");
        add_option_text(&port, g->debug_console);
        args_add(&a, "-chardev", port.p, "-device", "isa-debugcon,iobase=0xe9,chardev=debug_console", NULL);
    }
    child = child_start(a.v, NULL);
    free(a.v);
    buf_free(&modules);
    buf_free(&port);
    return child;
}

/* Asked to, QEMU ends as if the machine had been switched off. */
static void end(struct child *qemu)
{
    kill(-qemu->pid, SIGTERM);
    if (child_wait(qemu, 120000) < 0)
        child_kill(qemu);
}

bool guest_run(const struct guest_run *g, struct buf *console)
{
    struct child qemu;
    struct work work; /* what the limit counts: a busy machine is no hang */
    double over = 0;
    char data[16384];
    int status;

    if (!file_exists(g->hypervisor))
        die(EXIT_MISSING, "the hypervisor %s is not there: run `make`", g->hypervisor);
    if (!file_exists(g->guest) || (g->initrd && *g->initrd && !file_exists(g->initrd)))
        die(EXIT_MISSING, "there is no file %s", file_exists(g->guest) ? g->initrd : g->guest);
    buf_add(console, "", 0);
    qemu = start(g);
    work_start(&work, qemu.pid);
    if (err_is_tty())
        fprintf(stderr, "running %s for at most %.0f s\n", g->guest, g->timeout);
    for (;;) {
        ssize_t n = child_read(&qemu, data, sizeof(data), 100);
        double now = now_seconds();

        if (!n)
            break;
        if (n > 0) {
            buf_add(console, data, n);
            if (!over && run_is_over(console, n))
                over = now + QUIET;
        }
        if (over ? now > over : work_seconds(&work) > g->timeout) {
            end(&qemu);
            return over;
        }
    }
    status = child_wait(&qemu, 10000);
    if (status < 0)
        child_kill(&qemu);
    else if (status)
        warn("QEMU ended with status %d", status);
    return true;
}
