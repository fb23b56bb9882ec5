"""Session folders: raw samples that are the truth, what was derived from them, and what happened on the way.

The meaning of every file and column is in `recordings/README.md`.
"""

from imu.sessions.calibrations import CALIBRATION, GIVEN_UP, calibration_detail, calibrations_in
from imu.sessions.header import SessionHeader, read_header, utc_now, write_header
from imu.sessions.reader import Recording, Session, read_recording, read_session
from imu.sessions.said import LOAD, SET_BEGUN, SET_ENDED, TARGET, TARGET_REPS, Said, load_detail, target_detail
from imu.sessions.samplesfile import encode, header_line
from imu.sessions.tables import (
    REP_COLUMNS,
    SET_COLUMNS,
    Label,
    SessionEvent,
    read_events,
    read_labels,
    read_reps,
    read_sets,
    write_reps,
    write_sets,
)
from imu.sessions.timeofday import utc_of
from imu.sessions.writer import SessionWriter, put_in_order, write_analysis

__all__ = [
    "CALIBRATION",
    "GIVEN_UP",
    "LOAD",
    "REP_COLUMNS",
    "SET_BEGUN",
    "SET_COLUMNS",
    "SET_ENDED",
    "TARGET",
    "TARGET_REPS",
    "Label",
    "Recording",
    "Said",
    "Session",
    "SessionEvent",
    "SessionHeader",
    "SessionWriter",
    "calibration_detail",
    "calibrations_in",
    "encode",
    "header_line",
    "load_detail",
    "put_in_order",
    "read_events",
    "read_header",
    "read_labels",
    "read_recording",
    "read_reps",
    "read_session",
    "read_sets",
    "target_detail",
    "utc_now",
    "utc_of",
    "write_analysis",
    "write_header",
    "write_reps",
    "write_sets",
]
