#!/bin/sh
# SPDX-License-Identifier: MIT
# docs/options.md names each option of the hypervisor's table (xen/common/boot/cmdline.c), and none that is not in it.
. tests/lib.sh

sed -n '/^} options\[\] = {/,/^};/s/^    {"\([a-z0-9_-]*\)".*/\1/p' xen/common/boot/cmdline.c | sort >"$CASE_TMP/table"
sed -n 's/^| \(`.*\)/\1/p' docs/options.md | sed 's/ | .*//' | grep -o '`[a-z0-9_-][a-z0-9_-]*' | tr -d '`' | sort >"$CASE_TMP/page"
[ "$(wc -l <"$CASE_TMP/table")" -gt 5 ] && pass "the table was found" || fail "the table" "no options in cmdline.c"
check "page and table name the same options" diff "$CASE_TMP/table" "$CASE_TMP/page"
