# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# What the test programs of the suite `vm` share: TAP, a private directory, the skip when there is
# no virtual machine to be had. Sourced by bash scripts outside of it; inside there is
# inside/tap.sh.
#
#     . "$(dirname "$0")/tap.sh"
#     needs_vm
#     vm 7 --timeout 30 'exit 7'; point "the status is passed on"
#     plan

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
run=$top/tests/vm/run.sh
points=0
failures=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# needs_vm: fetches the parts; ends the program, with the reason, if they cannot be had.
needs_vm()
{
	local reason status=0
	reason=$("$top/devtools/vm.sh" --quiet 2>&1) || status=$?
	[ "$status" -ne 0 ] || return 0
	[ "$status" -ne 77 ] || { echo "1..0 # SKIP $(tail -n 1 <<<"$reason")"; exit 0; }
	echo "Bail out! devtools/vm.sh: $(tail -n 1 <<<"$reason")"
	exit 1
}

# needs_plugin FILE: ends the program, with the reason, if it was not built.
needs_plugin()
{
	[ -f "$1" ] || { echo "1..0 # SKIP no plugin ${1:-named}"; exit 0; }
}

# vm STATUS [run.sh option...] COMMAND: true if it ends with that status; leaves its output in
# $scratch/out and $scratch/err.
vm()
{
	local wanted=$1 status=0
	shift
	"$run" "$@" >"$scratch/out" 2>"$scratch/err" || status=$?
	[ "$status" -eq "$wanted" ] || { echo "# status $status instead of $wanted"; return 1; }
}

# point NAME: of whether the command before it succeeded.
point()
{
	local status=$?
	points=$((points + 1))
	if [ "$status" -eq 0 ]; then
		echo "ok $points - $1"
		return
	fi
	failures=$((failures + 1))
	echo "not ok $points - $1"
	tail -n 30 "$scratch/out" "$scratch/err" 2>/dev/null | tr -cd '\n\t -~' | sed 's/^/# /'
}

skip()
{
	points=$((points + 1))
	echo "ok $points - $1 # SKIP $2"
}

plan()
{
	echo "1..$points"
	[ "$failures" -eq 0 ]
}

# vm_program [run.sh option...] COMMAND: COMMAND itself prints TAP; this program passes it on.
# Should the virtual machine end before the plan, the program is seen to have died.
vm_program()
{
	"$run" "$@" 2>"$scratch/err"
	local status=$?
	[ "$status" -eq 0 ] || tail -n 60 "$scratch/err" | sed 's/^/# /'
	return "$status"
}
