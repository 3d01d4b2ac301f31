"""Names of everything in a lab's folder.

Never reads or writes a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """A lab's folder. `consumed`, `produced`, `plan` and `workload` are for others to read."""

    folder: Path

    @classmethod
    def of(cls, folder: Path) -> Layout:
        """The lab in this folder, which may be a relative path."""
        return cls(folder.absolute())

    @property
    def plan(self) -> Path:
        """The plan that moves the workload."""
        return self.folder / "plan.yaml"

    @property
    def exact_plan(self) -> Path:
        """The same with groups that resume by content: no record twice."""
        return self.folder / "plan-exact.yaml"

    @property
    def long_tail_plan(self) -> Path:
        """The plan that moves what `plan` has forgotten, where the lab has such a thing."""
        return self.folder / "long-tail.yaml"

    @property
    def workload(self) -> Path:
        """Who reads and writes which topics, for the services and for any checker."""
        return self.folder / "workload.json"

    @property
    def secrets(self) -> Path:
        """A file with the password of each user."""
        return self.folder / "secrets"

    @property
    def tls(self) -> Path:
        """Certificates and keys, where anybody logs in by one."""
        return self.folder / "tls"

    @property
    def consumed(self) -> Path:
        """What each service has processed."""
        return self.folder / "consumed"

    @property
    def produced(self) -> Path:
        """What each service has written and got acknowledged."""
        return self.folder / "produced"

    @property
    def calls(self) -> Path:
        """When each service was told to stop and to start."""
        return self.folder / "calls"

    @property
    def sinks(self) -> Path:
        """What sink connectors have written, where there are any."""
        return self.folder / "sinks"

    def sink(self, name: str) -> Path:
        """The file of one sink connector."""
        return self.sinks / f"{name}.txt"

    @property
    def config(self) -> Path:
        """Configuration of the Java processes."""
        return self.folder / "config"

    @property
    def data(self) -> Path:
        """Data of ZooKeeper and the brokers."""
        return self.folder / "data"

    @property
    def logs(self) -> Path:
        """What each process printed."""
        return self.folder / "logs"

    @property
    def lock(self) -> Path:
        """Held by a command that changes the lab."""
        return self.folder / ".lock"

    def log(self, name: str) -> Path:
        """What one process printed."""
        return self.logs / f"{name}.log"

    def secret(self, user: str) -> Path:
        """The password of one user."""
        return self.secrets / user

    def folders(self) -> tuple[Path, ...]:
        """Every folder that belongs to one run of the lab."""
        return (
            self.secrets,
            self.tls,
            self.consumed,
            self.produced,
            self.calls,
            self.sinks,
            self.config,
            self.data,
            self.logs,
        )

    def run_files(self) -> tuple[Path, ...]:
        """Every file outside those folders that belongs to one run of the lab."""
        return (self.plan, self.exact_plan, self.long_tail_plan, self.workload)
