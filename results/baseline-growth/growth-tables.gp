# gnuplot growth-tables.gp draws growth-tables.png and growth-tables.svg
$mmu_update << EOD
1 112.00
16 133.62
256 133.04
1024 133.01
1536 133.01
2048 136.04
2304 143.00
2560 151.00
3072 163.00
4096 177.24
EOD
set title "L1 tables that are written in turn\nInt82, QEMU TCG with icount: a tick is an executed instruction"
set grid linecolor "#dddddd" linetype 1
set border linecolor "#666666"
set xlabel "tables" offset 0,0.4
set ylabel "ticks"
set yrange [0:*]
set key outside center bottom vertical spacing 1.1
set xrange [0:*]
draw = 'plot $mmu_update using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#4477aa" title "an entry written by mmu_update, in the next table"'
set terminal pngcairo noenhanced size 900,500 font "DejaVu Sans,11" background "white"
set output "growth-tables.png"
eval(draw)
set terminal svg noenhanced size 900,500 font "DejaVu Sans,11" background "white"
set output "growth-tables.svg"
eval(draw)
set output
