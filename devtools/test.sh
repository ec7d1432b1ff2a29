#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# usage: devtools/test.sh [--quick] [--full] [--suite NAME] [--no-sanitizers] [--jobs N] [--help]
#
# Sets the machine up (devtools/setup.sh), builds, runs every test, and counts each single
# TAP point of every build. The last line is `N passed, N failed` (and `, N skipped`, after a
# list of what was skipped and why); exit status 0 only if nothing failed and something passed.
#
#   build/gcc        every suite
#   build/sanitize   the same tests under AddressSanitizer, LeakSanitizer and UBSan
#   build/clang      the second compiler, with the unit tests
#   build/fuzz       a search with libFuzzer, some seconds for each target (devtools/fuzz.sh)
#
#   --quick           build/gcc only, without the interop and vm suites: before each push
#   --full            with the long packet counts (VIRTIO_TEST_FULL=1); takes hours
#   --suite NAME      only this suite (unit, style, functional, interop, fuzz, vm); may be repeated
#   --no-sanitizers   without build/sanitize and build/fuzz
#   --jobs N          so many compilers and tests at once (all CPUs)
set -uo pipefail # no -e: whatever fails, the totals come last
# shellcheck source=devtools/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=devtools/lib/build.sh
. "$top/devtools/lib/build.sh"

quick=0
sanitizers=1
timeouts=1
only=()
result=() # what tap_count.py is to be told

parse_options()
{
	while [ $# -gt 0 ]; do
		case $1 in
		--quick) quick=1 ;;
		--full)
			export VIRTIO_TEST_FULL=1
			timeouts=50
			;;
		--suite | --jobs)
			[ $# -ge 2 ] || die "$1 needs a value"
			if [ "$1" = --suite ]; then only+=("$2"); else jobs=$2; fi
			shift
			;;
		--no-sanitizers) sanitizers=0 ;;
		--help)
			print_help "${BASH_SOURCE[0]}"
			exit 0
			;;
		*) die "unknown option '$1' (see --help)" ;;
		esac
		shift
	done
	case $jobs in '' | *[!0-9]* | 0*) die "--jobs $jobs: not a number from 1" ;; esac
}

# wanted_suites NAME [SUITE-TO-LEAVE-OUT...]: how many programs, and the suites they are of.
wanted_suites()
{
	local intro=$top/build/$1/meson-info/intro-tests.json
	shift
	python3 - "$intro" "$*" "${only[*]}" <<-'END'
	import json, sys
	tests = json.load(open(sys.argv[1]))
	names = {s.split(':')[-1] for t in tests for s in t['suite']}
	left_out, only = sys.argv[2].split(), sys.argv[3].split()
	wanted = {n for n in names if n not in left_out and (not only or n in only)}
	print(sum(any(s.split(':')[-1] in wanted for s in t['suite']) for t in tests), *sorted(wanted))
	END
}

# run_tests NAME [SUITE-TO-LEAVE-OUT...]
run_tests()
{
	local name=$1 suites count log suite
	log=$top/build/$name/meson-logs/testlog.json
	rm -f "$log"
	read -r count suites < <(wanted_suites "$@")
	[ "${count:-0}" -gt 0 ] || return 0
	set --
	for suite in $suites; do
		set -- "$@" --suite "$suite"
	done
	say "test: build/$name: $count programs of $suites"
	meson test -C "$top/build/$name" --no-rebuild --print-errorlogs --num-processes "$jobs" \
		--timeout-multiplier "$timeouts" "$@" </dev/null || true
	result+=(--expect "$log=$count" "$log")
}

# The virtual machine's parts are fetched here, where it can be seen. Without them the suite's
# programs skip themselves and say why.
fetch_vm()
{
	[ ${#only[@]} -eq 0 ] || [[ " ${only[*]} " == *" vm "* ]] || return 0
	"$top/devtools/vm.sh" </dev/null || true
}

# stage NAME SUITES-TO-LEAVE-OUT [meson option...]
stage()
{
	local name=$1 left_out=$2
	shift 2
	say
	if ! build_configure "$name" "$@" || ! build_targets "$name" </dev/null; then
		result+=(--failed "build/$name does not build")
		return
	fi
	# shellcheck disable=SC2086 # a list of words
	run_tests "$name" $left_out
}

# What a program needs that loads a plugin of build/sanitize but is not itself built so.
stage_sanitize()
{
	local timeouts=$((timeouts * 4))
	export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
	export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
	stage sanitize "style vm" -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized
}

stage_clang()
{
	if command -v clang >/dev/null 2>&1; then
		CC=clang stage clang "style functional interop vm"
	else
		result+=(--skipped "build/clang: clang is not installed")
	fi
}

# One point for each target; of this build nothing else is made.
stage_fuzz()
{
	local rc=0
	case " ${only[*]:-fuzz} " in *' fuzz '*) ;; *) return ;; esac
	local only=(fuzz)
	say
	"$top/devtools/fuzz.sh" --build --jobs "$jobs" || rc=$?
	case $rc in
	0) run_tests fuzz ;;
	77) result+=(--skipped "build/fuzz: clang with libFuzzer is not installed") ;;
	*) result+=(--failed "build/fuzz does not build") ;;
	esac
}

parse_options "$@"
if ! "$top/devtools/setup.sh" </dev/null; then
	result+=(--failed "devtools/setup.sh")
elif [ "$quick" -eq 1 ]; then
	left_out="interop vm"
	[ ${#only[@]} -eq 0 ] || left_out=
	[ -n "$left_out" ] || fetch_vm
	stage gcc "$left_out"
else
	fetch_vm
	stage gcc ""
	[ "$sanitizers" -eq 0 ] || stage_sanitize
	stage_clang
	[ "$sanitizers" -eq 0 ] || stage_fuzz
fi
say
python3 "$top/devtools/tap_count.py" "${result[@]}"
