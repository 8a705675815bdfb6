"""`fugace releases`: which version of each function is live, and back to the one before."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from cli import options, output
from cli.faults import CliError, told
from fugace.adapters.session import shared

app = typer.Typer(help="Versions of the functions.", no_args_is_help=True)

COLUMNS = ("function", "live", "since", "trying", "before")
LIVE = "live"


@app.command("list")
@told
def list_(environment: options.Environment, as_json: options.Json = False) -> None:
    """Every function: the version that is live, the one that is being tried, and the newest before it."""
    with output.working("Reading versions"):
        rows = [_row(environment, name) for name in sorted(_names(environment))]
    output.rows(rows, as_json=as_json, columns=COLUMNS)


@app.command()
@told
def back(
    function: Annotated[str, typer.Argument(metavar="FUNCTION", help="Its name, as `list` shows it; or `all`.")],
    environment: options.Environment,
    to: Annotated[int, typer.Option(help="Which version. Default: the newest before the one that is live.")] = 0,
    as_json: options.Json = False,
) -> None:
    """Have an earlier version work again, at once, until the next deployment (`-c release=at-once`)."""
    known = sorted(_names(environment))
    if function not in {"all", *known}:
        raise CliError(f"There is no function {function} in the environment {environment}. `fugace releases list`.")
    if function == "all" and to:
        raise CliError("Versions are counted by each function for itself: --to goes with one function.")
    rows = [_moved(environment, name, to, required=function != "all") for name in known if function in {"all", name}]
    output.rows([row for row in rows if row], as_json=as_json, columns=("function", "was", "live"))


def _names(environment: str) -> Iterator[str]:
    prefix = f"fugace-{environment}-"
    for page in shared().client("lambda").get_paginator("list_functions").paginate():
        for each in page["Functions"]:
            if each["FunctionName"].startswith(prefix):
                yield each["FunctionName"].removeprefix(prefix)


def _row(environment: str, name: str) -> dict[str, Any]:
    alias, published = _alias(environment, name), _versions(environment, name)
    live = int(alias["FunctionVersion"])
    tried = list(alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {}))
    earlier = [number for number in published if number < live]
    return {
        "function": name,
        "live": live,
        "since": published.get(live),
        "trying": int(tried[0]) if tried else None,
        "before": max(earlier, default=None),
    }


def _alias(environment: str, name: str) -> dict[str, Any]:
    try:
        found = shared().client("lambda").get_alias(FunctionName=f"fugace-{environment}-{name}", Name=LIVE)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            raise CliError(f"{name} has no version that is live: was it deployed?") from None
        raise
    return dict(found)


def _versions(environment: str, name: str) -> dict[int, str]:
    """Number and date of each published version."""
    pages = shared().client("lambda").get_paginator("list_versions_by_function")
    found = [each for page in pages.paginate(FunctionName=f"fugace-{environment}-{name}") for each in page["Versions"]]
    return {int(each["Version"]): each["LastModified"] for each in found if each["Version"].isdigit()}


def _moved(environment: str, name: str, to: int, *, required: bool) -> dict[str, Any] | None:
    """Whatever is being tried is not tried any longer."""
    row = _row(environment, name)
    target = to or row["before"]
    if target is None:
        if required:
            raise CliError(f"{name} has no version before {row['live']}.")
        return None
    if target not in _versions(environment, name):
        raise CliError(f"{name} has no version {target}.")
    shared().client("lambda").update_alias(
        FunctionName=f"fugace-{environment}-{name}",
        Name=LIVE,
        FunctionVersion=str(target),
        RoutingConfig={"AdditionalVersionWeights": {}},
    )
    return {"function": name, "was": row["live"], "live": target}
