#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# usage: devtools/setup.sh [--dpdk DIR] [--packages-only] [--minimal] [--bench] [--quiet] [--help]
#
# Makes a machine ready to build, run and test this tree; run again, it does nothing.
#
#  1. Distribution packages. As root the missing ones are installed; as an ordinary user
#     they are named, with the command to ask an administrator for.
#  2. The four driver-SDK headers, which the distribution's DPDK leaves out, from its own
#     source package of exactly the installed version, into .cache/dpdk-sdk/<version>/.
#     Nothing of the system is changed by that, whoever runs it.
#  3. A check that these headers and the installed library agree on their structures.
#
#   --dpdk DIR        take the headers from DIR (a DPDK source tree, or an install made with
#                     -Denable_driver_sdk=true) instead of from the source package
#   --packages-only   step 1 only
#   --minimal         without the packages that only a part of the tests wants (second compiler)
#   --bench           also the packages that only the benchmark scripts want (valgrind)
#   --quiet           say nothing unless something is wrong
set -euo pipefail
# shellcheck source=devtools/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

headers=(ethdev_driver.h ethdev_vdev.h dev_driver.h bus_vdev_driver.h)
# Where each may lie: flat, in an install, in a source tree.
header_dirs=(. include include/dpdk lib/ethdev lib/eal/include drivers/bus/vdev)
dpdk_dir=
packages_only=0
minimal=0
bench=0

parse_options()
{
	while [ $# -gt 0 ]; do
		case $1 in
		--dpdk)
			[ $# -ge 2 ] || die "--dpdk needs a directory"
			dpdk_dir=$2
			shift
			;;
		--dpdk=*) dpdk_dir=${1#*=} ;;
		--packages-only) packages_only=1 ;;
		--minimal) minimal=1 ;;
		--bench) bench=1 ;;
		--quiet) quiet=1 ;;
		--help)
			print_help "${BASH_SOURCE[0]}"
			exit 0
			;;
		*) die "unknown option '$1' (see --help)" ;;
		esac
		shift
	done
	[ -z "$dpdk_dir" ] || [ -d "$dpdk_dir" ] || die "--dpdk $dpdk_dir: no such directory"
}

# --- packages: what is asked for is the ability, not the package, so that a DPDK or a meson
# --- of the user's own making counts.

has_command() { command -v "$1" >/dev/null 2>&1; }
has_libc() { has_command gcc && echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1; }
has_module() { has_command pkg-config && pkg-config --exists "$1"; }
has_clang_rt()
{
	has_command clang && compgen -G "$(clang -print-resource-dir)/lib/*/libclang_rt.asan*.a" >/dev/null
}

# package | yes: nothing works without it, no: only a part of the tests does, bench: nothing but
# the benchmark scripts wants it | test of its presence
package_table()
{
	cat <<-END
	gcc             yes has_command gcc
	libc6-dev       yes has_libc
	binutils        yes has_command readelf
	pkgconf         yes has_command pkg-config
	meson           yes has_command meson
	ninja-build     yes has_command ninja
	python3         yes has_command python3
	xz-utils        yes has_command xz
	libdpdk-dev     yes has_module libdpdk
	dpdk-dev        yes has_command dpdk-testpmd
	libmnl-dev      yes has_module libmnl
	libcmocka-dev   yes has_module cmocka
	clang           no  has_command clang
	libclang-rt-dev no  has_clang_rt
	zstd            no  has_command zstd
	g++             no  has_command g++
	valgrind        bench has_command valgrind
	END
}

# missing_packages yes|no|bench: those of that kind whose test fails.
missing_packages()
{
	local package needed test
	while read -r package needed test; do
		[ "$needed" = "$1" ] || continue
		$test || printf '%s ' "$package"
	done < <(package_table)
}

install_packages()
{
	export DEBIAN_FRONTEND=noninteractive
	run_shown "packages: apt-get update" apt-get -q update ||
		warn "apt-get update had errors; trying with the lists that are there"
	# shellcheck disable=SC2086 # a list of words
	run_shown "packages: installing $1" apt-get -q install -y --no-install-recommends \
		-o DPkg::Lock::Timeout=120 $1 || die "apt-get could not install: $1"
}

ensure_packages()
{
	local need wish=
	need=$(missing_packages yes)
	[ "$minimal" -eq 1 ] || wish=$(missing_packages no)
	[ "$bench" -eq 0 ] || wish=$wish$(missing_packages bench)
	if [ -z "$need$wish" ]; then
		say "packages: all there"
	elif ! has_command apt-get; then
		[ -z "$need" ] || die "not a Debian system; please install what Debian calls: $need"
	elif [ "$(id -u)" -eq 0 ]; then
		install_packages "$need$wish"
		need=$(missing_packages yes)
		[ -z "$need" ] || die "installed, but still not usable: $need"
	elif [ -n "$need" ]; then
		die "missing packages; ask an administrator for:" \
			"apt-get install --no-install-recommends $need$wish"
	else
		say "packages: all there but $wish(the tests that need it will be skipped)"
	fi
}

# --- driver-SDK headers

find_header()
{
	local sub
	for sub in "${header_dirs[@]}"; do
		[ ! -f "$1/$sub/$2" ] || { printf '%s' "$1/$sub/$2"; return; }
	done
	return 1
}

# has_headers DIR: all four lie directly in DIR.
has_headers()
{
	local header
	for header in "${headers[@]}"; do
		[ -f "$1/$header" ] || return 1
	done
}

system_headers_dir()
{
	local flag
	for flag in $(pkg-config --cflags-only-I libdpdk) -I"$(pkg-config --variable=includedir libdpdk)"; do
		! has_headers "${flag#-I}" || { printf '%s' "${flag#-I}"; return; }
	done
	return 1
}

# collect_headers FROM TO
collect_headers()
{
	local header path
	for header in "${headers[@]}"; do
		path=$(find_header "$1" "$header") || { warn "$1 has no $header"; return 1; }
		cp "$path" "$2/"
	done
}

# The system's own mirrors, as sources of source packages. apt tells which files it reads
# (.list or .sources); entries keep their keys and options, only their type changes.
write_source_entries()
{
	local file format='$(SOURCESENTRY)' # apt expands it
	while read -r file; do
		case $file in
		*.sources) awk 'BEGIN { RS = ""; ORS = "\n\n" }
			/(^|\n)Enabled: *(no|false)/ || !/(^|\n)Types:[^\n]*deb( |\n|$)/ { next }
			{ gsub(/(^|\n)Architectures:[^\n]*/, ""); sub(/Types:[^\n]*/, "Types: deb-src"); print }' \
			"$file" >>"$1/system.sources" ;;
		*) sed -n 's/^[[:space:]]*deb[[:space:]]/deb-src /p' "$file" >>"$1/system.list" ;;
		esac
	done < <(apt-get indextargets --format "$format" 'Created-By: Packages' |
		sed 's/:[0-9]*$//' | sort -u)
}

# fetch_source_package DIR VERSION: leaves the upstream tarball of dpdk=VERSION in DIR/get.
fetch_source_package()
{
	local apt
	mkdir -p "$1/sources" "$1/lists/partial" "$1/cache/archives/partial" "$1/get"
	write_source_entries "$1/sources"
	apt=(apt-get -q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$1/sources"
		-o "Dir::State::Lists=$1/lists" -o "Dir::Cache=$1/cache" -o Dir::State::status=/dev/null
		-o APT::Sandbox::User= -o Acquire::http::Timeout=30 -o Acquire::Retries=2)
	# A third party's mirror without sources fails here and is no matter: the next step decides.
	run_shown "driver SDK: reading the mirror's list of source packages" "${apt[@]}" update || true
	cd "$1/get"
	run_shown "driver SDK: downloading the source of dpdk $2" \
		"${apt[@]}" source --download-only --tar-only "dpdk=$2"
}

# installed_source_version: the source package of the DPDK that pkg-config finds, if dpkg knows it.
installed_source_version()
{
	local pc
	pc=$(pkg-config --variable=pcfiledir libdpdk)/libdpdk.pc
	has_command dpkg-query && dpkg-query -S "$pc" >/dev/null 2>&1 &&
		dpkg-query -W -f='${source:Version}' libdpdk-dev
}

# headers_from_package WORK TO
headers_from_package()
{
	local version tarball
	version=$(installed_source_version) ||
		die "the DPDK of pkg-config is not the distribution's: name its source tree with --dpdk DIR"
	(fetch_source_package "$1" "$version") ||
		die "no mirror of this machine has the source of dpdk $version:" \
			"upgrade libdpdk-dev, or name a DPDK $version source tree with --dpdk DIR"
	tarball=$(find "$1/get" -name 'dpdk_*.orig.tar.*' ! -name '*.asc')
	mkdir "$1/tree"
	tar -xf "$tarball" -C "$1/tree" --strip-components=1 --wildcards \
		'*/lib/ethdev/ethdev_*.h' '*/lib/eal/include/dev_driver.h' '*/drivers/bus/vdev/bus_vdev_driver.h'
	collect_headers "$1/tree" "$2"
}

# The cache appears whole or not at all: filled beside its place, checked, then renamed.
fill_cache()
{
	local cache=$1 work layout
	mkdir -p "$(dirname "$cache")" || die "cannot write $(dirname "$cache")"
	work=$(mktemp -d "$(dirname "$cache")/.new.XXXXXX")
	trap 'rm -rf "'"$work"'"' EXIT
	mkdir "$work/headers"
	if [ -n "$dpdk_dir" ]; then
		collect_headers "$dpdk_dir" "$work/headers" || die "--dpdk $dpdk_dir cannot be used"
	else
		headers_from_package "$work" "$work/headers"
	fi
	layout=$(sh "$top/devtools/sdk/layout.sh" "$work/headers") ||
		die "the headers do not fit the installed DPDK $(pkg-config --modversion libdpdk)"
	say "driver SDK: $layout"
	chmod -R a+rX "$work/headers"
	library_stamp >"$work/headers/checked"
	rm -rf "$cache"
	mv "$work/headers" "$cache"
	say "driver SDK: four headers are in ${cache#"$top"/}"
}

# What the check was made against; when it changes, the check is made again.
library_stamp()
{
	stat -L -c '%n %s %Y' "$(pkg-config --variable=libdir libdpdk)/librte_ethdev.so"
}

ensure_headers()
{
	local version cache where
	version=$(pkg-config --modversion libdpdk)
	say "DPDK: $version in $(pkg-config --variable=prefix libdpdk)"
	cache=$top/.cache/dpdk-sdk/$version
	if [ -n "$dpdk_dir" ]; then
		fill_cache "$cache"
	elif where=$(system_headers_dir); then
		say "driver SDK: the installed DPDK has its headers, in $where"
	elif has_headers "$cache" && [ "$(cat "$cache/checked" 2>/dev/null)" = "$(library_stamp)" ]; then
		say "driver SDK: ${cache#"$top"/}, fits $version"
	elif has_headers "$cache" && sh "$top/devtools/sdk/layout.sh" "$cache" >/dev/null 2>&1; then
		{ library_stamp >"$cache/checked"; } 2>/dev/null || true
		say "driver SDK: ${cache#"$top"/}, checked, fits $version"
	else
		fill_cache "$cache"
	fi
}

parse_options "$@"
ensure_packages
[ "$packages_only" -eq 1 ] || ensure_headers
