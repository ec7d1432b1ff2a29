#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# The kernel's vhost-net works in the virtual machine: DPDK's own driver pings through it. What
# later fails with ours is then ours to look for.
# shellcheck source=tests/vm/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

needs_vm
vm_program --add dpdk --add "$top/tests/vm/inside" \
	'sh tests/vm/inside/tap_ping.sh "DPDK'\''s driver" --vdev=net_virtio_user0,path=/dev/vhost-net,iface=tap0'
