#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""Our plugin in a stock testpmd on the real /dev/vhost-net. Runs inside of tests/vm/run.sh's virtual machine, as root;
test_vhost_kernel.sh starts it.

    usage: vhost_kernel.py PLUGIN [NAME]...     only these groups of tests; `bridge` needs exception-path's PATH
"""
import glob
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'interop'))
import testpmd as tp  # noqa: E402

MAC = '02:00:00:00:00:07'
TRANSFER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'transfer.py')
IP = '/usr/sbin/ip' if os.path.exists('/usr/sbin/ip') else '/sbin/ip'
plugin = ''
tap = tp.Tap()


def run(command, check=True):
    done = subprocess.run(command.split(), capture_output=True, text=True)
    if check and done.returncode != 0:
        raise tp.TestpmdError('%s: %s' % (command, done.stderr.strip()))
    return done.stdout


def ip(words, netns=None, check=True):
    return run('%s %s %s' % (IP, '-n ' + netns if netns else '', words), check)


def link(name, netns=None):
    """`ip link show`, or None."""
    text = ip('-d -j link show %s' % name, netns, check=False)
    return json.loads(text)[0] if text.strip() else None


def wait_for(what, condition, timeout=10):
    """Whether it comes true in time."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            print('# not within %d s: %s' % (timeout, what))
            return False
        time.sleep(0.05)
    return True


def start(name, vdevs, app=(), **more):
    """testpmd with these vdevs. It does not wait for a link: interfaces are brought up by the tests."""
    eal = ['-d', plugin] + ['--vdev=%s' % v for v in vdevs]
    return tp.Testpmd(name, eal, ['--disable-link-check'] + list(app), start_timeout=60,
                      **more)


def vdev(number=0, **args):
    args = {'path': '/dev/vhost-net', **args}
    return 'net_vuser%d,%s' % (number, ','.join('%s=%s' % pair for pair in args.items()))


def refused(**args):
    """The lines of a port that must not come up."""
    env = dict(os.environ, XDG_RUNTIME_DIR='/tmp')
    done = subprocess.run(['dpdk-testpmd', '--no-pci', '--no-telemetry', '--no-huge', '-m', '64', '--no-shconf',
                           '-l', '0,1', '-d', plugin, '--vdev=' + vdev(**args), '--', '--total-num-mbufs=2048'],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, env=env, timeout=60)
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith('net_vuser0: ')]


# --- ping

def test_ping():
    """The kernel asks, testpmd answers: both directions, without any setup but an address."""
    for queues in (1, 4):
        run('modprobe -a vhost_net tun')
        pmd = start('ping', [vdev(iface='tap0', mac=MAC, queues=queues)],
                    ['--forward-mode=icmpecho', '--rxq=%d' % queues, '--txq=%d' % queues])
        ip('addr add 192.168.7.1/24 dev tap0')
        ip('link set tap0 up')
        pmd.ask('start')
        out = run('ping -c 5 -w 10 192.168.7.2', check=False)
        tap.point(' 0% packet loss' in out, 'ping is answered through %d queue pairs' % queues, out)
        pmd.end()
        tap.point(link('tap0') is None, 'the interface is gone with testpmd that quit (%d queue pairs)' % queues)


# --- bulk

def transfer(kind, flows, name):
    server = subprocess.Popen([IP, 'netns', 'exec', 'right', sys.executable, TRANSFER, kind, 'receive', str(flows)],
                              stdout=subprocess.PIPE, text=True)
    client = subprocess.run([IP, 'netns', 'exec', 'left', sys.executable, TRANSFER, kind, 'send', str(flows)],
                            capture_output=True, text=True, timeout=120)
    try:
        out = server.communicate(timeout=60)[0]
    except subprocess.TimeoutExpired:
        server.kill()
        out = server.communicate()[0] + 'receiver did not end'
    tap.point(client.returncode == 0 and sorted(out.split()) == sorted(client.stdout.split()),
              '%s: what %d flows sent arrives byte for byte over %s' % (name, flows, kind),
              'sent %s\nreceived %s\n%s' % (client.stdout, out, client.stderr))


def bulk(queues, mtu=1500, extra=''):
    name = '%d queue pairs, MTU %d%s' % (queues, mtu, extra)
    for ns in ('left', 'right'):
        ip('netns add %s' % ns)
    pmd = start('bulk', [vdev(n, iface='tap0', netns=ns, queues=queues, queue_size=1024)
                         for n, ns in enumerate(('left', 'right'))],
                ['--port-topology=paired', '--rxq=%d' % queues, '--txq=%d' % queues, '--rxd=1024', '--txd=1024'])
    for number, ns in enumerate(('left', 'right'), 1):
        ip('link set tap0 mtu %d' % mtu, ns)
        ip('addr add 10.0.0.%d/24 dev tap0' % number, ns)
        ip('link set tap0 up', ns)
    pmd.ask('start')
    for port in (0, 1):
        pmd.wait_link(port=port)
    for kind in ('tcp', 'udp'):
        transfer(kind, queues, name)
    snmp = [run('%s netns exec %s cat /proc/net/snmp' % (IP, ns)) for ns in ('left', 'right')]
    errors = sum(csum_errors(text) for text in snmp)
    tap.point(errors == 0, '%s: no checksum error' % name, '\n'.join(snmp))
    pmd.end()
    for ns in ('left', 'right'):
        ip('netns del %s' % ns)


def csum_errors(snmp):
    """All InCsumErrors of /proc/net/snmp: a line of names, then one of numbers."""
    total, lines = 0, snmp.splitlines()
    for names, numbers in zip(lines[::2], lines[1::2]):
        total += sum(int(n) for k, n in zip(names.split(), numbers.split()) if k == 'InCsumErrors')
    return total


def test_bulk():
    for queues, mtu in ((1, 1500), (4, 1500), (1, 9000)):
        bulk(queues, mtu)


# --- both sides see the same NIC

def test_nic():
    pmd = start('nic', [vdev(iface='nic%d', mac=MAC)], ['--forward-mode=icmpecho'])
    shown = link('nic0')
    tap.point(shown is not None and shown['address'] == MAC, 'a %d in iface gives the first free name, mac= its address',
              str(shown))
    ip('link set nic0 up')
    pmd.ask('start')
    pmd.wait_link()
    tap.point('LOWER_UP' in link('nic0')['flags'], 'a started port is a carrier', str(link('nic0')))
    ip('link set nic0 down')
    pmd.wait_link(up=False)
    tap.point(True, 'ip link set down takes the link down')
    ip('link set nic0 up')
    pmd.wait_link()
    tap.point(pmd.text.count('link state change event') >= 2, 'and each change is an event', pmd.text[-600:])
    pmd.ask('stop')
    pmd.ask('port stop 0')
    tap.point(wait_for('no carrier', lambda: 'NO-CARRIER' in link('nic0')['flags']), 'a stopped port is no carrier')
    pmd.ask('port start 0')
    tap.point(wait_for('carrier', lambda: 'LOWER_UP' in link('nic0')['flags']), 'a port that starts again is one')
    pmd.ask('port config mtu 0 3000')
    tap.point(link('nic0')['mtu'] == 3000, "the application's MTU is the interface's", str(link('nic0')))
    ip('link set nic0 mtu 2500')
    tap.point(wait_for('MTU', lambda: 'MTU: 2500' in pmd.ask('show port info 0')), "and the other way round",
              pmd.ask('show port info 0'))
    pmd.ask('mac_addr set 0 02:00:00:00:00:55')
    tap.point(link('nic0')['address'] == '02:00:00:00:00:55', "the application's address is the interface's",
              str(link('nic0')))
    ip('link set nic0 address 02:00:00:00:00:66')
    tap.point(wait_for('MAC', lambda: 'MAC address: 02:00:00:00:00:66' in pmd.ask('show port info 0')),
              'and the other way round', pmd.ask('show port info 0'))
    pmd.ask('set promisc 0 on')
    tap.point('PROMISC' in link('nic0')['flags'], 'promiscuous mode shows on the interface', str(link('nic0')))
    pmd.ask('set promisc 0 off')
    pmd.ask('set allmulti 0 on')
    flags = link('nic0')['flags']
    tap.point('PROMISC' not in flags and 'ALLMULTI' in flags, 'so does its end, and allmulticast', str(flags))
    ip('link set nic0 name other0')
    ip('link set other0 down')
    pmd.wait_link(up=False)
    tap.point(True, 'an interface under a new name is followed')
    ip('netns add elsewhere')
    ip('link set other0 netns elsewhere')
    ip('link set other0 up', 'elsewhere')
    pmd.wait_link()
    ip('link set other0 down', 'elsewhere')
    pmd.wait_link(up=False)
    tap.point(True, 'an interface that moved to another namespace is followed')
    ip('link del other0', 'elsewhere')
    tap.point(wait_for('new interface', lambda: link('nic0') is not None), 'a deleted interface is made anew',
              pmd.text[-600:])
    ip('link set nic0 up')
    ip('addr add 192.168.7.1/24 dev nic0')
    pmd.wait_link()
    pmd.ask('start')
    out = run('ping -c 3 -w 10 192.168.7.2', check=False)
    tap.point(' 0% packet loss' in out, 'and carries traffic', out)
    pmd.end()
    ip('netns del elsewhere')


# --- life

def test_life():
    pmd = start('life', [vdev(iface='tap0')], ['--forward-mode=icmpecho'])
    ip('addr add 192.168.7.1/24 dev tap0')
    ip('link set tap0 up')
    index = link('tap0')['ifindex']
    fds = len(os.listdir('/proc/%d/fd' % testpmd_pid(pmd)))
    for _ in range(100):
        pmd.ask('port stop 0')
        pmd.ask('port start 0')
    pmd.ask('start')
    out = run('ping -c 3 -w 10 192.168.7.2', check=False)
    tap.point(' 0% packet loss' in out, 'after 100 starts and stops it works', out)
    tap.point(link('tap0')['ifindex'] == index, 'the interface was the same all the time')
    after = len(os.listdir('/proc/%d/fd' % testpmd_pid(pmd)))
    tap.point(after == fds, 'no file is left over', '%d, then %d' % (fds, after))
    kill(pmd)
    tap.point(wait_for('no tap0', lambda: link('tap0') is None), 'kill -9 leaves no interface')

    pmd = start('life', [vdev(iface='tap0', persist=1)])
    kill(pmd)
    tap.point(link('tap0') is not None, 'kill -9 with persist=1 leaves it', str(link('tap0')))
    ip('link set tap0 mtu 1700')
    ip('link set tap0 up')
    pmd = start('life', [vdev(iface='tap0')], ['--forward-mode=icmpecho'])
    ip('addr add 192.168.7.1/24 dev tap0')
    pmd.ask('start')
    out = run('ping -c 3 -w 10 192.168.7.2', check=False)
    tap.point(' 0% packet loss' in out, 'and the next one joins it', out)
    lines = refused(iface='tap0')
    tap.point(len(lines) == 1 and 'in use by another program' in lines[0], 'a third cannot', '\n'.join(lines))
    pmd.end()
    tap.point(link('tap0') is not None, 'a joined interface that was persistent stays so')
    lines = refused(iface='tap0', queues=2)
    tap.point(len(lines) == 1 and 'single queue' in lines[0], 'one with a single queue is refused for two',
              '\n'.join(lines))
    ip('link del tap0')
    ip('tuntap add dev tap0 mode tap multi_queue')
    pmd = start('life', [vdev(iface='tap0')])
    pmd.end()
    tap.point(link('tap0') is not None, 'one with several queues is joined by a port with one')
    ip('link del tap0')


def testpmd_pid(pmd):
    return pmd.proc.pid


def kill(pmd):
    pmd.kill()


# --- errors

def test_errors():
    cases = [
        ({'iface': 'lo'}, 'is no tap'),
        ({'iface': 'a' * 16}, '15 characters'),
        ({'netns': 'nowhere'}, "ip netns add"),
        ({'path': '/dev/null'}, 'vhost-net'),
        ({'path': '/dev/net/tun'}, 'vhost-net'),
        ({'queues': 129}, '1..128'),
        ({'server': 1}, 'server=1'),
        ({'path': '/tmp/nothing', 'iface': 'tap0'}, 'iface'),
    ]
    before = sorted(os.listdir('/sys/class/net'))
    for args, words in cases:
        lines = refused(**args)
        tap.point(len(lines) == 1 and words in lines[0], 'one line for %s' % args, '\n'.join(lines))
    os.chmod('/dev/vhost-net', 0o600)
    lines = as_nobody()
    tap.point(len(lines) == 1 and 'group' in lines[0], 'one line for /dev/vhost-net without permission', '\n'.join(lines))
    os.chmod('/dev/vhost-net', 0o666)
    os.chmod('/dev/net/tun', 0o666)
    lines = as_nobody()
    tap.point(len(lines) == 1 and 'CAP_NET_ADMIN' in lines[0], 'one line for a tap without permission',
              '\n'.join(lines))
    ip('tuntap add dev mine mode tap user nobody')
    lines = as_nobody(iface='mine')
    tap.point(len(lines) == 2 and 'kernel interface mine' in lines[0] and 'CAP_NET_ADMIN' in lines[1],
              'a tap of his own lets nobody in, to use it as it is', '\n'.join(lines))
    ip('link del mine')
    run('rmmod vhost_net')
    os.rename('/dev/vhost-net', '/dev/vhost-net.away') if os.path.exists('/dev/vhost-net') else None
    lines = refused()
    tap.point(len(lines) == 1 and 'modprobe vhost_net' in lines[0], 'one line for a missing module', '\n'.join(lines))
    if os.path.exists('/dev/vhost-net.away'):
        os.rename('/dev/vhost-net.away', '/dev/vhost-net')
    run('modprobe vhost_net')
    tap.point(sorted(os.listdir('/sys/class/net')) == before, 'and nothing is left behind')


def as_nobody(**args):
    os.makedirs('/tmp/nobody', exist_ok=True)
    os.chmod('/tmp/nobody', 0o777)
    program = ['dpdk-testpmd', '--no-pci', '--no-telemetry', '--no-huge', '-m', '64', '--no-shconf', '-l', '0,1', '-d',
               plugin, '--vdev=' + vdev(**args), '--', '--total-num-mbufs=2048']
    env = dict(os.environ, XDG_RUNTIME_DIR='/tmp/nobody')
    done = subprocess.run(program, user=65534, group=65534, extra_groups=[], stdin=subprocess.DEVNULL, env=env,
                          capture_output=True, text=True, timeout=60)
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith('net_vuser0: ')]


# --- memory that comes and goes

def test_hotplug():
    with open('/proc/sys/vm/nr_hugepages', 'w') as f:
        f.write('300')
    eal = ['-d', plugin, '--vdev=' + vdev(iface='tap0', mac=MAC)]
    pmd = tp.Testpmd('hot', ['--in-memory'] + eal, ['--disable-link-check', '--forward-mode=icmpecho',
                                                    '--total-num-mbufs=4096'], hugepages=True, memory=2,
                     start_timeout=60)
    ip('addr add 192.168.7.1/24 dev tap0')
    ip('link set tap0 up')
    pmd.ask('start')
    pinger = subprocess.Popen(['ping', '-i', '0.05', '-c', '200', '-w', '60', '192.168.7.2'], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
    before = pmd.xstats()
    for _ in range(2):
        # A ring of this size takes most of a page; what is freed is given back to the system.
        for number in (1, 2, 3, 4):
            pmd.ask('port attach ' + vdev(number, iface='hot%d'), timeout=30)
            pmd.ask('port config %d txq 0 ring_size 32768' % number)
            pmd.ask('port start %d' % number)
        for number in (4, 3, 2, 1):
            pmd.ask('port stop %d' % number)
            pmd.ask('port detach %d' % number, timeout=30)
    out = pinger.communicate()[0]
    after = pmd.xstats()
    tap.point(' 0% packet loss' in out, 'ports come and go under traffic, and no ping is lost', out[-400:])
    tap.point(after.get('table_updates', 0) > before.get('table_updates', 0), 'the kernel was told of new memory',
              '%s\n%s' % (before, after))
    pmd.end()


# --- app/exception-path

def test_bridge():
    """The network is DPDK's own tap, whose far end is in another namespace; the stack has one of its own too."""
    for ns in ('left', 'right'):
        ip('netns add %s' % ns)
    # EAL loads what lies in its directory, testpmd's own plugins with it; those find each other only there.
    env = dict(os.environ, LD_LIBRARY_PATH=':'.join(glob.glob('/usr/lib/*/dpdk/pmds-*')))
    bridge = subprocess.Popen(
        ['/exception-path', '--no-pci', '--no-telemetry', '--no-huge', '-m', '128', '--no-shconf', '-l', '0,1',
         '-d', plugin, '--vdev=net_tap0,iface=wire0,mac=fixed', '--vdev=' + vdev(1, iface='exc0', netns='right'), '--'],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
    begun = wait_for('exc0 with the MAC address of wire0', lambda: link('exc0', 'right') is not None and
                     link('exc0', 'right')['address'] == link('wire0')['address'], 30)
    if not begun:
        bridge.kill()
    tap.point(begun, "the kernel's interface has the network's address",
              str(link('exc0', 'right')) if begun else bridge.communicate()[0])
    # DPDK's tap has the address of the port: as if the cable's far end were the NIC itself.
    ip('link set wire0 netns left address 02:00:00:00:00:11')
    ip('addr add 10.0.0.1/24 dev wire0', 'left')
    ip('link set wire0 up', 'left')
    ip('addr add 10.0.0.2/24 dev exc0', 'right')
    ip('link set exc0 up', 'right')
    out = run('%s netns exec left ping -c 5 -w 10 10.0.0.2' % IP, check=False)
    tap.point(' 0% packet loss' in out, 'the network pings the stack', out)
    out = run('%s netns exec right ping -c 5 -w 10 10.0.0.1' % IP, check=False)
    tap.point(' 0% packet loss' in out, 'the stack pings the network', out)
    for kind in ('tcp', 'udp'):
        transfer(kind, 2, 'exception-path')
    bridge.terminate()
    out = bridge.communicate(timeout=30)[0]
    tap.point(bridge.returncode == 0 and re.search(r'to kernel [1-9]\d* \(dropped \d+\), to network [1-9]', out),
              'it counts, and ends when it is told to', out)
    tap.point(link('exc0', 'right') is None, 'and leaves no interface')
    for ns in ('left', 'right'):
        ip('netns del %s' % ns)


TESTS = {'ping': test_ping, 'bulk': test_bulk, 'nic': test_nic, 'life': test_life, 'errors': test_errors,
         'hotplug': test_hotplug}
MORE = {'bridge': test_bridge}


def main():
    global plugin
    plugin = os.path.abspath(sys.argv[1])
    run('modprobe -a vhost_net tun')
    for name in sys.argv[2:] or TESTS:
        begin = time.monotonic()
        try:
            {**TESTS, **MORE}[name]()
        except (tp.TestpmdError, subprocess.TimeoutExpired, OSError) as error:
            tap.point(False, '%s ends early' % name, str(error))
        print('# %s: %.1f s' % (name, time.monotonic() - begin), flush=True)
    return tap.plan()


sys.exit(main())
