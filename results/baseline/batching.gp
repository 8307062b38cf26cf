# gnuplot batching.gp draws batching.png and batching.svg
$way0 << EOD
1 83.000
2 83.000
4 83.000
8 83.000
16 83.000
32 83.000
64 83.000
128 83.000
256 83.000
512 83.000
EOD
$way1 << EOD
1 127.000
2 104.500
4 93.250
8 87.625
16 84.812
32 83.406
64 82.703
128 82.352
256 82.176
512 82.088
EOD
$way2 << EOD
1 115.000
2 85.500
4 70.750
8 63.375
16 59.688
32 57.844
64 56.922
128 56.625
256 56.477
512 56.402
EOD
$way3 << EOD
1 127.000
2 107.000
4 76.000
8 60.500
16 52.750
32 48.875
64 46.938
128 46.344
256 46.047
512 45.898
EOD
set title "N pages mapped and flushed in four ways: ticks a page against N\n4.2.5-int82 (9d950d5ea9f8), tcg-icount: a tick is one instruction"
set grid linecolor "#dddddd" linetype 1
set border linecolor "#666666"
set logscale x 2
set xtics (1,2,4,8,16,32,64,128,256,512)
set xlabel "N, logarithmic"
set ylabel "ticks a page (minimum)"
set xrange [0.9:560]
set yrange [0:*]
set key inside right top
draw = 'plot $way0 using 1:2 with linespoints linewidth 2 pointtype 6 pointsize 1.2 linecolor rgb "#4477aa" title "N update_va_mapping, an INVLPG each", $way1 using 1:2 with linespoints linewidth 2 pointtype 4 pointsize 1.2 linecolor rgb "#ee6677" title "N mmu_update of one, then a flush", $way2 using 1:2 with linespoints linewidth 2 pointtype 8 pointsize 1.2 linecolor rgb "#228833" title "one multicall of N update_va_mapping, the last flushes", $way3 using 1:2 with linespoints linewidth 2 pointtype 12 pointsize 1.2 linecolor rgb "#ccbb44" title "one mmu_update of N, then a flush"'
set terminal pngcairo noenhanced size 1000,560 font "DejaVu Sans,11" background "white"
set output "batching.png"
eval(draw)
set terminal svg noenhanced size 1000,560 font "DejaVu Sans,11" background "white"
set output "batching.svg"
eval(draw)
set output
