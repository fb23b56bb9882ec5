"""What no sound sensor on a body says, and what no good link does: each named by what is bad, with a sentence.

Samples are judged in stretches of 5 s, cut by count and not by frame. Offset and scale are judged only where the sensor
lies still, and of a wearer that is seldom: no body that moves is taken for a bad sensor.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imu.model import G_MPS2, Floats, Samples, SensorInfo

Findings = dict[str, str]
"""What is bad (a noun) -> a sentence about it."""

JUDGED_S = 5.0
"""Stretch of samples judged at a time; noise alone moves every axis of a sound sensor within it."""
CLIPPED_SHARE = 0.01
STILL_CLIPPED = 0.999
"""Of the range: from here on a value is clipped."""
STILL_DPS = 2.0
STILL_MPS2 = 0.3
"""Standard deviations below which a sensor lies still, on each axis: a breathing chest may, a lifting one does not."""
OFFSET_DPS = 10.0
"""Zero-rate level from which a gyroscope is called bad: three times what a part is like (ST LSM6DS3TR-C, datasheet
DocID030071, mechanical characteristics: typically +-3 dps), and the most that the analysis takes out."""
NOT_1_G = 0.1
"""Share by which the measured gravity may miss 1 g: offsets (typically +-40 mg on an axis, the same datasheet) on all
three axes come to 0.07, an error of scale of a few per cent is added."""

SLOW_SHARE = 0.9
"""Of the true rate: what comes in time should not be less."""
TOLD_WRONG = 0.06
"""Share by which the rate the sensor tells may miss the true one; cheap clocks are off by up to 5 %."""
LATE_S = 1.0
"""A screen further behind than this is no mirror."""

PATIENCE: Mapping[str, int] = {"the link's pace": 2, "the delay": 2}
"""Stretches that something must be bad for before it is said; 1 where nothing is written. One drop is no slow link."""
GOOD_AGAIN = 6
"""Good stretches in a row before a warning is over: what is bad in every set is not said anew in each."""


class Doubt:
    """Cuts the samples of one stream into stretches and says what is wrong with each."""

    def __init__(self, info: SensorInfo) -> None:
        self._info = info
        self._n = max(2, round(JUDGED_S * info.rate_hz))
        self._waiting: list[Samples] = []
        self._count = 0

    def push(self, samples: Samples) -> list[Findings]:
        """Take samples as they come; what was found in each stretch that is complete now."""
        self._waiting.append(samples)
        self._count += len(samples)
        if self._count < self._n:
            return []
        whole = Samples.concat(self._waiting)
        self._count = len(whole) % self._n
        self._waiting = [whole[len(whole) - self._count :]]
        stops = range(self._n, len(whole) + 1, self._n)
        return [self._judge(whole[stop - self._n : stop]) for stop in stops]

    def _judge(self, samples: Samples) -> Findings:
        acc, gyr, info = samples.acc_mps2, samples.gyr_radps, self._info
        found = _channel("acceleration", acc, info.acc_range_mps2)
        if gyr is not None:
            found |= _channel("gyroscope", gyr, info.gyr_range_radps)
        if acc.std(axis=0).max() < STILL_MPS2 and not found:  # a sensor that is broken is not measured, too
            found |= _scale(acc)
            if gyr is not None and np.rad2deg(gyr.std(axis=0).max()) < STILL_DPS:
                found |= _offset(gyr)
        return found


def _channel(what: str, values: Floats, full_scale: float) -> Findings:
    """An axis that never moves, zeros, values at the range's end."""
    found: Findings = {}
    stuck = np.ptp(values, axis=0) == 0
    clipped = (np.abs(values) >= STILL_CLIPPED * full_scale).any(axis=1).mean()
    if not values.any():
        found[f"the {what}'s axes"] = f"The {what} is zero throughout: this sensor is broken or not measuring."
    elif stuck.any():
        axis = "xyz"[int(stuck.argmax())]
        found[f"the {what}'s axes"] = f"The {what}'s {axis} axis does not move: do not trust this sensor."
    if clipped > CLIPPED_SHARE:
        found[f"the {what}'s range"] = (
            f"The {what} is at the end of its range in {clipped:.0%} of the samples: choose a wider one."
        )
    return found


def _scale(acc_mps2: Floats) -> Findings:
    reads_g = float(np.linalg.norm(acc_mps2.mean(axis=0))) / G_MPS2
    if abs(reads_g - 1) <= NOT_1_G:
        return {}
    return {
        "the acceleration's scale": f"At rest the accelerometer reads {reads_g:.2f} g instead of 1: its scale or an "
        "offset is wrong, calibrate or replace the sensor."
    }


def _offset(gyr_radps: Floats) -> Findings:
    offset_dps = np.rad2deg(gyr_radps.mean(axis=0))
    axis = int(np.abs(offset_dps).argmax())
    if abs(offset_dps[axis]) <= OFFSET_DPS:
        return {}
    return {
        "the gyroscope's offset": f"At rest the gyroscope's {'xyz'[axis]} axis reads {offset_dps[axis]:+.0f} deg/s, "
        f"more than the {OFFSET_DPS:g} that can be taken out: calibrate or replace the sensor."
    }


def link_findings(
    *, told_hz: float, true_hz: float, in_time_hz: float, latency_s: float, memory: bool = True
) -> Findings:
    """What is wrong with the link's figures; a figure that is not known yet (nan) is not bad."""
    found: Findings = {}
    if abs(true_hz - told_hz) > TOLD_WRONG * told_hz:
        found["the sensor's rate"] = (
            f"The sensor says that it measures {told_hz:.0f} times a second, but it is {true_hz:.0f}: times are taken "
            "from its stamps; update or replace it."
        )
    if in_time_hz < SLOW_SHARE * (true_hz if true_hz > 0 else told_hz):
        found["the link's pace"] = (
            f"Only {in_time_hz:.0f} of {told_hz:.0f} samples a second come in time: the link is slow, bring the sensor "
            f"closer. What is missing is {'fetched as far as the sensor holds it' if memory else 'lost'}."
        )
    if latency_s > LATE_S:
        found["the delay"] = f"What is shown is {latency_s:.1f} s late: the link is slow, bring the sensor closer."
    return found


class Warnings:
    """Which sentences stand. Each is said once when it becomes true, and its end once."""

    def __init__(self) -> None:
        self.standing: dict[str, str] = {}
        self.said: list[str] = []
        """Every warning there was, in order."""
        self._bad: dict[str, int] = {}
        self._good: dict[str, int] = {}

    def judge(self, found: Findings) -> tuple[list[str], list[str]]:
        """Take what was found in a stretch; returns the sentences that are new, and what is good again."""
        self._bad = {what: self._bad.get(what, 0) + 1 for what in found}
        self._good = {what: self._good.get(what, 0) + 1 for what in self.standing if what not in found}
        new = [what for what, times in self._bad.items() if times >= PATIENCE.get(what, 1)]
        new = [what for what in new if what not in self.standing]
        over = [what for what, times in self._good.items() if times >= GOOD_AGAIN]
        self.standing |= {what: found[what] for what in new}
        for what in over:
            del self.standing[what]
        self.said += [found[what] for what in new]
        return [found[what] for what in new], over
