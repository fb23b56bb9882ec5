"""Pitch and rate in the hinge plane: the sign conventions every figure hangs on."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.model import AXES, Floats, Inclination, Mount, Trunk
from imu.motion.params import MotionParams
from imu.motion.trunk import TrunkStage

HZ = 104.0
MOUNTS = [Mount.from_axes(cranial=c, anterior=a) for c, a in itertools.permutations(AXES, 2) if c[1] != a[1]]
SKEWED = Mount(anterior=(0.6, 0.0, 0.8), cranial=(0.0, 1.0, 0.0), source="learned", certainty=0.5)
mounts = pytest.mark.parametrize("mount", [*MOUNTS[::5], SKEWED], ids=str)


def run(parts: list[Inclination], mount: Mount, *, gyroscope: bool = True) -> Trunk:
    stage = TrunkStage(mount, grid_hz=HZ, gyroscope=gyroscope, params=MotionParams())
    out = [stage.push(p) for p in parts] + [stage.finish()]
    return Trunk(**{n: np.concatenate([getattr(p, n) for p in out]) for n in Trunk.__slots__})


def seen(up: Floats, omega_radps: Floats | None = None) -> Inclination:
    n = len(up)
    return Inclination(
        t_s=np.arange(n) / HZ,
        up=up,
        omega_radps=np.zeros((n, 3)) if omega_radps is None else omega_radps,
        acc_norm_mps2=np.full(n, 9.81),
        trusted=np.ones(n, bool),
    )


def hinge(pitch_deg: Floats, mount: Mount) -> Inclination:
    """A trunk that follows these angles, as the sensor sees it."""
    p = np.deg2rad(pitch_deg)[:, None]
    up = np.sin(p) * np.array(mount.cranial) - np.cos(p) * np.array(mount.anterior)
    rate = np.gradient(p[:, 0]) * HZ
    return seen(up, rate[:, None] * np.array(mount.right))


def cut(block: Inclination, edges: list[int]) -> list[Inclination]:
    return [
        Inclination(**{n: getattr(block, n)[a:b] for n in Inclination.__slots__}) for a, b in itertools.pairwise(edges)
    ]


@pytest.mark.parametrize("mount", [*MOUNTS, SKEWED], ids=str)
def test_the_postures(mount: Mount) -> None:
    cranial, anterior = np.array(mount.cranial), np.array(mount.anterior)
    upright, prone, hanging, supine = cranial, -anterior, -cranial, anterior
    still = seen(np.repeat([upright, prone, hanging, supine], 10, axis=0))
    pitch = run([still], mount).pitch_deg[::10]
    np.testing.assert_allclose(pitch, [90.0, 0.0, -90.0, 180.0], atol=1e-9)


@mounts
def test_leaning_to_the_side_is_tilt_and_hardly_pitch(mount: Mount) -> None:
    lean = np.deg2rad(30.0)
    up = np.cos(lean) * np.array(mount.cranial) + np.sin(lean) * np.array(mount.right)
    trunk = run([seen(np.tile(up, (20, 1)))], mount)
    np.testing.assert_allclose(trunk.tilt_deg, 30.0)
    np.testing.assert_allclose(trunk.pitch_deg, 90.0)
    other = run([seen(np.tile(2 * np.cos(lean) * np.array(mount.cranial) - up, (20, 1)))], mount)
    np.testing.assert_allclose(other.tilt_deg, -30.0)


@mounts
@pytest.mark.parametrize("gyroscope", [True, False])
def test_extension_raises_the_pitch_at_the_rate_it_says(mount: Mount, gyroscope: bool) -> None:
    t = np.arange(0, 4, 1 / HZ)
    pitch = -45.0 * np.cos(2 * np.pi * 0.25 * t)
    trunk = run([hinge(pitch, mount)], mount, gyroscope=gyroscope)
    np.testing.assert_allclose(trunk.pitch_deg, pitch, atol=1e-6)
    rate = np.gradient(pitch) * HZ
    inner = slice(20, -20)
    np.testing.assert_allclose(trunk.rate_dps[inner], rate[inner], atol=1.0)
    assert trunk.rate_dps[t == 1.0] > 60.0


def test_past_hanging_the_angle_goes_on() -> None:
    pitch = np.linspace(20.0, -120.0, 400)
    trunk = run([hinge(pitch, SKEWED)], SKEWED)
    np.testing.assert_allclose(trunk.pitch_deg, pitch, atol=1e-6)


@pytest.mark.parametrize("gyroscope", [True, False])
def test_passing_the_cut_of_the_circle_is_no_spin(gyroscope: bool) -> None:
    trunk = run([hinge(np.linspace(-100.0, -170.0, 400), SKEWED)], SKEWED, gyroscope=gyroscope)
    assert np.abs(trunk.rate_dps).max() < 25.0


def test_turning_round_on_the_spot_is_no_hinge() -> None:
    n = 300
    up = np.tile(SKEWED.cranial, (n, 1))
    trunk = run([seen(up, 2.0 * up)], SKEWED)
    np.testing.assert_allclose(trunk.rate_dps, 0.0, atol=1e-9)
    np.testing.assert_allclose(trunk.pitch_deg, 90.0)


@given(cuts=st.lists(st.integers(0, 300), max_size=20), gyroscope=st.booleans())
def test_no_cut_shows(cuts: list[int], gyroscope: bool) -> None:
    rng = np.random.default_rng(6)
    up = rng.normal(size=(300, 3))
    block = seen(up / np.linalg.norm(up, axis=1)[:, None], rng.normal(size=(300, 3)))
    whole = run([block], SKEWED, gyroscope=gyroscope)
    pieces = run(cut(block, [0, *sorted(cuts), 300]), SKEWED, gyroscope=gyroscope)
    assert len(whole) == 300
    for name in Trunk.__slots__:
        assert np.array_equal(getattr(whole, name), getattr(pieces, name)), name
