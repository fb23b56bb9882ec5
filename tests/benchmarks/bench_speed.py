"""How fast the analysis is, as ratios that hold on any machine. Run by hand: python tests/benchmarks/bench_speed.py.

Batch: one hour at 104 Hz, the whole analysis against VQF's own `updateBatch` on the same samples in the same run, by
turns, medians; reading the hour from CSV is told apart. Live: packed frames of ten samples from bytes to events, and
the analysis alone; against `updateBatch` called on the same ten samples in the same run, which is the floor.
"""

from __future__ import annotations

import argparse
import cProfile
import gzip
import pstats
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
from vqf import VQF

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from firmware_proto import wire
from firmware_proto.motion import Recording, SensorModel, SetPlan, simulate
from imu.exercises import get_exercise
from imu.model import Floats, Mount, Samples
from imu.motion.pipeline import Pipeline, analyze
from imu.sensors import NativeDecoder
from imu.sessions import encode, header_line, read_recording

Row = tuple[str, str, str]

RATE_HZ = 104.0
PACKET = 10
EXERCISE = get_exercise("back-extension")
FLOOR = f"VQF updateBatch on {PACKET} samples alone"
DECLARED = Mount.from_axes(cranial="+y", anterior="+z")


def long_recording(seconds: float) -> tuple[Recording, Samples]:
    """Visits with three sets each, one after the other until the time is full; time and index run on."""
    plan = SetPlan(sets=3, rest_s=60.0, between_sets="leave", misalignment_deg=(6.0, -8.0, 5.0))
    one = simulate(plan, SensorModel(rate_hz=RATE_HZ), 0)
    n = int(seconds * RATE_HZ)
    rows = np.arange(n) % len(one)
    assert one.gyr_radps is not None
    return one, Samples.measured(np.arange(n) / RATE_HZ, one.acc_mps2[rows], one.gyr_radps[rows])


def timed(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def vqf_alone(samples: Samples) -> None:
    assert samples.gyr_radps is not None
    VQF(1.0 / RATE_HZ).updateBatch(samples.gyr_radps, samples.acc_mps2)


def batch(samples: Samples, repeats: int) -> dict[str, float]:
    """Median seconds of each, measured by turns so that a busy moment hits all of them."""
    works: dict[str, Callable[[], object]] = {
        "VQF updateBatch alone": lambda: vqf_alone(samples),
        "whole analysis, mount declared": lambda: analyze(samples, EXERCISE, rate_hz=RATE_HZ, mount=DECLARED),
        "whole analysis, mount learned": lambda: analyze(samples, EXERCISE, rate_hz=RATE_HZ),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            times[name].append(timed(work))
    return {name: float(np.median(seconds)) for name, seconds in times.items()}


def csv_reading(samples: Samples) -> dict[str, float]:
    """Seconds to read the same hour from a file, plain and compressed."""
    text = header_line(gyroscope=True) + encode(samples)
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = Path(folder) / "hour.csv", Path(folder) / "hour.csv.gz"
        plain.write_bytes(text)
        packed.write_bytes(gzip.compress(text, 1))
        return {
            "reading .csv": timed(lambda: read_recording(plain)),
            "reading .csv.gz": timed(lambda: read_recording(packed)),
        }


def frames(recording: Recording, packets: int) -> list[bytes]:
    """The recording as a sensor sends it."""
    out = []
    for k in range(packets):
        first = k * PACKET
        raw = recording.raw[np.arange(first, first + PACKET) % len(recording)]
        time_us = round(first / RATE_HZ * 1e6) % 2**32
        out.append(wire.DataFrame(index16=first % 2**16, time_us=time_us, raw=raw).pack())
    return out


class Live:
    """One stream, packet by packet; what each part of the way takes is measured by turns."""

    def __init__(self, recording: Recording, mount: Mount | None) -> None:
        self.decoder = NativeDecoder(
            wire.StartAnswer(
                session=1,
                true_rate_mhz=round(RATE_HZ * 1000),
                acc_g_per_lsb=recording.acc_g_per_lsb,
                gyr_dps_per_lsb=recording.gyr_dps_per_lsb,
                mtu=247,
            )
        )
        self.pipeline = Pipeline(EXERCISE, rate_hz=RATE_HZ, mount=mount)
        self.vqf = VQF(1.0 / RATE_HZ)

    def run(self, packets: list[bytes]) -> dict[str, Floats]:
        """Microseconds a sample of each packet."""
        at = np.empty((len(packets), 4))
        for k, packet in enumerate(packets):
            at[k, 0] = perf_counter()
            samples = self.decoder.push(packet, k * PACKET / RATE_HZ)
            at[k, 1] = perf_counter()
            self.pipeline.push(samples)
            at[k, 2] = perf_counter()
            assert samples.gyr_radps is not None
            gyr, acc = np.ascontiguousarray(samples.gyr_radps), np.ascontiguousarray(samples.acc_mps2)
            start = perf_counter()
            self.vqf.updateBatch(gyr, acc)
            at[k, 3] = at[k, 2] + perf_counter() - start
        decoding, events, floor = np.diff(at, axis=1).T * 1e6 / PACKET
        return {FLOOR: floor, "samples to events": events, "bytes to events": decoding + events}


def live_rows(recording: Recording, packets: list[bytes], mount: Mount | None, name: str) -> list[Row]:
    """Medians over the packets; the mean and the tail say what the median leaves out."""
    took_us = Live(recording, mount).run(packets)
    floor_us = float(np.median(took_us[FLOOR]))
    rows: list[Row] = []
    for what, each_us in took_us.items():
        median_us = float(np.median(each_us))
        tail = f"mean {each_us.mean():.2f}, p95 {np.quantile(each_us, 0.95):.2f}"
        rows.append(
            (f"live, mount {name}: {what}", f"{median_us / floor_us:.1f} x", f"{median_us:.2f} us a sample, {tail}")
        )
    return rows


def show(rows: list[Row]) -> None:
    width = max(len(row[0]) for row in rows)
    for name, value, note in rows:
        print(f"{name:<{width}}  {value:>12}  {note}")


def profile(work: Callable[[], object], title: str) -> None:
    profiler = cProfile.Profile()
    profiler.runcall(work)
    print(f"\n{title}")
    pstats.Stats(profiler).sort_stats("tottime").print_stats(18)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="length of the batch recording")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--profile", action="store_true", help="also say where the time goes")
    asked = parser.parse_args()

    recording, samples = long_recording(60.0 * asked.minutes)
    found, _ = analyze(samples, EXERCISE, rate_hz=RATE_HZ, mount=DECLARED)
    print(f"{asked.minutes:g} min at {RATE_HZ:g} Hz: {len(samples)} samples, {len(found.counted)} repetitions\n")
    seconds = batch(samples, asked.repeats)
    alone = seconds["VQF updateBatch alone"]
    rows: list[Row] = [
        (name, f"{took / alone:.2f} x", f"{took:.3f} s, {took / len(samples) * 1e6:.2f} us a sample")
        for name, took in (seconds | csv_reading(samples)).items()
    ]
    packets = frames(recording, min(len(samples), 600 * int(RATE_HZ)) // PACKET)
    for name, mount in (("declared", DECLARED), ("learned", None)):
        rows += live_rows(recording, packets, mount, name)
    show(rows)
    if asked.profile:
        profile(lambda: analyze(samples, EXERCISE, rate_hz=RATE_HZ, mount=DECLARED), "batch, mount declared")
        profile(lambda: analyze(samples, EXERCISE, rate_hz=RATE_HZ), "batch, mount learned")
        profile(lambda: Live(recording, DECLARED).run(packets), "live, mount declared")


if __name__ == "__main__":
    main()
