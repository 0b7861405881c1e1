"""Hides the values of labels that nothing needs: they may name customers, paths, addresses.

A value is replaced by its label's name and a number, the same for the same value everywhere in the recording.  So
series stay apart, and what is matched or grouped by equality gives the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class Hidden:
    """Names for the values of all labels but the `kept` ones, as they occur in `series`."""

    def __init__(self, series: Iterable[Mapping[str, str]], kept: frozenset[str]) -> None:
        found: dict[str, set[str]] = {}
        for labels in series:
            for label, value in labels.items():
                if label not in kept:
                    found.setdefault(label, set()).add(value)
        self._names = {
            label: {value: f"{label}-{number}" for number, value in enumerate(sorted(values), start=1)}
            for label, values in found.items()
        }

    @property
    def labels(self) -> list[str]:
        """Labels whose values are hidden."""
        return sorted(self._names)

    def of(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Labels of a series as the recording has them."""
        return {label: self._names.get(label, {}).get(value, value) for label, value in labels.items()}
