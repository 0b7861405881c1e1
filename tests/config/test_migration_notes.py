"""Migration notes: what a good one says, and every mistake with its place and remedy."""

# ruff: noqa: E501 - one case a line, however long its message
from __future__ import annotations

import json
from pathlib import Path

import pytest

from watcher.config import ConfigError
from watcher.config.migration_notes import LARGEST, note, schema, schema_text
from watcher.core.migrations import Down, MigrationNote, Safety, When

GOOD = """\
name: 3f2a-drop-price
forward: [db/versions/3f2a_drop_price.py, db/seed.sql]
rollbackSafe: after-down
reason: |
  Version 41 reads
  orders.price.
down:
  job: shop-migrate-down
  image: ghcr.io/acme/shop:42
  args: [downgrade, 9c1e]
  when: after
  automatic: true
  deadline: 5m
reviewer: ann@example.com
"""
SAFE = "name: a\nforward: adds an index\nrollbackSafe: safe\nreason: old versions do not see it\nreviewer: ann\n"

# fmt: off
MISTAKES = [
    ("", "1:1 the file is empty; start with: name: NAME"),
    (SAFE.replace("name: a\n", ""), "1:1 name is missing; add name: the migration's name, unlike that of any other"),
    (SAFE.replace("reviewer: ann\n", ""), "1:1 reviewer is missing; add reviewer: who has looked at it"),
    (SAFE.replace("rollbackSafe: safe", "rollbackSafe: unsave"), "3:15 rollbackSafe cannot be unsave; did you mean unsafe?"),
    (SAFE.replace("rollbackSafe", "rollbacksafe"), "3:1 unknown key rollbacksafe; did you mean rollbackSafe?"),
    (SAFE.replace("old versions do not see it", "' '"), "4:9 reason is empty; say why the version before it works, or does not"),
    (SAFE.replace("name: a", "name: 'a\n\n  b'"), "1:7 name is no single line of at most 100 characters; write a short text"),
    (SAFE.replace("safe\n", "after-down\n"), "3:15 rollbackSafe is after-down and down is missing; add down: {job: CRONJOB}, or write safe or unsafe"),
    (SAFE + "down: {job: j}\n", "6:1 down would never run: rollbackSafe is safe; remove it, or write rollbackSafe: after-down"),
    (SAFE + "x: x\n", "6:1 unknown key x; use one of name, forward, rollbackSafe, reason, down, reviewer"),
    (GOOD.replace("  job: shop-migrate-down\n", ""), "8:3 down lacks job; add job: the name of a CronJob in the workload's namespace"),
    (GOOD.replace("shop-migrate-down", "Shop_Down"), "8:8 'Shop_Down' is no name of a CronJob; write it as kubectl shows it"),
    (GOOD.replace("acme/shop:42", "acme/shop 42"), "9:10 this is no image; write it as in a pod template"),
    (GOOD.replace("automatic: true", "automatic: yes"), "12:14 automatic must be true or false, not the text yes (yes without quotes is a boolean to YAML 1.1); write true or false"),
    (GOOD.replace("5m", "300"), "13:13 deadline: the duration 300 has no unit; write a number with its unit, largest unit first, as in 500ms, 30s, 5m, 1h30m or 14d"),
    (GOOD.replace("5m", "7h"), "13:13 a deadline of 7h is out of range; write 10s to 6h"),
    (GOOD.replace("when: after", "when: now"), "11:9 when cannot be now; use before or after"),
    (SAFE.replace("old versions do not see it", "x" * 1001), "4:9 reason has more than 1000 characters; say it shortly: it is kept in every record of a decision"),
    (GOOD.replace("[downgrade, 9c1e]", "[" + "a, " * 51 + "]"), "10:9 args are more than 50, or one is longer than 500 characters; put them into the CronJob"),
    ("#" * (LARGEST + 1) + "\n", "1:1 the file is empty; start with: name: NAME"),
    (SAFE + "#" * LARGEST, "1:1 the note is larger than 64 KiB; keep to what a reviewer has to say"),
]
# fmt: on


def test_a_note_says_what_its_reviewer_wrote() -> None:
    found = note(GOOD.encode(), "n.yaml", "n.yaml in ConfigMap shop/notes")
    down = Down("shop-migrate-down", "ghcr.io/acme/shop:42", ("downgrade", "9c1e"), When.AFTER, True, 300.0)
    reason, where = "Version 41 reads orders.price.", "n.yaml in ConfigMap shop/notes"
    assert found.note == MigrationNote("3f2a-drop-price", Safety.AFTER_DOWN, reason, "ann@example.com", where, down)
    assert found.forward == ("db/versions/3f2a_drop_price.py", "db/seed.sql")


def test_what_is_not_written_has_its_default() -> None:
    found = note(SAFE.encode(), "n.yaml")
    assert (found.note.safety, found.note.down, found.note.where) == (Safety.SAFE, None, "n.yaml")
    assert found.forward == ("adds an index",)
    bare = note((SAFE.replace("safe\n", "after-down\n") + "down: {job: j}\n").encode(), "n.yaml")
    assert bare.note.down == Down("j")


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_mistake_has_its_place_and_remedy(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        note(text.encode(), "n.yaml")
    assert [str(each) for each in caught.value.problems] == [f"n.yaml:{message}"]


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        note(b"name: a\nforward: b\nrollbackSafe: maybe\ndown: {when: never}\n", "n.yaml")
    assert len(caught.value.problems) == 5


def test_the_committed_schema_is_that_of_the_model() -> None:
    assert Path("config/migration-note.schema.json").read_text() == schema_text()
    assert json.loads(schema_text())["required"] == ["name", "forward", "rollbackSafe", "reason", "reviewer"]
    assert schema()["$defs"]["DownSpec"]["properties"]["deadline"]["default"] == "10m"
