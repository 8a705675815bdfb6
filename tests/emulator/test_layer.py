"""What Lambda is given: `make layer` has to have been run."""

import json
import ssl
import struct
import subprocess
from pathlib import Path

import pytest

from local import layer
from local.place import BUILD, EMULATOR, ROOT, Trouble

TARGETS = {"arm64": "cpython-313", "host": "cpython-3"}
UNION = ["eu-central-1", "eu-west-1", "eu-west-3", "eu-north-1", "eu-south-1", "eu-south-2", "eusc-de-east-1"]
AARCH64, ELF_MACHINE = 183, 18  # ELF header: e_machine, and where it is


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest) -> str:
    for made in ("layer", "functions"):
        if not (BUILD / f"{made}-{request.param}").exists():
            pytest.fail("not built: make layer")
    return str(request.param)


def alone(*code: str) -> str:
    """Run it with the layer and the functions, and nothing else that is installed here."""
    paths = [str(BUILD / "layer-host/python"), str(BUILD / "functions-host")]
    program = f"import sys; sys.path[:0] = {paths!r}\n" + "\n".join(code)
    command = [str(EMULATOR / "bin/python"), "-I", "-S", "-c", program]
    done = subprocess.run(command, cwd="/", env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_has_bytecode_that_needs_no_look_at_its_source(target: str) -> None:
    """CDK dates all files 1980: bytecode that is checked against its source is stale, and every cold start compiles."""
    lacking = []
    for source in [*(BUILD / f"layer-{target}").rglob("*.py"), *(BUILD / f"functions-{target}").rglob("*.py")]:
        compiled = list((source.parent / "__pycache__").glob(f"{source.stem}.{TARGETS[target]}*.pyc"))
        if not compiled or struct.unpack("<I", compiled[0].read_bytes()[4:8]) != (0b01,):
            lacking.append(source)

    assert lacking == []


def test_native_code_is_for_the_processor_it_will_run_on() -> None:
    """A wheel of this machine's kind would fail at the first call, on AWS alone."""
    machines = {
        struct.unpack_from("<H", library.read_bytes(), ELF_MACHINE)[0]
        for library in (BUILD / "layer-arm64").rglob("*.so")
    }

    assert machines == {AARCH64}


def test_the_bundle_holds_the_amazon_roots_and_no_others(target: str) -> None:
    """Each further certificate is parsed by each client at its first call."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(BUILD / f"layer-{target}/amazon-roots.pem")

    names = [value for root in context.get_ca_certs() for ((key, value),) in root["subject"] if key == "commonName"]
    assert sorted(names) == sorted(layer.ROOTS)


def test_every_client_starts_in_every_region_of_ours_with_what_is_left_of_the_sdk() -> None:
    """The SDK's data is cut to six services and two partitions; one too few fails at the first call."""
    hosts = alone(
        "import json, botocore.session",
        "session = botocore.session.get_session()",
        "session.set_credentials('a', 'b')",
        f"pairs = [(service, region) for service in {sorted(layer.SERVICES)} for region in {UNION}]",
        "print(json.dumps([session.create_client(*pair).meta.endpoint_url for pair in pairs]))",
    )

    assert len(json.loads(hosts)) == len(layer.SERVICES) * len(UNION)
    assert all(host.startswith("https://") for host in json.loads(hosts))
    assert {host.rsplit(".", 1)[1] for host in json.loads(hosts)} == {"com", "eu"}


def test_what_is_read_beside_the_code_is_packed_with_it() -> None:
    """The operator's bounds are a file of the package: without it every choice of a tenant would be an error."""
    kinds = alone("from fugace.edge import wiring", "print(*sorted(wiring.bounds()))")

    assert {"content", "record", "access", "statistics"} <= set(kinds.split())


def handlers() -> list[str]:
    kinds = ("handler", "events", "authorizer", "*_task")
    entry = [path for kind in kinds for path in ROOT.glob(f"functions/**/{kind}.py")]
    return sorted(".".join(path.relative_to(ROOT).with_suffix("").parts) for path in entry)


@pytest.mark.parametrize("module", handlers())
def test_every_function_finds_all_that_it_imports(module: str) -> None:
    """The emulator's own packages lie beside the layer, and would hide one that is missing from it."""
    alone(f"import {module}")


def test_a_bundle_without_one_of_the_roots_is_noticed(tmp_path: Path) -> None:
    """If botocore ever drops one, the build says so rather than a cold start."""
    found = layer.amazon_roots(BUILD / "layer-host/python/botocore/cacert.pem")
    short = tmp_path / "short.pem"
    short.write_text(found.split("# Amazon Root CA 2")[0])

    with pytest.raises(Trouble, match="Amazon Root CA 2"):
        layer.amazon_roots(short)


def test_what_was_built_from_the_same_is_left_as_it_is(target: str) -> None:
    """A second `make up` is quick because of it."""
    said: list[str] = []
    before = {path: path.stat().st_mtime_ns for path in (BUILD / f"functions-{target}").rglob("*.pyc")}

    layer.build(target, said.append)

    assert said == []
    assert {path: path.stat().st_mtime_ns for path in before} == before
