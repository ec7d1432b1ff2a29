#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""Stock testpmd + our plugin <-> stock testpmd with net_vhost, packets circling through both in io mode.

Rows: {split rings in 4 KiB pages, split in hugepages, packed in 4 KiB pages} x queue pairs {1, 4} x mergeable
{off, on} x in-order {off, on}, and in each row frames of 64, 256 and 1518 bytes and mixed ones of several segments. A
point passes if packets came back through both processes, nobody dropped one, and each has the length with which it was
sent.

Usage: test_matrix.py PLUGIN [filter]
"""

import itertools
import os
import shutil
import sys
import time

from testpmd import Tap, Testpmd, TestpmdError, hugepages_free, preload_env, socket_dir

SIZES = ("64", "256", "1518", "mixed")
# {hugepages, packed ring}
MEMORIES = ((False, False), (True, False), (False, True))
CIRCLE_SECONDS = 0.4
DRAIN_SECONDS = 0.1


def start_pair(sock, plugin, huge, queues, devargs):
    rings = ["--rxq=%d" % queues, "--txq=%d" % queues, "--rxd=512", "--txd=512"]
    # The two sides' packet threads run on different CPUs.
    back = Testpmd("back", ["--vdev=net_vhost0,iface=%s,queues=%d" % (sock, queues)], rings, hugepages=huge,
                   main_lcore=1)
    try:
        front = Testpmd("front", ["-d", plugin, "--vdev=net_virtio_user0,path=%s,queues=%d,queue_size=512,%s"
                                  % (sock, queues, devargs)], rings, env=preload_env(plugin), hugepages=huge)
    except TestpmdError:
        back.end()
        raise
    return back, front


def drain(back, front):
    """Take what still circles from the round before out of both directions."""
    for side in (back, front):
        side.ask("set fwd rxonly")
        side.ask("start")
    time.sleep(DRAIN_SECONDS)
    for side in (back, front):
        side.ask("stop")
        side.ask("set fwd io")
        side.ask("clear port stats all")


def circle(back, front, size):
    """Send one burst per queue, let it circle, stop. Returns the two sides' counters."""
    drain(back, front)
    if size == "mixed":
        front.ask("set txsplit rand")
        front.ask("set txpkts 64,512,942")
    else:
        front.ask("set txsplit off")
        front.ask("set txpkts " + size)
    back.ask("start")
    front.ask("start tx_first")
    time.sleep(CIRCLE_SECONDS)
    front.ask("stop")
    time.sleep(0.05)
    back.ask("stop")
    return back.port_stats(), front.port_stats()


def faults(size, queues, back, front):
    """What is wrong with the counters, as text; empty when all is right."""
    wrong = []
    if front["RX-packets"] < 32 * queues:
        wrong.append("too few packets came back: %d" % front["RX-packets"])
    for side, stats in (("front", front), ("back", back)):
        for counter in ("RX-missed", "RX-errors", "RX-nombuf", "TX-errors"):
            if stats[counter]:
                wrong.append("%s %s is %d" % (side, counter, stats[counter]))
    if size != "mixed" and front["RX-bytes"] != front["RX-packets"] * int(size):
        wrong.append("%d packets of %s bytes made %d bytes" % (front["RX-packets"], size, front["RX-bytes"]))
    # What one side sent and the other did not receive is still in a ring.
    for sent, got, what in ((front, back, "front to back"), (back, front, "back to front")):
        lag = sent["TX-packets"] - got["RX-packets"]
        if not 0 <= lag <= 512 * queues:
            wrong.append("%s: %d sent, %d received" % (what, sent["TX-packets"], got["RX-packets"]))
    return wrong


def run_row(tap, plugin, memory, queues, mergeable, in_order):
    huge, packed = memory
    row = "%s, %s, %d queue pair%s, mergeable %s, in-order %s" % (
        "packed" if packed else "split", "hugepages" if huge else "no-huge", queues, "s" if queues > 1 else "",
        "on" if mergeable else "off", "on" if in_order else "off")
    directory = socket_dir()
    try:
        back, front = start_pair(os.path.join(directory, "s"), plugin, huge, queues,
                                 "packed_vq=%d,mrg_rxbuf=%d,in_order=%d" % (packed, mergeable, in_order))
    except TestpmdError as error:
        for size in SIZES:
            tap.point(False, "%s: %s" % (row, size), str(error))
        shutil.rmtree(directory, ignore_errors=True)
        return
    try:
        front.wait_link()
        for size in SIZES:
            wrong = faults(size, queues, *circle(back, front, size))
            tap.point(not wrong, "%s: %s" % (row, size), "\n".join(wrong))
    except TestpmdError as error:
        tap.point(False, row, str(error))
    finally:
        statuses = front.end(), back.end()
        tap.point(statuses == (0, 0), row + ": both end cleanly", "exit statuses %s" % (statuses,))
        shutil.rmtree(directory, ignore_errors=True)


def main():
    plugin = os.path.abspath(sys.argv[1])
    tap = Tap()
    for memory, queues, mergeable, in_order in itertools.product(MEMORIES, (1, 4), (1, 0), (1, 0)):
        if memory[0] and hugepages_free() < 300:
            tap.skip("hugepages, %d queue pairs, mergeable %d, in-order %d" % (queues, mergeable, in_order),
                     "no 300 free hugepages of 2 MiB, and no permission to ask for them")
            continue
        run_row(tap, plugin, memory, queues, mergeable, in_order)
    return tap.plan()


if __name__ == "__main__":
    sys.exit(main())
