# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# Build directories, shared by test.sh and demo.sh; all lie under build/. Sourced after
# common.sh. A directory is configured only when it is not, and ninja does the rest.

jobs=$(nproc)

# build_dir_ok DIR: configured, and for this tree (a copied clone brings another's along).
build_dir_ok()
{
	[ -f "$1/build.ninja" ] && grep -qF "\"source\": \"$top\"" "$1/meson-info/meson-info.json" 2>/dev/null
}

# build_configure NAME [meson option...]
build_configure()
{
	local dir=$top/build/$1
	shift
	mkdir -p "$top/build" 2>/dev/null
	if [ ! -w "$top/build" ]; then
		warn "cannot write $top/build: was it made by another user? Remove it, or use a clone of your own"
		return 1
	fi
	! build_dir_ok "$dir" || return 0
	rm -rf "$dir"
	run_shown "configure: build/${dir##*/} $*" meson setup "$dir" "$top" "$@" ||
		{ rm -rf "$dir"; return 1; }
}

# build_targets NAME [target...]: ninja's own progress is the sign of life.
build_targets()
{
	local dir=$top/build/$1
	shift
	if [ "$quiet" -eq 1 ]; then
		ninja -C "$dir" -j "$jobs" --quiet "$@"
	else
		say "build: build/${dir##*/}"
		ninja -C "$dir" -j "$jobs" "$@"
	fi
}
