"""/v1/messages: an API event in, a use case, an HTTP answer out."""

from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import Response

from fugace.domain.errors import FugaceError
from fugace.domain.tenant import Scope
from fugace.edge import http, observe, problem, wiring
from fugace.edge.observe import logger
from fugace.edge.settings import Settings
from functions.send import schema, view
from functions.send.accept import Accepted, Outbox, Sender
from functions.send.listing import Listing
from functions.send.once import Once
from functions.send.preview import preview
from functions.send.read import Gaze, Reader

app = http.resolver()


@cache
def outbox() -> Outbox:
    """Wired on the first request, not on import, so that tests need no AWS."""
    settings = Settings.read()
    return Outbox(
        clock=wiring.clock(),
        vault=wiring.vault(settings),
        messages=wiring.messages(settings),
        tenants=wiring.tenants(settings),
        terms=wiring.terms(settings),
    )


def reader() -> Reader:
    """Over the same ports: there is one cache of keys."""
    box = outbox()
    return Reader(box.clock, box.vault, box.messages, box.tenants)


@app.post("/v1/messages")
def send() -> Response[str]:
    """202 for one message, or for a batch with a result for each; a problem where nothing was accepted."""
    who = http.caller(app.current_event, Scope.SEND)
    data = http.raw_body(app.current_event)
    header = http.idempotency_key(app.current_event)
    once = None if header is None else Once(Once.read_key(header), schema.canonical(data))
    asked = schema.wishes(data, outbox().clock())
    sender = Sender(who.tenant, live=who.live)
    if isinstance(asked, list):
        return _many(sender, outbox().accept(sender, asked, once))
    (result,) = outbox().accept(sender, [asked], once)
    if isinstance(result, FugaceError):
        raise result
    logger.info("accepted", tenant=who.tenant, message_id=result.record.key.id)
    headers = {"Location": f"/v1/messages/{result.record.key.id}", **_replayed(again=result.again)}
    return http.answer(HTTPStatus.ACCEPTED, view.accepted(result), headers)


@app.post("/v1/messages/preview")
def look_ahead() -> Response[str]:
    """What a text would cost. Nothing of it is kept or logged."""
    who = http.caller(app.current_event, Scope.SEND)
    body = http.body(app.current_event, schema.PreviewBody)
    schema.check_text(body.text)
    logger.info("previewed", tenant=who.tenant)
    return http.answer(HTTPStatus.OK, view.preview(preview(body.text, body.max_segments or schema.MAX_SEGMENTS)))


@app.get("/v1/messages")
def page() -> Response[str]:
    """A tenant's messages, newest first."""
    query = http.query(app.current_event, schema.ListQuery)
    gaze, sought = _gaze(query.include), schema.sought(query)
    found = Listing(reader()).page(gaze, sought, limit=query.limit, after=query.cursor)
    logger.info("listed", tenant=gaze.tenant, count=len(found.seen))
    return http.answer(HTTPStatus.OK, view.page(found.seen, found.next_cursor), _next(found.next_cursor))


@app.get("/v1/messages/<message_id>")
def look(message_id: str) -> Response[str]:
    """One message, with its history."""
    gaze = _gaze(http.query(app.current_event, schema.LookQuery).include)
    key = http.message_key(http.caller(app.current_event), message_id)
    seen = reader().get(gaze, key)
    logger.info("looked", tenant=gaze.tenant, message_id=key.id)
    return http.answer(HTTPStatus.OK, view.message(seen))


@app.delete("/v1/messages/<message_id>")
def cancel(message_id: str) -> Response[str]:
    """200 with the message, cancelled; 409 when it is too late."""
    who = http.caller(app.current_event, Scope.SEND)
    key = http.message_key(who, message_id)
    seen = reader().cancel(Gaze(who.tenant, live=who.live), key)
    logger.info("cancelled", tenant=who.tenant, message_id=key.id)
    return http.answer(HTTPStatus.OK, view.message(seen))


def _many(sender: Sender, results: list[Accepted | FugaceError]) -> Response[str]:
    taken = [each for each in results if isinstance(each, Accepted)]
    for each in results:
        if isinstance(each, FugaceError) and each.__cause__ is not None:
            logger.error("bug", exc_info=each.__cause__)
            observe.count("Bug")
    ids = tuple(each.record.key.id for each in taken)
    logger.info("accepted", tenant=sender.tenant, count=len(taken), failed=len(results) - len(taken), messages=ids)
    shown = [
        view.accepted(each) if isinstance(each, Accepted) else {"problem": problem.describe(each)} for each in results
    ]
    body = {"results": shown, "accepted": len(taken), "refused": len(results) - len(taken)}
    return http.answer(HTTPStatus.ACCEPTED, body, _replayed(again=bool(taken) and all(each.again for each in taken)))


def _gaze(include: str | None) -> Gaze:
    who = http.caller(app.current_event, Scope.READ)
    if include:
        http.caller(app.current_event, Scope.PERSONAL)
    return Gaze(who.tenant, live=who.live, personal=include is not None)


def _replayed(*, again: bool) -> dict[str, str]:
    return {"Idempotent-Replayed": "true"} if again else {}


def _next(cursor: str | None) -> dict[str, str]:
    """Where the next page is (RFC 8288), relative to this one."""
    if cursor is None:
        return {}
    asked = {**(app.current_event.query_string_parameters or {}), "cursor": cursor}
    return {"Link": f'<?{urlencode(asked)}>; rel="next"'}


@observe.entry
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401  # Lambda's context, for Powertools
    """The entry point of the send function."""
    return app.resolve(event, context)
