#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""librte_vhost2 shows rte_vhost2_* and nothing else, and all that its header declares.

Usage: test_symbols.py LIBRARY
"""
import re
import subprocess
import sys

import tree

HEADER = 'lib/vhost2/rte_vhost2.h'


def defined(nm_output):
    """Names that a library defines for others, without versions and without the versions' own names."""
    return {name.split('@')[0] for kind, name in re.findall(r'^[0-9a-f]+ ([A-Z]) (\S+)$', nm_output, re.M) if kind != 'A'}


def declared(text):
    """Functions of the header that are not inline."""
    code = tree.code_only(text)
    found = set(re.findall(r'^(?!static)[a-z][\w ]*[ *](rte_vhost2_\w+)\(', code, re.M))
    return found - set(re.findall(r'^(rte_vhost2_\w+)\(', code, re.M))


def main():
    tap = tree.Tap()
    tap.refuses({n for n in defined('0000000000001000 T rte_vhost2_x@@V\n0000000000002000 T session_pump\n')
                 if not n.startswith('rte_vhost2_')}, 'a symbol of the library\'s own')
    tap.accepts(declared('int rte_vhost2_x(int a);\nstatic inline int\nrte_vhost2_y(int a)\n{\n') ^ {'rte_vhost2_x'},
                'a declaration is found, an inline function is not taken for one')
    names = defined(subprocess.run(['nm', '-D', sys.argv[1]], capture_output=True, text=True, check=True).stdout)
    functions = declared(tree.read(HEADER))
    tap.accepts([n for n in sorted(names) if not n.startswith('rte_vhost2_')], f'all {len(names)} symbols are public ones')
    tap.accepts([n for n in sorted(functions - names)], f'all {len(functions)} functions of the header are there')
    tap.plan()


main()
