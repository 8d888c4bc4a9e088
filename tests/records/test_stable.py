"""Claims about chance that follows from a name."""

from __future__ import annotations

from resatt_studio.records.stable import stable_number


def test_a_name_gives_the_same_number_on_every_machine() -> None:
    """Splits of existing projects hang on these values."""
    assert stable_number(b"") == 0xE3B0C44298FC1C14
    assert stable_number(b"abc") == 0xBA7816BF8F01CFEA
