"""Messages as the API shows them. docs/openapi.yaml has the same fields with their meaning."""

from collections.abc import Sequence
from typing import Any

from fugace.domain.retention import Period
from fugace.domain.webhooks import rfc3339
from functions.send.accept import Accepted
from functions.send.preview import Preview
from functions.send.read import Seen


def accepted(result: Accepted) -> dict[str, Any]:
    """What a 202 says. It is the first answer however often it is given, so it says nothing of what came after."""
    record = result.record
    return {
        "id": record.key.id,
        "status": record.history[0].status.value,
        "encoding": record.encoding,
        "segments": record.segments,
        "expires_at": rfc3339(record.expires_at),
    }


def message(seen: Seen) -> dict[str, Any]:
    """A message; number, text and reference only where they were asked for."""
    record = seen.record
    created = record.history[0].at
    shown = {
        "id": record.key.id,
        "status": record.status.value,
        "category": record.category.value,
        "carrier": record.carrier,
        "live": record.live,
        "sender": record.sender or None,
        "campaign": record.campaign or None,
        "encoding": record.encoding,
        "segments": record.segments,
        "parts": [{"part": part, "status": status.value} for part, status in sorted(record.parts.items())],
        "on_unknown": record.on_unknown.value,
        "validity": str(Period(seconds=int(record.validity.total_seconds()))),
        "created_at": rfc3339(created),
        "send_at": rfc3339(record.anchor) if record.anchor > created else None,
        "expires_at": rfc3339(seen.expires_at),
        "content_until": rfc3339(seen.content_until),
        "history": [
            {
                "sequence": sequence,
                "status": change.status.value,
                "at": rfc3339(change.at),
                "evidence": change.evidence.value,
                "code": change.code or None,
            }
            for sequence, change in enumerate(record.history, start=1)
        ],
    }
    if seen.personal is not None:
        personal = seen.personal
        shown |= {"to": personal.to, "text": personal.text, "reference": personal.reference}
    return shown


def page(messages: Sequence[Seen], next_cursor: str | None) -> dict[str, Any]:
    """One page of a listing."""
    return {"messages": [message(each) for each in messages], "next_cursor": next_cursor}


def preview(found: Preview) -> dict[str, Any]:
    """What a text would cost. The caller's own text goes back to the caller and nowhere else."""
    plain = found.plain
    return {
        "encoding": found.cut.alphabet.value,
        "segments": len(found.cut.parts),
        "units": found.cut.units,
        "parts": list(found.cut.parts),
        "fits": found.fits,
        "forced_ucs2": [{"char": each.char, "name": each.name, "positions": each.positions} for each in found.foreign],
        "transliteration": None
        if plain is None
        else {
            "text": plain.made.text,
            "encoding": plain.cut.alphabet.value,
            "segments": len(plain.cut.parts),
            "units": plain.cut.units,
            "parts": list(plain.cut.parts),
            "changes": [{"from": each.char, "to": each.by, "count": each.count} for each in plain.made.replacements],
        },
    }
