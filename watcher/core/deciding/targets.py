"""Guards that ask whether there is a version to go back to, and whether it still is what was proven."""

from __future__ import annotations

from watcher.core.deciding import gate
from watcher.core.deciding.case import Case
from watcher.core.deciding.gate import Gate, Passage
from watcher.core.deciding.ledger import accepted, expired
from watcher.core.judging.availability import PULL_FAILURES
from watcher.core.sentence import seconds
from watcher.core.words import Rung


def no_target(case: Case) -> str | None:
    """Why there is no version to go back to."""
    if case.target is not None:
        return None
    entries = [each for each in case.state.known_good if each.template_id != case.release.template_id]
    if any(expired(each, case.policy.known_good, case.now) and not each.revoked for each in entries):
        return f"the last known good revision ran longer than {seconds(case.policy.known_good.max_age)} ago"
    if any(not accepted(each, case.policy.known_good, case.now) for each in entries):
        return "no accepted target: earlier revisions are revoked or not proven enough"
    return "no accepted target: no earlier revision is known good"


def not_known_good(case: Case) -> str | None:
    """Why the version that a person has named is not known to be good; one that was chosen always is."""
    target, rules = case.target, case.policy.known_good
    if target is None or accepted(target, rules, case.now):
        return None
    if target.revoked:
        return f"revision {target.revision} is not known to be good: {target.revoked}"
    if expired(target, rules, case.now):
        return f"revision {target.revision} ran longer than {seconds(rules.max_age)} ago"
    return f"revision {target.revision} is only {target.provenance}; {rules.accept} is asked for"


def target_gone(case: Case) -> str | None:
    """Which revision the cluster keeps no more."""
    if case.target is None or case.whole or case.view.with_template(case.target.template_id) is not None:
        return None
    return f"revision {case.target.revision} is gone from the cluster; raise revisionHistoryLimit"


def config_moved(case: Case) -> str | None:
    """Which configuration changed since the target was proven."""
    if case.target is None or case.whole:
        return None
    now = dict(case.observation.surroundings.configurations)
    proven = f"since revision {case.target.revision} was proven"
    moved = [name for name, digest in case.target.configurations if name in now and now[name] != digest]
    gone = [name for name in moved if not now[name]]
    if gone:
        return f"{', '.join(gone)} is gone {proven}"
    return f"{', '.join(moved)} changed {proven}" if moved else None


def config_unknown(case: Case) -> str | None:
    """Which configuration of the target could not be read."""
    if case.target is None or case.whole:
        return None
    now = dict(case.observation.surroundings.configurations)
    unread = [name for name, _ in case.target.configurations if name not in now]
    proven = f"since revision {case.target.revision} was proven"
    return f"{', '.join(unread)} cannot be read, so it may have changed {proven}" if unread else None


def image_not_pullable(case: Case) -> str | None:
    """Which pod of the target's version waits for its image, where such pods would be made."""
    if case.target is None:
        return None
    target = case.view.with_template(case.target.template_id)
    pods = case.view.pods_of(target.name) if target is not None else ()
    if case.rung is Rung.ABORT and any(pod.ready for pod in pods):
        return None
    waiting = next((pod for pod in pods if pod.waiting in PULL_FAILURES), None)
    if waiting is None:
        return None
    return f"the image of revision {case.target.revision} cannot be pulled: pod {waiting.name} is in {waiting.waiting}"


def mutable_tag(case: Case) -> str | None:
    """Which tag names another image than when the target was proven."""
    if case.target is None:
        return None
    proven = set(case.target.digests)
    known = {image for image, _ in proven}
    running = {each for pod in case.view.pods if pod.deleted is None for each in pod.digests}
    moved = sorted(image for image, digest in running - proven if image in known)
    return f"tag {moved[0]} names another image now than when it was proven" if moved else None


def unsafe_migration(case: Case) -> str | None:
    """Which migration the version before does not work with, or may not where every one has to be noted."""
    passage = _passage(case)
    return passage.why if passage is not None and passage.gate in (Gate.UNSAFE, Gate.UNNOTED_REQUIRED) else None


def migrations_unknown(case: Case) -> str | None:
    """Why it is not known whether the database can follow, where that has to be."""
    passage = _passage(case)
    return passage.why if passage is not None and passage.gate is Gate.UNSEEN_REQUIRED else None


def _passage(case: Case) -> Passage | None:
    watch = case.state.watch
    if case.target is None or watch is None:
        return None
    sight = gate.relevant(case.observation, watch, case.target.template_id)
    return gate.ask(sight, watch.downs, case.view, case.policy)
