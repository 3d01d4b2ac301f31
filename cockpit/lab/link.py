"""A stand-in for a target-side link: `python -m cockpit.lab.link --help`.

The products that do this are closed or commercial; this is none of them. It shows what they
document: bytes and offsets identical, groups' progress carried over, producers of the target
forwarded to the source until a topic is promoted. Runs until SIGTERM. Over HTTP:

    GET  /links/NAME                          how it stands, by partition
    POST /links/NAME/topics/TOPIC/promote     answers when it is done, or why it is not
    POST /links/NAME/groups/GROUP/exclude     its commits are left alone; .../include: carried over
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator
from pathlib import Path

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import DescribeConfigsRequest

from cockpit.lab.clusters import Login, Setup, connected
from cockpit.lab.control import Answer, Call, serve
from cockpit.lab.linkcopy import Copier
from cockpit.lab.linkgroups import GroupSync
from cockpit.lab.linkproxy import serve_proxy
from cockpit.lab.linkstate import Copied, LinkState

PAUSE_S = 0.3
_TOPIC, _OWN = 2, 1
"""Kafka's codes for a topic, and for a setting that was made on the topic itself."""


class Api:
    """What is asked by HTTP."""

    def __init__(self, name: str, state: LinkState, copier: Copier, groups: GroupSync) -> None:
        self._name = name
        self._state = state
        self._copier = copier
        self._groups = groups

    async def handle(self, call: Call) -> Answer:
        """Do what an HTTP call asks for."""
        match call.path.strip("/").split("/"):
            case ["links", name, *rest] if name == self._name:
                return await self._of_link(rest)
            case _:
                return Answer(404, {"error": f"no such path; the link is /links/{self._name}"})

    async def _of_link(self, words: list[str]) -> Answer:
        match words:
            case []:
                return Answer(200, self._state.as_json(self._name))
            case ["topics", topic, "promote"] if topic in self._state.topics:
                why = await self._copier.promote(self._state.topics[topic])
                return Answer(409, {"error": why}) if why else Answer(200, {"state": "STOPPED"})
            case ["groups", group, ("exclude" | "include") as verb]:
                await self._groups.exclude(group, excluded=verb == "exclude")
                return Answer(200, {"excluded": sorted(self._state.excluded)})
            case _:
                return Answer(404, {"error": "no such topic, or no such verb"})


@contextlib.asynccontextmanager
async def _client(address: str) -> AsyncIterator[AIOKafkaClient]:
    """A client that is connected; asks until there is something to connect to."""
    client = AIOKafkaClient(bootstrap_servers=address, client_id="lab-link-stand-in")
    while True:
        try:
            await client.bootstrap()
            break
        except (KafkaError, OSError):
            await asyncio.sleep(PAUSE_S)
    try:
        yield client
    finally:
        await client.close()


async def mirror_topics(source: str, target: str, prefix: str) -> dict[str, int]:
    """Make the source's topics on the target, with their own settings; how many partitions each
    has. Raises KafkaError."""
    async with connected(Login(source, "")) as here, connected(Login(target, "")) as there:
        found = await here.partitions(prefix)
        for name, count in found.items():
            await there.topics({name: await _settings(here, name)}, partitions=count)
        return found


async def _settings(setup: Setup, topic: str) -> dict[str, str]:
    """What is set on a topic itself."""
    reply = await setup.send(DescribeConfigsRequest([(_TOPIC, topic, None)]))
    return {
        row[0]: row[1] for _, _, _, _, rows in reply.resources for row in rows if row[3] == _OWN
    }


async def run(options: argparse.Namespace) -> None:
    """Copy, carry over, forward and answer, until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    found = await mirror_topics(options.source, options.target, options.topics)
    state = LinkState(options.state, found)
    for name, count in found.items():
        state.topics[name].partitions = {number: Copied() for number in range(count)}
    async with (
        _client(options.source) as fetching,
        _client(options.source) as source,
        _client(options.target) as target,
        asyncio.TaskGroup() as tasks,
    ):
        copier = Copier(state, fetching=fetching, source=source, target=target)
        groups = GroupSync(state, source, target, options.groups)
        api = Api(options.name, state, copier, groups)
        at_work = [
            tasks.create_task(copier.run(), name="link-copy"),
            tasks.create_task(groups.run(), name="link-groups"),
        ]
        servers = [
            await serve_proxy(options.proxy, state, options.source, options.target),
            await serve(options.http, api.handle),
        ]
        await ended.wait()
        for server in servers:
            server.close()
        for task in at_work:
            task.cancel()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="cockpit.lab.link", description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--source", required=True, metavar="HOST:PORT")
    parser.add_argument("--target", required=True, metavar="HOST:PORT")
    parser.add_argument("--topics", required=True, metavar="PREFIX")
    parser.add_argument("--groups", required=True, metavar="PREFIX")
    parser.add_argument("--proxy", required=True, type=int, metavar="PORT")
    parser.add_argument("--http", required=True, type=int, metavar="PORT")
    parser.add_argument("--state", required=True, type=Path, metavar="FILE")
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
