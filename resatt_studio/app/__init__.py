"""The window: the only room with Qt; it asks workflow, paints with annotation and imaging, shows records."""
