"""Moments as they are kept."""

from datetime import datetime


def whole(at: datetime) -> datetime:
    """In milliseconds: what is compared with what was stored must not be finer."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
