"""Pages of graphs, and questions to the logs: drawn from the same tables as the alarms, and nobody is in them."""

import json
import re

import pytest

from infra.duties import DUTIES
from infra.parts.dashboards import PAGES
from infra.parts.logs import CLASSES
from infra.parts.queries import QUERIES
from tests.infra.pages import bodies, drawn_metrics
from tests.infra.test_watch import alarms, dimension, watched

KNOWN = {"@timestamp", "@type", "@duration", "@log", "@requestId", "service", "level", "event", "request_id"}
"""What Lambda and our formatter put into every line."""
VERBS = {
    *("fields", "filter", "stats", "sort", "limit", "by", "and", "or", "in", "asc", "desc"),
    *("count", "sum", "max", "min", "avg", "pct", "bin", "ispresent"),
}
"""Logs Insights' own words."""


def test_there_is_a_page_for_each_journey_and_one_that_leads_to_them(example):
    """Whoever is woken opens the page of what they were woken for."""
    found = bodies(example)

    assert set(found) == {"fugace-example", *(f"fugace-example-{journey}" for journey in PAGES)}
    links = json.dumps(found["fugace-example"])
    assert all(f"#dashboards:name=fugace-example-{journey}" in links for journey in PAGES)


def test_pages_name_no_tenant(example):
    """Dimensions are bounded: queues, functions, carriers, the API."""
    assert "ten_" not in json.dumps([example.properties("CloudWatch::Dashboard")])


def test_every_function_is_on_one_page(example):
    """Its runs, its failures, its bugs."""
    assert sorted(name for names in PAGES.values() for name in names) == sorted(DUTIES)
    for journey, names in PAGES.items():
        drawn = list(drawn_metrics(example, f"fugace-example-{journey}"))
        errors = {dimension(each)["FunctionName"] for each in drawn if each["MetricName"] == "Errors"}
        assert errors == {f"fugace-example-{name}" for name in names}


def test_what_is_watched_is_drawn(example):
    """An alarm without a graph says that something is wrong, and not since when."""
    drawn = {(each["Namespace"], each["MetricName"]) for each in drawn_metrics(example)}
    asked = {(each["Namespace"], each["MetricName"]) for alarm in alarms(example).values() for each in watched(alarm)}

    assert asked - drawn == set()


def test_every_page_begins_with_what_is_wrong(example):
    """States of alarms first, graphs below."""
    for name, page in bodies(example).items():
        kinds = [widget["type"] for widget in page["widgets"]]
        assert "alarm" in kinds[:2], name


# --- logs -----------------------------------------------------------------------------------------


def test_every_log_is_of_a_class(example, laptop):
    """Work for as long as an operator chose, access for a year, and nothing else; a laptop keeps no records."""
    for stacks, environment in ((example, {"work": 30, "access": 365}), (laptop, {"work": 7, "access": 7})):
        prefix = f"/fugace/{stacks.environment}/"
        groups = stacks.resources("Logs::LogGroup")
        found = {each["Properties"]["LogGroupName"].removeprefix(prefix): each for _, each in groups}
        assert set(found) == {*DUTIES, "api"}
        for name, each in found.items():
            kind = "access" if name == "api" else "work"
            record = CLASSES[kind].record and stacks is example
            assert each["Properties"]["RetentionInDays"] == environment[kind]
            assert each["DeletionPolicy"] == ("Retain" if record else "Delete")
    assert set(CLASSES) == {"work", "access"}


# --- questions ------------------------------------------------------------------------------------


def test_questions_are_saved_with_the_stack(example):
    """What an operator asks first, under the environment's name."""
    found = {each["Name"] for each in example.properties("Logs::QueryDefinition")}

    assert found == {f"fugace-example/{each.name}" for each in QUERIES}


def test_questions_look_into_logs_that_are_there(example):
    """A group that does not exist fails the whole question."""
    groups = {each["LogGroupName"] for each in example.properties("Logs::LogGroup")}
    for each in example.properties("Logs::QueryDefinition"):
        assert set(each["LogGroupNames"]) <= groups
        assert len(each["LogGroupNames"]) <= 50  # Logs Insights looks into no more at once


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_questions_ask_for_what_lines_have(query):
    """Fields of the list alone; and no number in them, nor anything that looks like one."""
    from fugace.edge.observe import FIELDS  # noqa: PLC0415  # it takes over logging when it is imported

    text = " | ".join(query.lines)
    bare = re.sub(r'"[^"]*"|\bas [a-z0-9]+|\blatest\b', "", text)
    made = set(re.findall(r"\bas ([a-z0-9]+)", text))
    words = set(re.findall(r"@?[A-Za-z_]+[0-9]*", bare)) - VERBS - made - {"m"}

    assert words <= KNOWN | FIELDS | {"error", "at", "aws"}
    assert not re.search(r"[0-9]{5,}|\+[0-9]", text)
