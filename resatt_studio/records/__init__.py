"""What rooms hand to each other: frozen dataclasses, read-only arrays, equal when their ids are."""
