"""`watcher migrations`: real checkouts in the three layouts, good and bad."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from watcher.cli.application import application
from watcher.config.migration_notes import schema_text

ALEMBIC = '"""drop price"""\nrevision: str = "3f2a"\ndown_revision = "9c1e"\n\ndef upgrade() -> None: ...\n'
DJANGO = "from django.db import migrations\n\nclass Migration(migrations.Migration): ...\n"
LAYOUTS = {
    "alembic": ("db/versions/3f2a_drop_price.py", ALEMBIC, {"db/versions/env.py": "target_metadata = None\n"}),
    "django": ("shop/migrations/0007_drop_price.py", DJANGO, {"shop/migrations/__init__.py": ""}),
    "flyway": (
        "sql/V7__drop_price.sql",
        "alter table orders drop price;\n",
        {"sql/README.md": "V7__ drops it\n"},
    ),
    "other": ("migrate/20260101-drop-price.rb", "drop_column :orders, :price\n", {"lib/20260101.rb": ""}),
}
OTHERS = ("--migrations", "migrate/*.rb")


def note(name: str, *forward: str) -> str:
    files = "".join(f"\n  - {each}" for each in forward)
    return f"name: {name}\nforward:{files}\nrollbackSafe: unsafe\nreason: the old version reads it\nreviewer: ann\n"


def call(*arguments: str) -> Result:
    return CliRunner().invoke(application, ["migrations", *arguments])


class Checkout:
    """A Git repository with a branch `main`, and one that a pull request is for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._git("init", "--quiet", "--initial-branch=main")
        self.commit({"app.py": "print()\n"})

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, files: dict[str, str]) -> None:
        self.write(files)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message=x")

    def branch(self) -> None:
        self._git("switch", "--quiet", "--create", "feature")

    def check(self, *arguments: str) -> Result:
        return call("check", str(self.root), *OTHERS, *arguments)

    def _git(self, *arguments: str) -> None:
        who = ["-c", "user.name=ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgSign=false"]
        subprocess.run(["git", *who, *arguments], cwd=self.root, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_new_migration_without_a_note_fails_and_the_command_that_is_told_leads_to_a_good_one(
    checkout: Checkout, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, text, beside = LAYOUTS[layout]
    checkout.commit({"notes/old.yaml": note("old", "nowhere.sql")})
    checkout.branch()
    checkout.commit({file: text, **beside})
    result = checkout.check("--base", "main")
    assert result.exit_code == 1
    stem = Path(file).stem
    told = f"watcher migrations new notes/{stem}.yaml --forward {file}"
    assert result.stdout.splitlines() == [f"{file}: no valid note names it; write one: {told}"]
    assert "1 migration looked at, 1 thing to mend" in result.stderr

    monkeypatch.chdir(checkout.root)
    assert call(*told.split()[2:]).exit_code == 0
    undecided = checkout.check("--base", "main")
    assert undecided.exit_code == 1
    assert "rollbackSafe cannot be DECIDE; use one of safe, unsafe, after-down" in undecided.stdout
    assert f"{file}: no valid note names it; mend notes/{stem}.yaml\n" in undecided.stdout
    written = checkout.root / "notes" / f"{stem}.yaml"
    written.write_text(written.read_text().replace("DECIDE", "safe"))
    good = checkout.check("--base", "main")
    assert (good.exit_code, good.stdout) == (0, "1 migration, each with a valid note\n")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_note_in_the_same_pull_request_is_enough(checkout: Checkout, layout: str) -> None:
    file, text, beside = LAYOUTS[layout]
    checkout.branch()
    checkout.commit({file: text, **beside, "notes/a.yaml": note("a", Path(file).name)})
    assert checkout.check("--base", "main").exit_code == 0


def test_migrations_of_the_base_count_only_without_one(checkout: Checkout) -> None:
    checkout.commit({file: text for file, text, _ in LAYOUTS.values()})
    checkout.branch()
    checkout.commit({"app.py": "print(1)\n", "sql/V7__drop_price.sql": "-- mended\n"})
    of_base = checkout.check("--base", "main")
    assert (of_base.exit_code, of_base.stdout) == (0, "no migrations\n")
    every = checkout.check("-o", "json")
    assert every.exit_code == 1
    told = json.loads(every.stdout)
    assert told["migrations"] == 4
    assert {each["file"] for each in told["missing"]} == {file for file, _, _ in LAYOUTS.values()}
    assert "new migration-notes/" in told["missing"][0]["remedy"]


def test_a_repeatable_migration_counts_again_when_it_changes_and_one_that_is_not_committed_counts(
    checkout: Checkout,
) -> None:
    checkout.commit({"sql/R__views.sql": "create view a;\n"})
    checkout.branch()
    checkout.commit({"sql/R__views.sql": "create view b;\n"})
    checkout.write({"sql/V8__tax.sql": "alter table orders add tax int;\n", ".gitignore": "ignored/\n"})
    checkout.write({"ignored/V9__x.sql": ""})
    lines = checkout.check("--base", "main").stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["sql/R__views.sql", "sql/V8__tax.sql"]


def test_what_moved_on_in_the_base_since_does_not_count(checkout: Checkout) -> None:
    checkout.branch()
    checkout.commit({"app.py": "print(1)\n"})
    subprocess.run(["git", "switch", "-q", "main"], cwd=checkout.root, check=True)
    checkout.commit({"sql/V8__tax.sql": "x\n"})
    subprocess.run(["git", "switch", "-q", "feature"], cwd=checkout.root, check=True)
    assert checkout.check("--base", "main").stdout == "no migrations\n"


def test_a_part_of_a_checkout_is_looked_at_by_itself(checkout: Checkout) -> None:
    checkout.branch()
    checkout.commit({"a/V1__x.sql": "", "b/V2__x.sql": "", "a/note.yaml": note("x", "V1__x.sql")})
    assert call("check", str(checkout.root / "a"), "--base", "main").exit_code == 0
    assert call("check", str(checkout.root / "b"), "--base", "main").exit_code == 1


def test_a_broken_note_fails_with_its_place_even_where_no_migration_is_new(checkout: Checkout) -> None:
    checkout.commit({"notes/a.yaml": note("a", "x").replace("unsafe", "risky"), "values.yaml": "image: x\n"})
    result = checkout.check("--base", "main")
    assert result.exit_code == 1
    assert result.stdout == "notes/a.yaml:4:15 rollbackSafe cannot be risky; use one of safe, unsafe, after-down\n"
    assert checkout.check("--notes", "db/*.yaml", "--base", "main").exit_code == 0


def test_a_glob_that_fits_nothing_is_told(checkout: Checkout) -> None:
    checkout.commit({"notes/a.yaml": note("a", "V1__x.sql"), "notes/a.md": "", "sql/V1__x.sql": ""})
    good = call("check", str(checkout.root), "--notes", "notes/*.yaml", "--migrations", "sql/*.sql")
    assert (good.exit_code, good.stderr) == (0, "")

    wrong = call("check", str(checkout.root), "--notes", "note/*.yaml", "--notes", "*.md", "--migrations", "db/*.rb")
    assert wrong.exit_code == 1
    from_there = "it is matched with paths from there on"
    assert wrong.stderr.splitlines()[:3] == [
        f"watcher: no file in {checkout.root} fits --migrations db/*.rb; {from_there}",
        f"watcher: no YAML file in {checkout.root} fits --notes note/*.yaml; {from_there}",
        f"watcher: no YAML file in {checkout.root} fits --notes *.md; {from_there}",
    ]

    checkout.branch()
    nothing_new = call("check", str(checkout.root), "--base", "main", "--notes", "note/*.yaml", "-o", "json")
    assert nothing_new.exit_code == 0
    assert json.loads(nothing_new.stdout) == {"migrations": 0, "missing": []}
    assert "fits --notes note/*.yaml" in nothing_new.stderr


def test_two_notes_of_one_name_are_told(checkout: Checkout) -> None:
    checkout.commit({"notes/a.yaml": note("a", "x"), "notes/b.yaml": note("a", "y")})
    assert "notes/b.yaml: notes/a.yaml is called a too" in checkout.check().stdout


def test_a_folder_that_is_no_checkout_is_looked_at_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("sql/V1__a.sql", ".hidden/V2__b.sql"):
        (tmp_path / name).touch()
    result = call("check", str(tmp_path))
    assert result.stdout.startswith("sql/V1__a.sql: no valid note names it")
    assert len(result.stdout.splitlines()) == 1


@pytest.mark.parametrize("base", ["no-such-branch", "--output"])
def test_a_base_that_is_not_there_is_a_wrong_command_line(checkout: Checkout, base: str) -> None:
    result = checkout.check(f"--base={base}")
    assert result.exit_code == 2
    assert f"--base {base}: Git knows no such commit" in result.stderr


def test_a_folder_that_is_not_there_is_a_wrong_command_line(tmp_path: Path) -> None:
    assert call("check", str(tmp_path / "nothing")).exit_code == 2


def test_a_note_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    file = tmp_path / "notes" / "a.yaml"
    assert call("new", str(file)).exit_code == 0
    before = file.read_text()
    assert before.splitlines()[1:3] == ["name: a", "forward: the migration's file, or what it does"]
    result = call("new", str(file), "--forward", "x.sql")
    assert result.exit_code == 1
    assert f"{file} is there already, and is left as it is" in result.stderr
    assert file.read_text() == before


@pytest.mark.parametrize("forward", ["V1__x.sql", "sql/V1__x.sql", "drops the column price"])
def test_a_note_for_a_migration_that_is_there_or_told_in_words(checkout: Checkout, forward: str) -> None:
    checkout.commit({"sql/V1__x.sql": ""})
    result = call("new", str(checkout.root / "notes" / "x.yaml"), "--forward", forward)
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize("forward", ["V2__x.sql", "./sql/V1__x.sql", "l/V1__x.sql"])
def test_a_migration_that_is_not_there_is_told_and_the_note_written(checkout: Checkout, forward: str) -> None:
    checkout.commit({"sql/V1__x.sql": ""})
    file = checkout.root / "notes" / "x.yaml"
    result = call("new", str(file), "--forward", forward)
    assert result.exit_code == 0
    assert f"has no file {forward}, so this note names no migration yet" in result.stderr
    assert "write its path from the root of the repository" in result.stderr
    assert f"forward:\n  - {forward}\n" in file.read_text()


def test_where_there_is_no_repository_the_file_is_looked_for_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "V1__x.sql").touch()
    assert call("new", "a.yaml", "--forward", "V1__x.sql").stderr == ""
    assert "this folder has no file V2__x.sql" in call("new", "b.yaml", "--forward", "V2__x.sql").stderr


def test_the_schema_is_printed() -> None:
    assert call("schema").stdout == schema_text()
