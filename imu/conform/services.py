"""Checks of what can be seen without asking: advertisement, GATT table, Info, the standard services, silence."""

from __future__ import annotations

from firmware_proto import wire
from imu.conform.bench import Bench
from imu.conform.table import Failed, check, expect

SERVICES = "Services and characteristics"
SILENCE_S = 1.5
CCCD_IMPROPERLY_CONFIGURED = 0xFD

_OURS = {
    wire.INFO_UUID: {"read"},
    wire.CONTROL_UUID: {"write", "indicate"},
    wire.DATA_UUID: {"notify"},
    wire.STATUS_UUID: {"read", "notify"},
}


async def _text(b: Bench, uuid: str) -> str:
    data = await b.link.read(uuid)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Failed(f"UTF-8 text in {uuid[4:8]}", data.hex(" ")) from error


@check(SERVICES)
async def advertised_name(b: Bench) -> str:
    """The advertised name is BX- and the last four characters of the serial number."""
    serial = await _text(b, wire.SERIAL_UUID)
    wanted = wire.NAME_PREFIX + serial[-4:]
    expect(b.found.name == wanted and len(serial) >= 4, f"the name {wanted} (serial number {serial!r})", b.found.name)
    return b.found.name


@check(SERVICES)
async def gatt_table(b: Bench) -> str:
    """The service has its characteristics with exactly their properties; Reps only with feature bit 0."""
    table = b.link.table().get(wire.SERVICE_UUID)
    if table is None:
        raise Failed(f"the service {wire.SERVICE_UUID}", ", ".join(b.link.table()))
    for uuid, properties in _OURS.items():
        expect(uuid in table, f"the characteristic {uuid}", "none")
        expect(table[uuid] == properties, f"{uuid} with {_words(properties)}", _words(table[uuid]))
    counts = wire.Features.ON_DEVICE_REPS in b.info.features
    wanted, came = {"read", "indicate"} if counts else set(), table.get(wire.REPS_UUID, frozenset())
    expect(came == wanted, f"Reps with {_words(wanted)}, as feature bit 0 says", _words(came))
    return f"{len(table)} characteristics"


def _words(properties: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(properties)) or "none"


@check(SERVICES)
async def battery_service(b: Bench) -> str:
    """Battery Level can be read and notified, and is 0 to 100."""
    table = b.link.table().get(wire.BATTERY_SERVICE_UUID, {})
    properties = table.get(wire.BATTERY_LEVEL_UUID, frozenset())
    expect({"read", "notify"} <= properties, "180F with 2A19: notify, read", _words(properties))
    level = await b.link.read(wire.BATTERY_LEVEL_UUID)
    expect(len(level) == 1 and level[0] <= 100, "one byte, 0 to 100", level.hex(" "))
    return f"{level[0]} %"


@check(SERVICES)
async def device_information(b: Bench) -> str:
    """Device Information names manufacturer, model, serial number and firmware."""
    uuids = (wire.MANUFACTURER_UUID, wire.MODEL_UUID, wire.SERIAL_UUID, wire.FIRMWARE_UUID)
    table = b.link.table().get(wire.DEVICE_INFORMATION_UUID, {})
    lacking = [uuid[4:8] for uuid in uuids if uuid not in table]
    expect(not lacking, "180A with 2A29, 2A24, 2A25 and 2A26", f"no {', '.join(lacking)}")
    texts = [await _text(b, uuid) for uuid in uuids]
    expect(all(texts), "a text in each", repr(texts))
    return ", ".join(texts)


@check(SERVICES)
async def control_needs_indications(b: Bench) -> str:
    """Control is refused with ATT error 0xFD while its indications are off."""
    await b.leave()
    await b.connect(listen=False)
    refused = await b.link.write(wire.CONTROL_UUID, wire.Ping(token=1).pack())
    await b.leave()
    await b.connect()
    expect(
        refused == CCCD_IMPROPERLY_CONFIGURED, "ATT error 0xfd", "the write was taken" if refused is None else refused
    )
    return "refused with 0xfd"


@check("States")
async def silent_when_idle(b: Bench) -> str:
    """After a connect no live frame comes before START."""
    await b.leave()
    await b.connect()
    await b.wait(SILENCE_S)
    frames = b.heard(wire.DATA_UUID)
    expect(not frames, f"no frame within {SILENCE_S:g} s", f"{len(frames)}")
    return "nothing came"


@check("Info")
async def info_entries(b: Bench) -> str:
    """Info is readable, offers rates (ascending), ranges and a ring, and its axes can be."""
    info = b.info
    expect(bool(info.rates_dhz) and 0 not in info.rates_dhz, "rates (tag 03)", info.rates_dhz)
    expect(list(info.rates_dhz) == sorted(set(info.rates_dhz)), "ascending rates", info.rates_dhz)
    expect(bool(info.acc_ranges_g), "acceleration ranges (tag 04)", "none")
    expect(info.ring_s > 0, "seconds the ring holds (tag 07)", info.ring_s)
    axes = wire.mounting_axes(info.mounting)
    declared = bool(info.mounting & 7 and info.mounting >> 3 & 7)
    expect(not declared or None not in axes, "two axes at right angles (tag 09)", f"{info.mounting:#04x}")
    expect(wire.Features.LOGGING in info.features or not info.log_bytes, "no log bytes without feature bit 1",
           info.log_bytes)  # fmt: skip
    return f"version {info.major}.{info.minor}, {', '.join(f'{r:g}' for r in info.rates_hz)} Hz"


@check("Control")
async def get_info(b: Bench) -> str:
    """GET_INFO gives what Info reads (a long read gives all of it), in parts of at most ATT_MTU - 8."""
    whole, got = await b.link.read(wire.INFO_UUID), b""
    most = b.fresh.mtu - 8
    while True:
        part = await b.ok(wire.GetInfo(offset=len(got)), wire.InfoPart)
        expect(part.total == len(whole), f"the length {len(whole)} of what was read", part.total)
        expect(len(part.part) <= most, f"at most {most} bytes", len(part.part))
        if not part.part:
            break
        got += part.part
        expect(len(got) <= len(whole), f"{len(whole)} bytes in all", len(got))
    expect(got == whole, whole.hex(" "), got.hex(" "))
    await b.refused(wire.GetInfo(offset=len(whole) + 1), wire.StatusCode.BAD_ARG, "beyond Info's end")
    return f"{len(whole)} bytes"
