"""The exceptions a user of this package can meet, split by whose fault they are.

ImuError                    anything this package says on purpose
 ├─ UsageError              what was asked for cannot be done: an unknown exercise, a bad option
 ├─ DataError               a file or a stream holds something that is not a recording
 ├─ SensorError             the sensor or the radio
 │   ├─ BluetoothUnavailable    this machine has no working Bluetooth
 │   ├─ SensorNotFound          none of ours in range
 │   ├─ SeveralSensors          more than one: the person has to choose
 │   ├─ ConnectionFailed        found, but it would not connect or stream
 │   └─ SensorFault             it answers, but what it says cannot be believed
 └─ StorageError            the disk is full, or a folder cannot be written

Every message is one sentence that says what happened and where, followed by what to do about it. The command line
prints it as it is and leaves with `exit_code`.
"""

from __future__ import annotations


class ImuError(Exception):
    """Base of all errors raised on purpose; `exit_code` is what the command line leaves with."""

    exit_code = 1


class UsageError(ImuError):
    """What was asked for cannot be done; the message names the valid choices."""

    exit_code = 2


class DataError(ImuError):
    """A file or stream is not what it should be; the message names file, line and column where known."""

    exit_code = 3


class SensorError(ImuError):
    """Something between this machine and the sensor."""

    exit_code = 4


class BluetoothUnavailable(SensorError):
    """This machine has no Bluetooth adapter, or it is off, or the program may not use it."""


class SensorNotFound(SensorError):
    """No sensor answered within the scan."""


class SeveralSensors(SensorError):
    """More than one sensor answered and none was named."""


class ConnectionFailed(SensorError):
    """The sensor was seen but would not connect, configure or stream."""


class SensorFault(SensorError):
    """The sensor reports a fault, or its data cannot be the motion of a body."""


class StorageError(ImuError):
    """Something could not be written; what had been is kept."""

    exit_code = 5
