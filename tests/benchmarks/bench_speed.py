"""How fast the analysis is, as ratios that hold on any machine. Run by hand: python tests/benchmarks/bench_speed.py.

Batch: one hour at 104 Hz, the whole analysis against VQF's own `updateBatch` on the same samples in the same run, by
turns, medians; reading the hour from CSV is told apart. Live: packed frames of ten samples, from bytes to events.
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
from imu.model import Mount, Samples
from imu.motion.pipeline import Pipeline, analyze
from imu.sensors import NativeDecoder
from imu.sessions import encode, header_line, read_recording

RATE_HZ = 104.0
PACKET = 10
EXERCISE = get_exercise("back-extension")
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


def live(recording: Recording, packets: list[bytes], mount: Mount | None) -> np.ndarray:
    """Milliseconds of each packet, from bytes to events."""
    decoder = NativeDecoder(
        wire.StartAnswer(
            session=1,
            true_rate_mhz=round(RATE_HZ * 1000),
            acc_g_per_lsb=recording.acc_g_per_lsb,
            gyr_dps_per_lsb=recording.gyr_dps_per_lsb,
            mtu=247,
        )
    )
    pipeline = Pipeline(EXERCISE, rate_hz=RATE_HZ, mount=mount)
    took_ms = np.empty(len(packets))
    for k, packet in enumerate(packets):
        start = perf_counter()
        pipeline.push(decoder.push(packet, k * PACKET / RATE_HZ))
        took_ms[k] = 1e3 * (perf_counter() - start)
    return took_ms


def show(rows: list[tuple[str, str, str]]) -> None:
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
    rows = [
        (name, f"{took / alone:.2f} x", f"{took:.3f} s, {took / len(samples) * 1e6:.2f} us a sample")
        for name, took in (seconds | csv_reading(samples)).items()
    ]
    packets = frames(recording, min(len(samples), 600 * int(RATE_HZ)) // PACKET)
    for name, mount in (("declared", DECLARED), ("learned", None)):
        took_ms = live(recording, packets, mount)
        each_us = 1e3 * float(np.mean(took_ms)) / PACKET
        rows.append(
            (
                f"live packet, mount {name}",
                f"{np.median(took_ms):.3f} ms",
                f"p95 {np.quantile(took_ms, 0.95):.3f} ms, max {took_ms.max():.1f} ms, {each_us:.1f} us a sample, "
                f"{each_us * len(samples) / 1e6 / alone:.1f} x VQF alone",
            )
        )
    show(rows)
    if asked.profile:
        profile(lambda: analyze(samples, EXERCISE, rate_hz=RATE_HZ, mount=DECLARED), "batch, mount declared")
        profile(lambda: analyze(samples, EXERCISE, rate_hz=RATE_HZ), "batch, mount learned")
        profile(lambda: live(recording, packets, DECLARED), "live, mount declared")


if __name__ == "__main__":
    main()
