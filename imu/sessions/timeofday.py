"""When a sample was measured by the time of day: device time -> UTC, by the fits a session's header holds."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from imu.model import ClockFit
from imu.sessions.header import SessionHeader

Times = npt.NDArray[np.datetime64]


def utc_of(header: SessionHeader, t_s: npt.ArrayLike) -> Times:
    """The time of day of samples, for laying them beside another recording. Never take durations from it.

    It is right by the recording computer's clock within the `uncertainty_s` of the header's fits. Without a fit, as in
    a session that was cut off, it goes by `started_utc`, which is late or early by about a second.

    Args:
        header: The session's.
        t_s: (n,) device time, also between and beyond samples.

    Returns:
        (n,) datetime64[us] in UTC.

    Raises:
        ValueError: There is no fit, and `started_utc` is no time.
    """
    time_s = np.asarray(t_s, float)
    fits = header.clock or (_guess(header),)
    starts_s = np.array([fit.start_s for fit in fits])
    starts_utc = np.array([_utc(fit.start_utc) for fit in fits], "datetime64[us]")
    pace = 1 / (1 + np.array([fit.skew_ppm for fit in fits]) / 1e6)
    which = np.maximum(np.searchsorted(starts_s, time_s, "right") - 1, 0)
    since_us = np.rint((time_s - starts_s[which]) * pace[which] * 1e6).astype("timedelta64[us]")
    times: Times = starts_utc[which] + since_us
    return times


def _utc(text: str) -> np.datetime64:
    return np.datetime64(datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None), "us")


def _guess(header: SessionHeader) -> ClockFit:
    return ClockFit(start_s=0.0, start_utc=header.started_utc, skew_ppm=0.0, uncertainty_s=1.0, source="started_utc")
