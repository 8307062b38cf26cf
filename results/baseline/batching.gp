# gnuplot batching.gp draws batching.png and batching.svg
$way0 << EOD
1 57.000
2 57.000
4 57.000
8 57.000
16 57.000
32 57.000
64 57.000
128 57.000
256 57.000
512 57.000
EOD
$way1 << EOD
1 79.000
2 69.000
4 64.000
8 61.500
16 60.250
32 59.625
64 59.312
128 59.156
256 59.078
512 59.039
EOD
$way2 << EOD
1 115.000
2 83.000
4 67.000
8 59.000
16 55.000
32 53.000
64 52.000
128 51.664
256 51.496
512 51.412
EOD
$way3 << EOD
1 79.000
2 73.500
4 56.750
8 48.375
16 44.188
32 42.094
64 41.047
128 40.695
256 40.520
512 40.432
EOD
set title "N pages mapped and flushed in four ways: ticks a page against N\n4.2.5-int82 (17d3f6d84d72), tcg-icount: a tick is one instruction"
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
