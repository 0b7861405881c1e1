"""A small shop of services whose pods answer as the tag of their image says."""

from __future__ import annotations

from watcher.sandbox.shop.pods import Pods, ShopPod
from watcher.sandbox.shop.server import ShopServer
from watcher.sandbox.shop.services import NAMESPACE, SERVICES, Service, manifests, rates

__all__ = ["NAMESPACE", "SERVICES", "Pods", "Service", "ShopPod", "ShopServer", "manifests", "rates"]
