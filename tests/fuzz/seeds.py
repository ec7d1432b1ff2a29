#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
"""usage: seeds.py FOLDER

Write the seeds of every fuzz target to FOLDER/<target>/ and its dictionary to FOLDER/<target>.dict.

A seed is a name and a program of steps in the words of its target: the catalogue of what a hostile peer does, one line
each, from which the search sets out and which every build replays. The words are the target's enums, in order; an input
that once broke something stays here under a name that says what it was.
"""
import os
import shutil
import struct
import sys


def words(text, first=0):
    return {word: first + number for number, word in enumerate(text.split())}


def step(operation, a=0, b=0, c=0):
    return struct.pack('<BBHI', operation, a & 0xff, b & 0xffff, c & 0xffffffff)


def program(table, *lines):
    """Each line is (word, a, b, c), operands from the right left out."""
    return b''.join(step(table[line[0]], *line[1:]) for line in lines)


# --- rings ---

HOSTILE = 'COMPLETE BATCH ELEMENT INDEX SCRIBBLE BUFFER FLAGS'
RX = words(HOSTILE + ' BURST FREE RESYNC DISCARD CLOSED FILL LOOK')
TX = words(HOSTILE + ' SEND FREE RESYNC DISCARD CLOSED CLEANUP LOOK')
LEGACY, HASH, NEAR_WRAP, INDIRECT, FAST_FREE, EVENT_IDX = (1 << bit for bit in range(6))
ROWS = 32  # at least as many as the table has; a number beyond it is one of the first again
SIZE_16 = 4  # of a split ring; the exponent. A packed one has 5 descriptors then
POSTED = 268  # bytes of a buffer with its header where packets span buffers, 1548 where they do not

# What the device does between honest traffic before and after.
RX_LIES = {
    'honest': [],
    'id_beyond_the_ring': [('ELEMENT', 0, 0xffff, 64), ('INDEX', 0, 1)],
    'id_one_beyond_split': [('ELEMENT', 0, 16, 64), ('INDEX', 0, 1)],
    'id_one_beyond_packed': [('ELEMENT', 0, 5, 64), ('INDEX', 0, 1)],
    'id_never_posted': [('BURST', 0, 16), ('ELEMENT', 0, 15, 64), ('INDEX', 0, 1)],
    'id_returned_twice': [('ELEMENT', 0, 3, 64), ('ELEMENT', 1, 3, 64), ('INDEX', 0, 2)],
    'length_one_beyond_merged': [('COMPLETE', 2, 1, POSTED + 1)],
    'length_one_beyond_whole': [('COMPLETE', 2, 1, 1549)],
    'length_of_4_gib': [('COMPLETE', 2, 1, 0xffffffff)],
    'length_zero': [('COMPLETE', 2, 1, 0)],
    'length_of_the_header': [('COMPLETE', 1, 1, 10), ('COMPLETE', 1, 1, 12), ('COMPLETE', 1, 1, 20)],
    'index_far_ahead': [('INDEX', 0, 0x7fff)],
    'index_backwards': [('INDEX', 0, 0xffff)],
    'index_one_beyond': [('INDEX', 0, 17)],
    'merged_three': [('COMPLETE', 3, 3, POSTED)],
    'merged_one_missing': [('COMPLETE', 2, 3, POSTED), ('BURST', 0, 32), ('COMPLETE', 1, 3, 100)],
    'merged_more_than_the_ring': [('COMPLETE', 16, 17, POSTED), ('BURST', 0, 32), ('COMPLETE', 8, 1, 100)],
    'merged_more_than_the_packed_ring': [('COMPLETE', 5, 6, POSTED), ('BURST', 0, 32), ('COMPLETE', 5, 1, 100)],
    'merged_65535': [('COMPLETE', 4, 65535, POSTED)],
    'merged_later_too_long_merged': [('COMPLETE', 1, 3, POSTED), ('COMPLETE', 2, 3, POSTED + 1)],
    'merged_later_of_4_gib': [('COMPLETE', 1, 2, POSTED), ('COMPLETE', 1, 2, 0xffffffff)],
    'merged_later_length_zero': [('COMPLETE', 1, 3, POSTED), ('COMPLETE', 2, 3, 0)],
    'merged_then_the_peer_dies': [('COMPLETE', 2, 4, POSTED), ('BURST', 0, 32), ('RESYNC',)],
    'merged_then_reset': [('COMPLETE', 2, 4, POSTED), ('BURST', 0, 32), ('DISCARD',)],
    'batch': [('BATCH', 5, 1, 90)],
    'batch_id_ahead': [('ELEMENT', 0, 9, 64), ('INDEX', 0, 3)],
    'batch_cut_by_resync': [('BATCH', 6, 1, 90), ('BURST', 0, 2), ('RESYNC',)],
    'header_rewritten': [('COMPLETE', 4, 1, 64), ('BUFFER', 0, 116, 0xffffffff), ('BUFFER', 1, 120, 0xffff)],
    'descriptors_rewritten': [('SCRIBBLE', 0, i * 16, 0xdeadbeef) for i in range(8)],
    'entries_rewritten': [('SCRIBBLE', 0, 256 + i * 4, 0xffffffff) for i in range(10)],
    'used_rewritten_by_peer_and_resync': [('SCRIBBLE', 0, 320 + i * 4, 0xffffffff) for i in range(34)] + [('RESYNC',)],
    'broken_then_resync': [('ELEMENT', 0, 999, 64), ('INDEX', 0, 1), ('BURST', 0, 8), ('BURST', 0, 8), ('RESYNC',)],
    'broken_then_reset': [('INDEX', 0, 999), ('BURST', 0, 8), ('CLOSED', 0, 8), ('DISCARD',)],
    'kicks_wanted': [('FLAGS', 1), ('COMPLETE', 16, 1, 64), ('BURST', 0, 32), ('FLAGS', 0)],
    'pool_runs_dry': [('COMPLETE', 16, 1, 64), ('BURST', 1, 32)] * 4 + [('FREE',), ('FILL',)],
}


def rx_seeds():
    before = [('COMPLETE', 4, 1, 64), ('BURST', 0, 32)]
    after = [('BURST', 0, 32), ('LOOK', 0, 3), ('RESYNC',), ('COMPLETE', 8, 1, 100), ('BURST', 0, 32)]
    for row in range(ROWS):
        for number, (name, lies) in enumerate(RX_LIES.items()):
            flags = (0, NEAR_WRAP, HASH, LEGACY | NEAR_WRAP, EVENT_IDX)[(row + number) % 5]
            start = step(row, SIZE_16, 24 if name == 'pool_runs_dry' else 0, flags)
            yield f'row_{row:02}_{name}', start + program(RX, *before, *lies, *after)
    for size in range(9):
        yield f'size_{1 << size}', step(size, size, 0, NEAR_WRAP) + program(RX, *(
            [('COMPLETE', 200, 1, 70), ('BURST', 0, 96)] * 6))


PLAIN, SEGMENTS, HOLES, NO_HEADROOM, SHARED, EMPTY = range(6)
TX_LIES = {
    'honest': [],
    'id_beyond_the_ring': [('ELEMENT', 0, 0xffff), ('INDEX', 0, 1)],
    'id_one_beyond_split': [('ELEMENT', 0, 16), ('INDEX', 0, 1)],
    'id_one_beyond_packed': [('ELEMENT', 0, 5), ('INDEX', 0, 1)],
    'id_never_posted': [('ELEMENT', 0, 15), ('INDEX', 0, 1)],
    'id_returned_twice': [('ELEMENT', 0, 0), ('ELEMENT', 1, 0), ('INDEX', 0, 2)],
    'id_in_the_middle_of_a_chain': [('SEND', SEGMENTS, 1, 4), ('ELEMENT', 0, 2), ('INDEX', 0, 1)],
    'index_far_ahead': [('INDEX', 0, 0x7fff)],
    'index_backwards': [('INDEX', 0, 0xffff)],
    'chains': [('SEND', SEGMENTS, 3, 3), ('COMPLETE', 3), ('SEND', HOLES, 2, 5), ('COMPLETE', 2)],
    'chain_of_a_whole_ring': [('COMPLETE', 16), ('SEND', SEGMENTS, 1, 15), ('SEND', SEGMENTS, 1, 16), ('COMPLETE', 1)],
    'chain_that_never_fits': [('SEND', SEGMENTS, 1, 299)],
    'no_headroom': [('SEND', NO_HEADROOM, 8, 0), ('COMPLETE', 8)],
    'shared': [('SEND', SHARED, 8, 60), ('COMPLETE', 8), ('CLEANUP', 0, 0), ('FREE',)],
    'shared_outlives_the_queue': [('FREE',), ('SEND', SHARED, 4, 60)],
    'empty': [('SEND', EMPTY, 8)],
    'full_ring': [('SEND', PLAIN, 40, 60), ('COMPLETE', 255), ('SEND', PLAIN, 40, 60)],
    'nobody_reads': [('SEND', PLAIN, 96, 60)] * 4,
    'header_rewritten': [('BUFFER', 0, 116, 0xffffffff), ('COMPLETE', 4), ('SEND', PLAIN, 8, 60)],
    'descriptors_rewritten': [('SCRIBBLE', 0, i * 16 + 8, 0xffffffff) for i in range(16)],
    'tables_rewritten': [('SEND', SEGMENTS, 4, 4)] + [('SCRIBBLE', 0, 512 + i * 40, 0xffffffff) for i in range(20)],
    'the_peer_dies': [('SEND', PLAIN, 8, 60), ('COMPLETE', 3), ('RESYNC',)],
    'the_peer_dies_with_chains': [('SEND', SEGMENTS, 3, 3), ('COMPLETE', 1), ('RESYNC',), ('COMPLETE', 255)],
    'broken_then_resync': [('ELEMENT', 0, 999), ('INDEX', 0, 1), ('SEND', PLAIN, 40, 60), ('CLEANUP',), ('RESYNC',)],
    'broken_then_reset': [('INDEX', 0, 999), ('CLEANUP',), ('CLOSED', 0, 8, 60), ('DISCARD',)],
    'kicks_wanted': [('FLAGS', 1), ('SEND', PLAIN, 8, 60), ('FLAGS', 0)],
}


def tx_seeds():
    before = [('SEND', PLAIN, 4, 60), ('COMPLETE', 2)]
    after = [('SEND', PLAIN, 16, 60), ('LOOK', 0, 3), ('RESYNC',), ('COMPLETE', 255), ('CLEANUP',), ('SEND', PLAIN, 32, 200)]
    for row in range(ROWS // 2):
        for number, (name, lies) in enumerate(TX_LIES.items()):
            flags = (0, NEAR_WRAP, INDIRECT, FAST_FREE | NEAR_WRAP, INDIRECT | HASH, EVENT_IDX)[(row + number) % 6]
            yield f'row_{row:02}_{name}', step(row, SIZE_16, 0, flags) + program(TX, *before, *lies, *after)
    for size in range(9):
        yield f'size_{1 << size}', step(size, size, 0, NEAR_WRAP) + program(TX, *(
            [('SEND', PLAIN, 96, 70), ('COMPLETE', 200), ('SEND', SEGMENTS, 3, 3)] * 6))


# --- control queue ---

QUEUE = words(HOSTILE + ' COMMAND ANSWER RETURN RESET')
CONTROL = words('DESC LINK WILD TDESC TLINK TWILD BYTES ENTRY PUBLISH KICK COMMAND RESET FORMAT')
NEXT, WRITE, INDIRECT_DESC = 1, 2, 4


def control_queue_seeds():
    ask, done = ('COMMAND', 1, 0, 1), ('RETURN',)
    lies = {
        'honest': [ask, ('ANSWER', 0), done],
        'refused': [ask, ('ANSWER', 1), done],
        'no_such_answer': [ask, ('ANSWER', 0xff), done],
        'never': [ask, done, ask, done],
        'late': [ask, done, ('ANSWER', 0), ask, ('ANSWER', 0), done],
        'other_id': [ask, ('ELEMENT', 0, 2, 1), ('INDEX', 0, 1), done, ask, ('RESET',)],
        'id_of_4_gib': [ask, ('ELEMENT', 0, 0xffff, 1), ('INDEX', 0, 1), done],
        'index_ahead': [ask, ('INDEX', 0, 9), done, ask, done],
        'twice': [ask, ('ANSWER', 0), ('INDEX', 0, 1), done, ask, done],
        'without_data': [('COMMAND', 4, 0, 0), ('ANSWER', 0), done],
        'largest': [('COMMAND', 4, 0, 4096), ('ANSWER', 0), done],
        'too_large': [('COMMAND', 4, 0, 4097), done],
        'scribbled': [ask] + [('SCRIBBLE', 0, i * 4, 0xffffffff) for i in range(24)] + [done, ask, ('RESET',)],
    }
    for name, lines in lies.items():
        for size in (0, 4):
            for number, form in enumerate(('split', 'packed', 'split_events', 'packed_events')):
                yield f'{name}_{form}_{4 << size}', step(number, size) + program(QUEUE, *lines)


def control_seeds():
    table = 1 << 14 | 2048 + 32  # places are 32 bytes off, so that some lie before a block
    text = 2 << 14 | 32
    ack = text + 128

    def chain(*descs):
        """(addr, len, flags, next) for the ring's own table, made available and kicked."""
        lines = []
        for slot, (where, length, flags, following) in enumerate(descs):
            lines += [('DESC', slot, where, length), ('LINK', slot, flags, following)]
        return lines + [('ENTRY', 0, 0), ('PUBLISH', 0, 1), ('KICK',)]

    pairs = [('BYTES', 0, 2 << 14, 0x00020004)]
    lies = {
        'pairs': [('COMMAND', 4, 0x200, n) for n in (1, 4, 5, 0, 0xffff)],
        'mac': [('COMMAND', 1, 0x601, 0x02), ('COMMAND', 1, 0x601, 0x03), ('COMMAND', 1, 0x501, 0x02)],
        'unknown': [('COMMAND', n, n << 8 | n) for n in range(8)],
        'one_chain': pairs + chain((text, 4, NEXT, 1), (ack, 1, WRITE, 0)),
        'self_loop': pairs + chain((text, 4, NEXT, 0)),
        'two_cycle': pairs + chain((text, 4, NEXT, 1), (text, 0, NEXT, 0)),
        'next_beyond': pairs + chain((text, 4, NEXT, 8)),
        'no_answer_room': pairs + chain((text, 4, 0, 0)),
        'readable_behind_writable': pairs + chain((ack, 1, WRITE | NEXT, 1), (text, 4, 0, 0)),
        'length_of_4_gib': pairs + chain((text, 0xffffffff, NEXT, 1), (ack, 1, WRITE, 0)),
        'over_the_end': pairs + chain((text + 4094, 4, NEXT, 1), (ack, 1, WRITE, 0)),
        'before_the_begin': pairs + chain((text - 4, 4, NEXT, 1), (ack, 1, WRITE, 0)),
        'answer_over_the_end': pairs + chain((text, 4, NEXT, 1), (text + 4096, 1, WRITE, 0)),
        'empty': chain((text, 0, NEXT, 1), (ack, 1, WRITE, 0)),
        'long': chain((text, 4000, NEXT, 1), (ack, 1, WRITE, 0)),
        'indirect': pairs + [('TDESC', 0, text, 4), ('TLINK', 0, NEXT, 1), ('TDESC', 1, ack, 1), ('TLINK', 1, WRITE)]
        + chain((table, 32, INDIRECT_DESC, 0)),
        'indirect_in_indirect': [('TDESC', 0, table, 32), ('TLINK', 0, INDIRECT_DESC)] + chain((table, 32, INDIRECT_DESC, 0)),
        'indirect_and_next': chain((table, 32, INDIRECT_DESC | NEXT, 1)),
        'indirect_length': chain((table, 33, INDIRECT_DESC, 0)) + chain((table, 0xfffffff0, INDIRECT_DESC, 0)),
        'indirect_loop': [('TDESC', 0, text, 1), ('TLINK', 0, NEXT, 0)] + chain((table, 16, INDIRECT_DESC, 0)),
        'wild': [('WILD', 0, 12, 0xdead), ('LINK', 0, WRITE)] + [('ENTRY', 0, 0), ('PUBLISH', 0, 1), ('KICK',)],
        'head_beyond': [('ENTRY', 0, 8), ('PUBLISH', 0, 1), ('KICK',), ('COMMAND', 4, 0x200, 2)],
        'index_ahead': [('PUBLISH', 0, 9), ('KICK',), ('KICK',), ('RESET',), ('COMMAND', 4, 0x200, 2)],
        'whole_ring': pairs + chain((text, 4, NEXT, 1), (ack, 1, WRITE, 0)) + [('PUBLISH', 0, 7), ('KICK',)],
    }
    packed = {
        'pairs': lies['pairs'],
        'mac': lies['mac'],
        'unknown': lies['unknown'],
        'chain_of_a_whole_ring': [('ENTRY', slot, NEXT) for slot in range(8)] + [('KICK',), ('COMMAND', 4, 0x200, 2)],
        'one_chain': pairs + [('DESC', 0, text, 4), ('DESC', 1, ack, 1), ('ENTRY', 1, WRITE), ('ENTRY', 0, NEXT), ('KICK',)],
        'no_answer_room': pairs + [('DESC', 0, text, 4), ('ENTRY', 0, 0), ('KICK',)],
        'over_the_end': [('DESC', 0, text + 4094, 4), ('ENTRY', 0, 0), ('KICK',)],
        'indirect': pairs + [('TDESC', 0, text, 4), ('TLINK', 0, 0, 0), ('TDESC', 1, ack, 1), ('TLINK', 1, 0, WRITE),
                             ('DESC', 0, table, 32), ('ENTRY', 0, INDIRECT_DESC), ('KICK',)],
        'indirect_behind_a_link': [('DESC', 0, text, 4), ('DESC', 1, table, 32), ('ENTRY', 1, INDIRECT_DESC),
                                   ('ENTRY', 0, NEXT), ('KICK',)],
        'indirect_and_next': [('DESC', 0, table, 32), ('ENTRY', 0, INDIRECT_DESC | NEXT), ('KICK',)],
        'always_available': [('DESC', 0, ack, 1)] + [('ENTRY', slot, WRITE) for slot in range(8)] + [('KICK',), ('KICK',)],
        'wild': [('WILD', 0, 12, 0xdead), ('ENTRY', 0, WRITE), ('KICK',)],
    }
    for name, lines in lies.items():
        yield f'split_{name}', program(CONTROL, *lines)
    for name, lines in packed.items():
        yield f'packed_{name}', program(CONTROL, ('FORMAT',), *lines)
    # Found by the search: a table on a border of four bytes, where descriptors are read eight at a time.
    yield 'indirect_table_of_odd_alignment', program(CONTROL, *chain((table + 4, 32, INDIRECT_DESC, 0)))


# --- vhost-user ---

CHANNEL = words('HEADER PAYLOAD WORD FLUSH RECEIVE DRAIN MESSAGE CLOSE SEND TIMEOUT')
VERB = words('FEATURES TABLE NUM BASE GET_BASE ADDR CALL KICK ENABLE SET_STATUS GET_STATUS SLOT GET_CONFIG SET_CONFIG '
             'MTU CHECK RECONNECT')
PEER = words('HONEST ONES HEADER SIZE FDS PIECES PART TWICE SILENT CLOSE RAW TALK INDEX', 128)
FIRST_REPLY, FLAGS_REPLY = 1, 5


def channel_seeds():
    lies = {
        'one': [('MESSAGE', 1, 0, 8), ('RECEIVE',)],
        'byte_by_byte': [('MESSAGE', 1, 1, 8), ('DRAIN',)],
        'two_at_once': [('HEADER', 1, 1, 8), ('PAYLOAD', 7, 0, 8)] * 2 + [('FLUSH',), ('DRAIN',)],
        'header_in_two': [('HEADER', 1, 5, 4), ('FLUSH', 2, 3), ('RECEIVE',), ('FLUSH', 3, 0), ('WORD',), ('FLUSH',), ('DRAIN',)],
        'largest': [('MESSAGE', 1, 0, 2056), ('DRAIN',)],
        'too_large': [('HEADER', 1, 1, 2057), ('FLUSH',), ('DRAIN',), ('DRAIN',)],
        'size_of_4_gib': [('HEADER', 1, 1, 0xffffffff), ('FLUSH',), ('RECEIVE',)],
        'eight_descriptors': [('MESSAGE', 8, 0, 8), ('DRAIN',)],
        'nine_descriptors': [('MESSAGE', 9, 0, 8), ('DRAIN',)],
        'descriptors_in_two': [('HEADER', 1, 1), ('FLUSH', 5, 4), ('FLUSH', 5), ('DRAIN',)],
        'descriptors_on_payload': [('HEADER', 1, 1, 4), ('FLUSH',), ('WORD',), ('FLUSH', 1), ('DRAIN',)],
        'sixteen_descriptors': [('HEADER', 1, 1), ('FLUSH', 16), ('DRAIN',)],
        'closed_between': [('MESSAGE', 1, 0, 8), ('CLOSE',), ('DRAIN',)],
        'closed_within': [('HEADER', 1, 1, 8), ('FLUSH', 3), ('CLOSE',), ('DRAIN',)],
        'descriptors_never_read': [('MESSAGE', 5, 0, 8)],
        'unfinished_with_descriptors': [('HEADER', 1, 1, 8), ('FLUSH', 5), ('RECEIVE',)],
        'silence': [('HEADER', 1, 1, 8), ('FLUSH', 0, 6), ('TIMEOUT',), ('DRAIN',), ('SEND', 0, 1, 8)],
        'ours': [('SEND', 8, 5, 72), ('SEND', 0, 1, 2057), ('CLOSE',), ('SEND', 0, 1, 8)],
        'never_reads': [('SEND', 0, 1, 2056)] * 110,
    }
    for name, lines in lies.items():
        yield name, program(CHANNEL, *lines)


def backend_seeds():
    every = [('FEATURES', 0, 0, 0xffffffff), ('STATUS',), ('TABLE', 8, 4096, 1), ('CALL', 1, 0), ('NUM', 0, 0, 256),
             ('BASE', 0, 0, 0), ('ADDR',), ('KICK', 1, 0), ('ENABLE', 1, 0), ('GET_STATUS',), ('SLOT', 1, 4096, 5),
             ('SLOT', 0, 4096, 5), ('GET_CONFIG', 0, 6), ('SET_CONFIG', 0, 6), ('MTU', 0, 1500), ('CHECK',),
             ('GET_BASE',), ('RECONNECT',), ('TABLE', 9)]
    verbs = program({**VERB, 'STATUS': VERB['SET_STATUS']}, *every)
    # The handshake is six messages; a manner at each of them, and at the verbs behind.
    manners = {
        'honest': ('HONEST', 0, 0, 1), 'ones': ('ONES',), 'zero': ('HONEST',), 'other_id': ('HEADER', 1), 'no_reply_flag': ('HEADER', 0, 4),
        'size_more': ('HEADER', 0, 0, 1), 'size_less': ('HEADER', 0, 0, 0xffffffff), 'size_of_4_gib': ('SIZE', 0, 0, 0xffffffff),
        'size_zero': ('SIZE',), 'largest': ('SIZE', 0, 0, 2056), 'one_descriptor': ('FDS', 1), 'nine_descriptors': ('FDS', 9),
        'in_pieces': ('PIECES', 1, 0), 'part': ('PART', 13), 'twice': ('TWICE',), 'silent': ('SILENT',), 'closes': ('CLOSE',),
        'closes_within': ('CLOSE', 14), 'raw': ('RAW', 1, 2, 3), 'talks': ('TALK',), 'other_ring': ('INDEX', 0, 1, 7),
        'base_too_large': ('INDEX', 0, 0, 0x10000),
    }
    for name, manner in manners.items():
        for at in range(22):
            yield f'{name}_at_{at:02}', program(PEER, *[('ONES',)] * at, manner) + verbs
            yield f'{name}_server_at_{at:02}', program(PEER, *[('ONES',)] * at, manner) + verbs + step(0, 0, 0, 1 << 24)
    for features in (0, 1 << 30, 1 << 32 | 1 << 30):
        for protocol in (0, 0x1, 0x8, 0x200, 0x8000, 0x10000, 0x18219, 0xffffff):
            shift = (features & -features).bit_length() - 1 if features else 0
            yield f'features_{features:x}_protocol_{protocol:x}', program(
                PEER, ('HONEST', shift, 0, features >> shift), ('HONEST', 0, 0, protocol)) + verbs


def message_seeds():
    sizes = {1: 0, 2: 8, 5: 8 + 32, 6: 16, 8: 8, 9: 40, 10: 8, 11: 8, 12: 8, 13: 8, 14: 8, 18: 8, 22: 32, 24: 18, 25: 18,
             31: 24, 32: 24, 37: 40, 38: 40, 39: 8, 41: 16, 42: 8, 45: 8}
    ones = 0xffffffffffffffff
    for direction in (0, 1):
        for request in range(48 if direction == 0 else 12):
            size = sizes.get(request, 0) if direction == 0 else {1: 32, 3: 24, 4: 8, 5: 8, 6: 16, 7: 16, 8: 16, 9: 40, 10: 40}.get(request, 0)
            fds = 1 if direction == 0 and request in (5, 7, 12, 13, 14, 21, 32, 33, 37, 42) else 0
            payload = bytearray(max(size, 8))
            if request == 5:
                payload[0] = 1
            if request in (24, 25):
                payload[4] = 6
            for flags in (1, 9):
                head = struct.pack('<BBBBIQQQQ', direction, fds, 0, 0, 256, ones, ones, ones, ones)
                head += struct.pack('<IIIIIII', request, flags, size, request, 5, 8, size)
                yield f'direction_{direction}_request_{request:02}_flags_{flags}', head + bytes(4) + bytes(payload[:size]) + bytes(24)
    for regions, fds, size in ((1, 2, 40), (2, 1, 72), (8, 8, 264), (9, 8, 264), (0, 0, 8), (1, 1, 72), (2, 2, 40)):
        head = struct.pack('<BBBBIQQQQIIIIIIII', 0, fds, 0, 0, 256, ones, ones, ones, ones, 5, 1, size, 5, 5, 8, size, 0)
        yield f'mem_table_{regions}_regions_{fds}_descriptors_{size}_bytes', head + struct.pack('<II', regions, 0) + bytes(size - 8)


# --- text ---

KEYS = 'path mac queues queue_size server mrg_rxbuf in_order packed_vq cq iface speed vectorized deadline'.split()
VALUES = ['/tmp/sock', '52:54:00:12:34:56', '00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff', '0', '1', '128', '129', '4', '32768', '65536',
          '4294967296', '01', '-1', '0x10', 'unknown', '10000', '10', '60000', 'eth0', 'auto', '']


def devargs_seeds():
    yield 'empty', b''
    for number, value in enumerate(VALUES):
        for key in KEYS:
            yield f'{key}_{number:02}', f'path=/s,{key}={value}'.encode()
    yield 'everything', (b'path=/tmp/s,mac=52:54:00:12:34:56,queues=4,queue_size=512,server=1,mrg_rxbuf=0,in_order=0,'
                         b'packed_vq=0,cq=1,speed=10000,vectorized=1,deadline=100')
    yield 'longest_path', b'path=' + b'x' * 107
    yield 'too_long_path', b'path=' + b'x' * 108
    yield 'twice', b'path=/a,path=/b'
    yield 'no_value', b'path=/a,server'
    yield 'no_key', b'=/a'
    yield 'bracket', b'path=[/a,queues=2]'
    yield 'open_bracket', b'path=[/a,queues=2'
    yield 'commas', b',,,,path=/a,,,'
    yield 'control', b'path=/a\n'
    yield 'bytes', bytes(range(1, 256))
    yield 'many', b','.join(b'queues=1' for _ in range(40))


def quote(word):
    return '"' + ''.join(chr(c) if 32 <= c < 127 and c not in b'"\\' else f'\\x{c:02x}' for c in word) + '"'


def borders():
    """Numbers that sit on borders, as the operands of steps."""
    numbers = (0, 1, 2, 8, 9, 12, 13, 26, 255, 256, 268, 269, 1548, 1549, 2056, 2057, 0x7fff, 0x8000, 0xffff)
    return [struct.pack('<H', n) for n in numbers] + [struct.pack('<I', n) for n in (0x10000, 0x7fffffff, 0xffffffff)]


DICTIONARIES = {
    'devargs': [f'{key}='.encode() for key in KEYS] + [f',{key}='.encode() for key in KEYS]
    + [value.encode() for value in VALUES if value] + [b'[', b']', b',', b'='],
    'message': borders() + [struct.pack('<I', n) for n in range(46)] + [struct.pack('<Q', 1 << n) for n in (0, 3, 9, 26, 30, 32, 33, 34)],
}
SEEDS = {
    'devargs': devargs_seeds,
    'message': message_seeds,
    'channel': channel_seeds,
    'backend': backend_seeds,
    'rx': rx_seeds,
    'tx': tx_seeds,
    'control': control_seeds,
    'control_queue': control_queue_seeds,
}


def write(path, data):
    with open(path, 'wb') as file:
        file.write(data)


def main():
    if len(sys.argv) != 2 or sys.argv[1] == '--help':
        print(__doc__)
        return 0 if '--help' in sys.argv else 2
    top = sys.argv[1]
    shutil.rmtree(top, ignore_errors=True)
    for target, seeds in SEEDS.items():
        os.makedirs(os.path.join(top, target))
        for name, data in seeds():
            write(os.path.join(top, target, name), data)
        words_of = DICTIONARIES.get(target) or borders()
        write(os.path.join(top, target + '.dict'), ''.join(quote(w) + '\n' for w in words_of).encode())
    return 0


if __name__ == '__main__':
    sys.exit(main())
