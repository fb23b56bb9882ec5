"""What the link itself asks a sensor while it streams: samples again, its time, its charge."""

from __future__ import annotations

import asyncio
import logging
import math

from imu.errors import ConnectionFailed, SensorError, SensorFault
from imu.link.clock import Pings
from imu.link.connection import Connection
from imu.link.recovery import Recovery
from imu.link.stream import Stream
from imu.link.types import loop_s
from imu.sensors import Dialogue, FrameError, RequestRefused

log = logging.getLogger(__name__)

BUSY = "BUSY"
"""A sensor's word for having too much to send: a reason to wait, none to give up."""

PING_S = 1.0
"""A PING that takes longer tells nothing; what else is to be said must not wait for it."""


async def read_battery(connection: Connection, dialogue: Dialogue) -> int | None:
    """Charge in percent, None where the sensor does not say; a sensor is no worse for it."""
    try:
        return await connection.run(dialogue.battery())
    except (ConnectionFailed, SensorFault, FrameError) as error:
        log.info("%s", error)
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
    try:
        said = await connection.run(dialogue.refill(session, hole[0], hole[1] - hole[0]))
    except RequestRefused as refused:  # it is asked again after a while of quiet
        log.info("%s", refused)
        if refused.code == BUSY:
            recovery.busy()
    else:
        recovery.promised(said.first, said.count)
    return True


async def ping(connection: Connection, dialogue: Dialogue, stream: Stream, pings: Pings) -> None:
    """Ask for the sensor's time if it is time to; no answer, or one that makes no sense, does no harm."""
    if math.isnan(stream.newest_t_s) or not pings.due(loop_s()):
        return
    token, sent_s = pings.sent(loop_s()), loop_s()
    try:
        async with asyncio.timeout(PING_S):
            pong = await connection.run(dialogue.ping(token))
    except (SensorError, TimeoutError) as error:
        log.info("no answer to a ping (%s)", error)
        pings.failed(refused=isinstance(error, RequestRefused))
        return
    if pong is None:
        pings.failed(refused=True)  # there is no such request
        return
    pings.answered()
    if pong.token == token:
        stream.pinged(sent_s, pong, loop_s())
