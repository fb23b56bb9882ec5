"""A Movesense as a virtual peripheral: its table, conversation, packets and bad habits.

Written from Movesense's documents (*GATT SensorData Protocol*; meas/imu.yaml, meas/acc.yaml, meas/gyro.yaml and the
GATT sample program in movesense-device-lib) and from what users report: few places for requests, a `/Info` that is
never answered and keeps its place, 429 until the next restart, a 507 written the wrong way round. Not held against one
of hardware. Assumed: a packet holds 1/13 s, as it does at 52 and 104 Hz; what is not subscribed to ends with 404; so
many packets wait for a slow link, the next ones are lost.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from firmware_proto.twins import movesense_bytes as gsp
from firmware_proto.twins.sampling import ATT_HEADER_BYTES, LEAST_MTU, Sampling
from firmware_proto.virtual_faults import Faults, Outgoing
from firmware_proto.virtual_gatt import Advertised, AttRefused, GattCharacteristic, GattService, Link
from firmware_proto.virtual_source import Motion

SERVICE_UUID = "34802252-7185-4d5d-b431-630e7050e8f0"
COMMAND_UUID = "34800001-7185-4d5d-b431-630e7050e8f0"
DATA_UUID = "34800002-7185-4d5d-b431-630e7050e8f0"
_SIG = "0000{}-0000-1000-8000-00805f9b34fb"
MEMBER_UUID, HEART_RATE_UUID = _SIG.format("fdf3"), _SIG.format("180d")
READ_NOT_PERMITTED = 0x02
MAX_MTU = 161

PACKETS_HZ = 13
SUBSCRIPTIONS = 4
ANSWER_US = 20_000
"""From a request to its response; so long it has its place."""
QUEUE_PARTS = 64


@dataclass(kw_only=True)
class Subscription:
    """A measurement that runs."""

    sampling: Sampling
    per_packet: int


@dataclass(kw_only=True)
class _Conversation:
    """What a restart forgets: the requests under way, each with the time its response is due, or None for never."""

    places: int
    under_way: list[tuple[int | None, bytes]] = field(default_factory=list)

    def due(self, now_us: int) -> list[bytes]:
        """The responses that are due, which give their places back."""
        ready = [packet for at_us, packet in self.under_way if at_us is not None and at_us <= now_us]
        self.under_way = [each for each in self.under_way if each[0] is None or each[0] > now_us]
        return ready


class MovesenseTwin:
    """One sensor.

    Args:
        motion: Played from the first subscription on.
        serial: 12 digits, which end the advertised name.
        true_rate_ppm: How much faster it samples than it says, by its own clock.
        clock_ppm: How much faster its clock runs than `now_us`.
        on_for_ms: Its time at `now_us` = 0.
        places: For requests that are not answered yet.
        taken: Of them, by what an earlier program asked for in vain.
        tells_ranges: Whether it answers when asked for the ranges in use; if not, that costs a place.
        protocol: Version told in the answer to HELLO; None for the sample program, which says "Hello".
        acc_range_g, gyr_range_dps: In use.

    Attributes:
        subscriptions: What runs, by reference.
        restarts: How often it was started anew.
        link_lost: It was, and so it stays until the next connect.
    """

    def __init__(
        self,
        motion: Motion,
        *,
        serial: str = "174630000192",
        true_rate_ppm: float = 0.0,
        clock_ppm: float = 0.0,
        on_for_ms: int = 106_005,
        battery_pct: int = 95,
        places: int = 8,
        taken: int = 0,
        tells_ranges: bool = True,
        protocol: int | None = 1,
        acc_range_g: int = 8,
        gyr_range_dps: int = 2000,
        link: Link | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.motion, self.serial = motion, serial
        self.link, self.faults = link or Link(), faults or Faults()
        self.mtu, self.link_lost = LEAST_MTU, False
        self.battery_pct, self.protocol, self._tells_ranges = battery_pct, protocol, tells_ranges
        self.ranges = acc_range_g, gyr_range_dps
        self.subscriptions: dict[int, Subscription] = {}
        self.restarts = 0
        self._true = 1 + true_rate_ppm * 1e-6
        self._clock = (on_for_ms, 1e-3 * (1 + clock_ppm * 1e-6))
        self._talk = _Conversation(places=places, under_way=[(None, b"")] * taken)
        self._listening = False
        self._motion_us: float | None = None
        self._queue: deque[bytes] = deque()
        self._event = 0
        self._stalled_until_us = 0

    @property
    def max_mtu(self) -> int:
        """The largest ATT_MTU it agrees to."""
        return MAX_MTU

    @property
    def advertised(self) -> Advertised:
        """What a scan finds: the name leaves no room for the service."""
        return Advertised(name=f"Movesense {self.serial}", service_uuids=(MEMBER_UUID, HEART_RATE_UUID))

    @property
    def services(self) -> tuple[GattService, ...]:
        """What a discovery finds."""
        command = GattCharacteristic(uuid=COMMAND_UUID, properties=frozenset({"write"}))
        data = GattCharacteristic(uuid=DATA_UUID, properties=frozenset({"notify"}))
        return (GattService(uuid=SERVICE_UUID, characteristics=(command, data)),)

    def connect(self, now_us: int, mtu: int) -> None:
        """A host connected."""
        self.link_lost, self.mtu = False, mtu
        self._event = now_us // self.link.interval_us

    def disconnect(self, now_us: int) -> None:
        """The link is gone, and with it every subscription; not so the places of what is never answered."""
        self.mtu, self._listening = LEAST_MTU, False
        self.subscriptions.clear()
        self._queue.clear()
        self._talk.under_way = [each for each in self._talk.under_way if each[0] is None]
        self.faults.clear()

    def subscribe(self, uuid: str, on: bool, now_us: int) -> None:
        """A host switched notifications on or off; without, nothing is answered."""
        self._listening = on

    def read(self, uuid: str, now_us: int) -> bytes:
        """Nothing can be read.

        Raises:
            AttRefused: Always.
        """
        raise AttRefused(READ_NOT_PERMITTED)

    def write(self, uuid: str, data: bytes, now_us: int) -> Outgoing:
        """Take a request; its response comes a little later, but for that to a restart."""
        if len(data) < 2:
            return []
        if data[0] == gsp.PUT_SYSTEMMODE and data[2:] == bytes((gsp.RESTART,)):
            accepted = self._cut([gsp.response(data[1], gsp.status(gsp.ACCEPTED))])
            self.restart(now_us)
            return accepted
        if data[0] != gsp.HELLO and len(self._talk.under_way) >= self._talk.places:
            answer: bytes | None = gsp.status(gsp.TOO_MANY)
        else:
            answer = self._answer(data[0], data[1], data[2:], now_us)
        never = answer is None
        self._talk.under_way.append((None if never else now_us + ANSWER_US, gsp.response(data[1], answer or b"")))
        return []

    def tick(self, now_us: int) -> Outgoing:
        """The responses due by now, and the packets carried."""
        event = now_us // self.link.interval_us
        self._event, events = event, max(event - self._event, 0)
        most = 0 if now_us < self._stalled_until_us else events * self.link.packets
        for reference, subscription in self.subscriptions.items():
            self._measure(reference, subscription, now_us, most)
        carried = min(most, len(self._queue))
        answers = [] if now_us < self._stalled_until_us else self._talk.due(now_us)
        answers = [each for each in answers if not self.faults.loses_answer()]
        sent = self.faults.apply(self._cut([self._queue.popleft() for _ in range(carried)]), now_us)
        return self._cut(answers) + sent if self._listening else []

    def stall(self, now_us: int, duration_us: int) -> None:
        """The link carries nothing for a while."""
        self._stalled_until_us = now_us + duration_us

    def restart(self, now_us: int) -> None:
        """It hangs up, its clock begins anew, and every place is free again."""
        self.disconnect(now_us)
        self.link_lost, self.restarts = True, self.restarts + 1
        self._talk.under_way.clear()
        self._clock = (round(-now_us * self._clock[1]), self._clock[1])

    def _cut(self, values: list[bytes]) -> Outgoing:
        """As the stack sends them: what the MTU does not take is cut off."""
        return [(DATA_UUID, value[: self.mtu - ATT_HEADER_BYTES]) for value in values]

    def _answer(self, command: int, reference: int, rest: bytes, now_us: int) -> bytes | None:
        """What a response holds; None where none will ever come."""
        path = rest.split(b"\0")[0].decode("utf-8", "replace")
        if command == gsp.HELLO:
            return gsp.hello(self.protocol, self.serial)
        if command == gsp.SUBSCRIBE:
            return self._start(reference, path, now_us)
        if command == gsp.UNSUBSCRIBE:
            return gsp.status(gsp.OK if self.subscriptions.pop(reference, None) else gsp.NOT_FOUND)
        return self._get(path) if command == gsp.GET else gsp.status(gsp.NOT_FOUND)

    def _get(self, path: str) -> bytes | None:
        if path == "/Info" or (path.endswith("/Config") and not self._tells_ranges):
            return None
        told = {
            "/System/Energy/Level": bytes((self.battery_pct,)),
            "/Meas/Acc/Info": gsp.info("B", gsp.ACC_RANGES_G),
            "/Meas/Gyro/Info": gsp.info("H", gsp.GYR_RANGES_DPS),
            "/Meas/Acc/Config": self.ranges[0].to_bytes(1, "little"),
            "/Meas/Gyro/Config": self.ranges[1].to_bytes(2, "little"),
        }
        return gsp.status(gsp.OK) + told[path] if path in told else gsp.status(gsp.NOT_FOUND)

    def _start(self, reference: int, path: str, now_us: int) -> bytes:
        rates = {f"/Meas/IMU6/{rate_hz}": rate_hz for rate_hz in gsp.RATES_HZ}
        if path not in rates:
            return gsp.status(gsp.NOT_FOUND)
        if len(self.subscriptions) >= SUBSCRIPTIONS:
            return gsp.status(gsp.NO_STORAGE)[::-1]
        rate_hz = rates[path] * self._true
        sampling = Sampling(rate_hz=rate_hz, zero_us=now_us + 1e6 / rate_hz)
        self._motion_us = sampling.zero_us if self._motion_us is None else self._motion_us
        self.subscriptions[reference] = Subscription(sampling=sampling, per_packet=max(1, rates[path] // PACKETS_HZ))
        return gsp.status(gsp.OK)

    def _measure(self, reference: int, subscription: Subscription, now_us: int, carried: int) -> None:
        """Queue the packets that are full by now; so many parts have been carried since the last time."""
        n = subscription.per_packet
        times_us = subscription.sampling.take(now_us, whole=n)
        acc_g, gyr_dps = self.motion.at((times_us - (self._motion_us or 0.0)) / 1e6)
        on_for_ms, ms_per_us = self._clock
        for first in range(0, len(times_us), n):
            part = slice(first, first + n)
            stamp_ms = int(on_for_ms + times_us[first] * ms_per_us) % 2**32
            whole = gsp.body(stamp_ms, acc_g[part], gyr_dps[part], ranges=self.ranges)
            self._queue.extend(gsp.notified(reference, whole) if len(self._queue) < QUEUE_PARTS + carried else ())
