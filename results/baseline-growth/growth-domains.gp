# gnuplot growth-domains.gp draws growth-domains.png and growth-domains.svg
$name_the_last << EOD
1 197.00
2 197.00
4 197.00
8 197.00
16 197.00
24 197.00
31 197.00
EOD
$getdomaininfo << EOD
1 939.00
2 939.00
4 939.00
8 939.00
16 939.00
24 939.00
31 939.00
EOD
$create << EOD
1 22513.00
2 22579.00
4 22615.00
8 22687.00
16 22831.00
24 22975.00
31 23101.00
EOD
$destroy << EOD
1 36394.00
2 36404.00
4 36424.00
8 36464.00
16 36544.00
24 36624.00
31 36694.00
EOD
set title "Domains beside domain 0\nInt82, QEMU TCG with icount: a tick is an executed instruction"
set grid linecolor "#dddddd" linetype 1
set border linecolor "#666666"
set xlabel "domains" offset 0,0.4
set ylabel "ticks, logarithmic"
set logscale y
set key outside center bottom vertical spacing 1.1
set xrange [0:*]
draw = 'plot $name_the_last using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#4477aa" title "a call that names the last domain (event channel status)", $getdomaininfo using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#ee6677" title "getdomaininfo of the last domain", $create using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#228833" title "createdomain", $destroy using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "#ccbb44" title "destroydomain, without vCPUs and frames"'
set terminal pngcairo noenhanced size 900,560 font "DejaVu Sans,11" background "white"
set output "growth-domains.png"
eval(draw)
set terminal svg noenhanced size 900,560 font "DejaVu Sans,11" background "white"
set output "growth-domains.svg"
eval(draw)
set output
