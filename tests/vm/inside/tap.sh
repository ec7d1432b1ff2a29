# shellcheck shell=sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# TAP and a dpdk-testpmd under control, for scripts that run inside the virtual machine, which
# has dash and busybox. Sourced.
#
#     . tests/vm/inside/tap.sh
#     testpmd_start --vdev=net_null0 -- --forward-mode=io      # until its prompt, at most 20 s
#     testpmd_ask "show port info 0"; grep -q up "$testpmd_answer"
#     point "the link is up"
#     testpmd_stop
#     plan

points=0
failures=0
testpmd_pid=
testpmd_log=/tmp/testpmd.log
testpmd_answer=/tmp/testpmd.answer
# 4 KiB pages, because hugepages have to be asked for: `testpmd_memory="--in-memory -m 256"` after
# `echo 128 >/proc/sys/vm/nr_hugepages`.
testpmd_memory="--no-huge -m 256"

point()
{
	result=$?
	points=$((points + 1))
	[ "$result" -ne 0 ] || { echo "ok $points - $1"; return; }
	failures=$((failures + 1))
	echo "not ok $points - $1"
	[ ! -s "$testpmd_log" ] || tail -n 30 "$testpmd_log" | sed 's/^/# /'
}

plan()
{
	echo "1..$points"
	[ "$failures" -eq 0 ]
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for()
{
	tries=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		usleep 50000
	done
}

# testpmd_prompts N: that many prompts were printed.
testpmd_prompts() { [ "$(grep -ao 'testpmd> ' "$testpmd_log" | wc -l)" -ge "$1" ]; }

# testpmd_start [EAL option...] -- [testpmd option...]: false, with its log as remarks, if there is
# no prompt within 20 s. Descriptor 9 is its standard input: it ends with this script.
testpmd_start()
{
	rm -f /tmp/testpmd.in
	mkfifo /tmp/testpmd.in
	eal=
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		eal="$eal $1"
		shift
	done
	[ $# -eq 0 ] || shift
	# shellcheck disable=SC2086 # lists of words
	stdbuf -oL dpdk-testpmd $testpmd_memory --no-pci --no-telemetry $eal -- -i --total-num-mbufs=8192 \
		--disable-link-check "$@" </tmp/testpmd.in >"$testpmd_log" 2>&1 &
	testpmd_pid=$!
	exec 9>/tmp/testpmd.in
	wait_for 20 testpmd_prompts 1
}

# testpmd_ask COMMAND: what it printed until its next prompt is then in $testpmd_answer.
testpmd_ask()
{
	before=$(grep -ao 'testpmd> ' "$testpmd_log" | wc -l)
	size=$(wc -c <"$testpmd_log")
	echo "$1" >&9
	wait_for 10 testpmd_prompts $((before + 1))
	answered=$?
	tail -c "+$((size + 1))" "$testpmd_log" >"$testpmd_answer"
	return "$answered"
}

# testpmd_stop: its exit status.
testpmd_stop()
{
	[ -n "$testpmd_pid" ] || return 0
	echo quit >&9
	exec 9>&-
	(sleep 15; kill -9 "$testpmd_pid") 2>/dev/null &
	watchdog=$!
	wait "$testpmd_pid"
	result=$?
	kill "$watchdog" 2>/dev/null
	testpmd_pid=
	return "$result"
}
