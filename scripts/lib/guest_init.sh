#!/bin/busybox sh
# shellcheck shell=dash
# The first process of the machine of scripts/lab: makes it habitable, runs /command, and marks on the console what is the
# command's output, what are its files, and its status.
/bin/busybox --install -s /bin
export PATH=/usr/bin:/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tracefs tracefs /sys/kernel/tracing
mount -t devtmpfs devtmpfs /dev
mkdir /dev/shm
mount -t tmpfs shm /dev/shm
mount -t tmpfs tmp /tmp
chmod 1777 /dev/shm /tmp /var/tmp /out
printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >/etc/passwd
printf 'root:x:0:\nnogroup:x:65534:\n' >/etc/group
hostname lab
ip link set lo up
stty -opost # the console would put a carriage return before each line feed
cd /lab || exit

printf '\n@@lab command\n'
{
        sh /command </dev/null 2>&1
        echo $? >/status
} | cat # not a terminal: no colours, no progress
if [ -n "$(ls -A /out)" ]; then
        printf '\n@@lab out\n'
        tar -c -C /out . | gzip | base64
fi
printf '\n@@lab end %s\n' "$(cat /status)"
poweroff -f
