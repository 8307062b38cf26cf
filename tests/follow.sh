# SPDX-License-Identifier: MIT
# Follows a page of docs/ to the letter: `. tests/follow.sh` after tests/lib.sh.
#
# A line `<!-- follow: WHAT -->` in front of a code block says what a reader does with the block, as the text tells him:
#   create FILE          it is a new file
#   append FILE          it goes to the file's end
#   before FILE TEXT     it goes in front of the file's last line that begins with TEXT (and any blanks)
#   diff FILE            its lines with - stand in the file once; those with + take their place
#   run                  the shell runs it in the tree's root; each command must succeed
#   shows                the last run printed these lines, in this order: one may stand in the middle of a longer one,
#                        blanks count as one, FIGURE is any number
# shellcheck shell=sh

# copy_tree TREE: what a build needs, without what was built and without git.
copy_tree() {
    mkdir -p "$1"
    cp -r Makefile xen guest bench tests tools docs "$1"
}

# follow_page PAGE TREE: follows it in a copy of the tree. The last run's output stays in $CASE_TMP/run.out. Status 1 when
# a block could not be followed: then the rest has no sense.
follow_page() {
    f_tree=$2
    rm -f "$CASE_TMP"/block.* "$CASE_TMP"/order.* "$CASE_TMP"/text.*
    awk -v dir="$CASE_TMP" '
        /^<!-- follow: .* -->$/ {
            n++
            sub(/^<!-- follow: /, "")
            sub(/ -->$/, "")
            print > (dir "/order." n)
            print text > (dir "/text." n)
            wait = 1
            next
        }
        /^```/ { inside = inside ? 0 : wait ? 1 : 2; if (!inside) wait = 0; if (!inside) text = ""; next }
        inside == 1 { print > (dir "/block." n) }
        !inside { text = text "\n" $0 }' "$1"
    f_n=1
    while [ -f "$CASE_TMP/order.$f_n" ]; do
        read -r f_what f_file f_arg <"$CASE_TMP/order.$f_n"
        follow_block "$CASE_TMP/block.$f_n" || return 1
        f_n=$((f_n + 1))
    done
    [ $f_n -gt 3 ] && pass "$((f_n - 1)) blocks followed" || fail "blocks" "$1 has $((f_n - 1)) that are marked"
}

follow_block() {
    [ -s "$1" ] || { fail "block $f_n" "is empty"; return 1; }
    case $f_what in
    create | append | before | diff)
        # A reader has only the text to go by.
        grep -qF "\`$f_file\`" "$CASE_TMP/text.$f_n" || fail "block $f_n" "the text above it does not name $f_file"
        "follow_$f_what" "$1" "$f_tree/$f_file" || { fail "block $f_n" "cannot $f_what $f_file"; return 1; }
        ;;
    run) follow_run "$1" ;;
    shows) follow_shows "$1" ;;
    *)
        fail "block $f_n" "what is '$f_what'?"
        return 1
        ;;
    esac
}

follow_create() {
    [ ! -e "$2" ] && cp "$1" "$2"
}

follow_append() {
    [ -f "$2" ] && cat "$1" >>"$2"
}

follow_before() {
    awk -v text="$f_arg" 'FILENAME == ARGV[1] { block = block $0 "\n"; next }
        { line[FNR] = $0; sub(/^ +/, "") }
        index($0, text) == 1 { last = FNR }
        END {
            if (!last) exit 1
            for (i = 1; i <= FNR; i++) printf "%s%s\n", i == last ? block : "", line[i]
        }' "$1" "$2" >"$CASE_TMP/new" && cat "$CASE_TMP/new" >"$2"
}

follow_diff() {
    awk 'FILENAME == ARGV[1] && /^-/ { old = old substr($0, 2) "\n"; next }
        FILENAME == ARGV[1] && /^\+/ { new = new substr($0, 2) "\n"; next }
        FILENAME == ARGV[1] { exit 1 }
        { file = file $0 "\n" }
        END {
            at = old == "" ? 0 : index("\n" file, "\n" old)
            if (!at) exit 1
            rest = substr(file, at + length(old))
            if (index("\n" rest, "\n" old)) exit 1
            printf "%s%s%s", substr(file, 1, at - 1), new, rest
        }' "$1" "$2" >"$CASE_TMP/new" && cat "$CASE_TMP/new" >"$2"
}

follow_run() {
    f_rc=0
    (block=$PWD/${1#"$PWD"/} && cd "$f_tree" && MAKEFLAGS=-j2 sh -e "$block") >"$CASE_TMP/run.out" 2>&1 </dev/null || f_rc=$?
    tr -d "\r" <"$CASE_TMP/run.out" | sed "s/^/| /"
    [ $f_rc = 0 ] && pass "block $f_n: $(tail -n 1 "$1")" || fail "block $f_n" "status $f_rc: $(tail -n 1 "$1")"
    return $f_rc
}

follow_shows() {
    f_missing=$(tr -d '\r' <"$CASE_TMP/run.out" | awk '
        function blanks(s) { gsub(/[ \t]+/, " ", s); return s }
        FILENAME == ARGV[1] {
            s = blanks($0)
            gsub(/[][\\.^$*+?(){}|]/, "\\\\&", s)
            gsub(/FIGURE/, "[0-9]+([.][0-9]+)?", s)
            want[++n] = s
            text[n] = $0
            next
        }
        next_one < n && blanks($0) ~ want[next_one + 1] { next_one++ }
        END { if (next_one < n) print text[next_one + 1] }' "$1" -)
    [ -z "$f_missing" ] && pass "block $f_n: it shows that" || fail "block $f_n" "not in the output: $f_missing"
}

# gate_before: measures some rows as they are here. gate_after TREE: what was added there has made none of them slower, and
# all of them are still compared, though the suite is another one.
gate_rows='xen_version*,mmu_same/1,mmu_same/512'
gate_before() {
    check "rows as they were" "$BENCH" run --engine=tcg --rows="$gate_rows" --label=before --out="$CASE_TMP" --no-plot
}

gate_after() {
    check_status "gate after it" 0 "$1/build/int82-bench" gate --rows="$gate_rows" --rounds=1 "$CASE_TMP/before" tree
    check_text "gate after it: all rows compared" "5 rows: 0 slower, 0 faster, 5 the same" "$CASE_TMP/check.out"
}
