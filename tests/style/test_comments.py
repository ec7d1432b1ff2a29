#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""Every file names its licence; a quotation from a specification has one form that grep finds.

    /* VIRTIO 1.3 2.7.13.3.1: "one short clause" */
    /* vhost-user SET_VRING_KICK: "one short clause" */
"""
import re

import tree

SPDX = re.compile(r'SPDX-License-Identifier: BSD-3-Clause')
COPYRIGHT = re.compile(r'Copyright\(c\) 2026 The net_virtio_user authors')
COMMENT = re.compile(r'/\*.*?\*/', re.S)
GOOD = re.compile(r'VIRTIO 1\.\d \d+(\.\d+)*( and \d+(\.\d+)*)*( step \d+)?: "|vhost-user [A-Z][A-Za-z0-9_]*: "')
# A reference that means to quote: the document's name with a clause or a message behind it, then quotation marks.
QUOTING = re.compile(r'\b(?:virtio(?: spec\w*)?(?: v?1\.\d)?[ ,:]+(?:section |sec\.? |§ ?)?\d+\.\d[\d.]*'
                     r'|vhost-user(?: spec\w*)?[ ,:]+[A-Z]\w{3,})[^"/\n]{0,40}"', re.I)
VAGUE = re.compile(r'\b(per|according to|see|by) the (virtio |vhost-user |vhost )?spec(ification)?\b', re.I)


def check_licence(path, text):
    head = text[:400]
    complaints = [] if SPDX.search(head) else ['no SPDX line at its head']
    if path.endswith(('.c', '.h', '.py', '.sh')) and not COPYRIGHT.search(head):
        complaints.append('no copyright line at its head')
    return complaints


def flat(comment):
    """A comment as one line, with the stars of its margin gone."""
    return re.sub(r'\s*\n\s*\*?\s*', ' ', comment)


def check_quotes(path, text):
    complaints = []
    for match in COMMENT.finditer(text):
        comment, line = flat(match.group(0)), tree.line_of(text, match.start())
        for quote in QUOTING.finditer(comment):
            if not GOOD.match(comment, quote.start()):
                complaints.append(f'{line}: not the quotation form: {quote.group(0)}')
        if VAGUE.search(comment):
            complaints.append(f'{line}: a vague reference: {VAGUE.search(comment).group(0)}')
    return complaints


def samples(tap):
    tap.refuses(check_licence('x.c', 'int a;\n'), 'a file without a licence')
    for bad in ('/* virtio 1.1 section 2.6.5: "x" */', '/* VIRTIO 1.3, 2.7: "x" */', '/* VIRTIO 2.7.1 "x" */',
                '/* vhost-user: SET_OWNER "x" */', '/* As per the spec. */',
                '/*\n * Vhost-user SET_OWNER: "x"\n */'):
        tap.refuses(check_quotes('x.c', bad), flat(bad)[3:-3])
    for good in ('/* VIRTIO 1.3 2.7.13.3.1: "a clause" */', '/* vhost-user SET_VRING_KICK: "a clause" */',
                 '/*\n * VIRTIO 1.3 2.7: "Queue\n * Size" - and why.\n */'):
        tap.accepts(check_quotes('x.c', good), f'accepted: {flat(good)[3:-3]}')


def main():
    tap = tree.Tap()
    samples(tap)
    sources = tree.paths('.c', '.h', '.py', '.sh', 'meson.build', 'meson_options.txt', '.ci/run')
    tap.accepts(tree.complaints_of(check_licence, sources), f'{len(sources)} files name their licence')
    files = tree.c_paths()
    tap.accepts(tree.complaints_of(check_quotes, files), f'quotations in {len(files)} files have the one form')
    tap.plan()


main()
