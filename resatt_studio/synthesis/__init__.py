"""Surfaces, cracks and photographs of them, drawn from a seed with exact masks.

``noise`` holds the random fields, ``textures`` the surfaces, ``cracks`` the geometry and its coverage,
``distractors`` all that must not be called a crack, ``camera`` light and the photo chain; ``scenes`` puts
them together, and ``quilting`` grows a small texture into a photo-sized surface.
"""
