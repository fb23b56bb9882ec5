"""What a person finds on the disk after a session, however it ended."""

import dataclasses
import errno
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.errors import StorageError
from imu.model import Analysis, Mount, Rep, Samples, SensorInfo, SetSummary, Verdict
from imu.sessions import SessionHeader, SessionWriter, put_in_order, read_session
from imu.sessions import writer as writer_module
from imu.sessions.appendfile import AppendFile
from imu.sessions.writer import write_analysis


def header(**fields: object) -> SessionHeader:
    sensor = SensorInfo(family="native", model="BX", rate_hz=104.0, has_gyroscope=bool(fields.pop("gyroscope", True)))
    return SessionHeader(exercise="back-extension", sensor=sensor, started_utc="2026-11-20T18:30:05Z", **fields)  # type: ignore[arg-type]


def block(first: int, n: int, *, gyroscope: bool = True) -> Samples:
    index = np.arange(first, first + n)
    values = np.sin(index[:, None] * 0.1 + np.arange(6))
    return Samples.measured(
        index / 104,
        9.81 * values[:, :3],
        values[:, 3:] if gyroscope else None,
        index=index,
        arrival_s=index / 104 + 0.05,
    )


def ledger() -> Analysis:
    rep = Rep(set=1, rep=1, verdict=Verdict.COUNTED, start_s=1.0, end_s=4.0, lift_start_s=1.0, lift_end_s=2.5)
    one = SetSummary(
        set=1, start_s=1.0, end_s=4.0, reps=1, rest_s=float("nan"), time_under_tension_s=3.0, mean_tempo="?",
        mean_rom_deg=80.0, mean_top_hold_s=1.0, lift_rate_loss_pct=0.0,
    )  # fmt: skip
    mount = Mount.from_axes(cranial="+y", anterior="+z", source="learned")
    return Analysis(
        reps=(rep,), sets=(one,), mount=mount, straight_line_deg=41.5, straight_line_source="median of tops"
    )


def test_what_was_declared_of_the_mount_is_kept_beside_what_the_motion_showed(tmp_path: Path) -> None:
    declared = Mount.from_axes(cranial="+x", anterior="+z")
    found = Mount.from_axes(cranial="+y", anterior="+z", source="declared, corrected")
    with SessionWriter(tmp_path, header()) as writer:
        writer.append(block(0, 300))
        writer.close()
    told = dataclasses.replace(read_session(writer.folder).header, mount=declared)
    write_analysis(writer.folder, told, dataclasses.replace(ledger(), mount=found))
    again = read_session(writer.folder).header
    assert (again.mount, again.mount_corrected) == (declared, found)
    write_analysis(writer.folder, again, dataclasses.replace(ledger(), mount=declared))
    assert read_session(writer.folder).header.mount_corrected is None


def test_folder_is_named_by_start_and_exercise_and_never_reused(tmp_path: Path) -> None:
    with SessionWriter(tmp_path, header()) as first, SessionWriter(tmp_path, header()) as second:
        assert first.folder.name == "20261120T183005Z_back-extension"
        assert second.folder != first.folder


@pytest.mark.parametrize("gyroscope", [True, False])
def test_what_was_recorded_is_read_back(tmp_path: Path, gyroscope: bool) -> None:
    recorded = block(0, 300, gyroscope=gyroscope)
    with SessionWriter(tmp_path, header(load_kg=10.0, gyroscope=gyroscope)) as writer:
        writer.append(recorded)
        writer.event("marker", 1.5, 'a "quoted", two-line\nnote')
        writer.close(ledger())
    session = read_session(writer.folder)
    np.testing.assert_allclose(session.samples.t_s, recorded.t_s, atol=5e-7)
    np.testing.assert_allclose(session.samples.acc_mps2, recorded.acc_mps2, atol=5e-6)
    if recorded.gyr_radps is None:
        assert session.samples.gyr_radps is None
    else:
        np.testing.assert_allclose(session.samples.gyr_radps, recorded.gyr_radps, atol=5e-7)
    assert [(e.kind, e.t_s, e.detail) for e in session.events] == [("marker", 1.5, 'a "quoted", two-line note')]
    assert session.reps[0].verdict is Verdict.COUNTED
    assert session.sets[0].reps == 1
    assert session.header.straight_line_deg == 41.5
    assert session.header.mount == ledger().mount
    assert "10.00" in (writer.folder / "sets.csv").read_text()


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), min_size=1, max_size=12))
def test_late_and_repeated_blocks_end_up_sorted_and_once(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[tuple[int, int]]
) -> None:
    writer = SessionWriter(tmp_path_factory.mktemp("session"), header())
    for first, n in blocks:
        writer.append(block(first, n))
    before = read_session(writer.folder).samples
    writer.close()
    session = read_session(writer.folder)
    expected = sorted({i for first, n in blocks for i in range(first, first + n)})
    assert session.samples.index.tolist() == before.index.tolist() == expected
    in_file = [int(line.split(",")[0]) for line in (writer.folder / "samples.csv").read_text().splitlines()[1:]]
    assert in_file == expected


@given(cut=st.integers(0, 3000))
def test_a_session_cut_off_anywhere_keeps_every_whole_line(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    writer = SessionWriter(tmp_path_factory.mktemp("session"), header())
    writer.append(block(0, 30))
    file = writer.folder / "samples.csv"
    whole = file.read_bytes()
    kept = whole[: max(whole.index(b"\n") + 1, len(whole) - cut)]
    file.write_bytes(kept)
    session = read_session(writer.folder)
    assert len(session.samples) == kept.count(b"\n") - 1
    assert bool(session.warnings) == (not kept.endswith(b"\n"))
    writer.close()


def test_a_recorder_killed_in_its_first_instant_leaves_a_readable_session(tmp_path: Path) -> None:
    with SessionWriter(tmp_path, header()) as writer:
        pass
    for name in ("samples.csv", "events.csv"):
        (writer.folder / name).write_bytes(b"")
    session = read_session(writer.folder)
    assert len(session.samples) == 0
    assert session.events == ()


class FullDisk:
    """Lets a file grow to `room` bytes more, then says what a full disk says, after writing what still fits."""

    def __init__(self, file: object, room: int) -> None:
        self.file, self.room = file, room

    def write(self, data: bytes) -> int:
        part = data[: self.room]
        self.room -= len(part)
        if not part:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return int(self.file.write(part))  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> object:
        return getattr(self.file, name)


def test_full_disk_is_named_leaves_whole_lines_and_loses_nothing_once_there_is_room(tmp_path: Path) -> None:
    writer = SessionWriter(tmp_path, header())
    writer.append(block(0, 10))
    appended = writer._samples
    real = appended._file
    appended._file = FullDisk(real, room=100)  # type: ignore[assignment]
    with pytest.raises(StorageError, match=r"No space left.*samples\.csv could not be written"):
        writer.append(block(10, 10))
    session = read_session(writer.folder)
    assert session.warnings == ()
    assert session.samples.index.tolist() == list(range(11))  # what had room is kept
    appended._file = real
    writer.append(block(20, 10))
    writer.close(ledger())
    assert read_session(writer.folder).samples.index.tolist() == list(range(30))


def test_a_rewrite_that_fails_leaves_the_samples_as_appended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SessionWriter(tmp_path, header())
    writer.append(block(10, 10))
    writer.append(block(0, 10))
    appended = (writer.folder / "samples.csv").read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="Free some space"):
            writer.close(ledger())
    assert (writer.folder / "samples.csv").read_bytes() == appended
    assert not list(writer.folder.glob("*.tmp"))
    put_in_order(writer.folder / "samples.csv")
    assert read_session(writer.folder).samples.index.tolist() == list(range(20))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        SessionWriter(tmp_path / "file", header())


def test_labels_of_a_person_are_never_touched(tmp_path: Path) -> None:
    writer = SessionWriter(tmp_path, header())
    labels = b"start_s,end_s,verdict,by,at_utc,note\n1,4,COUNTED,me,2026-11-20T18:40:00Z,slow one"
    (writer.folder / "labels.csv").write_bytes(labels + b"\n")
    writer.append(block(5, 10))
    writer.append(block(0, 10))
    writer.close(ledger())
    assert (writer.folder / "labels.csv").read_bytes() == labels + b"\n"
    assert read_session(writer.folder).labels[0].verdict is Verdict.COUNTED


def test_header_and_samples_must_agree_on_the_gyroscope(tmp_path: Path) -> None:
    with SessionWriter(tmp_path, header()) as writer, pytest.raises(ValueError, match="has_gyroscope"):
        writer.append(block(0, 3, gyroscope=False))


def test_a_session_that_cannot_be_begun_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoEvents(AppendFile):
        def _write(self, piece: bytes) -> int:
            if self.path.name == "events.csv":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super()._write(piece)

    monkeypatch.setattr(writer_module, "AppendFile", NoEvents)
    with pytest.raises(StorageError, match=r"events\.csv could not be written"):
        SessionWriter(tmp_path, header())
    assert list(tmp_path.iterdir()) == []


def test_a_session_in_which_nothing_happened_can_be_discarded(tmp_path: Path) -> None:
    SessionWriter(tmp_path, header()).discard()
    assert list(tmp_path.iterdir()) == []
