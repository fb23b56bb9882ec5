"""Which connected sensors nobody uses, by what BlueZ says of them; with a real one: `tests/bluez`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from imu.link.bluez import CHARACTERISTIC, DEVICE, Objects, abandoned
from imu.sensors import FAMILIES, Family

AT = "/org/bluez/hci0/dev_00_11_22_33_44_55"
HEART_RATE = "0000180d-0000-1000-8000-00805f9b34fb"
NAMED = [family for family in FAMILIES if not family.advertised]


def said(**properties: Any) -> dict[str, Any]:
    """Properties as they come over the message bus."""
    return {name: SimpleNamespace(value=value) for name, value in properties.items()}


def connected(family: Family, used: dict[str, Any], **other: Any) -> Objects:
    """A sensor with two characteristics, of which we know one, and what is said of the other."""
    name = f"{family.name_prefixes[0]} 0042"
    device = {"Name": name, "UUIDs": [HEART_RATE, family.service_uuid], "Connected": True, "ServicesResolved": True}
    return {
        AT: {DEVICE: said(**{**device, **other})},
        f"{AT}/service0010/char0011": {CHARACTERISTIC: said(Notifying=False)},
        f"{AT}/service0020/char0021": {CHARACTERISTIC: said(**used)},
    }


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_sensor_that_anybody_uses_in_any_way_is_left_alone(family: Family) -> None:
    assert abandoned(connected(family, {"Notifying": False}), FAMILIES) == {AT}
    for used in ("Notifying", "NotifyAcquired", "WriteAcquired"):
        assert abandoned(connected(family, {used: True}), FAMILIES) == set()


@pytest.mark.parametrize("not_yet", ["Connected", "ServicesResolved"])
def test_a_sensor_that_is_not_connected_yet_is_left_alone(not_yet: str) -> None:
    assert abandoned(connected(FAMILIES[0], {}, **{not_yet: False}), FAMILIES) == set()


@pytest.mark.parametrize("family", NAMED, ids=lambda family: family.name)
def test_another_device_with_the_same_service_is_left_alone(family: Family) -> None:
    assert abandoned(connected(family, {}, Name="A watch"), FAMILIES) == set()
    nameless = connected(family, {})
    del nameless[AT][DEVICE]["Name"]
    assert abandoned(nameless, FAMILIES) == set()


def test_another_sensor_in_use_does_not_protect_one_whose_address_begins_alike() -> None:
    both = connected(FAMILIES[0], {"Notifying": True}) | {AT[:-1]: connected(FAMILIES[0], {})[AT]}
    assert abandoned(both, FAMILIES) == {AT[:-1]}
