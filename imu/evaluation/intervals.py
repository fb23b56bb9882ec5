"""How sure a share or a rate is, from how little was counted: exact intervals, no approximation by a normal one."""

from __future__ import annotations

from scipy.special import betaincinv, gammaincinv

from imu.model import NAN


def share_interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of a share, 0 to 1 (Clopper & Pearson, Biometrika 26, 1934); nan without trials.

    Raises:
        ValueError: More successes than trials, or fewer than none.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no share")
    if not trials:
        return NAN, NAN
    tail = 0.5 * (1.0 - level)
    low = betaincinv(successes, trials - successes + 1, tail) if successes else 0.0
    high = betaincinv(successes + 1, trials - successes, 1.0 - tail) if successes < trials else 1.0
    return float(low), float(high)


def count_interval(events: int, level: float = 0.90) -> tuple[float, float]:
    """Exact interval of the expected number of rare events where `events` were seen (Garwood, Biometrika 28, 1936).

    Divided by the hours watched it is the interval of a rate; where nothing was seen its upper end still says what
    cannot be excluded.

    Raises:
        ValueError: Fewer than no events.
    """
    if events < 0:
        raise ValueError(f"{events} events cannot be")
    tail = 0.5 * (1.0 - level)
    low = gammaincinv(events, tail) if events else 0.0
    return float(low), float(gammaincinv(events + 1, 1.0 - tail))
