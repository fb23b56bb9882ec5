"""A sensor that streams, through drops and silence, until it is stopped.

Strategy. Frames are decoded where bleak delivers them and go into one queue together with what happens on the way; the
caller iterates over that queue. One task keeps the link: it asks for missing samples, notices drops and silence,
and then does what a person would: disconnect, look for the sensor, connect, ask it to go on, and fetch what was missed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Self

from imu.errors import ConnectionFailed, ImuError, SensorError, SensorFault
from imu.link import talk
from imu.link.clock import Pings
from imu.link.connection import Connection, NotPaired
from imu.link.discovery import find
from imu.link.feed import Feed
from imu.link.health import LinkHealth
from imu.link.intake import Intake
from imu.link.monitor import Monitor
from imu.link.recovery import PATIENCE_S
from imu.link.stream import Stream
from imu.link.types import Backend, Found, LinkEvent, loop_s
from imu.model import ClockFit, Samples, SensorInfo
from imu.sensors import FrameError, RequestRefused

log = logging.getLogger(__name__)

GIVE_UP_S = 60.0
"""So long a lost sensor of ours goes on measuring; afterwards there is nothing left to come back to."""
SEARCH_S = 5.0
AGAIN_S = 0.5
MOST_MUTE = 10
"""After so many connections in a row without a sample the sensor is given up: it answers, but does not measure."""
SILENCE_S = 5.0
"""A stream that gives no sample for so long is taken for lost, whatever else the sensor says."""
SILENT_FRAMES = 3
"""The same for a sensor that sends so seldom that fewer frames would have come."""
BREAKS_WITHIN_S = 60.0
MOST_BREAKS = 3
"""So many new starts within that time, for frames that contradict each other, and the sensor is given up."""
LAST_GAPS_S = 10.0
"""How long to wait for samples that are still missing while none of them comes."""
LONGEST_FETCH_S = 600.0
"""No memory of a sensor takes so long to send, even at the smallest MTU; who still sends then never ends by itself."""
LAST_SEARCH_S = 15.0
"""So long at least a sensor is looked for that is out of reach when it is to be stopped; else while it waits itself."""
LOOK_EVERY_S = 0.05
BATTERY_EVERY_S = 60.0
CONNECT_TRIES = 3


class SensorLink:
    """A link to one sensor. Enter it to stream, iterate over it to receive, leave it to stop.

    Leaving stops the sensor in any case. `stop` before that also fetches what is missing, if it remembers.

    Attributes:
        info: What the sensor is, with its true rate; known once entered.
    """

    info: SensorInfo

    def __init__(
        self,
        found: Found,
        *,
        rate_hz: float | None = None,
        backend: Backend | None = None,
        say: Callable[[str], object] = log.info,
    ) -> None:
        """Nothing is sent yet.

        Args:
            found: From `scan` or `find`.
            rate_hz: Nominal rate; None leaves it to the sensor, which knows what fits the link.
            backend: Instead of the platform's Bluetooth.
            say: Called while the link is entered, before anybody iterates, with what the person has to do for it.
        """
        self._found, self._rate_hz, self._backend, self._say = found, rate_hz, backend, say
        self._dialogue = found.family.dialogue()
        self._able = found.family.abilities
        self._feed = Feed()
        self._monitor = Monitor(self._feed)
        self._monitor.set(sees_losses=self._able.numbered or self._able.device_time)
        self._connection: Connection | None = None
        self._intake = Intake(self._feed, self._monitor)
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._connected_s = self._battery_s = 0.0
        self._breaks_s: list[float] = []
        self._pings = Pings()

    @property
    def _stream(self) -> Stream | None:
        return self._intake.stream

    @property
    def health(self) -> LinkHealth:
        """How the link is, now."""
        return self._monitor.health

    @property
    def clock(self) -> tuple[ClockFit, ...]:
        """How the recording's time lies in the time of day by now, one fit for each stream in it."""
        utc_s = time.time() - loop_s()
        return self._stream.clock_fits(utc_s) if self._stream else ()

    async def __aenter__(self) -> Self:
        """Connect, configure, start.

        Raises:
            ConnectionFailed: It would not connect.
            SensorFault: It answers, but does not stream.
            UsageError: It does not offer the rate.
        """
        try:
            await self._paired_if_asked(self._connect_and_begin)
        except BaseException:
            await self._leave_surely()
            raise
        lacks, name = (
            "" if self.info.has_gyroscope else ", no gyroscope",
            f"{self.info.model} {self.info.serial}".rstrip(),
        )
        self._monitor.note("connected", f"{name} at {self.info.rate_hz:.3f} Hz{lacks}")
        self._keeper = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the sensor and disconnect; a cancellation waits until that is done."""
        await self._leave_surely()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Samples | LinkEvent:
        """The next samples or event, in order of arrival.

        Raises:
            ConnectionFailed: The sensor was lost and not found again.
            SensorFault: It came back, but would not stream.
        """
        return await self._feed.next()

    async def stop(self) -> None:
        """Stop the sensor and fetch what it holds of what is missing; the iteration ends after the last of it."""
        self._stopping.set()
        if self._keeper:
            await asyncio.wait([self._keeper])

    # What bleak calls.

    def _on_frame(self, data: bytes) -> None:
        self._intake.frame(data)

    def _on_status(self, data: bytes) -> None:
        try:
            status = self._dialogue.status(data)
        except FrameError as error:
            log.warning("%s", error)
            return
        self._monitor.status(status)
        if (
            self._stream
            and self._connection
            and not self._intake.holding
            and status.session != self._stream.started.session
        ):
            self._connection.dropped.set()  # it stopped or restarted, and our stream is over

    # The keeper.

    async def _keep(self) -> None:
        try:
            while not self._stopping.is_set():
                if self._lost():
                    await asyncio.sleep(LOOK_EVERY_S)  # if we were held up, let what waits at the door come in first
                if self._lost():
                    await self._reconnect()
                elif self._intake.broken and self._stream:
                    await self._start_anew(self._stream)
                await self._look_after()
                await self._rest(LOOK_EVERY_S)
            await self._wind_up()
        except Exception as error:
            if self._stream:
                self._lose_the_rest(self._stream)
            self._monitor.set(state="failed")
            self._feed.end(error if isinstance(error, ImuError) else _unexpected(self._found.name, error))
        else:
            self._feed.end()

    def _lost(self) -> bool:
        silent_s = loop_s() - max(self._intake.heard_s, self._connected_s)
        latency_s = self._able.latency_at(self._stream.started.info.rate_hz) if self._stream else 0.0
        too_long = silent_s > max(SILENCE_S, SILENT_FRAMES * latency_s)
        return self._connection is None or self._connection.dropped.is_set() or too_long

    async def _rest(self, seconds: float) -> None:
        """Wait, but not when it is time to stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _look_after(self) -> None:
        """Ask for what is missing; say what became of it."""
        stream, now_s = self._stream, loop_s()
        if stream is None or self._connection is None or self._connection.dropped.is_set():
            return
        try:
            if await talk.refill(self._connection, self._dialogue, stream.started.session, stream.recovery):
                if self._able.memory:
                    self._monitor.set(state="filling gaps")
            elif not stream.recovery.missing and not self._stopping.is_set():
                await talk.ping(self._connection, self._dialogue, stream, self._pings)
            if now_s - self._battery_s > BATTERY_EVERY_S:
                await self._read_battery(self._connection)
        except ConnectionFailed as error:
            log.warning("%s", error)
            self._connection.dropped.set()
        except SensorFault as error:  # an answer that cannot be read: after a while of quiet it is asked again
            self._monitor.bad_frame(stream, error)
        self._monitor.gone(stream)
        if self._monitor.state == "filling gaps" and not stream.recovery.missing:
            self._monitor.set(state="streaming")
            self._monitor.note("backfilled", f"All that can be fetched is here, {stream.filled} samples so far.")

    # Connecting, in all its forms.

    async def _paired_if_asked(self, go: Callable[[bool], Awaitable[None]]) -> None:
        """Do it without pairing; a sensor that refuses for that reason is paired, and it is done once more."""
        try:
            await go(False)
        except NotPaired:
            words = f"{self._found.name} talks only to machines it is paired with: say yes if you are asked."
            self._monitor.note("pairing", words)
            if self._keeper is None:
                self._say(words)
            await self._hang_up()
            await go(True)

    async def _connect(self, pair: bool, tries: int) -> Connection:
        connection = Connection(
            self._found,
            self._dialogue,
            on_frame=self._on_frame,
            on_status=self._on_status,
            on_said=self._intake.said,
            backend=self._backend,
            pair=pair,
        )
        self._intake.connected()
        try:
            await connection.open()
        except ConnectionFailed as error:
            if tries <= 1 or pair or isinstance(error, NotPaired):
                raise
            await asyncio.sleep(AGAIN_S)
            return await self._connect(pair, tries - 1)
        self._connection, self._connected_s = connection, loop_s()
        return connection

    async def _connect_and_begin(self, pair: bool, tries: int = CONNECT_TRIES) -> None:
        """The first time; a link that is lost in the middle of it is no reason to give up."""
        await self._connect(pair, CONNECT_TRIES)
        try:
            await self._begin()
        except ConnectionFailed as error:
            if tries <= 1 or isinstance(error, NotPaired):
                raise
            log.info("%s", error)
            await self._hang_up()
            await asyncio.sleep(AGAIN_S)
            await self._connect_and_begin(pair, tries - 1)

    async def _begin(self) -> None:
        """Start a stream; one that follows another goes on where the other one ended."""
        connection, before = self._connection, self._stream
        if connection is None:
            raise ConnectionFailed(f"{self._found.name} is not connected; connect first.")
        info = await connection.run(self._dialogue.introduce())
        await self._read_battery(connection)
        with self._intake.held(anew=True):
            started = await connection.run(self._dialogue.begin(info, self._rate_hz))
        speed = self._backend.speed if self._backend else 1.0
        self.info, able = started.info, self._able
        stream = Stream(started, before, memory=able.memory, device_time=able.device_time, speed=speed)
        self._intake.begin(stream)

    async def _reconnect(self) -> None:
        """Find the sensor again and go on."""
        if self._intake.mute >= MOST_MUTE:
            raise SensorFault(
                f"{self._found.name} answers, but has sent no sample over {MOST_MUTE} connections; switch it off and "
                "on. What was received is kept."
            )
        self._monitor.set(state="lost, searching")
        meanwhile = "the sensor goes on measuring" if self._able.memory else "what it measures meanwhile is lost, too"
        self._monitor.note("lost", f"The connection was lost; {meanwhile}, looking for it.")
        while not self._stopping.is_set():
            try:
                await self._find_again()
            except (RequestRefused, NotPaired):
                raise
            except SensorError as error:
                log.info("%s", error)
                if loop_s() > self._intake.heard_s + GIVE_UP_S:
                    raise ConnectionFailed(
                        f"{self._found.name} was lost and not found again within {GIVE_UP_S:g} s ({error}) What was "
                        "received is kept; start a new session."
                    ) from error
                self._monitor.set(state="lost, searching")
                await self._rest(AGAIN_S)
            else:
                return

    async def _find_again(self) -> None:
        """Hang up, look for the sensor, connect, and go on with its stream."""
        await self._hang_up()
        self._found = await find(self._found.address, SEARCH_S, self._backend)
        self._monitor.set(state="found, connecting")
        await self._paired_if_asked(self._connect_and_resume)
        self._intake.mute += 1
        self._monitor.set(reconnects=self.health.reconnects + 1)

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            await connection.close()

    async def _connect_and_resume(self, pair: bool) -> None:
        connection, stream = await self._connect(pair, tries=1), self._stream
        if stream is None:
            return await self._begin()
        stream.recovery.disconnected()
        if self._stopping.is_set() and not self._able.memory:
            return None  # there is nothing to be had of it, it is only to be stopped
        with self._intake.held(anew=False):
            resumed = await connection.run(self._dialogue.resume(stream.started))
        if resumed is None:
            holds = "was restarted and holds nothing of before" if stream.memory else "cannot go on where it was"
            return await self._restart(stream, f"The sensor {holds}.")
        self._intake.go_on()
        where = ""
        if resumed.next_index is not None:  # nothing of it is on its way: ask at once
            stream.recovery.reaches(resumed.next_index, loop_s() - PATIENCE_S)
            where = f" and is at sample {resumed.next_index}"
        if resumed.running:
            self._monitor.set(state="streaming")
            how = "went on measuring" if self._able.memory else "measures again"
            return self._monitor.note("resumed", f"The sensor {how}{where}.")
        await self._fetch_gaps(stream)
        return await self._restart(stream, "The sensor had stopped measuring while it was out of reach.")

    async def _restart(self, stream: Stream, why: str) -> None:
        self._lose_the_rest(stream)
        if self._stopping.is_set():
            return self._monitor.note("restarted", why)
        await self._begin()
        return self._monitor.note("restarted", f"{why} A new stream follows.")

    async def _start_anew(self, stream: Stream) -> None:
        """Begin again with a sensor that is there, but whose frames cannot be followed any more."""
        now_s = loop_s()
        self._breaks_s = [s for s in self._breaks_s if now_s - s < BREAKS_WITHIN_S] + [now_s]
        if len(self._breaks_s) > MOST_BREAKS:
            raise SensorFault(
                f"The frames of {self._found.name} contradict each other again and again; switch it off and on. What "
                "was received is kept."
            )
        try:
            await self._restart(stream, "The sensor's frames contradicted the ones before.")
        except ConnectionFailed as error:
            log.warning("%s", error)
            if self._connection:
                self._connection.dropped.set()

    # The end.

    async def _fetch_gaps(self, stream: Stream) -> None:
        """Wait for what is missing, as long as anything comes: what was asked for twice comes before it.

        Raises:
            ConnectionFailed: The link was lost before all had come.
        """
        since_s = loop_s()
        while stream.recovery.missing and loop_s() < min(
            max(since_s, self._intake.heard_s) + LAST_GAPS_S, since_s + LONGEST_FETCH_S
        ):
            await self._look_after()
            if self._lost():
                raise ConnectionFailed(f"{self._found.name} was lost before all it holds had come.")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _wind_up(self) -> None:
        """Stop, fetch what is missing, disconnect; a sensor lost at the end is looked for while it waits for us."""
        deadline_s, stopped = loop_s() + LAST_SEARCH_S, False
        if self._able.memory:
            deadline_s = max(deadline_s, self._intake.heard_s + GIVE_UP_S)
        while not stopped and loop_s() < deadline_s:
            before_s = loop_s()
            try:
                await self._halt_and_fetch()
                stopped = True
            except SensorError as error:
                log.info("%s", error)
                await asyncio.sleep(AGAIN_S)
                deadline_s += max(self._intake.heard_s - before_s, 0.0)  # while something comes, it is no search
        await self._hang_up()
        if self._stream:
            self._lose_the_rest(self._stream)
        self._monitor.set(state="stopped")
        out_of_reach = f"The sensor was out of reach at the end. {self._found.family.if_left}".rstrip()
        self._monitor.note("stopped", "The sensor was stopped." if stopped else out_of_reach)

    async def _halt_and_fetch(self) -> None:
        if self._lost():
            self._monitor.set(state="lost, searching")
            await self._find_again()
        connection, stream = self._connection, self._stream
        if connection is None or stream is None:
            return
        self._monitor.set(state="stopping")
        status = await connection.run(self._dialogue.halt())
        if status and status.session == stream.started.session:
            stream.recovery.reaches(status.next_index, loop_s())
        await self._fetch_gaps(stream)

    def _lose_the_rest(self, stream: Stream) -> None:
        stream.recovery.give_up()
        self._monitor.gone(stream)

    async def _leave_surely(self) -> None:
        """Leave; a cancellation waits until that is done, a second one does not."""
        leaving = asyncio.create_task(self._leave())
        try:
            await asyncio.shield(leaving)
        except asyncio.CancelledError:
            await asyncio.wait([leaving])
            raise

    async def _leave(self) -> None:
        """Whatever happened, stop the sensor and disconnect."""
        while self._keeper and not self._keeper.done():  # a cancellation can get lost on the way down (before 3.12)
            self._keeper.cancel()
            await asyncio.wait([self._keeper], timeout=AGAIN_S)
        connection, self._connection = self._connection, None
        if connection:
            with contextlib.suppress(ImuError):
                await connection.run(self._dialogue.halt())
            await connection.close()
            self._monitor.set(state="stopped")
        self._feed.end()

    async def _read_battery(self, connection: Connection) -> None:
        self._battery_s = loop_s()
        self._monitor.battery(await talk.read_battery(connection, self._dialogue))


def _unexpected(name: str, error: Exception) -> SensorFault:
    """What nobody foresaw, in words; the cause stays with it."""
    log.error("the link failed", exc_info=error)
    fault = SensorFault(
        f"The link to {name} failed ({type(error).__name__}: {error}); what was received is kept, start a new session."
    )
    fault.__cause__ = error
    return fault
