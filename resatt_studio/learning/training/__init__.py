"""Networks from the beginning: one loop, and for each task its options, its data and its judge."""
