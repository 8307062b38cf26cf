# SPDX-License-Identifier: MIT
# Helpers for test cases: `. tests/lib.sh`. A case runs in the tree's root with these variables:
#   B        the build directory            CASE_TMP  an empty directory of its own, removed after a success
# It prints what it likes and exits 0 (passed), 77 (skipped, the last line says why) or anything else (failed). Lines
#   @test pass NAME     @test fail NAME: text     @test skip NAME: why
# are counted one by one instead of the case as a whole.
# shellcheck shell=sh disable=SC2034

B=${B:-build}
CASE_TMP=${CASE_TMP:-$(mktemp -d)}
BENCH=$B/int82-bench
OUR_HYPERVISOR=${OUR_HYPERVISOR:-$B/int82.elf}

pass() {
    echo "@test pass $*"
}

# fail NAME TEXT...: records it and goes on; the case's exit code is the runner's business.
fail() {
    fail_name=$1
    shift
    echo "@test fail $fail_name: $*"
}

# check NAME COMMAND...: passes when the command succeeds; its output is shown when it does not.
check() {
    check_name=$1
    shift
    if "$@" >"$CASE_TMP/check.out" 2>&1; then
        pass "$check_name"
    else
        check_rc=$?
        cat "$CASE_TMP/check.out"
        fail "$check_name" "status $check_rc: $*"
    fi
}

# check_status NAME STATUS COMMAND...: the command must end with just this status. Its output is left in $CASE_TMP/check.out.
check_status() {
    check_name=$1 check_want=$2
    shift 2
    check_rc=0
    "$@" >"$CASE_TMP/check.out" 2>&1 </dev/null || check_rc=$?
    if [ "$check_rc" = "$check_want" ]; then
        pass "$check_name"
    else
        cat "$CASE_TMP/check.out"
        fail "$check_name" "status $check_rc instead of $check_want: $*"
    fi
}

# await REGEX FILE [TIMES]: until so many lines of the file fit it; two minutes and more, however fast other machines are.
await() {
    for _ in $(seq 1200); do
        [ "$(grep -c -- "$1" "$2" 2>/dev/null)" -ge "${3:-1}" ] && return 0
        sleep 0.1
    done
    echo "waited in vain for: $1" >&2
    return 1
}

# check_text NAME TEXT FILE: the file holds this text.
check_text() {
    if grep -qF -- "$2" "$3"; then
        pass "$1"
    else
        tail -n 20 "$3"
        fail "$1" "'$2' is not in the output"
    fi
}

skip_case() {
    echo "$*"
    exit 77
}

need() {
    for need_tool; do
        command -v "$need_tool" >/dev/null || skip_case "$need_tool is not installed"
    done
}

# limit SECONDS COMMAND...: as timeout(1), but of the command's own work: a busy machine fails no test (tools/worklimit.c).
limit() {
    "$B/worklimit" "$@"
}

# run_qemu [options] GUEST [ARGUMENT...]: boots hypervisor and guest under TCG, deterministically. The console goes to
# standard output and to $CONSOLE. Status: QEMU's (0: powered off), 124 after the time-out.
#   -t SECONDS (60)  -m MIB (256)  -k HYPERVISOR  -a "ITS ARGUMENTS"  -i INITRD  -c CPU (qemu64)  -x "MORE FOR QEMU"
#   -s: what is typed comes from standard input
run_qemu() {
    CONSOLE=${CONSOLE:-$CASE_TMP/console}
    q_time=60 q_mem=256 q_hv=$OUR_HYPERVISOR q_args='' q_initrd='' q_cpu=qemu64 q_more=''
    q_log=$(printf '%s' "$CONSOLE" | sed 's/,/,,/g') # two commas stand for one
    q_serial="file,id=console,path=$q_log" q_stdin=/dev/null
    OPTIND=1
    while getopts t:m:k:a:i:c:x:s q_opt; do
        case $q_opt in
        t) q_time=$OPTARG ;;
        m) q_mem=$OPTARG ;;
        k) q_hv=$OPTARG ;;
        a) q_args=$OPTARG ;;
        i) q_initrd=$OPTARG ;;
        c) q_cpu=$OPTARG ;;
        x) q_more=$OPTARG ;;
        s) q_serial="stdio,id=console,logfile=$q_log,signal=off" q_stdin=/dev/stdin ;;
        *) return 2 ;;
        esac
    done
    shift $((OPTIND - 1))
    # In -initrd a comma separates modules; two stand for one.
    q_modules=$(printf '%s' "$*" | sed 's/,/,,/g')${q_initrd:+,$q_initrd}
    q_rc=0
    # shellcheck disable=SC2086
    limit "$q_time" "${QEMU:-qemu-system-i386}" -m "$q_mem" -cpu "$q_cpu" -display none -monitor none \
        -chardev "$q_serial" -serial chardev:console -nic none -no-reboot -accel tcg -icount shift=0,sleep=off \
        -rtc base=2026-01-01T00:00:00,clock=vm -kernel "$q_hv" -append "$q_args" \
        ${q_modules:+-initrd "$q_modules"} $q_more <"$q_stdin" 2>"$CASE_TMP/qemu.out" >/dev/null || q_rc=$?
    tr -d '\r' <"$CONSOLE"
    grep -v 'icount sleep disabled' "$CASE_TMP/qemu.out" || true
    return $q_rc
}

# make_iso OUT.iso "HYPERVISOR'S ARGUMENTS" GUEST ["GUEST'S ARGUMENTS" [INITRD [HYPERVISOR ["GRUB'S COMMAND"]]]]
make_iso() {
    tools/mkiso.sh "$1" "${6:-$OUR_HYPERVISOR}" "$2" "$3" "${4:-}" "${5:-}" "${7:-}"
}

# run_iso BIOS|UEFI64|UEFI32 cdrom|stick ISO ["MORE FOR QEMU"]: boots the image as such a machine would. The console goes to
# $CONSOLE.
run_iso() {
    i_qemu=qemu-system-i386 i_drive="-drive format=raw,snapshot=on,file=$3"
    [ "$2" = stick ] || i_drive="-cdrom $3"
    case $1 in
    BIOS) i_firmware= ;;
    UEFI64) i_qemu=qemu-system-x86_64 i_firmware="-machine q35 -bios /usr/share/ovmf/OVMF.fd" ;;
    UEFI32) # Debian's 32-bit image is the one with Secure Boot, which needs SMM; no key is in its variables
        i_firmware="-machine q35,smm=on -global driver=cfi.pflash01,property=secure,value=on
            -drive if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd
            -drive if=pflash,unit=1,format=raw,snapshot=on,file=/usr/share/OVMF/OVMF32_VARS_4M.fd" ;;
    esac
    # shellcheck disable=SC2086
    limit 60 $i_qemu $i_firmware $i_drive -m 256 -display none -monitor none -nic none -no-reboot -accel tcg \
        -serial "file:$CONSOLE" ${4:-} </dev/null
}

# run_bochs [options] ISO: boots it in Bochs, where segment limits are enforced. The console goes to standard output and
# to $CONSOLE. Status 0 when the machine was powered off or the end was seen, 124 after the time-out.
#   -t SECONDS (300)  -m MIB (128)  -c CPU (corei5_lynnfield_750)  -e REGEX (the console's last word, besides power-off)
run_bochs() {
    b_time=300 b_mem=128 b_cpu=corei5_lynnfield_750 b_end=''
    CONSOLE=${CONSOLE:-$CASE_TMP/console}
    OPTIND=1
    while getopts t:m:c:e: b_opt; do
        case $b_opt in
        t) b_time=$OPTARG ;;
        m) b_mem=$OPTARG ;;
        c) b_cpu=$OPTARG ;;
        e) b_end=$OPTARG ;;
        *) return 2 ;;
        esac
    done
    shift $((OPTIND - 1))
    cat >"$CASE_TMP/bochsrc" <<EOF
display_library: rfb, options="timeout=0"
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model=$b_cpu, count=1, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=0
megs: $b_mem
clock: sync=none, time0=1767225600
ata0-master: type=cdrom, path=$1, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$CONSOLE
log: $CASE_TMP/bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
speaker: enabled=0
sound: driver=dummy
EOF
    # Debian's Bochs is built with its debugger, which waits for a command: c continues.
    echo c >"$CASE_TMP/bochs.rc"
    : >"$CONSOLE"
    "$B/worklimit" "$b_time" bochs -q -f "$CASE_TMP/bochsrc" -rc "$CASE_TMP/bochs.rc" </dev/null \
        >"$CASE_TMP/bochs.out" 2>&1 &
    b_pid=$!
    b_rc=''
    while kill -0 $b_pid 2>/dev/null; do
        if grep -aqE "${b_end:-Manual reset required|Powering off}" "$CONSOLE" "$CASE_TMP/bochs.log" 2>/dev/null; then
            sleep 1
            b_rc=0
            kill $b_pid 2>/dev/null || true
            break
        fi
        sleep 0.5
    done
    wait $b_pid 2>/dev/null || b_rc=${b_rc:-$?}
    tr -d '\r' <"$CONSOLE"
    # Bochs ends with status 1 when the guest powers the machine off.
    [ "${b_rc:-0}" = 0 ] || grep -aq 'ACPI control: soft power off' "$CASE_TMP/bochs.log" && b_rc=0
    return "${b_rc:-0}"
}
