# gnuplot calls.gp draws calls.png and calls.svg
$data0 << EOD
0 "int82_enosys" 6.00
1 "int82_nr11_enosys" 6.00
2 "int82_nr47" 6.00
3 "xen_version" 10.00
4 "xen_version_page" 13.00
5 "xen_version_upcalls_on" 10.00
6 "multicall_fpu_taskswitch0" 50.00
7 "fpu_taskswitch_clear" 9.07
8 "fpu_taskswitch_set" 9.08
9 "get_debugreg0" 12.00
10 "get_debugreg7" 12.00
11 "set_debugreg0" 33.00
12 "stack_switch" 11.00
13 "sched_yield_old" 31.00
14 "sched_yield" 26.00
15 "update_descriptor_null" 44.00
16 "update_descriptor_data" 64.00
17 "set_trap_table_1" 55.04
18 "console_write_0" 20.00
19 "mmu_same" 56.00
20 "mmu_sw_bit_off" 56.00
21 "mmu_sw_bit_on" 56.00
22 "mmu_ro_to_rw" 87.00
23 "mmu_rw_to_ro" 85.00
24 "mmu_map_rw" 82.00
25 "mmu_unmap_rw" 84.00
26 "mmu_map_ro" 78.00
27 "mmu_unmap_ro" 84.00
28 "uva_same_none" 33.00
29 "uva_map_none" 59.00
30 "uva_unmap_none" 61.00
31 "uva_ro_none" 62.00
32 "uva_back_to_rw_none" 64.00
33 "uva_same_invlpg" 57.00
34 "uva_map_invlpg" 83.00
35 "uva_unmap_invlpg" 85.00
36 "uva_ro_invlpg" 86.00
37 "uva_back_to_rw_invlpg" 88.00
38 "uva_same_flush" 56.00
39 "uva_map_flush" 82.00
40 "uva_unmap_flush" 84.00
41 "uva_ro_flush" 85.00
42 "uva_back_to_rw_flush" 87.00
43 "multicall_xen_version" 49.00
44 "multicall_uva_same" 89.00
45 "multicall_uva_map" 96.00
46 "multicall_uva_unmap" 98.00
47 "batching_uva_flush" 83.00
48 "batching_mmu_single" 127.00
49 "batching_multicall" 115.00
50 "batching_mmu_batch" 127.00
51 "mmuext_flush_local" 45.00
52 "mmuext_invlpg_local" 48.00
53 "mmuext_new_base_same" 62.00
54 "mmuext_new_base_to_b" 193.00
55 "pin_l1_empty" 3291.00
56 "unpin_l1_empty" 2631.00
57 "pin_l3_tree" 5968.00
58 "unpin_l3_tree" 5422.00
59 "page_fault_iret" 54.00
60 "page_fault_hypercall_iret" 167.00
61 "soft_int_0x81_iret" 148.00
62 "ptwr_store_nonpresent" 228.00
63 "ptwr_store_present_same" 214.00
64 "emul_read_cr3" 91.00
65 "emul_cpuid_prefix" 142.00
66 "evtchn_send_already_pending" 24.00
67 "evtchn_send_fresh_upcall_masked" 41.00
68 "evtchn_send_with_upcall" 89.00
69 "set_ldt" 103.13
70 "set_timer_op" 133.62
71 "set_timer_oneshot" 150.62
72 "ring3_syscall_int80" 3.00
73 "ring3_syscall_int80_bounced" 156.00
74 "context_switch" 531.71
75 "grant_map" 540.00
76 "grant_unmap" 599.01
77 "grant_copy_64" 645.00
78 "grant_copy_page" 3165.00
EOD
set title "One call: ticks from the guest's request to its next instruction\n4.2.5-int82 (ee3e74274349), tcg-icount: a tick is one instruction"
set grid linecolor "#dddddd" linetype 1
set border linecolor "#666666"
set logscale x
set xrange [1:14920]
set xlabel "ticks a call (minimum), logarithmic"
set yrange [78.5:-0.5]
set ytics scale 0
set style fill solid noborder
unset mytics
set key off
set grid xtics mxtics noytics
set mxtics 10
set rmargin 10
draw = 'plot $data0 using 3:($1):(1):3:($1-0.420):($1+0.420):ytic(2) with boxxyerror linecolor rgb "#4477aa" title "this run", $data0 using 3:($1+0.000):($3 < 1000 ? sprintf(" %.4g", $3) : sprintf(" %.0f", $3)) with labels left font ",9" notitle'
set terminal pngcairo noenhanced size 1000,1789 font "DejaVu Sans,11" background "white"
set output "calls.png"
eval(draw)
set terminal svg noenhanced size 1000,1789 font "DejaVu Sans,11" background "white"
set output "calls.svg"
eval(draw)
set output
