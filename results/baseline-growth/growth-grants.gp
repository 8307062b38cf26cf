# gnuplot growth-grants.gp draws growth-grants.png and growth-grants.svg
$map << EOD
0 305.00
16 305.00
64 305.00
256 305.00
512 305.00
1024 305.00
2048 305.00
4096 305.00
EOD
$unmap << EOD
0 361.00
16 359.00
64 359.00
256 359.00
512 359.00
1024 359.00
2048 359.00
4096 359.00
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
