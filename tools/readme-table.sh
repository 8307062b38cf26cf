#!/bin/sh
# Renews the table in README.md, between the lines <!-- table --> and <!-- /table -->, from results/baseline and the
# peers. usage: tools/readme-table.sh INT82-BENCH PEER.csv...
set -eu

bench=$1
shift
rows='int82_enosys,xen_version,stack_switch,mmu_same/1,mmu_same/512,mmu_map_rw/1,mmu_map_rw/512,mmu_ro_to_rw/512'
rows="$rows,uva_map_none,multicall_uva_map/32,mmuext_invlpg_local,pin_l1_full512,page_fault_iret,soft_int_0x81_iret"
rows="$rows,ptwr_store_nonpresent,evtchn_send_already_pending,evtchn_send_with_upcall"
table=$(mktemp)
trap 'rm -f "$table"' EXIT
first=$1
shift
"$bench" show --markdown --rows="$rows" --peer="$first" ${1:+--peer="$1"} results/baseline >"$table"
awk -v table="$table" '
    /^<!-- table -->$/ { print; while ((getline line < table) > 0) print line; skip = 1; next }
    /^<!-- \/table -->$/ { skip = 0 }
    !skip' README.md >README.md.new
mv README.md.new README.md
