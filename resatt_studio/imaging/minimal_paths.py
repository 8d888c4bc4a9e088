"""The cheapest way from one pixel to any other."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.errors import BugError
from resatt_studio.records.arrays import Float32Array

Pixels = npt.NDArray[np.int64]


class PathField:
    """Cheapest ways over a map of costs, from one pixel to all others (Dijkstra, 8 neighbours).

    A step costs the pixel that it enters, times its length. OpenCV's solver does the work: its intelligent
    scissors take any costs in place of their own edge costs. It takes about 0.5 us a pixel, lets other
    threads run meanwhile, and answers in well under a millisecond once the map is there.

    Args:
        cost: h x w float32, positive and finite.
        start: (row, column).

    Raises:
        BugError: The start lies outside.
    """

    def __init__(self, cost: Float32Array, start: tuple[int, int]) -> None:
        height, width = cost.shape
        if not (0 <= start[0] < height and 0 <= start[1] < width):
            raise BugError(f"a path starts at {start}, outside {height} x {width}")
        self.start = start
        self._cost = cost  # the solver keeps no copy of what it is given
        self._solver = cv2.segmentation.IntelligentScissorsMB()
        self._solver.setWeights(0.0, 0.0, 1.0)
        # The two features that weigh nothing have to be there all the same.
        self._unused = (np.zeros((height, width), np.uint8), np.zeros((height, width, 2), np.float32))
        self._solver.applyImageFeatures(*self._unused, cost)
        self._solver.buildMap((start[1], start[0]))

    def path_to(self, end: tuple[int, int]) -> Pixels:
        """Pixels from the start to ``end``, both included: N x 2 int64 (row, column), N at least 1.

        Raises:
            BugError: The end lies outside.
        """
        height, width = self._cost.shape
        if not (0 <= end[0] < height and 0 <= end[1] < width):
            raise BugError(f"a path ends at {end}, outside {height} x {width}")
        if end == self.start:
            return np.array([end], np.int64)
        contour = self._solver.getContour((end[1], end[0]))
        return np.asarray(contour, np.int64).reshape(-1, 2)[:, ::-1]
