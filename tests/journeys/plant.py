"""Puts messages of an earlier day into the deployed tables: `plant TENANT COUNT DAYS [EXPIRED]`.

They are what `accept` would have left there: sealed with their person's key, stamped by the tenant's choice of then.
With EXPIRED their stamp has passed, so that TTL may take them at any moment. Prints their ids as JSON.
"""

import json
import os
import sys
from datetime import UTC, datetime, timedelta

from cli import options
from fugace.domain.expiry import stamp
from fugace.domain.ids import MessageId, MessageKey, TenantId, uuid7
from fugace.domain.message import Category, Change, OnUnknown, Record, Sealed, Status
from fugace.domain.msisdn import Msisdn
from fugace.domain.retention import Kind
from fugace.edge import wiring
from fugace.ports import SubjectKey


def main(tenant_id: str, count: int, days: int, *, expired: bool) -> list[str]:
    """Their ids."""
    settings = options.settings(os.environ["FUGACE_ENVIRONMENT"])
    tenant = wiring.tenants(settings).get(TenantId(tenant_id))
    assert tenant
    vault, messages = wiring.vault(settings), wiring.messages(settings)
    people = [Msisdn.parse(f"+3363998{number % 40:04d}") for number in range(count)]
    keys = vault.keys_for(tenant.id, people)
    anchor = (datetime.now(UTC) - timedelta(days=days)).replace(microsecond=0)
    ids = []
    for number, to in enumerate(people):
        at = anchor + timedelta(milliseconds=number)
        kept = stamp(tenant.retention, anchor=at, collected=at, validity=timedelta(days=2), content=None)
        person = keys[vault.subject(tenant.id, to)]
        assert person
        record = _record(tenant.id, to, person, at, kept.expires_at if not expired else anchor + timedelta(days=1))
        assert messages.add(record) is None
        ids.append(str(record.key.id))
    agenda = wiring.agenda(settings)
    for kind in (Kind.RECORD, Kind.CONTENT):  # as the first use of a key on that day had done
        agenda.ensure(tenant.id, f"{kind}/0", tenant.retention.expiry(kind, anchor, anchor))
    return ids


def _record(tenant: TenantId, to: Msisdn, person: SubjectKey, at: datetime, expires_at: datetime) -> Record:
    key = MessageKey(tenant, MessageId(uuid7(at)))
    return Record(
        key=key,
        subject=person.subject,
        epoch=person.epoch,
        sealed=Sealed(person.seal(str(key), "to", to.reveal()), person.seal(str(key), "text", "Your parcel is here")),
        anchor=at,
        history=(Change(Status.ACCEPTED, at), Change(Status.DELIVERED, at + timedelta(seconds=2))),
        encoding="GSM-7",
        segments=1,
        category=Category.TRANSACTIONAL,
        carrier="simulator",
        on_unknown=OnUnknown.AT_MOST_ONCE,
        validity=timedelta(days=2),
        expires_at=expires_at,
        content_until=at + timedelta(days=7),
        campaign="spring",
    )


if __name__ == "__main__":
    found = main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), expired="EXPIRED" in sys.argv)
    sys.stdout.write(json.dumps(found))
