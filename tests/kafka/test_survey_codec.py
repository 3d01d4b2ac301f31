"""The slower looks on the wire: bytes that Kafka 4.3.1 itself sent, and hostile ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.core.observe import AclBinding
from cockpit.core.survey import Member, ProducerState, Quota, Transaction
from cockpit.kafka.protocol.acls import create_acls, delete_acls, describe_acls
from cockpit.kafka.protocol.cluster import (
    api_versions,
    cluster_operations,
    old_cluster_operations,
)
from cockpit.kafka.protocol.codec import DecodeError
from cockpit.kafka.protocol.configs import TOPIC, describe_configs
from cockpit.kafka.protocol.members import (
    decode_assignment,
    describe_consumer_members,
    describe_members,
    group_operations,
)
from cockpit.kafka.protocol.producers import describe_producers
from cockpit.kafka.protocol.quotas import describe_client_quotas
from cockpit.kafka.protocol.request import Request
from cockpit.kafka.protocol.storage import describe_log_dirs
from cockpit.kafka.protocol.transactions import describe_transactions, list_transactions
from cockpit.kafka.protocol.users import describe_scram_users
from tests.hostile import assert_answers_or_raises
from tests.kafka.fake_surveys import consumer_assignment

EVERY_REQUEST: list[Request[Any]] = [
    api_versions(),
    cluster_operations(),
    old_cluster_operations(),
    describe_client_quotas(),
    describe_scram_users(),
    describe_log_dirs(),
    describe_producers({"a": [0, 1]}),
    list_transactions(),
    describe_transactions(["t"]),
    describe_members(["g"]),
    group_operations(["g"]),
    describe_consumer_members(["g"]),
]


def test_quotas() -> None:
    request = describe_client_quotas()
    assert request.encode(1).hex() == "010000"
    assert request.encode(0).hex() == "0000000000"
    body = bytes.fromhex(
        "0000000000000104020a636c69656e742d69640f706c616e7465642d636c69656e74000213636f6e73756d"
        "65725f627974655f7261746541cdcd650000000000000205757365720e706c616e746564206d6172696f00"
        "021370726f64756365725f627974655f7261746540900000000000000000030a636c69656e742d69640000"
        "05757365720e706c616e746564206d6172696f000213726571756573745f70657263656e74616765402900"
        "0000000000000000"
    )
    assert set(request.decode(body, 1).quotas) == {
        Quota((("client-id", "planted-client"),), "consumer_byte_rate", 1e9),
        Quota((("user", "planted mario"),), "producer_byte_rate", 1024.0),
        Quota((("client-id", ""), ("user", "planted mario")), "request_percentage", 12.5),
    }


def test_producers_with_an_open_transaction() -> None:
    request = describe_producers({"planted.t": [2]})
    assert request.encode(0).hex() == "020a706c616e7465642e7402000000020000"
    body = bytes.fromhex(
        "00000000020a706c616e7465642e7402000000020000000200000000000000010000000000000000000001"
        "a1fd18cf90ffffffff000000000000000000000000"
    )
    (part,) = request.decode(body, 0)
    assert (part.error, part.topic, part.partition) == (0, "planted.t", 2)
    assert part.producers == (ProducerState("planted.t", 2, 1, 0, 0, 0x01A1FD18CF90, 0),)


def test_transactions() -> None:
    listing = list_transactions()
    assert listing.encode(2).hex() == "0101ffffffffffffffff0000"
    assert listing.encode(0).hex() == "010100"
    body = bytes.fromhex("00000000000001020a706c616e7465642d780000000000000001084f6e676f696e670000")
    assert listing.decode(body, 2).ids == ("planted-x",)
    describing = describe_transactions(["planted-x"])
    assert describing.encode(0).hex() == "020a706c616e7465642d7800"
    body = bytes.fromhex(
        "000000000200000a706c616e7465642d78084f6e676f696e670000ea60000001a1fd18cf95000000000000"
        "00010000020a706c616e7465642e740200000002000000"
    )
    (found,) = describing.decode(body, 0)
    assert found.error == 0
    assert found.transaction == Transaction(
        "planted-x", 1, "Ongoing", 0x01A1FD18CF95, 60_000, (("planted.t", 2),)
    )


def test_what_a_principal_may_do_with_the_cluster() -> None:
    request = cluster_operations()
    assert request.encode(1).hex() == "010100"
    body = bytes.fromhex(
        "00000000000000011743324a356d6b586b35543232786149713933396179410000000102000000010a3132"
        "372e302e302e31000054a1000000001fa000"
    )
    assert request.decode(body, 1) == 0x1FA0
    assert old_cluster_operations().version({3: (0, 13)}) == 10
    assert old_cluster_operations().version({3: (0, 7)}) is None


def test_a_group_with_a_member() -> None:
    request = describe_members(["planted-g"])
    assert request.encode(5).hex() == "020a706c616e7465642d670000"
    body = bytes.fromhex(
        "000000000200000a706c616e7465642d6707537461626c6509636f6e73756d65720b726f756e64726f6269"
        "6e0234706c616e7465642d636c69656e742d62396338343235332d663038642d346465392d623864632d30"
        "3032363030633065616134000f706c616e7465642d636c69656e740b2f3132372e302e302e311600000000"
        "00010009706c616e7465642e7400000000260000000000010009706c616e7465642e740000000300000000"
        "00000001000000020000000000800000000000"
    )
    (group,) = request.decode(body, 5)
    assert (group.name, group.state, group.unreadable) == ("planted-g", "Stable", "")
    name = "planted-client-b9c84253-f08d-4de9-b8dc-002600c0eaa4"
    assigned = (("planted.t", 0), ("planted.t", 1), ("planted.t", 2))
    assert group.members == (Member(name, "planted-client", "127.0.0.1", assigned),)
    assert group_operations(["g"]).version({15: (0, 2)}) is None


def test_a_null_list_asks_for_everything() -> None:
    assert describe_scram_users().encode(0).hex() == "0000"
    assert describe_log_dirs().encode(1).hex() == "ffffffff"
    assert describe_log_dirs().encode(4).hex() == "0000"


def test_acls_and_configs_of_brokers_that_know_no_patterns() -> None:
    literal = AclBinding("topic", "t", "literal", "User:a", "*", "read", "allow")
    prefixed = AclBinding("topic", "t", "prefixed", "User:a", "*", "read", "allow")
    assert describe_acls().encode(0).hex() == "01" + "ffff" + "ffff" + "ffff" + "01" + "01"
    body = "00000001" + "02" + "000174" + "0006557365723a61" + "00012a" + "03" + "03"
    for request in (create_acls([literal]), delete_acls([literal])):
        assert request.encode(0).hex() == body
        assert request.version({request.api.key: (0, 0)}) == 0
    for request in (create_acls([literal, prefixed]), delete_acls([prefixed])):
        assert request.version({request.api.key: (0, 0)}) is None
    answer = "00000000" + "0000" + "ffff" + "00000001" + "02" + "000174" + "00000001"
    told = describe_acls().decode(
        bytes.fromhex(answer + "0006557365723a61" + "00012a" + "03" + "03"), 0
    )
    assert told == (0, "", (literal,))
    configs = describe_configs(TOPIC, ["t"], ["k"])
    assert configs.encode(0).hex() == "00000001" + "02" + "000174" + "00000001" + "00016b"
    (resource,) = configs.decode(
        bytes.fromhex(
            "00000000" + "00000001" + "0000" + "ffff" + "02" + "000174" + "00000001"
            "00016b" + "000176" + "00" + "01" + "00"
        ),
        0,
    )
    assert resource.values == (("k", "v"),)


def test_an_assignment_comes_back_whatever_follows_it() -> None:
    data = consumer_assignment({"b": [1, 0], "a": [2]})
    assert decode_assignment(data) == (("a", 2), ("b", 0), ("b", 1))
    assert decode_assignment(data + b"user data") == decode_assignment(data)
    assert decode_assignment(b"") == ()


@given(st.binary(min_size=1, max_size=60))
def test_a_hostile_assignment_raises_one_error_only(data: bytes) -> None:
    assert_answers_or_raises(DecodeError, lambda: decode_assignment(data))


@pytest.mark.parametrize("request_", EVERY_REQUEST, ids=lambda r: r.api.name)
@given(data=st.data())
def test_hostile_answers_raise_one_error_only(request_: Request[Any], data: st.DataObject) -> None:
    version = data.draw(st.integers(max(request_.api.lowest, request_.since), request_.api.highest))
    body = data.draw(st.binary(max_size=120))
    assert_answers_or_raises(DecodeError, lambda: request_.decode(body, version))
