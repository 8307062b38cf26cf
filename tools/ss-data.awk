# SPDX-License-Identifier: MIT
# Gives every memory operand in gcc's assembly the %ss: override that the processor would not choose by itself.
#
# Why: while the hypervisor runs, CS and SS are the only segments that are its own. DS, ES, FS and GS keep what the guest
# loaded, so that no way in or out of the hypervisor has to save, load or restore them (docs/entry-path.md). Operands
# based on %esp or %ebp use SS anyway. tools/check-segments.sh proves on the finished image that nothing was missed.

function override(op, base)
{
    if (op ~ /^[$]/ || op ~ /^%[a-z0-9]+$/ || op ~ /^%[a-z]s:/ || op ~ /^%st/)
        return op                             # immediate, register, explicit segment
    if (match(op, /\(/)) {
        base = substr(op, RSTART + 1)
        sub(/[,)].*/, "", base)
        if (base == "%esp" || base == "%ebp")
            return op
    }
    return "%ss:" op
}

# Splits operands at the commas outside parentheses.
function rewrite(operands, jumps,    i, c, depth, op, out, sep)
{
    for (i = 1; i <= length(operands) + 1; i++) {
        c = i > length(operands) ? "," : substr(operands, i, 1)
        if (c == "(") depth++
        if (c == ")") depth--
        if (c == "," && !depth) {
            gsub(/^[ \t]+|[ \t]+$/, "", op)
            if (op ~ /^\*/)
                op = "*" override(substr(op, 2))
            else if (!jumps)
                op = override(op)
            out = out sep op
            sep = ", "
            op = ""
        } else
            op = op c
    }
    return out
}

function instruction(text,    label, mnemonic, prefix)
{
    label = ""
    while (match(text, /^[ \t]*[0-9A-Za-z_.$]+:/)) {
        label = label substr(text, 1, RLENGTH)
        text = substr(text, RLENGTH + 1)
    }
    sub(/^[ \t]+/, "", text)
    prefix = ""
    if (match(text, /^(lock|rep|repz|repnz|notrack)[ \t;]+/)) {
        prefix = substr(text, 1, RLENGTH)
        text = substr(text, RLENGTH + 1)
    }
    if (text == "" || text ~ /^[.#]/)
        return label "\t" prefix text
    mnemonic = text
    sub(/[ \t].*/, "", mnemonic)
    if (mnemonic == text || mnemonic ~ /^(lea|nop|bnd)/)
        return label "\t" prefix text
    text = substr(text, length(mnemonic) + 1)
    sub(/^[ \t]+/, "", text)
    return label "\t" prefix mnemonic "\t" rewrite(text, mnemonic ~ /^(j|call|loop)/)
}

# Inline assembly may hold several instructions in a line. Directives (with their strings) pass untouched.
/^[ \t]*[.#\/]/ { print; next }
/^[^ \t].*:[ \t]*$/ { print; next }
{
    n = split($0, part, ";")
    for (k = 1; k <= n; k++)
        if (part[k] ~ /[^ \t]/)
            print instruction(part[k])
}
