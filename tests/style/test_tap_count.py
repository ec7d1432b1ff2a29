#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""devtools/tap_count.py: the last line of test.sh tells the truth whatever a program printed."""
import json
import os
import subprocess
import sys
import tempfile

import tree

COUNTER = os.path.join(tree.ROOT, 'devtools', 'tap_count.py')

# what | TAP text | meson's result | exit status | last line | exit status of the counter
CASES = (
    ('points are counted one by one', '1..3\nok 1 - a\nok 2 - b\nok 3 - c\n', 'OK', 0, '3 passed, 0 failed', 0),
    ('a failed point fails', '1..2\nok 1 - a\nnot ok 2 - b\n', 'FAIL', 0, '1 passed, 1 failed', 1),
    ('its exit status counts no second time', '1..1\nnot ok 1 - b\n', 'ERROR', 1, '0 passed, 1 failed', 1),
    ('a skipped point is listed', '1..2\nok 1 - a\nok 2 - b # SKIP why\n', 'OK', 0, '1 passed, 0 failed, 1 skipped', 0),
    ('cmocka\'s skip is one too', '1..2\nok 1 - a\n# why\nnot ok 2 # SKIP b\n', 'FAIL', 0,
     '1 passed, 0 failed, 1 skipped', 0),
    ('a skipped program is one skip', '1..0 # SKIP why\n', 'SKIP', 0, '0 passed, 0 failed, 1 skipped', 1),
    ('missing points fail each', '1..4\nok 1 - a\nok 2 - b\n', 'ERROR', -11, '2 passed, 2 failed', 1),
    ('too many points fail', '1..1\nok 1 - a\nok 2 - b\n', 'ERROR', 0, '2 passed, 1 failed', 1),
    ('no plan fails', 'ok 1 - a\n', 'ERROR', 0, '1 passed, 1 failed', 1),
    ('no output fails', '', 'OK', 0, '0 passed, 1 failed', 1),
    ('a timeout fails', '1..1\nok 1 - a\n', 'TIMEOUT', -15, '1 passed, 1 failed', 1),
    ('a leak found at exit fails', '1..1\nok 1 - a\n', 'ERROR', 1, '1 passed, 1 failed', 1),
    ('bailing out fails', '1..1\nok 1 - a\nBail out! b\n', 'ERROR', 0, '1 passed, 1 failed', 1),
    ('not ok with another directive fails', '1..1\nnot ok 1 - a # LATER b\n', 'OK', 0, '0 passed, 1 failed', 1),
    ('a name with a hash passes', '1..1\nok 1 - a #1 b\n', 'OK', 0, '1 passed, 0 failed', 0),
    ('and so does one with any sign behind it', '1..1\nok 1 - a #! b # c\n', 'OK', 0, '1 passed, 0 failed', 0),
    ('text that looks similar is no point', '1..1\nokay\n# not ok\nok 1 - a\n', 'OK', 0, '1 passed, 0 failed', 0),
)


def run(*args):
    done = subprocess.run([sys.executable, COUNTER, *args], capture_output=True, text=True, check=False)
    return done.stdout.splitlines() or [''], done.returncode


def write_log(folder, name, *entries):
    path = os.path.join(folder, name)
    with open(path, 'w', encoding='utf-8') as file:
        for text, result, status in entries:
            file.write(json.dumps({'name': 'p', 'stdout': text, 'result': result, 'returncode': status}) + '\n')
    return path


def expect(tap, what, got, last, status):
    lines, returned = got
    tap.point(lines[-1] == last and returned == status, what, [*lines, f'exit status {returned}'])


def main():
    tap = tree.Tap()
    with tempfile.TemporaryDirectory() as folder:
        for what, text, result, code, last, status in CASES:
            expect(tap, what, run(write_log(folder, 'log', (text, result, code))), last, status)
        good = write_log(folder, 'good', ('1..1\nok 1 - a\n', 'OK', 0))
        other = write_log(folder, 'other', ('1..1\nok 1 - a\n', 'OK', 0), ('1..1\nnot ok 1 - a\n', 'FAIL', 1))
        expect(tap, 'logs add up', run(good, other), '2 passed, 1 failed', 1)
        expect(tap, 'a program that did not run fails', run('--expect', f'{good}=2', good), '1 passed, 1 failed', 1)
        expect(tap, 'options and logs may alternate',
               run('--expect', f'{good}=1', good, '--skipped', 'x', '--expect', f'{other}=2', other),
               '2 passed, 1 failed, 1 skipped', 1)
        expect(tap, 'a log that is missing fails', run(good, good + '.none'), '1 passed, 1 failed', 1)
        expect(tap, 'a broken build fails', run('--failed', 'build', good), '1 passed, 1 failed', 1)
        expect(tap, 'nothing at all is no success', run(), '0 passed, 0 failed', 1)
        text = '\n'.join(run(write_log(folder, 'log', ('1..1\n# no hugepages\nnot ok 1 # SKIP a\n', 'FAIL', 0)))[0])
        tap.point('p: a: no hugepages' in text, 'the reason for a skip is shown', text.splitlines())
    tap.plan()


main()
