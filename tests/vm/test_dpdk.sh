#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# usage: test_dpdk.sh PLUGIN
#
# The distribution's testpmd runs in the virtual machine and loads our plugin there.
# shellcheck source=tests/vm/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

plugin=$(realpath "${1:-/nonexistent}")
needs_plugin "$plugin"
needs_vm
# shellcheck disable=SC2016 # the virtual machine expands it
vm_program --add dpdk --add "$plugin:/plugin.so" --add "$top/tests/vm/inside" '
	. tests/vm/inside/tap.sh
	testpmd_start -d /plugin.so --vdev=net_virtio_user0,path=/run/sock,server=1 --
	point "testpmd starts with our plugin"
	testpmd_ask "show port summary all" && grep -q "net_virtio_user0 net_virtio_user down" "$testpmd_answer"
	point "its port table has our port, without a peer: link down"
	testpmd_ask "show port xstats 0" && grep -q rx_q0_bad_length "$testpmd_answer"
	point "the port is ours and not the one of the distribution"
	testpmd_stop
	point "testpmd ends cleanly"
	plan'
