# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# The other side of a vhost-user socket, in a process of its own: the distribution's
# dpdk-testpmd with a net_vhost port that sends back what it gets. Sourced by bash scripts;
# needs neither root nor hugepages.
#
#     . devtools/lib/peer.sh
#     peer_private_dir                         # $peer_dir, gone when the script ends
#     peer_start_vhost "$peer_dir/sock" 1      # $peer_pid, $peer_log
#     peer_wait_socket "$peer_dir/sock" 10 || exit 1
#     ...
#     peer_stop                                # also when the script ends, however it ends
#
# Should the script be killed outright, the peer ends too: it reads a pipe whose only writer
# is the script, and testpmd leaves at end of file.

peer_dir=
peer_pid=
peer_log=
peer_stdin=
peer_eal=(--no-huge -m 256)
peer_children=() # further processes that peer_cleanup ends, oldest first

# Sets $peer_dir. EAL takes its runtime directory from the environment; a private one makes
# the file prefix free to choose and leaves nothing in /var/run.
peer_private_dir()
{
	local base=${XDG_RUNTIME_DIR:-}
	[ -n "$base" ] && [ -d "$base" ] && [ -w "$base" ] || base=${TMPDIR:-/tmp}
	# A socket's path must fit into 108 bytes.
	[ ${#base} -le 70 ] || base=/tmp
	peer_dir=$(mktemp -d "$base/virtio-peer.XXXXXX") || return 1
	export RUNTIME_DIRECTORY=$peer_dir
	trap peer_cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
}

# The CPUs that this process may use, one a line.
peer_cpus()
{
	sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status | tr ',' '\n' |
		while IFS=- read -r first last; do seq "$first" "${last:-$first}"; done
}

# The peer's CPU is the second, the script's own program's the first; one serves as both.
peer_front_cpu() { peer_cpus | sed -n 1p; }
peer_back_cpu() { peer_cpus | sed -n '1h; 2h; ${g; p}' ; }

# peer_use_hugepages: one file for all pages, because the peer takes eight memory regions.
peer_use_hugepages()
{
	peer_eal=(--in-memory --single-file-segments -m 256)
}

# peer_start_vhost SOCKET QUEUES [testpmd option...]
# Line buffered, so that the log tells when it is ready; the link comes with the front-end only.
peer_start_vhost()
{
	local socket=$1 queues=$2 cpu fifo=$peer_dir/stdin holder
	shift 2
	cpu=$(peer_back_cpu)
	peer_log=$peer_dir/peer.log
	mkfifo "$fifo" || return 1
	exec {holder}<>"$fifo"
	exec {peer_stdin}>"$fifo"
	stdbuf -oL dpdk-testpmd "${peer_eal[@]}" --no-pci --no-telemetry --file-prefix=peer \
		--lcores="0@$cpu,1@$cpu" --vdev="net_vhost0,iface=$socket,queues=$queues" \
		-- --forward-mode=io --port-topology=loop --disable-link-check --total-num-mbufs=32768 \
		--rxq="$queues" --txq="$queues" "$@" \
		<"$fifo" >"$peer_log" 2>&1 {holder}<&- {peer_stdin}>&- &
	peer_pid=$!
	exec {holder}<&-
}

# peer_wait_socket SOCKET SECONDS: until the peer listens; says why if it never will.
peer_wait_socket()
{
	local tick=$(($2 * 20))
	while [ "$tick" -gt 0 ]; do
		[ ! -S "$1" ] || ! grep -q 'Press enter' "$peer_log" || return 0
		kill -0 "$peer_pid" 2>/dev/null || break
		sleep 0.05
		tick=$((tick - 1))
	done
	echo "the peer does not listen on $1; it said:" >&2
	tail -n 15 "$peer_log" >&2
	return 1
}

# peer_end_pid PID: asked, then told. A process that ended already is reaped.
peer_end_pid()
{
	local tick=100
	while kill -0 "$1" 2>/dev/null && [ "$tick" -gt 0 ]; do
		[ "$tick" -ne 60 ] || kill -TERM "$1" 2>/dev/null
		sleep 0.05
		tick=$((tick - 1))
	done
	kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# peer_stop: returns testpmd's exit status; its counters are at the end of $peer_log.
peer_stop()
{
	local pid=$peer_pid
	[ -n "$pid" ] || return 0
	peer_pid=
	exec {peer_stdin}>&-
	peer_end_pid "$pid"
}

# peer_preload PLUGIN: what LD_PRELOAD must be for a stock program that loads PLUGIN: the
# AddressSanitizer runtime that it was linked with, nothing for an ordinary build.
peer_preload()
{
	local runtime
	runtime=$(LC_ALL=C readelf -d "$1" | sed -n 's/.*NEEDED.*\[\(libasan[^]]*\)\].*/\1/p')
	[ -z "$runtime" ] || gcc -print-file-name="$runtime"
}

peer_cleanup()
{
	local pid
	for pid in "${peer_children[@]}"; do
		kill -INT "$pid" 2>/dev/null
		peer_end_pid "$pid"
	done
	peer_children=()
	peer_stop
	[ -z "$peer_dir" ] || rm -rf "$peer_dir"
	peer_dir=
}
