/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "measure/host.h"
#include "lib/proc.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/utsname.h>

const char *host_date(void)
{
    static char text[32];
    time_t now = time(NULL);

    if (!*text)
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    return text;
}

char *host_date_compact(void)
{
    char text[32];
    time_t now = time(NULL);

    strftime(text, sizeof(text), "%Y%m%d-%H%M%S", gmtime(&now));
    return xstrdup(text);
}

static char *cpu_model(void)
{
    struct buf b = {0};
    char *s = NULL, *at;

    if (file_read("/proc/cpuinfo", &b) && (at = strstr(b.p, "model name")) && (at = strchr(at, ':')))
        s = xstrndup(at + 2, strcspn(at + 2, "\n"));
    buf_free(&b);
    return s ? s : xstrdup("unknown");
}

char *host_path(const char *path)
{
    const char *root = getenv("INT82_HOST_ROOT");

    return fmt("%s%s", root ? root : "", path);
}

void host_describe(struct result *r)
{
    struct utsname u;
    char *s = cpu_model();

    result_set(r, "host_cpu", s);
    free(s);
    if (!uname(&u)) {
        s = fmt("%s %s %s", u.sysname, u.release, u.machine);
        result_set(r, "host_kernel", s);
        free(s);
    }
}

char *host_revision(const char *tree)
{
    char *git = fmt("%s/.git", tree), *s = NULL;

    if (file_exists(git) && have_program("git"))
        s = first_line((const char *[]){"git", "describe", "--always", "--dirty", "--abbrev=12", NULL}, tree);
    free(git);
    return s ? s : xstrdup("unknown");
}

char *host_hypervisor(const char *image)
{
    char real[PATH_MAX], *slash, *hash, *s;

    if (realpath(image, real) && (slash = strrchr(real, '/'))) {
        *slash = 0;
        slash = strrchr(real, '/');
        if (!strcmp(real, build_dir()) || (slash && !strcmp(slash, "/build"))) {
            bool own = !strcmp(real, build_dir());

            *slash = 0;
            s = host_revision(own ? tree_root() : real);
            if (strcmp(s, "unknown"))
                return s;
            free(s);
        }
    }
    hash = host_sha256(image);
    slash = strrchr(image, '/');
    s = fmt("%s-%.12s", slash ? slash + 1 : image, hash);
    free(hash);
    return s;
}

char *host_build_flags(const char *image)
{
    size_t n = strlen(image);
    struct buf b = {0};
    char *path, *s = NULL;

    if (n < 4 || strcmp(image + n - 4, ".elf"))
        return NULL;
    path = fmt("%.*s/flags", (int)(n - 4), image);
    if (file_read(path, &b))
        s = xstrndup(b.p, strcspn(b.p, "\n"));
    buf_free(&b);
    free(path);
    return s;
}

char *host_sha256(const char *file)
{
    char *s = first_line((const char *[]){"sha256sum", file, NULL}, NULL);

    if (!s)
        return xstrdup("unknown");
    s[strcspn(s, " ")] = 0;
    return s;
}

const char *host_qemu_for(const char *image)
{
    struct buf b = {0};
    const char *qemu = "qemu-system-i386";

    /* Xen's 64-bit image is wrapped in an ELF32; the interface names in it (xen-3.0-x86_64) give it away. */
    if (file_read(image, &b) && b.n > 5 && (b.p[4] == 2 || memmem(b.p, b.n, "-x86_64", 7)))
        qemu = "qemu-system-x86_64";
    buf_free(&b);
    return qemu;
}
