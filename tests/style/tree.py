# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""What the style checks share: the files of the tree, a reader of C that is just good enough, and TAP.

Each check is a function from (path, text) to a list of complaints, so that it can be fed a bad sample
first and is seen to complain: a check that cannot fail is a defect.
"""
import os
import re
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
SKIPPED = re.compile(r'^(build[^/]*|\.git|\.cache)$')
CODE = ('lib/', 'drivers/', 'app/', 'tests/')

NOT_C = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
DIRECTIVE = re.compile(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', re.M)


def paths(*endings):
    """Every file of the tree with one of these endings, relative to its root, sorted."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        at_root = folder == ROOT
        folders[:] = [f for f in folders if not (at_root and SKIPPED.match(f)) and f != '__pycache__']
        relative = '' if at_root else os.path.relpath(folder, ROOT) + '/'
        found += [relative + n for n in names if n.endswith(endings) and not (at_root and n == '.git')]
    return sorted(found)


def c_paths(folders=CODE):
    return [p for p in paths('.c', '.h') if p.startswith(folders)]


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


def table(name):
    """The rows of a table beside this file: no comments, no blank lines."""
    with open(os.path.join(os.path.dirname(__file__), name), encoding='utf-8') as file:
        rows = [line.partition('#')[0].strip() for line in file]
    return [row for row in rows if row]


def blank(match):
    return re.sub(r'[^\n]', ' ', match.group(0))


def code_only(text):
    """The same text with comments, strings and characters blanked; every offset stays."""
    return NOT_C.sub(blank, text)


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1


def functions(text):
    """(name, first line, last line) of each function body; ValueError if braces do not balance."""
    code = DIRECTIVE.sub(blank, code_only(text))
    # A linkage block is no body: its braces become blanks.
    code = re.sub(r'\bextern\s+\{', blank, code) if '__cplusplus' in text else code
    found, depth, start, body = [], 0, 0, None
    for match in re.finditer(r'[{};]', code):
        sign, at = match.group(0), match.start()
        if sign == '{':
            if depth == 0 and code[start:at].rstrip().endswith(')'):
                body = (start, at)
            depth += 1
        elif sign == '}':
            depth -= 1
            if depth < 0 and '__cplusplus' in text:
                depth = 0
            if depth == 0 and body:
                found.append((function_name(code[body[0]:body[1]]), body, at))
                body = None
        if depth == 0:
            start = at + 1
    if depth != 0:
        raise ValueError('braces do not balance')
    return [(name[0], line_of(code, span[0] + name[1]), line_of(code, end)) for name, span, end in found]


def function_name(declaration):
    """The identifier before the first parenthesis that is not an attribute's, and where it is."""
    for match in re.finditer(r'(\w+)\s*\(', declaration):
        if not re.match(r'__\w+|_Alignas', match.group(1)):
            return match.group(1), match.start()
    return '?', len(declaration) - 1


class Tap:
    """Points; plan() comes last, so that a program which dies early is seen to have died."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def point(self, ok, name, details=()):
        self.count += 1
        self.failed += not ok
        print(f'{"" if ok else "not "}ok {self.count} - {name}')
        if not ok:
            for line in details:
                print(f'# {line}')

    def skip(self, name, why):
        self.count += 1
        print(f'ok {self.count} - {name} # SKIP {why}')

    def refuses(self, complaints, name):
        """The bad sample's point."""
        self.point(bool(complaints), f'refused: {name}')

    def accepts(self, complaints, name):
        self.point(not complaints, name, complaints)

    def plan(self):
        print(f'1..{self.count}')
        sys.exit(1 if self.failed else 0)


def complaints_of(check, files):
    """All complaints of a check over files, with the path before each."""
    return [f'{path}: {text}' for path in files for text in check(path, read(path))]
