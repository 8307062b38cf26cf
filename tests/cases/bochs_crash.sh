#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 300
# Stacks and handlers that a guest points at the hypervisor, where segment limits are enforced: the guest ends, with its
# registers on the log, and nothing else does.
. tests/lib.sh
need bochs grub-mkrescue

for kind in fault_on_hypervisors_stack fault_on_border_stack handler_in_ring_0 iret_frame_in_hypervisor \
    kernel_stack_in_hypervisor kernel_stack_selector page_fault_on_hypervisors_stack upcall_on_hypervisors_stack \
    push_on_wrapping_stack system_call_stack_in_hypervisor; do
    CONSOLE=$CASE_TMP/$kind
    check "$kind: make the ISO" make_iso "$CASE_TMP/crash.iso" "dom0_mem=32M" "$B/guest/tests.elf" "crash=$kind"
    rc=0
    run_bochs -t 60 "$CASE_TMP/crash.iso" || rc=$?
    echo
    [ $rc = 0 ] && pass "$kind: powered off" || fail "$kind: powered off" "status $rc"
    check_text "$kind: reached" "crash begins: $kind" "$CONSOLE"
    check_text "$kind: reason" "Domain 0 (vcpu 0) crashed" "$CONSOLE"
done
