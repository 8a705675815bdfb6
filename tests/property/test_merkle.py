"""The tree against the vectors that Certificate Transparency publishes, and against its definition."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fugace.domain import merkle

# google/certificate-transparency, `merkle_tree_test.cc` (and transparency-dev/merkle, `testonly/constants.go`).
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
LISTS = st.lists(st.binary(max_size=4), min_size=1, max_size=70)


def defined(data: list[bytes]) -> bytes:
    """MTH as RFC 6962 section 2.1 writes it."""
    if not data:
        return hashlib.sha256().digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    half = 1 << ((len(data) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + defined(data[:half]) + defined(data[half:])).digest()


def defined_path(index: int, data: list[bytes]) -> list[bytes]:
    """PATH as RFC 6962 section 2.1.1 writes it."""
    if len(data) == 1:
        return []
    half = 1 << ((len(data) - 1).bit_length() - 1)
    if index < half:
        return [*defined_path(index, data[:half]), defined(data[half:])]
    return [*defined_path(index - half, data[half:]), defined(data[:half])]


def hashed(data: list[bytes]) -> list[bytes]:
    return [merkle.leaf(each) for each in data]


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots(size: int) -> None:
    """Whoever checks our trees with another library has to come to the same hash."""
    assert merkle.root(hashed(LEAVES[:size])).hex() == ROOTS[size]


@given(LISTS)
def test_the_root_is_the_defined_one(data: list[bytes]) -> None:
    """Pairing neighbours is faster than the RFC's recursion, and the same tree for every length."""
    assert merkle.root(hashed(data)) == defined(data)


@given(LISTS, st.data())
def test_the_path_is_the_defined_one_and_leads_to_the_root(data: list[bytes], draw: st.DataObject) -> None:
    """A proof that other verifiers do not take is none."""
    index = draw.draw(st.integers(0, len(data) - 1))
    path = merkle.path(hashed(data), index)

    assert path == defined_path(index, data)
    assert merkle.included(merkle.leaf(data[index]), index, len(data), path, defined(data))


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40, unique=True), st.data())
def test_nothing_else_leads_to_the_root(data: list[bytes], draw: st.DataObject) -> None:
    """Another leaf, another place, a longer, shorter or bent path: each would let a head pass that was not signed."""
    index = draw.draw(st.integers(0, len(data) - 1))
    leaves, root = hashed(data), merkle.root(hashed(data))
    leaf, path, size = leaves[index], merkle.path(leaves, index), len(leaves)

    assert not merkle.included(merkle.leaf(b"other"), index, size, path, root)
    assert not merkle.included(leaf, index, size, [*path, leaf], root)
    assert not any(merkle.included(leaf, index, size, path[:end], root) for end in range(len(path)))
    assert not any(
        merkle.included(leaf, index, size, [*path[:place], merkle.leaf(each), *path[place + 1 :]], root)
        for place, each in enumerate(path)
    )
    assert not any(merkle.included(leaf, other, size, path, root) for other in range(-1, size + 1) if other != index)


@given(st.lists(st.binary(max_size=4), min_size=2, max_size=40))
def test_a_node_does_not_pass_for_a_leaf(data: list[bytes]) -> None:
    """The second preimage that the prefixes are there against: what is above two leaves, offered as one."""
    leaves = hashed(data)
    shorter = [leaves[0] + leaves[1], *data[2:]]

    assert merkle.root(hashed(shorter)) != merkle.root(leaves)


def test_there_is_no_path_from_nowhere() -> None:
    """An index that wraps around would give the path of another tenant."""
    for index in (-1, 2):
        with pytest.raises(IndexError):
            merkle.path(hashed(LEAVES[:2]), index)
