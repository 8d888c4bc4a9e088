"""Says that predicted crack is none."""

from __future__ import annotations

from resatt_studio.app.tools.judge import Judge
from resatt_studio.records.correction import Label


class Reject(Judge):
    """Refuses the predicted crack under a click, or all of it inside a loop."""

    verdict = Label.NOT_CRACK
