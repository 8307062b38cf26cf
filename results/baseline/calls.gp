# gnuplot calls.gp draws calls.png and calls.svg
$data0 << EOD
0 "int82_enosys" 6.00
1 "xen_version" 10.00
2 "multicall_fpu_taskswitch0" 50.00
3 "fpu_taskswitch_clear" 9.07
4 "get_debugreg0" 12.00
5 "get_debugreg7" 12.00
6 "set_debugreg0" 25.00
7 "stack_switch" 11.00
8 "sched_yield_old" 29.00
9 "update_descriptor_null" 44.00
10 "console_write_0" 20.00
11 "mmu_same" 37.00
12 "mmu_replace" 80.00
13 "uva_same_none" 32.00
14 "uva_replace_none" 75.00
15 "mmuext_flush_local" 20.00
16 "mmuext_new_base_same" 30.00
17 "pin_l1_empty" 905.00
18 "unpin_l1_empty" 887.00
19 "pin_l3_tree" 1557.00
20 "unpin_l3_tree" 1297.00
21 "page_fault_iret" 54.00
22 "soft_int_0x81_iret" 53.00
23 "ptwr_store_nonpresent" 127.00
24 "ptwr_andb" 155.00
25 "emul_read_cr3" 60.00
26 "emul_cpuid_prefix" 93.00
27 "evtchn_send_already_pending" 24.00
28 "set_timer_op" 80.64
29 "timer_interrupt" 527.00
30 "ring3_syscall_int80" 3.00
31 "ring3_page_fault" 61.00
32 "context_switch" 444.71
33 "process_exec" 18404.00
34 "process_cow" 151.36
35 "grant_map" 301.00
36 "grant_copy_64" 291.00
37 "domain_ping_pong" 1174.01
38 "console_ring_echo" 1208.02
39 "ipi_round_trip" 1432.88
EOD
$data1 << EOD
0 "int82_enosys" 57.00
1 "xen_version" 68.00
2 "multicall_fpu_taskswitch0" 190.00
3 "fpu_taskswitch_clear" 67.00
4 "get_debugreg0" 63.00
5 "get_debugreg7" 63.00
6 "set_debugreg0" 89.00
7 "stack_switch" 79.00
8 "sched_yield_old" 588.00
9 "update_descriptor_null" 293.00
10 "console_write_0" 85.00
11 "mmu_same" 565.00
13 "uva_same_none" 223.00
15 "mmuext_flush_local" 294.00
16 "mmuext_new_base_same" 334.00
17 "pin_l1_empty" 16833.00
18 "unpin_l1_empty" 7170.00
19 "pin_l3_tree" 15967.00
20 "unpin_l3_tree" 6831.00
21 "page_fault_iret" 167.00
22 "soft_int_0x81_iret" 163.00
23 "ptwr_store_nonpresent" 1107.00
25 "emul_read_cr3" 197.00
26 "emul_cpuid_prefix" 238.00
27 "evtchn_send_already_pending" 165.00
EOD
set title "One call: ticks from the guest's request to its next instruction (40 rows of 92)\n4.2.5-int82 (17d3f6d84d72), tcg-icount: a tick is one instruction"
set grid linecolor "#dddddd" linetype 1
set border linecolor "#666666"
set logscale x
set xrange [1:46010]
set xlabel "ticks a call (minimum), logarithmic"
set yrange [39.5:-0.5]
set ytics scale 0
set style fill solid noborder
unset mytics
set key at graph 0,screen 0.001 left bottom horizontal
set bmargin 5
set grid xtics mxtics noytics
set mxtics 10
set rmargin 10
draw = 'plot $data0 using 3:($1):(1):3:($1-0.420):($1+0.000):ytic(2) with boxxyerror linecolor rgb "#4477aa" title "this run", $data0 using 3:($1-0.210):($3 < 1000 ? sprintf(" %.4g", $3) : sprintf(" %.0f", $3)) with labels left font ",7" notitle, $data1 using 3:($1):(1):3:($1+0.000):($1+0.420):ytic(2) with boxxyerror linecolor rgb "#ee6677" title "best of 5", $data1 using 3:($1+0.210):($3 < 1000 ? sprintf(" %.4g", $3) : sprintf(" %.0f", $3)) with labels left font ",7" notitle'
set terminal pngcairo noenhanced size 1000,1350 font "DejaVu Sans,11" background "white"
set output "calls.png"
eval(draw)
set terminal svg noenhanced size 1000,1350 font "DejaVu Sans,11" background "white"
set output "calls.svg"
eval(draw)
set output
