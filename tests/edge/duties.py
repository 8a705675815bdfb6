"""Every function there is, woken as AWS wakes it, with a person in every place where one could be.

The list of functions is that of `infra.duties`: a new one is driven here before anybody thinks of it, or fails.
"""

import importlib
import json
import re
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

from fugace.adapters.dynamo.rows import write_record
from fugace.domain import apikey
from fugace.domain.message import Status
from fugace.edge.http import Router
from infra.config import ROOT
from infra.duties import DUTIES
from infra.parts.recurring import RHYTHMS
from tests.edge.events import CONTEXT, event
from tests.fakes import ALICE, FIRST, SHOP, sealed_record

NUMBER = ALICE.reveal()
TEXT = "Your biopsy is benign"
TOKEN = "tok-3a9f6e21c07b4d58"
KEY, _ = apikey.make(SHOP, live=True)
SECRETS = (NUMBER[1:], TEXT, TOKEN, KEY, KEY.partition("_")[2])
"""What must never be seen. Some handlers are given a number without its plus sign."""

REQUEST = f"{SHOP}/a7551968-d5d6-44b2-9831-815ac9017798"
STEPS = sorted(
    set(re.findall(r'"step": "([a-z-]+)"', "".join(path.read_text() for path in (ROOT / "infra/workflows").iterdir())))
)
PERSON = {"to": NUMBER, "text": TEXT, "token": TOKEN, NUMBER: TEXT}


def module(name: str) -> ModuleType:
    """Where the function's entry point is."""
    return importlib.import_module(DUTIES[name].handler.rpartition(".")[0])


def entry(name: str) -> Callable[[Any, Any], Any]:
    """What Lambda calls."""
    return getattr(module(name), DUTIES[name].handler.rpartition(".")[2])


def context() -> Any:
    """Lambda's, with time left."""
    return SimpleNamespace(**vars(CONTEXT), get_remaining_time_in_millis=lambda: 300_000)


def events(name: str) -> Iterator[dict[str, Any]]:
    """What wakes it: every route, every step, bodies that can be read and bodies that cannot."""
    duty = DUTIES[name]
    if name == "auth":
        yield from _knocks()
    elif name in RHYTHMS:
        yield {}
    elif duty.stream:
        yield {"Records": list(_changes())}
    elif duty.consumes:
        yield {"Records": list(_bodies(name))}
    elif duty.handler.endswith("_task.handle"):
        for step in (*STEPS, NUMBER):
            for request in (REQUEST, NUMBER, f"{SHOP}/{NUMBER}"):
                yield {"request": request, "step": step, "token": TOKEN, "place": NUMBER, "error": TEXT}
            yield {
                "restore": REQUEST.partition("/")[2],
                "table": "messages",
                "at": "2026-01-15T11:00:00Z",
                "step": step,
            }
        yield PERSON
    else:
        yield from _calls(name)


def _knocks() -> Iterator[dict[str, Any]]:
    arn = "arn:aws:execute-api:eu-west-3:000000000000:abc123/live/GET/v1/messages/x"
    for said in (f"Bearer {KEY}", f"Bearer {KEY}x", NUMBER, f"Basic {TOKEN}", ""):
        yield {"type": "TOKEN", "methodArn": arn, "authorizationToken": said}


def _changes() -> Iterator[dict[str, Any]]:
    new = write_record(sealed_record(text=TEXT)).to_dynamodb_dict()
    later = write_record(sealed_record(text=TEXT, status=(Status.ACCEPTED, Status.QUEUED))).to_dynamodb_dict()
    images: tuple[tuple[str, dict[str, Any]], ...] = (
        ("INSERT", {"NewImage": new}),
        ("MODIFY", {"OldImage": new, "NewImage": later}),
        ("REMOVE", {"OldImage": later}),
        *((kind, {"OldImage": PERSON, "NewImage": PERSON}) for kind in ("INSERT", "MODIFY", "REMOVE")),
    )
    user = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    for number, (kind, image) in enumerate(images, 1):
        key = NUMBER if PERSON in image.values() else str(FIRST)
        change = {
            "SequenceNumber": str(number),
            "Keys": {"pk": {"S": key}},
            "ApproximateCreationDateTime": 1_768_478_400,
            **image,
        }
        yield {"eventID": f"e{number}", "eventName": kind, "dynamodb": change, "userIdentity": user}


def _bodies(name: str) -> Iterator[dict[str, Any]]:
    readable: tuple[dict[str, Any], ...] = (
        {"message": str(FIRST), "attempt": 1},
        {"message": str(FIRST), "sequence": 1},
        {
            "message": str(FIRST),
            "carrier": "simulator",
            "status": "delivered",
            "at": 1_768_478_400_000,
            "evidence": "handset",
            "code": "0",
            "part": 1,
        },
        {"tenant": SHOP, "job": "record/0"},
        {"request": REQUEST, "state": "completed", "attempt": 1},
    )
    raw = (*map(json.dumps, readable), NUMBER, json.dumps(PERSON), json.dumps({"message": NUMBER, "attempt": TEXT}))
    for number, (text, times) in enumerate(((text, times) for text in raw for times in ("1", "5")), 1):
        yield {
            "messageId": f"m{number}",
            "body": text,
            "eventSourceARN": "arn:aws:sqs:eu-west-3:000000000000:fugace-test-carrier-simulator",
            "attributes": {"ApproximateReceiveCount": times},
            "name": name,
        }


def resolvers(name: str) -> list[Any]:
    """The routers of its module: their routes are those of the API."""
    return [each for each in vars(module(name)).values() if isinstance(each, Router)]


def _calls(name: str) -> Iterator[dict[str, Any]]:
    """Every route, with good words and bad ones, by somebody who may and somebody who may not."""
    ident = "019bc192-7a00-7000-8000-000000000001"
    for resolver in resolvers(name):
        for route in (*resolver._static_routes, *resolver._dynamic_routes):
            for word in (ident, NUMBER, TOKEN):
                path = re.sub(r"<[a-z_]+>", word, route.path).replace("/dlr/" + word, "/dlr/simulator")
                for method in route.method if isinstance(route.method, list | tuple | set) else (route.method,):
                    for body in (None,) if method == "GET" else (None, PERSON, NUMBER, *_good()):
                        headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": NUMBER}
                        yield event(method, path, body, headers=headers, query={"to": NUMBER, NUMBER: TEXT})
                        yield event(method, path, body, query={"limit": "5"})
                    yield event(method, path, PERSON, role=None)


def _good() -> Iterator[Any]:
    """Bodies that are taken: of what is behind them, everything fails."""
    yield {"to": NUMBER, "text": TEXT, "category": "transactional"}
    yield {"messages": [{"to": NUMBER, "text": TEXT, "category": "transactional"}] * 2}
    yield {"url": f"https://shop.example/{TOKEN}"}
    yield {"scope": "subject", "to": NUMBER, "ground": "court-order", "until": "2027-01-15T11:00:00Z"}
    yield {"phone_e164": NUMBER}
    yield {
        "regulation": "gdpr",
        "subject_request_id": "a7551968-d5d6-44b2-9831-815ac9017798",
        "subject_request_type": "erasure",
        "submitted_time": "2026-01-15T11:00:00Z",
        "subject_identities": [{"identity_type": "phone_e164", "identity_value": NUMBER, "identity_format": "raw"}],
    }
