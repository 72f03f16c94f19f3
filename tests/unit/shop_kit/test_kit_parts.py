"""Parts that run as long as their service."""

from __future__ import annotations

import asyncio

import pytest
from shop_kit.parts import PartEnded, Work, running

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def for_ever() -> None:
    await asyncio.Event().wait()


async def returns() -> None:
    pass


async def fails() -> None:
    raise RuntimeError("the part")


@pytest.mark.parametrize(("part", "error"), [(returns, PartEnded), (fails, RuntimeError)])
async def test_a_part_that_ends_ends_the_block_and_says_why(part: Work, error: type[Exception]) -> None:
    with pytest.raises(ExceptionGroup) as ended:
        async with asyncio.timeout(10), running(first=for_ever, second=part):
            await for_ever()

    assert ended.group_contains(error)


async def test_the_parts_of_the_outer_block_end_when_an_inner_part_fails() -> None:
    outer = asyncio.Event()

    async def lasts() -> None:
        try:
            await for_ever()
        finally:
            outer.set()

    with pytest.raises(ExceptionGroup) as ended:
        async with asyncio.timeout(10), running(outer=lasts), running(inner=fails):
            await for_ever()

    assert ended.group_contains(RuntimeError)
    assert outer.is_set()


async def test_what_the_block_raises_leaves_it_as_it_is() -> None:
    with pytest.raises(ValueError, match="the block"):
        async with running(part=for_ever):
            raise ValueError("the block")


async def test_work_that_was_begun_and_fails_ends_the_block_and_work_that_ends_does_not() -> None:
    with pytest.raises(ExceptionGroup) as ended:
        async with asyncio.timeout(10), running(part=for_ever) as parts:
            await parts.begin(returns())
            parts.begin(fails())
            await for_ever()

    assert ended.group_contains(RuntimeError)
