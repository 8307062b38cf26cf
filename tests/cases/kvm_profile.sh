#!/bin/sh
# SPDX-License-Identifier: MIT
# A profile under KVM, with stand-ins for perf and QEMU: which event is taken on which machine, when perf is told to begin
# and to end, what becomes of its samples, and where the profile goes. kvm_bench does it with a real perf.
. tests/lib.sh
need nm

export FAKE=slow FAKE_KVM=works FAKE_CONSOLE="$CASE_TMP/canned" INT82_HOST_ROOT="$CASE_TMP/root"
export FAKE_PERF="$CASE_TMP/perf"
out=$CASE_TMP/results
mkdir -p "$INT82_HOST_ROOT/dev" "$FAKE_PERF" "$CASE_TMP/bin"
: >"$INT82_HOST_ROOT/dev/kvm"
cat >"$FAKE_CONSOLE" <<EOF
@int82 begin schema=1 rows=1
@int82 info suite 123
@int82 info warm_ups 2
@int82 row name=one batch=8 calls=10 empty=10 samples=110,110,120
@int82 end rows=1 errors=0
(XEN) Domain 0 halted: powering off.
EOF

# perf: `stat` says what is in the file stat; `record` notes its options and what it is told, runs the command behind --,
# and leaves the file data.
cat >"$CASE_TMP/bin/perf" <<'EOF'
#!/bin/sh
[ "$1" != stat ] || { cat "$FAKE_PERF/stat" >&2; exit "$(cat "$FAKE_PERF/status")"; }
echo "$*" >"$FAKE_PERF/options"
while [ "$1" != -- ]; do
    case $1 in
    -o) data=$2 ;;
    --control=fifo:*) fifo=${1#--control=fifo:} ;;
    esac
    shift
done
shift
: >"$FAKE_PERF/told"
while read -r word; do echo "$word" >>"$FAKE_PERF/told"; done <"$fifo" &
"$@"
rc=$?
kill $!
cp "$FAKE_PERF/data" "$data"
exit $rc
EOF
chmod 755 "$CASE_TMP/bin/perf"
PATH=$CASE_TMP/bin:$PATH

# number BYTES VALUE: little-endian
number() {
    number_left=$1 number_value=$2
    while [ "$number_left" -gt 0 ]; do
        printf "%b" "\\0$(printf %o $((number_value & 255)))"
        number_value=$((number_value >> 8)) number_left=$((number_left - 1))
    done
}
# sample MODE ADDRESS: 1 the host's kernel, 2 its programs, 4 a guest in ring 0, 5 above
sample() {
    number 4 9
    number 2 "$1"
    number 2 16
    number 8 "$2"
}
# data: a perf.data with the records of standard input, and samples of an address alone
data() {
    cat >"$CASE_TMP/records"
    {
        printf PERFILE2
        number 8 56 && number 8 64 && number 8 56 && number 8 64
        number 8 120 && number 8 "$(wc -c <"$CASE_TMP/records")"
        number 4 1 && number 4 64 && number 8 0 && number 8 0 && number 8 1 && head -c 32 /dev/zero
        cat "$CASE_TMP/records"
    } >"$FAKE_PERF/data"
}
address() { # FILE SYMBOL
    echo $((0x$(nm "$1" | awk -v name="$2" '$3 == name { print $1 }')))
}
counters() { # STATUS LINE...: what `perf stat -x,` says
    echo "$1" >"$FAKE_PERF/status"
    shift
    printf '%s\n' "$@" >"$FAKE_PERF/stat"
}
profile() {
    "$BENCH" profile --engine=kvm --qemu=tests/fake-qemu --out="$out" --label=p "$@" one/8
}

hypercall=$(address "$B/int82.elf" hypercall)
main=$(address "$B/guest/bench.elf" guest_main)
{
    sample 4 "$hypercall"
    sample 4 $((hypercall + 1))
    sample 4 "$hypercall"
    sample 5 "$main"
    sample 5 256
    sample 1 "$hypercall"
    sample 2 4294967296
} | data
counters 0 '1234,,cycles:G,1000,100.00,,'
check_status "a processor that counts guests" 0 profile
p=$out/p/profile-one-8
check_text "its event" "-e cycles:G" "$FAKE_PERF/options"
check_text "perf is off at first" "-D -1" "$FAKE_PERF/options"
check "it is on from the first loop to the last" [ "$(cat "$FAKE_PERF/told")" = "enable
disable" ]
check_text "samples by place" "3 samples in the hypervisor, 1 in the guest, 1 in neither; 2 outside" "$p/profile.txt"
check_text "the hypervisor's functions have names" "hypercall,hypervisor,3" "$p/functions.csv"
check_text "and the guest's" "guest_main,guest,1" "$p/functions.csv"
check_text "what is no function is said, too" "?,neither,1" "$p/functions.csv"
check_text "perf's symbols have the name by which it finds a kernel" " T _stext" "$p/kallsyms"
check "and it is the first one" [ "$(head -n 1 "$p/kallsyms" | cut -d ' ' -f 2-)" = "T _stext" ]
check_text "all other names are there, too" " T hypercall" "$p/kallsyms"
check_status "the same row again" 0 profile
check "the first profile is kept" [ -s "$p.1/profile.txt" ]
check "and the second is there" [ -s "$p/profile.txt" ]

counters 0 '<not counted>,,cpu_atom/cycles/G,0,0.00,,' '1234,,cpu_core/cycles/G,1000,100.00,,'
check_status "two kinds of cores, one of them used" 0 profile
check_text "two kinds of cores: cycles" "-e cycles:G" "$FAKE_PERF/options"
counters 0 '<not supported>,,cycles:G,0,100.00,,'
check_status "no counter" 0 profile
check_text "no counter: a clock instead" "-e cpu-clock" "$FAKE_PERF/options"
check_text "no counter: said" "This machine does not count cycles of guests" "$p/profile.txt"
counters 1 'Error: Permission denied'
check_status "perf that may not count" 6 profile
check_text "perf that may not count: what to do" "perf_event_paranoid" "$CASE_TMP/check.out"

counters 0 '1234,,cycles:G,1000,100.00,,'
kept=$(cksum <"$p/profile.txt")
sample 1 "$hypercall" | data
check_status "no sample of the guest" 6 profile
check_text "no sample of the guest: what to do" "--seconds" "$CASE_TMP/check.out"
{ sample 4 "$hypercall" && number 4 9 && number 2 4 && number 2 60000; } | data
check_status "data that is cut off" 3 profile
check_text "data that is cut off: said" "perf.data is cut off" "$CASE_TMP/check.out"
{ sample 4 "$hypercall" && number 4 9 && number 2 4 && number 2 0; } | data
check_status "a record without a size" 3 profile
sample 4 "$hypercall" | data
printf X | dd of="$FAKE_PERF/data" bs=1 conv=notrunc 2>/dev/null
check_status "another format" 3 profile
: >"$FAKE_PERF/data"
check_status "no data" 3 profile
check "a profile that fails takes no earlier one's place" [ "$(cksum <"$p/profile.txt")" = "$kept" ]
check "and leaves nothing behind" [ -z "$(find "$out" -name '.unfinished*')" ]
check_status "no time to take samples in" 2 profile --seconds=0
rm "$INT82_HOST_ROOT/dev/kvm"
check_status "no KVM" 6 profile
check_text "no KVM: the reason" "no profile under KVM: there is no /dev/kvm" "$CASE_TMP/check.out"
