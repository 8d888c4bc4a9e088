"""The window: the only room with Qt; it asks workflow, paints with annotation and imaging, shows records."""

from resatt_studio.app.immortal import keep_alive

keep_alive()
