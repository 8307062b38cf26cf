# gnuplot growth-grants.gp draws growth-grants.png and growth-grants.svg
$map << EOD
0 388.00
16 388.00
64 388.00
256 388.00
512 388.00
1024 388.00
2048 388.00
4096 388.00
EOD
$unmap << EOD
0 470.00
16 468.00
64 468.00
256 468.00
512 468.00
1024 468.00
2048 468.00
4096 468.00
EOD
set title "Mapped grants\nInt82, QEMU TCG with icount: a tick is an executed instruction"
set grid linecolor "#dddddd" linetype 1
set border linecolor "#666666"
set xlabel "mappings" offset 0,0.4
set ylabel "ticks"
set yrange [0:*]
set key outside center bottom vertical spacing 1.1
set xrange [0:*]
draw = 'plot $map using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#4477aa" title "map_grant_ref of one more", $unmap using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#ee6677" title "unmap_grant_ref"'
set terminal pngcairo noenhanced size 900,520 font "DejaVu Sans,11" background "white"
set output "growth-grants.png"
eval(draw)
set terminal svg noenhanced size 900,520 font "DejaVu Sans,11" background "white"
set output "growth-grants.svg"
eval(draw)
set output
