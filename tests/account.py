"""An AWS account in this process, as far as an erasure asks it: what it keeps can be set back to any moment.

It stands behind botocore's `before-send` hook, so that real adapters make, sign and read real requests.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError
from moto.core.models import botocore_stubber

from bench.counting import Counting
from bench.desk import _Raw
from bench.rights import NOW, House
from tests.fakes import FakeClock
from tests.fakes_keeping import FakeSigner

SERVICES = ("dynamodb", "s3", "scheduler", "kms", "sqs", "secretsmanager", "stepfunctions")
RUNNING, OVER, GONE = "RUNNING", "SUCCEEDED", "ABORTED"
_OK = 200
Rows = dict[tuple[Any, ...], dict[str, Any]]


@dataclass(slots=True)
class Kept:
    """All that outlives a process, but for rows of tables."""

    objects: dict[str, list[str]] = field(default_factory=dict)
    """Versions by key."""
    uploads: set[tuple[str, str]] = field(default_factory=set)
    """(key, id) of those that nobody finished."""
    schedules: set[str] = field(default_factory=set)
    executions: dict[str, str] = field(default_factory=dict)
    """Status by name."""
    queue: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    """Of transactions that are done: who asks again with one gets the same answer."""
    abroad: set[str] = field(default_factory=set)
    """What others were asked to erase."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What there is, between two requests."""

    tables: Mapping[str, Rows]
    kept: Kept
    now: datetime


class Account:
    """Tables of `bench.rights.House`, and the services beside them."""

    def __init__(self) -> None:
        self.house = House()
        self.dynamo: Counting = self.house.dynamo
        self.kept = Kept()
        self.clock = FakeClock(NOW)
        self.signer = FakeSigner()
        self.asked: list[str] = []
        """Requests, as `<service>.<operation>`, in order."""
        self.between: Callable[[], None] = lambda: None
        """Called before and after each request."""
        self.lost: int | None = None
        """Which request is carried out, and its answer lost on the way: the SDK asks again."""
        self._quiet = False
        for service in SERVICES:
            events = self.house.aws.client(service).meta.events
            # Others' tests leave moto behind until the last of theirs is over; and nobody is to answer twice.
            events.unregister("before-send", botocore_stubber)
            events.unregister("before-send", self.dynamo._answer)
            events.register_first("before-send", self._answer)

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """What a test asks itself is nobody's request."""
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False

    # Time can be turned back.

    def moment(self) -> Moment:
        """As it is. Rows are never changed in place, so they need no copies."""
        its = self.kept
        kept = Kept(
            {key: list(found) for key, found in its.objects.items()},
            set(its.uploads),
            set(its.schedules),
            dict(its.executions),
            list(its.queue),
            set(its.tokens),
            set(its.abroad),
        )
        tables = {name: dict(table.rows) for name, table in self.dynamo.tables.items()}
        return Moment(tables, kept, self.clock.now)

    def back_to(self, moment: Moment) -> None:
        """As it was then."""
        for name, table in self.dynamo.tables.items():
            table.rows.clear()
            table.sorted.clear()
            table.load(moment.tables[name].values())
        self.kept = moment.kept
        self.kept = self.moment().kept  # what is kept from here on is not that moment's
        self.clock.now = moment.now

    # Answers.

    def _answer(self, request: AWSRequest, event_name: str, **_: object) -> AWSResponse:
        service, operation = event_name.split(".")[1:]
        if self._quiet:
            return self._said(request, service, operation)
        number = len(self.asked)
        self.asked.append(f"{service}.{operation}")
        self.between()
        answer = self._said(request, service, operation)
        self.between()
        if number == self.lost:
            raise ConnectionClosedError(endpoint_url=request.url)
        return answer

    def _said(self, request: AWSRequest, service: str, operation: str) -> AWSResponse:
        if service == "dynamodb":
            return self._tables(request)
        if service in {"s3", "scheduler"}:
            status, body = getattr(self, f"_{operation.lower()}")(request)
            return _response(request, status, body)
        found = getattr(self, f"_{operation.lower()}")(json.loads(request.body))
        return _response(request, 400 if "__type" in found else _OK, json.dumps(found))

    def _tables(self, request: AWSRequest) -> AWSResponse:
        """A transaction that is repeated with its token is done once."""
        token = json.loads(request.body).get("ClientRequestToken")
        if token in self.kept.tokens:
            return _response(request, _OK, "{}")
        answer = self.dynamo._answer(request)
        if token and answer.status_code == _OK:
            self.kept.tokens.add(token)
        return answer

    def _listobjectversions(self, request: AWSRequest) -> tuple[int, str]:
        found = [(key, each) for key in self._under(request, self.kept.objects) for each in self.kept.objects[key]]
        shown = "".join(f"<Version><Key>{key}</Key><VersionId>{each}</VersionId></Version>" for key, each in found)
        return _OK, f"<ListVersionsResult><IsTruncated>false</IsTruncated>{shown}</ListVersionsResult>"

    def _listmultipartuploads(self, request: AWSRequest) -> tuple[int, str]:
        keys = set(self._under(request, {key: [] for key, _ in self.kept.uploads}))
        found = sorted(each for each in self.kept.uploads if each[0] in keys)
        shown = "".join(f"<Upload><Key>{key}</Key><UploadId>{name}</UploadId></Upload>" for key, name in found)
        return _OK, f"<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>{shown}</ListMultipartUploadsResult>"

    def _abortmultipartupload(self, request: AWSRequest) -> tuple[int, str]:
        url = urlsplit(request.url)
        named = url.path.lstrip("/"), parse_qs(url.query)["uploadId"][0]
        if named not in self.kept.uploads:
            return 404, "<Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>"
        self.kept.uploads.remove(named)
        return 204, ""

    def _deleteobjects(self, request: AWSRequest) -> tuple[int, str]:
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
        for key, version in re.findall(r"<Key>(.*?)</Key><VersionId>(.*?)</VersionId>", body):
            left = [each for each in self.kept.objects.pop(key, []) if each != version]
            if left:
                self.kept.objects[key] = left
        return _OK, "<DeleteResult/>"

    @staticmethod
    def _under(request: AWSRequest, keys: Mapping[str, object]) -> list[str]:
        prefix = parse_qs(urlsplit(request.url).query).get("prefix", [""])[0]
        return sorted(key for key in keys if key.startswith(prefix))

    def _deleteschedule(self, request: AWSRequest) -> tuple[int, str]:
        name = urlsplit(request.url).path.rpartition("/")[2]
        if name not in self.kept.schedules:
            return 404, json.dumps({"Message": "gone", "__type": "ResourceNotFoundException"})
        self.kept.schedules.remove(name)
        return _OK, "{}"

    def _sign(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"Signature": _text(self.signer.sign(base64.b64decode(asked["Message"])))}

    def _getpublickey(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"PublicKey": _text(self.signer.public_key())}

    def _sendmessagebatch(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.kept.queue += [each["MessageBody"] for each in asked["Entries"]]
        sent = [{"Id": each["Id"], "MessageId": "m", "MD5OfMessageBody": ""} for each in asked["Entries"]]
        return {"Successful": sent, "Failed": []}

    def _getsecretvalue(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"SecretString": json.dumps({"token": "t", "signing": "s"})}

    def _startexecution(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["name"] in self.kept.executions:
            return {"__type": "ExecutionAlreadyExists", "message": "there"}
        self.kept.executions[asked["name"]] = RUNNING
        return {"executionArn": "a", "startDate": 0}

    def _describeexecution(self, asked: dict[str, Any]) -> dict[str, Any]:
        status = self.kept.executions.get(asked["executionArn"].rpartition(":")[2])
        if status is None:
            return {"__type": "ExecutionDoesNotExist", "message": "none"}
        return {"executionArn": "a", "stateMachineArn": "a", "startDate": 0, "status": status}


def _response(request: AWSRequest, status: int, body: str) -> AWSResponse:
    raw: Any = _Raw(body.encode())
    return AWSResponse(request.url, status, {"Content-Type": "application/x-amz-json-1.0"}, raw)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
