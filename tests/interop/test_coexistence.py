#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""Our plugin in one process with the distribution's own virtio plugin, which answers to the same driver name.

EAL loads the distribution's plugins by itself; `-d` loads ours before them, and the first driver of a name wins. Which
driver a port got is told by its xstats: only ours counts rx_q0_bad_length.

Usage: test_coexistence.py PLUGIN
"""

import os
import shutil
import sys
import time

from testpmd import Tap, Testpmd, TestpmdError, preload_env, socket_dir

UPSTREAM_LOADED = "librte_net_virtio.so"


def is_ours(front, port):
    return "rx_q0_bad_length" in front.xstats(port)


def upstream_is_loaded(front):
    with open("/proc/%d/maps" % front.proc.pid) as maps:
        return UPSTREAM_LOADED in maps.read()


def forwards(back, front):
    """Packets circle between the two processes' ports 0."""
    front.wait_link()
    back.ask("start")
    front.ask("start tx_first")
    time.sleep(0.3)
    front.ask("stop")
    back.ask("stop")
    return front.port_stats()["RX-packets"] > 0


def run_case(tap, plugin, sock, vdev, what):
    """One point each: both plugins are there, the port is ours, packets flow."""
    try:
        back = Testpmd("back", ["--vdev=net_vhost0,iface=%s" % sock], main_lcore=1)
    except TestpmdError as error:
        tap.point(False, what, str(error))
        return
    try:
        front = Testpmd("front", ["-d", plugin, "--vdev=%s,path=%s" % (vdev, sock)], env=preload_env(plugin))
        try:
            tap.point(upstream_is_loaded(front), what + ": the distribution's plugin is loaded too")
            tap.point(is_ours(front, 0), what + ": the port is ours")
            tap.point(forwards(back, front), what + ": packets flow")
        finally:
            front.end()
    except TestpmdError as error:
        tap.point(False, what, str(error))
    finally:
        back.end()


def run_control(tap, sock):
    """Without -d the same devargs reach the distribution's driver: the check above can fail."""
    back = Testpmd("back", ["--vdev=net_vhost0,iface=%s" % sock], main_lcore=1)
    try:
        front = Testpmd("front", ["--vdev=net_virtio_user0,path=%s" % sock])
        tap.point(not is_ours(front, 0), "control: without -d the port is the distribution's")
        front.end()
    finally:
        back.end()


def main():
    plugin = os.path.abspath(sys.argv[1])
    tap = Tap()
    directory = socket_dir()
    try:
        run_case(tap, plugin, os.path.join(directory, "a"), "net_virtio_user0", "net_virtio_user0 with -d")
        run_case(tap, plugin, os.path.join(directory, "b"), "net_vuser0", "net_vuser0")
        run_control(tap, os.path.join(directory, "c"))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return tap.plan()


if __name__ == "__main__":
    sys.exit(main())
