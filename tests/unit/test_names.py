"""Names that tenants give are kept in clear and put into URLs: nobody may be known by one."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fugace.domain.names import resembles

NUMBERS = [
    "+33639980001",
    "0033639980001",
    "33639980001",
    "639980001",
    "0639980001",
    "06.39.98.00.01",
    "06-39-98-00-01",
    "(0)639980001",
    "+44:7700:900:123",
    "otp-+33639980001",
    "otp-0033639980001-x",
    "login:33639980001",
    "otp_06-39-98-00-01",
    "reset.447700900123",
]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_telephone_number_is_noticed_however_it_is_written(name: str) -> None:
    """The commonest mistake: one key per recipient, made of the recipient."""
    assert resembles(name) == "a telephone number"


@pytest.mark.parametrize("name", ["a@b.fr", "reset:jo.do+x@mail.example", "jo%40mail.example"])
def test_an_email_address_is_noticed(name: str) -> None:
    """The second commonest."""
    assert resembles(name) == "an e-mail address"


INNOCENT = [
    "order-12345678",
    "12345678",
    "2026-01-15",
    "spring-2026",
    "batch-20260115T120000Z",
    "batch-20260115123000",
    "batch-202601151230",
    "evt_1768478400000",
    "t-1768478400",
    "01HZX3YQ4J0000000000000001",
    "a1b2c3d4e5f60718293a4b5c6d7e8f90",
    "12345678901234567890",
    "black-friday:fr:v2",
    "00000000-0000-0000-0000-000000000001",
    "rdv@",
    "sku00123456789",
]


@pytest.mark.parametrize("name", INNOCENT)
def test_dates_clock_readings_and_order_numbers_pass(name: str) -> None:
    """A false alarm makes somebody change a working system for nothing."""
    assert resembles(name) == ""


@given(st.uuids(version=4) | st.integers(0, 10**12 - 1).map(lambda number: uuid.UUID(f"{number:032}")))
def test_a_random_uuid_always_passes(drawn: uuid.UUID) -> None:
    """What most clients use as Idempotency-Key; one in thousands has a group of digits alone."""
    assert resembles(str(drawn)) == ""
