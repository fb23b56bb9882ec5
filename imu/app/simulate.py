"""`imu simulate`: a synthetic session folder, called so, with its truth beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from firmware_proto.motion import Recording
from imu.app import console, tables, words
from imu.app.analyze import rederive
from imu.app.person import perform, write_truth
from imu.exercises import Exercise
from imu.model import G_MPS2, Mount, Samples, SensorInfo
from imu.sessions import SessionHeader, SessionWriter


def command(
    exercise: Exercise, *, reps: int | None, sets: int, seed: int, rate_hz: float, gyroscope: bool, out: Path
) -> None:
    """Simulate, write, analyse, and say how the count compares with the truth.

    Raises:
        UsageError: Nobody can simulate this exercise.
        StorageError: The session could not be written.
    """
    recording = perform(exercise, reps=reps, sets=sets, seed=seed, rate_hz=rate_hz, gyroscope=gyroscope)
    folder = write_session(recording, exercise, out)
    analysis = rederive(folder)
    screen = console.out()
    screen.print(f"Synthetic session, {words.clock(recording.t_s[-1])} long, in {folder}", style="bold", soft_wrap=True)
    screen.print(f"  counted   {tables.total(analysis)}")
    screen.print(f"  truth     {words.reps(len(recording.truth.counted))} (truth.csv)")


def write_session(recording: Recording, exercise: Exercise, out: Path) -> Path:
    """Write a simulated recording as a session folder with `truth.csv`; returns the folder.

    Raises:
        StorageError: It could not be written.
    """
    with SessionWriter(out, header_of(recording, exercise)) as writer:
        writer.append(Samples.measured(recording.t_s, recording.acc_mps2, recording.gyr_radps))
        write_truth(writer.folder / "truth.csv", recording)
    return writer.folder


def header_of(recording: Recording, exercise: Exercise) -> SessionHeader:
    """The head of a synthetic session."""
    gyroscope = recording.gyr_radps is not None
    plan = recording.plan
    mount = Mount.from_axes(cranial=plan.cranial, anterior=plan.anterior, source="nominal")
    return SessionHeader(
        exercise=exercise.key,
        mount=mount,
        sensor=SensorInfo(
            family="simulated",
            model="simulated LSM6DS3-class sensor" + ("" if gyroscope else ", accelerometer only"),
            rate_hz=recording.rate_hz,
            has_gyroscope=gyroscope,
            mount=mount,
            acc_range_mps2=recording.sensor.acc_range_g * G_MPS2,
            gyr_range_radps=float(np.deg2rad(recording.sensor.gyr_range_dps)),
        ),
        acc_mps2_per_lsb=recording.acc_g_per_lsb * G_MPS2,
        gyr_radps_per_lsb=float(np.deg2rad(recording.gyr_dps_per_lsb)) if gyroscope else None,
        target_tempo=exercise.target_tempo,
        synthetic=True,
        notes=f"Synthetic: a simulated person, no body moved. Seed {recording.seed}; the truth is in truth.csv.",
    )
