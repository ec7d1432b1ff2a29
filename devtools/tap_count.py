#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# usage: tap_count.py [--expect LOG=N] [--failed TEXT] [--skipped TEXT] [LOG ...]
#
# Counts single TAP points over the testlog.json files of any number of `meson test` runs:
# a test program is a file, a point is what a reader calls a test. Ends with
#
#     N passed, N failed            or            N passed, N failed, N skipped
#
# after a list of what failed and of what was skipped and why. Exit status 0 only if nothing
# failed and something passed.
#
# A program that died, timed out, printed no plan or fewer points than it planned has failed,
# by as many points as are missing and at least by one, whatever else it printed.
#
#   --expect LOG=N   LOG must tell of N programs; each one missing is a failure
#   --failed TEXT    one more failure, of something that is no test (a build)
#   --skipped TEXT   one more skip, likewise
import argparse
import json
import re
import sys

PLAN = re.compile(r'^1\.\.(\d+)\s*(?:#\s*SKIP\b\s*(.*))?$', re.I)
POINT = re.compile(r'^(not )?ok\b\s*(\d+)?\s*(?:-\s*)?(.*)$')
SKIP = re.compile(r'(?:^|\s)#\s*SKIP\b\S*\s*(.*)$', re.I)
DIED = ('ERROR', 'TIMEOUT', 'INTERRUPT')


class Count:
    """What one or more programs came to; failed and skipped hold a line for each point."""

    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def count_point(count, program, match, remark):
    """One point. cmocka prints 'not ok N # SKIP name' and its reason as a remark before."""
    is_bad, number, text = match.groups()
    skip = SKIP.search(text)
    if skip:
        name, said = text[:skip.start()].strip(), skip.group(1)
        name, reason = (name, said) if name else (said or number, remark)
        count.skipped.append(f'{program}: {name}: {reason or "no reason given"}')
    elif is_bad:
        count.failed.append(f'{program}: {text or number or "?"}')
    else:
        count.passed += 1


def count_text(program, text):
    """The points of one program's output; also how many it planned and printed."""
    count, planned, seen, remark = Count(), None, 0, ''
    for line in text.splitlines():
        plan, point = PLAN.match(line), POINT.match(line)
        if plan:
            planned = (planned or 0) + int(plan.group(1))
            if plan.group(1) == '0':
                count.skipped.append(f'{program}: {plan.group(2) or "no reason given"}')
        elif point:
            seen += 1
            count_point(count, program, point, remark)
            remark = ''
        elif line.startswith('# '):
            remark = re.sub(r'^SKIP:?\s*', '', line[2:].strip())
        elif line.startswith('Bail out!'):
            count.failed.append(f'{program}: {line}')
    return count, planned, seen


def count_program(entry):
    """One line of testlog.json."""
    program, result = entry['name'], entry['result']
    count, planned, seen = count_text(program, entry.get('stdout') or '')
    if planned is None:
        count.failed.append(f'{program}: printed no plan')
    elif seen != planned:
        count.failed += [f'{program}: {seen} of {planned} points printed'] * max(planned - seen, 1)
    if (result in DIED or entry['returncode'] != 0) and not count.failed:
        count.failed.append(f'{program}: {result}, exit status {entry["returncode"]}')
    return count


def count_log(path, expected):
    """One testlog.json; a log that is missing or short is a failure too."""
    count, programs = Count(), 0
    try:
        with open(path, encoding='utf-8') as log:
            for line in log:
                programs += 1
                count.add(count_program(json.loads(line)))
    except (OSError, ValueError, KeyError) as error:
        count.failed.append(f'{path}: {error}')
    missing = expected - programs
    count.failed += [f'{path}: {missing} programs did not run'] * max(missing, 0)
    return count


def print_list(title, lines):
    """Each distinct line once, with how often it came."""
    if lines:
        print(title)
    for line in dict.fromkeys(lines):
        times = lines.count(line)
        print(f'  {line}' + (f' (x{times})' if times > 1 else ''))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--expect', action='append', default=[])
    parser.add_argument('--failed', action='append', default=[])
    parser.add_argument('--skipped', action='append', default=[])
    parser.add_argument('logs', nargs='*')
    args = parser.parse_intermixed_args()

    expected = {path: int(n) for path, _, n in (e.rpartition('=') for e in args.expect)}
    total = Count()
    total.failed += args.failed
    total.skipped += args.skipped
    for path in args.logs:
        total.add(count_log(path, expected.get(path, 0)))
    print_list('failed:', total.failed)
    print_list('skipped:', total.skipped)
    skipped = f', {len(total.skipped)} skipped' if total.skipped else ''
    print(f'{total.passed} passed, {len(total.failed)} failed{skipped}')
    return 0 if total.passed > 0 and not total.failed else 1


if __name__ == '__main__':
    sys.exit(main())
