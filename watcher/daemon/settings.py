"""Settings of the process, from the environment (`WATCHER_*`); command line flags win over them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """How this process runs.  What it watches and by which thresholds stands in the thresholds file."""

    model_config = SettingsConfigDict(env_prefix="WATCHER_", frozen=True, extra="ignore")

    config: Path = Field(Path("thresholds.yaml"), description="The thresholds file.")
    store: Path = Field(Path("watcher.db"), description="The decision log, an SQLite file; its folder is created.")
    notes: Path | None = Field(
        None, description="Folder for post-incident notes; without it `notes` beside the decision log."
    )
    git_cache: Path = Field(Path("git-cache"), description="Folder for clones of configuration repositories.")
    host: str = Field("0.0.0.0", description="Address that the HTTP server listens on.")  # noqa: S104 - in a pod
    port: int = Field(8080, ge=0, le=65535, description="Port of the HTTP server; 0 takes a free one.")
    kubeconfig: Path | None = Field(None, description="Kubeconfig file; without it the pod's own ServiceAccount.")
    context: str = Field("", description="Context of the kubeconfig; empty: its current one.")
    namespace: str = Field("watcher", description="The daemon's own namespace, where the ConfigMap watcher-hold is.")
    namespaces: str = Field("", description="Namespaces to watch, separated by commas; empty: all.")
    argocd_namespace: str = Field("argocd", description="Namespace of Argo CD; read beside those that are watched.")
    flux_namespace: str = Field("flux-system", description="Namespace of Flux; read beside those that are watched.")
    tokens: Path | None = Field(None, description="YAML file of who may write over HTTP; without it nobody may.")
    lease: str = Field(
        "watcher",
        max_length=253,
        pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
        description="Name of the Lease in the daemon's own namespace that decides which process may act.",
    )
    identity: str = Field("", max_length=200, description="Name of this process in the Lease; empty: the host's.")
    read_only: bool = Field(default=False, description="Never write to workloads, whatever the thresholds file says.")
    events: bool = Field(default=True, description="Create Kubernetes Events on workloads.")
    preflight: bool = Field(
        default=True, description="Look at the start and hourly for what would keep a bad release from being undone."
    )
    query_rate: float = Field(10.0, gt=0, description="Queries per second sent to each metrics source at the most.")
    retention_days: int = Field(400, ge=1, description="Days that decisions are kept.")
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="Log lines as JSON or for a terminal; auto: console on a terminal, else JSON."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    shutdown_grace: float = Field(20.0, ge=0, description="Seconds that writes under way are given at SIGTERM.")

    @field_validator("port", mode="before")
    @classmethod
    def _no_service_link(cls, value: object) -> object:
        """Kubernetes sets WATCHER_PORT=tcp://... in every pod beside a Service that is called watcher."""
        return 8080 if isinstance(value, str) and value.startswith("tcp://") else value
