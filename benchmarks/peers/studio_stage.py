"""This app with a photo in a project on the disk; obeys ``obeying``'s commands.

python studio_stage.py MEGAPIXELS WINDOW          # in the app's environment; WINDOW: left,top,width,height
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from latency_meter import wait
from latency_stages import WindowStage
from obeying import answer, obey, place_on_screen


def main() -> None:
    megapixels, window = int(sys.argv[1]), [int(number) for number in sys.argv[2].split(",")]
    from PySide6.QtCore import QSocketNotifier

    import resatt_studio
    from resatt_studio.app.main import leave_room

    leave_room()
    stage = WindowStage(learn=False, courtesy=True)
    application, canvas = stage.application, stage.canvas
    stage.window.setGeometry(*window)
    stage.start([megapixels], lambda over: wait(application, over))
    stage.show(megapixels, lambda over: wait(application, over))

    def look(zoom: float, brush_px: float) -> dict[str, object]:
        canvas.zoom_to(zoom)
        canvas.centre_on(canvas.viewport.photo_height / 2, canvas.viewport.photo_width / 2)
        stage.take("brush", brush_px)
        return place_on_screen(canvas)

    kept = obey(QSocketNotifier, {"look": look}, application.exit)
    answer({"what": f"ResAtt Studio {resatt_studio.__version__}, brush, in a project on the disk"})
    application.exec()
    del kept
    stage.close()


if __name__ == "__main__":
    main()
