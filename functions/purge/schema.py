"""Bodies and queries of /v1/retention, /v1/holds, /v1/ledger and /v1/statistics, read into domain types."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from fugace.domain.errors import BadRequestError, FieldError, InvalidNumberError
from fugace.domain.hold import Ground
from fugace.domain.ids import MessageId
from fugace.domain.msisdn import Msisdn
from fugace.domain.names import NAME, resembles
from fugace.domain.retention import Kind, Period
from fugace.edge import http
from functions.purge.holds import Wish

SIMULATED = "/query/simulate"
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_DURATION = "must be an ISO 8601 duration, such as PT0S, P1D or P6M"
Written = Annotated[str, Meta(max_length=64)]


class PolicyBody(http.Body, frozen=True):
    """PUT /v1/retention: the kinds of `Kind`, any of them. `null` is the same as leaving it out."""

    content: Written | None = None
    record: Written | None = None
    replies: Written | None = None
    contacts: Written | None = None
    objections: Written | None = None
    statistics: Written | None = None
    access: Written | None = None
    exports: Written | None = None
    cases: Written | None = None

    def wanted(self) -> dict[Kind, Period]:
        """The periods of the kinds that are named. Raises BadRequestError."""
        given = {kind: getattr(self, kind.value) for kind in Kind}
        return periods({kind: (text, f"/{kind}") for kind, text in given.items() if text is not None})


class PolicyQuery(http.Body, frozen=True):
    """GET /v1/retention."""

    simulate: Annotated[str, Meta(max_length=512)] | None = None
    """`content:P1D,record:P30D`."""

    def wanted(self) -> dict[Kind, Period]:
        """The policy that is proposed; none, where nothing is to be simulated. Raises BadRequestError."""
        if self.simulate is None:
            return {}
        found: dict[Kind, tuple[str, str]] = {}
        for part in self.simulate.split(","):
            name, _, text = part.partition(":")
            if name not in set(Kind) or name in found:
                raise BadRequestError(FieldError(SIMULATED, "must be KIND:PERIOD, each kind once, commas between them"))
            found[Kind(name)] = text, SIMULATED
        return periods(found)


def periods(given: Mapping[Kind, tuple[str, str]]) -> dict[Kind, Period]:
    """The periods that are written, each with where it stands. Raises BadRequestError, naming all that are none."""
    read, errors = {}, []
    for kind, (text, at) in given.items():
        try:
            read[kind] = Period.parse(text)
        except ValueError:
            errors.append(FieldError(at, _DURATION))
    if errors:
        raise BadRequestError(*errors)
    return read


class HoldBody(http.Body, frozen=True):
    """POST /v1/holds: exactly one of `message`, `to` and `tenant`."""

    ground: Ground
    until: Annotated[datetime, Meta(tz=True)]
    message: Annotated[str, Meta(max_length=64)] | None = None
    to: Annotated[str, Meta(max_length=32)] | None = None
    tenant: bool | None = None

    def wish(self) -> Wish:
        """The same for the use case.

        Raises:
            BadRequestError: it covers nothing, or several things.
            InvalidNumberError: `to` is no number.
        """
        if [self.message, self.to, self.tenant].count(None) != 2:  # noqa: PLR2004  # of three
            raise BadRequestError(FieldError("", "exactly one of message, to and tenant is needed"))
        if self.tenant is False:
            raise BadRequestError(FieldError("/tenant", "must be true"))
        message = None if self.message is None else _message(self.message)
        to = None if self.to is None else _number(self.to)
        return Wish(self.ground, self.until, message, to)


class LedgerQuery(http.Body, frozen=True):
    """GET /v1/ledger."""

    after: Annotated[int, Meta(ge=0, le=10**12)] = 0
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class StatisticsQuery(http.Body, frozen=True):
    """GET /v1/statistics."""

    month: str | None = None
    campaign: str | None = None

    def check(self) -> None:
        """Refuse what is no month, and no campaign's name. Raises BadRequestError."""
        if self.month is not None and not _MONTH.fullmatch(self.month):
            raise BadRequestError(FieldError("/query/month", "must be a month, such as 2026-11"))
        if self.campaign is not None and (not NAME.fullmatch(self.campaign) or resembles(self.campaign)):
            raise BadRequestError(FieldError("/query/campaign", "cannot be the name of a campaign"))


def _message(text: str) -> MessageId:
    try:
        return MessageId(str(UUID(text)))
    except ValueError:
        raise BadRequestError(FieldError("/message", "must be the id of a message")) from None


def _number(text: str) -> Msisdn:
    try:
        return Msisdn.parse(text)
    except InvalidNumberError:
        reason = "not a valid number in E.164: plus sign, country code, subscriber number"
        raise InvalidNumberError(FieldError("/to", reason)) from None
