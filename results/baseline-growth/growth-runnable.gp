# gnuplot growth-runnable.gp draws growth-runnable.png and growth-runnable.svg
$switch << EOD
1 375.50
2 375.67
4 375.80
8 375.89
16 375.94
24 375.96
31 375.97
EOD
$take_the_last << EOD
1 543.00
2 543.00
4 543.00
8 543.00
16 543.00
24 543.00
31 543.00
EOD
set title "vCPUs that could run\nInt82, QEMU TCG with icount: a tick is an executed instruction"
set grid linecolor "#dddddd" linetype 1
set border linecolor "#666666"
set xlabel "vCPUs beside that of domain 0" offset 0,0.4
set ylabel "ticks"
set yrange [0:*]
set key outside center bottom vertical spacing 1.1
set xrange [0:*]
draw = 'plot $switch using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#4477aa" title "a switch to the next vCPU by sched_op yield", $take_the_last using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#ee6677" title "pausedomain of the last in the queue"'
set terminal pngcairo noenhanced size 900,520 font "DejaVu Sans,11" background "white"
set output "growth-runnable.png"
eval(draw)
set terminal svg noenhanced size 900,520 font "DejaVu Sans,11" background "white"
set output "growth-runnable.svg"
eval(draw)
set output
