"""Polar's bad habits over the air: each is mended, marked, or said with what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from firmware_proto.twins.polar import H10Twin, VerityTwin
from firmware_proto.twins.polar_twin import PolarTwin
from firmware_proto.virtual_faults import Faults
from firmware_proto.virtual_source import Motion

Play = Callable[..., Any]


def motion() -> Motion:
    t_s = np.arange(0, 60, 0.005)
    acc = np.column_stack((np.sin(t_s), np.cos(0.7 * t_s), 0.1 + 0.01 * t_s))
    return Motion(acc, 50 * acc, 200.0)


async def seven_seconds(live: Any) -> None:
    await live.stream(7.0)


@pytest.mark.parametrize("twin", [H10Twin, VerityTwin])
def test_frames_lost_damaged_late_and_repeated_are_each_marked(live: Play, twin: Callable[..., PolarTwin]) -> None:
    faults = Faults(seed=4, drop=0.1, corrupt=0.1, duplicate=0.1, delay=0.1)
    one = live(seven_seconds, of=twin(motion(), faults=faults, true_rate_ppm=30_000, echoes_features=True, parts_of=5))
    assert one.error is None
    index = one.samples.index.tolist()
    gone = [i for first, stop in one.gone for i in range(first, stop)]
    assert gone
    assert sorted(index + gone) == list(range(index[-1] + 1))
    assert (np.diff(one.samples.t_s) > 0).all()
    assert one.samples.t_s[-1] == pytest.approx(index[-1] / one.link.info.rate_hz / 1.03, rel=0.01)
    assert not one.sensor.running


def test_a_link_that_carries_too_little_is_said(live: Play) -> None:
    one = live(seven_seconds, of=H10Twin(motion()), mtu=23)
    assert "MTU" in str(one.error)
    assert "adapter" in str(one.error)


def test_in_the_charger_it_does_not_measure(live: Play) -> None:
    one = live(seven_seconds, of=VerityTwin(motion(), charging=True))
    assert "take it off the charger" in str(one.error)
    assert not one.sensor.running


def test_an_answer_that_is_lost_is_no_reason_to_give_up(live: Play) -> None:
    one = live(seven_seconds, of=VerityTwin(motion(), faults=Faults(lose_answers_next=1)))
    assert one.error is None
    assert len(one.samples) > 5 * one.link.info.rate_hz


def test_one_that_wants_to_be_paired_is_paired(live: Play) -> None:
    one = live(seven_seconds, of=H10Twin(motion(), needs_pairing=True))
    assert one.error is None
    assert len(one.samples) > 5 * one.link.info.rate_hz


def test_a_verity_is_left_as_it_was_found_after_a_drop_as_well(live: Play) -> None:
    async def dropped(live: Any) -> None:
        async def drop() -> None:
            await asyncio.sleep(2.0)
            live.air.drop(0)

        await asyncio.gather(live.stream(7.0), drop())

    one = live(dropped, of=VerityTwin(motion()))
    assert one.error is None
    assert "resumed" in one.kinds
    assert not one.sensor.sdk_mode
