#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# usage: test_vhost_kernel.sh PLUGIN [GROUP]...
#
# Our plugin in the distribution's testpmd on the kernel's real vhost-net: inside/vhost_kernel.py,
# in a virtual machine. GROUP: ping bulk nic life errors hotplug (all).
# shellcheck source=tests/vm/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

plugin=$(realpath "${1:-/nonexistent}")
shift
needs_plugin "$plugin"
needs_vm
vm_program --timeout 540 --mem 1536 --add dpdk --add python3 --add ip --add "$plugin:/plugin.so" \
	--add "$top/tests/vm/inside" --add "$top/tests/interop/testpmd.py" \
	"python3 tests/vm/inside/vhost_kernel.py /plugin.so $*"
