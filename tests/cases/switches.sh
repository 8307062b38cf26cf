#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 200
# The build checks which functions may let other vCPUs run (tools/check-switches.sh, docs/concurrency.md). In the tree all
# of them are marked, or it would not have been built. Here marks are removed, and a call is added, in a copy, and the
# build has to fail for just that reason.
. tests/lib.sh

# It is built as the tree is, in `build`, so that ccache has most of it.
copy=$CASE_TMP/copy
mkdir "$copy"
cp -a xen tools Makefile "$copy"
build() {
    make -s -C "$copy" -f xen/build.mk -j2 B=build "$1" >"$CASE_TMP/out" 2>&1
}
check "the tree as it is" build build/int82.elf

# refused NAME FILE SED-SCRIPT TEXT
refused() {
    cp "$copy/$2" "$CASE_TMP/kept"
    sed -i "$3" "$copy/$2"
    if cmp -s "$copy/$2" "$CASE_TMP/kept"; then
        fail "$1" "the change does not apply: follow the code"
    elif build build/int82.elf; then
        fail "$1" "it is built"
    else
        check_text "$1" "$4" "$CASE_TMP/out"
    fi
    cp "$CASE_TMP/kept" "$copy/$2"
}
refused "a mark is missing" xen/common/memory/exchange.c 's/^static __may_switch int steal_chunk/static __attribute__((noinline)) int steal_chunk/' \
    "steal_chunk may switch, by preempt_point, and does not say so"
refused "a mark is missing in a header" xen/include/asm/mm.h 's/^__may_switch int new_base_pointer/int new_base_pointer/' \
    "new_base_pointer may switch"
refused "deep below a function without a mark" xen/common/events/event_channel.c \
    's/^    return chn && chn->state != ECS_FREE/    pause_point();\n&/' "may switch, by pause_point, and does not say so"
refused "by a pointer" xen/common/control/domctl.c 's/^static __may_switch long run(/static __attribute__((noinline)) long run(/' \
    "run calls by a pointer, and does not say that it may switch"
refused "in a table that others call through" xen/arch/x86/emulate/ptwr.c \
    's/^static bool store_stos(/static __may_switch bool store_stos(/' "stores holds the address of store_stos"
refused "as a timer's function" xen/common/domain/sched_op.c 's/^static void watchdog_expired(/static __may_switch void watchdog_expired(/' \
    "takes the address of watchdog_expired"
check "the tree as it was" build build/int82.elf
