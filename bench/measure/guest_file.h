/* SPDX-License-Identifier: MIT */
#ifndef INT82_BENCH_GUEST_FILE_H
#define INT82_BENCH_GUEST_FILE_H

/* The ELF file of a guest: the file itself, or what is packed in it (a vmlinuz, or a file that gzip, xz or others have
 * compressed), unpacked into a temporary file of the same name. Ends the program if it cannot be unpacked. */
const char *guest_file(const char *file);

#endif
