"""What a tenant may do with its webhooks."""

from datetime import timedelta

import pytest

from fugace.domain import webhooks as rules
from fugace.domain.errors import BadRequestError, LimitReachedError, NotFoundError, WebhookRefusedError
from fugace.domain.tenant import Attempt, Webhook
from functions.dlr.letter import Letter
from functions.dlr.webhooks import MOST, Desk
from tests.fakes import BAKERY, FIRST, NOON, SHOP, FakeClock, FakeQueue, FakeVault, FakeWebhooks

URL = "https://shop.example/hook"


@pytest.fixture
def desk() -> Desk:
    clock = FakeClock()
    return Desk(FakeWebhooks(clock), FakeVault(), FakeQueue(), clock, {"http://127.0.0.1:4571"})


def signing(desk: Desk, webhook: Webhook) -> list[str]:
    """The secrets that sign now, as their owner knows them."""
    purpose = rules.sealing(webhook.id)
    valid = [secret for secret in webhook.secrets if secret.until is None or desk.clock() < secret.until]
    return [rules.shown(desk.vault.open(SHOP, purpose, secret.sealed)) for secret in valid]


def test_a_new_webhook_s_secret_is_shown_and_kept_sealed(desk: Desk) -> None:
    """Whoever reads the table cannot sign for us."""
    webhook, secret = desk.create(SHOP, URL, ["message.delivered"])

    kept = desk.get(SHOP, webhook.id)
    assert kept == webhook
    assert kept.events == {"message.delivered"}
    assert signing(desk, kept) == [secret]
    assert secret.encode() not in kept.secrets[0].sealed


def test_an_address_that_is_never_called_is_not_taken(desk: Desk) -> None:
    """Better now than in a log that nobody reads. The operator's exceptions are."""
    for url in ("http://shop.example/hook", "https://10.0.0.1/"):
        with pytest.raises(WebhookRefusedError):
            desk.create(SHOP, url, ())

    assert desk.create(SHOP, "http://127.0.0.1:4571/hook", ())[0].url == "http://127.0.0.1:4571/hook"


@pytest.mark.parametrize("event", ["message.accepted", "message.read", "delivered", rules.TEST])
def test_an_event_that_does_not_exist_is_refused(desk: Desk, event: str) -> None:
    """A spelling mistake would be a webhook that never hears anything. What was misspelt is not repeated."""
    with pytest.raises(BadRequestError) as error:
        desk.create(SHOP, URL, ["message.delivered", event])

    assert [(each.pointer, each.reason) for each in error.value.errors] == [("/events", "unknown event")]


def test_a_tenant_has_ten_webhooks_at_most(desk: Desk) -> None:
    """Every event is told to each of them. Another tenant's do not count."""
    for _ in range(MOST):
        desk.create(SHOP, URL, ())

    with pytest.raises(LimitReachedError):
        desk.create(SHOP, URL, ())
    assert desk.create(BAKERY, URL, ())


def test_a_new_secret_leaves_no_gap(desk: Desk) -> None:
    """For a day both sign, so that receivers change over when they can."""
    webhook, old = desk.create(SHOP, URL, ())

    rotated, new = desk.rotate(SHOP, webhook.id)

    assert signing(desk, rotated) == [new, old]
    desk.clock.tick(hours=24)
    assert signing(desk, rotated) == [new]


def test_an_old_secret_s_day_is_not_prolonged(desk: Desk) -> None:
    """Rotated because it leaked, it must end when it was said to end; and what has ended is not kept."""
    webhook, first = desk.create(SHOP, URL, ())
    _, second = desk.rotate(SHOP, webhook.id)
    desk.clock.tick(hours=23)

    rotated, third = desk.rotate(SHOP, webhook.id)

    assert signing(desk, rotated) == [third, second, first]
    desk.clock.tick(hours=2)
    rotated, fourth = desk.rotate(SHOP, webhook.id)
    assert signing(desk, rotated) == [fourth, third, second]
    assert len(rotated.secrets) == 3


def test_secrets_do_not_pile_up(desk: Desk) -> None:
    """Each one that is valid is one more signature in a header of limited length."""
    webhook, _ = desk.create(SHOP, URL, ())

    for _ in range(9):
        rotated, newest = desk.rotate(SHOP, webhook.id)

    assert len(rotated.secrets) == 4
    assert signing(desk, rotated)[0] == newest


def test_rotating_a_secret_changes_nothing_else(desk: Desk) -> None:
    """A disabled webhook stays so until it has been heard of."""
    webhook, _ = desk.create(SHOP, URL, ["message.delivered"])
    desk.webhooks.failing(SHOP, webhook.id, NOON, disabled="gone")

    rotated, _ = desk.rotate(SHOP, webhook.id)

    assert (rotated.events, rotated.disabled, rotated.created) == (webhook.events, "gone", webhook.created)


def test_one_webhook_s_secret_cannot_be_put_into_another_s_row(desk: Desk) -> None:
    """It is sealed for the one it belongs to."""
    first, _ = desk.create(SHOP, URL, ())
    second, _ = desk.create(SHOP, URL, ())

    with pytest.raises(ValueError, match="opened"):
        desk.vault.open(SHOP, rules.sealing(second.id), first.secrets[0].sealed)


def test_a_test_goes_through_the_queue_of_all_events(desk: Desk) -> None:
    """What is tested is the way that events take."""
    webhook, _ = desk.create(SHOP, URL, ())

    letter = desk.test(SHOP, webhook.id)

    assert [Letter.read(body) for body in desk.queue.sent] == [letter]
    assert (letter.webhook, letter.test, letter.attempt) == (webhook.id, True, 1)


def test_the_delivery_log_is_given_newest_first(desk: Desk) -> None:
    """As somebody looks for what has just gone wrong."""
    webhook, _ = desk.create(SHOP, URL, ())
    lines = [Attempt(FIRST.id, 4, number, NOON + timedelta(minutes=number), "500", 12) for number in (1, 2, 3)]
    desk.webhooks.log(SHOP, webhook.id, lines)

    assert desk.deliveries(SHOP, webhook.id, 2) == [lines[2], lines[1]]


def test_a_removed_webhook_is_gone(desk: Desk) -> None:
    """Removing it twice says so."""
    webhook, _ = desk.create(SHOP, URL, ())

    desk.remove(SHOP, webhook.id)

    assert desk.all(SHOP) == []
    with pytest.raises(NotFoundError):
        desk.remove(SHOP, webhook.id)


@pytest.mark.parametrize("name", ["wh_aaaaaaaaaaaaaaaa", "", "wh_1", "../tenant", "wh_aaaaaaaaaaaaaaaa/x"])
def test_what_is_not_there_is_not_found(desk: Desk, name: str) -> None:
    """Nor is what could not be there: an id in a path goes into a key."""
    for ask in (desk.get, desk.remove, desk.rotate, desk.test):
        with pytest.raises(NotFoundError):
            ask(SHOP, name)
    with pytest.raises(NotFoundError):
        desk.deliveries(SHOP, name, 1)


def test_another_tenant_s_webhook_does_not_exist(desk: Desk) -> None:
    """Tenants are walls (I8)."""
    webhook, _ = desk.create(BAKERY, URL, ())

    for ask in (desk.get, desk.remove, desk.rotate, desk.test):
        with pytest.raises(NotFoundError):
            ask(SHOP, webhook.id)
    with pytest.raises(NotFoundError):
        desk.deliveries(SHOP, webhook.id, 1)
    assert desk.all(SHOP) == []
    assert desk.get(BAKERY, webhook.id) == webhook
