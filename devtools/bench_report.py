#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""One table, one JSON document and one picture of what virtio-bench and virtio-limit measured.

usage: bench_report.py --out BASE DOCUMENT.json...     writes BASE.json and BASE.svg
"""
import argparse
import json
import math
import os
import sys
from xml.sax.saxutils import escape

# What is about the front-end alone, and so what the project is judged by: mode -> columns.
FIGURES = {
    'single': ('front_tx', 'front_rx'),
    'tx': ('to_back',),
    'rx': ('to_front',),
    'bidirectional': ('both',),
    'forward': ('to_back',),
    'latency': ('p50', 'p99', 'p999'),
}
OURS, OTHER, INK, PALE = '#1b6ca8', '#c9c9c9', '#222222', '#777777'
BAR, GAP, WIDTH, LEFT, RIGHT = 13, 12, 900, 210, 170


def load(paths):
    """Comparisons that were measured, line latencies and bare rings, by document."""
    found = {'comparisons': [], 'self': [], 'limits': [], 'setting': {}}
    for path in paths:
        try:
            with open(path, encoding='utf-8') as text:
                document = json.load(text)
        except (OSError, ValueError) as error:
            print(f'{path}: {error}', file=sys.stderr)
            continue
        if 'rings' in document:
            found['limits'].append(document)
            continue
        found['setting'] = {key: document[key] for key in ('tsc_hz', 'hugepages', 'ring', 'verified')}
        for comparison in document['comparisons']:
            comparison['queues'] = document['queues']
            comparison['offloads'] = document['offloads']
            if comparison['a'] == comparison['b']:
                found['self'].append(comparison)
            elif comparison['b']:
                found['comparisons'].append(comparison)
    return found


def geomean(values):
    return math.exp(sum(math.log(value) for value in values) / len(values))


def figures(comparisons):
    """{(mode, frame, burst, queues, offloads, column): [(row, values)]} of what the project is judged by."""
    result = {}
    for comparison in comparisons:
        for column in FIGURES[comparison['mode']]:
            values = comparison['columns'][column]
            if values.get('ratio'):
                key = (comparison['mode'], comparison['frame'], comparison['burst'], comparison['queues'],
                       comparison['offloads'], column)
                result.setdefault(key, []).append((comparison, values))
    return result


def title(key, comparison):
    mode, frame, burst, queues, offloads, column = key
    many = (f', {queues} queues' if queues > 1 else '') + (', checksum offloads' if offloads else '')
    better = 'more is better' if comparison['more_is_better'] else 'less is better'
    return f'{mode}, {column.replace("_", " ")}, {frame} B, burst {burst}{many}: {comparison["unit"]} ({better})'


def print_tables(groups):
    for key, entries in groups.items():
        print(f'{title(key, entries[0][0])}\n  {"":<20}{"ours":>10}{"DPDK":>10}{"ratio":>9}  placements')
        for comparison, values in entries:
            print(f'  {comparison["row"]:<20}{values["a"]:>10.1f}{values["b"]:>10.1f}{values["ratio"]:>9.3f}'
                  f'  {values["low"]:.2f} to {values["high"]:.2f}')
        print(f'  {"geometric mean":<40}{geomean([v["ratio"] for _, v in entries]):>9.3f}\n')


def print_limits(found):
    for document in found['limits']:
        rings = ', '.join(f'{r["name"]} {r["frame"]} B {r["mpps"]:.1f}' for r in document['rings'])
        print(f'a cache line\'s way {document["line_ns"]:.0f} ns ({document["line_low"]:.0f} to '
              f'{document["line_high"]:.0f}); bare ring, Mpps: {rings}')
    lines = [c['line_ns'] for c in found['comparisons'] if 'line_ns' in c]
    if lines:
        print(f'a cache line\'s way while two cores were measured: {min(lines):.0f} to {max(lines):.0f} ns')


def print_trust(found):
    """How far a ratio is from 1 where nothing differs."""
    for comparison in found['self']:
        ratios = [values['ratio'] for values in comparison['columns'].values() if values.get('ratio')]
        worst = max(ratios, key=lambda ratio: abs(math.log(ratio)))
        print(f'the same port against itself, {comparison["mode"]} {comparison["row"]}: the ratio furthest from 1 is {worst:.3f}')
    bad = [c for c in found['comparisons'] if c['missing'] or c['damaged']]
    for comparison in bad:
        print(f'NOT TO BE TRUSTED: {comparison["mode"]} {comparison["row"]} lost {comparison["missing"]} packets, '
              f'{comparison["damaged"]} damaged')


def text(x, y, words, size=12, colour=INK, anchor='start', weight='normal'):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
            f'font-weight="{weight}">{escape(words)}</text>')


def bar(x, y, width, colour):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{BAR}" fill="{colour}"/>'


def draw_group(key, entries, y):
    """One chart: two bars for each row, the ratio beside them. Returns its parts and where the next begins."""
    mean = geomean([values['ratio'] for _, values in entries])
    parts = [text(20, y, title(key, entries[0][0]), 14, weight='bold')]
    scale = (WIDTH - LEFT - RIGHT) / max(max(v['a'], v['b']) for _, v in entries)
    y += 16
    for comparison, values in entries:
        a, b = values['a'] * scale, values['b'] * scale
        wins = values['ratio'] > 1 if comparison['more_is_better'] else values['ratio'] < 1
        parts += [text(LEFT - 10, y + BAR + 4, comparison['row'], anchor='end'),
                  bar(LEFT, y, a, OURS), text(LEFT + a + 5, y + 11, f'{values["a"]:.1f}', 11),
                  bar(LEFT, y + BAR, b, OTHER), text(LEFT + b + 5, y + BAR + 11, f'{values["b"]:.1f}', 11, PALE),
                  text(WIDTH - 90, y + BAR + 4, f'{values["ratio"]:.2f}', 13, anchor='end',
                       weight='bold' if wins else 'normal'),
                  text(WIDTH - 82, y + BAR + 4, f'{values["low"]:.2f}-{values["high"]:.2f}', 10, PALE)]
        y += 2 * BAR + GAP
    parts.append(text(WIDTH - 90, y + 4, f'geometric mean {mean:.2f}', 12, anchor='end', weight='bold'))
    return parts, y + 44


def draw(found, groups):
    memory = 'hugepages' if found['setting'].get('hugepages') else '4 KiB pages'
    lines = sorted(d['line_ns'] for d in found['limits'])
    line = f', a cache line between the cores {lines[0]:.0f} to {lines[-1]:.0f} ns' if lines else ''
    parts = [text(20, 30, 'net_virtio_user against DPDK\'s own driver, the same net_vhost behind both', 17, weight='bold'),
             text(20, 50, f'ring {found["setting"].get("ring")}, {memory}{line}. The number at the right: ours / DPDK, '
                          'pairwise median; small: lowest and highest placement.', 11, PALE),
             bar(20, 62, 24, OURS), text(50, 73, 'this project'), bar(150, 62, 24, OTHER), text(180, 73, 'DPDK, its best path')]
    y = 112
    for key, entries in groups.items():
        more, y = draw_group(key, entries, y)
        parts += more
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:.0f}" width="{WIDTH}" height="{y:.0f}" '
            f'font-family="sans-serif"><rect width="100%" height="100%" fill="white"/>\n' + '\n'.join(parts) + '\n</svg>\n')


def summary(found, groups):
    return {'setting': found['setting'], 'limits': found['limits'],
            'geometric_means': [dict(zip(('mode', 'frame', 'burst', 'queues', 'offloads', 'column'), key),
                                     ratio=geomean([v['ratio'] for _, v in entries]),
                                     worst=(min if entries[0][0]['more_is_better'] else max)(v['ratio'] for _, v in entries))
                                for key, entries in groups.items()],
            'self': found['self'], 'comparisons': found['comparisons']}


def main():
    parser = argparse.ArgumentParser(description='results of virtio-bench as table, JSON and picture')
    parser.add_argument('--out', required=True, metavar='BASE')
    parser.add_argument('documents', nargs='+')
    options = parser.parse_args()
    found = load(options.documents)
    groups = figures(found['comparisons'])
    print_tables(groups)
    print_limits(found)
    print_trust(found)
    with open(options.out + '.json', 'w', encoding='utf-8') as out:
        json.dump(summary(found, groups), out, indent=1)
    with open(options.out + '.svg', 'w', encoding='utf-8') as out:
        out.write(draw(found, groups))
    print(f'\nwritten: {os.path.relpath(options.out)}.json, {os.path.relpath(options.out)}.svg')
    sys.exit(0 if groups else 1)


if __name__ == '__main__':
    main()
