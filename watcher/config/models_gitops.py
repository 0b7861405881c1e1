"""The syntax of the section `gitops`: repositories, forges, Argo CD's API, and the bridge."""

from __future__ import annotations

from typing import Literal

from pydantic import StrictBool

from watcher.config.spec import Count, Globs, Spec, described
from watcher.config.values import Duration


class GitHubAppSpec(Spec):
    """A GitHub App that is installed for the repository."""

    app_id: str | None = described("Number of the App, as text.", examples=["123456"])
    installation_id: str | None = described("Number of its installation, as text.", examples=["987654"])
    private_key_file: str | None = described("File with the App's private key (PEM).")


class GitAuthSpec(Spec):
    """Credentials of a repository, read from files and again when these change."""

    user: str | None = described("User that goes with the token; most forges take any.", "x-access-token")
    token_file: str | None = described("HTTPS: file with a token.")
    ssh_key_file: str | None = described("SSH: file with a private key without passphrase; needs knownHostsFile.")
    known_hosts_file: str | None = described("SSH: file with the host keys that are believed; no other is.")
    github_app: GitHubAppSpec | None = described("HTTPS: a GitHub App, whose tokens live for an hour.")


class ForgeSpec(Spec):
    """The API of the forge, for pull requests."""

    kind: Literal["github", "gitlab", "gitea"] | None = described("What speaks there; gitea also stands for Forgejo.")
    api: str | None = described(
        "Address of the API.",
        examples=["https://api.github.com", "https://gitlab.com/api/v4", "https://gitea.example.com/api/v1"],
    )
    token_file: str | None = described("File with a token; not needed with auth.githubApp.")


class AuthorSpec(Spec):
    """Who commits."""

    name: str | None = described("Name.", "watcher")
    email: str | None = described("Mail address.", "watcher@localhost")


class RepositorySpec(Spec):
    """What holds for the repositories whose URL fits."""

    url: Globs | None = described(
        "Glob over URLs of repositories, or a list of which one must match.",
        examples=["https://github.com/acme/*", "git@github.com:acme/shop-config.git"],
    )
    through: str | None = described("Another address of it; only where url names one repository.")
    auth: GitAuthSpec | None = described("Credentials: tokenFile, sshKeyFile with knownHostsFile, or githubApp.")
    ca_file: str | None = described("HTTPS: authority (PEM) that signed the certificate; without it the system's.")
    forge: ForgeSpec | None = described("The forge's API, for pull requests.")
    write: Literal["push", "pullRequest"] | None = described(
        "How a revert comes into the branch; push falls back to a pull request where the branch is protected.", "push"
    )
    never_touch: Globs | None = described(
        "Glob over files of the repository, or a list; a revert that would change one of them is refused.",
        examples=["**/secrets/**"],
    )
    auto_merge: StrictBool | None = described(
        "Whether the forge may merge a pull request by itself once its own checks allow.", default=False
    )
    signing_key_file: str | None = described("File with an SSH key, by which commits are signed.")
    author: AuthorSpec | None = described("Who commits.")
    max_objects: Count | None = described("Objects that a pushed revert may change at the most.", 20)
    migrations: Globs | None = described(
        "Glob over files with migration notes, or a list; {namespace} and {name} stand for the workload's.",
        examples=["apps/{name}/migrations/*.yaml"],
    )
    images: Globs | None = described(
        "Images that are built from it, where it holds an application's code; a glob over their names without tag.",
        examples=["ghcr.io/acme/shop"],
    )


class ArgoApiSpec(Spec):
    """Argo CD's own API, where its Applications are not in this cluster."""

    api: str | None = described("Address of the API server.", examples=["https://argocd.example.com"])
    token_file: str | None = described("File with a token of a project role or an account.")
    destination: str | None = described(
        "What this cluster is called there: its name, or its server address.", examples=["prod-eu-1"]
    )
    ca_file: str | None = described("Authority (PEM) that signed its certificate; without it the system's.")


class BridgeSpec(Spec):
    """How long an application may be pinned while a pull request waits."""

    hold_for: Duration | None = described("After it people are told that it still is.", "4h", "for")


class GitOpsSpec(Spec):
    """The way back through Git."""

    repositories: tuple[RepositorySpec, ...] | None = described("Entries by URL; the first that fits counts.")
    argocd: ArgoApiSpec | None = described("Argo CD's API, where its Applications are not in this cluster.")
    bridge: BridgeSpec | None = described("How long an application may be pinned while a pull request waits.")
