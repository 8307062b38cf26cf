/* SPDX-License-Identifier: MIT */
/*
 * GNU make loads this (see the Makefile). Make ends with status 2 whatever failed; with this it ends with the status of
 * the program that failed, which the recipe has left in the build directory under make's process number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int plugin_is_GPL_compatible; /* make asks for it; the MIT licence is */
char *gmk_expand(const char *text);

static char path[4096];

static void end_with_status(void)
{
    int status = 0;
    FILE *f = fopen(path, "r");

    if (!f)
        return;
    if (fscanf(f, "%d", &status) != 1)
        status = 0;
    fclose(f);
    unlink(path);
    fflush(NULL);
    if (status)
        _exit(status);
}

int make_status_setup(void)
{
    snprintf(path, sizeof(path), "%s/.status.%ld", gmk_expand("$(B)"), (long)getpid());
    unlink(path); /* of an earlier process of this number */
    return !atexit(end_with_status);
}
