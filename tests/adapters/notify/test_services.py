"""By apprise: delivered to a real receiver, and no token in errors or logs."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.adapters.notify.receiver import Receiver, receiving
from tests.adapters.notify.rows import notification, write
from watcher.adapters.notify import services
from watcher.adapters.notify.services import AppriseCourier
from watcher.adapters.notify.silence import Silence
from watcher.config.channels import Apprise
from watcher.ports import Unavailable

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
"""A plugin of apprise imports it, with Python 3.11 and 3.12."""

TOKEN = "T0KENabcdef0123456789"


@pytest.fixture
def urls(tmp_path: Path) -> Path:
    return tmp_path / "urls"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a handler of the daemon writes when everything is logged."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.addFilter(Silence())
    level = root.level
    root.addHandler(handler)
    root.setLevel(1)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def by(urls: Path) -> AppriseCourier:
    return AppriseCourier(Apprise(str(urls)))


async def test_a_message_arrives(urls: Path, receiver: Receiver) -> None:
    write(urls, f"# who is on call\njson://{receiver.netloc}/{TOKEN}\n")
    await by(urls).deliver(notification(stage="failed", text="Over? No\nYou must: look"))
    (got,) = receiver.received
    assert got.path.startswith(f"/{TOKEN}")
    body = json.loads(got.body)
    assert body["title"] == "Bad release, rollback held: shop/cart"
    assert body["message"] == "Over? No\nYou must: look"
    assert body["type"] == "failure"


async def test_the_file_is_read_again_when_it_changes(urls: Path, receiver: Receiver) -> None:
    sender = by(urls)
    with pytest.raises(Unavailable, match="cannot be read"):
        await sender.deliver(notification("a"))
    write(urls, "\n# nobody yet\n")
    with pytest.raises(Unavailable, match="holds no URL"):
        await sender.deliver(notification("a"))
    write(urls, f"json://{receiver.netloc}/first")
    await sender.deliver(notification("a"))
    write(urls, f"json://{receiver.netloc}/second-one")
    await sender.deliver(notification("b"))
    assert [each.path.strip("/") for each in receiver.received] == ["first", "second-one"]


async def test_who_was_reached_is_not_told_twice_when_another_was_not(urls: Path, receiver: Receiver) -> None:
    write(urls, f"json://{receiver.netloc}/one\njson://{receiver.netloc}/two\n")
    receiver.statuses = [200, 503, 200]
    sender = by(urls)
    with pytest.raises(Unavailable, match=r"JSON \(line 2 of .*\): HTTP status 503"):
        await sender.deliver(notification("a"))
    await sender.deliver(notification("a"))
    assert [each.path.strip("/") for each in receiver.received] == ["one", "two", "two"]
    await sender.deliver(notification("b"))
    assert len(receiver.received) == 5


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"slack://{TOKEN}", "line 1 of .* is no URL that apprise knows"),
        (f"nothing://{TOKEN}", "line 1 of .* is no URL that apprise knows"),
        (f"json://user:{TOKEN}@127.0.0.1:1/{TOKEN}", "not sent"),
    ],
)
async def test_no_error_and_no_log_line_shows_a_token(urls: Path, url: str, why: str, written: io.StringIO) -> None:
    write(urls, url)
    with pytest.raises(Unavailable, match=why) as caught:
        await by(urls).deliver(notification())
    assert TOKEN not in str(caught.value)
    logging.getLogger("apprise").warning("as ever")
    assert written.getvalue().count("as ever") == 1
    assert TOKEN not in written.getvalue()


async def test_a_message_that_arrives_leaves_no_token_in_the_log(
    urls: Path, receiver: Receiver, written: io.StringIO, caplog: pytest.LogCaptureFixture
) -> None:
    write(urls, f"json://{receiver.netloc}/{TOKEN}")
    receiver.statuses = [403]
    with pytest.raises(Unavailable, match="HTTP status 403"):
        await by(urls).deliver(notification())
    await by(urls).deliver(notification())
    assert TOKEN in caplog.text, "libraries do log it, where nothing keeps it out"
    assert TOKEN not in written.getvalue()


async def test_a_fault_of_a_library_shows_its_kind_alone(urls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> str:
        raise KeyError(TOKEN)

    write(urls, f"json://127.0.0.1:1/{TOKEN}")
    monkeypatch.setattr(services, "_notify", fails)
    with pytest.raises(Unavailable, match="apprise failed with KeyError") as caught:
        await by(urls).deliver(notification())
    assert TOKEN not in str(caught.value)


async def test_a_service_that_hangs_is_left_and_not_called_again_meanwhile(
    urls: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(urls, f"json://{receiver.netloc}/x")
    monkeypatch.setattr(services, "TOTAL_SECONDS", 0.5)
    receiver.delay = 1.5
    sender = by(urls)
    with pytest.raises(Unavailable, match="no answer within"):
        await sender.deliver(notification())
    with pytest.raises(Unavailable, match="still hangs"):
        await sender.deliver(notification())
    assert len(receiver.received) <= 1
    for thread in threading.enumerate():
        if thread.name == "apprise":
            await asyncio.to_thread(thread.join)
    receiver.delay = 0.0
    await sender.deliver(notification())


async def test_a_redirect_is_not_followed(urls: Path, receiver: Receiver) -> None:
    write(urls, f"json://{receiver.netloc}/x")
    receiver.statuses = [307]
    with pytest.raises(Unavailable, match="HTTP status 307"):
        await by(urls).deliver(notification())
    assert len(receiver.received) == 1
