from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from watcher.daemon.settings import Settings


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"WATCHER_{name.upper()}", raising=False)


def test_without_anything_the_defaults_are_those_of_a_pod() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.kubeconfig) == ("0.0.0.0", 8080, None)  # noqa: S104 - in a pod
    assert (settings.namespaces, settings.read_only, settings.events) == ("", False, True)


def test_the_environment_sets_and_arguments_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHER_PORT", "9000")
    monkeypatch.setenv("WATCHER_CONFIG", "/etc/watcher/thresholds.yaml")
    settings = Settings(port=9001)
    assert (settings.port, settings.config) == (9001, Path("/etc/watcher/thresholds.yaml"))


def test_the_link_that_kubernetes_makes_of_a_service_is_no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHER_PORT", "tcp://10.96.12.7:9090")
    assert Settings().port == 8080


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "65536"),
        ("QUERY_RATE", "0"),
        ("RETENTION_DAYS", "0"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
        ("READ_ONLY", "perhaps"),
        ("SHUTDOWN_GRACE", "-1"),
    ],
)
def test_what_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"WATCHER_{name}", value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert [str(each["loc"][0]).upper() for each in caught.value.errors()] == [name]


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())
