# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""A stock dpdk-testpmd under control: started, asked at its prompt, ended by pid. No shell, no sleep that hopes.

Used by the interop tests. Each process gets its own EAL file prefix and runtime directory, so several can live
side by side and nothing of another DPDK process is touched.
"""

import atexit
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

PROMPT = "testpmd> "


def sanitizer_env():
    """Settings for a program of ours; without effect on one that is built without sanitizers."""
    suppressions = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "lsan.supp")
    return {
        "LSAN_OPTIONS": "suppressions=%s:print_suppressions=0" % os.path.normpath(suppressions),
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    }


def preload_env(plugin):
    """A plugin that is built with ASan needs its library before all others in a program that is not."""
    libraries = subprocess.run(["ldd", plugin], capture_output=True, text=True, check=True).stdout
    asan = re.search(r"=> (\S*libasan\S*)", libraries)
    if asan is None:
        return {}
    # What testpmd itself leaves behind is not ours to report.
    return {"LD_PRELOAD": asan.group(1), "ASAN_OPTIONS": "detect_leaks=0", **sanitizer_env()}


class TestpmdError(Exception):
    """testpmd ended or did not answer in time; the text holds the last lines that it printed."""


class Testpmd:
    def __init__(self, name, eal, app=(), env=None, hugepages=False, memory=256, main_lcore=0, start_timeout=20):
        self.name = name
        self.text = ""
        self.ended = False
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
        # Always reading: a testpmd whose pipe is full stops answering its vhost peer.
        self.more = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self._until_prompt(0, start_timeout)
        except TestpmdError:
            self.end()
            raise

    def _read(self):
        while True:
            chunk = os.read(self.proc.stdout.fileno(), 65536)
            with self.more:
                self.text += chunk.decode(errors="replace")
                self.ended = not chunk
                self.more.notify_all()
            if not chunk:
                return

    def _fail(self, why):
        tail = "\n".join(self.text.splitlines()[-25:])
        raise TestpmdError("%s: %s: %s\n%s" % (self.name, " ".join(self.args), why, tail))

    def _until_prompt(self, begin, timeout):
        """Wait until the prompt stands behind what was printed since `begin`, and return that."""
        with self.more:
            answered = self.more.wait_for(lambda: self.ended or PROMPT in self.text[begin:], timeout)
            text = self.text[begin:]
        if PROMPT in text:
            return text
        self._fail("ended with status %s" % self.proc.wait() if answered else "no prompt within %d s" % timeout)

    def ask(self, command, timeout=10):
        """Give one command, return what it printed."""
        begin = len(self.text)
        try:
            self.proc.stdin.write(command.encode() + b"\n")
            self.proc.stdin.flush()
        except BrokenPipeError:
            self._fail("died before '%s'" % command)
        return self._until_prompt(begin, timeout)

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
            try:
                self.proc.wait(timeout)
            except subprocess.TimeoutExpired:
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
    """2 MiB pages free now; as root, some are asked for first, and given back when the program ends."""
    path = "/sys/kernel/mm/hugepages/hugepages-2048kB/"
    try:
        with open(path + "nr_hugepages") as f:
            have = int(f.read())
        if have < 512:
            write_number(path + "nr_hugepages", 512)
            atexit.register(write_number, path + "nr_hugepages", have)
    except OSError:
        pass
    try:
        with open(path + "free_hugepages") as f:
            return int(f.read())
    except OSError:
        return 0


def write_number(path, number):
    with open(path, "w") as f:
        f.write(str(number))
