"""How fast Polar's frames are decoded, beside the public decoder. Run by hand: python tests/benchmarks/bench_decode.py.

The public decoder is polar-python (MIT, 1.1.1 when this was written), which nothing else here needs; it is installed
for this alone: pip install polar-python. Both decode the same full frames in the same run, by turns, in CPU time (other
programs on the machine then weigh little): raw ones of an H10 (36 samples of 16 bits) and packed ones of a Verity Sense
(100 samples as differences of 6 bits, ten to a block).

What each gives differs, to its favour or not: polar-python whole numbers of mg and the time of a frame's last sample;
our `decode_frame(s)` m/s^2 and the same time; our decoders whole blocks of samples, each with its own time and number,
holes and repeated frames found, and clipping counted.
"""

from __future__ import annotations

import argparse
import itertools
import struct
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from imu.model import G_MPS2
from imu.sensors.polar_frames import Measurement, decode_frame, decode_frames
from imu.sensors.polar_streams import H10Decoder, VerityDecoder

FRAMES = 512
RAW_SAMPLES, PACKED_SAMPLES, BLOCK = 36, 100, 10
BEGIN_NS = 800_000_000_000_000_000
BITS, STEP = 6, 31
GOAL = 20.0

Work = Callable[[], object]


def heads(measurement: Measurement, frame_type: int, samples: int, rate_hz: float) -> list[bytes]:
    """Heads of frames that follow each other."""
    step_ns = round(samples / rate_hz * 1e9)
    return [struct.pack("<BQB", measurement, BEGIN_NS + k * step_ns, frame_type) for k in range(FRAMES)]


def raw_frames(random: np.random.Generator) -> list[bytes]:
    """An H10's at 200 Hz: three int16 a sample, in mg."""
    counts = random.integers(-2000, 2000, (FRAMES, RAW_SAMPLES * 3)).astype("<i2")
    return [
        head + each.tobytes() for head, each in zip(heads(Measurement.ACC, 1, RAW_SAMPLES, 200), counts, strict=True)
    ]


def packed_frames(random: np.random.Generator, measurement: Measurement) -> list[bytes]:
    """A Verity Sense's at 52 Hz: a reference sample, then differences packed from the lowest bit on."""
    frame_type = 0x81 if measurement is Measurement.ACC else 0x80
    out = []
    for head in heads(measurement, frame_type, PACKED_SAMPLES, 52):
        steps = random.integers(-STEP, STEP, (PACKED_SAMPLES - 1, 3))
        content = random.integers(-1000, 1000, 3).astype("<i2").tobytes()
        for at in range(0, len(steps), BLOCK):
            block = steps[at : at + BLOCK].ravel().tolist()
            bits = sum((step % 2**BITS) << k * BITS for k, step in enumerate(block))
            content += bytes((BITS, len(block) // 3)) + bits.to_bytes((len(block) * BITS + 7) // 8, "little")
        out.append(head + content)
    return out


def chunks(frames: Sequence[bytes], size: int) -> list[Sequence[bytes]]:
    return [frames[at : at + size] for at in range(0, len(frames), size)]


def theirs(frames: Sequence[bytes]) -> Work:
    """polar-python's own way from a notification to its numbers."""
    try:
        from polar_python.parsers import parse_polar_data  # noqa: PLC0415
    except ModuleNotFoundError:
        sys.exit("polar-python is not here, and only this program needs it: pip install polar-python")
    notified = [bytearray(frame) for frame in frames]
    ours = decode_frames(frames, factor=1.0).values
    said = np.concatenate([parse_polar_data(frame, lambda _: None).data for frame in notified])
    unit = G_MPS2 / 1000 if frames[0][0] == Measurement.ACC else np.deg2rad(1)
    np.testing.assert_allclose(ours, said * unit, err_msg="the two decoders differ")
    return lambda: [parse_polar_data(frame, lambda _: None) for frame in notified]


def in_blocks(frames: Sequence[bytes], size: int) -> Work:
    return lambda: [decode_frames(block, factor=1.0) for block in chunks(frames, size)]


def one_by_one(frames: Sequence[bytes]) -> Work:
    return lambda: [decode_frame(frame, factor=1.0) for frame in frames]


def verity() -> VerityDecoder:
    return VerityDecoder(52, acc_range_g=8, gyr_range_dps=2000, gyr_factor=0.07)


def pushed(make: Callable[[], H10Decoder | VerityDecoder], frames: Sequence[bytes]) -> Work:
    def work() -> object:
        decoder = make()
        return [decoder.push(frame, 0.0) for frame in frames]

    return work


def pushed_together(make: Callable[[], H10Decoder | VerityDecoder], frames: Sequence[bytes]) -> Work:
    return lambda: make().push_many(frames, [0.0] * len(frames))


def measured(works: dict[str, Work], frames: int, repeats: int) -> dict[str, float]:
    """Median microseconds a frame, by turns."""
    took: dict[str, list[float]] = {name: [] for name in works}
    for _, (name, work) in itertools.product(range(repeats), works.items()):
        begun = process_time()
        work()
        took[name].append((process_time() - begun) / frames * 1e6)
    return {name: float(np.median(times)) for name, times in took.items()}


def show(title: str, took: dict[str, float]) -> None:
    """A table whose first row is polar-python's."""
    reference = next(iter(took.values()))
    print(title)
    for name, us in took.items():
        print(f"  {name:<52} {us:9.2f} us a frame {reference / us:7.1f} x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    random = np.random.default_rng(0)
    raw, acc, gyr = raw_frames(random), *(packed_frames(random, m) for m in (Measurement.ACC, Measurement.GYRO))
    both = [frame for pair in zip(acc, gyr, strict=True) for frame in pair]
    h10 = lambda: H10Decoder(200, acc_range_g=8)  # noqa: E731
    ratios = []
    for title, frames, make, stream in (
        (f"H10, raw, {RAW_SAMPLES} samples in {len(raw[0])} bytes", raw, h10, raw),
        (f"Verity Sense, differences, {PACKED_SAMPLES} samples in {len(acc[0])} bytes", acc, verity, both),
    ):
        works: dict[str, Work] = {
            "polar-python, frame by frame": theirs(frames),
            "decode_frame, frame by frame": one_by_one(frames),
            **{f"decode_frames, {n} at once": in_blocks(frames, n) for n in (8, 64, FRAMES)},
        }
        took = measured(works, len(frames), repeats)
        whole: dict[str, Work] = {
            "whole decoder, frame by frame (push)": pushed(make, stream),
            f"whole decoder, {FRAMES} at once (push_many)": pushed_together(make, stream),
        }
        show(title, took | measured(whole, len(stream), repeats))
        ratios.append(took["polar-python, frame by frame"] / took[f"decode_frames, {FRAMES} at once"])
    print(f"Full frames in one go: at least {min(ratios):.0f} times as fast as polar-python; the goal is {GOAL:.0f}.")


if __name__ == "__main__":
    main()
