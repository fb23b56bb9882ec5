"""Write the README's figures anew: run the commands below and put what they print between its marks.

    python tests/benchmarks/readme.py FOLDER

FOLDER holds real recordings with truth (see `imu evaluate --help`); without it only the simulator's figures are
written. It takes some minutes. `--sets N` is for trying it out: the README states how many there are.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
IMU = [sys.executable, "-c", "from imu.app.cli import main; main()"]
RIVALS = [sys.executable, str(ROOT / "tests" / "benchmarks" / "rivals.py")]
SHORT = ["--short", "--markdown"]
SETS, RIVAL_SETS = 40, 20


def main() -> None:
    """Run the commands and rewrite the README."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--sets", type=int, default=SETS)
    parser.add_argument("--jobs", type=int, help="processes; one a core if not given")
    asked = parser.parse_args()
    text = README.read_text(encoding="utf-8")
    for mark, command in commands(asked.folder, asked.sets).items():
        print(mark, *command[len(IMU) :], file=sys.stderr)
        if asked.jobs and command[: len(IMU)] == IMU:
            command = [*command, "--jobs", str(asked.jobs)]  # noqa: PLW2901
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        text = put(text, mark, done.stdout)
    README.write_text(text, encoding="utf-8")


def commands(folder: Path | None, sets: int = SETS) -> dict[str, list[str]]:
    """What stands between each pair of marks."""
    found = {"accuracy": [*IMU, "evaluate", "--sets", str(sets), "--robust", *SHORT]}
    if folder is not None:
        where = str(folder.resolve())
        found["accuracy-real"] = [*IMU, "evaluate", where, "--exercise", "hinge", *SHORT]
        rival_sets = str(min(sets, RIVAL_SETS))
        found["accuracy-rivals"] = [*RIVALS, where, "--sets", rival_sets, *SHORT]
    return found


def put(text: str, mark: str, figures: str) -> str:
    """Replace what stands between `<!-- mark -->` and `<!-- /mark -->`.

    Raises:
        ValueError: The marks are not there, each once.
    """
    between = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", re.DOTALL)
    if len(between.findall(text)) != 1:
        raise ValueError(f"README.md has to have <!-- {mark} --> and <!-- /{mark} --> once.")
    return between.sub(lambda m: f"{m[1]}{figures.strip()}\n{m[2]}", text)


if __name__ == "__main__":
    main()
