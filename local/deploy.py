"""The real CDK app, deployed by the real CDK command line to an instance of the embedded AWS; only what changed."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import botocore.session
from botocore.exceptions import ClientError

from local.place import ACCOUNT, BUILD, LOOPBACK, PYTHON, REGION, ROOT, TOOLS, Place, Trouble

STACKS = ("fugace-laptop-data", "fugace-laptop-pipeline", "fugace-laptop-watch")
LAPTOP_PORTS = {"emulator": 4566, "simulator": 4570, "sink": 4571}
DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
Say = Callable[[str], None]


def client(place: Place, service: str, *credentials: str) -> Any:  # noqa: ANN401 - botocore has no types of its own
    """A client of an instance's embedded AWS: its root's, unless there are credentials (key, secret, session token)."""
    key, secret, *token = credentials or ("test", "test")
    return botocore.session.get_session().create_client(
        service,
        endpoint_url=place.endpoint,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token[0] if token else None,
        verify=str(place.ca),
    )


def synthesize(place: Place) -> bool:
    """Write the cloud assembly, unless it was made from just this; True if it was written."""
    context = settings(place)
    inputs = [ROOT / "cdk.json", ROOT / "requirements/dev.txt", BUILD / ".stamps"]
    inputs += [*sorted((ROOT / "infra").rglob("*.py")), *sorted((ROOT / "layers/common/python").rglob("*.py"))]
    made_from = fingerprint(inputs, json.dumps(context))
    stamp = place.folder / "synthesized"
    if (place.assembly / "manifest.json").exists() and stamp.exists() and stamp.read_text() == made_from:
        return False
    environment = {**place.environment(), **_node(), "CDK_OUTDIR": str(place.assembly)}
    environment["CDK_CONTEXT_JSON"] = json.dumps(context)
    environment["PYTHONPATH"] = str(ROOT / "layers/common/python")  # as cdk.json says it
    stamp.unlink(missing_ok=True)
    shutil.rmtree(place.assembly, ignore_errors=True)  # each synthesis adds its assets to those that are there
    run(place, "synth", [str(PYTHON), "-m", "infra.app"], environment, "The CDK app could not be synthesized.")
    stamp.write_text(made_from)
    return True


def settings(place: Place) -> dict[str, Any]:
    """cdk.json's context, for the laptop, with the ports of this instance."""
    text = (ROOT / "cdk.json").read_text()
    for name, port in LAPTOP_PORTS.items():
        text = text.replace(f"{LOOPBACK}:{port}", f"{LOOPBACK}:{place.ports[name]}")
    return {**json.loads(text)["context"], "env": "laptop", "ca_bundle": str(place.ca)}


def deploy(place: Place, say: Say) -> bool:
    """Bootstrap if that was never done, and deploy unless just this is deployed; True if something was done."""
    wanted = fingerprint(sorted(place.assembly.glob("fugace-*.json")), "")  # they name the assets by their contents
    stamp = place.folder / "deployed"
    if stamp.exists() and stamp.read_text() == wanted and all(status(place, name) in DONE for name in STACKS):
        return False
    cdk = [
        str(TOOLS / "bin/node"),
        str(ROOT / "node_modules/aws-cdk/bin/cdk"),
        "--no-notices",
        "-a",
        str(place.assembly),
    ]
    environment = {**place.environment(), **_node(), "NODE_EXTRA_CA_CERTS": str(place.ca)}
    environment |= {"CDK_DISABLE_CLI_TELEMETRY": "true", "CI": "true", "NO_COLOR": "1"}
    if status(place, "CDKToolkit") not in DONE:
        say("bootstrapping")
        command = [*cdk, "bootstrap", f"aws://{ACCOUNT}/{REGION}"]
        run(place, "bootstrap", command, environment, "cdk bootstrap failed.")
    stamp.unlink(missing_ok=True)
    say("deploying three stacks")
    outputs = ["--outputs-file", str(place.folder / "outputs.json"), "--asset-parallelism", "--concurrency", "2"]
    command = [*cdk, "deploy", "--all", "--require-approval", "never", *outputs]
    run(place, "deploy", command, environment, "cdk deploy failed.")
    stamp.write_text(wanted)
    return True


def outputs(place: Place) -> dict[str, str]:
    """What the stacks say of themselves, all stacks together."""
    found: dict[str, str] = {}
    for stack in STACKS:
        described = client(place, "cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        found |= {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    return found


def status(place: Place, stack: str) -> str:
    """CloudFormation's word for the state of a stack; "" where there is none."""
    try:
        described = client(place, "cloudformation").describe_stacks(StackName=stack)
    except ClientError:
        return ""
    return str(described["Stacks"][0]["StackStatus"])


def fingerprint(paths: Iterable[Path], salt: str) -> str:
    """Of names and contents: files, and folders all the way down."""
    digest = hashlib.sha256(salt.encode())
    files = (file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*"))))
    for file in files:
        if file.is_file():
            digest.update(f"\0{file}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def run(place: Place, name: str, command: list[str], environment: dict[str, str], sentence: str) -> None:
    """Run it with its output in a log; where it fails, say so in one sentence, with its last words."""
    log = place.folder / f"log/{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        telling = [line for line in lines if "rror" in line or line.startswith("fugace: ")] or lines
        msg = f"{sentence} Its last words: {' '.join(telling[-1:]).strip()} (all of them: {log})"
        raise Trouble(msg)


def _node() -> dict[str, str]:
    """Our own Node, for jsii and for the CDK command line."""
    return {
        "PATH": f"{TOOLS / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    }
