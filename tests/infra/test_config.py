"""What an environment must be before anything is synthesized."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from infra.config import DRAIN_SECONDS, UNION, Carrier, ConfigError, Environment, read, retention
from infra.duties import DUTIES

ROOT = Path(__file__).resolve().parents[2]
CARRIER = {"name": "simulator", "adapter": "simulator", "url": "https://carrier.example"}


def context(**environment):
    return {"env": "test", "environments": {"test": {"region": "eu-west-3", "carriers": [CARRIER], **environment}}}


def test_the_list_of_regions_is_the_seven_of_the_union():
    """I9 is a list, and changing it is a decision: this test is where it is noticed."""
    assert set(UNION) == {
        "eu-central-1",
        "eu-west-1",
        "eu-west-3",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eusc-de-east-1",
    }


@pytest.mark.parametrize(
    "region",
    [
        pytest.param("eu-west-2", id="London"),
        pytest.param("eu-central-2", id="Zurich"),
        pytest.param("eu-isoe-west-1", id="another partition that begins with eu"),
        pytest.param("us-east-1", id="Virginia"),
        pytest.param("", id="none"),
    ],
)
def test_a_region_outside_the_union_is_refused(region):
    """I9: London and Zurich begin with `eu-` and are outside."""
    with pytest.raises(ConfigError, match="not inside the European Union"):
        read(context(region=region))


def test_the_program_says_so_in_one_sentence():
    """Whoever typed the command gets a sentence and a failure, not a traceback. With cdk.json's own command."""
    given = json.loads((ROOT / "cdk.json").read_text())["context"] | {"env": "example", "region": "eu-west-2"}
    path = f"{ROOT / '.fugace/tools/bin'}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        ["/bin/sh", "-c", json.loads((ROOT / "cdk.json").read_text())["app"]],
        cwd=ROOT,
        env={"PATH": path, "HOME": os.environ.get("HOME", "/"), "CDK_CONTEXT_JSON": json.dumps(given)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if line.startswith("fugace: ")]
    assert len(said) == 1
    assert "eu-west-2" in said[0]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"log_days": 3653}, "log_days"),
        ({"removal": "keep"}, "removal"),
        ({"carriers": []}, "no carrier"),
        ({"tally_seconds": 301}, "tally_seconds"),
        ({"release": "slowly"}, "release"),
        ({"waiting": "a day"}, "waiting"),
        ({"leave_waiting": "PT23H"}, "leave_waiting is 'PT23H', it may be a duration of P1D to P28D"),
        ({"leave_waiting": "P1M"}, "leave_waiting"),
        ({"leave_waiting": "soon"}, "leave_waiting"),
        ({"waiting": "P15D"}, "waiting is 'P15D', it may be a duration of at most P14D"),
        ({"drain_seconds": 64}, "drain_seconds"),
        ({"drain_seconds": 901, "removal": "destroy"}, "drain_seconds"),
        ({"drain_seconds": 0, "removal": "destroy"}, "drain_seconds"),
        ({"watch_minutes": 16}, "watch_minutes"),
        ({"ca_bundle": ""}, "CA bundle"),
        ({"colour": "blue"}, "colour"),
        ({"carriers": [CARRIER | {"concurrency": 1}]}, "concurrency"),
    ],
)
def test_what_cannot_work_is_refused_before_it_is_deployed(changes, says):
    """A wrong setting is a sentence here, and a failed deployment or a broken promise later."""
    with pytest.raises(ConfigError, match=says):
        read(context(**changes))


def test_an_unknown_environment_is_answered_with_those_there_are():
    """`-c env=` forgotten or mistyped is the commonest mistake."""
    with pytest.raises(ConfigError, match=r"env=NAME; cdk\.json has test"):
        read(context() | {"env": None})


def test_single_settings_can_be_given_on_the_command_line():
    """The laptop's CA bundle and build folders are only known where it runs."""
    found = read(context(ca_bundle="") | {"ca_bundle": "/here/ca.pem", "layer": "/here/layer"})

    assert (found.ca_bundle, found.layer) == ("/here/ca.pem", Path("/here/layer"))


BOUNDS = (ROOT / "layers/common/python/fugace/retention.toml").read_text()


def bounded(folder, old, new, **settings):
    """An environment whose bounds were changed in one place."""
    assert BOUNDS.count(old) == 1
    (folder / "retention.toml").write_text(BOUNDS.replace(old, new))
    return Environment(
        name="test",
        region="eu-west-3",
        carriers=(Carrier(**CARRIER),),
        bounds=folder / "retention.toml",
        **settings,
    )


def test_bounds_that_contradict_themselves_are_not_synthesized(tmp_path):
    """They would be refused by the functions too, after the deployment. File and class are named."""
    from aws_cdk import App  # noqa: PLC0415  # after PATH has node

    from infra.app import build  # noqa: PLC0415  # after PATH has node

    wrong = bounded(tmp_path, 'default = "P14M"', 'default = "P11Y"')

    with pytest.raises(ConfigError, match=r"retention\.toml: \[statistics\] default .* is longer than max"):
        build(App(outdir=str(tmp_path / "out")), wrong)


def test_bounds_that_are_not_there_are_a_sentence_too(tmp_path):
    """A file that was moved must not become a traceback."""
    lost = Environment(name="test", region="eu-west-3", carriers=(Carrier(**CARRIER),), bounds=tmp_path / "lost.toml")

    with pytest.raises(ConfigError, match=r"lost\.toml"):
        retention(lost)


def test_the_access_log_is_kept_as_long_as_its_class_allows(tmp_path):
    """It is the one thing of the class that no purge goes through: CloudWatch keeps it for what synthesis says."""
    short = 'min = "P6M"\ndefault = "P1Y"\nmax = "P1Y"', 'min = "P1M"\ndefault = "P6M"\nmax = "P6M"'

    with pytest.raises(ConfigError, match=r"retention\.toml: \[access\] allows P1M to P6M, .* 365 days"):
        retention(bounded(tmp_path, *short))
    assert retention(bounded(tmp_path, *short, removal="destroy"))


def test_what_was_not_built_is_named(tmp_path):
    """An empty layer would deploy, and fail at the first request."""
    from aws_cdk import App  # noqa: PLC0415  # after PATH has node

    from infra.app import build  # noqa: PLC0415  # after PATH has node

    bare = Environment(name="test", region="eu-west-3", carriers=(Carrier(**CARRIER),), layer=tmp_path)

    with pytest.raises(ConfigError, match="run `make layer` first"):
        build(App(outdir=str(tmp_path / "out")), bare)


def test_an_erasure_waits_for_whoever_was_at_it_a_moment_ago():
    """Who was given the person's key before the tombstone stood may use it until its own time is over.

    Where data are kept nobody can set a shorter wait; a laptop, which asks nobody's pardon, does not want one.
    """
    longest = max(DUTIES[name].seconds for name in ("send", "verify", "dispatch", "receive"))

    assert longest < DRAIN_SECONDS
    assert read(context()).drain_seconds == DRAIN_SECONDS
    assert read(context(drain_seconds=2, removal="destroy")).drain_seconds == 2


@pytest.mark.parametrize("minutes", [0, 16])
def test_it_is_looked_for_what_is_over_every_quarter_of_an_hour_at_least(minutes):
    """Nothing that is over may be kept for longer than an hour, and a run may fail."""
    with pytest.raises(ConfigError, match="plan_minutes"):
        read(context(plan_minutes=minutes))
