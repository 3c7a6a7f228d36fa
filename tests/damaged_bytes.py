"""A file's bytes, damaged in ways that disks, networks and people have."""

from __future__ import annotations

import random
from collections.abc import Iterator


def damaged(whole: bytes, count: int, seed: int = 0) -> Iterator[bytes]:
    """So many damaged versions, each different from the whole, the same every time."""
    chance = random.Random(seed)
    while count:
        found = chance.choice(DAMAGES)(bytearray(whole), chance)
        if bytes(found) != whole:
            count -= 1
            yield bytes(found)


def one_bit(content: bytearray, chance: random.Random) -> bytearray:
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return content


def a_bit_near_the_beginning(content: bytearray, chance: random.Random) -> bytearray:
    content[chance.randrange(min(9000, len(content)))] ^= 1 << chance.randrange(8)
    return content


def some_bytes(content: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.randrange(2, 40)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return content


def a_block(content: bytearray, chance: random.Random) -> bytearray:
    start = chance.randrange(len(content))
    length = min(chance.choice((4, 64, 4096)), len(content) - start)
    content[start:start + length] = bytes([chance.choice((0, 255, 127))]) * length
    return content


def cut_off(content: bytearray, chance: random.Random) -> bytearray:
    return content[:chance.randrange(len(content))]


def a_hole(content: bytearray, chance: random.Random) -> bytearray:
    start = chance.randrange(len(content))
    del content[start:start + chance.randrange(1, 500)]
    return content


def something_more(content: bytearray, chance: random.Random) -> bytearray:
    at = chance.choice((0, len(content), chance.randrange(len(content))))
    content[at:at] = chance.randbytes(chance.randrange(1, 100))
    return content


DAMAGES = (one_bit, a_bit_near_the_beginning, some_bytes, a_block, cut_off, a_hole,
           something_more)
