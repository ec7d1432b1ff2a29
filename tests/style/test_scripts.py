#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""Scripts parse, say which interpreter they want, and are executable exactly if they do; each answers --help."""
import os
import subprocess
import tempfile

import tree


def check(path, text, is_executable):
    complaints = []
    has_shebang = text.startswith('#!')
    if has_shebang != is_executable:
        complaints.append('executable without #!' if is_executable else 'has #! but is not executable')
    if path.endswith('.py'):
        try:
            compile(text, path, 'exec')
        except SyntaxError as error:
            complaints.append(str(error))
        return complaints
    shell = 'sh' if text.startswith('#!/bin/sh') else 'bash'
    parsed = subprocess.run([shell, '-n'], input=text, text=True, capture_output=True, check=False)
    return complaints + ([parsed.stderr.strip()] if parsed.returncode else [])


def check_help(path):
    """--help prints a usage line, fails at nothing and starts nothing."""
    done = subprocess.run([path, '--help'], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                          cwd=tempfile.gettempdir())
    return [] if done.returncode == 0 and 'usage:' in done.stdout.lower() else [f'{path} --help prints no usage']


def main():
    tap = tree.Tap()
    tap.refuses(check('x.sh', '#!/bin/sh\nif true\n', True), 'a script that does not parse')
    tap.refuses(check('x.sh', '#!/bin/sh\ntrue\n', False), 'a script that is not executable')
    tap.refuses(check('x.sh', 'true\n', True), 'an executable without #!')
    tap.refuses(check('x.py', 'def f(:\n', False), 'Python that does not parse')
    tap.accepts(check('x.sh', '#!/bin/sh\ntrue\n', True), 'a good script is accepted')
    tap.refuses(check_help('/bin/sh'), 'a script without --help')

    scripts = tree.paths('.sh', '.py', '.ci/run')
    complaints = [f'{p}: {c}' for p in scripts
                  for c in check(p, tree.read(p), os.access(os.path.join(tree.ROOT, p), os.X_OK))]
    tap.accepts(complaints, f'{len(scripts)} scripts are in order')
    entries = [os.path.join(tree.ROOT, p) for p in tree.paths('.sh')
               if p.startswith('devtools/') and p.count('/') == 1]
    tap.accepts([c for p in entries for c in check_help(p)], f'{len(entries)} scripts of devtools/ answer --help')
    tap.plan()


main()
