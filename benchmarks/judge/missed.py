"""Why a goal is missed, and what reaching it would cost elsewhere: by the goal's name.

Shown by the report for goals that are missed just now; a test asks that each of those of the committed report is here.
"""

from __future__ import annotations

_OLD_EQUALLY_BAD = (
    "It is one release of the 60: by chance its old version exceeded the same bound in the last window in which it "
    "served, so the guard `old_equally_bad` holds. The interval contains the goal; of 1,500 releases drawn with seeds "
    "for tuning (+5 % warm and +2 % from the first second, 50/s, all modes) none was missed. Lifting the guard where "
    "the new version is worse than the old one was then would catch it, and roll back in outages of a dependency that "
    "begin while the old pods go."
)

WHY: dict[str, str] = {
    "recall, +5 % at ≥ 2/s": _OLD_EQUALLY_BAD,
    "recall, +2 % at ≥ 50/s": _OLD_EQUALLY_BAD,
}
