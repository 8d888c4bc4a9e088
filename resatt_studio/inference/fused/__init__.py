"""The networks laid out for one CPU: packed weights, and each layer with what follows it in one call."""
