#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# The first and only program of tests/vm/run.sh's virtual machine: makes an ordinary environment,
# runs /vm/command, hands its output and its exit status to the host, powers off. Runs under
# dash with busybox's programs; the kernel starts it, nobody else does.
#
# Output goes through pipes and not straight into the virtio ports, because a port can be opened
# once only and a program may well open /dev/stderr a second time.
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/tmp LC_ALL=C.UTF-8
export XDG_RUNTIME_DIR=/run/user

carriers=

mount_all()
{
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t devtmpfs devtmpfs /dev
	mkdir -p /dev/pts /dev/shm /dev/hugepages
	mount -t devpts devpts /dev/pts
	mount -t tmpfs tmpfs /dev/shm
	ln -s /proc/self/fd /dev/fd
	ln -s /proc/self/fd/0 /dev/stdin
	ln -s /proc/self/fd/1 /dev/stdout
	ln -s /proc/self/fd/2 /dev/stderr
}

# port NAME: the device file of that virtio port, as soon as there is one.
port()
{
	tries=0
	while [ "$tries" -lt 500 ]; do
		for entry in /sys/class/virtio-ports/*; do
			read -r name 2>/dev/null <"$entry/name" || continue
			[ "$name" != "$1" ] || [ ! -e "/dev/${entry##*/}" ] || { echo "/dev/${entry##*/}"; return; }
		done
		tries=$((tries + 1))
		usleep 10000
	done
	echo "vm: the kernel shows no virtio port $1" >/dev/console
	poweroff -f
}

# carry NAME: whatever is written into the pipe /vm/NAME goes to the other end of the port NAME.
carry()
{
	mkfifo "/vm/$1"
	to=$(port "$1")
	cat <"/vm/$1" >"$to" &
	carriers="$carriers $!"
}

# What the command left running would keep the pipes open. Kernel threads do not mind.
end_leftovers()
{
	for process in /proc/[0-9]*; do
		pid=${process#/proc/}
		case " 1$carriers " in
		*" $pid "*) continue ;;
		esac
		kill -9 "$pid" 2>/dev/null
	done
}

# Until all is with the other side; a process that cannot be killed does not hold this up for ever.
wait_carried()
{
	# shellcheck disable=SC2086 # a list of words
	(sleep 5; kill -9 $carriers) 2>/dev/null &
	# shellcheck disable=SC2086
	wait $carriers
}

mount_all
modprobe -qa virtio_pci virtio_console 2>/dev/null
ip link set lo up
hostname vm
carry stdout
carry stderr
status_port=$(port status)
cd /src || cd /
sh /vm/command </dev/null >/vm/stdout 2>/vm/stderr
status=$?
end_leftovers
wait_carried
echo "EXIT $status" >"$status_port"
poweroff -f
