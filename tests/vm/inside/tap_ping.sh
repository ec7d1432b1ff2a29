#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# usage: tap_ping.sh NAME [EAL option...]
#
# Inside the virtual machine: any driver's port on the kernel's vhost-net, with the kernel's
# network stack on the tap's side, answers pings through testpmd. The EAL options make the port,
# with iface=tap0; NAME stands in the names of the points. Prints TAP.
#
#     tap_ping.sh "DPDK's driver" --vdev=net_virtio_user0,path=/dev/vhost-net,iface=tap0
# shellcheck disable=SC1091 # a path inside
. /src/tests/vm/inside/tap.sh

name=$1
shift

# answered SIZE COUNT: every ping of that many bytes was.
answered()
{
	ping -q -c "$2" -i 0.02 -W 3 -s "$1" 192.168.77.2 >/tmp/ping 2>&1
	sed 's/^/# /' /tmp/ping | grep transmitted
	grep -q " $2 packets received" /tmp/ping
}

has_carrier() { [ "$(cat /sys/class/net/tap0/carrier 2>/dev/null)" = 1 ]; }
is_gone() { [ ! -e /sys/class/net/tap0 ]; }

modprobe -a vhost_net tun
testpmd_start "$@" -- --forward-mode=icmpecho --auto-start
point "$name: a port on /dev/vhost-net starts"
ip address add 192.168.77.1/24 dev tap0 && ip link set tap0 up && wait_for 5 has_carrier
point "$name: the tap is there and has a carrier"
answered 56 100
point "$name: 100 small pings are answered"
answered 1400 100
point "$name: 100 large pings are answered"
testpmd_stop
point "$name: testpmd ends cleanly"
wait_for 2 is_gone
point "$name: no interface is left behind"
plan
