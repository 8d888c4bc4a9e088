"""The real window on the offscreen platform, with settings, data and state of its own."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
