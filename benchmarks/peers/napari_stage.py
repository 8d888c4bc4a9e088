"""napari with a photo and an empty Labels layer over it; obeys ``obeying``'s commands.

python napari_stage.py PHOTO WINDOW          # in napari's own environment; WINDOW: left,top,width,height
"""

from __future__ import annotations

import sys

import napari
import numpy as np
from imageio.v3 import imread
from obeying import answer, obey, place_on_screen
from qtpy.QtCore import QSocketNotifier


def main() -> None:
    photo, window = sys.argv[1], [int(number) for number in sys.argv[2].split(",")]
    pixels = np.asarray(imread(photo))
    viewer = napari.Viewer(title="napari")
    viewer.window._qt_window.setGeometry(*window)
    viewer.add_image(pixels, rgb=True)
    layer = viewer.add_labels(np.zeros(pixels.shape[:2], np.uint8))
    layer.mode, layer.selected_label = "paint", 1
    canvas = viewer.window._qt_viewer.canvas.native

    def look(zoom: float, brush_px: float) -> dict[str, object]:
        viewer.camera.zoom = zoom
        viewer.camera.center = (pixels.shape[0] / 2, pixels.shape[1] / 2)
        layer.brush_size = brush_px
        layer.data = np.zeros(pixels.shape[:2], np.uint8)
        return place_on_screen(canvas)

    kept = obey(QSocketNotifier, {"look": look}, viewer.close)
    answer({"what": f"napari {napari.__version__}, Labels layer, brush"})
    napari.run()
    del kept


if __name__ == "__main__":
    main()
