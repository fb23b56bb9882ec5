"""What a person sees of a scan: nothing cut off, nothing left out."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from rich.console import Console
from typer.testing import CliRunner

from firmware_proto.virtual_time import run_virtual
from imu.app import demo, scan
from imu.app.cli import app
from imu.link import NO_RSSI_DBM, Found, Seen
from imu.sensors import FAMILIES, Family

MAC, UUID = "F0:B5:00:00:00:01", "0E3D1B1A-7D4C-4B1F-8C7D-0123456789AB"


def one_of(family: Family, address: str = MAC) -> Found:
    name = f"{family.name_prefixes[0]} 1234"
    return Found(name=name, address=address, rssi_dbm=-61, battery_pct=80, family=family, device=None)


def test_every_virtual_sensor_is_recognised_as_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncio.run", run_virtual)  # a busy machine hears no less
    done = CliRunner().invoke(app, ["scan", "--demo", "--timeout", "1", "--json"])
    assert done.exit_code == 0, done.output
    seen = json.loads(done.stdout)
    assert {one["kind"] for one in seen} == set(demo.TWINS)
    assert all(one["rssi_dbm"] < 0 and one["abilities"]["latency_s"] > 0 for one in seen)


def test_nothing_in_range_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "TWINS", {})
    done = CliRunner().invoke(app, ["scan", "--demo", "--timeout", "0.5"])
    assert done.exit_code == 4
    said = " ".join(done.stderr.split())
    assert "answered within 0.5 s; switch it on" in said
    assert all(family.title in said for family in FAMILIES)


@pytest.mark.parametrize(("width", "address"), [(80, MAC), (80, UUID), (100, MAC), (120, UUID)])
def test_at_any_width_names_and_addresses_are_whole(
    width: int, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scan.console, "out", lambda: Console(width=width, highlight=False, markup=False))
    scan.show([one_of(family, address) for family in FAMILIES])
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= width
    assert said.count(address) == len(FAMILIES)
    for family in FAMILIES:
        assert f"{family.name_prefixes[0]} 1234" in said
        assert " ".join(f"{family.title}: {scan.abilities(family)}".split()) in " ".join(said.split())
    assert said.count("-61 dBm, good") == said.count("80 %") == len(FAMILIES)
    assert f'imu record --sensor "{FAMILIES[0].name_prefixes[0]} 1234"' in said


def test_a_sentence_says_what_a_kind_lacks() -> None:
    native = next(family for family in FAMILIES if family.name == "native")
    assert "fetched again; timed by its own clock." in scan.abilities(native)
    less = replace(native.abilities, gyroscope=False, memory=False, numbered=False, device_time=False, latency_s=0.62)
    said = scan.abilities(replace(native, abilities=less, caveats="So it is."))
    assert said.startswith("acceleration only at ")
    assert "heard within 0.7 s; samples lost on the way are gone, and seen only by the rate; timed by their arr" in said
    assert said.endswith("So it is.")


def test_what_cannot_be_recorded_is_named_or_counted() -> None:
    named, nameless = Seen(name="Band 6", address="A", rssi_dbm=-90), Seen(name=None, address="B", rssi_dbm=-50)
    assert scan.others([named, nameless, nameless]).endswith(": Band 6 (-90 dBm, faint), 2 without a name.")
    assert scan.others([]) == ""
    assert scan.signal(NO_RSSI_DBM) == "signal not told"
