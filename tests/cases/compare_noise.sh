#!/bin/sh
# SPDX-License-Identifier: MIT
# Comparisons of equal builds with noise added by hand find nothing, and true changes of 2 % are found: all the way through
# the front end, with the rows of results/baseline as the figures to disturb. test_noise does it with raw samples.
. tests/lib.sh
. tests/noise.sh

noise_check "${NOISE_OF:-results/baseline/bench.csv}"
