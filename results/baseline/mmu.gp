# gnuplot mmu.gp draws mmu.png and mmu.svg
$own0 << EOD
1 37.000
2 42.000
4 30.500
8 24.750
16 21.875
32 20.438
64 19.719
128 19.523
256 19.426
512 19.377
EOD
$peer0 << EOD
1 565.000
2 434.000
4 368.500
8 335.750
16 319.375
32 311.188
64 307.094
128 305.047
256 304.023
512 303.512
EOD
$own1 << EOD
1 37.000
2 42.000
4 30.500
8 24.750
16 21.875
32 20.438
64 19.719
128 19.523
256 19.426
512 19.377
EOD
$peer1 << EOD
1 565.000
2 434.000
4 368.500
8 335.750
16 319.375
32 311.188
64 307.094
128 305.047
256 304.023
512 303.512
EOD
$own2 << EOD
1 37.000
2 42.000
4 30.500
8 24.750
16 21.875
32 20.438
64 19.719
128 19.523
256 19.426
512 19.377
EOD
$peer2 << EOD
1 565.000
2 434.000
4 368.500
8 335.750
16 319.375
32 311.188
64 307.094
128 305.047
256 304.023
512 303.512
EOD
$own3 << EOD
1 62.000
2 65.500
4 53.750
8 47.875
16 44.938
32 43.469
64 42.734
128 42.539
256 42.441
512 42.393
EOD
$peer3 << EOD
1 732.000
2 601.000
4 535.500
8 502.750
16 486.375
32 478.188
64 474.094
128 472.047
256 471.023
512 470.512
EOD
$own4 << EOD
1 60.000
2 64.500
4 52.750
8 46.875
16 43.938
32 42.469
64 41.734
128 41.539
256 41.441
512 41.393
EOD
$peer4 << EOD
1 715.000
2 584.000
4 518.500
8 485.750
16 469.375
32 461.188
64 457.094
128 455.047
256 454.023
512 453.512
EOD
$own5 << EOD
1 59.000
2 63.500
4 51.750
8 45.875
16 42.938
32 41.469
64 40.734
128 40.539
256 40.441
512 40.393
EOD
$peer5 << EOD
1 710.000
2 579.000
4 513.500
8 480.750
16 464.375
32 456.188
64 452.094
128 450.047
256 449.023
512 448.512
EOD
$own6 << EOD
1 60.000
2 64.500
4 52.750
8 46.875
16 43.938
32 42.469
64 41.734
128 41.539
256 41.441
512 41.393
EOD
$peer6 << EOD
1 619.000
2 488.000
4 422.500
8 389.750
16 373.375
32 365.188
64 361.094
128 359.047
256 358.023
512 357.512
EOD
$own7 << EOD
1 55.000
2 59.500
4 47.750
8 41.875
16 38.938
32 37.469
64 36.734
128 36.539
256 36.441
512 36.393
EOD
$peer7 << EOD
1 669.000
2 538.000
4 472.500
8 439.750
16 423.375
32 415.188
64 411.094
128 409.047
256 408.023
512 407.512
EOD
$own8 << EOD
1 60.000
2 63.500
4 51.750
8 45.875
16 42.938
32 41.469
64 40.734
128 40.539
256 40.441
512 40.393
EOD
$peer8 << EOD
1 595.000
2 464.000
4 398.500
8 365.750
16 349.375
32 341.188
64 337.094
128 335.047
256 334.023
512 333.512
EOD
$own9 << EOD
1 80.000
2 84.500
4 72.750
8 66.875
16 63.938
32 62.469
64 61.734
128 61.539
256 61.441
512 61.393
EOD
set title "mmu_update: ticks an entry against the size of the batch\n4.2.5-int82 (17d3f6d84d72), tcg-icount: a tick is one instruction"
set grid linecolor "#dddddd" linetype 1
set border linecolor "#666666"
set logscale x 2
set xtics (1,2,4,8,16,32,64,128,256,512)
set xlabel "entries in one call"
set ylabel "ticks an entry (minimum), logarithmic"
set xrange [0.9:560]
set logscale y
set key outside right top
draw = 'plot $own0 using 1:2 with linespoints linewidth 2 pointtype 6 pointsize 1.2 linecolor rgb "#4477aa" title "mmu_same", $peer0 using 1:2 with lines linewidth 1 dashtype 2 linecolor rgb "#4477aa" title "dashed: best of 5", $own1 using 1:2 with linespoints linewidth 2 pointtype 4 pointsize 1.2 linecolor rgb "#ee6677" title "mmu_sw_bit_off", $peer1 using 1:2 with lines linewidth 1 dashtype 2 linecolor rgb "#ee6677" title "", $own2 using 1:2 with linespoints linewidth 2 pointtype 8 pointsize 1.2 linecolor rgb "#228833" title "mmu_sw_bit_on", $peer2 using 1:2 with lines linewidth 1 dashtype 2 linecolor rgb "#228833" title "", $own3 using 1:2 with linespoints linewidth 2 pointtype 12 pointsize 1.2 linecolor rgb "#ccbb44" title "mmu_ro_to_rw", $peer3 using 1:2 with lines linewidth 1 dashtype 2 linecolor rgb "#ccbb44" title "", $own4 using 1:2 with linespoints linewidth 2 pointtype 10 pointsize 1.2 linecolor rgb "#66ccee" title "mmu_rw_to_ro", $peer4 using 1:2 with lines linewidth 1 dashtype 2 linecolor rgb "#66ccee" title "", $own5 using 1:2 with linespoints linewidth 2 pointtype 7 pointsize 1.2 linecolor rgb "#aa3377" title "mmu_map_rw", $peer5 using 1:2 with lines linewidth 1 dashtype 2 linecolor rgb "#aa3377" title "", $own6 using 1:2 with linespoints linewidth 2 pointtype 5 pointsize 1.2 linecolor rgb "#ee8800" title "mmu_unmap_rw", $peer6 using 1:2 with lines linewidth 1 dashtype 2 linecolor rgb "#ee8800" title "", $own7 using 1:2 with linespoints linewidth 2 pointtype 9 pointsize 1.2 linecolor rgb "#222222" title "mmu_map_ro", $peer7 using 1:2 with lines linewidth 1 dashtype 2 linecolor rgb "#222222" title "", $own8 using 1:2 with linespoints linewidth 2 pointtype 13 pointsize 1.2 linecolor rgb "#999999" title "mmu_unmap_ro", $peer8 using 1:2 with lines linewidth 1 dashtype 2 linecolor rgb "#999999" title "", $own9 using 1:2 with linespoints linewidth 2 pointtype 11 pointsize 1.2 linecolor rgb "#7744cc" title "mmu_replace"'
set terminal pngcairo noenhanced size 1100,620 font "DejaVu Sans,11" background "white"
set output "mmu.png"
eval(draw)
set terminal svg noenhanced size 1100,620 font "DejaVu Sans,11" background "white"
set output "mmu.svg"
eval(draw)
set output
