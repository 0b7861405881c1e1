"""Argo CD's own API, where its Applications are in another cluster than the workloads.

`ArgoCdApplications` is the port `Applications` over it, `ArgoCdFeed` follows the Applications that deploy here.
"""

from watcher.adapters.argocd.applications import ArgoCdApplications
from watcher.adapters.argocd.feed import ArgoCdFeed
from watcher.adapters.argocd.server import ArgoCdServer

__all__ = ["ArgoCdApplications", "ArgoCdFeed", "ArgoCdServer"]
