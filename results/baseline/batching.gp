# gnuplot batching.gp draws batching.png and batching.svg
$way0 << EOD
1 62.000
2 62.000
4 62.000
8 62.000
16 62.000
32 62.000
64 62.000
128 62.000
256 62.000
512 62.000
EOD
$way1 << EOD
1 102.000
2 92.000
4 87.000
8 84.500
16 83.250
32 82.625
64 82.312
128 82.156
256 82.078
512 82.039
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
1 102.000
2 94.500
4 69.750
8 57.375
16 51.188
32 48.094
64 46.547
128 46.148
256 45.949
512 45.850
EOD
set title "N pages mapped and flushed in four ways: ticks a page against N\n4.2.5-int82 (f0bbcd913f70), tcg-icount: a tick is one instruction"
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
