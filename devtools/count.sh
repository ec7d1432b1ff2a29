#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# usage: devtools/count.sh [--record] [--jobs N] [--help] [ROW...]
#
# Instructions per packet of the front-end's transmit and receive calls, for each row of
# virtio-bench, under valgrind's callgrind. Unlike cycles they repeat exactly, on a busy machine
# too. They are compared with devtools/counts.txt; neither root nor hugepages are needed.
#
#   --record   write what was counted to devtools/counts.txt instead of comparing
#   --jobs N   so many programs and compilers at once (all CPUs)
#   ROW        only these rows (with --record: all, the table is written whole)
#
# What is counted and what is kept out, and why, is told at the head of devtools/count.py.
# exit status: 0 no row grew by more than 3 %; 1 one did, or could not be counted; 77 skipped:
# no valgrind, or the table was recorded with another compiler or DPDK.
set -euo pipefail
# shellcheck source=devtools/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=devtools/lib/build.sh
. "$top/devtools/lib/build.sh"

args=()
while [ $# -gt 0 ]; do
	case $1 in
	--record) args+=(--record) ;;
	--jobs)
		[ $# -ge 2 ] || die "--jobs needs a value"
		jobs=$2
		shift
		;;
	--help)
		print_help "${BASH_SOURCE[0]}"
		exit 0
		;;
	-*) die "unknown option '$1' (see --help)" ;;
	*) args+=("$1") ;;
	esac
	shift
done
program=app/virtio-bench/virtio-bench
plugin=drivers/net/virtio/librte_net_virtio_user.so
quiet=1 "$top/devtools/setup.sh" --quiet --bench
build_configure gcc
build_targets gcc "$program" "$plugin"
exec python3 "$top/devtools/count.py" --program "$top/build/gcc/$program" \
	--plugin "$top/build/gcc/$plugin" --jobs "$jobs" "${args[@]}"
