"""Edits as bytes: nothing is lost, and damage is told."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.annotation.journal import decode_edit, encode_edit
from resatt_studio.errors import StoreError
from resatt_studio.records.correction import Edit, Label, TileChange
from resatt_studio.records.geometry import Box

numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)


@st.composite
def edits(draw):
    changes = []
    for _ in range(draw(st.integers(0, 3))):
        height, width = draw(st.integers(1, 30)), draw(st.integers(1, 30))
        row, column = draw(st.integers(0, 40)), draw(st.integers(0, 40))
        before, after = np.random.default_rng(height).integers(0, 3, (2, height, width), np.uint8)
        box = Box(row * 256, column * 256, row * 256 + height, column * 256 + width)
        changes.append(TileChange(row, column, box, before, after))
    return Edit(
        edit_id=draw(st.text("0123456789abcdef", min_size=32, max_size=32)),
        tool=draw(st.text(max_size=12)),
        label=draw(st.sampled_from(list(Label))),
        radius_px=draw(numbers),
        path=tuple(draw(st.lists(st.tuples(numbers, numbers), max_size=5))),
        changes=tuple(changes),
        author=draw(st.text(max_size=8)),
        made_at="2026-01-02T03:04:05.678+01:00",
        weights_id=draw(st.text("0123456789abcdef", max_size=64)),
    )


def sample() -> Edit:
    labels = np.zeros((200, 200), np.uint8)
    return Edit(
        "0" * 32,
        "brush",
        Label.CRACK,
        3.0,
        ((1.5, 2.25),),
        (TileChange(0, 0, Box(0, 0, 200, 200), labels, labels + 1),),
    )


@settings(max_examples=40, deadline=None)
@given(edits())
def test_decoding_what_was_encoded_gives_the_edit_back(edit):
    again = decode_edit(encode_edit(edit))
    for name in ("edit_id", "tool", "label", "radius_px", "path", "author", "made_at", "weights_id", "box"):
        assert getattr(again, name) == getattr(edit, name)
    assert len(again.changes) == len(edit.changes)
    for one, other in zip(again.changes, edit.changes, strict=True):
        assert (one.row, one.column, one.box) == (other.row, other.column, other.box)
        np.testing.assert_array_equal(one.before, other.before)
        np.testing.assert_array_equal(one.after, other.after)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_flipped_bit_goes_unnoticed(data):
    encoded = bytearray(encode_edit(sample()))
    at = data.draw(st.integers(0, len(encoded) * 8 - 1))
    encoded[at // 8] ^= 1 << at % 8
    with pytest.raises(StoreError):
        decode_edit(bytes(encoded))


@pytest.mark.parametrize("cut", [0, 3, 10, 40, -1])
def test_cut_bytes_are_refused_with_a_cure(cut):
    with pytest.raises(StoreError) as caught:
        decode_edit(encode_edit(sample())[:cut])
    assert caught.value.hint


def test_a_newer_format_asks_for_the_newer_version():
    encoded = bytearray(encode_edit(sample()))
    encoded[4] = 99
    with pytest.raises(StoreError, match="newer version"):
        decode_edit(bytes(encoded))


def test_a_body_that_unpacks_to_more_than_it_says_is_refused():
    encoded = encode_edit(sample())
    bomb = zlib.compress(bytes(10_000_000), 9)
    forged = encoded[:5] + zlib.crc32(bomb).to_bytes(4, "little") + encoded[9:17] + bomb
    with pytest.raises(StoreError, match="length"):
        decode_edit(forged)


def test_an_edit_of_a_brush_stroke_is_small():
    assert len(encode_edit(sample())) < 1000
