/* SPDX-License-Identifier: MIT */
/* For C and assembly: the address of the first of 256 pages of a process, half of which are under each of two L1
 * tables. */
#ifndef BENCH_COW_H
#define BENCH_COW_H

#define BENCH_COW_VA 0x10180000

#endif
