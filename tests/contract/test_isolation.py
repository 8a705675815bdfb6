"""What the tests themselves may not do."""

import os
import socket

import pytest


def test_no_test_reaches_beyond_this_machine() -> None:
    """A forgotten fake must fail here, not send a text; 192.0.2.1 is kept for documentation (RFC 5737)."""
    with pytest.raises(pytest.fail.Exception):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(pytest.fail.Exception):
        socket.create_connection(("example.com", 80), timeout=1)


def test_no_test_has_credentials_of_the_person_who_runs_it() -> None:
    """Whatever a test gets wrong, it is not in somebody's account."""
    assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"
    assert "AWS_PROFILE" not in os.environ
