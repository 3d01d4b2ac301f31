"""The first hop of a mirror of two: an old broker's own MirrorMaker, and the cluster in between.

Values, files and questions; what is started is started by others.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from cockpit.core.plan import ZooKeeperSpec
from cockpit.kafka.client import Client
from cockpit.kafka.security import Access, host_port
from cockpit.kafka.zookeeper import Registrations, ZooKeeper
from cockpit.lab.components import JVM, PartJars, environment
from cockpit.lab.home import LabError
from cockpit.lab.jars import run
from cockpit.lab.state import State
from cockpit.ports import PortError

TOOL_TIMEOUT_S: Final = 60.0


async def make_old_topics(jars: PartJars, state: State, config: Path) -> None:
    """The workload's topics, by the old broker's own tool: it has no request for that.

    Raises LabError.
    """
    workload = state.profile.workload

    async def make(topic: str) -> None:
        argv = [jars.java, "-Xmx96m", *JVM, f"-Dlog4j.configuration=file:{config}"]
        argv += ["kafka.admin.TopicCommand", "--zookeeper", state.address("zookeeper"), "--create"]
        argv += ["--topic", topic, "--partitions", str(workload.partitions)]
        argv += ["--replication-factor", "1"]
        env = environment(state.lab_id) | {"CLASSPATH": jars.classpath("source")}
        code, output = await run(argv, timeout_s=TOOL_TIMEOUT_S, env=env)
        if code or "Created topic" not in output:
            raise LabError(f"topic {topic} was not created:\n{output}")

    async with asyncio.TaskGroup() as tasks:
        for topic in workload.topics:
            tasks.create_task(make(topic), name=f"lab-topic-{topic}")


async def old_broker_answers(address: str) -> bool:
    """Whether an old broker gives its metadata; while it has no topic it knows not even itself."""
    client = Client(Access((host_port(address),), "PLAINTEXT"))
    try:
        return bool((await client.describe()).brokers)
    except PortError:
        return False
    finally:
        await client.close()


async def is_registered(state: State, path: str) -> bool:
    """Whether anybody is under a path of ZooKeeper: a broker, or a consumer of a group."""
    zookeeper = ZooKeeper(ZooKeeperSpec((state.address("zookeeper"),)))
    try:
        return bool((await zookeeper.children([path]))[path])
    except PortError:
        return False
    finally:
        await zookeeper.close()


async def first_hop_works(state: State, group: str) -> bool:
    """Whether the first hop's consumer is registered."""
    zookeeper = ZooKeeper(ZooKeeperSpec((state.address("zookeeper"),)))
    registrations = Registrations(zookeeper)
    try:
        return bool((await registrations.members([group])).get(group))
    except PortError:
        return False
    finally:
        await registrations.close()
