"""Who we are for a repository.  Secrets stay in files: no argument, URL or variable holds one."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable

from watcher.adapters.git.addresses import Address
from watcher.adapters.git.command import Access
from watcher.adapters.git.private_files import PrivateFiles
from watcher.adapters.github_app import GitHubAppTokens
from watcher.adapters.secret_files import SecretFile
from watcher.config.gitops import ANY_USER, ConfigRepository
from watcher.ports import Rejected

_WORD = re.compile(r"[!-~]+")

# Git asks it at each use, so a token that was replaced counts at once.  It is configured for one host only: wherever
# a server redirects to, nobody else is given the token.  `read` and `printf` are the shell's own: the token is in no
# command line.
_HELPER = (
    '!f() { test "$1" = get || exit 0; read -r token < "$WATCHER_GIT_TOKEN_FILE"; '
    'printf "username=%s\\npassword=%s\\n" "$WATCHER_GIT_USER" "$token"; }; f'
)

_SSH = (
    *("ssh", "-F", os.devnull, "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"),
    *("-o", "StrictHostKeyChecking=yes", "-o", f"GlobalKnownHostsFile={os.devnull}", "-o", "ConnectTimeout=15"),
    *("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=2"),
)


class Credentials:
    """Those that are configured for the repository at `address`.  `now` is the wall clock, Unix seconds.

    Raises Rejected where they do not fit the address.
    """

    def __init__(
        self, repository: ConfigRepository, address: Address, files: PrivateFiles, now: Callable[[], float]
    ) -> None:
        self._auth, self._ca_file = repository.auth, repository.ca_file
        self._address, self._files = address, files
        self._token = SecretFile(self._auth.token_file, "token file")
        app = self._auth.github_app
        self._app = app and GitHubAppTokens(app, now, repository.ca_file)
        if address.scheme == "ssh" and not (self._auth.ssh_key_file and self._auth.known_hosts_file):
            raise Rejected(f"{address.url}: SSH needs auth.sshKeyFile and auth.knownHostsFile for this repository")

    async def access(self) -> Access:
        """What a command needs now.  Raises Unavailable when a file cannot be read or no token is to be had, Forbidden
        where GitHub refuses one."""
        if self._address.scheme == "ssh":
            return self._by_key()
        if self._address.scheme not in ("https", "http"):
            return Access()
        settings = (("http.sslCAInfo", self._ca_file),) if self._ca_file else ()
        if self._app:
            token = (await self._app.token()).encode() + b"\n"
            file = self._files.write(f"installation-{self._address.digest}", token)
            return self._by_token(str(file), ANY_USER, settings)
        if self._auth.token_file:
            self._check_token()
            return self._by_token(self._auth.token_file, self._auth.user or ANY_USER, settings)
        return Access(settings)

    def refused(self) -> None:
        """They were refused: a kept token is of no use any more."""
        if self._app:
            self._app.forget()

    def _by_token(self, file: str, user: str, settings: tuple[tuple[str, str], ...]) -> Access:
        ours = f"credential.{self._address.scheme}://{self._address.host}.helper"
        variables = {"WATCHER_GIT_TOKEN_FILE": file, "WATCHER_GIT_USER": user}
        return Access((*settings, (ours, _HELPER)), variables)

    def _by_key(self) -> Access:
        key = self._files.copied(self._auth.ssh_key_file, "SSH key")
        options = ("-i", str(key), "-o", f'UserKnownHostsFile="{self._auth.known_hosts_file}"')
        return Access((), {"GIT_SSH_COMMAND": shlex.join([*_SSH, *options]), "GIT_SSH_VARIANT": "ssh"})

    def _check_token(self) -> None:
        if not _WORD.fullmatch(self._token.text()):
            raise Rejected(f"token file {self._auth.token_file} holds no token: one word is expected")
