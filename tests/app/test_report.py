"""`imu report`: one page that holds everything, needs nothing, and fits a phone."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import Result

import imu as package
from imu.app import summary
from imu.app.report import render
from imu.errors import DataError, ImuError, StorageError, UsageError

Imu = Callable[..., Result]
EXAMPLES = Path(__file__).resolve().parents[2] / "recordings"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)
MEASURE = (
    "var root = contentDocument.documentElement; document.title = `needs ${root.scrollWidth} of ${root.clientWidth}`"
)


@pytest.fixture(scope="module")
def session() -> package.Review:
    return package.read_session(EXAMPLES / "example-back-extension")


@pytest.fixture(scope="module")
def page(session: package.Review) -> str:
    return render(session)


class Page(HTMLParser):
    """Tags, ids, references, and the text between."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.references: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            if name == "id":
                self.ids[str(value)] += 1
            if name in ("href", "src", "xlink:href", "action", "srcset", "data"):
                self.references.append(str(value))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_it_holds_the_numbers_of_the_tables(page: str, session: package.Review) -> None:
    text = Page(page).text
    for _, rep in session.reps.iterrows():
        assert rep["tempo"] in text
        assert f"{rep['rom_deg']:.0f} ±{rep['rom_pm_deg']:.0f}" in text
    for _, one in session.sets.iterrows():
        assert one["mean_tempo"] in text
    assert text.count("TRANSITION: getting on or off") == 2
    assert package.__version__ in text
    assert "edge10" in text


def test_it_begins_with_what_was_done_and_what_slipped(page: str, session: package.Review) -> None:
    head = page[: page.index("<h2>Pictures")]
    for line in summary.in_words(session):
        assert html.escape(line) in head
    assert "Synthetic session: no body moved" in head


def test_it_needs_no_network_and_no_script(page: str) -> None:
    parsed = Page(page)
    assert parsed.tags["script"] == parsed.tags["link"] == parsed.tags["iframe"] == parsed.tags["img"] == 0
    assert all(reference.startswith("#") for reference in parsed.references)
    assert not re.findall(r"url\((?!#)|@import", page)
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) <= {
        "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink", "http://www.w3.org/1999/xhtml",
    }  # fmt: skip


def test_every_id_is_there_once_and_every_reference_leads_somewhere(page: str) -> None:
    parsed = Page(page)
    wanted = {one.removeprefix("#") for one in parsed.references} | set(re.findall(r"url\(#([^)]+)\)", page))
    assert wanted <= set(parsed.ids)
    assert {one: n for one, n in parsed.ids.items() if n > 1 and one in wanted} == {}


def test_every_picture_has_its_caption(page: str) -> None:
    parsed = Page(page)
    assert parsed.tags["figure"] == parsed.tags["svg"] == 10
    assert parsed.text.count("How to read it:") == 9, "once for the two sets' angles"


def test_what_a_person_wrote_is_text_and_no_markup(tmp_path: Path, imu: Imu) -> None:
    folder = Path(shutil.copytree(EXAMPLES / "example-no-gyroscope", tmp_path / "one"))
    header = json.loads((folder / "session.json").read_text(encoding="utf-8"))
    header |= {"person": "<b>p7</b>", "notes": '<script>alert("x")</script>', "load_kg": 12.5, "synthetic": False}
    (folder / "session.json").write_text(json.dumps(header), encoding="utf-8")
    assert imu("report", folder).exit_code == 0
    written = (folder / "report.html").read_text(encoding="utf-8")
    parsed = Page(written)
    assert parsed.tags["script"] == parsed.tags["b"] == 0
    assert "<b>p7</b>" in parsed.text
    assert "12.5 kg" in parsed.text
    assert "ynthetic" not in written.replace(".synthetic", "")
    assert not list(folder.glob("*.tmp"))


def test_it_goes_where_it_is_wanted(tmp_path: Path, imu: Imu, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda uri: opened.append(uri) or True)
    done = imu("report", EXAMPLES / "example-no-gyroscope", "--html", tmp_path / "a.html", "--open")
    assert done.exit_code == 0
    assert opened == [(tmp_path / "a.html").as_uri()]


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (("--html", "a.txt"), UsageError, r"ends in \.html"),
        (("--html", "not/there/a.html"), StorageError, r"--html"),
        (("gone",), DataError, "gone"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    imu: Imu, arguments: tuple[str, ...], error: type[ImuError], said: str
) -> None:
    session = () if arguments == ("gone",) else (EXAMPLES / "example-no-gyroscope",)
    done = imu("report", *session, *arguments)
    assert done.exit_code == error.exit_code
    assert re.search(said, done.output)


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium to measure a page with")
def test_a_phone_shows_the_whole_width(page: str, tmp_path: Path) -> None:
    phone = (
        f'<iframe srcdoc="{html.escape(page)}" width="390" height="844" style="border: 0" onload="{MEASURE}"></iframe>'
    )
    (tmp_path / "page.html").write_text(f"<!DOCTYPE html><title></title>{phone}", encoding="utf-8")
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
        "--virtual-time-budget=20000", "--dump-dom", (tmp_path / "page.html").as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    found = re.search(r"<title>needs (\d+) of (\d+)</title>", done.stdout)
    assert found, done.stderr
    assert int(found[1]) <= int(found[2]) <= 390
