#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""Links between the pages lead somewhere: the file exists, and so does the heading."""
import os
import re

import tree

LINK = re.compile(r'!?\[[^\]]*\]\(([^)\s]+)\)')
CODE_BLOCK = re.compile(r'^```.*?^```', re.S | re.M)


def anchors(text):
    """The anchors that a page's headings make."""
    headings = re.findall(r'^#+\s+(.*?)\s*$', CODE_BLOCK.sub('', text), re.M)
    return {re.sub(r'[^\w\- ]', '', h.lower()).replace(' ', '-') for h in headings}


def checker(exists, page):
    def check(path, text):
        complaints = []
        for link in LINK.findall(re.sub(r'`[^`\n]*`', '', CODE_BLOCK.sub('', text))):
            if re.match(r'\w+:', link):
                continue
            name, _, anchor = link.partition('#')
            target = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
            if not exists(target):
                complaints.append(f'{link}: no such file')
            elif anchor and target.endswith('.md') and anchor not in anchors(text if target == path else page(target)):
                complaints.append(f'{link}: no such heading')
        return complaints
    return check


def main():
    tap = tree.Tap()
    check = checker(lambda path: path == 'doc/a.md', lambda path: '# A b!\n')
    tap.refuses(check('doc/x.md', '[a](none.md)'), 'a link to no file')
    tap.refuses(check('doc/x.md', '[a](a.md#c)'), 'a link to no heading')
    tap.refuses(check('README.md', '![a](a.md)'), 'a picture that is not there')
    tap.accepts(check('README.md', '[a](doc/a.md#a-b) [b](https://example.org/) `[c](d)`'), 'good links are accepted')

    pages = tree.paths('.md')
    check = checker(lambda path: os.path.exists(os.path.join(tree.ROOT, path)), tree.read)
    tap.accepts(tree.complaints_of(check, pages), f'every link of {len(pages)} pages leads somewhere')
    tap.plan()


main()
