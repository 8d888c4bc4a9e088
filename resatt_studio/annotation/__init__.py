"""The correction under the brush, without a window: sparse labels, strokes, undo, the document."""
