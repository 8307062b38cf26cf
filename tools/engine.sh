# SPDX-License-Identifier: MIT
# Sourced by scripts that start a QEMU of their own: $engine (tcg or kvm) and $cpu, from ENGINE= (tcg; kvm, auto), CPU=
# and QEMU=.
# shellcheck shell=sh disable=SC2034
engine=${ENGINE:-tcg}
[ "$engine" = tcg ] ||
    engine=$("$B/int82-bench" probe --brief --engine="$engine" ${QEMU:+--qemu="$QEMU"} ${CPU:+--cpu="$CPU"})
case $engine in
kvm) cpu=${CPU:-host} ;;
*) cpu=${CPU:-qemu64} ;;
esac
