#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# usage: devtools/bench.sh [--quick] [--no-hugepages] [--hugepages] [--verify] [--rows LIST]
#                          [--jobs N] [--help]
#
# This project's front-end against DPDK's own, both at their best, over every set of features,
# against the same peer (DPDK's net_vhost): builds, measures, and prints the ratios. Needs two
# CPUs that nobody else uses; doc/performance.md tells how to read what comes out.
#
#   --quick         64-byte packets only; ends in 5 minutes (otherwise: all sizes, burst sizes
#                   and modes, half an hour and more)
#   --hugepages     fail if there are none (otherwise: used if there are)
#   --no-hugepages  ordinary memory even if there are
#   --verify        number and judge each packet: a test, no measurement
#   --rows LIST     only these rows, as virtio-bench names them (split, packed-mrg, ...)
#   --jobs N        so many compilers at once (all CPUs)
#
# Results: build/bench/results.json, build/bench/results.svg; what was printed is in log.txt.
# exit status: 0 measured; 1 something could not be, or packets went missing.
set -euo pipefail
# shellcheck source=devtools/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=devtools/lib/build.sh
. "$top/devtools/lib/build.sh"
# shellcheck source=devtools/lib/peer.sh
. "$top/devtools/lib/peer.sh"

program=app/virtio-bench/virtio-bench
limit=app/virtio-bench/virtio-limit
plugin=drivers/net/virtio/librte_net_virtio_user.so
out=$top/build/bench
megabytes=640
quick=0
hugepages=auto
verify=()
rows=all
eal=()
failed=0
documents=()

parse_options()
{
	while [ $# -gt 0 ]; do
		case $1 in
		--quick) quick=1 ;;
		--hugepages) hugepages=yes ;;
		--no-hugepages) hugepages=no ;;
		--verify) verify=(--verify) ;;
		--rows | --jobs)
			[ $# -ge 2 ] || die "$1 needs a value"
			if [ "$1" = --rows ]; then rows=$2; else jobs=$2; fi
			shift
			;;
		--help)
			print_help "${BASH_SOURCE[0]}"
			exit 0
			;;
		*) die "unknown option '$1' (see --help)" ;;
		esac
		shift
	done
}

free_megabytes()
{
	awk '/^HugePages_Free:/ { pages = $2 } /^Hugepagesize:/ { size = $2 } END { print int(pages * size / 1024) }' /proc/meminfo
}

# EAL takes anonymous huge pages as root and as an ordinary user alike, if there are any free.
choose_memory()
{
	local free
	free=$(free_megabytes)
	if [ "$hugepages" != no ] && [ "$free" -ge "$megabytes" ]; then
		eal=(--in-memory --single-file-segments)
		say "memory: hugepages, $free MB of them free"
		return
	fi
	[ "$hugepages" != yes ] ||
		die "$megabytes MB of hugepages wanted, $free MB free: as root, sysctl vm.nr_hugepages=$((megabytes / 2 + 64))"
	eal=(--no-huge --no-shconf)
	say "memory: 4 KiB pages ($free MB of hugepages free). Every figure is then dominated by TLB misses and up"
	say "  to twice what hugepages give; for those, as root: sysctl vm.nr_hugepages=$((megabytes / 2 + 64))"
}

# DPDK's own driver, loaded first: so it has the name net_virtio_user, and ours net_vuser.
upstream_plugin()
{
	local file
	for file in "$(pkg-config --variable=libdir libdpdk)"/dpdk/pmds-*/librte_net_virtio.so; do
		[ -e "$file" ] || continue
		printf '%s' "$file"
		return
	done
	die "this DPDK has no librte_net_virtio.so to compare with"
}

# bench NAME OPTION...: one document with what was measured.
bench()
{
	local name=$1 rc=0
	shift
	say
	say "== $name (started $(date +%T))"
	"$top/build/gcc/$program" "${eal[@]}" -m "$megabytes" --no-pci --no-telemetry --log-level=3 \
		--log-level='lib.vhost.*:3' --file-prefix="bench$$" --lcores="0@$cpu_a,1@$cpu_b" \
		-d "$upstream" -d "$top/build/gcc/$plugin" --force-max-simd-bitwidth=512 \
		-- --rows "$rows" "${verify[@]}" --json "$out/$name.json" "$@" </dev/null || rc=$?
	[ "$rc" -eq 0 ] || { warn "$name: exit status $rc"; failed=1; }
	documents+=("$out/$name.json")
}

limits()
{
	say
	say "== $1: the two CPUs by themselves"
	"$top/build/gcc/$limit" "$cpu_a" "$cpu_b" 9 30 "$out/$1.json" || failed=1
	documents+=("$out/$1.json")
}

# The first two say how far to trust the rest: the same port against itself.
measure_quick()
{
	rows=split-mrg bench self --self --placements 4 --reps 20 --seconds 3
	bench single --placements 6 --reps 40 --seconds 4
	limits limit-1
	bench throughput --mode tx,rx --placements 4 --reps 15 --seconds 3
	limits limit-2
	bench both-ways --mode bidirectional,forward --placements 2 --reps 10
	bench latency --mode latency --placements 2 --reps 5
}

measure_all()
{
	bench self --self --placements 8 --reps 40 --mode single,tx,rx
	bench single --frames 64,256,512,1518,9000,imix --placements 8 --reps 60
	bench single-bursts --burst 1,4,8,16,64 --placements 6 --reps 40
	bench single-offloads --offloads --placements 6 --reps 40
	limits limit-1
	bench throughput --mode tx,rx,bidirectional,forward --placements 8 --reps 25
	limits limit-2
	bench throughput-offloads --offloads --mode tx,rx --placements 4 --reps 15
	bench throughput-sizes --mode tx,rx --frames 256,512,1518,9000,imix --placements 4 --reps 15
	bench throughput-bursts --mode tx,rx --burst 1,4,8,16,64 --placements 4 --reps 15
	bench throughput-queues --mode tx,rx --queues 4 --placements 4 --reps 15
	limits limit-3
	bench latency --mode latency --burst 1,32 --placements 6 --reps 10
}

prepare()
{
	"$top/devtools/setup.sh"
	upstream=$(upstream_plugin)
	build_configure gcc
	build_targets gcc "$program" "$limit" "$plugin"
	choose_memory
	peer_private_dir
	export XDG_RUNTIME_DIR=$peer_dir
	cpu_a=$(peer_front_cpu)
	cpu_b=$(peer_back_cpu)
	[ "$cpu_a" != "$cpu_b" ] || die "two CPUs are needed"
	mkdir -p "$out"
	rm -f "$out"/*.json "$out"/*.svg
	say "CPUs: $cpu_a and $cpu_b; the load is $(cut -d ' ' -f 1 /proc/loadavg), and above 0.5 others disturb"
}

parse_options "$@"
prepare
{
	if [ "$quick" -eq 1 ]; then measure_quick; else measure_all; fi
	say
	python3 "$top/devtools/bench_report.py" --out "$out/results" "${documents[@]}" || failed=1
	exit "$failed"
} > >(tee "$out/log.txt")
