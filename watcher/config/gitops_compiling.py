"""The section `gitops` as the daemon uses it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from watcher.config.defaults import SETTINGS
from watcher.config.gitops import (
    ANY_USER,
    ArgoApi,
    ConfigRepository,
    ForgeAccess,
    ForgeKind,
    GitAuth,
    GitHubApp,
    GitOps,
    Write,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.config.models_gitops import ArgoApiSpec, ForgeSpec, GitAuthSpec, GitOpsSpec, RepositorySpec

    Absolute = Callable[[str | None], str]

_REPOSITORY = ConfigRepository(())


def compiled(spec: GitOpsSpec | None, directory: str) -> GitOps:
    """Compile what the file says; relative files count from `directory`."""

    def absolute(file: str | None) -> str:
        return str(PurePosixPath(directory, file)) if file else ""

    hold_for = spec.bridge.hold_for if spec is not None and spec.bridge is not None else None
    return GitOps(
        repositories=tuple(_repository(each, absolute) for each in (spec.repositories if spec else None) or ()),
        argocd=_argocd(spec.argocd, absolute) if spec is not None and spec.argocd is not None else None,
        bridge=float(SETTINGS["gitops", "bridge", "for"] if hold_for is None else hold_for),
    )


def _repository(spec: RepositorySpec, absolute: Absolute) -> ConfigRepository:
    api = (spec.forge.api or "").rstrip("/") if spec.forge is not None else ""
    author = spec.author
    return ConfigRepository(
        urls=spec.url or (),
        through=spec.through or "",
        auth=_auth(spec.auth, api, absolute) if spec.auth is not None else GitAuth(),
        ca_file=absolute(spec.ca_file),
        forge=_forge(spec.forge, api, absolute) if spec.forge is not None else None,
        write=Write(spec.write or _REPOSITORY.write),
        never_touch=spec.never_touch or (),
        auto_merge=bool(spec.auto_merge),
        signing_key_file=absolute(spec.signing_key_file),
        author_name=(author and author.name) or _REPOSITORY.author_name,
        author_email=(author and author.email) or _REPOSITORY.author_email,
        most_objects=spec.max_objects or _REPOSITORY.most_objects,
        migrations=spec.migrations or (),
        images=spec.images or (),
    )


def _auth(spec: GitAuthSpec, api: str, absolute: Absolute) -> GitAuth:
    app = spec.github_app
    return GitAuth(
        user=spec.user or (ANY_USER if spec.token_file else ""),
        token_file=absolute(spec.token_file),
        ssh_key_file=absolute(spec.ssh_key_file),
        known_hosts_file=absolute(spec.known_hosts_file),
        github_app=None
        if app is None
        else GitHubApp(app.app_id or "", app.installation_id or "", absolute(app.private_key_file), api),
    )


def _forge(spec: ForgeSpec, api: str, absolute: Absolute) -> ForgeAccess:
    return ForgeAccess(ForgeKind(spec.kind or ForgeKind.GITHUB), api, absolute(spec.token_file))


def _argocd(spec: ArgoApiSpec, absolute: Absolute) -> ArgoApi:
    return ArgoApi(
        (spec.api or "").rstrip("/"), absolute(spec.token_file), spec.destination or "", absolute(spec.ca_file)
    )
