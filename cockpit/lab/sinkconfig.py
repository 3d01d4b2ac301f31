"""The lab's sink connector as Connect takes it: Kafka's own file sink, with a dead-letter topic.

Values only: never talks to a worker. The same connector stands on both Connects, and one of them
runs; the file is the warehouse that both of them fill.
"""

from __future__ import annotations

from typing import Final

from cockpit.lab.layout import Layout
from cockpit.lab.properties import scram, scram_tls
from cockpit.lab.state import State
from cockpit.lab.workload import Side, Work

CONNECTS: Final[dict[Side, str]] = {"source": "connect-source", "target": "connect"}
"""The worker beside each cluster, by its name among the lab's parts."""
_PLACE: Final = "transforms.place"


def sink_config(work: Work, side: Side, state: State, layout: Layout) -> dict[str, str]:
    """Its configuration beside one of the clusters: only login and `cluster` differ."""
    config = {
        "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
        "tasks.max": "1",
        "topics": ",".join(work.consumes),
        "file": str(layout.sink(work.name)),
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "false",
        "transforms": "place",
        f"{_PLACE}.type": "org.apache.kafka.connect.transforms.InsertField$Value",
        f"{_PLACE}.topic.field": "topic",
        f"{_PLACE}.partition.field": "partition",
        f"{_PLACE}.offset.field": "offset",
        f"{_PLACE}.static.field": "cluster",
        f"{_PLACE}.static.value": side,
        "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": str(work.dead_letters),
        "errors.deadletterqueue.topic.replication.factor": "1",
        "errors.deadletterqueue.context.headers.enable": "true",
    }
    # by its file, so that REST never shows the password
    password = f"${{directory:{layout.secrets}:{work.name}}}"
    login = scram(work.name, password)
    if state.profile.cluster(side).security == "scram_tls":
        login = scram_tls(work.name, password, layout.tls)
    for role in ("consumer", "producer", "admin"):
        config |= {f"{role}.override.{key}": value for key, value in login.items()}
    return config
