/* SPDX-License-Identifier: MIT */
/* Hypervisors to compare: images, the working tree, revisions; with make variables of their own. */
#ifndef INT82_BENCH_BUILD_H
#define INT82_BENCH_BUILD_H

#include "lib/util.h"

/* What a user may name as one side of a comparison. */
enum side_kind { SIDE_RESULT, SIDE_IMAGE, SIDE_TREE, SIDE_REVISION };

struct side {
    enum side_kind kind;
    const char *name; /* as the user said it */
    char *path;       /* the result or image; for trees and revisions, set by side_build() */
    char *revision;   /* full hash of a revision, what `git describe` says of a tree */
    const char *make; /* make variables as the user said them, or NULL */
    char **variables; /* all that are given to make, the environment's too */
    size_t variables_n;
    char *key;   /* of variables and compiler, for what is kept */
    char **more; /* of a result: further boots of the same, RESULT,RESULT,... */
    size_t more_n;
};

/* Finds out what NAME is, or ends the program. MAKE may be NULL or empty. */
struct side side_of(const char *name, const char *make);
/* Makes sure that the hypervisor's image is there, building it if need be. Nothing to do for results and images. */
void side_build(struct side *s);
/* The full hashes of a range of revisions, oldest first. */
char **revisions_of(const char *range, size_t *n);

#endif
