#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# usage: devtools/vm.sh [--kernel NAME] [--package NAME]... [--quiet] [--clean] [--help]
#
# Fetches what tests/vm/run.sh boots, from this machine's own Debian mirror: QEMU, busybox and
# a cloud kernel. They are unpacked below .cache/vm/ and not installed, so this needs no root
# and changes nothing of the system. Run again, it does nothing.
#
# About 70 MB are downloaded. If a piece cannot be had, the last line says which and why, and
# the exit status is 77.
#
#   --kernel NAME    the kernel of the Debian suite NAME (bookworm, trixie, sid, ...) instead of
#                    the one that this release has with VDUSE
#   --package NAME   unpack this package too, with the libraries that the machine lacks; run.sh
#                    finds its programs by name
#   --quiet          say nothing unless something is wrong
#   --clean          first remove everything that was fetched
set -euo pipefail
# shellcheck source=devtools/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=devtools/lib/vm.sh
. "$top/devtools/lib/vm.sh"

suite=
packages=()
clean=0
apt=() # what apt_for sets: options for apt,
apt_dir= # and where it keeps things

# No part, no virtual machine: that is a reason to skip, not a failure.
cannot()
{
	warn "vm: $*"
	exit 77
}

parse_options()
{
	while [ $# -gt 0 ]; do
		case $1 in
		--kernel | --package)
			[ $# -ge 2 ] || die "$1 needs a value"
			if [ "$1" = --kernel ]; then suite=$2; else packages+=("$2"); fi
			shift
			;;
		--quiet) quiet=1 ;;
		--clean) clean=1 ;;
		--help)
			print_help "${BASH_SOURCE[0]}"
			exit 0
			;;
		*) die "unknown option '$1' (see --help)" ;;
		esac
		shift
	done
	: "${suite:=$(vm_default_suite)}"
	case $suite in
	*/*) vm_vmlinuz "$suite" >/dev/null || die "--kernel $suite: no boot/vmlinuz-* in there" ;;
	'' | *[!a-z0-9-]*) die "--kernel $suite: neither a suite's name nor a directory" ;;
	esac
}

# The mirror that this machine itself uses for its release.
mirror()
{
	# shellcheck disable=SC2016 # apt expands it
	local format='$(RELEASE) $(COMPONENT) $(REPO_URI)'
	apt-get indextargets --format "$format" 'Created-By: Packages' 2>/dev/null |
		awk -v release="$(vm_codename)" '$1 == release && $2 == "main" { print $3; exit }'
}

# apt_for SUITE...: sets $apt, a set of options under which apt knows these suites and nothing
# else, and keeps its lists here. Installed packages count, so only what is missing is fetched.
apt_for()
{
	local uri one
	apt_dir=$vm_dir/apt/$1
	command -v apt-get >/dev/null 2>&1 || cannot "not a Debian system: no apt-get to fetch QEMU and a kernel with"
	[ "$(dpkg --print-architecture)" = amd64 ] || cannot "only amd64 has the virtual machine's parts"
	uri=$(mirror) || true
	[ -n "$uri" ] || cannot "apt names no Debian mirror for '$(vm_codename)' on this machine"
	mkdir -p "$apt_dir/lists/partial" "$apt_dir/cache/archives/partial"
	for one; do
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $one main"
	done >"$apt_dir/sources.list"
	apt=(-q -o "Dir::Etc::sourcelist=$apt_dir/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o "Dir::State::Lists=$apt_dir/lists" -o "Dir::Cache=$apt_dir/cache" -o APT::Sandbox::User=
		-o Acquire::Languages=none -o Acquire::http::Timeout=30 -o Acquire::Retries=2
		-o Debug::NoLocking=1)
	run_shown "vm: reading the package lists of $*" apt-get "${apt[@]}" update --error-on=any ||
		cannot "no mirror answered for $*"
}

# download_kernel DIR: leaves the .deb there. The cloud kernel's meta package names it.
download_kernel()
{
	local package
	package=$(apt-cache "${apt[@]}" show linux-image-cloud-amd64 2>/dev/null |
		sed -n 's/^Depends:.*\(linux-image-[^ ,]*-cloud-amd64\).*/\1/p' | sort -V | tail -n 1)
	[ -n "$package" ] || cannot "$suite has no cloud kernel"
	(cd "$1" && run_shown "vm: downloading $package" apt-get "${apt[@]}" download "$package") ||
		cannot "$package could not be downloaded"
}

# unpack DIR TARGET: every package of DIR.
unpack()
{
	local deb
	for deb in "$1"/*.deb; do
		[ -e "$deb" ] || return 0
		dpkg-deb -x "$deb" "$2"
	done
}

# Saves the emulated machine from decompressing its own kernel, which takes it a second. Without
# zstd, or with a kernel that is packed otherwise, the packed one is booted.
extract_vmlinux()
{
	local packed begin
	packed=$(vm_first "$1"/boot/vmlinuz-*) || cannot "$suite's kernel package has no boot/vmlinuz-*"
	begin=$(LC_ALL=C grep -aobP -m 1 '\x28\xb5\x2f\xfd' "$packed" | head -n 1 | cut -d : -f 1) || true
	# The stream ends before the file does, which zstd calls an error.
	tail -c "+$((${begin:-0} + 1))" "$packed" | zstd -dc >"$1/vmlinux" 2>/dev/null || true
	readelf -h "$1/vmlinux" >/dev/null 2>&1 || rm -f "$1/vmlinux"
}

# The directory appears whole or not at all.
ensure_kernel()
{
	local dir work
	dir=$(vm_kernel_dir "$suite")
	! vm_vmlinuz "$suite" >/dev/null || return 0
	apt_for "$suite"
	work=$(mktemp -d "$vm_dir/.new.XXXXXX")
	mkdir -p "$work/deb" "$vm_dir/kernel"
	download_kernel "$work/deb"
	unpack "$work/deb" "$work/kernel"
	extract_vmlinux "$work/kernel"
	chmod -R a+rX "$work/kernel"
	rm -rf "$dir"
	mv "$work/kernel" "$dir"
	rm -rf "$work"
}

# ensure_packages MARK PACKAGE...: unpacked into the common root; MARK there says that it was done.
ensure_packages()
{
	local mark=$vm_root/.have/$1 base release suites
	shift
	[ ! -e "$mark" ] || return 0
	base=$(vm_codename)
	release=$(vm_default_suite)
	suites=("$base")
	[ "$release" = "$base" ] || suites+=("$release")
	apt_for "${suites[@]}"
	run_shown "vm: downloading $*" apt-get "${apt[@]}" -y -t "$release" install --download-only \
		--no-install-recommends --reinstall "$@" || cannot "could not be downloaded: $*"
	mkdir -p "$vm_root/.have"
	unpack "$apt_dir/cache/archives" "$vm_root"
	rm -f "$apt_dir"/cache/archives/*.deb
	: >"$mark"
}

ensure_all()
{
	local package
	ensure_kernel
	ensure_packages qemu qemu-system-x86 busybox-static
	for package in "${packages[@]}"; do
		ensure_packages "$package" "$package"
	done
}

# Nothing to do is found out without a lock: run.sh asks each time.
is_all_there()
{
	local package
	vm_has_parts "$suite" || return 1
	for package in qemu "${packages[@]}"; do
		[ -e "$vm_root/.have/$package" ] || return 1
	done
}

parse_options "$@"
[ "$clean" -eq 0 ] || rm -rf "$vm_dir"
if ! is_all_there; then
	mkdir -p "$vm_dir" 2>/dev/null || true
	[ -w "$vm_dir" ] || cannot "cannot write $vm_dir: was it made by another user?"
	exec {lock}>"$vm_dir/lock"
	flock "$lock"
	trap 'rm -rf "$vm_dir"/.new.*' EXIT
	ensure_all
fi
say "vm: QEMU, busybox and $(basename "$(vm_vmlinuz "$suite")") are in ${vm_dir#"$top"/}"
