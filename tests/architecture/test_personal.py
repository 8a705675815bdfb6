"""I3: every stored attribute is declared as personal, or is on a list that somebody has reviewed."""

from pynamodb.models import Model

from fugace.adapters.dynamo import tables
from fugace.adapters.dynamo.attributes import Pseudonym, Sealed

# What an attribute outside this list would have to be: sealed with a person's key, or a pseudonym that leaves with it.
NOT_PERSONAL = {
    "MessageItem": {
        *("key", "epoch", "anchor", "shard", "status", "history", "queued_at", "claimed_at", "encoding", "segments"),
        *("category", "carrier", "at_least_once", "validity", "expires_at", "content_until", "test", "drop_content"),
        *("sender", "campaign", "fingerprint", "parts"),
    },
    "SubjectKeyItem": {"tenant", "epoch", "wrapped", "erasing", "erased"},
    "RootKeyItem": {"tenant", "item", "sealed"},
    "TenantItem": {"tenant", "item", "name", "carrier", "created", "keep_content", "keep_record", "shards", "wrapped"},
    "ApiKeyItem": {
        *("tenant", "item", "role", "live", "digest", "created", "expires", "revoked", "last_used", "note"),
    },
    "WebhookItem": {"tenant", "item", "url", "events", "secrets", "created", "failing_since", "disabled"},
    "AttemptsItem": {"tenant", "item", "attempts", "expires_at"},
    "MarkItem": {"tenant", "item", "reached", "expires_at"},
}


def models() -> dict[str, type[Model]]:
    found = {name: kind for name, kind in vars(tables).items() if isinstance(kind, type) and issubclass(kind, Model)}
    return {name: kind for name, kind in found.items() if kind.get_attributes() and kind is not Model}


def test_a_new_attribute_says_whether_it_is_personal() -> None:
    """What nobody has declared is what nobody will erase."""
    undeclared = {
        f"{name}.{field}"
        for name, model in models().items()
        for field, attribute in model.get_attributes().items()
        if not isinstance(attribute, Sealed | Pseudonym) and field not in NOT_PERSONAL.get(name, set())
    }

    assert undeclared == set()


def test_number_text_and_reference_are_sealed() -> None:
    """The three things that a client tells us of a person have no other place."""
    fields = models()["MessageItem"].get_attributes()

    assert {name for name, attribute in fields.items() if isinstance(attribute, Sealed)} == {"to", "text", "reference"}


def test_the_list_names_nothing_that_is_gone() -> None:
    """A list that is never shortened is not read."""
    there = {name: set(model.get_attributes()) for name, model in models().items()}

    assert not {f"{name}.{field}" for name, fields in NOT_PERSONAL.items() for field in fields - there.get(name, set())}
