"""`watcher check`, `explain`, `schema`: what they print and how they exit."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from tests.config.prometheus_stub import Prometheus, served
from tests.config.test_eight_mistakes import EIGHT
from tests.config.texts import GOOD
from watcher.cli.application import COMMANDS, application
from watcher.cli.exits import Exit
from watcher.config.schema import text


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "thresholds.yaml"
    path.write_text(GOOD)
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(application, [str(argument) for argument in arguments], prog_name="watcher")


def test_check_of_a_good_file(file: Path) -> None:
    result = run("check", file)
    assert result.exit_code == Exit.OK
    assert result.stdout.startswith(f"{file}: ok (checks: 2, entries of services: 1, parameters ")


def test_check_prints_each_mistake_on_a_line_of_its_own(file: Path) -> None:
    file.write_text(EIGHT)
    result = run("check", file)
    assert result.exit_code == Exit.INVALID
    lines = result.stdout.splitlines()
    assert len(lines) == 8
    assert all(line.startswith(f"{file}:") and "; " in line for line in lines)
    assert result.stderr == f"{file}: 8 problems\n"


def test_check_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    result = run("check", tmp_path / "gone.yaml")
    assert result.exit_code == Exit.INVALID
    assert "gone.yaml:1:1 cannot be read: No such file or directory; give the path" in result.stdout


@pytest.mark.parametrize("arguments", [(), ("--prometheus",)])
def test_check_of_no_file_says_that_one_is_missing(arguments: tuple[str, ...]) -> None:
    result = run("check", *arguments)
    assert result.exit_code == Exit.INVALID
    assert "Missing argument 'file'" in result.stderr


@pytest.mark.parametrize("order", ["file first", "flag first", "address", "address with ="])
def test_check_asks_the_sources_of_the_file_or_another_address(file: Path, order: str) -> None:
    with served(Prometheus({"http_requests_total": [{"namespace": "a", "pod": "b", "code": "500"}]})) as prometheus:
        file.write_text(GOOD.replace("http://prometheus:9090", prometheus.url))
        arguments = {
            "file first": [str(file), "--prometheus"],
            "flag first": ["--prometheus", str(file)],
            "address": ["--prometheus", prometheus.url, str(file)],
            "address with =": [str(file), f"--prometheus={prometheus.url}"],
        }
        result = run("check", *arguments[order])
    assert result.exit_code == Exit.INVALID
    assert result.stdout == (
        f"{file}:6:24 the source main has no series of http_request_duration_seconds_bucket now; "
        "check that the service is scraped\n"
    )


def test_check_refuses_an_address_that_is_none(file: Path) -> None:
    result = run("check", file, "--prometheus", "ftp://x")
    assert result.exit_code == Exit.INVALID
    assert "ftp://x is not an HTTP address" in result.stdout


def test_check_asks_nothing_while_the_file_is_wrong(file: Path) -> None:
    file.write_text(EIGHT)
    assert len(run("check", file, "--prometheus", "http://127.0.0.1:1").stdout.splitlines()) == 8


def test_explain_as_a_table(file: Path) -> None:
    result = run("explain", "Deployment/shop/checkout", "--config", file)
    assert result.exit_code == Exit.OK
    lines = result.stdout.splitlines()
    assert lines[0] == f"Deployment/shop/checkout is watched by {file}:8"
    assert lines[2].split() == ["KEY", "VALUE", "FROM"]
    assert [line.split() for line in lines if line.startswith(("checks.errors.max", "cooldown"))] == [
        ["cooldown", "30m", "default"],
        ["checks.errors.max", "1%", f"{file}:5"],
    ]


def test_explain_for_programs(file: Path) -> None:
    as_json = json.loads(run("explain", "Deployment/shop/checkout", "-c", file, "-o", "json").stdout)
    as_yaml = yaml.safe_load(run("explain", "Deployment/shop/checkout", "-c", file, "-o", "yaml").stdout)
    assert as_json == as_yaml
    assert as_json["watched"] is True
    assert {"key": "checks.errors.max", "value": "1%", "from": f"{file}:5"} in as_json["values"]


def test_explain_of_a_workload_that_is_not_watched(file: Path) -> None:
    result = run("explain", "Deployment/other/checkout", "-c", file)
    assert (result.exit_code, result.stdout) == (
        Exit.OK,
        "Deployment/other/checkout is not watched: no entry of services matches it\n",
    )


def test_explain_takes_labels(file: Path) -> None:
    file.write_text(GOOD.replace("{namespace: shop}", "{labels: {team: x}}"))
    assert "not watched" in run("explain", "Deployment/a/b", "-c", file).stdout
    assert "is watched" in run("explain", "Deployment/a/b", "-c", file, "--label", "team=x", "--label", "a=b").stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["Deploy/a/b"], "'Deploy' is not a kind of workload"),
        (["checkout"], "write Kind/namespace/name"),
        (["Deployment/a/b", "--label", "x"], "'x' is not a label; write name=value"),
        (["Deployment/a/b", "-c", "/gone.yaml"], "/gone.yaml:1:1 cannot be read"),
    ],
)
def test_explain_says_which_argument_is_wrong(file: Path, arguments: list[str], expected: str) -> None:
    result = run("explain", "-c", file, *arguments)
    assert result.exit_code == Exit.INVALID
    assert expected in " ".join(result.stderr.split())


def test_schema_is_printed() -> None:
    assert run("schema").stdout == text()


def test_an_unknown_command_names_the_likeliest() -> None:
    result = run("chek")
    assert result.exit_code == Exit.INVALID
    assert "There is no command chek; did you mean check?" in result.stderr


def test_help_lists_every_command_without_importing_it() -> None:
    listed = run("--help").stdout
    assert all(f"\n  {name} " in listed for name in COMMANDS)
    program = (
        "import sys; from watcher.cli.application import application; application(['--help'], standalone_mode=False);"
        "heavy = {'pydantic', 'yaml', 'kubernetes', 'aiohttp', 'httpx', 'rich', 'requests'} & sys.modules.keys();"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["check", "explain", "schema"])
def test_every_command_has_help(name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == Exit.OK
    assert f"Usage: watcher {name}" in result.stdout
    module, _, function = COMMANDS[name].target.partition(":")
    assert getattr(import_module(module), function).__doc__.splitlines()[0] == COMMANDS[name].help
