"""The canvas: a photo of any size under its layers, seen and painted on.

``view.PhotoCanvas`` is the widget; the rest works on plain arrays without a window: ``viewport`` (where the
photo lies), ``pyramid`` (halved sizes), ``layers`` (colours), ``scene`` (the composed pictures).
"""
