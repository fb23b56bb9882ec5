"""The rules of who may come in, without a server."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from imu.app.live.hub import Role
from imu.app.live.security import VALID_S, Door, headers, kept_key


@given(st.text())
def test_no_text_is_a_cookie_or_a_token(text: str) -> None:
    door = Door(key=b"k" * 32)
    assert door.role(text) is None
    assert door.trade(text) is None


@given(role=st.sampled_from(Role), at_s=st.floats(0, 4e9), later_s=st.floats(0, 2 * VALID_S))
def test_a_cookie_is_good_for_half_a_day(role: Role, at_s: float, later_s: float) -> None:
    door = Door(key=b"k" * 32)
    known = door.role(door.cookie(role, at_s), at_s + later_s)
    assert known is (role if later_s < VALID_S - 1.0 else known if later_s < VALID_S + 1.0 else None)


@given(st.text())
def test_no_name_but_our_own_is_known(host: str) -> None:
    door = Door(key=b"k", names={"bench.local", "192.168.1.7"})
    known = {"127.0.0.1", "localhost", "[::1]", "bench.local", "192.168.1.7", "10.0.0.3"}
    assert not door.knows(host, "10.0.0.3") or host.lower().rpartition(":")[0] in known or host.lower() in known


def test_a_machine_is_known_by_the_address_it_was_reached_at() -> None:
    door = Door(key=b"k")
    assert door.knows("192.168.1.7:8770", "192.168.1.7")
    assert door.knows("[fe80::1]:8770", "fe80::1")
    assert not door.knows("192.168.1.8:8770", "192.168.1.7")
    assert not door.knows("192.168.1.8:8770", None)


def test_over_tls_only_the_page_over_tls_is_ours() -> None:
    door = Door(key=b"k", secure=True)
    assert door.is_ours("https://bench.local:1", "bench.local:1")
    assert not door.is_ours("http://bench.local:1", "bench.local:1")
    assert "wss://bench.local:1" in headers("bench.local:1", secure=True)["content-security-policy"]


def test_the_key_outlives_the_program_for_half_a_day_and_is_the_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "imu"
    key = kept_key(folder, 1000.0)
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert kept_key(folder, 1000.0 + VALID_S - 1.0) == key
    later = kept_key(folder, 1000.0 + VALID_S)
    assert later != key
    file.chmod(0o644)
    assert kept_key(folder, 1001.0 + VALID_S) != later
    file.write_text("{")
    assert len(kept_key(folder, 1000.0)) == 32


def test_a_key_that_cannot_be_kept_is_as_good_until_the_end(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert len(kept_key(tmp_path / "file" / "below")) == 32
