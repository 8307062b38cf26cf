# SPDX-License-Identifier: MIT
# Makes bzImages, for the cases about compressed kernels.
# shellcheck shell=sh

# number VALUE: four bytes
number() {
    # shellcheck disable=SC2059 # it has octal numbers
    printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"
}

# bzimage PAYLOAD [UNPACKED]: boot sector, three sectors of set-up with the header, a little code, the payload; behind that,
# as Linux has it, the size of the file UNPACKED
bzimage() {
    head -c 497 /dev/zero
    printf '\003'
    head -c 12 /dev/zero
    printf '\125\252\353\146HdrS\015\002'
    head -c 64 /dev/zero
    number 700
    number $(($(stat -c %s "$1") + ${2:+4} + 0))
    head -c $((4 * 512 + 700 - 592)) /dev/zero
    cat "$1"
    [ $# = 1 ] || number "$(stat -c %s "$2")"
    head -c 333 /dev/zero
}
