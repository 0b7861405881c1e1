"""What a version does to its requests, as its image tag asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass

WORD = re.compile(r"-(err|slow|after|rps)(\d+(?:\.\d+)?)(?=-|$)")


@dataclass(frozen=True)
class Profile:
    """Traffic and faults of one version.

    ``requests_per_second`` is what each Ready pod serves. From ``after_seconds`` after the version's first pod became
    Ready, ``error_share`` of the requests end in 500 and ``slow_share`` take longer than 500 ms (shares in [0, 1]).
    """

    requests_per_second: float = 20.0
    error_share: float = 0.0
    slow_share: float = 0.0
    after_seconds: float = 0.0

    @classmethod
    def of_image(cls, image: str) -> Profile:
        """Read the tag: ``shop/cart:1.9.0-err20-slow30-after60-rps5``, all words optional, percent and seconds."""
        tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
        words = {word: float(number) for word, number in WORD.findall(tag)}
        return cls(
            requests_per_second=words.get("rps", cls.requests_per_second),
            error_share=words.get("err", 0.0) / 100,
            slow_share=words.get("slow", 0.0) / 100,
            after_seconds=words.get("after", 0.0),
        )
