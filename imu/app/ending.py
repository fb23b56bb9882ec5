"""Ways to end the program from outside: each is taken as Ctrl-C is, so that the sensor is stopped and all is kept."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


def run_until_ended(work: Coroutine[Any, Any, _T]) -> _T:
    """`asyncio.run`, but SIGTERM, and SIGHUP of a terminal that was closed, cancel the work as Ctrl-C does.

    A terminal that is closed says so twice, its shell and then the system, and who says SIGTERM may say SIGHUP next:
    one that follows another of these signals changes nothing any more.

    Raises:
        KeyboardInterrupt: It was ended, and the work did not take the cancellation for its end.
    """

    async def watched() -> _T:
        if sys.platform != "win32":
            _watch(asyncio.current_task())
        return await work

    try:
        return asyncio.run(watched())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def take_cancellation() -> None:
    """Go on after a `CancelledError` that was meant for something else, or has been done."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


if sys.platform != "win32":

    def _watch(task: asyncio.Task[Any] | None) -> None:
        """Listen to the signals that nobody has chosen to ignore, as `nohup` does."""
        loop = asyncio.get_running_loop()
        for sent in (signal.SIGTERM, signal.SIGHUP):
            if task is not None and signal.getsignal(sent) is signal.SIG_DFL:
                loop.add_signal_handler(sent, _end, task, sent)

    def _end(task: asyncio.Task[Any], sent: signal.Signals) -> None:
        loop = asyncio.get_running_loop()
        if sent is signal.SIGHUP:
            _forget_terminal()
        elif loop.remove_signal_handler(signal.SIGHUP):
            loop.add_signal_handler(signal.SIGHUP, _forget_terminal)
        task.cancel()

    def _forget_terminal() -> None:
        """Let what is still printed go nowhere: a terminal that is gone answers with an error. Nor hear of it again."""
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for fd in (1, 2):
            if stat.S_ISCHR(os.fstat(fd).st_mode):
                os.dup2(nowhere, fd)
        os.close(nowhere)
