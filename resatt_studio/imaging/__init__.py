"""Numpy in, numpy out: photo files, tiles, scores and colours, without a window and without a network."""
