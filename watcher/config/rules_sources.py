"""Rules across the keys of a source."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from watcher.config import promql

if TYPE_CHECKING:
    from watcher.config.document import Document, Path
    from watcher.config.models import AuthSpec, SourceSpec, ThresholdsSpec, TlsSpec

NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\Z")
NAME_REMEDY = "use lower-case letters, digits and -, at most 63"


def report_sources(document: Document, spec: ThresholdsSpec) -> None:
    """Report what is wrong with the sources."""
    if not document.has(("sources",)):
        document.report((), "no sources are given", "add sources: {main: {url: http://prometheus.monitoring:9090}}")
    for name, source in (spec.sources or {}).items():
        path: Path = ("sources", name)
        if not NAME.match(name):
            document.report(path, f"{name} cannot name a source", NAME_REMEDY, at_key=True)
        if source.url is not None:
            _report_url(document, (*path, "url"), source.url)
        elif not document.has((*path, "url")):
            document.report(path, f"the source {name} has no url", "add url: http://HOST:PORT", at_key=True)
        if source.interval is not None and not 1 <= source.interval <= 600:
            remedy = "write the scrape interval, 1s to 10m, or remove it: it is learnt from the samples"
            document.report((*path, "interval"), f"nothing scrapes every {source.interval}", remedy)
        _report_auth(document, (*path, "auth"), source.auth)
        _report_tls(document, (*path, "tls"), source.tls, source.url)
        _report_pairs(document, path, source)


def url_error(url: str) -> tuple[str, str] | None:
    """What is wrong with the address of a Prometheus-compatible API, and the remedy; None: nothing."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"{url} is not a URL: {error}", "write http://HOST:PORT"
    if parts.scheme not in ("http", "https") or not host or any(character.isspace() for character in url):
        return f"{url} is not an HTTP address", "write http://HOST:PORT or https://HOST:PORT"
    if parts.username is not None or parts.password is not None:
        return "the url holds credentials", "put them into files and name these in auth"
    if parts.query or parts.fragment:
        return "the url has a query or fragment", "write the address only; headers and tenant have keys of their own"
    if "/api/v1" in parts.path:
        return "the url ends in a part of the API", f"write what stands before it: {url.split('/api/v1', 1)[0]}"
    return None


def _report_url(document: Document, path: Path, url: str) -> None:
    error = url_error(url)
    if error is not None:
        document.report(path, *error)


def _report_auth(document: Document, path: Path, auth: AuthSpec | None) -> None:
    if auth is None:
        return
    written = {key for key in ("bearerFile", "user", "passwordFile") if document.has((*path, key))}
    if "bearerFile" in written and len(written) > 1:
        document.report(path, "auth names a bearer token and a user", "keep bearerFile, or user and passwordFile")
    elif written and len(written & {"user", "passwordFile"}) == 1:
        missing = ({"user", "passwordFile"} - written).pop()
        document.report(path, f"auth lacks {missing}", f"add {missing}, or use bearerFile")
    elif not written:
        document.report(path, "auth says nothing", "write bearerFile, or user and passwordFile, or remove auth")


def _report_tls(document: Document, path: Path, tls: TlsSpec | None, url: str | None) -> None:
    if tls is None:
        return
    if url is not None and url.startswith("http://"):
        document.report(path, "tls is set, but the url begins with http://", "write https://, or remove tls")
    elif document.has((*path, "certFile")) != document.has((*path, "keyFile")):
        document.report(path, "a client certificate needs both its files", "give certFile and keyFile")


def _report_pairs(document: Document, path: Path, source: SourceSpec) -> None:
    for label in source.scope or {}:
        if not promql.is_label(label):
            what = f"{label} cannot be a label"
            document.report((*path, "scope", label), what, "write the name of a label, as in cluster", at_key=True)
    for header, value in (source.headers or {}).items():
        at = (*path, "headers", header)
        if header.lower() in ("authorization", "x-scope-orgid"):
            remedy = "use auth: {bearerFile: ...}" if header.lower() == "authorization" else "use tenant:"
            document.report(at, f"the header {header} has a key of its own", remedy, at_key=True)
        elif not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", header) or not re.fullmatch(r"[\x20-\x7e]*", value):
            remedy = "use printable ASCII characters, without spaces in the name"
            document.report(at, f"the header {header} cannot be sent", remedy, at_key=True)
