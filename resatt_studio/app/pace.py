"""How fast a job goes and when it will be over; without Qt."""

from __future__ import annotations

from collections import deque

WINDOW_S = 30.0
"""What was longer ago says little about now."""
_FEWEST_S = 0.5


class Pace:
    """Follows the reports of one job.

    Counts that fall (another phase of the job begins) start it anew.
    """

    def __init__(self) -> None:
        self._points: deque[tuple[float, int]] = deque()

    def note(self, done: int, now_s: float) -> None:
        """``done`` units are finished at ``now_s`` seconds of a monotonic clock."""
        if self._points and done < self._points[-1][1]:
            self._points.clear()
        if not self._points or done > self._points[-1][1]:
            self._points.append((now_s, done))
        while len(self._points) > 2 and now_s - self._points[1][0] > WINDOW_S:
            self._points.popleft()

    def rate(self, now_s: float) -> float | None:
        """Units a second, None while too little is known. A job that stands still gets slower and slower."""
        if len(self._points) < 2:
            return None
        (begin_s, begun), (last_s, done) = self._points[0], self._points[-1]
        usual_s = (last_s - begin_s) / (len(self._points) - 1)
        until_s = max(last_s, now_s - usual_s)  # the next report is not late yet
        return (done - begun) / (until_s - begin_s) if until_s - begin_s >= _FEWEST_S else None

    def seconds_left(self, total: int, now_s: float) -> float | None:
        """Until ``total`` units are done; None while too little is known."""
        rate = self.rate(now_s)
        if not rate or total <= 0:
            return None
        return max(0.0, (total - self._points[-1][1]) / rate)


def clock(seconds: float) -> str:
    """Minutes and seconds, such as 1:05."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    return f"{minutes}:{rest:02d}"
