"""One half of the people to develop on, the other to check on."""

from __future__ import annotations

from collections.abc import Iterable


def halves(people: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Call every person, as (data set, name), `even` or `odd` by their place among the sorted names of the data set.

    The names alone decide, so the halves are the same on every machine and in every run.
    """
    by_set: dict[str, set[str]] = {}
    for dataset, name in people:
        by_set.setdefault(dataset, set()).add(name)
    return {
        (dataset, name): ("even", "odd")[place % 2]
        for dataset, names in by_set.items()
        for place, name in enumerate(sorted(names))
    }
