"""The records that the law asks for: made of the map, the bounds and a deployment, and the same for the same."""

from collections.abc import Mapping

from cli import periods, processing, recipients
from cli.deployment import Deployment
from fugace.domain.bounds import Bound
from fugace.domain.retention import Kind

_GENERATED = "<!-- Written by `fugace map --write docs/gdpr`, out of the personal-data map: change that, not this. -->"


def documents(deployment: Deployment, bounds: Mapping[Kind, Bound]) -> dict[str, str]:
    """Each by the name of its file."""
    pages = {
        "record-of-processing.md": processing.page(deployment),
        "retention.md": periods.page(deployment, bounds),
        "recipients.md": recipients.page(deployment),
    }
    return {name: "\n".join([_GENERATED, "", *lines]).rstrip() + "\n" for name, lines in pages.items()}
