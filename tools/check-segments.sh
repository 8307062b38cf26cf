#!/bin/sh
# SPDX-License-Identifier: MIT
# check-segments.sh IMAGE: fails when an instruction of the hypervisor uses DS, ES, FS or GS, which hold a guest's
# selectors while it runs. Such code works under QEMU's TCG, which ignores limits, and dies on hardware.
# Excepted: %gs/%fs/%ds/%es as operands of MOV (context switches load and save them); .boot, which runs before that; and
# the two functions of asm/rep.h, whose ES is the hypervisor's: one string instruction each, after they have loaded it.
set -eu
objdump -d --no-show-raw-insn -j .text -j .fixup -j .init.text "$1" | awk '
BEGIN {
    allowed["<rep_copy>: movsl %ss:(%esi),%es:(%edi)"]
    allowed["<rep_fill>: stos %eax,%es:(%edi)"]
}
/^[0-9a-f]+ <.*>:$/ { where = $2; own_es = 0; next }
!/^[ \t]*[0-9a-f]+:\t/ { next }
{
    text = $0
    sub(/^[ \t]*[0-9a-f]+:\t/, "", text)
    sub(/[ \t]*[#<].*$/, "", text)
    while (match(text, /^(lock|cs|ss|data16|addr16|rep|repz|repnz)[ \t]+/))
        text = substr(text, RLENGTH + 1)
    mnemonic = text
    sub(/[ \t].*/, "", mnemonic)
    bad = ""
    if (text ~ /,%es$/)
        own_es++
    if (where " " text in allowed && own_es == 1)
        own_es = 2 # no second one
    else if (mnemonic ~ /^(movs[bwl]|stos|lods|scas|cmps[bwl]|ins[bwl]|outs[bwl]|xlat)/ && mnemonic !~ /^movs[bw][lw]$/)
        bad = "string instruction"
    else if (mnemonic !~ /^(lea|nop)/ && !(mnemonic ~ /^(j|call|loop|xbegin)/ && text !~ /\*/)) {
        ops = substr(text, length(mnemonic) + 1)
        if (ops ~ /%[defg]s:/)
            bad = "guest segment"
        else {
            # One memory operand at most: parenthesised, or a bare number.
            rest = ops
            gsub(/\(%dx\)/, "", rest) # a port, not memory
            gsub(/\$-?0x[0-9a-f]+/, "", rest)
            gsub(/\$-?[0-9]+/, "", rest)
            if (rest ~ /\(/ || rest ~ /(^|[ \t,*])(0x[0-9a-f]+|[0-9]+)($|,)/)
                if (rest !~ /%[cs]s:/ && rest !~ /\(%e[sb]p/)
                    bad = "no %ss: override"
        }
    }
    if (bad != "") {
        print where " " text ": " bad
        n++
    }
    seen++
}
END {
    if (!seen) { print "no code found"; exit 1 }
    if (n) { print n " instructions would use a guest'"'"'s segment"; exit 1 }
}'
