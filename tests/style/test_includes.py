#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""Arrows between folders go down: who may include whom stands in includes.txt."""
import os
import re

import tree

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)
ROOTS = ('', 'lib', 'drivers/net/virtio', 'drivers/net/virtio_backend', 'drivers/net/common')


class Table:
    def __init__(self, rows):
        self.allowed, self.refused, self.leaves = {}, {}, []
        for row in rows:
            key, _, values = row.partition(':')
            if key == 'leaf':
                self.leaves = values.split()
            elif key.startswith('not '):
                self.refused[key[4:].strip()] = values.split()
            else:
                self.allowed[key.strip()] = values.split()

    def row_of(self, path, rows):
        """The longest key that is the file or a folder above it."""
        keys = [k for k in rows if path == k or path.startswith(k + '/')]
        return max(keys, key=len, default=None)


def resolve(path, name, known):
    """The project's file that an include names, or None if it is not the project's."""
    for root in (os.path.dirname(path),) + ROOTS:
        candidate = os.path.normpath(os.path.join(root, name))
        if candidate in known:
            return candidate
    return None


def check_target(table, path, target):
    row = table.row_of(path, table.allowed)
    if row is None:
        return [f'no row in includes.txt for this folder, which includes {target}']
    own = os.path.dirname(path)
    folder = os.path.dirname(target)
    if target in table.leaves and path.startswith('drivers/net/'):
        return []
    if folder == own or folder in table.allowed[row]:
        return []
    return [f'must not include {target}: includes.txt allows {" ".join(table.allowed[row]) or "no other folder"}']


def checker(table, known):
    def check(path, text):
        complaints = []
        refused = table.refused.get(table.row_of(path, table.refused), [])
        for _, name in INCLUDE.findall(text):
            target = resolve(path, name, known)
            if target:
                complaints += check_target(table, path, target)
            elif any(os.path.basename(name).startswith(p) for p in refused):
                complaints.append(f'must not include {name}')
        return complaints
    return check


def samples(tap, table):
    known = {'lib/virtio/feature.h', 'drivers/net/virtio/ring/virtqueue.h', 'drivers/net/virtio/log.h',
             'drivers/net/virtio/virtio-user/virtio.h', 'drivers/net/virtio/virtio-user/backend/backend.h'}
    check = checker(table, known)
    net = 'drivers/net/virtio/'
    for path, include, why in (
            (net + 'ring/virtqueue.c', '"../virtio-user/virtio.h"', 'ring to virtio-user'),
            (net + 'virtio-user/start.c', '"ring/virtqueue.h"', 'virtio-user to ring'),
            (net + 'rxtx/rx_split.c', '"virtio-user/virtio.h"', 'rxtx to virtio-user'),
            (net + 'ethdev.c', '"virtio-user/virtio.h"', 'ethdev.c to virtio-user'),
            (net + 'virtio-user/backend/vhost_user.c', '"virtio-user/virtio.h"', 'back-end to device'),
            (net + 'virtio-user/virtio.c', '<rte_ethdev.h>', 'virtio-user to rte_ethdev'),
            ('lib/virtio/net.c', '<rte_common.h>', 'lib/virtio to EAL'),
            ('lib/new/x.c', '"virtio/feature.h"', 'a folder without a row')):
        tap.refuses(check(path, f'#include {include}\n'), why)
    for path, include, why in (
            (net + 'virtio_user_ethdev.c', '"virtio-user/virtio.h"', 'virtio_user_ethdev.c to virtio-user is allowed'),
            (net + 'virtio-user/backend/x.c', '"../../log.h"', 'a leaf is allowed'),
            (net + 'ring/split.h', '"virtio/feature.h"', 'ring to lib/virtio is allowed')):
        tap.accepts(check(path, f'#include {include}\n'), why)


def main():
    tap = tree.Tap()
    table = Table(tree.table('includes.txt'))
    samples(tap, table)
    files = tree.c_paths(('lib/', 'drivers/'))
    complaints = tree.complaints_of(checker(table, set(tree.c_paths())), files)
    tap.accepts(complaints, f'every include of {len(files)} files points down')
    tap.plan()


main()
