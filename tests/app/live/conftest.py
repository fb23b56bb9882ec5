"""The live page's server on a free port."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from app.live.served import Site, StillStudio, served


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("site") / "static"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>the page</title>")
    (folder / "page.js").write_text("'use strict';")
    (folder.parent / "secret.txt").write_text("secret")
    async with served(StillStudio(), static=folder) as one:
        yield one


@pytest.fixture
def site(one_site: Site) -> Site:
    """A studio in which nothing moves, served; beside the page's files lies one that is nobody's business."""
    one_site.studio.done.clear()
    one_site.controls.clear()
    return one_site
