"""The reader of OpenMetrics text: what it takes, what it refuses and where."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.config import ConfigError
from watcher.replay import openmetrics
from watcher.replay.openmetrics import RecordedSeries, read


def reading(tmp_path: Path, text: str) -> list[RecordedSeries]:
    file = tmp_path / "metrics.om"
    file.write_text(text)
    return read(file)


def mistake(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        reading(tmp_path, text)
    return str(caught.value).removeprefix(f"{tmp_path}/")


def test_series_come_in_any_order_with_types_exemplars_and_exponents(tmp_path: Path) -> None:
    text = (
        "# TYPE http_requests counter\n"
        'http_requests_total{code="200",pod="a"} 1.2e+06 1772359200.5\n'
        'http_requests_total{code="500",pod="a"} 1 1772359200.5 # {trace_id="x y"} 0.5 1772359199\n'
        "up 1 1772359200\n"
        '# HELP up It is # "there"\n'
        'http_requests_total{code="200",pod="a"} 1.3e+06 1772359215.5 # {trace_id="b"} 1\n'
        'http_requests_total{pod="a",code="500"} 2 1772359215.5\n'
        "# EOF\n"
    )
    good, bad, up = reading(tmp_path, text)
    assert good.labels == {"__name__": "http_requests_total", "code": "200", "pod": "a"}
    assert list(zip(good.times, good.values, strict=True)) == [(1772359200.5, 1.2e6), (1772359215.5, 1.3e6)]
    assert list(bad.values) == [1.0, 2.0]
    assert (up.labels, list(up.values), up.line) == ({"__name__": "up"}, [1.0], 4)


def test_samples_out_of_order_are_put_in_order_and_repeated_ones_count_once(tmp_path: Path) -> None:
    (up,) = reading(tmp_path, "up 1 30\nup 0 15\nup 1 30\nup NaN 45\n# EOF\n")
    assert list(up.times) == [15.0, 30.0, 45.0]
    assert list(up.values)[:2] == [0.0, 1.0]
    assert up.ends
    assert math.isnan(up.values[2])


def test_names_of_other_alphabets_stand_in_quotes_and_empty_labels_are_none(tmp_path: Path) -> None:
    (series,) = reading(tmp_path, '{"http.requests","größe"="a\\"b\\\\c\\nd",empty=""} 1 2\n# EOF\n')
    assert series.labels == {"__name__": "http.requests", "größe": 'a"b\\c\nd'}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("up 1 2\nup 1\n# EOF\n", "metrics.om:2:1 up has no timestamp; write Unix seconds behind the value"),
        ("up 1 2\nup one 2\n# EOF\n", "metrics.om:2:1 one 2 is no value with its timestamp"),
        ("up 1 2\n{} 1 2\n# EOF\n", "metrics.om:2:1 the series has no metric name"),
        ('up{a="b" 1 2\n# EOF\n', "metrics.om:1:1 no sample: "),
        ("up{a=b} 1 2\n# EOF\n", "metrics.om:1:1 no label pair: a=b"),
        ('up{a="b",a="c"} 1 2\n# EOF\n', "metrics.om:1:1 the label a is given twice"),
        ("up 1 2 3\n# EOF\n", "metrics.om:1:1 no sample: up 1 2 3"),
        ("up 1 2\n# EOF\nup 1 3\n", "metrics.om:3:1 a line follows # EOF"),
        ("up 1 2\nup 1 3\n", "metrics.om:2:1 the file ends without # EOF: it was cut off"),
        (
            "down 1 1\nup 1 2\nup 2 2\n# EOF\n",
            "metrics.om:2:1 the series that begins here has two values at 2.000: 1 and 2",
        ),
        ("up 1 NaN\nup 1 2\n# EOF\n", "metrics.om:1:1 a timestamp of this series is NaN"),
        ("up 1 2\nup 1 inf\n# EOF\n", "metrics.om:1:1 a timestamp of this series is no time"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, wanted: str) -> None:
    assert mistake(tmp_path, text).startswith(wanted)


def test_what_is_not_utf_8_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "metrics.om").write_bytes(b'up 1 2\nup{a="\xff"} 1 2\n# EOF\n')
    with pytest.raises(ConfigError, match=r"metrics\.om:2:1 this line is not UTF-8"):
        read(tmp_path / "metrics.om")


def test_a_packed_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(b"up 1 2\n" * 1000 + b"# EOF\n")
    (tmp_path / "metrics.om.gz").write_bytes(packed[:-10])
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "metrics.om.gz")


@pytest.mark.parametrize(("limit", "value"), [("MAX_SAMPLES", 5), ("MAX_BYTES", 30)])
def test_a_file_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(openmetrics, limit, value)
    text = "".join(f"up 1 {at}\n" for at in range(9)) + "# EOF\n"
    assert "the file holds more than" in mistake(tmp_path, text)


def test_lines_that_cross_the_portions_of_reading_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openmetrics, "_CHUNK", 7)
    text = "".join(f'up{{pod="{at % 3}"}} {at} {at}\n' for at in range(60))
    series = reading(tmp_path, text + "# EOF\n")
    assert [len(each.times) for each in series] == [20, 20, 20]
    assert mistake(tmp_path, text + "up\n# EOF\n").startswith("metrics.om:61:1 ")


names = st.from_regex(r"[a-z_:][a-z0-9_:]{0,8}", fullmatch=True)
label_sets = st.dictionaries(
    st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True).filter(lambda name: name != "__name__"),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
    max_size=4,
)
numbers = st.floats(allow_nan=False)


@given(
    st.dictionaries(
        st.tuples(names, label_sets.map(lambda labels: tuple(sorted(labels.items())))),
        st.dictionaries(st.integers(0, 10**9).map(lambda at: at / 1000), numbers, min_size=1, max_size=5),
        max_size=5,
    ),
    st.randoms(use_true_random=False),
)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    wanted: dict[tuple[str, tuple[tuple[str, str], ...]], dict[float, float]],
    chance: object,
) -> None:
    lines = [
        f"{name}{{{','.join(f'{label}={quoted(value)}' for label, value in labels)}}} {number!r} {at!r}"
        for (name, labels), samples in wanted.items()
        for at, number in samples.items()
    ]
    getattr(chance, "shuffle")(lines)  # noqa: B009 - Hypothesis' own Random
    file = tmp_path_factory.mktemp("written") / "metrics.om"
    file.write_bytes("\n".join([*lines, "# EOF", ""]).encode())
    found = {
        (each.labels["__name__"], tuple(sorted(item for item in each.labels.items() if item[0] != "__name__"))): dict(
            zip(each.times, each.values, strict=True)
        )
        for each in read(file)
    }
    assert found == wanted


def quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
