"""What a commit must hold so that every record can be replayed from the log alone."""

from __future__ import annotations

from watcher.ports import Commit


def check_policies(commit: Commit) -> None:
    """Raise ValueError for a transition whose policy is not in the commit."""
    given = {digest for digest, _ in commit.policies}
    for transition in commit.transitions:
        if transition.policy_hash not in given:
            raise ValueError(
                f"the transition {transition.kind!r} of {transition.workload} names the policy "
                f"{transition.policy_hash!r}, which the commit does not hold"
            )
