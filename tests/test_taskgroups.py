"""What a task group raises comes out as the one error that a caller expects."""

from __future__ import annotations

import asyncio

import pytest

from cockpit.taskgroups import one_of


async def fails(error: Exception) -> None:
    raise error


async def together(*errors: Exception) -> None:
    async with asyncio.TaskGroup() as group:
        for error in errors:
            group.create_task(fails(error))


async def test_the_first_comes_out_alone() -> None:
    with pytest.raises(KeyError, match="one"), one_of(KeyError, OSError):
        await together(KeyError("one"), OSError("two"))


async def test_one_that_was_in_no_group_comes_out_as_it_is() -> None:
    with pytest.raises(KeyError, match="one"), one_of(KeyError):
        await fails(KeyError("one"))


async def test_a_group_with_anything_else_stays_a_group() -> None:
    with pytest.raises(ExceptionGroup) as told, one_of(KeyError):
        await together(KeyError("one"), OSError("two"))
    assert len(told.value.exceptions) == 2


async def test_somebody_else_may_choose() -> None:
    def count(errors: BaseExceptionGroup[OSError]) -> Exception:
        return RuntimeError(f"{len(errors.exceptions)} failed")

    with pytest.raises(RuntimeError, match="2 failed"), one_of(OSError, chosen=count):
        await together(OSError("one"), OSError("two"))
    with pytest.raises(RuntimeError, match="1 failed"), one_of(OSError, chosen=count):
        await fails(OSError("alone"))
