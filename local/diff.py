"""`make diff`: what the infrastructure would change, against the last release. It asks no account, and changes nothing.

Both are synthesized here, from what git has of the one and from the folder as it is of the other, with the same
packages; `cdk diff` compares the two. What is packed into the functions is left out: it changes with every release.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

from local.place import PYTHON, ROOT, TOOLS

LAYER = "layers/common/python"
DESCRIBES = ("infra", "cdk.json", f"{LAYER}/fugace/domain", f"{LAYER}/fugace/retention.toml")
"""Where the templates come from."""
STACKS = ("data", "pipeline", "watch")
ENVIRONMENT = "example"


def main(asked: str = "") -> int:
    """Print the difference. 0 whatever it is: whether something may be replaced is a test's business."""
    base = asked or last_release()
    if not base:
        print("No release to compare with: this clone has neither a tag nor a commit before this one.")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / "before"
        take_out(base, before)
        if described(before) == described(ROOT):
            print(f"The infrastructure is described as in {base}.")
            return 0
        print(f"Against {base}:", flush=True)
        try:
            old = synthesize(before, Path(folder) / "old")
        except subprocess.CalledProcessError:
            print("It cannot be synthesized with the packages of today: there is nothing to compare with.")
            return 0
        new = synthesize(ROOT, Path(folder) / "new")
        return max(compare(old, new, stack) for stack in STACKS)


def last_release() -> str:
    """The last tag of a release; without one, the commit before this; "" in a clone that has neither."""
    for question in (["describe", "--tags", "--abbrev=0", "--match", "v*"], ["rev-parse", "--short", "HEAD~1"]):
        answer = subprocess.run(["git", *question], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
        if answer.returncode == 0:
            return answer.stdout.strip()
    return ""


def take_out(commit: str, to: Path) -> None:
    """What a commit has of the description of the infrastructure."""
    command = ["git", "archive", commit, "infra", "cdk.json", LAYER]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"fugace: git has no {commit} to compare with")
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # since Python 3.11.4
        archive.extractall(to)  # noqa: S202 - it is our own repository's


def described(root: Path) -> dict[str, str]:
    """Everything that the templates are made from, by path, as digests."""
    files = (path for name in DESCRIBES for path in (root / name, *(root / name).rglob("*")))
    kept = (path for path in files if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def synthesize(root: Path, to: Path) -> Path:
    """The templates of `root`, with nothing packed into them."""
    built = to.with_name(f"{to.name}-built")
    for folder in ("layer/python", "code/functions"):
        (built / folder).mkdir(parents=True)
    context = json.loads((root / "cdk.json").read_text(encoding="utf-8"))["context"]
    context |= {"env": ENVIRONMENT, "layer": str(built / "layer"), "code": str(built / "code")}
    environment = {
        "PATH": f"{TOOLS / 'bin'}:/usr/bin:/bin",
        "PYTHONPATH": f"{root}:{root / 'layers/common/python'}",
        "CDK_CONTEXT_JSON": json.dumps(context),
        "CDK_OUTDIR": str(to),
        "HOME": str(Path.home()),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    }
    subprocess.run([str(PYTHON), "-m", "infra.app"], cwd=root, env=environment, check=True)
    return to


def compare(old: Path, new: Path, stack: str) -> int:
    """What `cdk diff` says of one stack."""
    name = f"fugace-{ENVIRONMENT}-{stack}"
    command = [str(TOOLS / "bin/node"), str(ROOT / "node_modules/aws-cdk/bin/cdk"), "--no-notices", "-a", str(new)]
    command += ["diff", name, "--exclusively", "--template", str(old / f"{name}.template.json")]
    environment = {
        "PATH": f"{TOOLS / 'bin'}:/usr/bin:/bin",
        "HOME": str(Path.home()),
        "NO_COLOR": "1",
        "CI": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }
    return subprocess.run(command, cwd=new, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
