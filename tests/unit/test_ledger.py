"""What may enter the ledger, and how an entry is written and read."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from fugace.domain.fitness import MOST, check, personal
from fugace.domain.ids import TenantId, short
from fugace.domain.ledger import GENESIS, LONGEST, Action, Draft, Entry, Fact, UnfitError, hashed
from fugace.domain.retention import Kind, Period
from tests.fakes import BAKERY, FIRST, NOON, SHOP

KEY, OTHER_KEY, HOLD = "key_aaaaaaaa", "key_bbbbbbbb", "hold_abcdefghijkl2345"
HOUR, TIME = "2026-01-15T11", "2026-07-15T12:00:00.000Z"

REQUEST = "5a3c0e52-9f0e-4c8e-8d43-2f7f6ab1c001"

DRAFTS = {
    Action.TENANT_CREATED: Draft(SHOP, NOON, Action.TENANT_CREATED, "operator", SHOP, {"content.to": "P7D"}),
    Action.POLICY_CHANGED: Draft(
        SHOP,
        NOON,
        Action.POLICY_CHANGED,
        KEY,
        SHOP,
        {"content.from": "P7D", "content.to": "PT0S", "record.to": "P6M", "in_force_from": TIME},
    ),
    Action.HOLD_SET: Draft(
        SHOP, NOON, Action.HOLD_SET, KEY, HOLD, {"scope": "subject", "ground": "legal-claim", "until": TIME}
    ),
    Action.HOLD_LIFTED: Draft(SHOP, NOON, Action.HOLD_LIFTED, OTHER_KEY, HOLD, {"set_by": KEY, "scope": "subject"}),
    Action.HOLD_ENDED: Draft(SHOP, NOON, Action.HOLD_ENDED, "purge", HOLD, {"covers": 7, "deleted": 3}),
    Action.PURGED: Draft(SHOP, NOON, Action.PURGED, "purge", HOUR, {"record": 12, "content": 12, "keys": 3}),
    **{
        action: Draft(SHOP, NOON, action, actor, REQUEST, facts)
        for action, actor, facts in (
            (
                Action.REQUEST_FILED,
                KEY,
                {"kind": "erasure", "identity": "attested", "submitted": TIME, "due": TIME},
            ),
            (Action.REQUEST_EXTENDED, KEY, {"reason": "complexity", "due": TIME}),
            (Action.REQUEST_DENIED, KEY, {"reason": "too_many_requests"}),
            (Action.REQUEST_CANCELLED, KEY, {}),
            (Action.REQUEST_CLOSED, "request", {"state": "unverified"}),
            (Action.REQUEST_DONE, "request", {"kind": "access", "state": "completed"}),
            (Action.ERASURE_BEGUN, "request", {}),
            (Action.KEY_DESTROYED, "request", {}),
            (Action.ERASED, "request", {"state": "held", "messages": 41, "messages.left": 2, "carriers": 3}),
            (Action.CERTIFIED, "request", {"stage": "erased", "certificate": REQUEST}),
            (Action.ARCHIVE_MADE, "request", {"records": 12}),
            (Action.ARCHIVE_FETCHED, KEY, {}),
            (Action.RECTIFIED, "request", {"field": "to", "records": 2, "carriers.left": 1}),
            (Action.RESTRICTED, "request", {"ground": "accuracy"}),
            (Action.UNRESTRICTED, "request", {}),
            (Action.OBJECTED, "request", {}),
            (Action.UNOBJECTED, "request", {}),
            (Action.RESTORED, "operator", {"table": "messages", "kept": 12, "refused": 1}),
        )
    },
}

LEAKS = [
    "+33639980001",
    "0639980001",
    "06 39 98 00 01",
    "06.39.98.00.01",
    "06-39-98-00-01",
    "(0)639/98.00.01",
    "33639980001",
    "tel:+447700900123",
    "alice@mail.example",
    "Bonjour Alice",
    "Bonjour",
    "rendez-vous",
    "é",
    "hold_abc +33639980001",
    "x" * 65,
    "",
]


def changed(action: Action, **other: Any) -> Draft:
    """A draft that would be fit, but for `other`."""
    draft = DRAFTS[action]
    named = {name: getattr(draft, name) for name in ("tenant", "at", "action", "actor", "object", "facts")}
    return Draft(**{**named, **other})


def with_facts(action: Action, facts: dict[str, Any]) -> Draft:
    return changed(action, facts={**DRAFTS[action].facts, **facts})


@pytest.mark.parametrize("action", Action)
def test_each_action_has_a_shape(action: Action) -> None:
    """An action that nobody said the shape of could not be written at all."""
    check(DRAFTS[action])


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("action", Action)
def test_no_fact_takes_a_number_an_address_or_a_text(action: Action, leak: str) -> None:
    """The bucket that attests it cannot be erased for six years: one number in it would stay as long."""
    for name in DRAFTS[action].facts:
        with pytest.raises(UnfitError) as refused:
            check(with_facts(action, {name: leak}))
        assert str(refused.value).startswith(name)
        assert not leak or leak not in str(refused.value)


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("place", ["tenant", "actor", "object"])
def test_no_place_takes_a_number_an_address_or_a_text(place: str, leak: str) -> None:
    """What stands around the facts is written by callers, too."""
    with pytest.raises(UnfitError) as refused:
        check(changed(Action.PURGED, **{place: leak}))

    assert str(refused.value).startswith(place)


@pytest.mark.parametrize("leak", LEAKS)
def test_a_name_is_no_way_in(leak: str) -> None:
    """A fact's name is hashed and exported like its value, and it is not repeated in the error either."""
    with pytest.raises(UnfitError, match=r"^facts has one that the action does not know$"):
        check(with_facts(Action.PURGED, {leak: 1}))


@pytest.mark.parametrize(
    ("action", "facts"),
    [
        (Action.PURGED, {"record": -1}),
        (Action.PURGED, {"record": MOST}),
        (Action.PURGED, {"record": 33_639_980_001}),
        (Action.PURGED, {"record": True}),
        (Action.PURGED, {"record": 1.0}),
        (Action.PURGED, {"record": "12"}),
        (Action.PURGED, {"record": None}),
        (Action.PURGED, {"replies": 1}),
        (Action.HOLD_ENDED, {"covers": [1]}),
        (Action.POLICY_CHANGED, {"content.to": "P1W"}),
        (Action.POLICY_CHANGED, {"content.to": "P0M7D"}),
        (Action.POLICY_CHANGED, {"content.to": 7}),
        (Action.POLICY_CHANGED, {"content.to": "PT639980001S"}),
        (Action.POLICY_CHANGED, {"access.from": "P1M"}),
        (Action.POLICY_CHANGED, {"in_force_from": "2026-07-15"}),
        (Action.POLICY_CHANGED, {"in_force_from": "2026-07-15T12:00:00Z"}),
        (Action.POLICY_CHANGED, {"in_force_from": "2026-02-30T12:00:00.000Z"}),
        (Action.HOLD_SET, {"scope": "everything"}),
        (Action.HOLD_SET, {"ground": "because"}),
        (Action.HOLD_SET, {"message": FIRST.id}),
        (Action.HOLD_LIFTED, {"set_by": "key_aaaaaaa"}),
    ],
)
def test_a_fact_has_its_form(action: Action, facts: dict[str, Any]) -> None:
    """The one writing of a thing that is hashed, and nothing that only looks like it."""
    with pytest.raises(UnfitError):
        check(with_facts(action, facts))


@pytest.mark.parametrize(
    ("action", "facts"),
    [
        (Action.PURGED, {}),
        (Action.HOLD_SET, {"scope": "tenant", "ground": "legal-claim"}),
        (Action.HOLD_LIFTED, {}),
        (Action.POLICY_CHANGED, {"in_force_from": TIME}),
        (Action.POLICY_CHANGED, {"content.to": "P7D"}),
    ],
)
def test_an_entry_says_what_its_action_has_to_say(action: Action, facts: dict[str, Fact]) -> None:
    """A hold without its end, or a purge of nothing, proves nothing."""
    with pytest.raises(UnfitError):
        check(changed(action, facts=facts))


@pytest.mark.parametrize(
    ("action", "place", "value"),
    [
        (Action.PURGED, "object", "2026-01-15"),
        (Action.PURGED, "object", "2026-01-15T24"),
        (Action.PURGED, "object", HOLD),
        (Action.HOLD_SET, "object", "hold_1"),
        (Action.HOLD_SET, "object", FIRST.id),
        (Action.POLICY_CHANGED, "object", BAKERY),
        (Action.TENANT_CREATED, "object", BAKERY),
        (Action.PURGED, "actor", "key_abcdefghi"),
        (Action.PURGED, "actor", "somebody"),
        (Action.PURGED, "tenant", "ten_shop"),
        (Action.PURGED, "at", NOON.replace(tzinfo=None)),
    ],
)
def test_an_object_belongs_to_its_action(action: Action, place: str, value: object) -> None:
    """An id of another thing would make the entry say something about that."""
    with pytest.raises(UnfitError, match=f"^{place}"):
        check(changed(action, **{place: value}))


def test_what_the_operator_may_allow_can_be_written() -> None:
    """A choice that the bounds let through must not fail at the ledger."""
    for period in (Period(), Period(seconds=1), Period(120, 3653 * 86_400 + 86_399), Period(months=312)):
        check(with_facts(Action.POLICY_CHANGED, {f"{kind}.to": str(period) for kind in Kind}))


@pytest.mark.parametrize("text", [SHOP, KEY, short("hold"), FIRST.id, HOUR, TIME, "P120M3653DT86399S", "legal-claim"])
def test_opaque_things_pass_for_what_they_are(text: str) -> None:
    """Ids and times have digits, too: a writer that takes them for numbers stops the purge."""
    assert not personal(text)


@pytest.mark.parametrize("draft", DRAFTS.values(), ids=DRAFTS)
def test_an_entry_is_read_as_it_was_written(draft: Draft) -> None:
    """The chain is checked from texts alone."""
    entry = Entry(3, draft, GENESIS)

    assert Entry.read(entry.text) == entry
    assert hashed(entry.text) == entry.hash
    assert len(entry.text) < LONGEST / 4


def test_the_text_is_the_canonical_one() -> None:
    """Written down here so that an auditor's own verifier, in another language, has something to hold on to."""
    entry = Entry(1, DRAFTS[Action.PURGED], GENESIS)

    assert entry.text == (
        '{"action":"purged","actor":"purge","at":"2026-01-15T12:00:00.000Z",'
        '"facts":{"content":12,"keys":3,"record":12},"object":"2026-01-15T11",'
        '"prev":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",'
        '"seq":1,"tenant":"ten_shopshopshopshop"}'
    )
    assert entry.hash == "5b85f3b05d51daee95dd50ca4d4439721bb65229536f126615a894d6f0f5ae58"


def _said_differently() -> list[str]:
    text = Entry(1, DRAFTS[Action.PURGED], GENESIS).text
    raw = json.loads(text)
    return [
        json.dumps(raw, sort_keys=True),
        json.dumps(dict(reversed(raw.items())), separators=(",", ":")),
        text + "\n",
        " " + text,
        text.replace('"seq":1', '"seq":1,"seq":1'),
        text.replace('"seq":1', '"note":"","seq":1'),
        text.replace('"seq":1', '"seq":1.0'),
        text.replace('"seq":1', '"seq":true'),
        text.replace('"seq":1', '"seq":0'),
        text.replace('"seq":1', '"seq":"1"'),
        text.replace('"seq":1,', ""),
        text.replace("purged", "\\u0070urged"),
        text.replace("purged", "purgéd"),
        text.replace("12:00:00.000Z", "12:00:00Z"),
        text.replace("12:00:00.000Z", "12:00:00.000+00:00"),
        text.replace("12:00:00.000Z", "13:00:00.000+01:00"),
        text.replace(GENESIS, GENESIS.upper()),
        text.replace(GENESIS, GENESIS[:-1]),
        text.replace('{"content":12,"keys":3,"record":12}', "[]"),
        text.replace('{"content":12,"keys":3,"record":12}', '"none"'),
        text.replace('"content":12', '"content":NaN'),
        text.replace('"content":12', '"content":' + "9" * 5000),
        text.replace('"content":12', '"content":' + "[" * 3500),
        "[" * 100_000,
        "[]",
        "null",
        "",
    ]


@pytest.mark.parametrize("text", _said_differently())
def test_only_the_canonical_text_is_read(text: str) -> None:
    """Two texts that say the same would be two hashes, and one of them is not in the chain."""
    with pytest.raises(ValueError, match=r"^not the text of an entry$"):
        Entry.read(text)


def test_times_are_kept_to_the_millisecond() -> None:
    """Truncated, never rounded into the future."""
    draft = changed(Action.PURGED, at=NOON + timedelta(microseconds=999_999))

    assert Entry.read(Entry(1, draft, GENESIS).text).draft.at == NOON + timedelta(milliseconds=999)


def test_another_zone_is_the_same_text() -> None:
    """Two writers in two zones write one hash."""
    local = datetime.fromisoformat("2026-01-15T13:00:00+01:00")

    assert Entry(1, changed(Action.PURGED, at=local), GENESIS).text == Entry(1, DRAFTS[Action.PURGED], GENESIS).text


def test_a_tenant_is_not_only_a_type() -> None:
    """`TenantId` says nothing at run time."""
    with pytest.raises(UnfitError):
        check(changed(Action.PURGED, tenant=TenantId("+33639980001")))


@pytest.mark.parametrize("leak", [leak for leak in LEAKS if leak not in {"", "Bonjour", "rendez-vous"}])
def test_the_last_line_of_defence_knows_no_form(leak: str) -> None:
    """Should a form be loosened one day, numbers, addresses and sentences stay outside all the same."""
    assert personal(leak)
