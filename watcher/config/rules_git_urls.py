"""Rules for URLs of Git repositories, and globs over them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection

    from watcher.config.document import Document, Path
    from watcher.config.models_gitops import RepositorySpec

_GLOB = re.compile(r"[*?\[]")
_SCP = re.compile(r"(?:[^\s@:/*?\[]+@)?[^\s@:/]+:(?!:)\S+\Z")
_REMEDY = "write https://HOST/PATH, ssh://git@HOST/PATH or git@HOST:PATH"
_SCHEMES = ("https", "http", "ssh", "file")


def exact(url: str) -> bool:
    """Whether it names one repository, and is no glob."""
    return _GLOB.search(url) is None


def scheme_of(url: str) -> str:
    """How a repository of this URL is reached: https, http, ssh, file, path; empty where a glob leaves it open."""
    scheme, found, _ = url.partition("://")
    if found:
        return scheme if exact(scheme) else ""
    if url.startswith("/"):
        return "path"
    return "ssh" if _SCP.match(url) else ""


def report_urls(document: Document, path: Path, repository: RepositorySpec) -> None:
    """Report URLs that no repository has, and an address that cannot stand for them."""
    if not document.has((*path, "url")):
        what = "the entry does not say for which repositories it is"
        document.report(path, what, "add url: with a glob, as in https://github.com/acme/*")
    for index, url in enumerate(repository.url or ()):
        at: Path = (*path, "url", index)
        if not url.strip() or any(each.isspace() for each in url):
            document.report(at, "no repository has this url", _REMEDY)
        elif scheme_of(url):
            _report_repository(document, at, url)
        elif exact(url):
            document.report(at, f"{url[:60]} is not the url of a repository", _REMEDY)
    if repository.through is not None:
        _report_through(document, path, repository.through, repository.url or ())


def _report_through(document: Document, path: Path, through: str, urls: tuple[str, ...]) -> None:
    at: Path = (*path, "through")
    if not exact(through):
        document.report(at, "through is a glob", "write the address of one repository")
    elif len(urls) > 1 or not all(map(exact, urls)):
        what = "through is one address, and url stands for several repositories"
        document.report(at, what, "make an entry of each, before this one", at_key=True)
    elif not scheme_of(through):
        document.report(at, f"{through[:60]} is not the url of a repository", _REMEDY)
    else:
        _report_repository(document, at, through)


def _report_repository(document: Document, path: Path, url: str) -> None:
    if "://" in url and exact(url.partition("://")[2].partition("/")[0]):
        report_url(document, path, url, _SCHEMES, _REMEDY)


def report_url(document: Document, path: Path, url: str, schemes: Collection[str], remedy: str) -> SplitResult | None:
    """Report an address of another scheme, or one that holds credentials; its parts where nothing is wrong."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        document.report(path, "this is no address", remedy)
        return None
    if parts.scheme not in schemes or any(each.isspace() for each in url) or not (host or parts.scheme == "file"):
        document.report(path, "nothing can be reached by this address", remedy)
    elif parts.password is not None or (parts.username is not None and parts.scheme != "ssh"):
        document.report(path, "the address holds credentials", "put them into files and name these")
    else:
        return parts
    return None
