from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import httpx
import pytest
import respx

from watcher.adapters.git.addresses import Address
from watcher.adapters.git.credentials import Credentials
from watcher.adapters.git.private_files import PrivateFiles
from watcher.adapters.github_app import GitHubAppTokens
from watcher.config.gitops import ConfigRepository, GitAuth, GitHubApp
from watcher.ports import Forbidden, Rejected, Unavailable

NOW = 1_700_000_000.0  # 2023-11-14T22:13:20Z
URL = "https://github.example.com/api/v3/app/installations/42/access_tokens"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("app") / "key.pem"
    subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, capture_output=True)
    return path


def signed_by(key: Path, text: str, signature: str, directory: Path) -> bool:
    (directory / "signature").write_bytes(base64.urlsafe_b64decode(signature + "=="))
    public = str(directory / "public")
    subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-out", public], check=True, capture_output=True)
    check = ["openssl", "dgst", "-sha256", "-verify", public, "-signature", str(directory / "signature")]
    return subprocess.run(check, input=text.encode(), check=False, capture_output=True).returncode == 0


@pytest.fixture
def app(key: Path) -> GitHubApp:
    return GitHubApp("7", "42", str(key), api="https://github.example.com/api/v3/")


def given(token: str, ends: str = "2023-11-14T23:13:20Z") -> httpx.Response:
    return httpx.Response(201, json={"token": token, "expires_at": ends})


async def test_a_token_is_asked_for_by_a_signed_word(app: GitHubApp, key: Path, tmp_path: Path) -> None:
    with respx.mock:
        asked = respx.post(URL).mock(return_value=given("ghs_1"))
        assert await GitHubAppTokens(app, lambda: NOW).token() == "ghs_1"

    scheme, _, word = asked.calls.last.request.headers["authorization"].partition(" ")
    head, claims, signature = word.split(".")
    decoded = [json.loads(base64.urlsafe_b64decode(each + "==")) for each in (head, claims)]
    assert (scheme, *decoded) == (
        "Bearer",
        {"alg": "RS256", "typ": "JWT"},
        {"iat": int(NOW) - 60, "exp": int(NOW) + 480, "iss": "7"},
    )
    assert signed_by(key, f"{head}.{claims}", signature, tmp_path)


async def test_a_token_is_kept_until_shortly_before_its_end_or_until_it_was_refused(app: GitHubApp) -> None:
    now = [NOW]
    tokens = GitHubAppTokens(app, lambda: now[0])
    with respx.mock:
        answers = [given("1"), given("2", "2023-11-15T00:13:20Z"), given("3", "2023-11-15T00:13:20Z")]
        asked = respx.post(URL).mock(side_effect=answers)
        assert [await tokens.token(), await tokens.token()] == ["1", "1"]
        now[0] += 3001.0
        assert await tokens.token() == "2"
        tokens.forget()
        assert await tokens.token() == "3"
    assert asked.call_count == 3


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (httpx.Response(401), Forbidden, "is .*key.pem a key of it"),
        (httpx.Response(404), Forbidden, "installation 42"),
        (httpx.Response(502), Unavailable, "502"),
        (httpx.Response(422), Rejected, "422"),
        (httpx.Response(201, text="<html>"), Unavailable, "githubApp.api"),
        (httpx.ConnectError("refused"), Unavailable, "refused"),
        (httpx.ReadTimeout("slow"), Unavailable, "no answer within 20 s"),
    ],
)
async def test_no_token_is_an_error(
    app: GitHubApp, answer: httpx.Response | Exception, kind: type[Exception], words: str
) -> None:
    with respx.mock:
        respx.post(URL).mock(side_effect=[answer])
        with pytest.raises(kind, match=words):
            await GitHubAppTokens(app, lambda: NOW).token()


async def test_a_key_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key")
    with pytest.raises(Unavailable, match=f"{tmp_path}/key, cannot be used"):
        await GitHubAppTokens(GitHubApp("7", "42", str(tmp_path / "key")), lambda: NOW).token()


async def test_git_is_given_the_token_in_a_file_of_its_own(app: GitHubApp, tmp_path: Path) -> None:
    entry = ConfigRepository(("*",), auth=GitAuth(github_app=app))
    files = PrivateFiles(tmp_path / "private")
    ours = Credentials(entry, Address.of("https://github.example.com/team/x"), files, lambda: NOW)
    with respx.mock:
        asked = respx.post(URL).mock(side_effect=[given("ghs_1"), given("ghs_2")])
        access = await ours.access()
        ours.refused()
        await ours.access()

    (file,) = (tmp_path / "private").iterdir()
    assert access.variables["WATCHER_GIT_TOKEN_FILE"] == str(file)
    assert file.read_text() == "ghs_2\n"
    assert file.stat().st_mode & 0o077 == 0
    assert access.variables["WATCHER_GIT_USER"] == "x-access-token"
    assert asked.call_count == 2
