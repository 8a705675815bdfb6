"""docs/openapi.yaml says what the handlers do: routes, scopes, problems, fields, limits, answers."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import validate

from fugace.domain.case import CaseState, Denial, Extension, Identity, RestrictionGround, Right
from fugace.domain.encoding import Alphabet
from fugace.domain.errors import Code
from fugace.domain.hold import Ground, HoldState
from fugace.domain.message import Category, Evidence, OnUnknown, Status
from fugace.domain.names import NAME
from fugace.domain.retention import Kind
from fugace.domain.tenant import Role, Scope
from fugace.domain.webhooks import EVENTS
from fugace.edge import problem
from functions.auth import handler as auth
from functions.auth import schema as auth_schema
from functions.dlr import handler as dlr
from functions.dlr import schema as dlr_schema
from functions.dsar.counter import handler as dsar
from functions.dsar.counter import schema as dsar_schema
from functions.purge import handler as purge
from functions.purge import schema as purge_schema
from functions.send import handler as send
from functions.send import schema as send_schema
from tests.architecture.openapi import document, operations, resolved, wrong
from tests.edge.events import CONTEXT, event

SCHEMAS = document()["components"]["schemas"]
ENTRIES = {
    "/v1/keys": auth.handle,
    "/v1/messages": send.handle,
    "/v1/webhooks": dlr.webhooks,
    "/dlr": dlr.receive,
    **dict.fromkeys(("/v1/retention", "/v1/holds", "/v1/ledger", "/v1/statistics"), purge.handle),
    **dict.fromkeys(("/v1/discovery", "/v1/requests", "/v1/subjects", "/v1/archives", "/v1/tenants"), dsar.handle),
}
OPERATIONS = [pytest.param(*each, id=each[2]["operationId"]) for each in operations()]


def test_it_is_openapi_3_1() -> None:
    """Else no tool can read it."""
    validate(document())


def routes(app: Any) -> Iterator[tuple[str, str]]:
    for route in [*app._static_routes, *app._dynamic_routes]:
        path = re.sub("<(.+?)>", r"{\1}", route.path)
        yield from ((method, path) for method in ([route.method] if isinstance(route.method, str) else route.method))


def test_every_route_is_described_and_nothing_else_is() -> None:
    """By path, method, and the names in the path."""
    apps = (auth.app, send.app, dlr.clients, dlr.carriers, purge.app, dsar.app)

    assert {route for app in apps for route in routes(app)} == {(method, path) for method, path, _ in operations()}


def call(method: str, path: str, scopes: str) -> dict[str, Any]:
    entry = next(entry for prefix, entry in ENTRIES.items() if path.startswith(prefix))
    request = event(method, re.sub("{.+?}", "x", path), {})
    request["requestContext"]["authorizer"]["scopes"] = scopes
    return entry(request, CONTEXT)


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_every_operation_asks_for_the_scope_that_is_named(method: str, path: str, operation: dict[str, Any]) -> None:
    """A key that has every other scope is refused, and told which one it lacks."""
    if not operation["security"]:
        assert operation["tags"] in (["reports"], ["archives"])  # what is called proves itself, by its token
        return
    (scope,) = operation["security"][0]["key"]
    answer = call(method, path, " ".join(set(Scope) - {scope}))

    assert answer["statusCode"] == 403
    assert json.loads(answer["body"])["scope"] == scope


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_the_problems_of_an_operation_have_the_statuses_that_it_lists(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    """And no status is listed without a code behind it."""
    statuses = {str(problem.STATUS[Code(code)].value) if code != "bug" else "500" for code in operation["x-problems"]}

    assert statuses == {status for status in operation["responses"] if status[0] in "45"}, (method, path)
    assert all("problem+json" in str(resolved(operation["responses"][status])) for status in statuses)


def test_every_problem_is_listed_and_can_happen_somewhere() -> None:
    """A code that no operation has is a code too many, or an operation that says too little."""
    listed = {code for _, _, operation in operations() for code in operation["x-problems"]}

    assert listed == {*Code, "bug"}
    assert set(SCHEMAS["Problem"]["properties"]["type"]["enum"]) == {f"/problems/{code}" for code in listed}


WORDS = {
    "Status": Status,
    "Evidence": Evidence,
    "Category": Category,
    "OnUnknown": OnUnknown,
    "Encoding": Alphabet,
    "Role": Role,
    "Mode": auth_schema.Mode,
    "EventType": EVENTS,
    "Kind": Kind,
    "HoldGround": Ground,
    "HoldState": HoldState,
    "Right": Right,
    "SubjectRequestType": dsar_schema.FILED,
    "RequestState": CaseState,
    "RequestStatus": {state.dsr_status for state in CaseState},
    "IdentityProof": Identity,
    "Denial": Denial,
    "ExtensionReason": Extension,
    "RestrictionGround": RestrictionGround,
    "Language": dsar_schema.LANGUAGES,
}


@pytest.mark.parametrize("name", WORDS)
def test_words_are_the_ones_that_the_code_knows(name: str) -> None:
    """Clients match on them."""
    assert set(SCHEMAS[name]["enum"]) == set(WORDS[name])


def test_roles_carry_the_scopes_that_are_told() -> None:
    """Whoever hands out a key reads it here."""
    told = document()["components"]["securitySchemes"]["key"]["description"]

    assert "`admin` everything" in told
    for role in set(Role) - {Role.ADMIN}:
        words = re.search(rf"`{role}` ([^;.]*)", told)
        assert words
        assert set(re.findall("[a-z]+:[a-z]+", words[1])) == role.scopes


BODIES = {
    "MessageRequest": send_schema.MessageBody,
    "BatchRequest": send_schema.BatchBody,
    "PreviewRequest": send_schema.PreviewBody,
    "KeyRequest": auth_schema.KeyRequest,
    "WebhookRequest": dlr_schema.NewWebhook,
    "ReplayRequest": dlr_schema.ReplayRequest,
    "PolicyRequest": purge_schema.PolicyBody,
    "HoldRequest": purge_schema.HoldBody,
    "SubjectRequest": dsar_schema.RequestBody,
    "SubjectIdentity": dsar_schema.IdentityBody,
    "OurExtension": dsar_schema.Ours,
    "Correction": dsar_schema.CorrectionBody,
    "ExtensionRequest": dsar_schema.ExtensionBody,
    "DenialRequest": dsar_schema.DenialBody,
    "CodeRequest": dsar_schema.CodeBody,
    "SubjectSearch": dsar_schema.SearchBody,
    "LeaveRequest": dsar_schema.LeaveBody,
}
LIMITS = {"minimum", "maximum", "maxLength", "minItems", "maxItems"}


def limits(schema: dict[str, Any]) -> dict[str, Any]:
    """The limits of a field, wherever in it they stand. Words (msgspec's `$defs`) have none."""
    schema = {} if schema.get("$ref", "").startswith("#/$defs") else resolved(schema)
    found = {name: value for name, value in schema.items() if name in LIMITS}
    for other in [*schema.get("anyOf", []), *schema.get("oneOf", [])]:
        found |= limits(other)
    return found


@pytest.mark.parametrize("name", BODIES)
def test_bodies_have_the_fields_that_are_read(name: str) -> None:
    """Which there are, which must be there, which may be null, and how large they may be."""
    described = SCHEMAS[name]
    read = msgspec.json.schema(BODIES[name])["$defs"][BODIES[name].__name__]

    assert described["additionalProperties"] is False
    assert set(described["properties"]) == set(read["properties"])
    assert set(described.get("required", [])) == set(read["required"])
    for field, schema in read["properties"].items():
        told = described["properties"][field]
        assert nullable(told) == nullable(schema), field
        assert limits(schema).items() <= limits(told).items(), field


def nullable(schema: dict[str, Any]) -> bool:
    kinds = schema.get("type", [])
    inner = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    return kinds == "null" or "null" in kinds or any(map(nullable, inner))


QUERIES = {
    "listMessages": send_schema.ListQuery,
    "getMessage": send_schema.LookQuery,
    "listDeliveries": dlr_schema.Listing,
    "getRetention": purge_schema.PolicyQuery,
    "readLedger": purge_schema.LedgerQuery,
    "getStatistics": purge_schema.StatisticsQuery,
    "listRequests": dsar_schema.ListQuery,
}


def test_queries_have_the_parameters_that_are_read() -> None:
    """Names, limits and defaults; and no other operation has any."""
    for _, path, operation in operations():
        query = [each for each in map(resolved, operation.get("parameters", [])) if each["in"] == "query"]
        kind = QUERIES.get(operation["operationId"])
        read = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"] if kind else {}

        assert {each["name"] for each in query} == set(read), path
        for each in query:
            assert limits(read[each["name"]]).items() <= limits(each["schema"]).items()
            assert each["schema"].get("default") == read[each["name"]].get("default")


def test_patterns_are_the_ones_that_are_applied() -> None:
    """A client's generated check must not let through what we refuse, nor refuse what we take."""
    fields = SCHEMAS["MessageRequest"]["properties"]

    assert SCHEMAS["Name"]["pattern"] == f"^{NAME.pattern}$"
    assert fields["to"]["pattern"] == f"^{send_schema.NUMBER.pattern}$"
    assert SCHEMAS["SubjectRequest"]["properties"]["subject_request_id"]["pattern"] == f"^{dsar_schema.UUID4.pattern}$"
    assert SCHEMAS["CodeRequest"]["properties"]["code"]["pattern"] == f"^{dsar_schema.CODE.pattern}$"
    assert fields["sender"]["pattern"] == f"^({send_schema.SENDER.pattern})$"


def examples() -> Iterator[Any]:
    for where in [*document()["paths"].values(), *document()["webhooks"].values()]:
        for method, operation in where.items():
            if method == "parameters":
                continue
            bodies = [operation.get("requestBody", {}), *map(resolved, operation["responses"].values())]
            for content in (content for body in bodies for content in body.get("content", {}).values()):
                values = [each["value"] for each in content.get("examples", {}).values()]
                for value in values + ([content["example"]] if "example" in content else []):
                    yield pytest.param(content["schema"], value, id=operation["operationId"])


@pytest.mark.parametrize(("schema", "example"), list(examples()))
def test_examples_are_what_they_are_examples_of(schema: dict[str, Any], example: object) -> None:
    """They are what people copy."""
    assert wrong(schema, example) == ""


SENDING = document()["paths"]["/v1/messages"]["post"]["requestBody"]["content"]["application/json"]["examples"]


@pytest.mark.parametrize("example", SENDING.values(), ids=SENDING)
def test_examples_of_sending_are_accepted(example: dict[str, Any]) -> None:
    """By the code itself, at a time when they make sense."""
    now = send_schema.EARLIEST.replace(year=2026, month=3, day=15)
    found = send_schema.wishes(json.dumps(example["value"]).encode(), now)

    assert all(isinstance(each, send_schema.Wish) for each in (found if isinstance(found, list) else [found]))


FILING = document()["paths"]["/v1/requests"]["post"]["requestBody"]["content"]["application/json"]["examples"]


@pytest.mark.parametrize("example", FILING.values(), ids=FILING)
def test_examples_of_filing_are_accepted(example: dict[str, Any]) -> None:
    """By the code itself, on the day of the person's asking."""
    now = datetime(2026, 1, 15, 12, tzinfo=UTC)

    assert dsar_schema.wish(json.dumps(example["value"]).encode(), now).id == example["value"]["subject_request_id"]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_what_comes_with_every_answer_is_described_with_every_answer(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    """Which request it was; and, where a key is asked for, how many there may be. A 401 is nobody's plan."""
    for status, response in operation["responses"].items():
        headers = resolved(response)["headers"]
        assert "X-Request-Id" in headers, (method, path, status)
        if operation["security"] and status != "401":
            assert "RateLimit-Policy" in headers, (method, path, status)
