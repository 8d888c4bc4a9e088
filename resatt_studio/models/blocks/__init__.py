"""Parts of networks that deserve a file of their own, or that two papers share."""
