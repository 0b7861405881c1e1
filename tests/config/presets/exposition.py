"""What an exporter prints, as a source that has scraped it from pods would show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from watcher.ports import RawSeries

HERE = Path(__file__).parent


def scraped(name: str, times: Sequence[float], target: Mapping[str, str], factor: float = 1.0) -> list[RawSeries]:
    """The sample of this name, scraped at these times: each counter grows by its sample value, times `factor`.

    Labels of the target give way to the application's, as with `honor_labels`.
    """
    text = (HERE / f"{name}.prom").read_text()
    text = text.replace("POD", target.get("pod", "")).replace("INSTANCE", target["instance"])
    names = {line.partition("{")[0] for line in text.splitlines()}
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return [
        RawSeries(
            {**target, "__name__": _as_printed(each.name, names), **each.labels},
            [(at, 1.0 if each.name == "target_info" else each.value * factor * n) for n, at in enumerate(times)],
        )
        for each in found
    ]


def _as_printed(name: str, names: Set[str]) -> str:
    """The parser gives counters the suffix that OpenMetrics asks for, also where the exporter prints none."""
    return name if name in names else name.removesuffix("_total")


def pod_target(pod: str) -> dict[str, str]:
    """Labels that a scrape of a pod adds."""
    return {"namespace": "shop", "pod": pod, "instance": f"{pod}:8080", "job": "pods"}


def without_pod(series: Sequence[RawSeries]) -> list[RawSeries]:
    """As metrics come that are pushed: of the target they have job and instance alone."""
    kept = [{key: each.labels[key] for key in each.labels if key not in ("namespace", "pod")} for each in series]
    return [RawSeries(labels, each.samples) for labels, each in zip(kept, series, strict=True)]
