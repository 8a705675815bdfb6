"""`make diff`, on a repository of a few files: what it compares with, and when it has nothing to say."""

import subprocess

import pytest

from local import diff


@pytest.fixture
def git(tmp_path, monkeypatch):
    """A repository with one commit, in which the command believes to be."""

    def run(*words):
        author = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
        subprocess.run(["git", *author, *words], cwd=tmp_path, check=True, capture_output=True)  # noqa: S607

    for path in ("infra/app.py", "layers/common/python/fugace/domain/bounds.py", "functions/handler.py", "cdk.json"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("{}")
    run("init", "-q")
    run("add", ".")
    run("commit", "-qm", "first")
    monkeypatch.setattr(diff, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    return run


@pytest.mark.usefixtures("git")
def test_a_shallow_clone_without_tags_has_nothing_to_compare_with(capsys):
    """It says so, and passes: what cannot be known is no fault of the change."""
    assert diff.main() == 0
    assert "neither a tag nor a commit" in capsys.readouterr().out


def test_the_last_release_is_compared_with_where_there_is_one(git):
    """What is deployed is a release; without one, the commit before this is the next best."""
    git("commit", "-qm", "second", "--allow-empty")
    assert len(diff.last_release()) >= 7
    git("tag", "v1.0.0", "HEAD~1")
    git("tag", "elsewhere")

    assert diff.last_release() == "v1.0.0"


def test_a_change_of_the_code_alone_is_not_synthesized(git, tmp_path, capsys):
    """Two syntheses take ten seconds, and would find nothing."""
    git("tag", "v1.0.0")
    (tmp_path / "functions/handler.py").write_text("changed")

    assert diff.main() == 0
    assert "described as in v1.0.0" in capsys.readouterr().out


@pytest.mark.usefixtures("git")
def test_a_release_that_todays_packages_cannot_synthesize_is_no_fault_of_the_change(tmp_path, monkeypatch, capsys):
    """A package may have lost what an old release needs. What is deployed can still be asked: `cdk diff` does."""
    (tmp_path / "infra/app.py").write_text("changed")

    def fails(*_):
        raise subprocess.CalledProcessError(1, "synth")

    monkeypatch.setattr(diff, "synthesize", fails)

    assert diff.main("HEAD") == 0
    assert "nothing to compare with" in capsys.readouterr().out


@pytest.mark.parametrize("path", ["infra/app.py", "cdk.json", "layers/common/python/fugace/domain/bounds.py"])
def test_a_change_of_what_templates_are_made_from_is_seen(git, tmp_path, monkeypatch, path):
    """Each stack is then compared by the CDK's own command."""
    git("tag", "v1.0.0")
    (tmp_path / path).write_text("changed")
    compared = []
    monkeypatch.setattr(diff, "synthesize", lambda _root, to: to)
    monkeypatch.setattr(diff, "compare", lambda _old, _new, stack: compared.append(stack) or 0)

    assert diff.main() == 0
    assert compared == ["data", "pipeline", "watch"]
