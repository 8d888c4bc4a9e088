"""Surfaces, cracks and photographs of them, drawn from a seed with exact masks.

``noise`` holds the random fields, ``textures`` the surfaces, ``strands`` and ``cracks`` the geometry of
cracks and what they cover, ``lines``, ``marks`` and ``covers`` all that must not be called a crack,
``camera`` light and the photo chain; ``scenes`` puts them together. ``quilting`` and ``photographed`` grow
small photographed textures into photo-sized surfaces, and ``hand`` corrects a photo as a person would.
"""
