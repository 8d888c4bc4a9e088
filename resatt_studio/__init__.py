"""ResAtt Studio: crack annotation that learns from the inspector's corrections, on a laptop.

The rooms, in reading order (each may import only those that come before it in this list):

- ``errors``: every error, drawn as a tree; ``resources``: finds bundled files; ``durable``: writes a
  file whole or not at all.
- ``records``: frozen dataclasses that rooms hand to each other.
- ``imaging``: numpy in, numpy out: files, tiles, scores, colours.
- ``synthesis``: seeded cracks drawn on surfaces.
- ``annotation``: the mask under the brush, without a window.
- ``models``: the networks, one paper a file.
- ``inference``: weights and photo to prediction.
- ``learning``: training from scratch and few-shot fine-tuning.
- ``store``: the project database, blobs and weights shelf.
- ``export``: masks, probabilities and weights as files.
- ``settings``: typed preferences.
- ``workflow``: one verb a file; what the window and the terminal both call.
- ``app``: the window (the only room with Qt); ``cli``: the terminal.
"""

from __future__ import annotations

__version__ = "0.1.0"
