#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""Exact counts against the distribution's net_vhost: numbered, checksummed packets, reflected by a stock testpmd.

One row per data path (split or packed x mergeable x in-order), each with small, mixed and jumbo frames, in one segment
and in several; then the port's life: restarted under traffic, configured, started and stopped over and over, plugged and unplugged over
and over, with file descriptors, mappings and mbufs counted before and after. virtio-demo does the counting; its
exit status is 0 only if nothing was lost, duplicated, reordered or corrupt.

VIRTIO_TEST_FULL=1 in the environment: 10^7 packets per row, 1,000 starts, 200 plugs.

Usage: test_exact.py PLUGIN VIRTIO-DEMO
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile

from testpmd import Tap, Testpmd, TestpmdError, sanitizer_env, socket_dir

FULL = os.environ.get("VIRTIO_TEST_FULL") == "1"
PACKETS = 10_000_000 if FULL else 200_000
CYCLES = 1000 if FULL else 60
PLUGS = 200 if FULL else 20
TIMEOUT = 1800 if FULL else 120

OFF_ON = ("off", "on")
FORMATS = ("split", "packed")
ROWS = [("%s, mergeable %s, in-order %s" % (FORMATS[p], OFF_ON[m], OFF_ON[i]),
         "packed_vq=%d,mrg_rxbuf=%d,in_order=%d" % (p, m, i))
        for p, m, i in itertools.product((0, 1), (1, 0), (1, 0))]
# What is sent in each row: name, share of the row's packets, options, needs mergeable buffers.
LOADS = [
    ("64 bytes", 1.0, ["--size", "64"], False),
    ("mixed sizes", 0.2, ["--size", "mix"], False),
    ("three segments", 0.1, ["--size", "256,1514", "--tx-segs", "3"], False),
    ("jumbo", 0.05, ["--size", "jumbo"], True),
]


class Demo:
    """Runs virtio-demo once against a peer and tells how it ended."""

    def __init__(self, program, plugin, sock):
        self.program, self.plugin, self.sock = program, plugin, sock

    def run(self, devargs, options):
        rundir = tempfile.mkdtemp(prefix="vuser-demo-")
        result = os.path.join(rundir, "result.json")
        command = [self.program, "-l", "0", "--no-huge", "-m", "256", "--no-pci", "--no-telemetry",
                   "--file-prefix=demo%d" % os.getpid(), "-d", self.plugin,
                   "--vdev=net_vuser0,path=%s,queue_size=512,%s" % (self.sock, devargs), "--",
                   "--quiet", "--expect-drops", "never", "--json", result] + options
        env = dict(os.environ, XDG_RUNTIME_DIR=rundir, **sanitizer_env())
        try:
            ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=TIMEOUT,
                                   errors="replace", stdin=subprocess.DEVNULL)
            counts = {}
            if os.path.exists(result):
                with open(result) as f:
                    counts = json.load(f)
            tail = "\n".join((ended.stdout + ended.stderr).splitlines()[-30:])
            return ended.returncode, counts, " ".join(command) + "\n" + tail
        except subprocess.TimeoutExpired:
            return -1, {}, " ".join(command) + "\nnot done within %d s" % TIMEOUT
        finally:
            shutil.rmtree(rundir, ignore_errors=True)


def check(tap, demo, name, devargs, options, packets=None):
    """One point: the program is content, and really moved that many packets."""
    status, counts, text = demo.run(devargs, options)
    moved = counts.get("received", 0)
    enough = packets is None or moved >= packets
    tap.point(status == 0 and enough, name, "status %d, %d received\n%s" % (status, moved, text))


def with_peer(tap, program, plugin, what, queues, body):
    directory = socket_dir()
    sock = os.path.join(directory, "s")
    rings = ["--rxq=%d" % queues, "--txq=%d" % queues, "--rxd=512", "--txd=512", "--auto-start"]
    try:
        peer = Testpmd("back", ["--vdev=net_vhost0,iface=%s,queues=%d" % (sock, queues)], rings)
        try:
            body(Demo(program, plugin, sock))
        finally:
            tap.point(peer.end() == 0, what + ": the peer ends cleanly")
    except TestpmdError as error:
        tap.point(False, what, str(error))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def run_rows(tap, demo):
    for (row, devargs), (load, share, options, mergeable) in itertools.product(ROWS, LOADS):
        if mergeable and "mrg_rxbuf=0" in devargs:
            continue
        count = int(PACKETS * share)
        check(tap, demo, "%s: %d packets, %s" % (row, count, load), devargs,
              ["--packets", str(count)] + options, count)


def run_life(tap, demo):
    for packed, name in enumerate(FORMATS):
        devargs = "packed_vq=%d" % packed
        check(tap, demo, name + ": stopped and started under way, nothing lost", devargs,
              ["--packets", "100000", "--restart-midway"], 100000)
        check(tap, demo, "%s: %d times configured, started and stopped" % (name, CYCLES), devargs,
              ["--cycles", str(CYCLES), "--packets", "200"])
    check(tap, demo, "%d times plugged and unplugged" % PLUGS, "", ["--replug", str(PLUGS), "--packets", "200"])


def main():
    plugin, program = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    tap = Tap()
    with_peer(tap, program, plugin, "rows", 1, lambda demo: run_rows(tap, demo))
    with_peer(tap, program, plugin, "life", 1, lambda demo: run_life(tap, demo))
    with_peer(tap, program, plugin, "queues", 4, lambda demo: check(
        tap, demo, "4 queue pairs: %d packets on each" % (PACKETS // 10), "queues=4",
        ["--queues", "4", "--packets", str(PACKETS // 10)], PACKETS // 10 * 4))
    return tap.plan()


if __name__ == "__main__":
    sys.exit(main())
