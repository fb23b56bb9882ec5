"""What is said to a connected sensor, and what its answers mean for the link."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math

from imu.errors import ConnectionFailed, SensorError, SensorFault
from imu.link.clock import Pings
from imu.link.connection import Connection
from imu.link.recovery import Recovery
from imu.link.stream import Stream
from imu.link.types import loop_s
from imu.model import SensorInfo
from imu.sensors import Dialogue, FrameError, RequestRefused, Resumed, SensorStatus, Started

log = logging.getLogger(__name__)

BUSY = "BUSY"
"""A sensor's word for having too much to send: a reason to wait, none to give up."""

PING_S = 1.0
"""A PING that takes longer tells nothing; what else is to be said must not wait for it."""


async def introduce(connection: Connection, dialogue: Dialogue) -> SensorInfo:
    """Ask what the sensor is.

    Raises:
        SensorFault: It does not say, or cannot be understood.
        ConnectionFailed: It does not answer.
    """
    info = await connection.read(dialogue.info_uuid)
    if info is None:
        raise SensorFault(f"{connection.name} does not say what it is; update its firmware.")
    texts = {what: await connection.read(uuid) for what, uuid in dialogue.text_uuids.items()}
    return dialogue.describe(
        info, {what: text.decode("utf-8", "replace") for what, text in texts.items() if text is not None}
    )


async def begin(connection: Connection, dialogue: Dialogue, info: SensorInfo, rate_hz: float | None) -> Started:
    """Start a stream; one that a program before us left running is stopped first.

    Raises:
        UsageError: The sensor does not offer the rate.
        SensorFault: It refuses.
        ConnectionFailed: It does not answer.
    """
    with contextlib.suppress(RequestRefused):  # nothing was running, as it should be
        dialogue.check(await connection.request(dialogue.stop()))
        log.info("%s was still streaming and was stopped", connection.name)
    if rate_hz is not None:
        dialogue.check(await connection.request(dialogue.configure(info, rate_hz)))
    return dialogue.started(await connection.request(dialogue.start()), info)


async def read_battery(connection: Connection, dialogue: Dialogue) -> int | None:
    """Charge in percent, None where the sensor does not say; a sensor is no worse for it."""
    try:
        level = await connection.read(dialogue.battery_uuid)
    except ConnectionFailed as error:
        log.info("%s", error)
        return None
    return level[0] if level and level[0] <= 100 else None


async def resume(connection: Connection, dialogue: Dialogue, session: int) -> Resumed | None:
    """Ask a sensor found again to go on; None if it knows nothing of that stream.

    Raises:
        ConnectionFailed: It does not answer.
    """
    try:
        return dialogue.resumed(await connection.request(dialogue.resume(session)))
    except RequestRefused:
        return None


async def refill(connection: Connection, dialogue: Dialogue, session: int, recovery: Recovery) -> bool:
    """Ask for the next hole that is due, if any; returns whether there was one.

    Raises:
        ConnectionFailed: The sensor does not answer.
        SensorFault: The answer cannot be read; the hole will be due again.
    """
    hole = recovery.due(loop_s())
    if hole is None:
        return False
    recovery.asked(hole, loop_s())
    request = dialogue.refill(session, hole[0], hole[1] - hole[0])
    try:
        said = dialogue.refilling(await connection.request(request))
    except RequestRefused as refused:  # it is asked again after a while of quiet
        log.info("%s", refused)
        if refused.code == BUSY:
            recovery.busy()
    else:
        recovery.promised(said.first, said.count)
    return True


async def ping(connection: Connection, dialogue: Dialogue, stream: Stream, pings: Pings) -> None:
    """Ask for the sensor's time if it is time to; no answer, or one that makes no sense, does no harm."""
    host_s = loop_s
    if math.isnan(stream.newest_t_s) or not pings.due(host_s()):
        return
    token = pings.sent(host_s())
    request = dialogue.ping(token)
    if request is None:
        pings.failed(refused=True)
        return
    try:
        async with asyncio.timeout(PING_S):
            sent_s = host_s()
            pong = dialogue.pong(await connection.request(request))
    except (SensorError, TimeoutError) as error:
        log.info("no answer to a ping (%s)", error)
        pings.failed(refused=isinstance(error, RequestRefused))
    else:
        pings.answered()
        if pong.token == token:
            stream.pinged(sent_s, pong, host_s())


async def halt(connection: Connection, dialogue: Dialogue) -> SensorStatus | None:
    """Stop the sensor; returns how far its stream went, if it says so intelligibly.

    Raises:
        ConnectionFailed: It does not answer.
        SensorFault: Its answer cannot be read.
    """
    with contextlib.suppress(RequestRefused):
        dialogue.check(await connection.request(dialogue.stop()))
    status = await connection.read(dialogue.status_uuid)
    try:
        return dialogue.status(status) if status else None
    except FrameError as error:
        log.warning("%s", error)
        return None
