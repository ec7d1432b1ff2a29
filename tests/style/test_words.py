#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""Words that the tree does without: calls that end the process, errors without a number, notes to oneself, and
names for the two roles other than driver/device and front-end/back-end."""
import re

import tree

# (pattern, where it is looked for, what to write)
CALLS = (
    (r'\bbzero\s*\(', 'memset'),
    (r'\brte_panic\s*\(', 'return an error: the process is not ours to end'),
    (r'\brte_exit\s*\(', 'return an error: the process is not ours to end'),
    (r'\babort\s*\(', 'return an error: the process is not ours to end'),
    (r'(?<![\w])(?:assert|RTE_ASSERT|RTE_VERIFY)\s*\(', 'check and return: a peer must not end the process'),
    (r'\breturn\s+-1\s*;', 'return -errno'),
)
NOTES = re.compile(r'\b(TODO|FIXME|XXX)\b')
ROLES = re.compile(r'(?<![a-z])(guest|host|master|slave)(?![a-z])', re.I)
# Names that others gave: uapi constants, feature bits and messages as the specifications spell them.
FOREIGN = re.compile(r'\b(?:VIRTIO_\w+|VHOST_\w+|__virtio\w+|rte_\w+|RTE_\w+|\w*_F_(?:GUEST|HOST)_\w+'
                     r'|guest_(?:phys|user)_addr|host_user_addr|\w*(?:HOST_NOTIFIER|host_notifier)\w*)\b')


def check_calls(path, text):
    code = tree.code_only(text)
    return [f'{tree.line_of(code, m.start())}: {m.group(0)} - {instead}'
            for pattern, instead in CALLS for m in re.finditer(pattern, code)]


def check_notes(path, text):
    return [f'{tree.line_of(text, m.start())}: {m.group(0)}' for m in NOTES.finditer(text)]


def check_roles(path, text):
    code = FOREIGN.sub(tree.blank, tree.DIRECTIVE.sub(tree.blank, tree.code_only(text)))
    complaints = []
    for match in re.finditer(r'[A-Za-z_]\w*', code):
        # vhost, hostname and ghost are words of their own: only a whole part of a name counts.
        parts = [p for p in re.split(r'_|(?<=[a-z])(?=[A-Z])', match.group(0))]
        if any(ROLES.fullmatch(p) for p in parts):
            complaints.append(f'{tree.line_of(code, match.start())}: {match.group(0)}')
    return complaints


def samples(tap):
    for bad in ('bzero(a, 1);', 'rte_panic("x");', 'abort();', 'assert(a);', 'RTE_VERIFY(a);', 'return  -1;'):
        tap.refuses(check_calls('x.c', f'{bad}\n'), bad)
    tap.accepts(check_calls('x.c', '/* never abort() */ static_assert(a); log("assert(a)"); return -10;\n'),
                'the same in a comment or a string, static_assert and return -10 are accepted')
    for bad in ('/* ' + 'TO' + 'DO: later */', '/* ' + 'FIX' + 'ME */', '/* ' + 'XX' + 'X */'):
        tap.refuses(check_notes('x.c', bad), 'a note to oneself: ' + bad[3:5] + '..')
    for bad in ('int guest_addr;', 'void set_master(void);', 'enum { ROLE_SLAVE };', 'int hostAddr;'):
        tap.refuses(check_roles('x.c', bad), bad)
    tap.accepts(check_roles('x.c', '#include <host.h>\nint vhost_fd, hostname; /* guest */ a = VIRTIO_NET_F_HOST_TSO4 + HOST_NOTIFIER;\n'),
                'vhost, hostname, comments and uapi constants are accepted')


def main():
    tap = tree.Tap()
    samples(tap)
    shipped = tree.c_paths(('lib/', 'drivers/', 'app/'))
    every = tree.c_paths()
    tap.accepts(tree.complaints_of(check_calls, shipped), f'no refused call in {len(shipped)} files')
    notes = [p for p in every + tree.paths('.sh', '.py', '.md') if not p.endswith('test_words.py')]
    tap.accepts(tree.complaints_of(check_notes, notes), f'no note to oneself in {len(notes)} files')
    tap.accepts(tree.complaints_of(check_roles, every), f'roles have their names in {len(every)} files')
    tap.plan()


main()
