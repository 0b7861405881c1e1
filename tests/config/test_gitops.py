"""The way back through Git in the thresholds file: mistakes with their place, and what holds."""

# ruff: noqa: E501 - one case a line, however long its message
from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.config.texts import GOOD, deployment, problems, thresholds
from watcher.config import explain, loads
from watcher.config.gitops import (
    ArgoApi,
    ConfigRepository,
    ForgeAccess,
    ForgeKind,
    GitAuth,
    GitHubApp,
    GitOps,
    Write,
)
from watcher.config.schema import json_schema
from watcher.core import record
from watcher.core.policy import Policy

MARK = "»"
HTTPS = "url: 'https://git.test/*'"
SSH = "url: 'git@git.test:acme/*'"
FORGE = "forge: {kind: gitlab, api: https://git.test/api/v4, tokenFile: t}"
APP = "githubApp: {appId: '1', installationId: '2', privateKeyFile: k}"
HUB = "forge: {kind: github, api: https://api.github.com}"
UNKNOWN_URL = "write https://HOST/PATH, ssh://git@HOST/PATH or git@HOST:PATH"

# fmt: off
REPOSITORIES = [
    ("»{}", "the entry does not say for which repositories it is; add url: with a glob, as in https://github.com/acme/*"),
    ("{»urls: a, url: 'https://a/b'}", "unknown key urls in gitops.repositories; did you mean url?"),
    ("{url: »[]}", "url: the list is empty; name one at least, or remove the key"),
    ("{url: [»github.com/acme/x]}", f"github.com/acme/x is not the url of a repository; {UNKNOWN_URL}"),
    ("{url: »'https://a/b c'}", f"no repository has this url; {UNKNOWN_URL}"),
    ("{url: »'https://u:p@git.test/*'}", "the address holds credentials; put them into files and name these"),
    ("{url: »'https://token@git.test/a'}", "the address holds credentials; put them into files and name these"),
    ("{url: »'https://git.test:x/a'}", f"this is no address; {UNKNOWN_URL}"),
    ("{url: »'ext::sh -c x'}", f"no repository has this url; {UNKNOWN_URL}"),
    ("{url: »'ext::x'}", f"ext::x is not the url of a repository; {UNKNOWN_URL}"),
    ("{url: »'git://git.test/a'}", f"nothing can be reached by this address; {UNKNOWN_URL}"),
    ("{url: »'--upload-pack=x'}", f"--upload-pack=x is not the url of a repository; {UNKNOWN_URL}"),
    ("{" + HTTPS + ", »through: 'https://b.test/x'}", "through is one address, and url stands for several repositories; make an entry of each, before this one"),
    ("{url: [https://git.test/a, https://git.test/b], »through: 'https://b.test/x'}", "through is one address, and url stands for several repositories; make an entry of each, before this one"),
    ("{url: https://git.test/a, through: »'https://b.test/*'}", "through is a glob; write the address of one repository"),
    ("{url: https://git.test/a, through: »b.test}", f"b.test is not the url of a repository; {UNKNOWN_URL}"),
    ("{url: https://git.test/a, through: »'https://u:p@b.test/x'}", "the address holds credentials; put them into files and name these"),
    ("{" + HTTPS + ", auth: »{}}", "auth says nothing; write tokenFile, sshKeyFile with knownHostsFile, or githubApp"),
    ("{" + HTTPS + ", auth: »{tokenFile: t, sshKeyFile: k, knownHostsFile: h}}", "auth names tokenFile and sshKeyFile; keep one; make an entry of each where repositories differ"),
    ("{" + HTTPS + ", " + HUB + ", auth: »{tokenFile: t, " + APP + "}}", "auth names tokenFile and githubApp; keep one; make an entry of each where repositories differ"),
    ("{" + HTTPS + ", auth: »{user: u}}", "auth lacks tokenFile; add tokenFile, or remove user"),
    ("{" + SSH + ", auth: »{knownHostsFile: u}}", "auth lacks sshKeyFile; add sshKeyFile, or remove knownHostsFile"),
    ("{" + SSH + ", auth: »{sshKeyFile: k}}", "auth lacks knownHostsFile; add the file, as ssh-keyscan writes it and somebody has checked it: no unknown host is believed"),
    ("{" + SSH + ", auth: {»tokenFile: t}}", "tokenFile is of no use for git@git.test:acme/*; use sshKeyFile with knownHostsFile"),
    ("{url: ssh://git@git.test/a, auth: {»tokenFile: t}}", "tokenFile is of no use for ssh://git@git.test/a; use sshKeyFile with knownHostsFile"),
    ("{" + HTTPS + ", auth: {»sshKeyFile: k, knownHostsFile: h}}", "sshKeyFile is of no use for https://git.test/*; use tokenFile, or githubApp"),
    ("{url: /srv/git/a, auth: {»tokenFile: k}}", "tokenFile is of no use for /srv/git/a; remove it: files need none"),
    ("{url: https://git.test/a, through: ssh://git@b.test/a, auth: {»tokenFile: t}}", "tokenFile is of no use for ssh://git@b.test/a; use sshKeyFile with knownHostsFile"),
    ("{url: »'http://git.test/*', auth: {tokenFile: t}}", "the token would be sent without encryption; write https://"),
    ("{url: https://git.test/a, through: »'http://b.test/a', auth: {tokenFile: t}}", "the token would be sent without encryption; write https://"),
    ("{" + SSH + ", »caFile: c}", "caFile is for https:// only; remove it"),
    ("{" + HTTPS + ", auth: {»" + APP + "}}", "a GitHub App needs the forge; add forge: {kind: github, api: https://api.github.com}"),
    ("{" + HTTPS + ", " + HUB + ", auth: {»githubApp: {appId: '1', installationId: '2'}}}", "githubApp lacks privateKeyFile; add privateKeyFile"),
    ("{" + HTTPS + ", " + HUB + ", auth: {githubApp: {appId: »1, installationId: '2', privateKeyFile: k}}}", 'appId must be text, not the number 1; put it in quotes: "1"'),
    ("{" + HTTPS + ", forge: {kind: »gitea, api: https://git.test/api/v1}, auth: {" + APP + "}}", "a GitHub App cannot speak to gitea; write kind: github, or use auth: {tokenFile: ...}"),
    ("{" + HTTPS + ", »forge: {}}", "forge lacks kind and api and tokenFile; add kind and api and tokenFile"),
    ("{" + HTTPS + ", »forge: {kind: gitlab, api: https://git.test/api/v4}}", "forge lacks tokenFile; add tokenFile"),
    ("{" + HTTPS + ", forge: {kind: »gitlub, api: https://git.test, tokenFile: t}}", "kind cannot be gitlub; did you mean gitlab?"),
    ("{" + HTTPS + ", forge: {kind: gitea, api: »'http://git.test/api/v1', tokenFile: t}}", "the token would be sent without encryption; write https://"),
    ("{" + HTTPS + ", forge: {kind: gitea, api: »git.test, tokenFile: t}}", "nothing can be reached by this address; write https://HOST/PATH"),
    ("{" + HTTPS + ", forge: {kind: gitea, api: »'https://git.test?token=1', tokenFile: t}}", "the address has a query or fragment; write the address only"),
    ("{" + HTTPS + ", write: »pull}", "write cannot be pull; use push or pullRequest"),
    ("{" + HTTPS + ", write: »pullRequest}", "write: pullRequest needs the forge; add forge: {kind, api, tokenFile}"),
    ("{" + HTTPS + ", autoMerge: »true}", "autoMerge needs the forge; add forge: {kind, api, tokenFile}"),
    ("{" + HTTPS + ", " + FORGE + ", autoMerge: »on}", "autoMerge must be true or false, not the text on (on without quotes is a boolean to YAML 1.1); write true or false"),
    ("{" + HTTPS + ", neverTouch: [ok/**, »/etc/x]}", "the glob '/etc/x' can match no file; write it from the root of the repository, as in apps/*/secrets/** or **/*.sops.yaml"),
    ("{" + HTTPS + ", neverTouch: »../x}", "the glob '../x' can match no file; write it from the root of the repository, as in apps/*/secrets/** or **/*.sops.yaml"),
    ("{" + HTTPS + ", maxObjects: »0}", "maxObjects is 0; write 1 or more"),
    ("{" + HTTPS + ", author: {name: »'a <b>'}}", "Git takes no name like this; write one line without < and >"),
    ("{" + HTTPS + ", author: {email: »''}}", "Git takes no email like this; write one line without < and >"),
]
OTHERS = [
    ("  argocd: »5", "argocd must be a mapping of keys to values, not the number 5; write key: value pairs, indented below it or in {}"),
    ("  »argocd: {api: https://a.test}", "argocd lacks tokenFile and destination; add tokenFile and destination"),
    ("  argocd: {api: »'http://a.test', tokenFile: t, destination: d}", "the token would be sent without encryption; write https://"),
    ("  argocd: {api: 'http://localhost:8080', tokenFile: t, destination: d, »caFile: c}", "caFile is for https:// only; remove it"),
    ("  argocd: {api: https://a.test, tokenFile: t, »destinatoin: d}", "unknown key destinatoin in gitops.argocd; did you mean destination?"),
    ("  bridge: {for: »10s}", "a bridge would be overdue after 10s; write 1m or more: a person must find the time to merge"),
    ("  bridge: {for: »4}", "for: the duration 4 has no unit; write a number with its unit, largest unit first, as in 500ms, 30s, 5m, 1h30m or 14d"),
    ("  »repository: []", "unknown key repository in gitops; did you mean repositories?"),
]
# fmt: on


def with_repositories(*entries: str) -> str:
    return GOOD + "gitops:\n  repositories:\n" + "".join(f"    - {each}\n" for each in entries)


def assert_one_problem(marked: str, message: str) -> None:
    before = marked[: marked.index(MARK)]
    place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    assert problems(marked.replace(MARK, "")) == [f"{place} {message}"]


@pytest.mark.parametrize(("entry", "message"), REPOSITORIES)
def test_a_mistake_in_an_entry_has_its_place_and_remedy(entry: str, message: str) -> None:
    assert_one_problem(with_repositories(entry), message)


@pytest.mark.parametrize(("line", "message"), OTHERS)
def test_a_mistake_beside_the_entries_has_its_place_and_remedy(line: str, message: str) -> None:
    assert_one_problem(f"{GOOD}gitops:\n{line}\n", message)


def test_a_mistake_in_quarantine_has_its_place_and_remedy() -> None:
    marked = GOOD.replace("    checks: {errors", "    quarantine: »rollback\n    checks: {errors")
    assert_one_problem(marked, "quarantine cannot be rollback; did you mean rollBack?")


def test_an_entry_behind_one_that_fits_all_of_it_is_told() -> None:
    wide, one = "{" + HTTPS + "}", "{url: [https://git.test/a.git, https://git.test/b]}"
    assert problems(with_repositories(wide, one)) == [
        "13:13 this entry never counts: entry 1 fits its url, and the first that fits counts; move it before entry 1"
    ]
    assert problems(with_repositories(one, wide)) == []
    assert problems(with_repositories(wide, "{url: [https://git.test/a, https://other.test/a]}")) == []
    assert len(problems(with_repositories(wide, wide))) == 1


@pytest.mark.parametrize(
    "entry",
    [
        "{url: '*'}",
        "{url: '*://git.test/acme/*', auth: {tokenFile: t}}",
        "{url: ssh://git@git.test:2222/acme/x, auth: {sshKeyFile: k, knownHostsFile: h}}",
        "{url: 'http://git.test/*', neverTouch: [secrets/, '**/*.sops.yaml']}",
        "{url: /srv/git/x}",
        "{url: 'git@git.test:/srv/git/x.git', auth: {sshKeyFile: k, knownHostsFile: h}}",
        "{url: file:///srv/git/x}",
        "{url: https://git.test/a, through: 'git@git.test:a', auth: {sshKeyFile: k, knownHostsFile: h}}",
    ],
)
def test_what_is_usual_is_no_mistake(entry: str) -> None:
    assert problems(with_repositories(entry)) == []


def gitops(text: str) -> GitOps:
    return loads(text, "/etc/watcher/thresholds.yaml").gitops


def test_what_holds_where_nothing_is_written() -> None:
    assert gitops(GOOD) == gitops(f"{GOOD}gitops: {{}}\n") == GitOps()
    assert gitops(with_repositories("{url: https://git.test/a}")).repositories == (
        ConfigRepository(("https://git.test/a",)),
    )


def test_what_is_written_holds() -> None:
    text = with_repositories(
        "{url: https://git.test/a, through: https://b.test/a, caFile: ca, neverTouch: [x/**, y], maxObjects: 3, "
        "signingKeyFile: /keys/sign, author: {name: Way Back, email: way@back.test}}",
        "{url: ['https://git.test/*', 'https://b.test/*'], auth: {tokenFile: git/token}, "
        + FORGE
        + ", write: pullRequest, autoMerge: true}",
        "{" + SSH + ", auth: {sshKeyFile: id, knownHostsFile: hosts}}",
        "{url: 'https://github.com/*', auth: {" + APP + "}, forge: {kind: github, api: 'https://api.github.com/'}}",
    )
    text += "  argocd: {api: 'https://a.test/', tokenFile: argo, destination: https://10.0.0.1, caFile: ca}\n"
    text += "  bridge: {for: 1h}\n"
    found = gitops(text)
    assert found.repositories == (
        ConfigRepository(
            ("https://git.test/a",),
            through="https://b.test/a",
            ca_file="/etc/watcher/ca",
            never_touch=("x/**", "y"),
            most_objects=3,
            signing_key_file="/keys/sign",
            author_name="Way Back",
            author_email="way@back.test",
        ),
        ConfigRepository(
            ("https://git.test/*", "https://b.test/*"),
            auth=GitAuth("x-access-token", "/etc/watcher/git/token"),
            forge=ForgeAccess(ForgeKind.GITLAB, "https://git.test/api/v4", "/etc/watcher/t"),
            write=Write.PULL_REQUEST,
            auto_merge=True,
        ),
        ConfigRepository(
            ("git@git.test:acme/*",),
            auth=GitAuth(ssh_key_file="/etc/watcher/id", known_hosts_file="/etc/watcher/hosts"),
        ),
        ConfigRepository(
            ("https://github.com/*",),
            auth=GitAuth(github_app=GitHubApp("1", "2", "/etc/watcher/k", "https://api.github.com")),
            forge=ForgeAccess(ForgeKind.GITHUB, "https://api.github.com"),
        ),
    )
    assert found.argocd == ArgoApi("https://a.test", "/etc/watcher/argo", "https://10.0.0.1", "/etc/watcher/ca")
    assert found.bridge == 3600.0


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://git.test/a", 0),
        ("https://GIT.test/a.git/", 0),
        ("https://git.test/b", 1),
        ("https://user@git.test/group/sub/b.git", 1),
        ("ssh://git@git.test/acme/x.git", 2),
        ("git@git.test:acme/x", 2),
        ("git@git.test:other/x", None),
        ("https://elsewhere.test/a", None),
    ],
)
def test_the_first_entry_that_fits_counts(url: str, expected: int | None) -> None:
    found = gitops(with_repositories("{url: https://git.test/a}", "{" + HTTPS + "}", "{" + SSH + "}"))
    assert found.repository(url) == (None if expected is None else found.repositories[expected])


def test_the_digest_knows_of_it() -> None:
    assert loads(GOOD).digest != loads(with_repositories("{" + HTTPS + "}")).digest


def test_quarantine_and_bridge_are_part_of_the_policy_and_explained() -> None:
    entries = (
        "  - match: {}\n    checks: {errors: {}}\n  - match: {name: checkout}\n    quarantine: rollBack\n"
        "  - match: {name: cart}\n    quarantine: alarm\n"
    )
    found = thresholds(entries, "gitops: {bridge: {for: 90m}}\n")
    checkout, cart = deployment(name="checkout"), deployment(name="cart")
    there, other = found.policy_for(checkout), found.policy_for(cart)
    assert there is not None
    assert other is not None
    assert (there.repeat, there.bridge_for) == (True, 5400.0)
    assert (other.repeat, other.bridge_for) == (False, 5400.0)
    rows = {row.key: (row.value, row.origin) for row in explain(found, checkout).rows}
    assert rows["quarantine"] == ("rollBack", "thresholds.yaml:12")
    assert rows["gitops.bridge.for"] == ("1h30m", "thresholds.yaml:7")


def test_a_policy_that_says_nothing_of_it_keeps_its_bytes() -> None:
    usual = record.encode(Policy())
    assert b"repeat" not in usual
    assert b"bridge_for" not in usual
    changed = Policy(repeat=True, bridge_for=60.0)
    assert record.decode(Policy, record.encode(changed)) == changed
    assert record.decode(Policy, usual) == Policy()


def test_defaults_of_the_schema_are_those_that_hold() -> None:
    definitions: dict[str, Any] = json_schema()["$defs"]
    shown = {
        key: definitions[holder]["properties"][key]["default"]
        for holder, keys in {
            "RepositorySpec": ("write", "autoMerge", "maxObjects"),
            "AuthorSpec": ("name", "email"),
        }.items()
        for key in keys
    }
    held = {field.name: field.default for field in dataclasses.fields(ConfigRepository)}
    assert shown == {
        "write": held["write"],
        "autoMerge": held["auto_merge"],
        "maxObjects": held["most_objects"],
        "name": held["author_name"],
        "email": held["author_email"],
    }
    assert definitions["GitAuthSpec"]["properties"]["user"]["default"] == "x-access-token"
    assert (
        loads(
            GOOD + f"gitops: {{bridge: {{for: {definitions['BridgeSpec']['properties']['for']['default']}}}}}\n"
        ).gitops
        == GitOps()
    )
