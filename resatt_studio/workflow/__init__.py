"""One verb a file: what the window and the terminal both call; long work is a generator of reports.

The path of a photo: ``project`` -> ``load`` -> ``predict`` -> ``correct`` -> ``finetune`` -> ``promote`` ->
``export``. ``jobs`` holds the runner that steps such generators by urgency.
"""
