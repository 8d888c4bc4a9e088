"""What the pointer does on the canvas: one file a tool, one line of the table each."""
