# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""A stock dpdk-testpmd under control: started, asked at its prompt, ended by pid. No shell, no sleep that hopes.

Used by the interop tests. Each process gets its own EAL file prefix and runtime directory, so several can live
side by side and nothing of another DPDK process is touched.
"""

import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

PROMPT = "testpmd> "


class TestpmdError(Exception):
    """testpmd ended or did not answer in time; the text holds the last lines that it printed."""


class Testpmd:
    def __init__(self, name, eal, app=(), env=None, hugepages=False, memory=256, main_lcore=0, start_timeout=20):
        self.name = name
        self.text = ""
        self.rundir = tempfile.mkdtemp(prefix="vuser-%s-" % name)
        environ = dict(os.environ, XDG_RUNTIME_DIR=self.rundir, **(env or {}))
        # Line buffered: testpmd prints answers through stdio and its prompt past it.
        args = ["stdbuf", "-oL", "dpdk-testpmd", "--no-pci", "--no-telemetry",
                "--file-prefix=%s%d" % (name, os.getpid())]
        args += lcores(main_lcore)
        # One file for all pages: the stock peer takes eight memory regions.
        args += ["--in-memory", "--single-file-segments"] if hugepages else ["--no-huge"]
        args += ["-m", str(memory)]
        args += list(eal) + ["--", "-i", "--forward-mode=io", "--port-topology=loop",
                             "--total-num-mbufs=16384"] + list(app)
        self.args = args
        self.proc = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, env=environ, start_new_session=True)
        os.set_blocking(self.proc.stdout.fileno(), False)
        try:
            self._until_prompt(start_timeout)
        except TestpmdError:
            self.end()
            raise

    def _fail(self, why):
        tail = "\n".join(self.text.splitlines()[-25:])
        raise TestpmdError("%s: %s: %s\n%s" % (self.name, " ".join(self.args), why, tail))

    def _until_prompt(self, timeout):
        """Read until the prompt stands at the end; what was printed before it is returned."""
        begin = len(self.text)
        deadline = time.monotonic() + timeout
        while not self.text[begin:].rstrip("\0").endswith(PROMPT):
            left = deadline - time.monotonic()
            if left <= 0:
                self._fail("no prompt within %d s" % timeout)
            if not select.select([self.proc.stdout], [], [], left)[0]:
                continue
            chunk = os.read(self.proc.stdout.fileno(), 65536)
            if not chunk:
                self._fail("ended with status %s" % self.proc.wait())
            self.text += chunk.decode(errors="replace")
        return self.text[begin:]

    def ask(self, command, timeout=10):
        """Give one command, return what it printed."""
        try:
            self.proc.stdin.write(command.encode() + b"\n")
            self.proc.stdin.flush()
        except BrokenPipeError:
            self._fail("died before '%s'" % command)
        return self._until_prompt(timeout)

    def port_stats(self, port=0):
        """RX-packets, TX-packets, RX-bytes ... of `show port stats` as a dict."""
        text = self.ask("show port stats %d" % port)
        return {k: int(v) for k, v in re.findall(r"([RT]X-[a-z]+):\s+(\d+)", text)}

    def xstats(self, port=0):
        text = self.ask("show port xstats %d" % port)
        return {k: int(v) for k, v in re.findall(r"^([a-z]\w+): (\d+)\s*$", text, re.M)}

    def wait_link(self, up=True, port=0, timeout=10):
        wanted = "Link status: up" if up else "Link status: down"
        deadline = time.monotonic() + timeout
        while wanted not in self.ask("show port info %d" % port):
            if time.monotonic() > deadline:
                self._fail("not '%s' within %d s" % (wanted, timeout))
            time.sleep(0.05)

    def kill(self):
        """As a crash would: no good-bye."""
        self.proc.send_signal(signal.SIGKILL)
        self.proc.wait()

    def end(self, timeout=15):
        """Quit politely, then less so. Returns the exit status."""
        if self.proc.poll() is None:
            try:
                self.proc.stdin.write(b"quit\n")
                self.proc.stdin.flush()
                self.proc.stdin.close()
            except (BrokenPipeError, ValueError):
                pass
            deadline = time.monotonic() + timeout
            while self.proc.poll() is None and time.monotonic() < deadline:
                if select.select([self.proc.stdout], [], [], 0.05)[0]:
                    self.text += (os.read(self.proc.stdout.fileno(), 65536) or b"").decode(errors="replace")
            if self.proc.poll() is None:
                self.kill()
        shutil.rmtree(self.rundir, ignore_errors=True)
        return self.proc.returncode


def lcores(main_lcore):
    """Two lcores on two CPUs, prompt on `main_lcore` and packets on the other; one CPU serves as both."""
    if os.cpu_count() == 1:
        return ["--lcores=0@0,1@0"]
    return ["--lcores=0,1", "--main-lcore=%d" % main_lcore]


class Tap:
    """Counts and prints test points; plan() comes last, so a program that dies early is seen to have died."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def point(self, ok, name, detail=""):
        self.count += 1
        self.failed += not ok
        print("%sok %d - %s" % ("" if ok else "not ", self.count, name), flush=True)
        if not ok:
            for line in detail.splitlines():
                print("# " + line, flush=True)

    def skip(self, name, why):
        self.count += 1
        print("ok %d - %s # SKIP %s" % (self.count, name, why), flush=True)

    def plan(self):
        print("1..%d" % self.count, flush=True)
        return 1 if self.failed else 0


def socket_dir():
    """A private directory for sockets, short enough for sun_path."""
    return tempfile.mkdtemp(prefix="vuser-", dir="/tmp")


def hugepages_free():
    """2 MiB pages free now; as root, some are asked for first."""
    path = "/sys/kernel/mm/hugepages/hugepages-2048kB/"
    try:
        with open(path + "nr_hugepages", "r+") as f:
            have = int(f.read())
            if have < 512:
                f.seek(0)
                f.write("512")
    except OSError:
        pass
    try:
        with open(path + "free_hugepages") as f:
            return int(f.read())
    except OSError:
        return 0
