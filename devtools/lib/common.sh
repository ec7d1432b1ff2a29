# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# What every script under devtools/ shares: where the tree is, how to speak, how to run
# something long without falling silent. Sourced by bash; starts nothing, changes nothing.

# The tree, whatever directory the caller stands in.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
: "${quiet:=0}"

say()
{
	[ "$quiet" -eq 1 ] || printf '%s\n' "$*"
}

warn()
{
	printf '%s\n' "$*" >&2
}

die()
{
	warn "error: $*"
	exit 1
}

# The comment block that opens a script is its help text.
print_help()
{
	awk 'NR > 4 && /^#/ { sub(/^# ?/, ""); print; next } NR > 4 { exit }' "$1"
}

# run_shown <what> <command...>: output to a log, a sign of life every 5 s, the log's end on failure.
run_shown()
{
	local what=$1 log pid tick=0 rc=0
	shift
	log=$(mktemp)
	say "$what"
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.2
		tick=$((tick + 1))
		[ $((tick % 25)) -ne 0 ] || say "  ... $((tick / 5)) s: $(tail -n 1 "$log" | cut -c 1-90)"
	done
	wait "$pid" || rc=$?
	[ "$rc" -eq 0 ] || tail -n 20 "$log" >&2
	rm -f "$log"
	return "$rc"
}
