"""Why a goal is missed, and what reaching it would cost elsewhere: by the goal's name.

Shown by the report for goals that are missed just now; a test asks that each of those of the committed report is here.
"""

from __future__ import annotations

WHY: dict[str, str] = {}
