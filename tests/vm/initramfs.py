#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""Makes the initramfs of tests/vm/run.sh: busybox, kernel modules, and programs with their libraries.

An archive is kept and used again for as long as every file that it was made of has the same size and time. Prints
the archive's path.

Usage: initramfs.py --tree DIR --kernel DIR --busybox FILE --root DIR --cache DIR --init FILE
                    [--module NAME]... [--wish NAME]... [ADD]...

ADD is `dpdk` or `python3` (see BUNDLES), the name of a program, or a file or directory, with `:PATH` behind it for the
place that it is to have inside. What lies in the tree goes to /src, everything else to where it is. --module must be
there, --wish may be missing (built in, or too old a kernel).
"""
import argparse
import fnmatch
import glob
import hashlib
import json
import lzma
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile

KEPT_ARCHIVES = 8
DIRECTORIES = ('dev', 'etc', 'proc', 'root', 'run', 'run/user', 'src', 'sys', 'tmp', 'var', 'var/log', 'var/tmp', 'vm')
LINKS = {'bin': 'usr/bin', 'sbin': 'usr/sbin', 'lib': 'usr/lib', 'lib64': 'usr/lib64', 'var/run': '/run'}
PASSWD = b'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n'
TEXTS = {'etc/passwd': PASSWD, 'etc/group': b'root:x:0:\nnogroup:x:65534:\n', 'etc/hosts': b'127.0.0.1 localhost vm\n'}

SHELL = '/usr/bin/dash'
LIBDIR = '/usr/lib/x86_64-linux-gnu'
# The plugins that tests want. The many others only make EAL's start slow.
DPDK_PLUGINS = ('bus_vdev', 'bus_pci', 'mempool_ring', 'net_virtio', 'net_vhost', 'net_tap', 'net_af_packet', 'net_null',
                'net_ring', 'net_bond')
PYTHON_LEFT_OUT = ('test', 'idlelib', 'lib2to3', 'ensurepip', 'pydoc_data', 'tkinter', 'turtledemo', 'dist-packages',
                   'site-packages', 'distutils', 'config-*', '*.a')


class Missing(Exception):
    """Something that was asked for is not there; the text says what."""


def dpdk_bundle():
    """testpmd and the plugins above, in the directory from which EAL loads plugins by itself."""
    plugins = [p for name in DPDK_PLUGINS for p in sorted(glob.glob(f'{LIBDIR}/dpdk/pmds-*/librte_{name}.so.*'))]
    if not plugins:
        raise Missing("dpdk: the distribution's DPDK is not installed")
    return ['dpdk-testpmd', 'stdbuf', f'{LIBDIR}/../../libexec/coreutils/libstdbuf.so'] + plugins


def python3_bundle():
    libraries = sorted(glob.glob('/usr/lib/python3.[0-9]*'))
    if not libraries:
        raise Missing("python3: the distribution's python3 is not installed")
    return ['/usr/bin/python3', libraries[-1]]


BUNDLES = {'dpdk': dpdk_bundle, 'python3': python3_bundle}


class Image:
    """What the archive is to hold: path inside (no leading /) -> ('dir'), ('link', to), ('file', host path, mode) ..."""

    def __init__(self, tree, root):
        self.tree, self.root = tree, root
        self.entries = {}
        self.programs = []  # host paths whose libraries are due
        for path in DIRECTORIES:
            self.put(path, ('dir',))
        for path, target in LINKS.items():
            self.put(path, ('link', target))
        for path, text in TEXTS.items():
            self.put(path, ('text', text, 0o644))

    def put(self, path, entry):
        """With every directory above."""
        path = merged(path)
        parent = os.path.dirname(path)
        if parent and parent not in self.entries:
            self.put(parent, ('dir',))
        self.entries[path] = entry

    def inside(self, path):
        """Where a file goes. What was unpacked may lie in the tree, and is asked for first."""
        for prefix, place in ((self.root, ''), (self.tree, '/src')):
            if path.startswith(prefix + '/'):
                return place + path[len(prefix):]
        return path

    def put_file(self, path, place=None):
        """A link stays one: a library that the loader sees under two names must be one file, or it is loaded twice."""
        real, place = os.path.realpath(path), place or self.inside(path)
        target = self.inside(real)
        if merged(target) != merged(place) and os.path.islink(path):
            self.put(place, ('link', target))
            place = target
        self.put(place, ('file', real, stat.S_IMODE(os.stat(real).st_mode) | 0o444))

    def add_file(self, path, place=None):
        self.put_file(path, place)
        with open(path, 'rb') as file:
            if file.read(4) == b'\x7fELF':
                self.programs.append(path)

    def add_directory(self, path, place=None):
        place = place or self.inside(path)
        for folder, folders, names in os.walk(path):
            folders[:] = [f for f in folders if not is_left_out(path, f)]
            here = os.path.join(place, os.path.relpath(folder, path))
            self.put(here, ('dir',))
            for name in names:
                if os.path.isfile(os.path.join(folder, name)) and not is_left_out(path, name):
                    self.add_file(os.path.join(folder, name), os.path.join(here, name))

    def add(self, wanted):
        if wanted in BUNDLES:
            for one in BUNDLES[wanted]():
                self.add(one)
            return
        path, _, place = wanted.partition(':')
        path = os.path.abspath(path) if '/' in path or os.path.exists(path) else self.find_program(path)
        if os.path.isdir(path):
            self.add_directory(path, place)
        elif os.path.isfile(path):
            self.add_file(path, place)
        else:
            raise Missing(f'{path}: no such file')

    def find_program(self, name):
        """What was unpacked for the virtual machine comes first, then the system's, then the user's own."""
        system = [f'{folder}/{kind}' for folder in (self.root + '/usr', self.root, '/usr', '')
                  for kind in ('sbin', 'bin')]
        path = shutil.which(name, path=os.pathsep.join(system)) or shutil.which(name)
        if path is None:
            raise Missing(f'{name}: no such program; devtools/vm.sh --package fetches one')
        return path

    def add_libraries(self):
        """Of everything added so far. libgcc_s is loaded by glibc itself when a thread is cancelled."""
        self.programs.append(SHELL)
        for path in dict.fromkeys(self.programs):
            for library in needed_libraries(path, self.root):
                self.put_file(library)
        for library in glob.glob(f'{LIBDIR}/libgcc_s.so.1'):
            self.put_file(library)

    def add_busybox(self, busybox):
        """Its applets stand behind programs that were asked for; so sh is not its own, which never looks further."""
        self.put('usr/bin/sh', ('file', SHELL, 0o755))
        self.put('usr/bin/busybox', ('file', busybox, 0o755))
        for applet in run([busybox, '--list']).split():
            places = [f'usr/{kind}/{applet}' for kind in ('bin', 'sbin')]
            if not any(place in self.entries for place in places):
                self.put(places[0], ('link', '/usr/bin/busybox'))

    def sources(self):
        return sorted({entry[1] for entry in self.entries.values() if entry[0] in ('file', 'xz')})


def merged(path):
    """A path as the archive has it: no leading slash, and usr/ before bin/ and its kind."""
    path = os.path.normpath(path.lstrip('/'))
    first, _, rest = path.partition('/')
    return f'usr/{path}' if rest and LINKS.get(first, '').startswith('usr/') else path


def is_left_out(top, name):
    return '/lib/python3' in top and any(fnmatch.fnmatch(name, pattern) for pattern in PYTHON_LEFT_OUT)


def run(command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def needed_libraries(path, root):
    """What the loader would map for it, the loader included."""
    environ = dict(os.environ, LC_ALL='C', LD_LIBRARY_PATH=f'{root}/usr/lib/x86_64-linux-gnu:{root}/lib/x86_64-linux-gnu')
    done = subprocess.run(['ldd', path], capture_output=True, text=True, check=False, env=environ)
    lacking = re.findall(r'^\s*(\S+) => not found', done.stdout, re.M)
    if lacking:
        raise Missing(f'{path}: this machine has no {", ".join(lacking)}')
    return re.findall(r'^\s*(?:\S+ => )?(/\S+) \(0x', done.stdout, re.M)


class Modules:
    """The kernel package's modules, which comes without the tables that depmod makes; each module carries its own."""

    def __init__(self, kernel):
        versions = sorted(glob.glob(f'{kernel}/lib/modules/*')) + sorted(glob.glob(f'{kernel}/usr/lib/modules/*'))
        if not versions:
            raise Missing(f'{kernel}: no lib/modules in there')
        self.folder = versions[-1]
        self.version = os.path.basename(self.folder)
        self.paths = {}
        for folder, _, names in os.walk(self.folder):
            for name in names:
                match = re.match(r'(.*)\.ko(\.xz)?$', name)
                if match:
                    self.paths[match.group(1).replace('-', '_')] = os.path.join(folder, name)
        self.needs, self.aliases = {}, {}

    def is_built_in(self, name):
        with open(f'{self.folder}/modules.builtin', encoding='utf-8') as table:
            return any(re.search(rf'/{name}\.ko$', line.strip().replace('-', '_')) for line in table)

    def take(self, name):
        """Adds it with all that it needs; False if this kernel does not have it."""
        name = name.replace('-', '_')
        if name in self.needs:
            return True
        if name not in self.paths:
            return self.is_built_in(name)
        image = module_bytes(self.paths[name])
        self.needs[name] = [n.replace('-', '_') for n in re.search(rb'\0depends=([^\0]*)', image).group(1).decode().split(',')
                            if n]
        self.aliases[name] = [a.decode() for a in re.findall(rb'\0alias=([^\0]+)', image)]
        return all([self.take(need) for need in self.needs[name]])

    def order(self, name):
        """What must be loaded before it, the first one last, as modules.dep has it."""
        found = []
        for need in self.needs[name]:
            found += [n for n in [need] + self.order(need)]
        return [n for i, n in enumerate(found) if n not in found[i + 1:]]

    def put_into(self, image):
        base = f'usr/lib/modules/{self.version}'
        for name in self.needs:
            image.put(f'{base}/{name}.ko', ('xz', self.paths[name], 0o644))
        dep = ''.join(f'{n}.ko: {" ".join(o + ".ko" for o in self.order(n))}\n' for n in self.needs)
        alias = ''.join(f'alias {a} {n}\n' for n, aliases in self.aliases.items() for a in aliases)
        image.put(f'{base}/modules.dep', ('text', dep.encode(), 0o644))
        image.put(f'{base}/modules.alias', ('text', alias.encode(), 0o644))
        image.put(f'{base}/modules.builtin', ('file', f'{self.folder}/modules.builtin', 0o644))


def module_bytes(path):
    with open(path, 'rb') as file:
        data = file.read()
    return lzma.decompress(data) if path.endswith('.xz') else data


def content(entry):
    """(mode, bytes) of an entry as cpio has them."""
    kind = entry[0]
    if kind == 'dir':
        return stat.S_IFDIR | 0o755, b''
    if kind == 'link':
        return stat.S_IFLNK | 0o777, entry[1].encode()
    if kind == 'text':
        return stat.S_IFREG | entry[2], entry[1]
    if kind == 'xz':
        return stat.S_IFREG | entry[2], module_bytes(entry[1])
    with open(entry[1], 'rb') as file:
        return stat.S_IFREG | entry[2], file.read()


def write_member(out, number, path, mode, data):
    """One member in cpio's `newc` form: a header of fourteen fields, the name, the data, each padded to four bytes."""
    name = path.encode() + b'\0'
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
    header = b'070701' + b''.join(b'%08X' % field for field in fields) + name
    out.write(header + b'\0' * (-len(header) % 4) + data + b'\0' * (-len(data) % 4))


def write_archive(out, entries):
    """Directories come before what is in them, because a path sorts behind its beginning."""
    write_member(out, 1, '.', stat.S_IFDIR | 0o755, b'')
    for number, path in enumerate(sorted(entries), 2):
        write_member(out, number, path, *content(entries[path]))
    write_member(out, 0, 'TRAILER!!!', 0, b'')


def stamp(path):
    try:
        info = os.stat(path)
        return [info.st_size, info.st_mtime_ns]
    except OSError:
        return None


def folder_files(wanted):
    """A directory's archive is out of date also when a file was added to it."""
    path = wanted.partition(':')[0]
    if not os.path.isdir(path):
        return []
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)


def archive_is_current(archive):
    try:
        with open(archive + '.json', encoding='utf-8') as file:
            return all(stamp(path) == was for path, was in json.load(file).items()) and os.path.exists(archive)
    except (OSError, ValueError):
        return False


def drop_old_archives(cache):
    archives = sorted(glob.glob(f'{cache}/*.cpio'), key=os.path.getmtime, reverse=True)
    for path in archives[KEPT_ARCHIVES:]:
        for name in (path, path + '.json'):
            if os.path.exists(name):
                os.unlink(name)


def make_image(args):
    image, modules = Image(args.tree, args.root), Modules(args.kernel)
    for wanted in args.add:
        image.add(wanted)
    image.add_libraries()
    image.add_busybox(args.busybox)
    image.put('init', ('file', args.init, 0o755))
    for name in args.wish:
        modules.take(name)
    for name in args.module:
        if not modules.take(name):
            raise Missing(f'kernel {modules.version} has no module {name}')
    modules.put_into(image)
    return image


def save_archive(archive, image):
    """Appears whole or not at all: others may be making the same one."""
    stamps = {path: stamp(path) for path in image.sources()}
    handle, work = tempfile.mkstemp(dir=os.path.dirname(archive))
    with os.fdopen(handle, 'wb') as out:
        write_archive(out, image.entries)
    with open(work + '.json', 'w', encoding='utf-8') as out:
        json.dump(stamps, out)
    os.chmod(work, 0o644)
    os.rename(work, archive)
    os.rename(work + '.json', archive + '.json')


def parse_arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in ('tree', 'kernel', 'busybox', 'root', 'cache', 'init'):
        parser.add_argument('--' + name, required=True)
    for name in ('module', 'wish'):
        parser.add_argument('--' + name, action='append', default=[])
    parser.add_argument('add', nargs='*')
    return parser.parse_args()


def main():
    args = parse_arguments()
    key = [vars(args), os.getcwd(), stamp(__file__), [folder_files(wanted) for wanted in args.add]]
    archive = f'{args.cache}/{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]}.cpio'
    if archive_is_current(archive):
        os.utime(archive)
    else:
        os.makedirs(args.cache, exist_ok=True)
        save_archive(archive, make_image(args))
        drop_old_archives(args.cache)
    print(archive)


try:
    main()
except Missing as error:
    sys.exit(f'vm: {error}')
