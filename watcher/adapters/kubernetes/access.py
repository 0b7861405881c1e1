"""Where the API server is and how to prove who we are: in-cluster account or kubeconfig.

All of it is taken from the `kubernetes` package: the service account with its rotating token, kubeconfig contexts,
token files, exec plugins, OIDC, client certificates, proxies.  The package is imported on first use, because that
takes most of a second.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from watcher.ports import Rejected, Unavailable

REFRESH_SECONDS = 60.0  # how long a token that was read from a file or a plugin is used before it is asked for anew


class Access:
    """Configuration of the `kubernetes` package, with credentials that are kept fresh."""

    def __init__(self, configuration: Any, loader: Any = None) -> None:
        self.configuration = configuration
        configuration.connection_pool_maxsize = 0  # no limit: each watch holds a connection for itself
        self._loader = loader
        self._loaded = time.monotonic()

    @property
    def host(self) -> str:
        """URL of the API server."""
        return str(self.configuration.host).rstrip("/")

    async def authorization(self) -> dict[str, str]:
        """The header that authenticates a request; empty with client certificates.  Raises Unavailable."""
        if self._loader is not None and time.monotonic() - self._loaded > REFRESH_SECONDS:
            await self.renew()
        try:
            settings = await self.configuration.auth_settings()
        except (OSError, _config_exception()) as error:
            raise Unavailable(f"cannot read the service account's token: {error}") from error
        return {each["key"]: each["value"].strip() for each in settings.values() if each["value"]}

    async def renew(self) -> None:
        """Read token files and ask exec plugins again.  Raises Unavailable."""
        self._loaded = time.monotonic()
        if self._loader is None:
            return
        try:
            await self._loader.load_and_set(self.configuration)
        except (OSError, ValueError, _config_exception()) as error:
            raise Unavailable(f"cannot renew the credentials of the kubeconfig: {error}") from error

    def certificates(self) -> tuple[tuple[str, float], ...]:
        """The certificate files in use with their times of change; another value means: connect anew."""
        names = (self.configuration.ssl_ca_cert, self.configuration.cert_file, self.configuration.key_file)
        return tuple((name, _changed(Path(name))) for name in names if name)


async def load(kubeconfig: str = "", context: str = "") -> Access:
    """Find the API server: the given kubeconfig, `KUBECONFIG`, the pod's service account, `~/.kube/config`.

    Raises Rejected when there is none of them or it cannot be understood.
    """
    from kubernetes.aio import client, config  # noqa: PLC0415 - takes 0.9 s: only for those who connect

    configuration = client.Configuration()
    explicit = kubeconfig or os.environ.get("KUBECONFIG", "")
    place = explicit or "~/.kube/config"
    try:
        if not explicit and not context and os.environ.get("KUBERNETES_SERVICE_HOST"):
            config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]
            return Access(configuration)
        _look_for(place)
        loader = await config.load_kube_config(  # type: ignore[no-untyped-call]
            config_file=explicit or None,
            context=context or None,
            client_configuration=configuration,
            persist_config=False,
        )
    except (config.ConfigException, OSError, ValueError, KeyError, TypeError) as error:
        raise Rejected(
            f"cannot tell where the Kubernetes API server is: {place}: {error};"
            " give --kubeconfig (and --context), set KUBECONFIG, or run in a pod with a service account"
        ) from error
    return Access(configuration, loader)


def _look_for(place: str) -> None:
    """Raises FileNotFoundError where none of the files is there: the client prints its own words, and guesses."""
    if not any(Path(name).expanduser().exists() for name in place.split(os.pathsep) if name):
        raise FileNotFoundError("there is no such file")


def _config_exception() -> type[Exception]:
    from kubernetes.aio.config import ConfigException  # noqa: PLC0415 - as above

    return ConfigException


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
