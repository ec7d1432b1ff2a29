#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# Instructions per packet of a front-end port's transmit and receive call, by callgrind. Unlike
# cycles they repeat exactly. Callgrind knows no AVX-512: a port falls back to what it has besides.
set -eu

usage() {
	cat <<USAGE
usage: $0 [-b PROGRAM] [-d PLUGIN] [-n ROUNDS] [-s FRAME] FRONT-END...
  FRONT-END   NAME or NAME,DEVARG=VALUE,...   e.g. net_vuser,mrg_rxbuf=0
  -b PROGRAM  the virtio-bench to run (build/app/virtio-bench/virtio-bench)
  -d PLUGIN   the driver plugin to load, unless the default directory has it
  -n ROUNDS   bursts of 32 to count over (4000)
  -s FRAME    frame size in bytes (64)
Prints one line for each: instructions per packet of front tx and of front rx.
exit status: 0 counted; 1 the traffic or the count failed; 2 wrong usage; 77 no valgrind.
USAGE
}

program=build/app/virtio-bench/virtio-bench
plugin=
rounds=4000
frame=64
while getopts b:d:n:s:h option; do
	case $option in
	b) program=$OPTARG ;;
	d) plugin=$OPTARG ;;
	n) rounds=$OPTARG ;;
	s) frame=$OPTARG ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if [ $# -eq 0 ]; then
	usage >&2
	exit 2
fi
command -v valgrind >/dev/null || { echo "valgrind is not installed" >&2; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# count FRONT-END HALF: instructions inside bench_HALF, divided by the packets it moved
count() {
	XDG_RUNTIME_DIR=$work valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		--collect-atstart=no --toggle-collect="bench_$2" \
		"$program" --no-huge -m 128 --no-pci --no-telemetry --no-shconf -l 0 --log-level=3 \
		${plugin:+-d "$plugin"} -- --front "$1" --frames "$frame" \
		--callgrind-rounds "$rounds" >"$work/out" 2>"$work/err" || {
		cat "$work/out" "$work/err" >&2
		return 1
	}
	awk -v half="$2" '
		$1 == half { packets = $2 }
		/Collected :/ { instructions = $NF }
		END {
			if (packets + 0 == 0 || instructions + 0 == 0)
				exit 1
			printf "%.1f\n", instructions / packets
		}' "$work/out" "$work/err"
}

printf '%-50s %10s %10s\n' "instructions per packet, $frame B" 'front tx' 'front rx'
for front in "$@"; do
	tx=$(count "$front" front_tx)
	rx=$(count "$front" front_rx)
	printf '%-50s %10s %10s\n' "$front" "$tx" "$rx"
done
