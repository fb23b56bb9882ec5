"""Contents of Polar's frames -> counts, for any number of frames in one go.

A content is either whole numbers, one behind the other, or a reference sample and the differences from sample to
sample, packed in blocks of as many bits as the largest of a block needs. A call of numpy costs more than the numbers
of a frame, so all blocks of all frames are unpacked by the same few calls; the result is the same, bit by bit, however
many frames are handed in at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imu.model import Ints
from imu.sensors.family import FrameError

AXES = 3
MOST_BITS = 32
"""Of one difference: with the 7 bits before it, it lies within a word wherever it begins."""
_WORD_BITS = 64
_PAD = bytes(_WORD_BITS // 8)
_TOGETHER = 16
"""Frames unpacked at once: with more, the numbers no longer fit the processor's cache, and it takes twice as long."""


def whole(contents: Sequence[bytes], width: int) -> tuple[Ints, Ints]:
    """Read signed numbers of so many bytes each (1 to 4), little-endian, three a sample.

    Returns:
        (n, 3) counts of all contents in order, and how many samples each holds.

    Raises:
        FrameError: One is empty or ends within a sample.
    """
    each = [len(content) // (AXES * width) for content in contents]
    if any(n * AXES * width != len(content) or not n for n, content in zip(each, contents, strict=True)):
        raise refused("it is cut short")
    if width == 3:
        return _unpacked(contents, [0], [8 * width], [AXES * sum(each)]), np.array(each)
    values = np.frombuffer(b"".join(contents), f"<i{width}")
    return values.astype(np.int64).reshape(-1, AXES), np.array(each)


def differences(contents: Sequence[bytes], width: int) -> tuple[Ints, Ints]:
    """Read reference samples of so many bytes a number (2 or 4), and the samples that follow from them by differences.

    After the reference come blocks of: width in bits, count of samples, and that many differences of each axis in turn,
    two's complement, packed from the least significant bit on, filled up to a whole byte.

    Returns:
        (n, 3) counts of all contents in order, and how many samples each holds. Of 4 bytes, sums wrap as int32 do.

    Raises:
        FrameError: One is cut short, a width is beyond 32 bits, or, of 2 bytes, a sum leaves its range.
    """
    parts = [_differences(contents[at : at + _TOGETHER], width) for at in range(0, len(contents), _TOGETHER)]
    if len(parts) == 1:
        return parts[0]
    counts, each = zip(*parts, strict=True)
    return np.concatenate(counts), np.concatenate(each)


def _differences(contents: Sequence[bytes], width: int) -> tuple[Ints, Ints]:
    zeros: list[int] = []  # of every block: the bit where its number 0 would lie if it were the first of all,
    widths: list[int] = []  # its bits a number,
    counts: list[int] = []  # and its numbers
    each = []
    base = total = 0
    for content in contents:
        begun, at, size = total, AXES * width, len(content)
        if size < at:
            raise refused("it is cut short")
        zeros.append(8 * base - total * 8 * width)
        widths.append(8 * width)
        counts.append(AXES)
        total += AXES
        while at < size:
            bits, count = content[at], AXES * content[at + 1] if at + 1 < size else 0
            end = at + 2 + (bits * count + 7) // 8
            if end > size or bits > MOST_BITS:
                raise refused("it is cut short, or its differences are damaged")
            zeros.append(8 * (base + at + 2) - total * bits)
            widths.append(bits)
            counts.append(count)
            total += count
            at = end
        each.append((total - begun) // AXES)
        base += size
    samples = np.array(each)
    return _summed(_unpacked(contents, zeros, widths, counts), samples, width), samples


def _unpacked(contents: Sequence[bytes], zeros: list[int], widths: list[int], counts: list[int]) -> Ints:
    """(n, 3) signed numbers of all blocks."""
    data = b"".join([*contents, _PAD])
    words = np.array(np.ndarray((len(data) - len(_PAD) + 1,), "<u8", data, strides=(1,)))
    zero, bits = np.array((zeros, widths)).repeat(counts, axis=1)
    bit = zero + np.arange(len(bits)) * bits
    rest = _WORD_BITS - bits
    up = rest - (bit & 7)  # so far up, a number's highest bit is the sign; of no bits, nothing is left
    values: Ints = (words[bit >> 3] << up.view(np.uint64)).view(np.int64) >> rest
    return values.reshape(-1, AXES)


def _summed(steps: Ints, samples: Ints, width: int) -> Ints:
    """Counts from the references and the differences behind each."""
    counts: Ints = steps.cumsum(axis=0)
    if len(samples) > 1:
        firsts = samples.cumsum() - samples
        counts -= (counts[firsts] - steps[firsts]).repeat(samples, axis=0)
    if width == 4:
        return counts.astype(np.int32).astype(np.int64)
    if counts.max() > np.iinfo(np.int16).max or counts.min() < np.iinfo(np.int16).min:
        raise refused("its differences lead out of the range")
    return counts


def refused(why: str) -> FrameError:
    """The error for a frame that cannot be believed."""
    return FrameError(f"A frame from the sensor was left out: {why}.")
