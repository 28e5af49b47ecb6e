#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""gaps.py DISK HOW LAYOUT...: write to DISK from pieces of memory that are not page after page, and read back into such.

A layout is a comma list of OFFSET/LENGTH: each piece begins at this offset of a page of its own. HOW is vector (preadv
and pwritev past the page cache) or sg (SG_IO with an iovec). What goes by a layout is compared with what goes by one
piece, both ways; exit status 1 if they differ.
"""
import array
import fcntl
import os
import random
import struct
import sys

PAGE = 4096
SG_IO, SG_TO_DEV, SG_FROM_DEV = 0x2285, -2, -3
WRITE_10, READ_10 = 0x2A, 0x28


class Pieces:
    """Memory by a layout"""

    def __init__(self, layout):
        self.at = []
        room = sum((offset + length + PAGE - 1) // PAGE + 1 for offset, length in layout)
        self.memory = array.array("B", bytes((room + 1) * PAGE))
        here = -self.memory.buffer_info()[0] % PAGE
        for offset, length in layout:
            self.at.append((here + offset, length))
            # Not the next page: that would be no gap
            here += ((offset + length + PAGE - 1) // PAGE + 1) * PAGE

    def views(self):
        return [memoryview(self.memory)[a:a + n] for a, n in self.at]

    def fill(self, data):
        for view in self.views():
            view[:], data = data[:len(view)], data[len(view):]

    def data(self):
        return b"".join(self.views())

    def iovec(self):
        base = self.memory.buffer_info()[0]
        return array.array("Q", [word for a, n in self.at for word in (base + a, n)])


def vector(disk, write, pieces, place, size):
    done = os.pwritev(disk, pieces.views(), place) if write else os.preadv(disk, pieces.views(), place)
    if done != size:
        sys.exit(f"{done} bytes of {size}")


def sg(disk, write, pieces, place, size):
    iovec, cdb = pieces.iovec(), array.array("B", bytes(10))
    struct.pack_into(">BBIBH", cdb, 0, WRITE_10 if write else READ_10, 0, place // 512, 0, size // 512)
    hdr = bytearray(struct.pack("=iiBBHIQQQIIi4xQBBBBHHiII4x", ord("S"), SG_TO_DEV if write else SG_FROM_DEV, len(cdb), 0,
                                len(pieces.at), size, iovec.buffer_info()[0], cdb.buffer_info()[0], 0, 30000, 0, 0, 0,
                                0, 0, 0, 0, 0, 0, 0, 0, 0))
    fcntl.ioctl(disk, SG_IO, hdr)
    info, resid = struct.unpack_from("=I", hdr, 80)[0], struct.unpack_from("=i", hdr, 72)[0]
    if info & 1 or resid:
        sys.exit(f"SG_IO: info {info}, {resid} bytes missing")


def round_trip(disk, how, layout):
    size = sum(length for _, length in layout)
    place = random.randrange(1 << 10) * PAGE
    for by, check in ((layout, [(0, size)]), ([(0, size)], layout)):
        data, out, back = os.urandom(size), Pieces(by), Pieces(check)
        out.fill(data)
        how(disk, True, out, place, size)
        how(disk, False, back, place, size)
        if back.data() != data:
            sys.exit(f"{by}, then {check}: other data")


def main():
    disk = os.open(sys.argv[1], os.O_RDWR | os.O_DIRECT)
    for text in sys.argv[3:]:
        layout = [tuple(map(int, piece.split("/"))) for piece in text.split(",")]
        round_trip(disk, {"vector": vector, "sg": sg}[sys.argv[2]], layout)


main()
