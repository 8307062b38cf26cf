# gnuplot mmu.gp draws mmu.png and mmu.svg
$own0 << EOD
1 56.000
2 60.500
4 40.250
8 30.125
16 25.062
32 22.531
64 21.266
128 21.008
256 20.879
512 20.814
EOD
$own1 << EOD
1 56.000
2 60.500
4 40.250
8 30.125
16 25.062
32 22.531
64 21.266
128 21.008
256 20.879
512 20.814
EOD
$own2 << EOD
1 56.000
2 60.500
4 40.250
8 30.125
16 25.062
32 22.531
64 21.266
128 21.008
256 20.879
512 20.814
EOD
$own3 << EOD
1 87.000
2 90.500
4 70.250
8 60.125
16 55.062
32 52.531
64 51.266
128 51.008
256 50.879
512 50.814
EOD
$own4 << EOD
1 85.000
2 88.500
4 68.250
8 58.125
16 53.062
32 50.531
64 49.266
128 49.008
256 48.879
512 48.814
EOD
$own5 << EOD
1 82.000
2 85.500
4 65.250
8 55.125
16 50.062
32 47.531
64 46.266
128 46.008
256 45.879
512 45.814
EOD
$own6 << EOD
1 84.000
2 87.500
4 67.250
8 57.125
16 52.062
32 49.531
64 48.266
128 48.008
256 47.879
512 47.814
EOD
$own7 << EOD
1 78.000
2 81.500
4 61.250
8 51.125
16 46.062
32 43.531
64 42.266
128 42.008
256 41.879
512 41.814
EOD
$own8 << EOD
1 84.000
2 87.500
4 67.250
8 57.125
16 52.062
32 49.531
64 48.266
128 48.008
256 47.879
512 47.814
EOD
set title "mmu_update: ticks an entry against the size of the batch\n4.2.5-int82 (2ed5691f4ddd), tcg-icount: a tick is one instruction"
set grid linecolor "#dddddd" linetype 1
set border linecolor "#666666"
set logscale x 2
set xtics (1,2,4,8,16,32,64,128,256,512)
set xlabel "entries in one call"
set ylabel "ticks an entry (minimum)"
set xrange [0.9:560]
set yrange [0:*]
set key outside right top
draw = 'plot $own0 using 1:2 with linespoints linewidth 2 pointtype 6 pointsize 1.2 linecolor rgb "#4477aa" title "mmu_same", $own1 using 1:2 with linespoints linewidth 2 pointtype 4 pointsize 1.2 linecolor rgb "#ee6677" title "mmu_sw_bit_off", $own2 using 1:2 with linespoints linewidth 2 pointtype 8 pointsize 1.2 linecolor rgb "#228833" title "mmu_sw_bit_on", $own3 using 1:2 with linespoints linewidth 2 pointtype 12 pointsize 1.2 linecolor rgb "#ccbb44" title "mmu_ro_to_rw", $own4 using 1:2 with linespoints linewidth 2 pointtype 10 pointsize 1.2 linecolor rgb "#66ccee" title "mmu_rw_to_ro", $own5 using 1:2 with linespoints linewidth 2 pointtype 7 pointsize 1.2 linecolor rgb "#aa3377" title "mmu_map_rw", $own6 using 1:2 with linespoints linewidth 2 pointtype 5 pointsize 1.2 linecolor rgb "#ee8800" title "mmu_unmap_rw", $own7 using 1:2 with linespoints linewidth 2 pointtype 9 pointsize 1.2 linecolor rgb "#222222" title "mmu_map_ro", $own8 using 1:2 with linespoints linewidth 2 pointtype 13 pointsize 1.2 linecolor rgb "#999999" title "mmu_unmap_ro"'
set terminal pngcairo noenhanced size 1100,620 font "DejaVu Sans,11" background "white"
set output "mmu.png"
eval(draw)
set terminal svg noenhanced size 1100,620 font "DejaVu Sans,11" background "white"
set output "mmu.svg"
eval(draw)
set output
