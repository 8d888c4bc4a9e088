"""labelme with a photo, drawing a line strip; obeys ``obeying``'s commands.

python labelme_stage.py PHOTO WINDOW          # in labelme's own environment; WINDOW: left,top,width,height
"""

from __future__ import annotations

import sys

import labelme
from labelme.app import MainWindow
from obeying import answer, obey, place_on_screen
from PyQt5.QtCore import QSocketNotifier, Qt
from PyQt5.QtWidgets import QApplication


def main() -> None:
    photo, place = sys.argv[1], [int(number) for number in sys.argv[2].split(",")]
    application = QApplication(sys.argv[:1])
    application.setApplicationName("labelme-benchmark")  # settings of its own
    window = MainWindow(file_or_dir=photo, config_overrides={"auto_save": False})
    window.show()
    window.setGeometry(*place)
    parts = window._canvas_widgets
    canvas = parts.canvas

    def look(zoom: float, brush_px: float) -> dict[str, object]:
        """There is no brush: what would be its size is not used."""
        if canvas.is_drawing:
            canvas._cancel_current_shape()
        canvas.load_shapes([])
        window._set_zoom(round(100 * zoom))
        for way in (Qt.Horizontal, Qt.Vertical):
            bar = parts.scroll_bars[way]
            bar.setValue((bar.minimum() + bar.maximum()) // 2)
        window._switch_canvas_mode(edit=False, create_mode="linestrip")
        return place_on_screen(canvas.parent())

    kept = obey(QSocketNotifier, {"look": look}, application.quit)
    answer({"what": f"labelme {labelme.__version__}, line strip"})
    application.exec()
    del kept


if __name__ == "__main__":
    main()
