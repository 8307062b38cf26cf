#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# shellcheck shell=dash
# The first process of tools/kvm-machine.sh's machine: mounts the other machine's root below an overlay, loads KVM, runs
# OUT/.command there, and turns the machine off. The kernel's command line says int82_npt= and int82_out=.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t debugfs debug /sys/kernel/debug
read -r line </proc/cmdline
npt='' out=''
for word in $line; do
    case $word in
    int82_npt=*) npt=${word#*=} ;;
    int82_out=*) out=${word#*=} ;;
    esac
done

while read -r file; do
    case $file in
    kvm-amd.ko) insmod "/modules/$file" npt="$npt" ;;
    *) insmod "/modules/$file" ;;
    esac || echo "init: cannot load $file"
done </modules/list

options=trans=virtio,version=9p2000.L,msize=262144
mount -t 9p -o ro,cache=loose,$options root /host
mount -t tmpfs -o size=90% over /over
mkdir /over/up /over/work
mount -t overlay -o lowerdir=/host,upperdir=/over/up,workdir=/over/work over /new
mkdir -p "/new$out" /new/dev /new/proc /new/sys /new/run /new/tmp
for d in proc sys dev; do
    mount --rbind /$d /new/$d
done
mkdir -p /new/dev/pts /new/dev/shm
mount -t devpts pts /new/dev/pts
mount -t tmpfs shm /new/dev/shm
mount -t tmpfs run /new/run
ln -sf /proc/self/fd /dev/fd
mount -t 9p -o $options out "/new$out"

mkdir -p /new/run/kvm
cp /modules/kvm-amd.ko /new/run/kvm/
cat >/new/run/kvm/kvm-npt <<'NPT'
#!/bin/sh
case ${1:-} in 0 | 1) ;; *) echo "usage: kvm-npt 0|1" >&2; exit 2 ;; esac
busybox rmmod kvm-amd && busybox insmod /run/kvm/kvm-amd.ko npt="$1"
NPT
chmod 755 /new/run/kvm/kvm-npt

hostname kvm-machine
ip link set lo up
stty -F /dev/ttyS1 raw
chroot /new /bin/sh -c "/bin/sh '$out/.command' </dev/null; echo \$? >'$out/.status'" >/dev/ttyS1 2>&1
sync
poweroff -f
