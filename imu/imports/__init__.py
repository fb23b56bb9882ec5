"""Recordings of other programs: one pure file per format, files -> `Source`, and one row in the table here."""

from imu.imports.bundle import Bundle, open_bundle
from imu.imports.checked import Imported, checked
from imu.imports.dot import DOT
from imu.imports.format import Format, Source
from imu.imports.generic import CSV_KEY, generic
from imu.imports.metabase import METABASE
from imu.imports.movesense import MOVESENSE
from imu.imports.phyphox import PHYPHOX
from imu.imports.polar_logger import POLAR_LOGGER
from imu.imports.sensor_logger import SENSOR_LOGGER

FORMATS: tuple[Format, ...] = (SENSOR_LOGGER, PHYPHOX, METABASE, POLAR_LOGGER, MOVESENSE, DOT)
"""All formats that are recognised by themselves; a table of any other make is read with `generic`."""

__all__ = ["CSV_KEY", "FORMATS", "Bundle", "Format", "Imported", "Source", "checked", "generic", "open_bundle"]
