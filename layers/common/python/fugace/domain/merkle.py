"""Merkle trees as RFC 6962 section 2.1 (RFC 9162 section 2.1) defines them: one hash that stands for a list.

0x00 before what a leaf is made of and 0x01 before two nodes keep one from passing for the other.
"""

import hashlib
from collections.abc import Iterator, Sequence


def leaf(data: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of what is above two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The hash of the whole list, from the hashes of its leaves; of an empty one, that of nothing."""
    top = hashlib.sha256().digest()
    for level in _levels(leaves):
        top = level[0]
    return top


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """What shows that leaf number `index` (from 0) is in the list: the hashes beside its way to the root.

    RFC 9162 section 2.1.3.1. Raises IndexError where there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    found = []
    for height, level in enumerate(_levels(leaves)):
        beside = (index >> height) ^ 1
        if beside < len(level):
            found.append(level[beside])
    return found


def included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` leads from the leaf to the root of a list of `size`; RFC 9162 section 2.1.3.2, step by step."""
    if not 0 <= index < size:
        return False
    here, last, found = index, size - 1, leaf
    for beside in path:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = node(beside, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node(found, beside)
        here, last = here >> 1, last >> 1
    return last == 0 and found == root


def _levels(leaves: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The tree from the leaves up. A node without a neighbour rises as it is.

    The RFC splits a list at the largest power of two below its length; pairing neighbours makes the same tree.
    """
    level = leaves
    while level:
        yield level
        if len(level) == 1:
            return
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [node(left, right) for left, right in pairs] + list(level[len(level) & ~1 :])
