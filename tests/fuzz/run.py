#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""usage: run.py PROGRAM SEEDS WORK [--seconds N] [--floor N] [--max-len N]

Search with one libFuzzer target for some seconds, beginning with its seeds and what earlier runs found worth keeping.
Prints TAP with one point, which fails on a finding, when the target does not run, and when it executed less than --floor
inputs a second: a search that does not move finds nothing.

    WORK/corpus/NAME      inputs worth keeping; grows
    WORK/findings/NAME-*  inputs that broke something
    WORK/counts/NAME      executions of all runs
"""
import argparse
import os
import re
import subprocess
import sys

# What is not a finding by itself must not pass in silence either.
ENVIRONMENT = {
    'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1',
    'ASAN_OPTIONS': 'detect_leaks=1:allocator_may_return_null=1',
}


def executions(text):
    """libFuzzer's final count; of a run that died, the last that it told."""
    final = re.findall(r'^stat::number_of_executed_units:\s*(\d+)', text, re.M)
    seen = final or re.findall(r'^#(\d+)\s', text, re.M)
    return max((int(n) for n in seen), default=0)


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


def search(args, name):
    """@return (exit status, executions, everything that the target said)"""
    corpus, findings = (os.path.join(args.work, kind) for kind in (f'corpus/{name}', 'findings'))
    for folder in (corpus, findings, os.path.join(args.work, 'counts')):
        os.makedirs(folder, exist_ok=True)
    environment = {**ENVIRONMENT, **os.environ, 'UBSAN_OPTIONS': ENVIRONMENT['UBSAN_OPTIONS']}
    done = subprocess.run(command(args, name, corpus, findings), env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode('utf-8', 'replace')
    return done.returncode, executions(text), text


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
    status, count, text = search(args, name)
    total = add_count(os.path.join(args.work, 'counts', name), count)
    is_slow = count < args.floor * args.seconds
    print('1..1')
    if status == 0 and not is_slow:
        print(f'ok 1 - no finding in {count} executions ({total} in all)')
        return 0
    for line in text.splitlines()[-60:]:
        print(f'# {line}')
    why = f'a finding (exit status {status})' if status else f'less than {args.floor * args.seconds}'
    print(f'not ok 1 - {why} after {count} executions ({total} in all)')
    return 1


if __name__ == '__main__':
    sys.exit(main())
