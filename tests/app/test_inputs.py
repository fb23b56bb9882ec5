"""Where `imu analyze` looks, and where it puts what it finds."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from imu.app.inputs import find_inputs, refuse_clashes
from imu.errors import DataError, UsageError

HEADER = "t_s,acc_x_mps2,acc_y_mps2,acc_z_mps2\n"


def put(path: Path, text: str = HEADER) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def stems(*paths: Path) -> list[str]:
    return [one.stem.as_posix() for one in find_inputs(paths)]


def test_a_data_set_with_a_manifest_is_its_own_root(tmp_path: Path) -> None:
    put(tmp_path / "manifest.csv", "recording,exercise\nlab/a.csv.gz,deadlift\nlab/b.csv.gz,walking\n")
    put(tmp_path / "truth.csv", "recording,reps\n")
    put(tmp_path / "lab/a.csv.gz")
    put(tmp_path / "lab/b.csv.gz")
    assert stems(tmp_path) == ["lab/a", "lab/b"]
    assert [one.exercise for one in find_inputs([tmp_path])] == ["deadlift", "walking"]


def test_a_folder_keeps_its_name_and_its_shape(tmp_path: Path) -> None:
    put(tmp_path / "day/one.csv")
    put(tmp_path / "day/evening/two.csv.gz")
    assert stems(tmp_path / "day") == ["day/evening/two", "day/one"]


def test_a_file_is_called_by_its_name(tmp_path: Path) -> None:
    assert stems(put(tmp_path / "x.csv.gz"), put(tmp_path / "y.csv")) == ["x", "y"]


def test_sessions_are_found_as_wholes_and_results_are_no_recordings(tmp_path: Path) -> None:
    put(tmp_path / "s/session.json", "{}")
    put(tmp_path / "s/samples.csv")
    put(tmp_path / "s/reps.csv", "set,rep\n")
    put(tmp_path / "bare.csv")
    put(tmp_path / "bare.reps.csv")
    put(tmp_path / "bare.angle.csv", "t_s,up_x,up_y,up_z\n")
    put(tmp_path / ".hidden/z.csv")
    assert [one.path.name for one in find_inputs([tmp_path])] == ["bare.csv", "s"]


def test_the_same_recording_named_twice_is_one(tmp_path: Path) -> None:
    path = put(tmp_path / "x.csv")
    assert len(find_inputs([path, tmp_path / "." / "x.csv", tmp_path])) == 1


@pytest.mark.parametrize("content", ["", "not gzip at all"])
def test_a_file_that_cannot_be_read_is_kept_for_its_fault_to_be_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "broken.csv.gz").write_text(content)
    assert [one.path.name for one in find_inputs([tmp_path])] == ["broken.csv.gz"]


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        find_inputs([tmp_path / "no"])
    with pytest.raises(DataError, match="holds no session and no recording"):
        find_inputs([tmp_path])


def test_results_that_would_overwrite_each_other_are_refused(tmp_path: Path) -> None:
    inputs = find_inputs([put(tmp_path / "a/x.csv"), put(tmp_path / "b/x.csv")])
    with pytest.raises(UsageError, match="both be called x"):
        refuse_clashes(inputs)


def test_a_folder_that_leads_back_to_itself_is_looked_into_once(tmp_path: Path) -> None:
    put(tmp_path / "a/x.csv")
    (tmp_path / "a/again").symlink_to(tmp_path, target_is_directory=True)
    assert stems(tmp_path) == [f"{tmp_path.name}/a/x"]


@pytest.mark.parametrize("where", ["folder", "manifest"])
def test_what_cannot_be_read_is_named(tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "x.csv")
    if where == "manifest":
        put(tmp_path / "manifest.csv", 'recording,exercise\nx.csv,"' + "x" * 140_000)
    else:
        closed = tmp_path / "closed"
        closed.mkdir()

        def iterdir(folder: Path) -> list[Path]:  # a superuser may look into any folder, so the mode would not do
            if folder == closed:
                raise PermissionError(13, "Permission denied")
            return [tmp_path / "x.csv", closed]

        monkeypatch.setattr(Path, "iterdir", iterdir)
    with pytest.raises(DataError, match=f"{where if where == 'manifest' else 'closed'}.* cannot be"):
        find_inputs([tmp_path])
