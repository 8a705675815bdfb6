"""What Lambda is given: `python -m local.layer arm64 host` builds `build/layer-*` and `build/functions-*`.

`arm64` goes to AWS: wheels for Lambda's processor and Python, whatever this machine is. `host` is the same for
the embedded AWS, whose functions run in its own Python.

Bytecode is compiled here and marked as valid without a look at the source ("unchecked hash"): CDK dates every file
1980, which makes ordinary bytecode stale, and every cold start would compile everything again.
"""

import gzip
import hashlib
import json
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from local.install import uv_environment
from local.place import BUILD, EMULATOR, ROOT, TOOLS, Trouble

LOCK = ROOT / "requirements/runtime.txt"
PACKAGE = ROOT / "layers/common/python/fugace"
FUNCTIONS = ROOT / "functions"
SERVICES = {"dynamodb", "sqs", "kms", "scheduler", "secretsmanager", "s3", "stepfunctions"}
ENDPOINTS = SERVICES | {"states"}
"""As the list of endpoints has them: one of them is called otherwise there."""
SOURCES = {".py", ".typed", ".json", ".toml"}
PARTITIONS = {"aws", "aws-eusc"}
ROOTS = {
    "Amazon Root CA 1",
    "Amazon Root CA 2",
    "Amazon Root CA 3",
    "Amazon Root CA 4",
    "Starfield Services Root Certificate Authority - G2",
}
UNUSED = (
    "bin",
    "**/tests",
    "**/__pycache__",
    "**/*.pyi",
    "*.dist-info/RECORD",
    "*.dist-info/direct_url.json",
    "cffi*",  # the compiler of bindings; what cryptography needs of it is _cffi_backend
    "pycparser*",
    "aws_lambda_powertools/event_handler/openapi/swagger_ui/*.min.*",
    "aws_lambda_powertools/utilities/parser",  # needs pydantic, which no function may import
)
WHEELS = {
    "arm64": ["--python-platform", "aarch64-manylinux_2_28", "--python-version", "3.13", "--only-binary", ":all:"],
    "host": ["--python", str(EMULATOR / "bin/python")],
}


def build(target: str, say: Callable[[str], None] = print) -> None:
    """Build layer and functions for `target` ("arm64" or "host"); what has not changed since is left as it is."""
    layer, functions = BUILD / f"layer-{target}", BUILD / f"functions-{target}"
    salt = [target, sys.version, Path(__file__).read_text(), (ROOT / "package-lock.json").read_text()]
    if changed(f"packages-{target}", layer, [LOCK], salt):
        say(f"packages for {target}")
        packages(target, layer)
        seal(target, layer / "python", "/opt/python")
        note(f"packages-{target}", [LOCK], salt)
    if changed(f"fugace-{target}", layer / "python/fugace", [PACKAGE], salt):
        copy(PACKAGE, layer / "python/fugace")
        seal(target, layer / "python", "/opt/python", only="fugace")
        note(f"fugace-{target}", [PACKAGE], salt)
    if changed(f"functions-{target}", functions, [FUNCTIONS], salt):
        copy(FUNCTIONS, functions / "functions")
        seal(target, functions, "/var/task")
        note(f"functions-{target}", [FUNCTIONS], salt)


def packages(target: str, layer: Path) -> None:
    """The locked packages, without what no function reads."""
    shutil.rmtree(layer, ignore_errors=True)
    python = layer / "python"
    command = [
        str(TOOLS / "bin/uv"),
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--no-deps",
        "--link-mode",
        "copy",
    ]
    command += [*WHEELS[target], "--target", str(python), "-r", str(LOCK)]
    if subprocess.run(command, env=uv_environment(), check=False).returncode:
        msg = f"uv could not install requirements/runtime.txt for {target}."
        raise Trouble(msg)
    for pattern in UNUSED:
        for path in list(python.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    trim(python / "botocore/data")
    roots = amazon_roots(python / "botocore/cacert.pem")
    (layer / "amazon-roots.pem").write_text(roots)


def trim(data: Path) -> None:
    """Leave botocore the services that we use, in the partitions that have European Regions.

    Its loader walks all of it before the first client: 440 services, and 1.2 MB of endpoints.
    """
    for path in list(data.iterdir()):
        if path.is_dir() and path.name not in SERVICES:
            shutil.rmtree(path)
    for examples in list(data.glob("*/*/examples-1.json*")):
        examples.unlink()
    for name in ("endpoints.json", "endpoints.json.gz"):
        if (path := data / name).exists():
            pack, unpack = (gzip.compress, gzip.decompress) if name.endswith("gz") else (bytes, bytes)
            endpoints = json.loads(unpack(path.read_bytes()))
            kept = [part for part in endpoints["partitions"] if part["partition"] in PARTITIONS]
            for part in kept:
                part["services"] = {name: at for name, at in part["services"].items() if name in ENDPOINTS}
            endpoints["partitions"] = kept
            path.write_bytes(pack(json.dumps(endpoints, separators=(",", ":")).encode()))


def amazon_roots(bundle: Path) -> str:
    """The authorities that sign AWS's endpoints, in PEM. Parsing all 126 of them costs 16 ms, for each client.

    Source: https://www.amazontrust.com/repository/
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(bundle)
    found = {}
    for known, der in zip(context.get_ca_certs(), context.get_ca_certs(binary_form=True), strict=True):
        for name in ROOTS:
            if (("commonName", name),) in known["subject"]:
                found[name] = ssl.DER_cert_to_PEM_cert(der)
    if missing := ROOTS - found.keys():
        msg = f"The certificate bundle of botocore no longer has {', '.join(sorted(missing))}."
        raise Trouble(msg)
    return "".join(f"# {name}\n{found[name]}" for name in sorted(found))


def seal(target: str, tree: Path, mounted: str, only: str = ".") -> None:
    """Compile `tree` for the Python of `target`, as if it lay in `mounted` already."""
    if target == "host":
        command = [
            str(EMULATOR / "bin/python"),
            "-m",
            "compileall",
            "-q",
            "-f",
            "--invalidation-mode",
            "unchecked-hash",
        ]
        command += ["-s", str(tree), "-p", mounted, str(tree / only)]
    else:
        command = [str(TOOLS / "bin/node"), str(ROOT / "local/compile.mjs"), str(tree), mounted, only]
    if subprocess.run(command, cwd=ROOT, env={"PYTHONHASHSEED": "0"}, check=False).returncode:
        msg = f"Could not compile {tree.relative_to(ROOT)}."
        raise Trouble(msg)


def copy(source: Path, target: Path) -> None:
    """Python sources, and the data that they read."""
    shutil.rmtree(target, ignore_errors=True)
    for path in sources(source):
        (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / path.relative_to(source))


def sources(root: Path) -> list[Path]:
    """The files that count, always in the same order."""
    if root.is_file():
        return [root]
    return sorted(path for path in root.rglob("*") if path.is_file() and path.suffix in SOURCES)


def digest(roots: Iterable[Path], salt: Iterable[str]) -> str:
    """A fingerprint of names and contents."""
    sum_ = hashlib.sha256("\0".join(salt).encode())
    for path in (found for root in roots for found in sources(root)):
        sum_.update(f"\0{path}\0".encode() + path.read_bytes())
    return sum_.hexdigest()


def changed(name: str, made: Path, roots: list[Path], salt: list[str]) -> bool:
    """Whether `made` is missing, or was made from something else."""
    stamp = BUILD / ".stamps" / name
    return not made.exists() or not stamp.exists() or stamp.read_text() != digest(roots, salt)


def note(name: str, roots: list[Path], salt: list[str]) -> None:
    """Remember what it was made from."""
    stamp = BUILD / ".stamps" / name
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest(roots, salt))


if __name__ == "__main__":
    try:
        for wanted in sys.argv[1:]:
            build(wanted)
    except Trouble as trouble:
        sys.exit(str(trouble))
