# gnuplot growth-timers.gp draws growth-timers.png and growth-timers.svg
$set_first << EOD
3 95.00
6 95.00
12 95.00
24 95.00
48 95.00
72 95.00
93 95.00
EOD
$set_last << EOD
3 115.00
6 139.00
12 187.00
24 283.00
48 475.00
72 667.00
93 835.00
EOD
$stop_first << EOD
3 50.00
6 50.00
12 50.00
24 50.00
48 50.00
72 50.00
93 50.00
EOD
set title "Timers that are set\nInt82, QEMU TCG with icount: a tick is an executed instruction"
set grid linecolor "#dddddd" linetype 1
set border linecolor "#666666"
set xlabel "timers" offset 0,0.4
set ylabel "ticks"
set yrange [0:*]
set key outside center bottom vertical spacing 1.1
set xrange [0:*]
draw = 'plot $set_first using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#4477aa" title "set_timer_op, before all others", $set_last using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#ee6677" title "set_timer_op, behind all others", $stop_first using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#228833" title "set_timer_op 0, of the first"'
set terminal pngcairo noenhanced size 900,540 font "DejaVu Sans,11" background "white"
set output "growth-timers.png"
eval(draw)
set terminal svg noenhanced size 900,540 font "DejaVu Sans,11" background "white"
set output "growth-timers.svg"
eval(draw)
set output
