#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""The burst templates are really folded: the binaries have their instances, and no copy of a template itself.

Usage: test_folding.py [BINARY...]     of an unsanitized, optimized build, not stripped
"""
import os
import re
import subprocess
import sys

import tree


def defined_functions(nm_output):
    """Names of the text symbols, without the suffixes that compilers append."""
    found = re.findall(r'^[0-9a-f]+ [tT] (\S+)$', nm_output, re.M)
    return {re.sub(r'\.(isra|constprop|part|cold|llvm)\b.*', '', name) for name in found}


def unfolded(rows, names):
    return [f'{pattern} ({where}) has a copy out of line: {name}' for pattern, where in rows
            for name in sorted(names) if re.fullmatch(pattern, name)]


def nm(path):
    return subprocess.run(['nm', path], capture_output=True, text=True, check=True).stdout


def main():
    tap = tree.Tap()
    bad = '0000000000001000 t rx_burst.constprop.0\n0000000000002000 t rx_split_plain\n                 U memcpy\n'
    tap.refuses(unfolded([('rx_burst', 'x.h')], defined_functions(bad)), 'a template with a copy out of line')
    tap.accepts(unfolded([('rx_burst', 'x.h')], {'rx_split_plain', 'rx_burst_mode'}), 'instances are accepted')
    rows = [tuple(part.strip() for part in row.split(':', 1)) for row in tree.table('folding.txt')]
    binaries = sys.argv[1:]
    names = set().union(*(defined_functions(nm(path)) for path in binaries if os.path.exists(path)))
    for pattern, where in rows:
        what = f'{pattern} is folded into its instances'
        if not binaries:
            tap.skip(what, 'no binary in this build')
        elif not os.path.exists(os.path.join(tree.ROOT, where)):
            tap.skip(what, f'{where} does not exist yet')
        elif not re.search(rf'^{pattern}\(', tree.read(where), re.M):
            tap.point(False, what, [f'{where} defines no such function: folding.txt is out of date'])
        elif len(names) < 10:
            tap.point(False, what, [f'{binaries} have no symbols to look at'])
        else:
            tap.accepts(unfolded([(pattern, where)], names), what)
    tap.plan()


main()
