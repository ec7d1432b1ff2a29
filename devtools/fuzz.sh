#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# usage: devtools/fuzz.sh [--seconds N] [--jobs N] [--list] [--build] [--help] [target...]
#
# Searches with libFuzzer, under AddressSanitizer and UBSan, for inputs that break the parts
# which face what others write. Builds in build/fuzz; runs every target (or the named ones) for
# a while, from its seeds and from what earlier runs kept; says every ten seconds how far each
# has come, and at the end how many inputs all runs so far have executed. Exit status 1 when
# something was found, 77 when there is no clang with libFuzzer.
#
#   .cache/fuzz/corpus/TARGET      inputs worth keeping, of all runs
#   .cache/fuzz/findings/TARGET-*  inputs that broke something; run the target on one of them:
#                                  build/fuzz/tests/fuzz/fuzz_TARGET FILE
#   .cache/fuzz/counts/TARGET      executions of all runs
#
#   --seconds N   for so long each (60)
#   --jobs N      so many at once (all CPUs)
#   --list        say which targets there are
#   --build       build only
set -euo pipefail
# shellcheck source=devtools/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=devtools/lib/build.sh
. "$top/devtools/lib/build.sh"

work=$top/.cache/fuzz
seconds=60
action=search
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
		--build) action=build ;;
		--list)
			action=list
			quiet=1
			;;
		--help)
			print_help "${BASH_SOURCE[0]}"
			exit 0
			;;
		-*) die "unknown option '$1' (see --help)" ;;
		*) targets+=("${1#fuzz_}") ;;
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

# Of UBSan without what AddressSanitizer sees as well: with it, the bursts' templates take minutes to compile.
build()
{
	CC=clang build_configure fuzz -Doptimization=1 -Ddebug=true -Db_lundef=false -Dapps=false \
		-Db_sanitize=address,undefined \
		-Dc_args="-fsanitize=fuzzer-no-link -fno-sanitize-recover=undefined \
-fno-sanitize=null,object-size,pointer-overflow -gline-tables-only" &&
		build_targets fuzz fuzzers </dev/null
}

# Meson knows how each target is run: a name and a command for the shell on each line.
print_commands()
{
	python3 - "$top/build/fuzz" <<-'END'
	import json, os, shlex, sys
	for test in json.load(open(os.path.join(sys.argv[1], 'meson-info/intro-tests.json'))):
	    if test['name'].startswith('fuzz/'):
	        print(test['name'].split('/')[1], shlex.join(test['cmd']))
	END
}

# The commands of the targets that were named, or of all.
choose_commands()
{
	local all target
	all=$(print_commands)
	if [ ${#targets[@]} -eq 0 ]; then
		printf '%s\n' "$all"
		return
	fi
	for target in "${targets[@]}"; do
		grep "^$target " <<<"$all" || die "no target '$target' (see --list)"
	done
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

# search COMMANDS: several at a time, one after the other beyond that.
search()
{
	local rc=0
	cd "$top/build/fuzz"
	cut -d ' ' -f 2- <<<"$1" | xargs -d '\n' -P "$jobs" -I '{}' bash -c "exec {} --seconds $seconds" || rc=1
	print_counts
	return "$rc"
}

parse_options "$@"
if ! has_libfuzzer; then
	warn "clang with libFuzzer is not installed (packages clang and libclang-rt-dev)"
	exit 77
fi
build
commands=$(choose_commands)
case $action in
list) cut -d ' ' -f 1 <<<"$commands" ;;
search) search "$commands" ;;
esac
