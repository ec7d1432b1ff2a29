#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""Front-ends in processes of their own before lib/vhost2: the stock virtio_user and our plugin, split and packed, both
ends as server. vhost2_watch says which callbacks come; each front-end must get as far as running queues, and leave
nothing behind.

Usage: test_vhost2.py PLUGIN VHOST2_WATCH
"""

import os
import shutil
import subprocess
import sys
import threading
import time

from testpmd import Tap, Testpmd, TestpmdError, preload_env, sanitizer_env, socket_dir

# (what, vdev of the stock driver or of ours, its arguments, queue pairs, the device half connects)
CASES = [
    ("stock, split", "net_virtio_user0", "", 1, False),
    ("stock, packed", "net_virtio_user0", ",packed_vq=1", 1, False),
    ("stock, split, in order", "net_virtio_user0", ",in_order=1,mrg_rxbuf=0", 1, False),
    ("stock as server, split", "net_virtio_user0", ",server=1", 1, True),
    ("ours, split", "net_vuser0", "", 1, False),
    ("ours, packed, four pairs", "net_vuser0", ",packed_vq=1,queues=4", 4, False),
    ("ours as server, packed", "net_vuser0", ",server=1,packed_vq=1", 1, True),
]


class Watch:
    """A vhost2_watch and what it said."""

    def __init__(self, program, path, client):
        args = [program, path] + (["client"] if client else [])
        self.lines = []
        self.proc = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                     env=dict(os.environ, **sanitizer_env()))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.proc.stdout:
            self.lines.append(line.rstrip())

    def count(self, word):
        return sum(line.startswith(word) for line in list(self.lines))

    def wait(self, word, number, timeout=10):
        deadline = time.monotonic() + timeout
        while self.count(word) < number and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.count(word) >= number

    def end(self):
        self.proc.stdin.close()
        try:
            return self.proc.wait(10)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            return self.proc.wait()


def run_front(plugin, vdev, arguments, pairs, path):
    eal = ["--vdev=%s,path=%s%s" % (vdev, path, arguments)]
    ours = "vuser" in vdev
    return Testpmd("front", (["-d", plugin] if ours else []) + eal, ["--rxq=%d" % pairs, "--txq=%d" % pairs],
                   env=preload_env(plugin) if ours else None)


def run_case(tap, plugin, program, case, path):
    what, vdev, arguments, pairs, client = case
    watch = Watch(program, path, client)
    try:
        front = run_front(plugin, vdev, arguments, pairs, path)
        try:
            tap.point(watch.wait("queue_start", 2 * pairs), what + ": all queues run", "\n".join(watch.lines))
        finally:
            front.end()
        tap.point(watch.wait("device_destroy", 1), what + ": the device goes with its front-end", "\n".join(watch.lines))
        tap.point(watch.count("queue_start") == watch.count("queue_stop"), what + ": each start has its stop",
                  "\n".join(watch.lines))
    except TestpmdError as error:
        tap.point(False, what, str(error))
    finally:
        status = watch.end()
    tap.point(status == 0, what + ": the device half ends well", "status %s" % status)


def main():
    plugin, program = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    tap = Tap()
    folder = socket_dir()
    try:
        for number, case in enumerate(CASES):
            run_case(tap, plugin, program, case, os.path.join(folder, "s%d" % number))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tap.plan()


if __name__ == "__main__":
    sys.exit(main())
