/* SPDX-License-Identifier: MIT */
/*
 * Included before everything else in the hypervisor's files. It keeps their string functions apart from the C
 * library's. The fuzzers test these with what calls them, and instrumented.
 */
#define memcpy    hv_memcpy
#define memmove   hv_memmove
#define memset    hv_memset
#define memcmp    hv_memcmp
#define strlen    hv_strlen
#define strcmp    hv_strcmp
#define strncmp   hv_strncmp
#define strchr    hv_strchr
#define strlcpy   hv_strlcpy
#define strtoull  hv_strtoull
#define snprintf  hv_snprintf
#define vsnprintf hv_vsnprintf
