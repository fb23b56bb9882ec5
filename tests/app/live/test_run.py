"""`imu live` as a whole: links, certificate, ports, and the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import ssl
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from app.live.served import Page, StillStudio
from typer.testing import CliRunner
from websockets.asyncio.client import connect

from imu.app.cli import app
from imu.app.live.certificate import certificate
from imu.app.live.command import _end
from imu.app.live.run import Links, Where, lan_hosts, live, show
from imu.app.live.server import listen
from imu.app.live.studio import Studio
from imu.app.record import Plan
from imu.errors import SensorNotFound, StorageError, UsageError
from imu.exercises import get_exercise
from imu.sessions import read_session

ROOT = Path(__file__).resolve().parents[3]
BENCH = get_exercise("back-extension")


class Waiting(StillStudio):
    """A studio that runs until it is cancelled, as the real one does."""

    async def run(self) -> None:
        await asyncio.Event().wait()


async def opened(where: Where, studio: Any) -> tuple[asyncio.Task[None], Links]:
    """Serve a studio in a task; gives the links once they are shown."""
    shown: asyncio.Future[Links] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(live(studio, where, lambda links, _: shown.set_result(links)))
    await asyncio.wait([task, shown], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    return task, await shown


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await task


async def status(link: str, context: ssl.SSLContext | None = None) -> tuple[int, str]:
    """The status of a link's answer, and its cookie."""
    host, port = re.match(r"https?://([^:]+):(\d+)/", link).groups()  # type: ignore[union-attr]
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    path = link.partition(f":{port}")[2]
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    head = (await reader.read()).decode()
    writer.close()
    cookie = re.search(r"set-cookie: ([^;]+)", head)
    return int(head.split()[1]), cookie[1] if cookie else ""


async def test_by_default_only_this_machine_can_open_it(tmp_path: Path) -> None:
    studio = Waiting()
    task, links = await opened(Where(port=0, state=tmp_path), studio)
    assert links.root.startswith("http://127.0.0.1:")
    assert studio.view_link is None
    own = [one for one in lan_hosts() if one[0].isdigit()]
    port = int(links.root.rpartition(":")[2].strip("/"))
    for address in own:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(address, port)
    assert (await status(links.view))[0] == 303
    await ended(task)


async def test_in_the_network_it_is_had_by_this_machines_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = [one for one in lan_hosts() if one[0].isdigit()]
    if not own:
        pytest.skip("this machine is in no network")
    studio, where = Waiting(), Where(lan=True, port=0, state=tmp_path)
    task, links = await opened(where, studio)
    assert studio.view_link == links.view
    assert links.root.startswith(f"http://{own[0]}:")
    show(links, where)
    said = capsys.readouterr().err
    assert links.control in said.replace("\n", "")
    assert links.view in said.replace("\n", "")
    assert "█" in said
    assert (await status(links.control))[0] == 303
    assert (await status(links.view))[1].partition("=")[2].startswith("view.")
    assert links.control in capsys.readouterr().err.replace("\n", "")  # the next one
    await ended(task)


async def test_over_tls_a_page_is_served_to_who_trusts_the_certificate(tmp_path: Path) -> None:
    task, links = await opened(Where(port=0, tls=True, state=tmp_path), Waiting())
    trusting = ssl.create_default_context(cafile=tmp_path / "live-certificate.pem")
    code, cookie = await status(links.view, trusting)
    assert code == 303
    origin = links.root.rstrip("/")
    async with connect(
        origin.replace("https", "wss") + "/ws", ssl=trusting, origin=origin, additional_headers={"Cookie": cookie},
        proxy=None,
    ) as one:  # type: ignore[arg-type]  # fmt: skip
        assert (await Page(one).next())["role"] == "view"
    with pytest.raises(ssl.SSLCertVerificationError):
        await status(links.view, ssl.create_default_context())
    await ended(task)


def test_a_certificate_is_kept_as_long_as_it_names_the_machine(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    files = certificate(folder, {"127.0.0.1", "bench.local"})
    first = [path.read_bytes() for path in files]
    assert files[1].stat().st_mode & 0o077 == 0
    assert [path.read_bytes() for path in certificate(folder, {"127.0.0.1"})] == first
    assert [path.read_bytes() for path in certificate(folder, {"127.0.0.1", "192.168.1.7"})] != first
    files[0].write_text("nonsense")
    assert certificate(folder, {"127.0.0.1"})[0].read_bytes().startswith(b"-----BEGIN CERTIFICATE")


@pytest.mark.parametrize("torn", [b"", b"nonsense", None], ids=["empty", "torn", "of another certificate"])
def test_a_key_that_is_not_the_certificates_is_made_anew_with_it(tmp_path: Path, torn: bytes | None) -> None:
    files = certificate(tmp_path / "state", {"127.0.0.1"})
    other = certificate(tmp_path / "other", {"127.0.0.1"})
    files[1].write_bytes(other[1].read_bytes() if torn is None else torn)  # the disk was full in between
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*certificate(tmp_path / "state", {"127.0.0.1"}))


def test_a_certificate_that_cannot_be_made_is_said_with_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="leave out --tls"):
        certificate(tmp_path / "file" / "below", {"127.0.0.1"})
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(UsageError, match=r"needs the package cryptography.*\[live\]"):
        certificate(tmp_path, {"127.0.0.1"})


async def test_a_port_in_use_is_said_with_the_mend(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {port} is in use.*--port {port + 1}"):
            await live(Studio(Plan(exercise=BENCH, out=tmp_path)), Where(port=port, state=tmp_path))
    with pytest.raises(UsageError, match="cannot be used"):
        listen("192.0.2.1", 0)


def test_it_ends_with_the_error_of_the_last_session(tmp_path: Path) -> None:
    studio = Studio(Plan(exercise=BENCH, out=tmp_path))
    studio.error = SensorNotFound("No sensor was found.")
    with pytest.raises(typer.Exit) as ended:
        _end(studio)
    assert ended.value.exit_code == SensorNotFound.exit_code
    studio.error = None
    with pytest.raises(KeyboardInterrupt):
        _end(studio)


def test_without_its_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("imu.app.live")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "segno", None)
    result = CliRunner().invoke(app, ["live", "--demo"])
    assert result.exit_code == 2
    assert "needs the package segno" in result.output
    assert "[live]" in result.output


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as a signal")
async def test_two_pages_see_a_simulated_person_counted_and_ctrl_c_keeps_the_session(tmp_path: Path) -> None:
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from imu.app.cli import main; main()"
    options = ["live", "--demo", "--speed", "20", "--reps", "4", "--port", "0", "--out", str(tmp_path / "out")]
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", start, *options, cwd=tmp_path, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, env=os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")},
    )  # fmt: skip
    assert program.stdout is not None
    link = None
    while link is None:
        line = (await program.stdout.readline()).decode()
        assert line, "it ended before it showed a link"
        link = re.search(r"http://\S+", line)
    cookie = (await status(link[0]))[1]
    root = link[0].partition("/?")[0]
    async with contextlib.AsyncExitStack() as stack:
        pages = []
        for _ in range(2):
            one = connect(
                root.replace("http", "ws") + "/ws", origin=root, additional_headers={"Cookie": cookie}, proxy=None
            )  # type: ignore[arg-type]
            pages.append(Page(await stack.enter_async_context(one)))
        for page in pages:
            await page.until(lambda m: m["kind"] == "rep" and m["row"]["rep"] == 2)
        program.send_signal(signal.SIGINT)
        for page in pages:
            assert (await page.until_kind("bye"))["text"].startswith("The program was ended")
    said = (await program.stdout.read()).decode()
    assert await program.wait() == 0, said
    seen = [[m for m in page.heard if m["kind"] in ("rep", "cue")] for page in pages]
    assert seen[0][-8:] == seen[1][-8:]
    numbers = [m["cue"]["text"] for m in seen[0] if m["kind"] == "cue" and m["cue"].get("why") == "count"]
    assert numbers[:2] == ["1", "2"]
    (folder,) = (tmp_path / "out").iterdir()
    assert f"Session: {folder}" in said
    assert read_session(folder).header.synthetic
