"""The virtual radio, for the commands that need no hardware: the one place that knows its extra."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, TypeVar

from firmware_proto.virtual_gatt import VirtualPeripheral
from imu.errors import UsageError
from imu.link import Backend

if TYPE_CHECKING:
    from firmware_proto.virtual_radio import Air

Kind = TypeVar("Kind", bound=VirtualPeripheral)


@contextlib.asynccontextmanager
async def in_air(*sensors: Kind, speed: float = 1.0, mtu: int = 247) -> AsyncIterator[tuple[Air[Kind], Backend]]:
    """Put virtual sensors in the air, and give the backend with which the link finds them.

    Args:
        sensors: Nothing else is there.
        speed: How much faster than the wall clock their time runs.
        mtu: Largest ATT_MTU they agree to.

    Raises:
        UsageError: The extra `demo` is not installed.
    """
    try:
        from firmware_proto.virtual_radio import virtual_air  # noqa: PLC0415 (bumble is an extra)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The virtual radio needs the package {error.name}; install the extra: pip install "
            "'imu-back-extension[demo]' (in a clone: pip install -e '.[demo]')."
        ) from None
    async with virtual_air(sensors, speed=speed, mtu=mtu) as air:
        yield air, Backend(scanner=air.scanner_backend, client=air.client_backend, speed=air.speed)
