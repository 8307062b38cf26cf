# gnuplot growth-memory.gp draws growth-memory.png and growth-memory.svg
$boot << EOD
63 84014409.00
127 102201789.00
255 136911592.00
511 209383186.00
1023 357055409.00
2047 652399629.00
4095 1251853746.00
EOD
$mmu_update << EOD
63 68.00
127 68.00
255 68.00
511 68.00
1023 68.00
2047 68.00
4095 68.00
EOD
$make_a_frame << EOD
63 245.63
127 245.63
255 245.63
511 245.63
1023 245.63
2047 245.63
4095 245.63
EOD
$end_a_frame << EOD
63 1197.94
127 1197.94
255 1197.94
511 1197.94
1023 1197.94
2047 1197.94
4095 1197.94
EOD
set title "Memory of the machine\nInt82, QEMU TCG with icount: a tick is an executed instruction"
set grid linecolor "#dddddd" linetype 1
set border linecolor "#666666"
set xlabel "MiB of memory" offset 0,0.4
set ylabel "ticks, logarithmic"
set logscale y
set key outside center bottom vertical spacing 1.1
set xrange [0:*]
draw = 'plot $boot using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#4477aa" title "all of a boot, from reset to the guest, firmware included", $mmu_update using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#ee6677" title "an entry unmapped by mmu_update", $make_a_frame using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#228833" title "a frame given to a domain, one of 2048", $end_a_frame using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#ccbb44" title "a frame taken back and cleared when the domain ends"'
set terminal pngcairo noenhanced size 900,560 font "DejaVu Sans,11" background "white"
set output "growth-memory.png"
eval(draw)
set terminal svg noenhanced size 900,560 font "DejaVu Sans,11" background "white"
set output "growth-memory.svg"
eval(draw)
set output
