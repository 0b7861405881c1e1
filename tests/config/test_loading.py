"""Reading files: sources, digest, fingerprint of a file that is swapped as Kubernetes swaps ConfigMaps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.texts import GOOD, thresholds
from watcher.config import ConfigError, fingerprint, load, loads
from watcher.core.policy import Auth, Delivery, PartialResponse, Replicas, Source, Tls


def test_sources_are_plain_values_with_absolute_files(tmp_path: Path) -> None:
    file = tmp_path / "thresholds.yaml"
    long = (
        "{url: https://p:9090/prom/, interval: 15s, tenant: t, auth: {bearerFile: token}, headers: {X-A: b}, "
        "tls: {caFile: /ca.crt, certFile: a.crt, keyFile: a.key}, scope: {cluster: eu}, replicas: separate, "
        "partialResponse: allow, delivery: push}"
    )
    file.write_text(GOOD.replace("{url: http://prometheus:9090}", long))
    assert load(file).sources == {
        "main": Source(
            name="main",
            url="https://p:9090/prom",
            interval=15.0,
            tenant="t",
            auth=Auth(bearer_file=str(tmp_path / "token")),
            tls=Tls("/ca.crt", str(tmp_path / "a.crt"), str(tmp_path / "a.key")),
            headers=(("X-A", "b"),),
            scope=(("cluster", "eu"),),
            replicas=Replicas.SEPARATE,
            partial_response=PartialResponse.ALLOW,
            delivery=Delivery.PUSH,
        )
    }


def test_a_source_of_a_url_alone_has_defaults() -> None:
    assert loads(GOOD).sources == {"main": Source("main", "http://prometheus:9090")}
    with_user = GOOD.replace("9090}", "9090, auth: {user: u, passwordFile: /p}}")
    assert loads(with_user).sources["main"].auth == Auth(user="u", password_file="/p")


def test_the_digest_is_of_the_meaning() -> None:
    digest = loads(GOOD).digest
    assert len(digest) == 64
    assert loads("# a comment\n" + GOOD.replace("max: 1%", "max: 0.01")).digest == digest
    assert loads(GOOD.replace('{code: "5.."}', '[{code: ["5.."]}]')).digest == digest
    assert loads(GOOD.replace("max: 1%", "max: 2%")).digest != digest


def test_the_digest_knows_the_order_of_entries() -> None:
    one, other = "  - match: {}\n    mode: act\n", "  - match: {}\n    mode: propose\n"
    assert thresholds(one + other).digest != thresholds(other + one).digest


def test_nothing_can_be_changed() -> None:
    loaded = loads(GOOD)
    with pytest.raises(AttributeError):
        loaded.digest = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        loaded.sources["x"] = Source("x", "")  # type: ignore[index]
    with pytest.raises(ValueError, match="frozen"):
        loaded.spec.cluster = "x"  # type: ignore[misc]


@pytest.mark.parametrize(("name", "reason"), [("missing.yaml", "No such file or directory"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_is_a_problem_of_its_own(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(ConfigError) as failure:
        load(tmp_path / name)
    assert str(failure.value) == (
        f"{tmp_path / name}:1:1 cannot be read: {reason}; give the path of a thresholds file that this process may read"
    )


def test_a_path_that_no_file_can_have() -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load("a\0b")


def test_a_bom_is_no_part_of_the_text() -> None:
    assert loads(b"\xef\xbb\xbf" + GOOD.encode()).digest == loads(GOOD).digest


def mounted(folder: Path, generation: str, content: str) -> Path:
    """A ConfigMap volume as the kubelet makes it: file -> ..data/file, ..data -> ..GENERATION, swapped by rename."""
    (folder / generation).mkdir()
    (folder / generation / "thresholds.yaml").write_text(content)
    (folder / "..swap").symlink_to(generation)
    (folder / "..swap").rename(folder / "..data")
    file = folder / "thresholds.yaml"
    if not file.is_symlink():
        file.symlink_to("..data/thresholds.yaml")
    return file


def test_a_swapped_config_map_has_another_fingerprint(tmp_path: Path) -> None:
    file = mounted(tmp_path, "..1", GOOD)
    first = fingerprint(file)
    assert first == fingerprint(file) == load(file).fingerprint
    mounted(tmp_path, "..2", GOOD.replace("1%", "2%"))
    second = fingerprint(file)
    assert second != first
    assert second == load(file).fingerprint
    assert (first.size, first.resolved) == (len(GOOD), str(tmp_path / "..1" / "thresholds.yaml"))


def test_a_changed_file_has_another_fingerprint_even_at_the_same_size(tmp_path: Path) -> None:
    file = tmp_path / "thresholds.yaml"
    file.write_text(GOOD)
    before = fingerprint(file)
    file.write_text(GOOD.replace("1%", "2%"))
    assert fingerprint(file) != before


def test_a_file_that_is_gone_has_a_fingerprint_too(tmp_path: Path) -> None:
    gone = fingerprint(tmp_path / "gone")
    assert gone == fingerprint(tmp_path / "gone")
    assert gone.sha256 == ""
