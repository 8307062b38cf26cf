#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 300
# `report`: one file with all that a result has, and nothing for what it does not have; texts from files stay texts.
# In a browser (headless, as wide as a phone, dark) tests/report_check.js sorts, filters, presses keys and measures.
. tests/lib.sh

new=$CASE_TMP/new
mkdir -p "$new/batching" "$new/profile-a-1"
csv() { # csv FILE ROW...
    file=$1
    shift
    printf '# engine: tcg-icount\n# suite: s\n# hypervisor: <script>window.hurt=1</script>\n' >"$file"
    printf '%s\n' name,batch,ticks_min,ticks_median,per_entry "$@" >>"$file"
}
csv "$CASE_TMP/new.csv" a,1,10,10,10 b,1,20,20,20 b,8,80,80,10 '<b>bold</b>,1,5,5,5' c,1,7,7,7
csv "$CASE_TMP/base.csv" a,1,5,5,5 b,1,20,20,20 b,8,80,80,10 '<b>bold</b>,1,5,5,5' gone,1,3,3,3
csv "$CASE_TMP/p1.csv" a,1,20,20,20 b,1,80,80,80
csv "$CASE_TMP/p2.csv" a,1,40,40,40 b,1,60,60,60
cat >"$new/console" <<'END'
@int82 begin schema=1 rows=4
@int82 info suite s
@int82 info hypervisor <script>window.hurt=1</script>
@int82 row name=a batch=1 calls=1 empty=0 samples=10
@int82 single name=a batch=1 n=1000 overhead=17 min=9 max=302 hist=9:7,10:900,12:90,14:2,300:1
@int82 row name=b batch=1 calls=1 empty=0 samples=20
@int82 row name=b batch=8 calls=1 empty=0 samples=80
@int82 row name=c batch=1 calls=1 empty=0 samples=7
@int82 end rows=4 errors=0
END

# ---- what is in it
check_status "of a CSV" 0 "$BENCH" report --out="$CASE_TMP/alone.html" "$CASE_TMP/new.csv"
page=$CASE_TMP/alone.html
check_text "a name is text" '&lt;b&gt;bold&lt;/b&gt;' "$page"
check_status "no tag out of a name" 1 grep -q '<b>bold' "$page"
check_status "no script out of a file" 1 grep -q '<script>window.hurt' "$page"
for part in distributions batching profiles changed; do
    check_status "no $part: left out" 1 grep -q "id=\"$part\"" "$page"
done
check_status "nothing is loaded" 1 grep -E 'src="|https?://|@import|url\(' "$page"
check_status "with peers" 0 "$BENCH" report --peer="$CASE_TMP/p1.csv" --peer="$CASE_TMP/p2.csv" --out="$page" "$CASE_TMP/new.csv"
check_text "the best of both" '20 <small>2.0&times;' "$page"
# a: 20/10; b: 60/20
check_text "geometric mean of the best" '2.45&times; <small>2 calls' "$page"
check_status "not here" 5 "$BENCH" report "$CASE_TMP/nosuch"
check_status "no place to write" 3 "$BENCH" report --out=/nosuch/x.html "$CASE_TMP/new.csv"
sed 's/tcg-icount/kvm/' "$CASE_TMP/p1.csv" >"$CASE_TMP/kvm.csv"
check_status "a peer of another engine" 4 "$BENCH" report --peer="$CASE_TMP/kvm.csv" --out="$page" "$CASE_TMP/new.csv"
sed '/^# engine/d' "$CASE_TMP/p1.csv" >"$CASE_TMP/unknown.csv"
check_status "a peer of an unknown engine" 4 "$BENCH" report --peer="$CASE_TMP/unknown.csv" --out="$page" "$CASE_TMP/new.csv"
check_status "a base of another engine" 4 "$BENCH" report --base="$CASE_TMP/kvm.csv" --out="$page" "$CASE_TMP/new.csv"
check_status "two results" 2 "$BENCH" report "$CASE_TMP/new.csv" "$CASE_TMP/p1.csv"

# ---- with what other commands left beside it
check_status "imported" 0 "$BENCH" import --engine=tcg-icount --out="$CASE_TMP/results" --label=r "$new/console"
cp -r "$new/batching" "$new/profile-a-1" "$CASE_TMP/results/r/"
printf 'name,largest_batch,value\nbatches,,4\nbatch_size,1,3\nbatch_size,8,1\n' >"$CASE_TMP/results/r/batching/batching.csv"
printf 'function,file,address,instructions,calls\ndo_a,x/a.c,0x1,30,2\ndo_b,x/b.c,0x2,10,2\n' >"$CASE_TMP/results/r/profile-a-1/functions.csv"
echo '<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="264"><rect width="9" height="9"/></svg>' >"$CASE_TMP/results/r/profile-a-1/flame.svg"
mkdir "$CASE_TMP/results/r/guest" "$CASE_TMP/results/r/guest-compare"
printf 'section,times,boot,hypervisor,kernel,programs\n0,1,10,20,30,40\n1,1,0,30,30,40\n' >"$CASE_TMP/results/r/guest/split.csv"
printf 'kind,reason,entries,instructions,min,max\nhypercall,"mmu_update",4,200,50,50\ntrap,"page fault",2,90,45,45\n' >"$CASE_TMP/results/r/guest/reasons.csv"
cp "$CASE_TMP/results/r/profile-a-1/flame.svg" "$CASE_TMP/results/r/guest/"
cp "$CASE_TMP/results/r/profile-a-1/flame.svg" "$CASE_TMP/results/r/guest-compare/compare.svg"
check_status "of a directory" 0 "$BENCH" report "$CASE_TMP/results/r"
page=$CASE_TMP/results/r/report.html
for part in calls distributions batching profiles guest table measured; do
    check_text "section $part" "<section id=\"$part\">" "$page"
done
check_text "a profile's share" '<td>15</td><td>75.0 %</td>' "$page"
check_text "a guest's hypervisor" '<td>hypervisor</td><td>50</td><td>25.0 %</td>' "$page"
check_text "a guest's entries" '<td class="code">page fault</td><td class="left">trap</td><td>2</td><td>90</td><td>45</td>' "$page"
check_text "two hypervisors" 'two hypervisors side by side' "$page"
check_text "a flame graph" 'srcdoc="&lt;style&gt;' "$page"
check_text "single calls" '1000 calls: p50 10, p99 12' "$page"

# ---- in a browser
need chromium
check_status "a comparison" 0 "$BENCH" report --base="$CASE_TMP/base.csv" --peer="$CASE_TMP/p1.csv" --peer="$CASE_TMP/p2.csv" \
    --out="$CASE_TMP/c.html" "$CASE_TMP/new.csv"
# The script is to be a part of the page, in which the sections of a single result are, too.
{
    sed '/<\/main>/,$d' "$CASE_TMP/c.html"
    sed -n '/<section id="distributions">/,/<\/section>/p; /<section id="batching">/,/<\/section>/p' "$page"
    sed -n '/<\/main>/,$p' "$CASE_TMP/c.html" | sed '/<\/body>/d'
    echo '<script>'
    cat tests/report_check.js
    echo '</script></body></html>'
} >"$CASE_TMP/check.html"
HOME=$CASE_TMP limit 120 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --force-dark-mode \
    --window-size=390,900 --user-data-dir="$CASE_TMP/profile" --dump-dom "file://$(realpath "$CASE_TMP/check.html")" \
    >"$CASE_TMP/dom" 2>"$CASE_TMP/chromium.log" || { cat "$CASE_TMP/chromium.log"; fail "the browser" "did not run"; }
sed -n '/<pre id="checked">/,/<\/pre>/p' "$CASE_TMP/dom" | sed 's/<[^>]*>//g' >"$CASE_TMP/checked"
while read -r verdict text; do
    case $verdict in
    pass) pass "browser: $text" ;;
    fail) fail "browser: ${text%%:*}" "$text" ;;
    esac
done <"$CASE_TMP/checked"
check "the script ran to its end" grep -q '^checked [1-9]' "$CASE_TMP/checked"
