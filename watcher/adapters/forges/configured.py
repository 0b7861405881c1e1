"""The port `Forges`: the forge of each repository, as the file configures it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from watcher.adapters.forges.gitea import Gitea
from watcher.adapters.forges.github import GitHub
from watcher.adapters.forges.gitlab import GitLab
from watcher.adapters.github_app import GitHubAppTokens
from watcher.adapters.json_api import Token
from watcher.adapters.secret_files import SecretFile
from watcher.config.gitops import ConfigRepository, ForgeAccess, ForgeKind, GitHubApp, GitOps, bare
from watcher.ports.git import Forge

_KINDS: dict[ForgeKind, type[GitHub | GitLab | Gitea]] = {
    ForgeKind.GITHUB: GitHub,
    ForgeKind.GITLAB: GitLab,
    ForgeKind.GITEA: Gitea,
}


class ConfiguredForges:
    """`configured` gives the section `gitops` as it is now, `now` the wall clock, Unix seconds."""

    def __init__(self, configured: Callable[[], GitOps], now: Callable[[], float]) -> None:
        self._configured, self._now = configured, now
        self._apps: dict[GitHubApp, GitHubAppTokens] = {}

    def forge(self, url: str) -> Forge | None:
        """As Forges says."""
        entry = self._configured().repository(url)
        if entry is None or entry.forge is None:
            return None
        path = repository_path(entry.through or url, entry.forge)
        return _KINDS[entry.forge.kind](entry.forge.api, path, self._token(entry, entry.forge), entry.ca_file)

    def _token(self, entry: ConfigRepository, access: ForgeAccess) -> Token:
        app = entry.auth.github_app
        if access.token_file or app is None:
            return _from(SecretFile(access.token_file, "token file"))
        if app not in self._apps:
            self._apps[app] = GitHubAppTokens(app, self._now, entry.ca_file)
        return self._apps[app].token


def repository_path(url: str, access: ForgeAccess) -> str:
    """What the forge calls the repository of this URL: owner/name, at GitLab with all its groups.

    GitLab may be served below a path, which then stands before the groups.
    """
    path = urlsplit(bare(url)).path.strip("/")
    if access.kind is not ForgeKind.GITLAB:
        return "/".join(path.split("/")[-2:])
    below = urlsplit(access.api).path.strip("/").removesuffix("api/v4").strip("/")
    return path.removeprefix(f"{below}/") if below else path


def _from(file: SecretFile) -> Token:
    async def token() -> str:
        return file.text()

    return token
