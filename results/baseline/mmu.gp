# gnuplot mmu.gp draws mmu.png and mmu.svg
$own0 << EOD
1 56.000
2 62.500
4 41.250
8 30.625
16 25.312
32 22.656
64 21.328
128 21.078
256 20.953
512 20.891
EOD
$own1 << EOD
1 56.000
2 62.500
4 41.250
8 30.625
16 25.312
32 22.656
64 21.328
128 21.078
256 20.953
512 20.891
EOD
$own2 << EOD
1 56.000
2 62.500
4 41.250
8 30.625
16 25.312
32 22.656
64 21.328
128 21.078
256 20.953
512 20.891
EOD
$own3 << EOD
1 87.000
2 92.500
4 71.250
8 60.625
16 55.312
32 52.656
64 51.328
128 51.078
256 50.953
512 50.891
EOD
$own4 << EOD
1 85.000
2 90.500
4 69.250
8 58.625
16 53.312
32 50.656
64 49.328
128 49.078
256 48.953
512 48.891
EOD
$own5 << EOD
1 82.000
2 87.500
4 66.250
8 55.625
16 50.312
32 47.656
64 46.328
128 46.078
256 45.953
512 45.891
EOD
$own6 << EOD
1 84.000
2 89.500
4 68.250
8 57.625
16 52.312
32 49.656
64 48.328
128 48.078
256 47.953
512 47.891
EOD
$own7 << EOD
1 78.000
2 83.500
4 62.250
8 51.625
16 46.312
32 43.656
64 42.328
128 42.078
256 41.953
512 41.891
EOD
$own8 << EOD
1 84.000
2 89.500
4 68.250
8 57.625
16 52.312
32 49.656
64 48.328
128 48.078
256 47.953
512 47.891
EOD
set title "mmu_update: ticks an entry against the size of the batch\n4.2.5-int82 (0cd7406a47da), tcg-icount: a tick is one instruction"
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
