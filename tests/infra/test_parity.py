"""The same names on both sides of the deployment: models and tables, rooms and functions, routes and handlers."""

import re

import pytest
from pynamodb.indexes import Index

from fugace.adapters.dynamo.tables import cases, keys, ledger, messages, purge, tenants
from fugace.domain.errors import FugaceError
from infra.config import ROOT
from infra.duties import DUTIES, INDEXES
from infra.parts.problems import ANSWERS
from infra.parts.rest_api import OPEN_ROUTES, ROUTES
from tests.models import MODELS

TABLES = {
    "tenants": (
        tenants.TenantItem,
        tenants.ApiKeyItem,
        tenants.WebhookItem,
        tenants.AttemptsItem,
        tenants.MarkItem,
        keys.RootKeyItem,
        tenants.HoldItem,
        tenants.StatisticsItem,
    ),
    "subject-keys": (keys.SubjectKeyItem, keys.CaseKeyItem),
    "messages": (messages.MessageItem,),
    "purge": (purge.DueItem, purge.TallyItem, purge.BookItem, purge.NewsItem, purge.DepartureItem),
    "ledger": (ledger.LedgerItem,),
    "cases": (cases.CaseItem, cases.ClaimItem, cases.RecallItem),
}


def schema(keys, kinds):
    return {(each["KeyType"], each["AttributeName"], kinds[each["AttributeName"]]) for each in keys}


def of_model(attributes):
    hashes = {("HASH", each.attr_name, each.attr_type) for each in attributes if each.is_hash_key}
    return hashes | {("RANGE", each.attr_name, each.attr_type) for each in attributes if each.is_range_key}


def test_every_model_has_its_table():
    """A model that this file does not know would be tested by nobody."""
    assert set(MODELS.values()) == set().union(*TABLES.values())


@pytest.mark.parametrize(("name", "model"), [(name, model) for name, models in TABLES.items() for model in models])
def test_keys_are_those_of_the_model(example, name, model):
    """A key that is named or typed otherwise fails at the first write, in production."""
    table = example.one("DynamoDB::Table", TableName=f"fugace-example-{name}")
    kinds = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}

    assert schema(table["KeySchema"], kinds) == of_model(model.get_attributes().values())


@pytest.mark.parametrize("name", TABLES)
def test_indexes_are_those_of_the_models(example, name):
    """Names, keys and types: an index is asked for by name."""
    table = example.one("DynamoDB::Table", TableName=f"fugace-example-{name}")
    kinds = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}

    deployed = {each["IndexName"]: schema(each["KeySchema"], kinds) for each in table.get("GlobalSecondaryIndexes", [])}

    modelled = [index for model in TABLES[name] for index in vars(model).values() if isinstance(index, Index)]
    assert deployed == {index.Meta.index_name: of_model(index.Meta.attributes.values()) for index in modelled}
    assert {index for index, of in INDEXES.items() if of == name} == set(deployed)


def test_rows_expire_by_the_attribute_of_the_model(example):
    """DynamoDB ignores a TTL attribute that no row has, without a word."""
    for name, models in TABLES.items():
        table = example.one("DynamoDB::Table", TableName=f"fugace-example-{name}")
        ttl = table.get("TimeToLiveSpecification", {}).get("AttributeName")
        assert (ttl is not None) is any("expires_at" in model.get_attributes() for model in models), name


@pytest.mark.parametrize("name", DUTIES)
def test_handlers_exist(name):
    """Lambda finds out at the first call."""
    *module, function = DUTIES[name].handler.split(".")

    source = (ROOT / "/".join(module)).with_suffix(".py").read_text()

    assert re.search(rf"^(def {function}\(|{function} = )", source, re.MULTILINE)


def test_routes_are_those_that_handlers_answer():
    """A route without a handler is a 404 with our own words; a handler without a route is dead code."""
    answered = set()
    for path in (ROOT / "functions").rglob("handler.py"):
        for method, route in re.findall(r'^@\w+\.(get|post|delete|put)\(\s*"([^"]+)"', path.read_text(), re.MULTILINE):
            answered.add((method.upper(), re.sub("<[a-z_]+>", "{}", route)))
    deployed = {
        (method, re.sub("{[a-z]+}", "{}", path))
        for _, path, methods in (*ROUTES, *OPEN_ROUTES)
        for method in methods.split()
    }

    assert answered - deployed == set()
    assert {(method, path) for method, path in deployed - answered if not path.startswith("/dlr/")} == set()


def test_the_gateways_own_problems_are_problems_of_ours():
    """A client that gets one looks it up like any other: its code has a page there, and the title is the same."""
    titles = {error.code.value: error.title for error in FugaceError.__subclasses__()}
    titles["bug"] = "Something went wrong on our side"

    assert {(code, title) for _, code, title, _ in ANSWERS.values()} <= set(titles.items())
