#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 600
# One instruction more in one path: compare reports just the rows that go through it, and the gate fails. No change at
# all is reported as none. Revisions are built in worktrees of their own, and leave none behind.
. tests/lib.sh
need git qemu-system-i386

# A copy of what the hypervisor is built from, with one nop in the leaf call xen_version.
copy=$CASE_TMP/copy
mkdir -p "$copy"
cp -r Makefile xen tools "$copy"
leaf=$copy/xen/arch/x86/entry/tuned/leaf.S
grep -q '^ENTRY(hypercall_xen_version)' "$leaf" || skip_case "hypercall_xen_version is not in leaf.S"
sed -i 's/^ENTRY(hypercall_xen_version)$/&\n        nop/' "$leaf"
check "build the copies" make -s -C "$copy" "$CASE_TMP/slow/int82.elf" B="$CASE_TMP/slow"
sed -i '/^        nop$/d' "$leaf"
check "build the copies again" make -s -C "$copy" "$CASE_TMP/same/int82.elf" B="$CASE_TMP/same"
rows='xen_version*,stack_switch,mmu_same/1,mmu_same/8,page_fault_iret,int82_enosys'
check_status "no change" 0 "$BENCH" gate --rows="$rows" --rounds=1 "$CASE_TMP/same/int82.elf" "$CASE_TMP/same/int82.elf"
check_text "no change: none" ": 0 slower, 0 faster" "$CASE_TMP/check.out"
check_status "one instruction" 1 "$BENCH" gate --rows="$rows" --rounds=1 "$CASE_TMP/same/int82.elf" "$CASE_TMP/slow/int82.elf"
wrong=$(sed -n 's/^gate: \([a-z0-9_]*\)\/[0-9]*: \([0-9.]*\) became \([0-9.]*\),.*/\1 \2 \3/p' "$CASE_TMP/check.out" |
    awk '$1 !~ /^xen_version/ || $3 - $2 != 1')
found=$(grep -c '^gate: xen_version' "$CASE_TMP/check.out")
[ -z "$wrong" ] && [ "$found" = 3 ] && pass "one instruction: in just its rows" ||
    fail "one instruction: in just its rows" "$found rows of xen_version, others: $wrong"

# Through revisions and build options, where this tree has its history.
if [ -e .git ] && git rev-parse -q --verify 'HEAD^{commit}' >/dev/null; then
    before=$(git worktree list | wc -l)
    check_status "HEAD against the tree" 0 "$BENCH" compare --rows="xen_version" --rounds=1 --out="$CASE_TMP/cmp" HEAD tree
    check_text "HEAD against the tree: table" "xen_version" "$CASE_TMP/check.out"
    [ "$(git worktree list | wc -l)" -le "$before" ] && pass "no worktree left" || fail "no worktree left" "$(git worktree list)"
    check_status "build options" 0 "$BENCH" compare --rows="xen_version,mmu_same/1" --rounds=1 --out="$CASE_TMP/cmp" \
        --head-make=ENTRY=plain tree tree
    check_text "build options: both entries" "xen_version" "$CASE_TMP/check.out"
    check_status "a revision that does not exist" 5 "$BENCH" compare nosuchrevision tree
fi
