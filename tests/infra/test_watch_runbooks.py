"""Every alarm leads to what to do, and what to do is written for every alarm."""

from infra.config import ROOT
from infra.parts.causes import causes
from tests.infra.test_watch import alarms
from tests.infra.test_watch_paging import composites, example_environment

RUNBOOKS = "docs/runbooks.md"


def sections(text):
    """By anchor, as GitHub makes it: what stands under each heading of the second level."""
    parts = text.split("\n## ")[1:]
    return {part.splitlines()[0].strip().lower().replace(" ", "-"): part for part in parts}


def test_every_alarm_leads_to_its_runbook(example):
    """At three in the morning nobody searches: the description ends with the place."""
    written = sections((ROOT / RUNBOOKS).read_text())
    linked = set()
    for name, each in {**alarms(example), **composites(example)}.items():
        where, _, anchor = each["AlarmDescription"].rpartition(" ")[2].partition("#")
        assert where == RUNBOOKS, name
        assert anchor in written, name
        linked.add(anchor)

    assert set(written) - linked == {"the-watch-itself"}


def test_every_runbook_says_what_is_felt_where_to_look_what_to_do_and_when_it_is_over(example):
    """And names every alarm that leads to it."""
    written = sections((ROOT / RUNBOOKS).read_text())
    for cause in causes(example_environment(example)):
        text = written[cause.section]
        for word in ("**Felt.**", "**Look.**", "**Do.**", "**Over.**"):
            assert word in text, (cause.section, word)
        for leaf in cause.leaves:
            assert any(name in text for name in spellings(leaf)), (cause.section, leaf)


def spellings(leaf):
    """A family of alarms is written once: `purge-lag-KIND`, `NAME-errors`."""
    for word, sign in (("purge-lag-", "purge-lag-KIND"), ("carrier-", "carrier-NAME")):
        if leaf.startswith(word):
            yield sign + ("" if word == "purge-lag-" else f"-{leaf.rpartition('-')[2]}")
    for end in ("-errors", "-bugs", "-not-empty", "-reads-throttled", "-writes-throttled"):
        if leaf.endswith(end):
            yield f"NAME{end}"
    yield f"`{leaf}`"
