"""Fuzz one target for long, guided by coverage. By hand: pip install atheris, then

python tests/fuzz/run_atheris.py TARGET [-max_total_time=600] [FOLDER]

TARGET is one of those in `targets.py`, `polar_targets.py` and `strap_targets.py`. What breaks it is written to
`crash-*`; FOLDER keeps what it found worth trying.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from pathlib import Path

import atheris

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent), str(ROOT)]

with atheris.instrument_imports(include=["firmware_proto", "imu"]):
    import polar_targets
    import strap_targets
    import targets


def main() -> None:
    """Fuzz until told to stop, beginning with the golden bytes."""
    logging.disable()
    target = {**targets.TARGETS, **polar_targets.TARGETS, **strap_targets.TARGETS}[sys.argv.pop(1)]
    with tempfile.TemporaryDirectory() as seeds:
        vectors = json.loads((ROOT / "firmware_proto" / "vectors.json").read_text(encoding="utf-8"))
        for place, one in enumerate(vectors["messages"] + vectors["malformed"]):
            (Path(seeds) / str(place)).write_bytes(bytes.fromhex(one["hex"]))
        atheris.Setup([*sys.argv, seeds], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
