"""The two pages in a real browser: they show what came, follow what comes, and run nothing that was received."""

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.loopback import Server
from local.sink.api import Api
from local.sink.inbox import Inbox
from tests.contract.loop import SECRETS, Loop, running
from tests.exporting import Desk
from tests.fakes import SHOP, tenant

HERE = Path(__file__).parent
NASTY = "<script>alert(1)</script><img src=x onerror=alert(1)>"

pytestmark = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the packaged Chromium is for Linux on x86-64"
)


@pytest.fixture(scope="session")
def node() -> str:
    """Node, with the browser installed as the lock says."""
    if not (HERE / "node_modules/playwright-core").exists():
        npm = shutil.which("npm")
        assert npm, "npm is needed: make install"
        subprocess.run([npm, "ci", "--ignore-scripts", "--silent"], cwd=HERE, check=True, timeout=300)
    found = shutil.which("node")
    assert found, "Node is needed: make install"
    return found


def look(node: str, **wish: object) -> dict[str, Any]:
    """What a person finds at `url`."""
    done = subprocess.run(
        [node, str(HERE / "look.mjs"), json.dumps(wish)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture
def loop() -> Iterator[Loop]:
    with running() as it:
        yield it


@pytest.fixture
def sink() -> Iterator[str]:
    server = Server(0, Api(Inbox()))
    thread = server.start()
    yield server.url
    server.shutdown()
    thread.join()
    server.server_close()


def post(url: str, body: dict[str, object], **headers: str) -> dict[str, object]:
    """A request for the browser's script to make while the page is open."""
    sent = {"content-type": "application/json", **headers}
    return {"url": url, "method": "POST", "headers": sent, "body": json.dumps(body)}


def test_the_simulators_page_shows_an_sms_as_it_comes_and_as_text(node: str, loop: Loop, tmp_path: Path) -> None:
    """Without a reload, with its receipts; what stands in a text is read, not run."""
    loop.submit("01")
    loop.settled(2)
    order = {"to": "+33639980000", "text": NASTY, "reference": "ref-2", "callback_url": f"{loop.back}/simulator"}
    then = post(f"{loop.url}/v1/messages", order, authorization=f"Bearer {SECRETS['simulator']['token']}")

    seen = look(node, url=loop.url, then=then, awaits="<script>alert(1)", picture=str(tmp_path / "page.png"))

    assert seen["title"] == "Carrier simulator"
    assert "Your parcel is here, Alice" in seen["before"]
    assert "UNDELIV: 204" in seen["before"]
    assert NASTY not in seen["before"]
    assert NASTY in seen["after"]
    assert seen["dialogs"] == 0
    assert seen["complaints"] == []
    assert {each for each in seen["asked"] if not each.startswith("data:")} == {f"{loop.url}/", f"{loop.url}/live"}
    assert (tmp_path / "page.png").stat().st_size > 0


def test_the_sinks_page_shows_a_webhook_as_it_comes(node: str, sink: str) -> None:
    """A tenant's developer watches it while trying things out."""
    then = post(f"{sink}/hook", {"type": "message.delivered", "data": {"id": "m-1"}, "more": NASTY})

    seen = look(node, url=sink, then=then, awaits="message.delivered")

    assert "None yet." in seen["before"]
    assert "m-1" in seen["after"]
    assert NASTY in seen["after"]
    assert (seen["dialogs"], seen["complaints"]) == (0, [])


def test_a_screen_reader_finds_its_way(node: str, loop: Loop, sink: str) -> None:
    """Headings, named tables, named controls: as the browser's own accessibility tree has them."""
    loop.submit("00")
    loop.settled(2)
    tree = look(node, url=loop.url)["tree"]

    assert '- heading "Carrier simulator" [level=1]' in tree
    assert '- checkbox "Keep up to date" [checked]' in tree
    assert '- table "SMS that left"' in tree
    assert '- columnheader "To"' in tree
    assert '- heading "Webhook sink" [level=1]' in look(node, url=sink)["tree"]


def test_a_persons_archive_is_a_page_that_asks_for_nothing(node: str, tmp_path: Path) -> None:
    """It is opened from a disk, years later, by somebody who is not to be watched while reading."""
    desk = Desk()
    desk.tenants.tenants[SHOP] = tenant(SHOP, name=NASTY)
    desk.send(text=NASTY)
    page = tmp_path / "index.html"
    page.write_text(desk.answer(language="pl").page, encoding="utf-8")

    seen = look(node, url=page.as_uri())

    assert seen["asked"] == [page.as_uri()]
    assert (seen["complaints"], seen["dialogs"]) == ([], 0)
    assert NASTY in seen["before"]
    assert "doręczona" in seen["before"]
    assert 'columnheader "Treść"' in seen["tree"]
