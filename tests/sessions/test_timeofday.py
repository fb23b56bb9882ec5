"""A researcher gets the time of day of every sample, from the header alone."""

import json
from pathlib import Path

import numpy as np
import pytest

from imu.errors import DataError
from imu.model import ClockFit, Samples, SensorInfo
from imu.sessions import SessionHeader, SessionWriter, read_header, read_recording, read_session, utc_of

SENSOR = SensorInfo(family="native", model="BX", rate_hz=100.0, has_gyroscope=False)
FITS = (
    ClockFit(start_s=0.0, start_utc="2026-03-01T23:59:59.500000Z", skew_ppm=100.0, uncertainty_s=0.004, source="pings"),
    ClockFit(start_s=60.0, start_utc="2026-03-02T00:01:00Z", skew_ppm=-50.0, uncertainty_s=0.03, source="envelope"),
)
HEADER = SessionHeader(exercise="hinge", sensor=SENSOR, started_utc="2026-03-01T23:59:59Z", clock=FITS)


def times(*text: str) -> list[np.datetime64]:
    return [np.datetime64(one, "us") for one in text]


def test_each_stream_goes_by_its_own_fit() -> None:
    utc = utc_of(HEADER, [-0.5, 0.0, 10.0001, 59.999, 60.0, 159.995])
    assert utc.dtype == np.dtype("datetime64[us]")
    assert utc[:3].tolist() == [
        one.item()
        for one in times("2026-03-01T23:59:59.000050", "2026-03-01T23:59:59.500000", "2026-03-02T00:00:09.499100")
    ]
    assert utc[4:].tolist() == [one.item() for one in times("2026-03-02T00:01:00", "2026-03-02T00:02:40")]


def test_without_a_fit_it_goes_by_the_start() -> None:
    header = SessionHeader(exercise="hinge", sensor=SENSOR, started_utc="2026-03-01T23:59:59+01:00")
    assert utc_of(header, [1.5])[0] == np.datetime64("2026-03-01T23:00:00.5")


def test_the_fits_survive_the_folder_and_every_sample_has_a_time(tmp_path: Path) -> None:
    t_s = np.arange(400) / 100
    with SessionWriter(tmp_path, HEADER) as writer:
        writer.append(Samples.measured(t_s, np.random.default_rng(0).normal((0, 0, 9.81), 0.1, (400, 3))))
    session, recording = read_session(writer.folder), read_recording(writer.folder)
    assert session.header.clock == FITS
    assert session.utc().tolist() == recording.utc().tolist() == utc_of(HEADER, t_s).tolist()
    with pytest.raises(DataError, match="does not say when"):
        read_recording(writer.folder / "samples.csv").utc()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("start_utc", "yesterday", r"clock\[1\].start_utc: 'yesterday' is no time"),
        ("skew_ppm", -2e6, r"clock\[1\].skew_ppm"),
        ("skew_ppm", "fast", r"clock\[1\].skew_ppm: 'fast' is not of type float"),
    ],
)
def test_a_damaged_fit_names_its_key(tmp_path: Path, key: str, value: object, message: str) -> None:
    keys = json.loads(HEADER.to_json())
    keys["clock"][1][key] = value
    path = tmp_path / "session.json"
    path.write_text(json.dumps(keys))
    with pytest.raises(DataError, match=message):
        read_header(path)


def test_a_header_of_before_there_were_fits_is_read(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    path.write_text(json.dumps(json.loads(HEADER.to_json()) | {"clock": {}}))
    assert read_header(path).clock == ()
