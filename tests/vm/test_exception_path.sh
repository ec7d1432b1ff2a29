#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# usage: test_exception_path.sh PLUGIN PROGRAM
#
# app/exception-path between DPDK's own tap, as the network, and a namespace's network stack, in a
# virtual machine.
# shellcheck source=tests/vm/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

plugin=$(realpath "${1:-/nonexistent}")
program=$(realpath "${2:-/nonexistent}")
needs_plugin "$plugin"
needs_plugin "$program"
needs_vm
vm_program --timeout 240 --add dpdk --add python3 --add ip --add "$plugin:/plugin.so" \
	--add "$program:/exception-path" --add "$top/tests/vm/inside" --add "$top/tests/interop/testpmd.py" \
	"python3 tests/vm/inside/vhost_kernel.py /plugin.so bridge"
