#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# layout.sh <directory of the driver-SDK headers>
#
# The four headers describe structures whose real layout was fixed when librte_ethdev.so was
# built. This compares the two: sizeof(struct rte_eth_dev) * RTE_MAX_ETHPORTS as the headers
# have it, and the size of the array rte_eth_devices as the library has it. Prints both; exit
# status 1 if they differ. Called by setup.sh and at every `meson setup`. CC names the compiler.
set -eu
[ $# -eq 1 ] || { echo "usage: layout.sh <directory>" >&2; exit 2; }
cc=${CC:-cc}
command -v "${cc%% *}" >/dev/null 2>&1 || cc=gcc
lib=$(pkg-config --variable=libdir libdpdk)/librte_ethdev.so
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/probe.c" <<END
#include <ethdev_driver.h>
#include <ethdev_vdev.h>
extern char layout_probe[sizeof(struct rte_eth_dev) * RTE_MAX_ETHPORTS];
char layout_probe[sizeof(struct rte_eth_dev) * RTE_MAX_ETHPORTS];
END
# shellcheck disable=SC2046,SC2086 # flags are words
$cc -w -DALLOW_INTERNAL_API -DALLOW_EXPERIMENTAL_API -I"$1" $(pkg-config --cflags libdpdk) \
	-c -o "$work/probe.o" "$work/probe.c"

symbol_size()
{
	size=$(LC_ALL=C readelf -sW "$1" |
		awk -v s="$2" '{ sub(/@.*/, "", $8) } $8 == s { print $3; exit }')
	echo $((size))
}
headers=$(symbol_size "$work/probe.o" layout_probe)
library=$(symbol_size "$lib" rte_eth_devices)
soname=$(LC_ALL=C readelf -d "$lib" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
echo "rte_eth_devices is $library bytes in $soname, $headers by the headers"
if [ "$library" -eq 0 ] || [ "$library" -ne "$headers" ]; then
	echo "the driver-SDK headers in $1 do not belong to the DPDK that is installed" >&2
	exit 1
fi
