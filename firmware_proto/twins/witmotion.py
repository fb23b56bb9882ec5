"""A WitMotion BLE 5 sensor as a virtual peripheral: its table, registers, frames and bad habits.

Written from WitMotion's documents (data sheet of the WT901BLECL v20-0707, *Bluetooth 5.0 communication protocol*) and
from what users of the sensors report: two frames in a notification at 50 Hz and four at 100 Hz, bursts of 8 and 16 of
other models, answers to reads between the frames, a rate that is kept without being saved. Not held against one of
hardware. Assumed: what waits for a slow link beyond `BUFFER_BYTES` is lost, the newest first.
"""

from __future__ import annotations

import struct
from collections import deque

import numpy as np

from firmware_proto.twins.sampling import ATT_HEADER_BYTES, LEAST_MTU, Sampling
from firmware_proto.virtual_faults import Faults, Outgoing
from firmware_proto.virtual_gatt import Advertised, AttRefused, GattCharacteristic, GattService, Link
from firmware_proto.virtual_source import Motion, Values

SERVICE_UUID = "0000ffe5-0000-1000-8000-00805f9a34fb"
DATA_UUID = "0000ffe4-0000-1000-8000-00805f9a34fb"
COMMAND_UUID = "0000ffe9-0000-1000-8000-00805f9a34fb"
READ_NOT_PERMITTED = 0x02
MAX_MTU = 247

SAVE, RATE, READ, BATTERY, KEY = 0x00, 0x03, 0x27, 0x64, 0x69
KEY_VALUE = 0xB588
UNLOCKED_US = 10_000_000
HZ = {1: 0.2, 2: 0.5, 3: 1.0, 4: 2.0, 5: 5.0, 6: 10.0, 7: 20.0, 8: 50.0, 9: 100.0, 11: 200.0}
DEFAULT_RATE = 6
NOTIFICATIONS_HZ = 25
"""So many notifications a second at 50 and 100 Hz."""
FRAME_BYTES = 20
BUFFER_BYTES = 2000
CUT_BYTES = 7


class WitMotionTwin:
    """One sensor.

    Args:
        motion: Played from the first time on that its rate is set, or it is listened to.
        serial: Ends the advertised name.
        true_rate_ppm: How much faster it samples than it says.
        battery_cv: Of its battery, in hundredths of a volt.
        burst: Frames in a notification; None for as many as the rate makes.
        cut: Notifications end anywhere in a frame.
        locks: Settings are ignored until it is unlocked, as the data sheet has it; not all do so.
        answers: Registers can be read; some users found that not always so while it streams.
        most_hz: Rates beyond are ignored.

    Attributes:
        registers: What has been set.
        saves: How often its settings were written into its memory.
        link_lost: It was switched off, and so it stays until the next connect.
    """

    def __init__(
        self,
        motion: Motion,
        *,
        serial: str = "67",
        true_rate_ppm: float = 0.0,
        battery_cv: int = 391,
        burst: int | None = None,
        cut: bool = False,
        locks: bool = True,
        answers: bool = True,
        most_hz: float = 200.0,
        link: Link | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.motion, self.serial = motion, serial
        self.link, self.faults = link or Link(), faults or Faults()
        self.mtu, self.link_lost = LEAST_MTU, False
        self.registers = {RATE: DEFAULT_RATE, BATTERY: battery_cv}
        self.saves = 0
        self._true, self._burst, self._cut = 1 + true_rate_ppm * 1e-6, burst, cut
        self._locks, self._answers, self._most_hz = locks, answers, most_hz
        self._unlocked_until_us = 0
        self._listening = False
        self._sampling = Sampling(rate_hz=HZ[DEFAULT_RATE], zero_us=0.0)
        self._motion_us: float | None = None
        self._set = False
        self._waiting = bytearray()
        self._sent: deque[bytes] = deque()
        self._event = 0
        self._stalled_until_us = 0

    @property
    def max_mtu(self) -> int:
        """The largest ATT_MTU it agrees to."""
        return MAX_MTU

    @property
    def advertised(self) -> Advertised:
        """What a scan finds."""
        return Advertised(name=f"WT901BLE{self.serial}", service_uuids=(SERVICE_UUID,))

    @property
    def services(self) -> tuple[GattService, ...]:
        """What a discovery finds."""
        data = GattCharacteristic(uuid=DATA_UUID, properties=frozenset({"notify"}))
        written = frozenset({"write", "write-without-response"})
        command = GattCharacteristic(uuid=COMMAND_UUID, properties=written)
        return (GattService(uuid=SERVICE_UUID, characteristics=(data, command)),)

    def connect(self, now_us: int, mtu: int) -> None:
        """A host connected."""
        self.link_lost, self.mtu = False, mtu
        self._event = now_us // self.link.interval_us

    def disconnect(self, now_us: int) -> None:
        """The link is gone; what was not sent is lost."""
        self.mtu, self._listening = LEAST_MTU, False
        self._waiting.clear()
        self._sent.clear()
        self.faults.clear()

    def subscribe(self, uuid: str, on: bool, now_us: int) -> None:
        """A host switched notifications on or off: it streams as long as they are on."""
        if on and not self._listening:
            self._begin(now_us)
        self._listening = on

    def read(self, uuid: str, now_us: int) -> bytes:
        """Nothing can be read.

        Raises:
            AttRefused: Always.
        """
        raise AttRefused(READ_NOT_PERMITTED)

    def write(self, uuid: str, data: bytes, now_us: int) -> Outgoing:
        """Take a command; answers come between the frames, and what is no command is ignored."""
        if len(data) == 5 and data[:2] == b"\xff\xaa":
            self._command(data[2], int.from_bytes(data[3:], "little"), now_us)
        return []

    def tick(self, now_us: int) -> Outgoing:
        """The notifications carried by now."""
        event = now_us // self.link.interval_us
        self._event, events = event, max(event - self._event, 0)
        most = 0 if now_us < self._stalled_until_us else events * self.link.packets
        self._measure(now_us, most)
        self._pack(max(most, self.link.packets))
        return self.faults.apply([(DATA_UUID, self._sent.popleft()) for _ in range(min(most, len(self._sent)))], now_us)

    def stall(self, now_us: int, duration_us: int) -> None:
        """The link carries nothing for a while."""
        self._stalled_until_us = now_us + duration_us

    def switch_off(self, now_us: int) -> None:
        """Off, and on again: locked, and the link is gone."""
        self.disconnect(now_us)
        self.link_lost, self._unlocked_until_us = True, 0

    def _command(self, register: int, value: int, now_us: int) -> None:
        if register == READ:
            if self._answers and self._listening:
                self._measure(now_us)
                self._waiting += answer(value, self.registers)
        elif register == KEY:
            self._unlocked_until_us = now_us + UNLOCKED_US if value == KEY_VALUE else 0
        elif self._locks and now_us >= self._unlocked_until_us:
            return
        elif register == SAVE:
            self.saves += 1
        elif register != RATE:
            self.registers[register] = value
        elif HZ.get(value, self._most_hz + 1) <= self._most_hz:
            self._measure(now_us)
            self.registers[RATE] = value
            self._begin(now_us)
            self._motion_us, self._set = self._motion_us if self._set else self._sampling.zero_us, True

    def _begin(self, now_us: int) -> None:
        """Sample at the rate that is set, the first time one period from now."""
        rate_hz = HZ[self.registers[RATE]] * self._true
        self._sampling = Sampling(rate_hz=rate_hz, zero_us=now_us + 1e6 / rate_hz)
        self._motion_us = self._sampling.zero_us if self._motion_us is None else self._motion_us

    def _measure(self, now_us: int, carried: int = 0) -> None:
        """Frames of the samples taken by now; so many notifications have been carried since the last time."""
        if not self._listening:
            return
        times_us = self._sampling.take(now_us)
        if len(times_us):
            frames = measured(*self.motion.at((times_us - (self._motion_us or 0.0)) / 1e6))
            room = max(0, BUFFER_BYTES + carried * FRAME_BYTES - len(self._waiting)) // FRAME_BYTES
            self._waiting += frames[: room * FRAME_BYTES]

    def _pack(self, most: int) -> None:
        """Make notifications of what waits, at most so many ahead of the link."""
        burst = self._burst or max(1, round(HZ[self.registers[RATE]] / NOTIFICATIONS_HZ))
        room = self.mtu - ATT_HEADER_BYTES
        whole = min(burst, max(1, room // FRAME_BYTES)) * FRAME_BYTES
        size = max(1, whole - CUT_BYTES) if self._cut else whole
        while len(self._waiting) >= burst * FRAME_BYTES and len(self._sent) < most:
            while len(self._waiting) >= size and len(self._sent) < most:
                self._sent.append(bytes(self._waiting[:size])[:room])
                del self._waiting[:size]


def measured(acc_g: Values, gyr_dps: Values) -> bytes:
    """Frames of samples: acceleration, rotation, and angles as acceleration alone has them."""
    x, y, z = acc_g.T
    angles = np.rad2deg([np.arctan2(y, z), np.arctan2(-x, np.hypot(y, z)), np.zeros(len(x))]).T
    units = [16 / 32768] * 3 + [2000 / 32768] * 3 + [180 / 32768] * 3
    counts = np.clip(np.rint(np.hstack((acc_g, gyr_dps, angles)) / units), -32768, 32767).astype("<i2")
    frames = np.empty((len(counts), FRAME_BYTES), np.uint8)
    frames[:, :2] = 0x55, 0x61
    frames[:, 2:] = counts.view(np.uint8).reshape(len(counts), -1)
    return frames.tobytes()


def answer(register: int, registers: dict[int, int]) -> bytes:
    """The frame with eight registers from one on."""
    return b"\x55\x71" + struct.pack("<9H", register, *(registers.get(register + i, 0) for i in range(8)))
