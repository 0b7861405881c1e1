"""Rules across the keys of `gitops`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from watcher.config.gitops import ConfigRepository
from watcher.config.rules_git_urls import exact, report_url, report_urls, scheme_of
from watcher.config.rules_notifications import is_loopback

if TYPE_CHECKING:
    from watcher.config.document import Document, Path
    from watcher.config.models import ThresholdsSpec
    from watcher.config.models_gitops import ArgoApiSpec, AuthorSpec, ForgeSpec, GitAuthSpec, RepositorySpec

SHORTEST_BRIDGE = 60
"""Seconds: before that nobody can have merged."""

_HTTP = ("http", "https")
_USE = {
    "ssh": "use sshKeyFile with knownHostsFile",
    **dict.fromkeys(_HTTP, "use tokenFile, or githubApp"),
    **dict.fromkeys(("file", "path"), "remove it: files need none"),
}
_MEANS = {"tokenFile": _HTTP, "sshKeyFile": ("ssh",), "githubApp": _HTTP}
_BESIDE = {"user": "tokenFile", "knownHostsFile": "sshKeyFile"}
_APP = ("appId", "installationId", "privateKeyFile")


def report_gitops(document: Document, spec: ThresholdsSpec) -> None:
    """Report what is wrong with the way back through Git."""
    gitops = spec.gitops
    if gitops is None:
        return
    for index, repository in enumerate(gitops.repositories or ()):
        path: Path = ("gitops", "repositories", index)
        report_urls(document, path, repository)
        _report_order(document, path, repository, (gitops.repositories or ())[:index])
        _report_reach(document, path, repository)
        _report_forge(document, (*path, "forge"), repository.forge, with_app=document.has((*path, "auth", "githubApp")))
        _report_writing(document, path, repository)
        _report_migrations(document, path, repository)
        _report_author(document, (*path, "author"), repository.author)
    if gitops.argocd is not None:
        _report_argocd(document, ("gitops", "argocd"), gitops.argocd)
    if gitops.bridge is not None and gitops.bridge.hold_for is not None and gitops.bridge.hold_for < SHORTEST_BRIDGE:
        what = f"a bridge would be overdue after {gitops.bridge.hold_for}"
        document.report(("gitops", "bridge", "for"), what, "write 1m or more: a person must find the time to merge")


def _report_order(
    document: Document, path: Path, repository: RepositorySpec, earlier: tuple[RepositorySpec, ...]
) -> None:
    """An entry all of whose URLs belong to others."""
    urls = repository.url or ()
    for index, other in enumerate(earlier):
        before = ConfigRepository(other.url or ())
        if urls and all(url in before.urls or (exact(url) and before.fits(url)) for url in urls):
            what = f"this entry never counts: entry {index + 1} fits its url, and the first that fits counts"
            document.report((*path, "url"), what, f"move it before entry {index + 1}")
            return


def _report_reach(document: Document, path: Path, repository: RepositorySpec) -> None:
    """Whether the credentials fit the way that the repository is reached by."""
    reached = (repository.through,) if repository.through is not None else repository.url or ()
    schemes = {scheme_of(url): url for url in reached}
    auth: Path = (*path, "auth")
    means = [key for key in _MEANS if document.has((*auth, key))]
    if repository.auth is not None:
        _report_auth(document, auth, repository.auth, means)
    for key in means:
        for scheme in sorted(schemes.keys() - {*_MEANS[key], ""}):
            document.report((*auth, key), f"{key} is of no use for {schemes[scheme]}", _USE[scheme], at_key=True)
    if _in_the_open(schemes.get("http", "")) and {"tokenFile", "githubApp"}.intersection(means):
        key = "through" if repository.through is not None else "url"
        document.report((*path, key), "the token would be sent without encryption", "write https://")
    if repository.ca_file is not None and schemes and not schemes.keys() & {"https", ""}:
        document.report((*path, "caFile"), "caFile is for https:// only", "remove it", at_key=True)


def _in_the_open(url: str) -> bool:
    """Whether what is sent to a URL can be read on the way: without encryption, and to another machine."""
    return bool(url) and not is_loopback(urlsplit(url).hostname or "")


def _report_auth(document: Document, path: Path, auth: GitAuthSpec, means: list[str]) -> None:
    if len(means) > 1:
        what = f"auth names {' and '.join(means)}"
        document.report(path, what, "keep one; make an entry of each where repositories differ")
        return
    for key, needed in _BESIDE.items():
        if document.has((*path, key)) and not document.has((*path, needed)):
            document.report(path, f"auth lacks {needed}", f"add {needed}, or remove {key}")
            return
    if not means:
        document.report(path, "auth says nothing", "write tokenFile, sshKeyFile with knownHostsFile, or githubApp")
    elif means == ["sshKeyFile"] and not document.has((*path, "knownHostsFile")):
        remedy = "add the file, as ssh-keyscan writes it and somebody has checked it: no unknown host is believed"
        document.report(path, "auth lacks knownHostsFile", remedy)
    elif auth.github_app is not None:
        _report_missing(document, (*path, "githubApp"), _APP)


def _report_missing(document: Document, path: Path, keys: tuple[str, ...]) -> bool:
    missing = [key for key in keys if not document.has((*path, key))]
    if missing:
        document.report(path, f"{path[-1]} lacks {' and '.join(missing)}", f"add {' and '.join(missing)}", at_key=True)
    return bool(missing)


def _report_forge(document: Document, path: Path, forge: ForgeSpec | None, *, with_app: bool) -> None:
    if forge is None:
        if with_app and not document.has(path):
            remedy = "add forge: {kind: github, api: https://api.github.com}"
            document.report((*path[:-1], "auth", "githubApp"), "a GitHub App needs the forge", remedy, at_key=True)
        return
    needed = ("kind", "api") if with_app else ("kind", "api", "tokenFile")
    if not _report_missing(document, path, needed) and with_app and forge.kind not in ("github", None):
        what = f"a GitHub App cannot speak to {forge.kind}"
        document.report((*path, "kind"), what, "write kind: github, or use auth: {tokenFile: ...}")
    if forge.api is not None:
        _report_api(document, (*path, "api"), forge.api)


def _report_api(document: Document, path: Path, api: str) -> None:
    """An address that a token is sent to."""
    parts = report_url(document, path, api, _HTTP, "write https://HOST/PATH")
    if parts is None:
        return
    if parts.query or parts.fragment:
        document.report(path, "the address has a query or fragment", "write the address only")
    elif parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        document.report(path, "the token would be sent without encryption", "write https://")


def _report_writing(document: Document, path: Path, repository: RepositorySpec) -> None:
    forge = document.has((*path, "forge"))
    if repository.write == "pullRequest" and not forge:
        document.report((*path, "write"), "write: pullRequest needs the forge", "add forge: {kind, api, tokenFile}")
    if repository.auto_merge and not forge:
        document.report((*path, "autoMerge"), "autoMerge needs the forge", "add forge: {kind, api, tokenFile}")
    for index, glob in enumerate(repository.never_touch or ()):
        if not _may_name_a_file(glob):
            what = f"the glob {glob[:60]!r} can match no file"
            remedy = "write it from the root of the repository, as in apps/*/secrets/** or **/*.sops.yaml"
            document.report((*path, "neverTouch", index), what, remedy)


def _report_migrations(document: Document, path: Path, repository: RepositorySpec) -> None:
    for index, glob in enumerate(repository.migrations or ()):
        named = glob.replace("{namespace}", "x").replace("{name}", "x")
        if not _may_name_a_file(named) or "{" in named or not named.endswith((".yaml", ".yml", "*")):
            what = f"the glob {glob[:60]!r} can match no migration note"
            remedy = "write it from the root of the repository, as in apps/{name}/migrations/*.yaml"
            document.report((*path, "migrations", index), what, remedy)
    if repository.images is None:
        return
    if repository.migrations is None:
        what = "images tells whose migration notes are here, and migrations is missing"
        document.report((*path, "images"), what, "add migrations: a glob over the notes", at_key=True)
    elif len(repository.url or ()) != 1 or not exact((repository.url or ("",))[0]):
        what = "an entry with images must be for one repository"
        document.report((*path, "url"), what, "write its URL without * and ?")


def _may_name_a_file(glob: str) -> bool:
    parts = glob.removesuffix("/").split("/")
    return glob.isprintable() and "\\" not in glob and not any(part in ("", ".", "..") for part in parts)


def _report_author(document: Document, path: Path, author: AuthorSpec | None) -> None:
    for key, value in (("name", author.name), ("email", author.email)) if author is not None else ():
        if value is not None and not re.fullmatch(r"[^<>\s](?:[^<>\n\r\0]{0,198}[^<>\s])?", value):
            document.report((*path, key), f"Git takes no {key} like this", "write one line without < and >")


def _report_argocd(document: Document, path: Path, argocd: ArgoApiSpec) -> None:
    _report_missing(document, path, ("api", "tokenFile", "destination"))
    if argocd.api is not None:
        _report_api(document, (*path, "api"), argocd.api)
    if argocd.ca_file is not None and urlsplit(argocd.api or "https:").scheme != "https":
        document.report((*path, "caFile"), "caFile is for https:// only", "remove it", at_key=True)
