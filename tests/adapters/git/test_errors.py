"""What servers say, each in its own words."""

from __future__ import annotations

import pytest

from watcher.adapters.git.addresses import Address, redacted
from watcher.adapters.git.command import Done
from watcher.adapters.git.errors import Damaged, failed
from watcher.ports import Forbidden, Rejected, Unavailable, WatcherError
from watcher.ports.git import Moved, Protected

SAID = [
    (Unavailable, "fatal: unable to access 'https://git.example.com/x/': Could not resolve host: git.example.com"),
    (Unavailable, "fatal: unable to access 'https://h/x/': The requested URL returned error: 503"),
    (Unavailable, "fatal: unable to access 'https://h/x/': The requested URL returned error: 429"),
    (Unavailable, "error: RPC failed; curl 56 GnuTLS recv error (-9)\nfatal: early EOF\nfatal: fetch-pack failed"),
    (Unavailable, "kex_exchange_identification: Connection closed by remote host\nfatal: Could not read from remote"),
    (Unavailable, "fatal: the remote end hung up unexpectedly"),
    (Unavailable, "fatal: unable to access 'https://h/x/': gnutls_handshake() failed: The TLS connection was ended"),
    (Unavailable, "fatal: protocol error: bad line length character: <htm"),
    (Unavailable, "fatal: write error: No space left on device\nfatal: fetch-pack: invalid index-pack output"),
    (Unavailable, "remote: fatal: write error: No space left on device\n! main (unpacker error)"),
    (Unavailable, "fatal: sha1 file '/cache/index.lock' write error. Out of diskspace"),
    (Unavailable, "error: index-pack died of signal 9"),
    (Forbidden, "remote: Invalid username or token.\nfatal: Authentication failed for 'https://github.com/x/y/'"),
    (Forbidden, "remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://gitlab.com/x/y/'"),
    (Forbidden, "fatal: could not read Username for 'https://h': terminal prompts disabled"),
    (Forbidden, "fatal: unable to access 'https://h/x/': The requested URL returned error: 403"),
    (Forbidden, "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository."),
    (Forbidden, "Host key verification failed.\nfatal: Could not read from remote repository."),
    (Forbidden, "remote: Repository not found.\nfatal: repository 'https://github.com/x/y/' not found"),
    (Forbidden, "ERROR: The key you are authenticating with has been marked as read only."),
    (Forbidden, "remote: Permission to x/y.git denied to bot.\nfatal: unable to access: returned error: 403"),
    (Forbidden, "remote: This deploy key does not have write access to this project."),
    (Rejected, "fatal: unable to access 'https://h/': SSL certificate problem: unable to get local issuer certificate"),
    (Rejected, "No user exists for uid 65532\nfatal: Could not read from remote repository."),
    (Rejected, "fatal: couldn't find remote ref refs/heads/x"),
    (Rejected, "error: something that nobody has seen before"),
    (Moved, "!\tabc:refs/heads/main\t[rejected] (stale info)"),
    (Moved, "!\tabc:refs/heads/main\t[rejected] (fetch first)"),
    (Moved, "!\tabc:refs/heads/main\t[remote rejected] (cannot lock ref 'refs/heads/main': is at 1 but expected 2)"),
    (Moved, "!\tabc:refs/heads/main\t[remote rejected] (failed to update ref)"),
    (Protected, "remote: error: GH006: Protected branch update failed for refs/heads/main.\n! (protected branch hook)"),
    (Protected, "remote: error: GH013: Repository rule violations found for refs/heads/main."),
    (
        Protected,
        "remote: GitLab: You are not allowed to push code to protected branches on this project.\n! [rejected]",
    ),
    (Protected, "remote: Gitea: Not allowed to push to protected branch main\n! (pre-receive hook declined)"),
    (Protected, "remote: TF402455: Pushes to this branch are not permitted; you must use a pull request."),
    (Protected, "!\tabc:refs/heads/main\t[remote rejected] (pre-receive hook declined)"),
    (Damaged, "error: object file ./objects/ab/cd is empty\nfatal: bad object HEAD"),
    (Damaged, "error: packfile ./objects/pack/pack-1.pack does not match index"),
    (Damaged, "fatal: not a git repository: '/cache/x.git'"),
]


@pytest.mark.parametrize(("kind", "text"), SAID, ids=[text[:60] for _, text in SAID])
def test_words_of_servers_become_errors(kind: type[WatcherError], text: str) -> None:
    assert type(failed("push", Done(1, b"", text), "/cache/x.git")) is kind


def test_the_line_that_tells_most_is_shown_with_a_remedy() -> None:
    text = "warning: x\nHost key verification failed.\nfatal: Could not read from remote repository."
    error = failed("fetch main of ssh://git@h/x", Done(128, b"", text), "/cache")
    assert str(error) == (
        "cannot fetch main of ssh://git@h/x: Host key verification failed; "
        "compare the server's key (`ssh-keyscan HOST`) with the published one, and add it to knownHostsFile"
    )


def test_a_full_disk_is_named_where_it_is_ours() -> None:
    ours = failed("fetch", Done(128, b"", "fatal: write error: No space left on device"), "/cache/x.git")
    theirs = failed("push", Done(1, b"", "remote: fatal: write error: No space left on device"), "/cache/x.git")
    assert "/cache/x.git" in str(ours)
    assert "/cache/x.git" not in str(theirs)


def test_no_secret_and_no_escape_sequence_is_shown() -> None:
    text = "fatal: unable to access 'https://user:s3cret@h/x/?private_token=s3cret': \x1b[31mno\x1b[0m"
    error = str(failed("fetch", Done(128, b"", text), ""))
    assert "s3cret" not in error
    assert error.isprintable()


@pytest.mark.parametrize(
    ("given", "url", "host"),
    [
        (
            "https://user:pass@git.example.com:8443/x.git?token=1",
            "https://git.example.com:8443/x.git",
            "git.example.com:8443",
        ),
        ("git@github.com:team/x.git", "ssh://git@github.com/team/x.git", "github.com"),
        ("ssh://git@h:2222/x", "ssh://git@h:2222/x", "h:2222"),
        ("/srv/git/x.git", "file:///srv/git/x.git", ""),
        ("file:///srv/git/x.git", "file:///srv/git/x.git", ""),
    ],
)
def test_addresses_are_given_to_git_without_secrets(given: str, url: str, host: str) -> None:
    address = Address.of(given)
    assert (address.url, address.host) == (url, host)


@pytest.mark.parametrize(
    "given", ["ext::sh -c id", "--upload-pack=id", "ftp://h/x", "https://", "", "x", "ssh://-oProxyCommand=id/x"]
)
def test_what_git_should_not_be_given_is_refused(given: str) -> None:
    with pytest.raises(Rejected, match="no address"):
        Address.of(given)


def test_urls_in_a_text_are_redacted() -> None:
    assert redacted("a https://u:p@h/x?y=1#z b ssh://git@h/p") == "a https://h/x b ssh://h/p"
