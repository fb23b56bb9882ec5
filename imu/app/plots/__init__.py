"""Pictures of sessions, the same in the notebook, in the report and from `imu plot`.

    import imu
    from imu.app import plots

    plots.tempo(imu.read_session("recordings/example-back-extension"))

Each is one call that takes a `Review` (`sessions` one or several) and gives a matplotlib `Figure`; its `caption` says
how to read it. Who wants more has the figure's axes.

Why matplotlib: what is wanted are still pictures on paper, in a file and in a page that needs no network and no script;
it is what a researcher's paper is drawn with anyway; its vector output stands inside HTML as it is. Libraries for the
browser bring megabytes of script for each page, and print badly.
"""

from __future__ import annotations

from imu.errors import UsageError

try:
    import matplotlib as _matplotlib  # noqa: F401
except ImportError:
    raise UsageError(
        "Pictures need matplotlib, which is not installed; pip install 'imu-back-extension[plots]' brings it."
    ) from None

from imu.app.plots.compare import session_table, sessions, sets
from imu.app.plots.form import control, form
from imu.app.plots.link import link
from imu.app.plots.picture import ENDINGS, Chart, Picture
from imu.app.plots.shape import overlay
from imu.app.plots.tempo import tempo, top_hold
from imu.app.plots.trace import hold, ledger, trace
from imu.review.tables import Review

CHARTS: dict[str, Chart[Review]] = {
    one.name: one for one in (trace, overlay, tempo, top_hold, control, form, hold, sets, ledger, link)
}
"""Every picture of one session by its name, in the order in which they are read."""
REPS_ONLY = ("trace", "overlay", "tempo", "top-hold", "form", "control", "sets")
"""Those that say nothing of a static hold."""


def charts_for(review: Review) -> list[Chart[Review]]:
    """The pictures that say something of this session: of a static hold other ones than of repetitions."""
    leave_out = set(REPS_ONLY if review.exercise.static else ("hold",))
    if len(review.sets) < 2:
        leave_out.add("sets")
    if not len(review.ledger):
        leave_out.add("ledger")
    if not len(review.reps):
        leave_out.update({*REPS_ONLY, "hold"} - {"trace"})
    return [one for name, one in CHARTS.items() if name not in leave_out]


__all__ = [
    "CHARTS",
    "ENDINGS",
    "Chart",
    "Picture",
    "charts_for",
    "control",
    "form",
    "hold",
    "ledger",
    "link",
    "overlay",
    "session_table",
    "sessions",
    "sets",
    "tempo",
    "top_hold",
    "trace",
]
