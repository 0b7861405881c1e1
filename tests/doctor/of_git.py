"""A workload that Argo CD keeps as Git says, with which nothing is wrong; and for each finding on Git both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.doctor.healthy import ERRORS, LATENCY, MANAGED, NOW, facts, workload
from watcher.config.gitops import ConfigRepository, ForgeAccess, ForgeKind, Write, bare
from watcher.core.gitops import Application, Deployed, GitSource
from watcher.core.policy import DEFAULT_RUNGS, Policy
from watcher.core.words import Mode, Rung
from watcher.doctor.facts import Facts, WorkloadFacts
from watcher.doctor.git_facts import Branch, GitFacts

REPO = "https://git.example.com/team/shop.git"
OLD, NEW = "1" * 40, "2" * 40
SHOP = Application(
    tool="argocd",
    name="argocd/shop",
    sources=(GitSource(REPO, "main", NEW, ("apps/cart",)),),
    automated=True,
    self_heal=True,
    synced=True,
    healthy=True,
    history=(Deployed((OLD,), NOW - 7200.0), Deployed((NEW,), NOW - 3600.0)),
)
BY_HAND = replace(SHOP, automated=False, self_heal=False)
ENTRY = ConfigRepository(("https://git.example.com/*",))
FORGE = ForgeAccess(ForgeKind.GITHUB, "https://api.git.example.com")
PLAIN = Branch(bare(REPO), "main", ENTRY)


def policy(mode: Mode = Mode.ACT, **rungs: Mode) -> Policy:
    """What holds for cart, with these modes of rungs."""
    changed = dict(DEFAULT_RUNGS) | {Rung(name): each for name, each in rungs.items()}
    return Policy((ERRORS, LATENCY), mode, rungs=tuple(changed.items()))


def cart(application: Application | None = SHOP, /, **rungs: Mode) -> WorkloadFacts:
    """Kept by this application."""
    return workload(policy=policy(**rungs), manager=MANAGED, application=application)


def git(branch: Branch | None = PLAIN, **more: Any) -> GitFacts:
    """What was learnt of Git."""
    return GitFacts({branch.place: branch} if branch is not None else {}, **more)


def shop(application: Application | None = SHOP, branch: Branch | None = PLAIN, /, **more: Any) -> Facts:
    """Cart alone, by this application from this branch."""
    rungs = {name: more.pop(name) for name in [each.value for each in Rung] if name in more}
    return facts(cart(application, **rungs), git=git(branch, **more))


def a_branch(**spoilt: Any) -> Facts:
    """Cart, from a branch that is spoilt."""
    return shop(SHOP, replace(PLAIN, **spoilt))


def an_application(**spoilt: Any) -> Facts:
    """Cart, by an application that is spoilt."""
    return shop(replace(SHOP, **spoilt))


SHOPS = frozenset({"apps/cart"})
BY_PULL = replace(ENTRY, write=Write.PULL_REQUEST)

OF_GIT: Mapping[str, tuple[Facts, Facts]] = {
    "application-unseen": (facts(workload(manager=MANAGED)), shop()),
    "application-refused": (an_application(refused="Kargo promotes to it: promote the earlier freight"), shop()),
    "managed-by-git": (shop(), facts()),
    "git-not-by-itself": (shop(git=Mode.PROPOSE), shop(replace(SHOP, self_heal=False), git=Mode.PROPOSE)),
    "sync-forgets": (shop(BY_HAND, kept={"argocd argocd/shop": 1}), shop(BY_HAND, kept={"argocd argocd/shop": 10})),
    "images-written": (shop(writers={"argocd argocd/shop": ("Flux (ImageUpdateAutomation a/b)",)}), shop()),
    "bridge-undone": (
        shop(replace(SHOP, parent="ApplicationSet/shops"), bridge=Mode.ACT),
        shop(replace(SHOP, parent="ApplicationSet/shops"), bridge=Mode.NONE),
    ),
    "renderer-missing": (
        shop(SHOP, replace(PLAIN, kustomizations=SHOPS), renderers=frozenset({"helm"})),
        shop(SHOP, replace(PLAIN, kustomizations=SHOPS, charts=frozenset({"b"})), renderers=frozenset({"kustomize"})),
    ),
    "repository-unknown": (a_branch(entry=None), a_branch()),
    "repository-file-missing": (a_branch(missing=("/etc/watcher-git/token",)), a_branch()),
    "repository-refused": (a_branch(refused="Authentication failed"), a_branch(away="timed out")),
    "repository-away": (a_branch(away="timed out"), a_branch(refused="Authentication failed")),
    "repository-read-only": (a_branch(read_only="this deploy key is read-only"), a_branch(protected=True, forge=True)),
    "branch-protected": (a_branch(protected=True, forge=True), a_branch(forge=True)),
    "forge-missing": (a_branch(entry=BY_PULL), a_branch(entry=replace(BY_PULL, forge=FORGE), forge=True)),
    "forge-problem": (a_branch(forge=True, forge_problem="HTTP 401"), a_branch(forge=True)),
}
"""By the id of the finding: the defect, and its near miss."""
