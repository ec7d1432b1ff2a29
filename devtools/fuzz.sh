#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# usage: devtools/fuzz.sh [--seconds N] [--build] [--jobs N] [--help] [target...]
#
# Searches with libFuzzer, under AddressSanitizer and UBSan, for inputs that break the parts
# which face what others write: devargs message channel backend rx tx control control_queue.
# Builds in build/fuzz; runs each target (or the named ones) for a while from its seeds and
# from what earlier runs kept; prints how many inputs were executed. Exit status 1 when
# something was found, 77 when there is no clang with libFuzzer.
#
#   build/fuzz/corpus/TARGET      inputs worth keeping, of all runs
#   build/fuzz/findings/TARGET-*  inputs that broke something; run the target on one of them:
#                                 build/fuzz/tests/fuzz/fuzz_TARGET FILE
#   build/fuzz/counts/TARGET      executions of all runs
#
#   --seconds N   for so long each (5)
#   --build       build only
#   --jobs N      so many at once (all CPUs)
set -euo pipefail
# shellcheck source=devtools/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=devtools/lib/build.sh
. "$top/devtools/lib/build.sh"

work=$top/build/fuzz
seconds=5
build_only=0
targets=()

parse_options()
{
	while [ $# -gt 0 ]; do
		case $1 in
		--seconds | --jobs)
			[ $# -ge 2 ] || die "$1 needs a value"
			case $2 in '' | *[!0-9]* | 0*) die "$1 $2: not a number from 1" ;; esac
			if [ "$1" = --seconds ]; then seconds=$2; else jobs=$2; fi
			shift
			;;
		--build) build_only=1 ;;
		--help)
			print_help "${BASH_SOURCE[0]}"
			exit 0
			;;
		-*) die "unknown option '$1' (see --help)" ;;
		*) targets+=("fuzz/${1#fuzz_}") ;;
		esac
		shift
	done
}

has_libfuzzer()
{
	command -v clang >/dev/null 2>&1 &&
		echo 'int LLVMFuzzerTestOneInput(const char *d, long n) { (void)d; (void)n; return 0; }' |
		clang -fsanitize=fuzzer,address -x c - -o /dev/null 2>/dev/null
}

build()
{
	CC=clang build_configure fuzz -Doptimization=1 -Ddebug=true -Db_lundef=false -Dapps=false \
		-Db_sanitize=address,undefined \
		-Dc_args="-fsanitize=fuzzer-no-link -fno-sanitize-recover=undefined" &&
		build_targets fuzz fuzzers </dev/null
}

print_counts()
{
	local file
	say
	say "executions of all runs:"
	for file in "$work"/counts/*; do
		[ ! -f "$file" ] || printf '  %-14s %15s\n' "${file##*/}" "$(cat "$file")"
	done
	for file in "$work"/findings/*; do
		[ ! -f "$file" ] || say "finding: $file"
	done
}

parse_options "$@"
if ! has_libfuzzer; then
	warn "clang with libFuzzer is not installed (packages clang and libclang-rt-dev)"
	exit 77
fi
build
[ "$build_only" -eq 0 ] || exit 0
rc=0
meson test -C "$work" --no-rebuild --print-errorlogs --num-processes "$jobs" --timeout-multiplier 0 \
	--suite fuzz --test-args="--seconds $seconds" "${targets[@]}" </dev/null || rc=1
print_counts
exit "$rc"
