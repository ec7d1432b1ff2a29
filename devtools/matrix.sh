#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# usage: devtools/matrix.sh [--release NAME] [--dpdk DIR] [--clean] [--help]
#
# Builds the tree against the DPDK of another Debian release and runs its unit tests, in a
# small system of its own under .cache/matrix/. As root only; the first run takes a minute
# and 700 MB, later ones reuse the system. The last line is as test.sh's.
#
#   --release NAME   which Debian (trixie, which has DPDK 24.11)
#   --dpdk DIR       take the driver-SDK headers from this DPDK source tree, for releases whose
#                    source package no mirror has any more
#   --clean          remove the system first
set -euo pipefail
# shellcheck source=devtools/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

release=trixie
dpdk_dir=
clean=0
packages=ca-certificates,gcc,g++,libc6-dev,meson,ninja-build,pkgconf,libcmocka-dev,libdpdk-dev,dpdk-dev,xz-utils

parse_options()
{
	while [ $# -gt 0 ]; do
		case $1 in
		--release | --dpdk)
			[ $# -ge 2 ] || die "$1 needs a value"
			if [ "$1" = --release ]; then release=$2; else dpdk_dir=$2; fi
			shift
			;;
		--clean) clean=1 ;;
		--help)
			print_help "${BASH_SOURCE[0]}"
			exit 0
			;;
		*) die "unknown option '$1' (see --help)" ;;
		esac
		shift
	done
	case $release in '' | *[!a-z]*) die "--release $release: not a release's name" ;; esac
}

# The mirror that this machine itself uses.
mirror()
{
	local format='$(COMPONENT) $(REPO_URI)' # apt expands it
	apt-get indextargets --format "$format" 'Created-By: Packages' 'Origin: Debian' |
		awk '$1 == "main" { print $2; exit }'
}

# make_system DIR: appears whole or not at all.
make_system()
{
	local uri
	[ ! -e "$1/etc/debian_version" ] || return 0
	if ! command -v mmdebstrap >/dev/null 2>&1; then
		run_shown "matrix: installing mmdebstrap" env DEBIAN_FRONTEND=noninteractive \
			apt-get -q install -y --no-install-recommends mmdebstrap
	fi
	uri=$(mirror)
	[ -n "$uri" ] || die "apt names no mirror of Debian on this machine; run apt-get update first"
	rm -rf "$1.new"
	mkdir -p "$(dirname "$1")"
	run_shown "matrix: $release from $uri" mmdebstrap --variant=apt --mode=root \
		--include="$packages" "$release" "$1.new" "$uri" || { rm -rf "$1.new"; die "no $release"; }
	mkdir -p "$1.new/src" "$1.new/dpdk"
	mv "$1.new" "$1"
}

# What is done inside, with the tree mounted at /src; mounts vanish with their namespace.
inside()
{
	cat <<-'END'
	set -eu
	cd /src
	devtools/setup.sh --minimal ${1:+--dpdk /dpdk}
	rm -rf /root/build
	meson setup /root/build /src
	ninja -C /root/build
	meson test -C /root/build --no-rebuild --suite unit || true
	END
}

run_inside()
{
	local system=$1
	rm -rf "$system/root/build"
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m sh -ec '
		mount --bind "$1" "$2/src"
		[ -z "$3" ] || mount --bind "$3" "$2/dpdk"
		mount -t proc proc "$2/proc"
		mount --rbind /sys "$2/sys"
		mount --rbind /dev "$2/dev"
		exec chroot "$2" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
			sh -c "$4" inside "$3"' sh "$top" "$system" "$dpdk_dir" "$(inside)" </dev/null
}

parse_options "$@"
[ "$(id -u)" -eq 0 ] || die "a system of its own needs root"
system=$top/.cache/matrix/$release
[ "$clean" -eq 0 ] || rm -rf "$system"
make_system "$system"
result=("$system/root/build/meson-logs/testlog.json")
run_inside "$system" || result=(--failed "the tree does not build in $release")
python3 "$top/devtools/tap_count.py" "${result[@]}"
