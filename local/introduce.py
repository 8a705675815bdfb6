"""What an operator does once: fill in the carriers' secrets, take a first tenant in, tell a carrier where we are."""

import json
import secrets
import subprocess
from typing import Any

import urllib3

from local import deploy
from local.place import REGION, ROOT, Place, Trouble

CARRIERS = ("simulator", "simulator-account")
TABLE = "fugace-laptop-tenants"


def carriers(place: Place) -> dict[str, Any]:
    """The credentials that the deployed functions use with the simulated carriers; made where there are none yet."""
    vault = deploy.client(place, "secretsmanager")
    found = {}
    for name in CARRIERS:
        where = f"fugace/laptop/carrier/{name}"
        secret = json.loads(vault.get_secret_value(SecretId=where)["SecretString"])
        if not secret["token"]:
            secret["token"] = secrets.token_urlsafe(24)
            vault.put_secret_value(SecretId=where, SecretString=json.dumps(secret))
        found[name] = secret
    return found


def tenant(place: Place) -> dict[str, str]:
    """The first tenant and its admin key for tests, made by the operator's command line; kept in local.json."""
    note = place.folder / "local.json"
    stack = {"api_url": deploy.outputs(place)["ApiUrl"].rstrip("/"), "region": REGION}
    stack |= {f"{name}_url": place.url(name) for name in ("simulator", "sink")}
    known = json.loads(note.read_text()) if note.exists() else {}
    if "tenant" not in known or not _exists(place, known["tenant"]):
        made = json.loads(
            _run(place, str(ROOT / "fugace"), "tenants", "create", "First tenant", "--key", "test", "--json")
        )
        known = {"tenant": made["tenant"]["id"], "api_key": made["key"]["key"]}
    local = {**known, **stack}
    note.touch(mode=0o600)
    note.write_text(json.dumps(local, indent=2) + "\n")
    exported = {**place.aws(), "FUGACE_API": local["api_url"], "FUGACE_KEY": local["api_key"]}
    shell = place.folder / "env"
    shell.touch(mode=0o600)
    shell.write_text("".join(f"export {name}='{value}'\n" for name, value in exported.items()))
    return local


def callback(place: Place, api_url: str) -> None:
    """Tell the carrier that has one callback URL per account where ours is."""
    pool, account = urllib3.PoolManager(), f"{place.url('simulator')}/account"
    known = pool.request("GET", account).json().get("callback_url") or ""
    if not known.startswith(f"{api_url}/dlr/"):
        url = _run(place, str(ROOT / "fugace"), "carriers", "callback", "simulator-account", "--api", api_url).strip()
        pool.request("PUT", account, json={"callback_url": url})


def _exists(place: Place, tenant_id: str) -> bool:
    key = {"tenant": {"S": tenant_id}, "item": {"S": "tenant"}}
    return "Item" in deploy.client(place, "dynamodb").get_item(TableName=TABLE, Key=key)


def _run(place: Place, *command: str) -> str:
    environment = {**place.environment(), "PYTHONPATH": f"{ROOT}:{ROOT}/layers/common/python"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        msg = f"{' '.join(command)} failed: {' '.join(last)}"
        raise Trouble(msg)
    return done.stdout
