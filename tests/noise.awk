# SPDX-License-Identifier: MIT
# Boots of two builds, made of one result: a bench.csv in, DIR/base.K.csv and DIR/head.K.csv out, for K = 1 to BOOTS. Each
# boot is as a whole and in each row a little faster or slower (SPREAD, a share), samples are disturbed upwards only, and
# the machine gets slower all the time; sides take turns, A B B A. In the head each EVERY-th row takes FACTOR times as long.
#   awk -F, -v dir=DIR -v seed=N -v boots=9 -v spread=0.003 -v every=0 -v factor=1 -f tests/noise.awk bench.csv

# The generator of Park and Miller: the same figures in any awk.
function uniform() {
    state = (state * 16807) % 2147483647
    return state / 2147483647
}

function normal() {
    return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform())
}

function boot(side, k, late,    file, i, s, n, x, whole, row, least, sorted) {
    file = dir "/" side "." k ".csv"
    whole = 1 + spread * 0.7071 * normal() + spread * late
    printf "%s# engine: noise\n# hypervisor_revision: %s\nname,batch,ticks_min,ticks_median\n", about, side > file
    for (i = 1; i <= rows; i++) {
        row = ticks[i] * whole * (1 + spread * 0.7071 * normal())
        if (side == "head" && every && i % every == 0)
            row *= factor
        least = row * (1 - spread * log(uniform()) / 9)   # of nine samples that are disturbed exponentially
        printf "%s,%s,%.4f,%.4f\n", name[i], batch[i], least, least * (1 + spread) > file
    }
    close(file)
}

/^# suite: / { about = $0 "\n" }
$2 ~ /^[0-9]+$/ && rows < 150 && $3 > 0 {
    name[++rows] = $1
    batch[rows] = $2
    ticks[rows] = $3
}

END {
    state = seed * 7919 + 82
    for (k = 0; k < 20; k++)
        uniform()
    for (k = 1; k <= boots; k++)
        for (turn = 0; turn < 2; turn++)
            boot((k + turn) % 2 ? "base" : "head", k, (2 * k + turn) / (2 * boots))
    print rows
}
