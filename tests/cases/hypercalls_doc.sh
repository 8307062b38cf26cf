#!/bin/sh
# SPDX-License-Identifier: MIT
# docs/hypercalls.md is what tools/hypercalls-doc.sh makes of hypercalls.def, hypercall.h and the sources; and the check
# that says so notices a changed line of the table, a call more, and a call whose function has other arguments.
. tests/lib.sh

check "the page is up to date" tools/hypercalls-doc.sh --check

copy=$CASE_TMP/copy
mkdir -p "$copy"
cp -r tools docs xen "$copy"
def=$copy/xen/include/xen/hypercalls.def
prototypes=$copy/xen/include/xen/hypercall.h

# noticed NAME FILE SED-SCRIPT: with FILE changed in that way the check fails; then FILE is put back.
noticed() {
    cp "$2" "$CASE_TMP/kept"
    sed -i "$3" "$2"
    ! cmp -s "$2" "$CASE_TMP/kept" || fail "$1" "the case changed nothing"
    check_status "$1" 1 "$copy/tools/hypercalls-doc.sh" --check
    cp "$CASE_TMP/kept" "$2"
}
check_status "so is a copy of it" 0 "$copy/tools/hypercalls-doc.sh" --check
noticed "another text" "$def" 's/cheapest call/dearest call/'
noticed "another tier" "$def" 's/^\(HYPERCALL(21, .*\)FAST/\1LEAF/'
noticed "another number of arguments" "$def" 's/^HYPERCALL(21, vm_assist, 2/HYPERCALL(21, vm_assist, 3/'
noticed "a call that is gone" "$def" '/^HYPERCALL(21,/d'
noticed "a call without a prototype" "$prototypes" '/do_vm_assist/d'
noticed "another name of an argument" "$prototypes" '/do_vm_assist/s/type/kind/'
noticed "a changed page" "$copy/docs/hypercalls.md" 's/| 21 |/| 20 |/'
