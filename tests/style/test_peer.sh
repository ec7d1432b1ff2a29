#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# devtools/lib/peer.sh: the peer comes up within its time, goes when told, goes when the
# script is killed, and leaves nothing behind.
set -u
. "$(dirname "$0")/../../devtools/lib/peer.sh"

count=0
failed=0

# point NAME COMMAND...
point()
{
	local name=$1
	shift
	count=$((count + 1))
	if "$@"; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		failed=$((failed + 1))
	fi
}

is_gone() { ! kill -0 "$1" 2>/dev/null; }
not() { ! "$@"; }
# within SECONDS COMMAND...
within()
{
	local tick=$(($1 * 20))
	shift
	until "$@"; do
		tick=$((tick - 1))
		[ "$tick" -gt 0 ] || return 1
		sleep 0.05
	done
}

if ! command -v dpdk-testpmd >/dev/null; then
	echo "1..0 # SKIP dpdk-testpmd is not installed"
	exit 0
fi

# A script that is killed outright: it tells its peer's pid and directory, and waits.
if [ "${1:-}" = --victim ]; then
	peer_private_dir
	peer_start_vhost "$peer_dir/sock" 1
	peer_wait_socket "$peer_dir/sock" 20
	echo "$peer_pid $peer_dir"
	read -r _
	exit 0
fi

peer_private_dir
dir=$peer_dir
peer_start_vhost "$dir/sock" 2
pid=$peer_pid
point "the peer listens" peer_wait_socket "$dir/sock" 20
point "its socket is one" test -S "$dir/sock"
point "it ends without an error when told" peer_stop
point "it is gone" is_gone "$pid"

peer_start_failing()
{
	rm -f "$dir/stdin" "$dir/sock"
	peer_start_vhost "$dir/sock" 2 --no-such-option
}
peer_start_failing
point "a peer that fails to start is told of" not peer_wait_socket "$dir/sock" 20 2>/dev/null
peer_stop
rm -f "$dir/stdin"
peer_start_vhost "$dir/sock" 1
point "a socket that never comes has a deadline" not peer_wait_socket "$dir/other" 1 2>/dev/null
peer_stop
peer_cleanup
point "nothing is left" not test -e "$dir"

coproc victim { exec "$0" --victim; }
# shellcheck disable=SC2154 # coproc sets it
victim_pid_copy=$victim_PID
read -r pid dir <&"${victim[0]}"
point "a second script has its own peer" kill -0 "$pid"
kill -KILL "$victim_pid_copy"
wait "$victim_pid_copy" 2>/dev/null
point "its peer ends although it was killed" within 10 is_gone "$pid"
rm -rf "$dir"
echo "1..$count"
[ "$failed" -eq 0 ]
