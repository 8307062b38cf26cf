/* SPDX-License-Identifier: MIT */
/* What boots is one thing; whoever looks for a guest's symbols and sections needs its ELF file. */
#define _GNU_SOURCE
#include "measure/guest_file.h"
#include "lib/proc.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT 120 /* seconds to unpack a kernel */

static bool is_elf(const char *file)
{
    char magic[4] = {0};
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    bool elf = fd >= 0 && read(fd, magic, sizeof(magic)) == sizeof(magic) && !memcmp(magic, "\177ELF", sizeof(magic));

    if (fd >= 0)
        close(fd);
    return elf;
}

static char *unpack(const char *file)
{
    const char *slash = strrchr(file, '/'), *tmp = getenv("TMPDIR");
    char *dir = temp_dir(tmp && *tmp ? tmp : "/tmp", "int82-guest"), *script, *out;
    struct buf said = {0};
    int status;

    script = fmt("%s/tools/unpack-kernel.sh", tree_root());
    out = fmt("%s/%s", dir, slash ? slash + 1 : file);
    status = capture((const char *const[]){script, "-a", file, out, NULL}, NULL, &said, LIMIT);
    while (said.n && said.p[said.n - 1] == '\n')
        said.p[--said.n] = 0;
    if (status || !said.n)
        die(status == EXIT_MISSING ? EXIT_MISSING : EXIT_RUN, "%s",
            said.n ? said.p : fmt("%s could not be unpacked: status %d", file, status));
    free(script);
    free(out);
    return said.p; /* which of the two it is */
}

const char *guest_file(const char *file)
{
    static char *packed, *unpacked; /* the last one: a comparison boots it again and again */

    if (is_elf(file) || !file_exists(file))
        return file;
    if (!packed || strcmp(packed, file)) {
        unpacked = unpack(file);
        packed = xstrdup(file);
    }
    return unpacked;
}
