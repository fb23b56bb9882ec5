"""The virtual device below its control point: clock, sampling, ring, live queue, battery, and what a radio does to it.

Time comes only through `now_us` arguments. The device lives through its connection events lazily: whenever it is
spoken to, it first catches up with all that happened since the last time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from firmware_proto import wire
from firmware_proto.codes import ErrorBits, Kind, State
from firmware_proto.virtual_faults import Faults
from firmware_proto.virtual_gatt import Link
from firmware_proto.virtual_session import Outbox, Session
from firmware_proto.virtual_source import Source

RING_BYTES = 128 * 1024
GRACE_US = 60_000_000
"""Longest time the device goes on sampling without a host."""
QUEUE_FRAMES = 32
"""Live frames that wait for a slow link, 3 s of them, before the oldest is dropped."""
LOW_BATTERY_PCT = 10.0


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the next session; without a rate the device chooses one that fits the MTU."""

    rate_dhz: int | None = None
    kind: Kind
    batch_ms: int = 100


class VirtualDevice:
    """A device with all but its control point and its table, which `VirtualControl` and `VirtualSensor` add.

    Args:
        recording_raw: (n, 6) or (n, 3) int16 raw samples.
        rate_hz: Their true rate, as the device's crystal measures it.
        serial: Its last four characters make the advertised name.
        acc_g_per_lsb, gyr_dps_per_lsb: Physical scales of the raw samples.
        acc_range_g, gyr_range_dps: Ranges, as told in Info.
        cranial, anterior: The axes that point to the head and out of the chest, as told in Info; None if unknown.
        boot_us: Device time at `now_us` = 0.
        clock_ppm: How much faster the device's crystal runs than `now_us`.
        battery_pct: Charge at the beginning; drains by `drain_pct_per_h`.
        link: Capacity of the link; `faults` what goes wrong on it.

    Attributes:
        connected, subscribed: Whether a host is there, and takes data notifications.
        mtu: ATT_MTU; 23 after each connect until the radio says otherwise.
        link_lost: The device hung up (it restarted), and so it stays until the next connect.
        identified: How often it was asked to blink.

    Raises:
        ValueError: The recording is empty or has a wrong shape or type.
    """

    _session: Session | None
    _outbox: Outbox
    _config: Config
    _errors: ErrorBits
    _epoch_us: int | None
    _running: bool
    _held: bool  # sampling goes on, but nothing goes out until RESUME
    _grace_end_us: int
    _status_seen: tuple[State, ErrorBits, int] | None
    _status_us: int

    def __init__(
        self,
        recording_raw: npt.NDArray[Any],
        rate_hz: float,
        *,
        serial: str = "V0000001",
        model: str = "BX-virtual",
        firmware: str = "1.0.0",
        acc_g_per_lsb: float = 0.000488,
        gyr_dps_per_lsb: float = 0.07,
        acc_range_g: int = 16,
        gyr_range_dps: int = 2000,
        cranial: str | None = "+y",
        anterior: str | None = "+z",
        boot_us: int = 0,
        clock_ppm: float = 0.0,
        battery_pct: float = 87.0,
        drain_pct_per_h: float = 1.0,
        link: Link | None = None,
        faults: Faults | None = None,
        ring_bytes: int = RING_BYTES,
    ) -> None:
        self.source = Source(recording_raw, rate_hz)
        self.serial, self.model, self.firmware = serial, model, firmware
        self.link = link or Link()
        self.faults = faults or Faults()
        self.battery_pct, self.drain_pct_per_h, self.charging = battery_pct, drain_pct_per_h, False
        self.connected = self.subscribed = self.link_lost = False
        self.mtu = wire.MIN_MTU
        self.identified = 0
        self._scales = (acc_g_per_lsb, gyr_dps_per_lsb)
        self._ranges = (acc_range_g, gyr_range_dps)
        self._mounting = wire.mounting_code(cranial=cranial, anterior=anterior)
        self._clock = (float(boot_us), 1 + clock_ppm * 1e-6)
        self._ring_bytes = ring_bytes
        self._sent: list[bytes] = []
        self._last_us = 0
        self._stalled_until_us = 0
        self._session_number = 0
        self._power_on()

    @property
    def name(self) -> str:
        """The advertised name."""
        return wire.NAME_PREFIX + self.serial[-4:]

    @property
    def state(self) -> State:
        """What the device does."""
        if self._errors & ErrorBits.IMU:
            return State.ERROR
        return State.STREAM if self._running else State.IDLE

    def info(self) -> wire.Info:
        """What the device is and can do."""
        has_gyroscope = self.source.kind is Kind.ACC_GYR
        return wire.Info(
            model=self.model,
            imu="virtual",
            rates_dhz=tuple(sorted(self.source.divisors)),
            acc_ranges_g=(self._ranges[0],),
            gyr_ranges_dps=(self._ranges[1],) if has_gyroscope else (),
            ring_s=int(self._ring_bytes / self.source.kind.sample_bytes / self.source.nominal_hz),
            mounting=self._mounting,
        )

    def status(self, now_us: int) -> wire.Status:
        """How the device is."""
        self._advance(now_us)
        device_us = self._device_us(now_us)
        session = self._session
        pct = self.charge_pct(now_us)
        low = ErrorBits.LOW_BATTERY if pct < LOW_BATTERY_PCT else ErrorBits(0)
        return wire.Status(
            state=self.state,
            errors=self._errors | low | (ErrorBits.CHARGING if self.charging else ErrorBits(0)),
            session=session.number if session else 0,
            next_index=session.next_index(device_us) if session else 0,
            oldest_index=session.oldest_index(device_us) if session else 0,
            time_us=int(device_us) & 0xFFFFFFFF,
            battery_mv=round(3300 + 9 * pct),
            dropped_frames=self._outbox.dropped,
        )

    def charge_pct(self, now_us: int) -> float:
        """Charge of the battery, 0 to 100."""
        return min(100.0, max(0.0, self.battery_pct - self.drain_pct_per_h * now_us / 3.6e9))

    def utc_us(self, now_us: int) -> int | None:
        """The time of day as the device believes it, or None before SET_EPOCH."""
        return None if self._epoch_us is None else self._epoch_us + int(self._device_us(now_us))

    # What the radio does to the device.

    def connect(self, now_us: int, mtu: int = wire.MIN_MTU) -> None:
        """A host connected. A session that ran on stays silent until RESUME."""
        self._advance(now_us)
        self.connected, self.link_lost, self.mtu = True, False, mtu

    def disconnect(self, now_us: int) -> None:
        """The link is gone; sampling goes on for as long as the ring holds it, at most a minute."""
        self._advance(now_us)
        self.connected = self.subscribed = False
        self._discard()
        if self._running and self._session is not None and not self._held:
            self._held = True
            ring_us = self._session.ring_samples / self._session.rate_hz * 1e6
            self._grace_end_us = now_us + round(min(ring_us, GRACE_US))

    def frames(self, now_us: int) -> list[bytes]:
        """Data notifications that arrived since the last call, in order."""
        self._advance(now_us)
        sent, self._sent = self._sent, []
        return [frame for _, frame in self.faults.apply([(wire.DATA_UUID, frame) for frame in sent], now_us)]

    def status_due(self, now_us: int) -> bytes | None:
        """The status notification if one is due: once a second while streaming, and on change."""
        status = self.status(now_us)
        seen = (status.state, status.errors, status.session)
        each_second = status.state is State.STREAM and now_us - self._status_us >= 1_000_000
        if seen == self._status_seen and not each_second:
            return None
        self._status_seen, self._status_us = seen, now_us
        return status.pack()

    # Injected faults of the device itself; those of the way are in `faults`.

    def reset(self, now_us: int) -> None:
        """A watchdog reset: the link drops, the ring, settings and clock start anew; session numbers go on."""
        self._advance(now_us)
        self._clock = (-now_us * self._clock[1], self._clock[1])
        self.connected = self.subscribed = False
        self.link_lost = True
        self._discard()
        self._power_on()

    def stall(self, now_us: int, duration_us: int) -> None:
        """The link carries nothing for a while; with enough of it the live queue overruns."""
        self._stalled_until_us = now_us + duration_us

    def overrun_fifo(self, now_us: int, samples: int) -> None:
        """The next samples are never taken: the sensor's own FIFO overran."""
        self._advance(now_us)
        self._errors |= ErrorBits.FIFO_OVERRUN
        if self._running and self._session is not None:
            first = self._session.next_index(self._device_us(now_us))
            self._session.holes.append((first, first + samples))

    def fail_imu(self, now_us: int) -> None:
        """The motion sensor stops answering its bus: ERROR, until a reboot."""
        self._advance(now_us)
        self._end_session(now_us)
        self._errors |= ErrorBits.IMU

    # The device's own clockwork.

    def _power_on(self) -> None:
        self._session = None
        self._running = self._held = False
        self._outbox = Outbox(capacity=QUEUE_FRAMES)
        self._config = Config(kind=self.source.kind)
        self._errors = ErrorBits(0)
        self._epoch_us = None
        self._grace_end_us = 0
        self._status_us = 0
        self._status_seen = None

    def _discard(self) -> None:
        """Nothing that waits to be sent, or is on its way, will arrive."""
        self._outbox.clear()
        self._sent.clear()
        self.faults.clear()

    def _device_us(self, now_us: int) -> float:
        boot_us, speed = self._clock
        return boot_us + now_us * speed

    def _end_session(self, now_us: int) -> None:
        """Stop sampling; what was taken goes out, also in a frame that is not full."""
        if not self._running or self._session is None:
            return
        self._session.end = self._session.next_index(self._device_us(now_us))
        if not self._held:
            self._outbox.fill(self._session, self._session.end, self._per_frame, flush=True)
        self._running = self._held = False

    @property
    def _per_frame(self) -> int:
        """Samples in a live frame of the session."""
        return 1 if self._session is None else self._frame_samples(self._session.rate_hz, self._session.kind)

    def _frame_samples(self, rate_hz: float, kind: Kind) -> int:
        """Samples in a live frame: what the batch time gives, no more than the MTU takes."""
        return max(1, min(int(rate_hz * self._config.batch_ms / 1000), wire.max_samples(self.mtu, kind)))

    def _advance(self, now_us: int) -> None:
        """Live through the connection events since the last call."""
        begin, self._last_us = self._last_us, max(now_us, self._last_us)
        if self._held and now_us >= self._grace_end_us:
            self._end_session(self._grace_end_us)
        if self.connected and self._session is not None:
            step = self.link.interval_us
            for event_us in range((begin // step + 1) * step, now_us + 1, step):
                self._connection_event(self._session, event_us)

    def _connection_event(self, session: Session, event_us: int) -> None:
        device_us = self._device_us(event_us)
        if self._running and not self._held:
            self._outbox.fill(session, session.next_index(device_us), self._per_frame)
        if not self.subscribed or event_us < self._stalled_until_us:
            return
        oldest, most = session.oldest_index(device_us), wire.max_samples(self.mtu, session.kind)
        frames = (self._outbox.pop(session, oldest, most) for _ in range(self.link.packets))
        self._sent += [frame for frame in frames if frame is not None]
