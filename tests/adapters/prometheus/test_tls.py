"""TLS with an authority and a client certificate of our own, made by openssl."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from watcher.adapters.prometheus.source import PrometheusSource
from watcher.adapters.prometheus.transport import Transport
from watcher.core.policy import Source, Tls
from watcher.ports import Unavailable

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl is not on PATH; it makes the certificates: apt-get install openssl"
)


def openssl(directory: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`ca.pem`, and `server.pem`, `client.pem` signed by it, each with a `.key`."""
    place = tmp_path_factory.mktemp("certificates")
    ca = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem")
    openssl(place, *ca, "-subj", "/CN=test authority", "-addext", "keyUsage=critical,keyCertSign")
    (place / "names").write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")
    for name in ("server", "client"):
        request = ("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl(place, *request, "-subj", f"/CN={name}")
        sign = ("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2")
        openssl(place, *sign, "-CAcreateserial", "-extfile", "names", "-out", f"{name}.pem")
    return place


async def answer(request: web.Request) -> web.Response:
    assert request.transport is not None
    subject = request.transport.get_extra_info("peercert")["subject"]
    result = [{"metric": {"client": subject[0][0][1]}, "value": [1, "1"]}]
    return web.json_response({"status": "success", "data": {"resultType": "vector", "result": result}})


@pytest.fixture
async def url(certificates: Path) -> AsyncIterator[str]:
    """A server that wants a client certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates / "ca.pem"))
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.verify_mode = ssl.CERT_REQUIRED
    application = web.Application()
    application.router.add_post("/api/v1/query", answer)
    server = TestServer(application, scheme="https")
    await server.start_server(ssl=context)
    yield str(server.make_url("")).rstrip("/")
    await server.close()


@pytest.fixture
def mounted(certificates: Path, tmp_path: Path) -> Tls:
    for name in ("ca.pem", "client.pem", "client.key"):
        shutil.copy(certificates / name, tmp_path)
    return Tls(*(str(tmp_path / name) for name in ("ca.pem", "client.pem", "client.key")))


async def test_the_server_is_checked_and_shown_our_certificate(url: str, mounted: Tls) -> None:
    source = PrometheusSource(Source("main", url, tls=mounted))

    assert [each.labels for each in await source.instant("up", 1.0)] == [{"client": "client"}]
    await source.close()


async def test_a_server_of_another_authority_is_not_talked_to(url: str) -> None:
    source = PrometheusSource(Source("main", url))

    with pytest.raises(Unavailable, match="certificate verify failed"):
        await source.instant("up", 1.0)
    await source.close()


async def test_a_renewed_certificate_is_used(url: str, mounted: Tls, certificates: Path) -> None:
    source = PrometheusSource(Source("main", url, tls=mounted))
    await source.instant("up", 1.0)

    shutil.copy(certificates / "server.pem", mounted.cert_file)
    shutil.copy(certificates / "server.key", mounted.key_file)
    os.utime(mounted.cert_file, (1, 1))

    assert [each.labels for each in await source.instant("up", 1.0)] == [{"client": "server"}]
    await source.close()


async def test_files_that_change_while_queries_wait_cost_no_query(url: str, mounted: Tls) -> None:
    """Two at once, the others wait for their turn; each may find that the files are others by then."""
    source = PrometheusSource(Source("main", url, tls=mounted), rate=2.0)
    waiting = [asyncio.create_task(source.instant("up", 1.0)) for _ in range(3)]
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert len(done) < len(waiting)
    os.utime(mounted.ca_file, (1, 1))
    waiting.append(asyncio.create_task(source.instant("up", 1.0)))

    assert [len(each) for each in await asyncio.gather(*waiting)] == [1] * 4
    await source.close()


async def test_a_query_after_the_end_is_unavailable() -> None:
    transport = Transport("http://127.0.0.1:9")
    await transport.close()
    with pytest.raises(Unavailable, match="closed"):
        await transport.post("/api/v1/query", {}, {})
