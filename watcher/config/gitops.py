"""The way back through Git as the thresholds file configures it: repositories, forges, and Argo CD's API."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

ANY_USER = "x-access-token"
"""User beside a token: GitHub, GitLab and Gitea look at the token only."""


class Write(StrEnum):
    """How a revert comes into the branch."""

    PUSH = "push"
    PULL_REQUEST = "pullRequest"


class ForgeKind(StrEnum):
    """Which API a forge has."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"


@dataclass(frozen=True, slots=True)
class GitHubApp:
    """A GitHub App: its id, that of the installation, and the file of its private key (PEM)."""

    app_id: str
    installation_id: str
    private_key_file: str
    api: str = "https://api.github.com"


@dataclass(frozen=True, slots=True)
class GitAuth:
    """Who we are for a repository: over HTTPS a user and the file of a token, over SSH the files of a key and of the
    host keys that are believed, or a GitHub App.  All empty: nobody."""

    user: str = ""
    token_file: str = ""
    ssh_key_file: str = ""
    known_hosts_file: str = ""
    github_app: GitHubApp | None = None


@dataclass(frozen=True, slots=True)
class ForgeAccess:
    """Where pull requests are opened: the kind and address of the API, and the file of a token (empty: the GitHub App
    of the repository)."""

    kind: ForgeKind
    api: str
    token_file: str = ""


@dataclass(frozen=True, slots=True)
class ConfigRepository:
    """What holds for repositories whose URL fits one of the globs `urls`.

    `through` is an address to reach it by instead of the one that the application names.  `never_touch` are globs of
    files that a revert must not change.  `most_objects` is how many objects a pushed revert may change at the most.
    `migrations` are globs of files that hold migration notes.  `images` are globs of the images that are built from it,
    where it holds an application's code and not what is deployed.
    """

    urls: tuple[str, ...]
    through: str = ""
    auth: GitAuth = GitAuth()
    ca_file: str = ""
    forge: ForgeAccess | None = None
    write: Write = Write.PUSH
    never_touch: tuple[str, ...] = ()
    auto_merge: bool = False
    signing_key_file: str = ""  # an SSH key, by which commits are signed
    author_name: str = "watcher"
    author_email: str = "watcher@localhost"
    most_objects: int = 20
    migrations: tuple[str, ...] = ()
    images: tuple[str, ...] = ()

    def fits(self, url: str) -> bool:
        """Whether it holds for the repository of this URL."""
        return any(fnmatchcase(bare(url), bare(pattern)) for pattern in self.urls)


@dataclass(frozen=True, slots=True)
class ArgoApi:
    """Argo CD's own API, where its Applications are not in this cluster: `destination` is what this one is called
    there (name or server address)."""

    api: str
    token_file: str
    destination: str
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class GitOps:
    """The whole section.  `bridge` is how long an application may be pinned before people are told, seconds."""

    repositories: tuple[ConfigRepository, ...] = ()
    argocd: ArgoApi | None = None
    bridge: float = 4 * 3600.0

    def repository(self, url: str) -> ConfigRepository | None:
        """What holds for this repository: the first entry that fits, or None."""
        return next((each for each in self.repositories if each.fits(url)), None)


def bare(url: str) -> str:
    """A URL as it is compared: without user, ending and trailing slash.

    `git@host:path` and `ssh://git@host/path` are the same, as `https://host/path.git` and `https://host/path` are.
    """
    text = url.strip().rstrip("/").removesuffix(".git")
    scheme, found, rest = text.partition("://")
    if not found and ":" in text and not text.startswith("/"):
        scheme, rest = "ssh", text.replace(":", "/", 1)
    elif not found:
        return text
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2].lower()}{slash}{path}"
