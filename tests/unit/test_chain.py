"""A chain that is whole, and each way in which it is not."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from fugace.domain.chain import Broken, Reason, verify
from fugace.domain.ledger import GENESIS, Action, Draft, Entry, hashed
from tests.fakes import BAKERY, NOON, SHOP

Chain = list[Entry]


def purged(count: int = 1) -> Draft:
    return Draft(SHOP, NOON, Action.PURGED, "purge", "2026-01-15T11", {"record": count})


def linked(*drafts: Draft) -> Chain:
    """In a row, each on the one before."""
    chain: Chain = []
    for seq, draft in enumerate(drafts, 1):
        chain.append(Entry(seq, draft, chain[-1].hash if chain else GENESIS))
    return chain


def found(chain: Chain) -> Broken | None:
    return verify([entry.text for entry in chain], [entry.hash for entry in chain])


CHAIN = linked(*(purged(count) for count in range(1, 6)))


def test_a_whole_chain_is_whole() -> None:
    """Else everybody would be accused."""
    assert found(CHAIN) is None
    assert found([]) is None


def _dropped(chain: Chain) -> Chain:
    return chain[:2] + chain[3:]


def _swapped(chain: Chain) -> Chain:
    return [*chain[:2], chain[3], chain[2], *chain[4:]]


def _doubled(chain: Chain) -> Chain:
    return [*chain[:2], chain[1], *chain[2:]]


def _renumbered(chain: Chain) -> Chain:
    return [*chain[:2], *(replace(entry, seq=entry.seq - 1) for entry in chain[3:])]


def _replaced(chain: Chain) -> Chain:
    return [*chain[:1], replace(chain[1], draft=purged(9)), *chain[2:]]


def _foreign(chain: Chain) -> Chain:
    return [*chain[:2], replace(chain[2], draft=replace(chain[2].draft, tenant=BAKERY)), *chain[3:]]


def _unfit(chain: Chain) -> Chain:
    return linked(*(entry.draft for entry in chain[:2]), replace(purged(), object="+33639980001"))


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (_dropped, Reason.GAP),
        (_swapped, Reason.GAP),
        (_doubled, Reason.GAP),
        (_renumbered, Reason.UNLINKED),
        (_replaced, Reason.UNLINKED),
        (_foreign, Reason.FOREIGN),
        (_unfit, Reason.UNFIT),
    ],
)
def test_the_first_broken_place_is_named(tamper: Callable[[Chain], Chain], reason: Reason) -> None:
    """Where each hash is right by itself: whoever can write the file can hash it, too."""
    assert found(tamper(CHAIN)) == Broken(3, reason)


def test_a_hash_is_that_of_its_text() -> None:
    """Of the two, either may have been changed."""
    texts, hashes = [entry.text for entry in CHAIN], [entry.hash for entry in CHAIN]
    texts[3] = texts[3].replace('"record":4', '"record":3')

    assert verify(texts, hashes) == Broken(4, Reason.CHANGED)


def test_another_writing_of_the_same_is_not_what_was_hashed() -> None:
    """With a hash that fits it."""
    text = Entry(1, purged(), GENESIS).text.replace('"seq":1', '"seq": 1')

    assert verify([text], [hashed(text)]) == Broken(1, Reason.UNREADABLE)


def test_a_chain_begins_at_its_beginning() -> None:
    """A file without the first entries hides what they say."""
    assert found(CHAIN[1:]) == Broken(1, Reason.GAP)


def test_the_first_entry_follows_from_nothing() -> None:
    """A beginning that was cut off cannot be hidden by new numbers."""
    assert found([replace(CHAIN[0], prev="0" * 64)]) == Broken(1, Reason.UNLINKED)


def test_a_cut_end_is_not_seen() -> None:
    """What a chain cannot show by itself: for that there are checkpoints."""
    assert found(CHAIN[:3]) is None
