# gnuplot growth-ports.gp draws growth-ports.png and growth-ports.svg
$alloc_unbound << EOD
8 199.00
16 199.00
32 199.00
64 199.00
128 199.00
256 199.00
512 199.00
768 199.00
1000 199.00
EOD
$bind_ipi << EOD
8 175.00
16 175.00
32 175.00
64 175.00
128 175.00
256 175.00
512 175.00
768 175.00
1000 175.00
EOD
$close << EOD
8 138.00
16 138.00
32 138.00
64 138.00
128 138.00
256 138.00
512 138.00
768 138.00
1000 138.00
EOD
$send << EOD
8 47.00
16 47.00
32 47.00
64 47.00
128 47.00
256 47.00
512 47.00
768 47.00
1000 47.00
EOD
set title "Event channels in use\nInt82, QEMU TCG with icount: a tick is an executed instruction"
set grid linecolor "#dddddd" linetype 1
set border linecolor "#666666"
set xlabel "event channels" offset 0,0.4
set ylabel "ticks"
set yrange [0:*]
set key outside center bottom vertical spacing 1.1
set xrange [0:*]
draw = 'plot $alloc_unbound using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#4477aa" title "alloc_unbound", $bind_ipi using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#ee6677" title "bind_ipi", $close using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#228833" title "close", $send using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#ccbb44" title "send"'
set terminal pngcairo noenhanced size 900,560 font "DejaVu Sans,11" background "white"
set output "growth-ports.png"
eval(draw)
set terminal svg noenhanced size 900,560 font "DejaVu Sans,11" background "white"
set output "growth-ports.svg"
eval(draw)
set output
