#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""Instructions per packet of the front-end's transmit and receive, by callgrind, against a recorded table.

usage: count.py --program VIRTIO-BENCH --plugin PLUGIN.so [--table FILE] [--record] [--tap] [--jobs N] [ROW...]

One thread plays both ends, so the same program on the same input executes the same instructions: counts
repeat exactly and one that grew is a fact, not noise. What could still differ is kept out:
 - Only instructions inside of the plugin's own object count. glibc picks memcpy by the CPU it finds, the
   mempool's ring and the back-end are DPDK's, the program's part is the benchmark's.
 - Callgrind hides AVX-512, and AVX2 only on a CPU that has none. --force-max-simd-bitwidth pins what the
   port may use: 64 is the scalar code, 256 what AVX2 allows. AVX-512 rows cannot be counted.
 - Another compiler or another DPDK (much of the data path is its inline functions) makes other code. The
   table says which it was recorded with; with any others the check is skipped, and says so.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
HALVES = ('front_tx', 'front_rx')
WIDTHS = (64, 256)
ROUNDS = 512      # bursts of 32: sixteen laps round the ring
TOLERANCE = 1.03


def run(command, **options):
    return subprocess.run(command, text=True, stdin=subprocess.DEVNULL, check=False, **options)


def made_with(plugin):
    """What the code depends on besides the sources: the compiler as the object itself names it, and DPDK."""
    comment = run(['readelf', '-p', '.comment', plugin], capture_output=True).stdout
    compiler = re.search(r'(GCC: .*|.*clang version.*)', comment)
    dpdk = run(['pkg-config', '--modversion', 'libdpdk'], capture_output=True).stdout.strip()
    machine = os.uname().machine
    return f'{compiler.group(1).strip() if compiler else "unknown compiler"}; DPDK {dpdk}; {machine}'


def row_names(program):
    """The built-in rows, as the program's own help lists them."""
    section = run([program, '--help'], capture_output=True).stdout.split('\nrows', 1)[1].split('\n\n', 1)[0]
    return re.findall(r'^  (\S+)', section, re.M)


def self_costs(path, plugin):
    """Instructions inside of the plugin, by the half from which they were reached.

    --separate-callers names each function with all of its callers: fn'caller'caller. A line that begins
    with a number is cost of the function itself, except right after calls=, where it is the callee's.
    """
    names, objects, costs = {}, {}, dict.fromkeys(HALVES, 0)
    current_object = current_name = ''
    is_callee = False

    def resolve(table, text):
        number, _, name = text.partition(' ')
        if name:
            table[number] = name
        return table.get(number, '')

    with open(path, encoding='utf-8', errors='replace') as lines:
        for line in lines:
            key, _, value = line.rstrip('\n').partition('=')
            if key == 'ob':
                current_object = resolve(objects, value)
            elif key == 'cob':
                resolve(objects, value)
            elif key == 'fn':
                current_name = resolve(names, value)
            elif key == 'cfn':
                resolve(names, value)
            elif key == 'calls':
                is_callee = True
            elif line[:1].isdigit() or line[:1] in '+-*':
                if not is_callee and os.path.realpath(current_object) == plugin:
                    for half in HALVES:
                        if f"bench_{half}'" in current_name + "'":
                            costs[half] += int(line.split()[1])
                is_callee = False
    return costs


def count(program, plugin, row, width):
    """Instructions per packet by half, or a text: what failed."""
    with tempfile.TemporaryDirectory(prefix='virtio-count.') as work:
        out = os.path.join(work, 'callgrind.out')
        toggles = [f'--toggle-collect=bench_{half}' for half in HALVES]
        done = run(['valgrind', '--tool=callgrind', f'--callgrind-out-file={out}', '--collect-atstart=no', *toggles,
                    '--separate-callers=12', program, '--no-huge', '-m', '128', '--no-pci', '--no-telemetry',
                    '--no-shconf', f'--file-prefix=count{os.getpid()}', '--log-level=3', '-l', '0',
                    f'--force-max-simd-bitwidth={width}', '-d', plugin,
                    '--', '--rows', row, '--callgrind-rounds', str(ROUNDS), '--quiet'],
                   capture_output=True, env={**os.environ, 'XDG_RUNTIME_DIR': work})
        if done.returncode != 0:
            return f'{row}: exit status {done.returncode}\n{done.stdout}{done.stderr}'
        packets = dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)
        costs = self_costs(out, plugin)
        if not all(costs.values()):
            return f'{row}: callgrind saw nothing of {plugin} in {costs}'
        return [costs[half] / int(packets[half]) for half in HALVES]


def table_read(path):
    """The heading that names what it was recorded with, and {(row, width): [tx, rx]}."""
    heading, recorded = '', {}
    if os.path.exists(path):
        with open(path, encoding='utf-8') as lines:
            for line in lines:
                if line.startswith('# made with: '):
                    heading = line[len('# made with: '):].strip()
                elif line.strip() and not line.startswith('#'):
                    row, width, *values = line.split()
                    recorded[row, int(width)] = [float(value) for value in values]
    return heading, recorded


def table_write(path, heading, counted):
    with open(path, 'w', encoding='utf-8') as out:
        out.write('# SPDX-License-Identifier: BSD-3-Clause\n'
                  '# Instructions per packet inside of the plugin, 64 bytes, bursts of 32; `devtools/count.sh --record`\n'
                  f'# made with: {heading}\n'
                  f'# {"row":<20} {"simd bits":>9} {"front tx":>9} {"front rx":>9}\n')
        for (row, width), values in counted.items():
            out.write(f'{row:<22} {width:>9} {values[0]:>9.2f} {values[1]:>9.2f}\n')


def judge(now, before):
    """(is it in order, text) for one row."""
    if isinstance(now, str):
        return False, now
    text = f'front tx {now[0]:.2f}, front rx {now[1]:.2f}'
    if before is None:
        return False, f'{text}: not recorded; see devtools/count.sh --record'
    grown = [n > b * TOLERANCE for n, b in zip(now, before)]
    shrunk = [n * TOLERANCE < b for n, b in zip(now, before)]
    note = ': grew by more than 3 %' if any(grown) else ': shrank by more than 3 %, worth recording' if any(shrunk) else ''
    return not any(grown), f'{text} (recorded {before[0]:.2f}, {before[1]:.2f}){note}'


def parse():
    parser = argparse.ArgumentParser(description='instructions per packet', formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--program', required=True)
    parser.add_argument('--plugin', required=True)
    parser.add_argument('--table', default=os.path.join(HERE, 'counts.txt'))
    parser.add_argument('--record', action='store_true')
    parser.add_argument('--tap', action='store_true')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('rows', nargs='*')
    return parser.parse_args()


def reason_to_skip(options, heading, current):
    if run(['sh', '-c', 'command -v valgrind'], capture_output=True).returncode != 0:
        return 'valgrind is not installed (devtools/setup.sh --bench)'
    if not options.record and heading != current:
        return f'recorded with {heading or "nothing"}, this is {current}'
    return None


def main():
    options = parse()
    options.plugin = os.path.realpath(options.plugin)
    current = made_with(options.plugin)
    heading, recorded = table_read(options.table)
    reason = reason_to_skip(options, heading, current)
    if reason:
        print(f'1..0 # SKIP {reason}' if options.tap else f'skipped: {reason}')
        sys.exit(0 if options.tap else 77)

    jobs = [(row, width) for width in WIDTHS for row in (options.rows or row_names(options.program))]
    counted, bad = {}, 0
    if options.tap:
        print(f'1..{len(jobs)}')
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        results = pool.map(lambda job: count(options.program, options.plugin, *job), jobs)
        for number, (job, now) in enumerate(zip(jobs, results), 1):
            ok, text = judge(now, recorded.get(job))
            if options.record and isinstance(now, list):
                ok = True
                counted[job] = now
            bad += not ok
            label = f'{job[0]}, {job[1]} bits'
            lines = text.splitlines()
            if options.tap:
                print(f'{"ok" if ok else "not ok"} {number} - {label}: {lines[0]}')
                print(''.join(f'# {line}\n' for line in lines[1:]), end='', flush=True)
            else:
                print(f'{label:<30} {text}', flush=True)
    if options.record and not bad:
        table_write(options.table, current, counted)
        print(f'recorded in {options.table}')
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    main()
