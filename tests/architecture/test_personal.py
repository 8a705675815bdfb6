"""I3: every stored attribute is on the personal-data map, and what the map says of it is so."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from pynamodb.attributes import Attribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from fugace.adapters.dynamo import departures, tallies, webhooks
from fugace.adapters.dynamo import tenants as registers
from fugace.adapters.dynamo.attributes import Bytes, Declared, Number, Pseudonym, Pseudonyms, Sealed, Text
from fugace.adapters.dynamo.tables.row import Stored
from fugace.datamap import cases, fields, keys, ledger, messages, purge, tenants
from fugace.datamap.entry import About, Category, Field, Fixed, Leaving, Protection, Row
from fugace.datamap.place import State
from fugace.datamap.places import PLACES
from fugace.domain.retention import Kind, Period
from tests.models import MODELS

PARTS = (messages, keys, tenants, purge, ledger, cases)


def models() -> dict[str, type[Model]]:
    return MODELS


def attributes() -> list[tuple[str, Declared[Any]]]:
    """Every attribute of every row and index."""
    found = []
    for name, model in models().items():
        indexes = [index.Meta.attributes for index in model._indexes.values()]
        for declared in (model.get_attributes(), *indexes):
            found += [(f"{name}.{python}", attribute) for python, attribute in declared.items()]
    return found


def entries() -> dict[str, Field]:
    """Every entry for a stored attribute, by the names of its class and itself."""
    return {f"{kind.__name__}.{name}": each for kind in fields.ROWS for name, each in fields.entries(kind).items()}


def row(**more: Any) -> Row:
    return Row(**{"name": "r", "table": "t", "what": "w", "purpose": "p", "ground": "g", "kept": Kind.RECORD, **more})


def test_an_attribute_without_an_entry_cannot_be_defined() -> None:
    """What nobody has declared is what nobody will erase."""
    with pytest.raises(TypeError, match=r"Careless\.nickname has no entry"):
        type("Careless", (Stored,), {"nickname": UnicodeAttribute(null=True)})

    with pytest.raises(TypeError, match="entry"):
        Text(null=True)  # type: ignore[call-arg]  # this is the point


def test_nor_can_one_of_an_index() -> None:
    """An index is a copy of what it is sorted by."""

    class Meta:
        index_name = "by-nickname"
        projection = KeysOnlyProjection()

    index = type("ByNickname", (GlobalSecondaryIndex,), {"Meta": Meta, "nickname": UnicodeAttribute(hash_key=True)})

    with pytest.raises(TypeError, match=r"by-nickname: nickname has no entry"):
        type("Careless", (Stored,), {"by_nickname": index()})


def test_nor_one_with_the_entry_of_another_row() -> None:
    """It would be kept, exported and erased as that row is."""
    mixed = {"to": Sealed(messages.Message.to), "epoch": Number(keys.SubjectKey.epoch)}

    with pytest.raises(TypeError, match="Careless is declared with entries of message, subject-key"):
        type("Careless", (Stored,), mixed)


@pytest.mark.parametrize(
    ("kind", "entry"),
    [
        (Text, messages.Message.to),
        (Text, messages.Message.subject),
        (Bytes, messages.Message.text),
        (Sealed, keys.RootKey.sealed),
    ],
)
def test_a_kind_takes_no_entry_that_promises_what_it_does_not_keep(kind: type[Declared[Any]], entry: Field) -> None:
    """The map says `sealed`: then it is."""
    with pytest.raises(TypeError, match=f"{entry.label} is declared as {kind.__name__}, and its entry says"):
        kind(entry)


def test_every_model_is_one_that_checks() -> None:
    """One that comes from PynamoDB alone would not ask."""
    assert all(issubclass(model, Stored) for model in models().values())
    assert len(models()) == 20


def test_rows_and_entries_are_the_same_things() -> None:
    """An entry that nothing is declared with describes nothing; a shared one hides one of two things."""
    declared = {id(attribute.entry): where for where, attribute in attributes()}
    base = [attribute.entry.label for model in models().values() for attribute in model.get_attributes().values()]

    assert {name for name, entry in entries().items() if id(entry) not in declared} == set()
    assert [label for label, times in Counter(base).items() if times > 1] == []
    assert len(base) == len(entries())


def test_every_class_of_entries_is_among_the_rows() -> None:
    """What is printed, written down and tested is what is there."""
    there = {
        kind
        for part in PARTS
        for kind in vars(part).values()
        if isinstance(kind, type) and isinstance(vars(kind).get("row"), Row)
    }

    assert there == set(fields.ROWS)
    assert set(fields.FIELDS) == set(entries().values())


def test_an_entry_is_named_as_its_attribute() -> None:
    """`Message.to` declares `MessageItem.to`: whoever reads one finds the other."""
    named = {id(entry): name for name, entry in entries().items()}

    assert {
        where: named[id(attribute.entry)]
        for where, attribute in attributes()
        if where.replace("Item.", ".") != named[id(attribute.entry)]
    } == {}


def test_what_tells_of_a_person_is_exported_if_and_only_if_it_is_erased() -> None:
    """The list of exceptions, each with its reason in the map: who adds one changes this list."""
    personal = [entry for entry in entries().values() if entry.about is About.RECIPIENT]
    apart = {entry.label for entry in personal if not entry.exported or entry.leaving is Leaving.STAYS}

    assert apart == {
        "message.print",  # a digest of what is exported
        *("subject-key.subject", "subject-key.erased"),  # the tombstone
        "subject-key.wrapped",  # a key
        *("hold.message", "hold.subject"),  # what keeps the rest
        *("attempts.attempts", "tally.lines", "departure.subjects"),  # found by nobody's name, and short
        "subject-key.objected",  # an objection is remembered to be respected
        *(f"case.{each}" for each in ("item", "kind", "state", "submitted", "received", "due_at", "identity")),
        *("case.reason", "case.extended"),  # that a request was answered: once it is unlinked, whose nobody can tell
        *("case.number", "case.correction", "case.print"),  # the person's own words, and a digest of them
        "case.commitment",  # opened by the controller alone
        *("claim.item", "recall.lines"),  # the same pseudonyms as in case and message
    }


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"about": About.RECIPIENT, "leaving": Leaving.ROW}, "is not both exported and erased"),
        ({"about": About.RECIPIENT, "leaving": Leaving.STAYS, "exported": "x"}, "is not both exported and erased"),
        ({"about": About.RECIPIENT, "leaving": Leaving.STAYS}, "is not both exported and erased"),
        ({"about": About.NOBODY}, "does not say why"),
        ({"about": About.STAFF, "because": "so", "exported": "x"}, "is about nobody written to, and exported"),
        ({"about": About.NOBODY, "because": "so", "what": ""}, "says nothing"),
    ],
)
def test_an_entry_that_contradicts_itself_is_refused(more: dict[str, Any], said: str) -> None:
    """The map is read before anything else is: nothing starts with a wrong one."""
    usual = {
        "row": row(),
        "name": "n",
        "what": "w",
        "about": About.NOBODY,
        "category": Category.WORK,
        "protection": Protection.AT_REST,
        "kept": Kind.RECORD,
        "leaving": Leaving.ROW,
        "exported": "",
        "because": "",
    }

    with pytest.raises(ValueError, match=f"the entry of r.n? .*{said}"):
        Field(**{**usual, **more})


def test_number_text_and_reference_are_sealed() -> None:
    """The three things that a client tells us of a person have no other place."""
    assert {where for where, each in attributes() if isinstance(each, Sealed)} == {
        "MessageItem.to",
        "MessageItem.text",
        "MessageItem.reference",
        *("CaseItem.sealed", "CaseItem.correction"),
    }


def test_whoever_is_known_by_something_is_known_by_a_pseudonym() -> None:
    """These find a person: they are what an erasure starts from."""
    assert {where for where, each in attributes() if isinstance(each, Pseudonym | Pseudonyms)} == {
        *("MessageItem.subject", "MessageItem.carrier_ref", "SubjectKeyItem.subject"),
        *("HoldItem.subject", "DepartureItem.subjects"),
        *("CaseItem.subject", "CaseItem.commitment", "ClaimItem.item"),
    }


def test_what_a_tenant_writes_freely_is_on_a_list() -> None:
    """The only readable text there is: none of it may be about a person written to."""
    readable = {name: entry for name, entry in entries().items() if entry.protection is Protection.READABLE}

    assert set(readable) == {"Tenant.name", "ApiKey.note", "Webhook.url", "Case.callbacks", "Case.certificate"}
    assert all(entry.about is not About.RECIPIENT for entry in readable.values())


def test_everything_has_an_end_or_says_what_ends_it() -> None:
    """`For ever` is no period (Art. 5(1)(e))."""
    for entry in entries().values():
        assert isinstance(entry.kept, Kind) or (isinstance(entry.kept, Fixed) and entry.kept.reason)


def test_no_model_is_stored_in_a_table_that_its_entries_do_not_name() -> None:
    """Back-ups, streams and expiry are those of the table."""
    assert {entry.row.table for entry in entries().values()} == {
        *("messages", "subject-keys", "tenants", "purge", "ledger", "cases")
    }


def test_attributes_of_rows_are_ours_alone() -> None:
    """PynamoDB's own kinds have no entry."""
    assert all(isinstance(each, Declared) for _, each in attributes())
    assert not any(type(each).__module__.startswith("pynamodb") for _, each in attributes())
    assert isinstance(Text(messages.Message.key), Attribute)


def test_rows_are_kept_as_long_as_their_entries_say() -> None:
    """What no tenant chooses is a constant beside the code that writes it."""
    for row_, kept in (
        (tenants.Attempts.row, webhooks.LOG_KEPT),
        (tenants.Mark.row, registers.REGISTER_KEPT),
        (purge.Tally.row, tallies.KEPT),
        (purge.Departure.row, departures.KEPT),
    ):
        assert isinstance(row_.kept, Fixed)
        assert row_.kept.period == Period(seconds=int(kept.total_seconds())), row_.name


# Places.


def test_all_places_are_there_in_their_order() -> None:
    """A place that nobody thinks of is where somebody is found again."""
    assert list(PLACES) == list(range(1, 38))


def test_a_place_leaves_no_question_open() -> None:
    """Each of them is asked the same."""
    for each in PLACES.values():
        words = (
            each.name,
            each.what,
            each.purpose,
            each.ground,
            each.protection,
            each.exported,
            each.erased,
            each.probe,
        )
        assert all(words), each
        assert each.outlives == timedelta(0) or each.state is not State.BANNED, each


def test_what_is_banned_holds_nothing_and_what_is_present_holds_something() -> None:
    """Three words, three meanings."""
    for each in PLACES.values():
        assert bool(each.categories) is (each.state is not State.BANNED) or each.number == 35, each
        if each.state is State.BOUNDED:
            assert not {Category.NUMBER, Category.CONTENT} & set(each.categories), each


def test_nothing_in_clear_is_kept_by_us() -> None:
    """Only the carrier, who delivers it, has number and text in clear."""
    clear = {
        each.number
        for each in PLACES.values()
        if Category.NUMBER in each.categories and "sealed" not in each.protection
    }

    assert clear == {29}
