#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# usage: devtools/demo.sh [--seconds N] [--queues N] [--size LIST] [--hugepages] [OPTION...]
#
# Shows the driver at work. Sets the machine up (devtools/setup.sh), builds, starts a peer (a
# stock dpdk-testpmd with a net_vhost port, in a process of its own), and sends numbered
# packets through a net_virtio_user port to it and back. Needs neither root nor hugepages.
# Exit status 0 only if nothing was lost, duplicated, reordered or damaged.
#
#   --seconds N    how long
#   --queues N     queue pairs
#   --size LIST    bytes per frame: 64, or 64,256,1518, or mix
#   --hugepages    memory of both sides from hugepages instead of ordinary pages
#   --peer-log F   keep what the peer printed in the file F
#   OPTION         any other goes to the program as it is: build/gcc/app/virtio-demo/virtio-demo
#                  lists its own
set -uo pipefail
# shellcheck source=devtools/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=devtools/lib/build.sh
. "$top/devtools/lib/build.sh"
# shellcheck source=devtools/lib/peer.sh
. "$top/devtools/lib/peer.sh"

program=app/virtio-demo/virtio-demo
plugin=drivers/net/virtio/librte_net_virtio_user.so
queues=1
peer_log_copy=
options=()

parse_options()
{
	while [ $# -gt 0 ]; do
		case $1 in
		--help)
			print_help "${BASH_SOURCE[0]}"
			exit 0
			;;
		--hugepages) peer_use_hugepages ;;
		--peer-log)
			[ $# -ge 2 ] || die "--peer-log needs a file"
			peer_log_copy=$2
			shift
			;;
		--queues)
			case ${2:-} in '' | *[!0-9]* | 0*) die "--queues ${2:-}: not a number from 1" ;; esac
			queues=$2
			options+=("$1" "$2")
			shift
			;;
		*) options+=("$1") ;;
		esac
		shift
	done
}

start_peer()
{
	peer_private_dir || die "no private directory to work in"
	say "peer: dpdk-testpmd with net_vhost, $queues queue pair(s), CPU $(peer_back_cpu)"
	peer_start_vhost "$peer_dir/sock" "$queues"
	peer_wait_socket "$peer_dir/sock" 30 || exit 1
}

# By name and library path, because EAL refuses a path below a directory open to everyone.
# In the background, so that a signal to this script is acted upon at once.
run_program()
{
	local build=$top/build/gcc status pid
	say "port: net_virtio_user0, CPU $(peer_front_cpu)"
	LD_LIBRARY_PATH=$build/$(dirname "$plugin")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
		"$build/$program" "${peer_eal[@]}" --no-pci --no-telemetry --file-prefix=demo \
		--lcores="0@$(peer_front_cpu)" -d "$(basename "$plugin")" \
		--vdev="net_virtio_user0,path=$peer_dir/sock,queues=$queues" \
		-- "${options[@]}" </dev/null {peer_stdin}>&- &
	pid=$!
	peer_children+=("$pid")
	wait "$pid"
	status=$?
	peer_children=()
	return "$status"
}

parse_options "$@"
"$top/devtools/setup.sh" || exit 1
build_configure gcc && build_targets gcc "$program" "$plugin" || die "the build failed"
start_peer
run_program
status=$?
peer_stop
[ -z "$peer_log_copy" ] || cp "$peer_log" "$peer_log_copy"
exit "$status"
