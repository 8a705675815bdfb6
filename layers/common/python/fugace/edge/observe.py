"""What may be seen from outside while we work: log lines with listed fields, and metrics.

A line is short (`{"level","event","service","request_id", …}`): logs are paid by the byte, and a message passes seven
functions. Metrics are for what alarms look at: an EMF line costs 200 bytes, so log lines count the happy path.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from pathlib import PurePath
from traceback import walk_tb
from types import TracebackType
from typing import Any, Protocol, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.formatter import BasePowertoolsFormatter
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from fugace.edge import wiring

FIELDS = frozenset(
    (
        *(
            "tenant",
            "message_id",
            "messages",
            "key_id",
            "webhook",
            "carrier",
            "queue",
            "schedule",
            "event_id",
            "hold",
            "request",
        ),  # who: ids
        *("status", "code", "scope", "reason", "outcome", "evidence", "kind", "field", "live"),  # what: our words
        *("count", "failed", "skipped", "late", "retried", "attempt", "sequence", "part"),  # how much: small numbers
        *("segments", "allowed", "http", "millis", "delay", "age"),
    )
)
"""The fields that a log line may have besides level, event, service, request_id, trace and those of an error."""

KINDS = frozenset({"record", "content", "access", "statistics", "exports", "cases", "objections", "keys", "hold"})
"""What metrics of the purge may be told by."""

DEPENDENCIES = ("dynamodb", "kms", "sqs", "scheduler", "s3", "secrets-manager", "sfn", "other")
"""Services of AWS that metrics are told by, as the SDK names them."""

_NAMESPACE = "Fugace"
_EVERYBODY = "all"
_MASK = "?"
_WORD = re.compile(r"[a-z][a-z0-9-]{0,40}")
_NAME = re.compile(r"[A-Za-z0-9_.]{1,80}")
_VALUE = re.compile(r"[A-Za-z0-9_./:,-]{0,120}")
_NUMBER = re.compile(r"(?<![0-9a-z_-])[0-9]{7,}(?![0-9a-z_-])")
"""Seven digits that no id surrounds: a field that is listed must not become the way out for a number."""
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""A message's: what a tuple of them may hold, and nothing else."""
_MOST_IDS = 100
_TOO_BIG = 10_000_000
_FRAMES = 6
_KEPT = ("service", "request_id", "trace", "tenant")

T = TypeVar("T")
Plain = str | int | float | list[str] | None
"""What a field of a line can be."""


class Lines(BasePowertoolsFormatter):
    """One JSON object a line: listed fields of our own events; of others who spoke and from where, never what.

    What an exception says can quote a request, and so can a library's warning. An error is told by its class,
    the service's error code, and the lines of code it came through.
    """

    def __init__(self) -> None:
        super().__init__()
        self._always: dict[str, Plain] = {}

    def append_keys(self, **additional_keys: object) -> None:
        """Keep what `_KEPT` names for every line that follows; anything else belongs to one line."""
        self._always |= {key: _plain(additional_keys[key]) for key in _KEPT if additional_keys.get(key) is not None}

    def clear_state(self) -> None:
        """Forget the invocation before."""
        self._always = {"service": self._always.get("service")}

    def format(self, record: logging.LogRecord) -> str:
        """The line of `record`."""
        line: dict[str, Any] = {"level": record.levelname, "event": "library", **self._always}
        if record.name == self._always.get("service"):
            line["event"] = record.msg if _WORD.fullmatch(str(record.msg)) else _MASK
            line |= {name: _plain(value) for name, value in record.__dict__.items() if name in FIELDS}
        else:
            line["logger"] = record.name if _NAME.fullmatch(record.name) else _MASK
            line["at"] = [_place(record.pathname, record.lineno)]
        if record.exc_info and record.exc_info[1]:
            line |= _traced(record.exc_info[1])
        return json.dumps(line, separators=(",", ":"))


def _plain(value: object) -> Plain:
    if isinstance(value, tuple):
        return [each if isinstance(each, str) and _ID.fullmatch(each) else _MASK for each in value[:_MOST_IDS]]
    if value is None or (isinstance(value, int | float) and abs(value) < _TOO_BIG):
        return value
    known = isinstance(value, str) and _VALUE.fullmatch(value) and not _NUMBER.search(value)
    return str(value) if known else _MASK


def _traced(error: BaseException) -> dict[str, Any]:
    chain = list(_causes(error))
    codes = [code for cause in chain for code in _service_code(cause)]
    line: dict[str, Any] = {"error": [type(cause).__name__ for cause in chain]}
    if codes:
        line["aws"] = codes
    return line | {"at": list(_frames(chain[-1].__traceback__))}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, then what it came of, even where that is not to be printed: of each its class alone is told."""
    for _ in range(4):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _service_code(error: BaseException) -> Iterator[str]:
    """What AWS called it (`AccessDeniedException`), and which operation it was: an operator's first question."""
    answer = getattr(error, "response", None)
    if isinstance(answer, dict) and isinstance(answer.get("Error"), dict):
        for word in (getattr(error, "operation_name", ""), answer["Error"].get("Code", "")):
            if isinstance(word, str) and _NAME.fullmatch(word):
                yield word


def _frames(trace: TracebackType | None) -> Iterator[str]:
    frames = list(walk_tb(trace))[-_FRAMES:]
    return (_place(frame.f_code.co_filename, line) for frame, line in frames)


def _place(path: str, line: int) -> str:
    return "/".join(PurePath(path).parts[-2:]) + f":{line}"


_LINES = Lines()
logger = Logger(logger_formatter=_LINES)
"""Ours: `logger.info("accepted", tenant=…, message_id=…)`. The first argument is a constant word."""
metrics = Metrics(namespace=_NAMESPACE)


def _take_over() -> None:
    """Put libraries' loggers behind our formatter, from WARNING; Lambda's own handler would print what they say."""
    logging.getLogger(logger.service).propagate = False
    root = logging.getLogger()
    root.handlers[:] = [*(each for each in root.handlers if "_pytest" in type(each).__module__), logger.handlers[0]]
    root.setLevel(logging.WARNING)


_take_over()


def count(name: str, value: int = 1) -> None:
    """Add to a metric of this invocation. Never one per tenant: ids belong into log fields."""
    metrics.add_metric(name=name, unit="Count", value=value)


def gauge(name: str, seconds: float) -> None:
    """How long something is at this moment."""
    metrics.add_metric(name=name, unit="Seconds", value=seconds)


def count_of(kind: str, name: str, value: int) -> None:
    """The same for one of `KINDS`."""
    _told_of(kind, name, MetricUnit.Count, value)


def gauge_of(kind: str, name: str, seconds: float) -> None:
    """How long something is at this moment, for one of `KINDS`."""
    _told_of(kind, name, MetricUnit.Seconds, seconds)


def count_at(carrier: str, name: str, value: int) -> None:
    """The same for one of the configured carriers: there are as many as an operator has contracts."""
    if not _WORD.fullmatch(carrier):
        raise ValueError("not a carrier's name")
    _told({"carrier": carrier}, name, MetricUnit.Count, value)


def _told_of(kind: str, name: str, unit: MetricUnit, value: float) -> None:
    if kind not in KINDS:  # each value of a dimension is a metric of its own, and is paid as one
        raise ValueError("not a kind that metrics are told by")
    _told({"kind": kind}, name, unit, value)


def _told(dimensions: Mapping[str, str], name: str, unit: MetricUnit, value: float) -> None:
    with single_metric(name=name, unit=unit, value=value, namespace=_NAMESPACE) as metric:
        for dimension, word in dimensions.items():
            metric.add_dimension(dimension, word)


def _tell_denials() -> None:
    """Of all functions together: what AWS denies one, it denies the others."""
    for (service, metric), value in wiring.denials().items():
        dependency = service if service in DEPENDENCIES else DEPENDENCIES[-1]
        _told({"service": _EVERYBODY, "dependency": dependency}, metric, MetricUnit.Count, value)


class Context(Protocol):
    """What we use of Lambda's context."""

    @property
    def aws_request_id(self) -> str:
        """The invocation's id."""
        ...


class RefusalError(Exception):
    """The only kind of exception that is left to the Lambda runtime, which prints it: one constant word."""


class FailedError(RefusalError):
    """An invocation failed and is to be repeated by whatever woke it. What happened is in our log, masked."""


def entry(handler: Callable[[dict[str, Any], Any], T]) -> Callable[[dict[str, Any], Any], T]:
    """Make `handler` an entry point: lines carry its request id, metrics go out, no exception gets past our masking."""

    @wraps(handler)
    def run(event: dict[str, Any], context: Context) -> T:
        _LINES.clear_state()
        logger.append_keys(request_id=context.aws_request_id)
        try:
            return handler(event, context)
        except RefusalError:
            raise
        except Exception:
            logger.exception("bug")
            count("Bug")
            raise FailedError("failed") from None
        finally:
            _tell_denials()
            if metrics.metric_set:  # asked to flush nothing, Powertools warns
                metrics.flush_metrics()

    return run
