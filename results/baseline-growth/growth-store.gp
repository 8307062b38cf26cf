# gnuplot growth-store.gp draws growth-store.png and growth-store.svg
$read_first << EOD
1 1430.00
2 1430.00
4 1430.00
8 1430.00
16 1430.00
32 1430.00
64 1430.00
128 1430.00
256 1430.00
EOD
$write_first << EOD
1 2086.00
2 2104.00
4 2112.00
8 2156.00
16 2216.00
32 2336.00
64 2233.00
128 2425.00
256 2809.00
EOD
set title "Keys in the store of a domain\nInt82, QEMU TCG with icount: a tick is an executed instruction"
set grid linecolor "#dddddd" linetype 1
set border linecolor "#666666"
set xlabel "keys" offset 0,0.4
set ylabel "ticks"
set yrange [0:*]
set key outside center bottom vertical spacing 1.1
set xrange [0:*]
draw = 'plot $read_first using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#4477aa" title "reading the first key", $write_first using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#ee6677" title "writing the first key"'
set terminal pngcairo noenhanced size 900,520 font "DejaVu Sans,11" background "white"
set output "growth-store.png"
eval(draw)
set terminal svg noenhanced size 900,520 font "DejaVu Sans,11" background "white"
set output "growth-store.svg"
eval(draw)
set output
