"""Every error that is raised on purpose: one class per cause, one public code each."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Code(StrEnum):
    """Public error codes. Tenants match on them: never rename one."""

    BAD_REQUEST = "bad-request"
    BAD_IDEMPOTENCY_KEY = "bad-idempotency-key"
    IDEMPOTENCY_MISMATCH = "idempotency-mismatch"
    INVALID_NUMBER = "invalid-number"
    TOO_LONG = "message-too-long"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    TOO_LATE = "too-late"
    TOO_LARGE = "too-large"
    BLOCKED = "recipient-blocked"
    BAD_CURSOR = "bad-cursor"
    WEBHOOK_REFUSED = "webhook-refused"
    RECEIPT_REFUSED = "receipt-refused"
    LIMIT_REACHED = "limit-reached"
    LAST_ADMIN_KEY = "last-admin-key"
    OUT_OF_BOUNDS = "out-of-bounds"
    SAME_KEY = "same-key"
    IDENTITY_REFUSED = "identity-refused"
    REQUEST_MISMATCH = "request-mismatch"
    REQUEST_OPEN = "request-open"
    REQUEST_CLOSED = "request-closed"
    CODE_REFUSED = "code-refused"
    TOO_MANY_REQUESTS = "too-many-requests"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with a request: where (RFC 6901 pointer) and why, never the value."""

    pointer: str
    reason: str


class FugaceError(Exception):
    """Base class of every error we raise on purpose.

    `facts` are logged and shown to the tenant, so they hold field names,
    limits and codes, never a value that a person sent or is known by.
    """

    code: ClassVar[Code]
    title: ClassVar[str]
    retryable: ClassVar[bool] = False

    def __init__(self, *errors: FieldError, **facts: str | int) -> None:
        super().__init__(self.code.value)
        self.errors = errors
        self.facts = facts


class BadRequestError(FugaceError):
    """The request cannot be read; `errors` says where."""

    code = Code.BAD_REQUEST
    title = "The request is not valid"


class BadIdempotencyKeyError(FugaceError):
    """Not 1 to 255 visible characters, or something a person is known by."""

    code = Code.BAD_IDEMPOTENCY_KEY
    title = "The Idempotency-Key cannot be used"


class IdempotencyMismatchError(FugaceError):
    """The key was used before, with another payload."""

    code = Code.IDEMPOTENCY_MISMATCH
    title = "This Idempotency-Key was used with another payload"


class InvalidNumberError(FugaceError):
    """Not a number that exists in its country's plan (E.164)."""

    code = Code.INVALID_NUMBER
    title = "The number is not a valid E.164 number"


class TooLongError(FugaceError):
    """More segments than the request allows. Facts: segments, allowed."""

    code = Code.TOO_LONG
    title = "The text needs more segments than allowed"


class UnauthorizedError(FugaceError):
    """No key, or one that is malformed, unknown, expired or revoked: which, we do not say."""

    code = Code.UNAUTHORIZED
    title = "A valid API key is needed"


class ForbiddenError(FugaceError):
    """A valid key without the scope. Facts: scope."""

    code = Code.FORBIDDEN
    title = "This API key may not do that"


class NotFoundError(FugaceError):
    """Not there, not there any more, or not yours: the three look the same."""

    code = Code.NOT_FOUND
    title = "There is nothing at this address"


class TooLateError(FugaceError):
    """The message has left already. Facts: state (a fact named `status` would be the HTTP status)."""

    code = Code.TOO_LATE
    title = "The message cannot be cancelled any more"


class TooLargeError(FugaceError):
    """A body over the limit. Facts: allowed."""

    code = Code.TOO_LARGE
    title = "The request is too large"


class BlockedError(FugaceError):
    """The person is not to be written to. Facts: reason (erasure, restriction, objection)."""

    code = Code.BLOCKED
    title = "Messages to this recipient are blocked"


class BadCursorError(FugaceError):
    """Forged, expired, or made for another query or tenant."""

    code = Code.BAD_CURSOR
    title = "The cursor is not valid for this query"


class WebhookRefusedError(FugaceError):
    """An address that we will not call. Facts: reason."""

    code = Code.WEBHOOK_REFUSED
    title = "Webhooks cannot be sent to this address"


class ReceiptRefusedError(FugaceError):
    """A delivery report that is not proven, or that nobody can read. Facts: reason (token, signature, unreadable)."""

    code = Code.RECEIPT_REFUSED
    title = "The delivery report could not be verified"


class LimitReachedError(FugaceError):
    """As many as a tenant may have. Facts: allowed."""

    code = Code.LIMIT_REACHED
    title = "The limit for this kind of resource is reached"


class LastAdminKeyError(FugaceError):
    """Without this key the tenant could make no other."""

    code = Code.LAST_ADMIN_KEY
    title = "The last usable admin key cannot be revoked"


class OutOfBoundsError(FugaceError):
    """A period that the operator does not allow. Facts: kind, bound (min or max), allowed (its value), ground."""

    code = Code.OUT_OF_BOUNDS
    title = "The operator's bounds do not allow this period"


class SameKeyError(FugaceError):
    """A hold is lifted by another key than the one that set it."""

    code = Code.SAME_KEY
    title = "The key that set a hold cannot lift it"


class IdentityRefusedError(FugaceError):
    """A person is named in a way that is not taken: by a hash, say. Facts: reason."""

    code = Code.IDENTITY_REFUSED
    title = "The person cannot be identified like this"


class RequestMismatchError(FugaceError):
    """The `subject_request_id` was used before, for another request."""

    code = Code.REQUEST_MISMATCH
    title = "This subject_request_id was used with another request"


class RequestOpenError(FugaceError):
    """The person has an open request of this kind. Facts: request (its id)."""

    code = Code.REQUEST_OPEN
    title = "The person has an open request of this kind"


class RequestClosedError(FugaceError):
    """The request is past the point at which this can be asked. Facts: state."""

    code = Code.REQUEST_CLOSED
    title = "The request does not allow this any more"


class CodeRefusedError(FugaceError):
    """A wrong one-time code, or one that is over. Facts: left (tries)."""

    code = Code.CODE_REFUSED
    title = "The code is not the one that was sent"


class TooManyRequestsError(FugaceError):
    """More at a time than is taken; nothing was done, asking again later is safe. Mostly the gateway says so itself."""

    code = Code.TOO_MANY_REQUESTS
    title = "There are too many requests at a time"
    retryable = True


class UnavailableError(FugaceError):
    """Something we need does not answer; nothing was done, asking again is safe."""

    code = Code.UNAVAILABLE
    title = "Please try again in a moment"
    retryable = True


class ErasedError(Exception):
    """The person's key is destroyed: the tombstone speaks, and nothing may be read or sent.

    Never shown to a tenant as such; an erased record does not exist for it.
    """


class MissingKeyError(Exception):
    """A key that should be there is not. An operational fault: it fails closed, and is never 'no data'."""


class CarrierError(Exception):
    """Base of the three outcomes of a hand-over that are not success (see ports.Carrier).

    `code` is the carrier's own reason, never text that could quote the request.
    """

    def __init__(self, code: str = "", *, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after
        """Seconds the carrier asked us to wait, if it did."""


class CarrierUnavailableError(CarrierError):
    """It was not handed over: trying again is safe."""


class CarrierRefusedError(CarrierError):
    """It will not be sent: the answer is final."""

    def __init__(self, code: str = "", *, blocked: bool = False) -> None:
        super().__init__(code)
        self.blocked = blocked
        """True where the reason is an opt-out, spam or policy rule: `blocked`, not `rejected`."""


class CarrierSilentError(CarrierError):
    """Nobody knows. Trying again may send it twice."""


class WebhookFailedError(Exception):
    """No answer from a tenant's address. `outcome`: timeout, refused, tls, dns."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome
