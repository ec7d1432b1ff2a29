#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# tests/vm/run.sh itself: what a command in the virtual machine prints and how it ends is what the
# caller gets, and the machine never outstays its time.
# shellcheck source=tests/vm/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

one_line() { [ "$(wc -l <"$1")" -eq 1 ] && grep -q "$2" "$1"; }

# Every byte value, zeros and line ends among them, and more than a pipe or a virtio buffer holds.
make_bytes()
{
	python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 8000)' >"$scratch/bytes"
}

test_status_and_output()
{
	vm 0 true
	point "exit status 0 is passed on"
	[ ! -s "$scratch/out" ] && [ ! -s "$scratch/err" ]
	point "a silent command prints nothing"
	vm 7 'echo out; echo err >&2; exit 7'
	point "exit status 7 is passed on"
	[ "$(cat "$scratch/out")" = out ] && [ "$(cat "$scratch/err")" = err ]
	point "standard output and standard error arrive apart"
}

test_bytes()
{
	make_bytes
	vm 0 --add "$scratch/bytes:/bytes" 'cat /bytes' && cmp "$scratch/bytes" "$scratch/out"
	point "two million bytes of every value arrive as they were"
}

test_ends()
{
	local begin=$SECONDS
	vm 124 --timeout 15 'echo early; sleep 1000' && [ $((SECONDS - begin)) -lt 30 ]
	point "a command that does not end is ended in time, with status 124"
	grep -q early "$scratch/out" && grep -q 'not done within 15 s' "$scratch/err"
	point "what it had printed is there, and the reason"
	vm 125 'echo c >/proc/sysrq-trigger' && grep -q 'Kernel panic' "$scratch/err"
	point "a panic gives status 125 and the end of the console"
	vm 0 '(sleep 1000; echo late) & cat /dev/zero >/dev/null & echo started' && [ "$(cat "$scratch/out")" = started ]
	point "what a command leaves running does not hold the machine up"
}

test_wrong_use()
{
	vm 125 --bogus 1 true && one_line "$scratch/err" bogus
	point "an unknown option is refused in one line"
	vm 125 --add no-such-program true && one_line "$scratch/err" 'no such program'
	point "a program that does not exist is named in one line"
	vm 125 --module no-such-module true && one_line "$scratch/err" 'no module no-such-module'
	point "a module that does not exist is named in one line"
}

test_missing_parts()
{
	VM_CACHE=$scratch/empty vm 77 --no-fetch true && one_line "$scratch/err" 'devtools/vm.sh fetches'
	point "missing parts give status 77 and one line that says what fetches them"
	mkdir "$scratch/bin"
	printf '#!/bin/sh\nexit 1\n' >"$scratch/bin/apt-get"
	chmod +x "$scratch/bin/apt-get"
	PATH=$scratch/bin:$PATH VM_CACHE=$scratch/empty vm 77 true && one_line "$scratch/err" mirror
	point "parts that cannot be fetched give status 77 and one line that says why"
}

# Whoever may read the tree may run it; the parts are there already.
test_ordinary_user()
{
	local name="an ordinary user can run it" as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	if [ "$(id -u)" -ne 0 ]; then
		skip "$name" "that is who ran all the others"
	elif ! "${as[@]}" test -r "$top/tests/vm/run.sh"; then
		skip "$name" "user 65534 may not read this tree"
	else
		[ "$(cd / && "${as[@]}" env TMPDIR=/tmp "$run" 'id -u' 2>"$scratch/err")" = 0 ]
		point "$name"
	fi
}

test_kernel()
{
	vm 0 'modprobe -a vhost_net tun vduse vhost_vdpa virtio_vdpa virtio_net &&
		: <>/dev/vhost-net && : <>/dev/net/tun && test -c /dev/vduse/control'
	point "vhost-net, tun, VDUSE and vhost-vdpa load; /dev/vhost-net can be opened"
	vm 0 --add python3 'python3 -c "import os, sys, json, socket; print(os.cpu_count())"' &&
		[ "$(cat "$scratch/out")" = 2 ]
	point "Python runs inside, on two CPUs"
}

needs_vm
test_status_and_output
test_bytes
test_ends
test_wrong_use
test_missing_parts
test_ordinary_user
test_kernel
plan
