"""Panels around the photo; each is one file and one line of the registry."""
