"""Says that predicted crack is crack."""

from __future__ import annotations

from resatt_studio.app.tools.judge import Judge
from resatt_studio.records.correction import Label


class Accept(Judge):
    """Confirms the predicted crack under a click, or all of it inside a loop."""

    verdict = Label.CRACK
