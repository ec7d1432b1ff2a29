#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""usage: run.py PROGRAM SEEDS WORK [--seconds N] [--floor N] [--max-len N]

Search with one libFuzzer target for some seconds, beginning with its seeds and what earlier runs found worth keeping.
Prints TAP with one point, which fails on a finding, when the target does not run, and when it executed less than --floor
inputs a second: a search that does not move finds nothing. Every ten seconds a comment tells how far it has come.

    WORK/corpus/NAME      inputs worth keeping; grows
    WORK/findings/NAME-*  inputs that broke something
    WORK/counts/NAME      executions of all runs
"""
import argparse
import collections
import os
import re
import subprocess
import sys
import threading
import time

# What is not a finding by itself must not pass in silence either.
ENVIRONMENT = {
    'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1',
    'ASAN_OPTIONS': 'detect_leaks=1:allocator_may_return_null=1',
}


PROGRESS_SECONDS = 10
TAIL = 60  # lines that are kept of what a target said


class Output(threading.Thread):
    """What a target says, read as it comes: how many inputs it has executed, what they reached, and the last lines."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream = stream
        self.executions = 0
        self.reached = ''
        self.tail = collections.deque(maxlen=TAIL)

    def run(self):
        for raw in self.stream:
            line = raw.decode('utf-8', 'replace').rstrip()
            self.tail.append(line)
            seen = re.match(r'#(\d+)\s.*?(cov: \d+ ft: \d+ corp: \d+)', line)
            final = re.match(r'(?:#|stat::number_of_executed_units:\s*)(\d+)\b', line)
            if final:
                self.executions = max(self.executions, int(final.group(1)))
            if seen:
                self.reached = seen.group(2)


def add_count(path, number):
    """@return all executions so far"""
    try:
        with open(path, encoding='ascii') as file:
            number += int(file.read())
    except (OSError, ValueError):
        pass
    with open(path, 'w', encoding='ascii') as file:
        file.write(f'{number}\n')
    return number


def command(args, name, corpus, findings):
    words = [args.program, f'-max_total_time={args.seconds}', f'-max_len={args.max_len}', '-print_final_stats=1',
             '-timeout=10', '-rss_limit_mb=2048', '-reload=0', f'-artifact_prefix={findings}/{name}-']
    dictionary = os.path.join(args.seeds, name + '.dict')
    if os.path.exists(dictionary):
        words.append('-dict=' + dictionary)
    return words + [corpus, os.path.join(args.seeds, name)]


def watch(process, output, name):
    """A sign of life: libFuzzer itself speaks up ever less often."""
    begin = time.monotonic()
    while True:
        try:
            return process.wait(PROGRESS_SECONDS)
        except subprocess.TimeoutExpired:
            print(f'# {name}: {time.monotonic() - begin:.0f} s, more than {output.executions} executions, '
                  f'{output.reached}', flush=True)


def search(args, name):
    """@return (exit status, executions, the last lines that the target said)"""
    corpus, findings = (os.path.join(args.work, kind) for kind in (f'corpus/{name}', 'findings'))
    for folder in (corpus, findings, os.path.join(args.work, 'counts')):
        os.makedirs(folder, exist_ok=True)
    environment = {**ENVIRONMENT, **os.environ, 'UBSAN_OPTIONS': ENVIRONMENT['UBSAN_OPTIONS']}
    with subprocess.Popen(command(args, name, corpus, findings), env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        output = Output(process.stdout)
        output.start()
        status = watch(process, output, name)
        output.join()
    return status, output.executions, output.tail


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('program')
    parser.add_argument('seeds')
    parser.add_argument('work')
    parser.add_argument('--seconds', type=int, default=60 if 'VIRTIO_TEST_FULL' in os.environ else 5)
    parser.add_argument('--floor', type=int, default=100)
    parser.add_argument('--max-len', type=int, default=1024)
    args = parser.parse_args()

    name = os.path.basename(args.program).removeprefix('fuzz_')
    args.program = os.path.abspath(args.program)
    print('1..1', flush=True)
    status, count, tail = search(args, name)
    total = add_count(os.path.join(args.work, 'counts', name), count)
    is_slow = count < args.floor * args.seconds
    if status == 0 and not is_slow:
        print(f'ok 1 - {name}: no finding in {count} executions ({total} in all)')
        return 0
    for line in tail:
        print(f'# {line}')
    why = f'a finding (exit status {status})' if status else f'less than {args.floor * args.seconds}'
    print(f'not ok 1 - {name}: {why} after {count} executions ({total} in all)')
    return 1


if __name__ == '__main__':
    sys.exit(main())
