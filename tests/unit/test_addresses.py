"""Which addresses a webhook may have."""

import pytest

from fugace.domain.addresses import Address, allowed, public
from fugace.domain.errors import WebhookRefusedError


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://shop.example/hook", "scheme"),
        ("ftp://shop.example/", "url"),
        ("HTTPS://shop.example/", "url"),
        ("https://shop.example:25/", "port"),
        ("https://shop.example:80/", "port"),
        ("https://shop.example:65536/", "port"),
        ("https://shop.example:0/", "url"),
        ("https://user@shop.example/", "url"),
        ("https://user:word@shop.example/", "url"),
        ("https://shop.example/#part", "url"),
        ("https://shop.example\\@10.0.0.1/", "url"),
        ("https://shop.example/a b", "url"),
        ("https://shop.example/\r\nHost: x", "url"),
        ("https://shöp.example/", "url"),
        ("https:///hook", "url"),
        ("https://localhost/", "host"),
        ("https://intranet/", "host"),
        ("https://shop.example./", "host"),
        ("https://-shop.example/", "host"),
        ("https://2130706433/", "host"),
        ("https://0x7f.1/", "host"),
        ("https://0177.0.0.1/", "host"),
        ("https://127.1/", "host"),
        ("https://127.0.0.1/", "address"),
        ("https://10.0.0.1:8443/", "address"),
        ("https://169.254.169.254/latest/meta-data", "address"),
        ("https://[::1]/", "address"),
        ("https://[fd00:ec2::254]/", "address"),
        ("https://[::ffff:10.0.0.1]/", "address"),
        ("https://shop.example/" + "x" * 2048, "url"),
        ("", "url"),
    ],
)
def test_an_address_that_could_lead_inside_or_be_read_in_two_ways_is_refused(url: str, reason: str) -> None:
    """Each is a known way to make a server call what it should not."""
    with pytest.raises(WebhookRefusedError) as error:
        allowed(url)

    assert error.value.facts == {"reason": reason}
    assert [(each.pointer, each.reason) for each in error.value.errors] == [("/url", reason)]


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example",
        "https://shop.example/hook?tenant=1&x=%20",
        "https://hooks.shop.example:8443/a/b",
        "https://xn--shp-sna.example/",
        "https://93.184.215.14/hook",
        "https://[2606:4700:4700::1111]/hook",
    ],
)
def test_an_ordinary_address_is_taken(url: str) -> None:
    """A refusal without need is a tenant lost."""
    assert allowed(url).scheme == "https"


def test_a_url_is_read_into_the_parts_that_a_request_is_made_of() -> None:
    """They are read once and used by all: two readings could disagree about the host."""
    address = Address.parse("https://Hooks.Shop.example:8443?x=1")

    assert address == Address("https", "hooks.shop.example", 8443, "/?x=1")
    assert address.authority == "hooks.shop.example:8443"
    assert address.origin == "https://hooks.shop.example:8443"
    assert Address.parse("https://shop.example:443/a").authority == "shop.example"
    assert Address.parse("https://[2606:4700:4700::1111]/").authority == "[2606:4700:4700::1111]"


def test_an_exception_is_one_origin() -> None:
    """What the operator allows is that port on that host, and nothing beside it."""
    sink = {"http://127.0.0.1:4571"}

    assert allowed("http://127.0.0.1:4571/hook", sink).port == 4571
    for url in ("http://127.0.0.1:4570/hook", "https://127.0.0.1:4571/hook", "http://127.0.0.1.shop.example:4571/"):
        with pytest.raises(WebhookRefusedError):
            allowed(url, sink)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.1", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1"),
        *("192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
        *("224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::10.0.0.1"),
        *("64:ff9b:1::8.8.8.8", "100::1", "2001::1", "2001:db8::1", "2002:0a00:0001::1", "2002:5db8:d70e::1"),
        *("3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
        *("", "shop.example", "1.2.3", "2606:4700:4700::1111%eth0"),
    ],
)
def test_what_is_not_the_public_internet_is_not_public(address: str) -> None:
    """Private, local, reserved, documentation, multicast, and the same in disguise."""
    assert not public(address)


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"]
)
def test_a_public_address_is_public_also_where_it_is_translated(address: str) -> None:
    """In a network without IPv4, names resolve to translated addresses (NAT64)."""
    assert public(address)
