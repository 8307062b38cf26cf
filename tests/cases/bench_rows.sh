#!/bin/sh
# SPDX-License-Identifier: MIT
# Rows that need something special. Cold caches: no figure where ticks are instructions; if the guest cannot know that
# they are, a cold call is as long as a warm one, to the instruction. Two domains: the figures are the same wherever in
# memory domain 0 puts the second one.
. tests/lib.sh
need qemu-system-i386

cold='*_cold,tlb_flush_refill'
run() { # run LABEL OPTION...
    label=$1
    shift
    check_status "$label" 0 "$BENCH" run --engine=tcg --out="$CASE_TMP" --label="$label" --no-plot "$@"
}
figure() { # figure LABEL ROW
    grep "^$2," "$CASE_TMP/$1/bench.csv" | cut -d, -f3
}

run counted --rows="$cold,xen_version"
[ "$(grep -vc '^[#n]' "$CASE_TMP/counted/bench.csv")" = 1 ] && pass "no cold row under TCG" || fail "no cold row under TCG" "$(grep -v '^#' "$CASE_TMP/counted/bench.csv")"
for row in xen_version_cold/1 page_fault_iret_cold/1 tlb_flush_refill/512; do
    check_text "$row: why not" "$row (QEMU TCG counts instructions" "$CASE_TMP/counted/bench.csv"
done
run untold --cpu=qemu64,tcg-cpuid=off --rows="$cold,int82_enosys,xen_version,mmu_map_rw/1,uva_map_invlpg,page_fault_iret,evtchn_send_with_upcall,mmuext_flush_local"
for row in int82_enosys xen_version mmu_map_rw uva_map_invlpg page_fault_iret evtchn_send_with_upcall; do
    [ -n "$(figure untold "$row,1")" ] && [ "$(figure untold "$row,1")" = "$(figure untold "${row}_cold,1")" ] &&
        pass "$row: cold as warm" || fail "$row: cold as warm" "$(figure untold "${row}_cold,1"), not $(figure untold "$row,1")"
done
for batch in 8 64 512; do
    [ "$(figure untold "tlb_flush_refill,$batch")" = "$(figure untold mmuext_flush_local,1)" ] &&
        pass "refill of $batch: the flush alone" || fail "refill of $batch" "$(figure untold "tlb_flush_refill,$batch")"
done

run poor --cpu=qemu64,tcg-cpuid=off --rows='xen_version,xen_version_cold' --hv-args=dom0_mem=24M
check_text "no memory: why not" "xen_version_cold/1 (too little memory" "$CASE_TMP/poor/bench.csv"

# What a kernel does to processes: a page of munmap is two trapped stores, a COW fault is at least the fault and the call.
run processes --rows='process_*,ptwr_xchg,ring3_page_fault,uva_map_invlpg' --distribution=100
for row in process_fork,256 process_exit,256 process_exec,1 process_munmap,256 process_cow,1 process_cow_stores,1; do
    [ -n "$(figure processes $row)" ] && pass "$row" || fail "$row" "has no figure"
done
at_least() { # at_least NAME FIGURE LEAST
    awk "BEGIN { exit !($2 >= $3 && $3 > 0) }" && pass "$1" || fail "$1" "$2, less than $3"
}
at_least "munmap's stores" "$(figure processes process_munmap,256)" "256 * $(figure processes ptwr_xchg,1)"
at_least "a COW fault" "$(figure processes process_cow,1)" \
    "$(figure processes ring3_page_fault,1) + $(figure processes uva_map_invlpg,1)"
at_least "a COW fault with stores" "$(figure processes process_cow_stores,1)" \
    "$(figure processes process_cow,1) + $(figure processes ptwr_xchg,1)"

two='domain_switch,domain_ping_pong,console_ring_echo,ipi_round_trip'
run given_back --rows="$two"
run never_had --rows="$two" --hv-args=dom0_mem=64M
for row in domain_switch,2 domain_ping_pong,1 console_ring_echo,1; do
    [ -n "$(figure given_back $row)" ] && [ "$(figure given_back $row)" = "$(figure never_had $row)" ] &&
        pass "$row" || fail "$row" "$(figure given_back $row) and $(figure never_had $row)"
done
# Two vCPUs share the processor by slices: where the timer's interrupts fall changes a fraction.
awk "BEGIN { d = $(figure given_back ipi_round_trip,1) - $(figure never_had ipi_round_trip,1); exit !(d < 2 && d > -2) }" &&
    pass "ipi_round_trip" || fail "ipi_round_trip" "$(figure given_back ipi_round_trip,1) and $(figure never_had ipi_round_trip,1)"
