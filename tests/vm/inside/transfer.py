#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""Sends files, or receives them, over several flows at a time, and prints the hash of each. Runs in a network
namespace of the virtual machine; 10.0.0.2 receives.

    usage: transfer.py tcp|udp send|receive FLOWS

UDP has its own small protocol: numbered pieces of 1 to 8000 bytes, each acknowledged, so that nothing is lost for good.
"""
import hashlib
import random
import socket
import sys
import threading
import time

ADDRESS = '10.0.0.2'
PORT = 7000
SIZE = {'tcp': 8 << 20, 'udp': 1 << 20}
printing = threading.Lock()


def say(data):
    with printing:
        print(hashlib.sha256(data).hexdigest(), flush=True)


def content(kind, flow):
    return random.Random('%s%d' % (kind, flow)).randbytes(SIZE[kind])


def tcp_send(flow):
    data = content('tcp', flow)
    for _ in range(100):
        try:
            sock = socket.create_connection((ADDRESS, PORT + flow), timeout=30)
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)
    sock.recv(1)
    say(data)


def tcp_receive(flow):
    with socket.create_server((ADDRESS, PORT + flow)) as server:
        sock = server.accept()[0]
        parts = []
        while part := sock.recv(1 << 20):
            parts.append(part)
        sock.close()
    say(b''.join(parts))


def pieces(flow, data):
    sizes, begin = random.Random(flow), 0
    while begin < len(data):
        size = sizes.randint(1, 8000)
        yield data[begin:begin + size]
        begin += size


def udp_send(flow):
    """Stop and wait, and again until acknowledged: the last, empty piece ends it."""
    data = content('udp', flow)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect((ADDRESS, PORT + flow))
    sock.settimeout(0.2)
    for number, piece in enumerate(list(pieces(flow, data)) + [b'']):
        for _ in range(300):
            try:
                sock.send(number.to_bytes(4, 'big') + piece)
                while sock.recv(4) != number.to_bytes(4, 'big'):
                    pass
                break
            except (socket.timeout, ConnectionRefusedError):
                time.sleep(0.05)
        else:
            raise SystemExit('piece %d was never acknowledged' % number)
    say(data)


def udp_receive(flow):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((ADDRESS, PORT + flow))
    parts = []
    while True:
        packet, peer = sock.recvfrom(65536)
        if int.from_bytes(packet[:4], 'big') == len(parts):
            parts.append(packet[4:])
        sock.sendto(packet[:4], peer)
        if len(packet) == 4:
            break
    # Who did not hear of the end says it again.
    sock.settimeout(1)
    try:
        while True:
            packet, peer = sock.recvfrom(65536)
            sock.sendto(packet[:4], peer)
    except socket.timeout:
        pass
    say(b''.join(parts))


def main():
    kind, role, flows = sys.argv[1:4]
    work = {('tcp', 'send'): tcp_send, ('tcp', 'receive'): tcp_receive,
            ('udp', 'send'): udp_send, ('udp', 'receive'): udp_receive}[kind, role]
    threads = [threading.Thread(target=work, args=(flow,)) for flow in range(int(flows))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


main()
