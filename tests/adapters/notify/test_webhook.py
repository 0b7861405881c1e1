"""Signed CloudEvents: delivered, refused, tried again, and never a secret in an error."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import respx

from tests.adapters.notify.receiver import Receiver, receiving
from tests.adapters.notify.rows import notification, write
from watcher.adapters.notify import courier, http, webhook
from watcher.adapters.notify.webhook import WebhookCourier
from watcher.config import loads
from watcher.config.channels import Webhook
from watcher.ports import Rejected, Unavailable

NOW = 1_760_000_123.9
SECRET = "correct horse battery staple"
HOOK = "https://events.test/watcher"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    write(path, f"{SECRET}\n")
    return path


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


def by(secret: Path, url: str = HOOK, **more: object) -> WebhookCourier:
    means = replace(Webhook(url, "", str(secret), "", plain_http=False), **more)  # type: ignore[arg-type]
    return WebhookCourier(means, lambda: NOW)


def signature(body: bytes, secret: bytes = SECRET.encode(), event: str = "3f9a01c2d4e5/held") -> str:
    mac = hmac.new(secret, event.encode() + b".1760000123." + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


async def test_an_event_arrives_whole_and_signed(secret: Path, receiver: Receiver) -> None:
    await by(secret, f"{receiver.url}/hook").deliver(notification())
    (got,) = receiver.received
    assert got.path == "/hook"
    assert got.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert got.headers["webhook-id"] == "3f9a01c2d4e5/held"
    assert got.headers["webhook-timestamp"] == "1760000123"
    assert got.headers["webhook-signature"] == signature(got.body)
    assert json.loads(got.body) == {
        "specversion": "1.0",
        "id": "3f9a01c2d4e5/held",
        "source": "/watcher/prod%20eu%2F1",
        "type": "dev.watcher.decision.v1",
        "subject": "Deployment/shop/cart",
        "time": "2025-10-09T08:53:20.250Z",
        "datacontenttype": "application/json",
        "data": {
            "stage": "held",
            "title": "Bad release, rollback held: shop/cart",
            "text": "Over? No",
            "cluster": "prod eu/1",
            "said": "held",
            "decision": {"id": "3f9a01c2d4e5"},
        },
    }


@pytest.mark.parametrize(
    ("stage", "kind"),
    [("passed", "release"), ("config_rejected", "daemon"), ("failed", "decision"), ("summary", "summary")],
)
@respx.mock
async def test_the_type_tells_what_it_is_about(secret: Path, stage: str, kind: str) -> None:
    route = respx.post(HOOK).respond(204)
    await by(secret).deliver(notification(stage=stage))
    assert json.loads(route.calls.last.request.content)["type"] == f"dev.watcher.{kind}.v1"


@respx.mock
async def test_every_secret_of_the_file_signs_and_a_new_one_is_read(secret: Path) -> None:
    route, sender = respx.post(HOOK).respond(200), by(secret)
    key = bytes(range(32))
    write(secret, f"whsec_{base64.b64encode(key).decode()}\n\n{SECRET}\n")
    await sender.deliver(notification())
    sent = route.calls.last.request
    assert sent.headers["webhook-signature"].split() == [signature(sent.content, key), signature(sent.content)]
    write(secret, "another secret of some length\n")
    await sender.deliver(notification())
    sent = route.calls.last.request
    assert sent.headers["webhook-signature"] == signature(sent.content, b"another secret of some length")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no secret"),
        ("sh0rt", "the secret in line 1 of .* is shorter than 16 bytes"),
        ("whsec_!!!", "line 1 of .* is not base64"),
    ],
)
async def test_a_file_without_a_good_secret_is_an_error_that_does_not_show_it(
    secret: Path, text: str, why: str
) -> None:
    write(secret, text)
    with pytest.raises(Unavailable, match=why) as caught:
        await by(secret).deliver(notification())
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "error"), [(400, Rejected), (413, Rejected), (403, Unavailable), (503, Unavailable)]
)
@respx.mock
async def test_what_is_refused_is_not_sent_again(secret: Path, status: int, error: type[Exception]) -> None:
    respx.post(HOOK).respond(status)
    with pytest.raises(error, match=f"events.test .* status {status}"):
        await by(secret).deliver(notification())


async def test_a_redirect_is_not_followed(secret: Path, receiver: Receiver) -> None:
    receiver.statuses = [307]
    with pytest.raises(Unavailable, match="redirects are not followed"):
        await by(secret, f"{receiver.url}/hook").deliver(notification())
    assert [each.path for each in receiver.received] == ["/hook"]


async def test_a_receiver_that_hangs_is_left(secret: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TOTAL_SECONDS", 0.2)
    receiver.delay = 1.0
    with pytest.raises(Unavailable, match="no answer within"):
        await by(secret, receiver.url).deliver(notification())


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ReadError("token-in-path"), httpx.ConnectTimeout("token-in-path")]
)
@respx.mock
async def test_no_error_shows_the_path_of_an_address(tmp_path: Path, secret: Path, error: Exception) -> None:
    address = tmp_path / "address"
    url = "https://events.test/token-in-path?sig=token-in-query"
    write(address, url)
    respx.post(url).mock(side_effect=error)
    with pytest.raises(Unavailable, match=r"events\.test") as caught:
        await by(secret, "", url_file=str(address)).deliver(notification())
    assert "token" not in str(caught.value)


@pytest.mark.parametrize("address", ["http://events.test/x", "ftp://events.test", "https://u:p@events.test"])
async def test_an_address_in_a_file_is_held_to_the_same_rules(tmp_path: Path, secret: Path, address: str) -> None:
    path = tmp_path / "address"
    write(path, address)
    with pytest.raises(Unavailable, match=str(path)) as caught:
        await by(secret, "", url_file=str(path)).deliver(notification())
    assert address not in str(caught.value)


async def test_an_authority_that_is_none(tmp_path: Path, secret: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be used as an authority"):
        await by(secret, ca_file=str(tmp_path / "none")).deliver(notification())


async def test_an_event_that_is_too_large_is_refused(secret: Path) -> None:
    with pytest.raises(Rejected, match="bytes"):
        await by(secret).deliver(notification(text="x" * webhook.LARGEST))


def test_the_courier_is_the_one_of_the_thresholds_file() -> None:
    text = """
version: 1
sources: {main: {url: "http://p:9090"}}
services: [{match: {}}]
notifications:
  bus: {webhook: {url: "https://events.test", secretFile: secret}}
  oncall: {apprise: {urlsFile: urls}}
"""
    channels = loads(text).channels
    kinds = {name: type(courier(each, lambda: NOW)).__name__ for name, each in channels.items()}
    assert kinds == {"bus": "WebhookCourier", "oncall": "AppriseCourier"}
