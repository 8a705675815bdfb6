"""The operator's bounds: what the shipped file says, and which files nothing starts with."""

from importlib import resources

import pytest

from fugace.domain.bounds import BoundsError, defaults, read
from fugace.domain.retention import Kind, Period

SHIPPED = resources.files("fugace").joinpath("retention.toml").read_text("utf-8")


def changed(old: str, new: str) -> str:
    """The shipped file with one thing changed."""
    assert SHIPPED.count(old) == 1, old
    return SHIPPED.replace(old, new)


def test_the_shipped_bounds_are_those_that_are_promised() -> None:
    """Public: docs/retention.md says the same, and a contract may quote it."""
    found = {kind.value: (str(b.min), str(b.default), str(b.max)) for kind, b in read(SHIPPED, "it").items()}
    assert found == {
        "content": ("PT0S", "P7D", "P6M"),
        "record": ("P1D", "P6M", "P6M"),
        "replies": ("P1D", "P26M", "P26M"),
        "contacts": ("P1M", "P26M", "P36M"),
        "objections": ("P36M", "P36M", "P120M"),
        "statistics": ("P1M", "P14M", "P120M"),
        "access": ("P6M", "P12M", "P12M"),
        "exports": ("P1D", "P7D", "P30D"),
        "cases": ("P12M", "P60M", "P72M"),
    }


def test_each_bound_says_why() -> None:
    """Whoever is refused is told the ground, so there has to be one, and it is a sentence."""
    assert all(len(bound.ground) > 40 and bound.ground.endswith(".") for bound in read(SHIPPED, "it").values())


def test_the_defaults_are_inside_the_bounds() -> None:
    """A tenant that never chose has what the operator calls usual."""
    bounds = read(SHIPPED, "it")
    assert set(defaults(bounds)) == set(Kind)
    assert all(bounds[kind].allows(period) for kind, period in defaults(bounds).items())


@pytest.mark.parametrize(
    ("kind", "text", "allowed"),
    [
        (Kind.CONTENT, "PT0S", True),
        (Kind.CONTENT, "P6M", True),
        (Kind.CONTENT, "P181D", True),
        (Kind.CONTENT, "P182D", False),  # longer than six months that end in February
        (Kind.CONTENT, "P7M", False),
        (Kind.RECORD, "P1D", True),
        (Kind.RECORD, "PT23H", False),
        (Kind.RECORD, "PT0S", False),
        (Kind.ACCESS, "P184D", True),
        (Kind.ACCESS, "P183D", False),  # shorter than six months that end in August
    ],
)
def test_a_choice_is_inside_on_every_day_of_the_year(kind: Kind, text: str, *, allowed: bool) -> None:
    """Months differ: what is inside in March only would be outside in August."""
    assert read(SHIPPED, "it")[kind].allows(Period.parse(text)) is allowed


@pytest.mark.parametrize(
    ("old", "new", "kind", "why"),
    [
        ('default = "P7D"\nmax = "P6M"', 'default = "P7M"\nmax = "P6M"', "content", "default (P7M) is longer than max"),
        ('min = "P3Y"', 'min = "P4Y"', "objections", "min (P4Y) is longer than default (P3Y)"),
        ('default = "P14M"', 'default = "14 months"', "statistics", "default is not an ISO 8601 duration"),
        ('max = "P36M"', "max = 36", "contacts", "has to say min, default, max and ground"),
        ('max = "P36M"', "", "contacts", "has to say min, default, max and ground"),
        ('max = "P36M"', 'max = "P36M"\nusual = "P1M"', "contacts", "has to say min, default, max and ground"),
        ("[cases]", "[case]", "cases", "is missing"),
    ],
)
def test_a_contradiction_names_file_and_kind(old: str, new: str, kind: str, why: str) -> None:
    """An operator reads one line and knows where to look; nothing starts meanwhile."""
    with pytest.raises(BoundsError) as refused:
        read(changed(old, new), "retention.toml")
    assert str(refused.value).startswith(f"retention.toml: [{kind}] ")
    assert why in str(refused.value)


def test_days_and_months_contradict_each_other_on_some_day_only() -> None:
    """P182D within P6M is true from March on, and false from 31 August: refused."""
    with pytest.raises(BoundsError, match=r"\[content\] default \(P182D\) is longer than max \(P6M\)"):
        read(changed('default = "P7D"\nmax = "P6M"', 'default = "P182D"\nmax = "P6M"'), "it")


def test_a_kind_that_nobody_knows_is_refused() -> None:
    """Misspelt, it would bound nothing."""
    with pytest.raises(BoundsError, match=r"it: \[message\] is no kind of data; there are content, record"):
        read(SHIPPED + '\n[message]\nmin = "P1D"\n', "it")


def test_a_bound_without_a_ground_is_refused() -> None:
    """A limit that nobody can explain is arbitrary."""
    blank = "".join('ground = " "\n' if line.startswith("ground") else line for line in SHIPPED.splitlines(True))
    with pytest.raises(BoundsError, match=r"it: \[content\] has bounds without a ground"):
        read(blank, "it")


def test_what_is_no_toml_names_its_file() -> None:
    """Not only where reading stopped."""
    with pytest.raises(BoundsError, match=r"it: Invalid value"):
        read("content = ", "it")
