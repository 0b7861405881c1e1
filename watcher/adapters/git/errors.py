"""What `git` complains of, as errors of the port: by whose words they are recognised, and how to mend them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from watcher.adapters.git.addresses import redacted
from watcher.adapters.git.command import Done
from watcher.ports import Forbidden, Rejected, Unavailable, WatcherError
from watcher.ports.git import Moved, Protected


class Damaged(WatcherError):
    """The clone in the cache is damaged: it is made anew, and the call is repeated."""


@dataclass(frozen=True, slots=True)
class _Words:
    kind: type[WatcherError]
    pattern: re.Pattern[str]
    remedy: str = ""


def _words(kind: type[WatcherError], remedy: str, *patterns: str) -> _Words:
    return _Words(kind, re.compile("|".join(patterns), re.IGNORECASE), remedy)


_FULL = _words(
    Unavailable,
    "free space there, or make the volume larger",
    *(r"No space left on device", r"Out of diskspace", r"Disk quota exceeded", r"File too large"),
)

_STOPPED = _words(
    Unavailable,
    "is the volume full, is its history larger than 1 GiB, or is there too little memory?",
    *(r"died of signal", r"invalid index-pack output", r"out of memory", r"Cannot allocate memory"),
)

# The first that fits counts: what a server says of the branch comes before what the transport makes of it.
_KNOWN = (
    _FULL,
    _STOPPED,
    _words(
        Protected,
        "a pull request is needed, or the account's permission to push to this branch",
        *(r"GH006|GH013|protected branch", r"repository rule violations"),  # GitHub
        *(r"not allowed to push code to protected branches", r"pre-receive hook declined"),  # GitLab
        *(r"branch .* is protected from", r"Not allowed to push to protected branch"),  # Gitea, Forgejo
        r"(pre-receive|update) hook declined|hook declined",  # Git: the hooks of any server
        r"TF402455|TF401027|VS403654",  # Azure DevOps: pushes to this branch need a pull request
        r"branch permission|push.*restricted by",  # Bitbucket
        r"prohibited by Gerrit",  # Gerrit
    ),
    _words(
        Moved,
        "",
        *(r"non-fast-forward", r"fetch first", r"stale info", r"\(already exists\)", r"cannot lock ref"),  # Git
        *(r"failed to update ref", r"incorrect old value provided", r"reference already exists"),
    ),
    _words(
        Forbidden,
        "compare the server's key (`ssh-keyscan HOST`) with the published one, and add it to knownHostsFile",
        *(r"Host key verification failed", r"No \w+ host key is known", r"REMOTE HOST IDENTIFICATION HAS CHANGED"),
    ),
    _words(
        Forbidden,
        "give the account's key or token the right to write",
        r"marked as read.only|key you are authenticating with has been marked",  # GitHub's deploy keys
        r"deploy key does not have write access|This deploy key",  # GitLab
        r"Write access to repository not granted|Permission to \S+ denied",  # GitHub
        r"not allowed to push code to this project|not allowed to upload code",  # GitLab
        r"unauthorized to push|User permission denied for writing",  # Gitea
        r"service not enabled|read-only file system|unable to migrate objects",  # git http-backend, a read-only mirror
    ),
    _words(
        Forbidden,
        "look at the token or key that is configured for this repository, and at what it may do",
        *(r"Authentication failed", r"returned error: 40[13]", r"could not read (Username|Password)"),  # Git, curl
        *(r"Invalid username or (password|token)", r"HTTP Basic: Access denied", r"Access denied"),  # forges
        *(r"Permission denied \(", r"Permission denied, please try again", r"Too many authentication failures"),  # ssh
        r"UNPROTECTED PRIVATE KEY|error in libcrypto|invalid format",
    ),
    _words(
        Rejected,
        "add the authority to caFile",
        *(r"SSL certificate problem", r"certificate verif", r"unable to get local issuer", r"CAfile"),
    ),
    _words(Rejected, "add the account to /etc/passwd: ssh needs it", r"No user exists for uid"),
    _words(Rejected, "was its history rewritten?", r"not our ref", r"unadvertised object", r"remote ref [0-9a-f]{40}"),
    _words(Rejected, "is there such a branch?", r"couldn't find remote ref"),
    _words(
        Forbidden,
        "there is no such repository, or the account may not see it",
        *(r"repository .*not found", r"Repository not found", r"project you were looking for could not be found"),
        *(r"returned error: 404", r"does not appear to be a git repository"),
    ),
    _words(
        Unavailable,
        "",
        *(r"Could not resolve (host|proxy)", r"name resolution", r"Failed to connect", r"Couldn't connect"),  # curl
        *(r"timed? out", r"Connection (refused|reset|closed)", r"unreachable", r"No route to host", r"Broken pipe"),
        *(r"remote end hung up", r"early EOF", r"RPC failed", r"unexpected disconnect", r"Empty reply"),
        *(r"returned error: (5\d\d|429|408)", r"Operation too slow", r"curl \d+", r"transfer closed"),
        *(r"gnutls", r"SSL_(connect|read|ERROR)", r"HTTP/2 stream", r"protocol error", r"bad line length"),
        *(r"kex_exchange_identification", r"ssh_exchange", r"Could not read from remote repository"),
    ),
)

_OBJECTS = r"bad (object|tree|config|signature)|corrupt|inflate|is empty$|garbage at end|bogus|truncated|malformed"
_PACKS = r"packfile|\.(pack|idx)\b|pack has .* unresolved deltas|unpack error|wrong index|file .* too small|mismatch"
_READING = r"unable to (read|parse|find|open) |could not parse|failed to read object|cannot be accessed|bad revision"
_MISSING = (
    r"missing (tree|commit|blob)|did not (send|receive) all necessary objects|invalid sha1 pointer|not a git repository"
    r"|revision walk setup failed|not a (valid|tree) object|unable to write .*No such file"
)
_DAMAGE = re.compile("|".join((_OBJECTS, _PACKS, _READING, _MISSING)), re.IGNORECASE | re.MULTILINE)


def failed(doing: str, done: Done, place: str) -> WatcherError:
    """The error for a command that asked the server; `doing` and `place` say what was tried, and where the clone is."""
    words = next((each for each in _KNOWN if each.pattern.search(done.err)), None)
    if words is None and damaged(done):
        return Damaged(f"the clone {place} is damaged: {said(done.err)}")
    if words is None:
        return Rejected(f"cannot {doing}: {said(done.err, None)}")
    here = f" in {place}" if words in (_FULL, _STOPPED) and words.pattern.search(_ours(done.err)) else ""
    remedy = f"; {words.remedy}" if words.remedy else ""
    return words.kind(f"cannot {doing}: {said(done.err, words.pattern)}{here}{remedy}")


def damaged(done: Done) -> bool:
    """Whether a command failed as it does on a damaged clone; what the server says of itself is not about ours."""
    return bool(_DAMAGE.search(_ours(done.err)))


def full(done: Done) -> bool:
    """Whether a command failed as it does on a full disk."""
    return bool(_FULL.pattern.search(done.err)) or done.code == -25


def _ours(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("remote:"))


def said(text: str, pattern: re.Pattern[str] | None = None) -> str:
    """The line that tells most of what was complained of: printable, short, and without secrets."""
    lines = [each.strip() for each in text.splitlines() if each.strip()]
    telling = [each for each in lines if pattern and pattern.search(each)]
    telling += [each for each in lines if each.startswith(("fatal:", "error:", "remote: "))] + lines
    line = telling[0] if telling else "git says nothing"
    line = "".join(each if each.isprintable() else " " for each in redacted(line))
    return line.removeprefix("fatal: ").removeprefix("error: ").removeprefix("remote: ")[:300].rstrip(" .")
