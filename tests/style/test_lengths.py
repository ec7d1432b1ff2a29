#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""Functions of at most 60 lines, files of at most 600. Lines aim at 100 columns with tabs of 8; 124 is where it ends."""
import tree

MAX_FUNCTION = 60
MAX_FILE = 600
MAX_COLUMNS = 124


def check_functions(path, text):
    try:
        found = tree.functions(text)
    except ValueError as error:
        return [f'cannot be measured: {error}']
    return [f'{first}: {name} has {last - first + 1} lines, {MAX_FUNCTION} at most'
            for name, first, last in found if last - first + 1 > MAX_FUNCTION]


def check_file(path, text):
    lines = text.count('\n')
    return [f'{lines} lines, {MAX_FILE} at most'] if lines > MAX_FILE else []


def check_columns(path, text):
    widths = [(number, len(line.expandtabs(8))) for number, line in enumerate(text.splitlines(), 1)]
    return [f'{number}: {width} columns, {MAX_COLUMNS} at most' for number, width in widths if width > MAX_COLUMNS]


def check_layout(path, text):
    complaints = [] if text.endswith('\n') or not text else ['no newline at its end']
    for number, line in enumerate(text.splitlines(), 1):
        if line != line.rstrip():
            complaints.append(f'{number}: blanks at the end')
        if line.startswith('        '):
            complaints.append(f'{number}: indented with spaces')
    return complaints


def sample(lines, before='', after=''):
    return before + 'static int\nlong_one(void (*f)(int), const char *s)\n{\n' + '\tf(1);\n' * lines + '}\n' + after


def samples(tap):
    tap.refuses(check_functions('x.c', sample(58)), 'a function of 61 lines')
    tap.accepts(check_functions('x.c', sample(57)), 'a function of 60 lines is accepted')
    tap.refuses(check_functions('x.c', sample(58, '#define A(x) do { \\\n\t(x)++; \\\n} while (0)\nchar c = \'{\';\n')),
                'the same behind a macro and a brace in quotes')
    tap.refuses(check_functions('x.h', sample(58, '#ifdef __cplusplus\nextern "C" {\n#endif\n',
                                              '#ifdef __cplusplus\n}\n#endif\n')), 'the same inside extern "C"')
    tap.accepts(check_functions('x.c', 'struct s t[] = {\n' + '\t{1},\n' * 90 + '};\n'), 'a long table is accepted')
    tap.refuses(check_functions('x.c', 'int f(void)\n{\n'), 'braces that do not balance')
    names = [f[0] for f in tree.functions(sample(1) + 'int __attribute__((unused)) b(void) { return 1; }\n')]
    tap.point(names == ['long_one', 'b'], 'functions are found by name', names)
    tap.refuses(check_file('x.c', '\n' * 601), 'a file of 601 lines')
    tap.refuses(check_layout('x.c', 'int a; \n'), 'blanks at the end of a line')
    tap.refuses(check_columns('x.c', '\t' * 15 + 'abcdef\n'), 'a line of 126 columns')
    tap.refuses(check_layout('x.c', '        int a;\n'), 'indentation with spaces')


def main():
    tap = tree.Tap()
    samples(tap)
    files = tree.c_paths()
    for what, check in (('functions', check_functions), ('files', check_file), ('line ends and indentation', check_layout)):
        tap.accepts(tree.complaints_of(check, files), f'{what} of {len(files)} files are in order')
    tap.accepts(tree.complaints_of(check_columns, files), f'lines of {len(files)} files fit')
    tap.plan()


main()
