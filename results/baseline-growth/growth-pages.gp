# gnuplot growth-pages.gp draws growth-pages.png and growth-pages.svg
$make_a_frame << EOD
256 265.25
1024 249.55
4096 245.77
16384 244.82
EOD
$end_a_frame << EOD
256 1629.38
1024 1273.59
4096 1194.10
16384 1172.33
EOD
set title "The frames of a domain that is made and ended\nInt82, QEMU TCG with icount: a tick is an executed instruction"
set grid linecolor "#dddddd" linetype 1
set border linecolor "#666666"
set xlabel "frames of the domain" offset 0,0.4
set ylabel "ticks"
set yrange [0:*]
set key outside center bottom vertical spacing 1.1
set xrange [0:*]
draw = 'plot $make_a_frame using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#4477aa" title "a frame given to the domain", $end_a_frame using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#ee6677" title "a frame taken back and cleared when it ends"'
set terminal pngcairo noenhanced size 900,520 font "DejaVu Sans,11" background "white"
set output "growth-pages.png"
eval(draw)
set terminal svg noenhanced size 900,520 font "DejaVu Sans,11" background "white"
set output "growth-pages.svg"
eval(draw)
set output
