#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""<path>/x.c of lib/ and drivers/ is tested by tests/unit/<path>/test_x.c, which is built; mirror.txt lists what is
not, and why."""
import os

import tree


def test_of(path):
    folder, name = os.path.split(path)
    return f'tests/unit/{folder}/test_{name}'


def missing(sources, existing, excused):
    return [f'{path}: no {test_of(path)}' for path in sources
            if test_of(path) not in existing and path not in excused]


def stale(sources, existing, excused):
    """An excuse that excuses nothing: reason gone, or no reason given."""
    return ([f'{path}: excused, but has a test' for path in excused if test_of(path) in existing]
            + [f'{path}: excused without a reason' for path, why in excused.items() if not why])


def not_built(tests, meson_text):
    """A test that no meson.build names, whole or without its test_ and its .c."""
    stems = {t: os.path.basename(t)[5:-2] for t in tests}
    return [f'{t}: not in {os.path.dirname(t)}/meson.build' for t, stem in stems.items()
            if stem not in meson_text(os.path.dirname(t))]


def meson_text(folder):
    path = os.path.join(folder, 'meson.build')
    return tree.read(path) if os.path.exists(os.path.join(tree.ROOT, path)) else ''


def main():
    tap = tree.Tap()
    tap.refuses(missing(['lib/a/x.c'], set(), {}), 'a source without a test')
    tap.accepts(missing(['lib/a/x.c'], {'tests/unit/lib/a/test_x.c'}, {}), 'a source with its test is accepted')
    tap.accepts(missing(['lib/a/x.c'], set(), {'lib/a/x.c': 'why'}), 'an excused source is accepted')
    tap.refuses(stale([], set(), {'lib/a/x.c': ''}), 'an excuse without a reason')
    tap.refuses(stale([], {'tests/unit/lib/a/test_x.c'}, {'lib/a/x.c': 'why'}), 'an excuse for what has a test')
    tap.refuses(not_built(['tests/unit/lib/a/test_x.c'], lambda folder: "'y'"), 'a test that is not built')

    excused = {path.strip(): why.strip() for path, _, why in (row.partition(':') for row in tree.table('mirror.txt'))}
    sources = [p for p in tree.c_paths(('lib/', 'drivers/')) if p.endswith('.c')]
    tests = [p for p in tree.c_paths(('tests/unit/',)) if os.path.basename(p).startswith('test_')]
    tap.accepts(missing(sources, set(tests), excused), f'each of {len(sources)} sources has its test')
    tap.accepts(stale(sources, set(tests), excused), f'each of {len(excused)} excuses stands')
    tap.accepts(not_built(tests, meson_text), f'each of {len(tests)} tests is built')
    tap.plan()


main()
