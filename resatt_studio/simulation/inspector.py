"""The inspector at one photo: looks, mends what is wrong, looks again; makes mistakes where asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from resatt_studio.annotation.composed import composed_mask
from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.strokes import Point
from resatt_studio.imaging.files import read_photo
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.prediction import Prediction
from resatt_studio.simulation.mistakes import HandNoise, Mistake, Unnoticed, spoil
from resatt_studio.simulation.photo_set import PhotoPair
from resatt_studio.simulation.recipes import Hand
from resatt_studio.simulation.strokes import HiddenTruth, Stroke, plan_strokes
from resatt_studio.simulation.timing import TimeModel
from resatt_studio.workflow.demo import Painter

LOOKS = 3
"""How often at most a photo is looked over and mended before it is approved."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """What one photo took.

    Attributes:
        seconds: Simulated, of looking, painting and approving.
        strokes: Painted.
        wrong: Of these, how many came out wrong.
        upside_down: Whether the labels are of the photo turned by 180 degrees.
    """

    seconds: float
    strokes: int = 0
    wrong: int = 0
    upside_down: bool = False


class Inspector:
    """A person with a hand and its mistakes.

    Args:
        hand: What they do with the shown mask.
        noise: How often they are wrong; counts only for one who corrects.
        times: How long they take.
        photos: Approved at most.
        seed: Of the session.
        paint: Paints strokes into a document.

    Raises:
        SettingsError: More photos are to be upside down than are approved.
    """

    def __init__(
        self, hand: Hand, noise: HandNoise, times: TimeModel, photos: int, seed: int, paint: Painter
    ) -> None:
        self._hand, self._noise, self._times, self._seed, self._paint = hand, noise, times, seed, paint
        self._turned = noise.turned(photos, seed)

    def correct(
        self,
        document: CorrectionDocument,
        prediction: Prediction,
        pair: PhotoPair,
        number: int,
        threshold: float,
    ) -> Corrected:
        """Correct one photo; the document is left as it will be approved.

        Args:
            document: Of the photo; painted into.
            prediction: What is shown at first.
            pair: The photo and its truth.
            number: Which photo of the session it is, from 0.
            threshold: Probability above which the screen shows crack.

        Raises:
            PhotoError, MaskError: The photo or its truth cannot be read, or they do not fit.
        """
        height, width = document.height, document.width
        look = self._times.search_s(height, width) + self._times.approve_s()
        shown = composed_mask(prediction, document.labels.to_array(), threshold)
        if self._hand is Hand.AGREES:
            _vouch(document, shown)
            return Corrected(look)
        truth = HiddenTruth.of(pair.truth(height, width))
        if number in self._turned:
            turned = HiddenTruth.of(np.ascontiguousarray(truth.mask[::-1, ::-1]))
            strokes = plan_strokes(shown, turned)
            _vouch(document, turned.mask)
            seconds = look + self._times.strokes_s(strokes, height, width)
            return Corrected(seconds, len(strokes), len(strokes), upside_down=True)
        return self._mend(document, prediction, pair, truth, number, threshold, look)

    def _mend(
        self,
        document: CorrectionDocument,
        prediction: Prediction,
        pair: PhotoPair,
        truth: HiddenTruth,
        number: int,
        threshold: float,
        seconds: float,
    ) -> Corrected:
        unnoticed = Unnoticed(np.zeros(truth.mask.shape, np.bool_))
        chance = np.random.default_rng([self._seed, 3, number])
        hand: Point | None = None
        painted = wrong = 0
        for _ in range(LOOKS):
            shown = composed_mask(prediction, document.labels.to_array(), threshold)
            meant = plan_strokes(unnoticed.seen(shown, truth), truth, hand=hand)
            if not meant:
                break
            strokes, spoilt = self._as_they_come_out(meant, truth, pair, unnoticed, chance)
            seconds += self._times.strokes_s(strokes, document.height, document.width, hand)
            self._paint(document, [stroke.as_recorded() for stroke in strokes])
            painted += len(strokes)
            wrong += spoilt
            hand = strokes[-1].path[-1]
        return Corrected(seconds, painted, wrong)

    def _as_they_come_out(
        self,
        meant: list[Stroke],
        truth: HiddenTruth,
        pair: PhotoPair,
        unnoticed: Unnoticed,
        chance: np.random.Generator,
    ) -> tuple[list[Stroke], int]:
        """The strokes that are painted, and how many of them are wrong."""
        share = self._noise.wrong_strokes
        drawn = chance.random(len(meant)) < share if share else np.zeros(len(meant), np.bool_)
        if not drawn.any():
            return meant, 0
        pixels = read_photo(pair.photo).pixels
        strokes = []
        for stroke, spoilt in zip(meant, drawn, strict=True):
            if spoilt:
                mistake = list(Mistake)[int(chance.integers(len(Mistake)))]
                unnoticed.add(stroke)
                stroke = spoil(stroke, mistake, truth, pixels, chance)
                unnoticed.add(stroke)
            strokes.append(stroke)
        return strokes, int(drawn.sum())


def _vouch(document: CorrectionDocument, mask: BoolArray) -> None:
    """Say of every pixel what a mask says (H x W bool)."""
    said = np.where(mask, np.uint8(Label.CRACK), np.uint8(Label.NOT_CRACK))
    document.apply_labels("mask", Box(0, 0, document.height, document.width), said)
