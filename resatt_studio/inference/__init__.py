"""Weights and a photo to a prediction: device, tiles, engine."""
