"""Predictions by photo, weights and what was segmented, so that reopening a photo is instant."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Row, Select, and_, case, delete, func, insert, select, update

from resatt_studio.imaging.doubt import Counts, count_values
from resatt_studio.records.arrays import read_only
from resatt_studio.records.photo import ReviewState
from resatt_studio.records.prediction import HugePrediction, Prediction
from resatt_studio.store import schema
from resatt_studio.store.base import Records, now, weights_in_use

_predictions, _photos = schema.predictions.c, schema.photos.c
_MOST_COUNTED = 2**32 - 1


class PredictionRecords(Records):
    """Keeping predictions; one per photo, weights and dehazer ("" where the photo itself was segmented)."""

    def put_prediction(self, prediction: Prediction) -> None:
        """Keep a prediction, in place of an older one of the same photo, weights and dehazer.

        A photo in state "new" becomes "predicted".

        Raises:
            StoreError: The project has no such photo, or the disk refused.
        """
        blob = self._blobs.put_array(prediction.probability_8bit)
        self._put_row(prediction, blob, count_values(prediction.probability_8bit))

    def put_huge_prediction(self, prediction: HugePrediction) -> None:
        """As :meth:`put_prediction`, of a map in tiles; one that is among the blobs is not copied."""
        self._put_row(prediction, self._blobs.put_map(prediction.probability), prediction.counts)

    def _put_row(self, prediction: Prediction | HugePrediction, blob: str, counts: Counts) -> None:
        photo_id, weights_id = prediction.photo_id, prediction.weights_id
        with self._database.writing() as connection:
            self._require_photo(connection, photo_id)
            connection.execute(
                delete(schema.predictions).where(_is(photo_id, weights_id, prediction.dehazer_id))
            )
            connection.execute(
                insert(schema.predictions).values(
                    photo_id=photo_id,
                    weights_id=weights_id,
                    probability_blob=blob,
                    mean_entropy=prediction.mean_entropy,
                    seconds=prediction.seconds,
                    device=prediction.device,
                    made_at=now(),
                    dehazer_id=prediction.dehazer_id,
                    value_counts=_packed(counts),
                )
            )
            connection.execute(
                update(schema.photos)
                .where(_photos.photo_id == photo_id, _photos.state == ReviewState.NEW)
                .values(state=ReviewState.PREDICTED)
            )

    def prediction(self, photo_id: str, weights_id: str, dehazer_id: str = "") -> Prediction | None:
        """The kept prediction of a photo, dehazed by ``dehazer_id`` if any, by those weights, or None; of one
        in tiles, all of it.

        Raises:
            StoreError: It was kept but its file is missing or damaged.
        """
        row = self._row(photo_id, weights_id, dehazer_id)
        if row is None:
            return None
        probability = self._blobs.get_array(row.probability_blob)
        return Prediction(
            photo_id, weights_id, probability, row.mean_entropy, row.seconds, row.device, row.dehazer_id
        )

    def huge_prediction(self, photo_id: str, weights_id: str) -> HugePrediction | None:
        """The kept prediction of a huge photo by those weights, of which nothing is read yet; None also where
        one is kept that was made of the whole photo, for a while when there was more memory.

        Raises:
            StoreError: It was kept but its file is missing or damaged.
        """
        row = self._row(photo_id, weights_id, "")
        tiled = None if row is None else self._blobs.open_map(row.probability_blob)
        if row is None or tiled is None or row.value_counts is None:
            return None
        counts = read_only(_unpacked(row.value_counts))
        return HugePrediction(photo_id, weights_id, tiled, row.mean_entropy, counts, row.seconds, row.device)

    def _row(self, photo_id: str, weights_id: str, dehazer_id: str) -> Row[Any] | None:
        with self._database.reading() as connection:
            return connection.execute(
                select(schema.predictions).where(_is(photo_id, weights_id, dehazer_id))
            ).one_or_none()

    def has_prediction(self, photo_id: str, weights_id: str, dehazer_id: str = "") -> bool:
        """Whether :meth:`prediction` would return one, without reading it."""
        with self._database.reading() as connection:
            return (
                connection.scalar(select(_predictions.id).where(_is(photo_id, weights_id, dehazer_id)))
                is not None
            )

    def value_counts(self) -> dict[str, Counts]:
        """How many pixels of each photo's prediction have each of the 256 values, by photo_id: the one by
        weights in use, else the newest. Photos without one, or whose one was never counted, are left out."""
        query = select(_predictions.photo_id, _predictions.value_counts).where(
            _predictions.id.in_(_telling()), _predictions.value_counts.is_not(None)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return {row.photo_id: _unpacked(row.value_counts) for row in rows}

    def uncounted(self) -> list[tuple[str, str, str]]:
        """Photo, weights and dehazer of every prediction of :meth:`value_counts` that was never counted."""
        query = select(_predictions.photo_id, _predictions.weights_id, _predictions.dehazer_id).where(
            _predictions.id.in_(_telling()), _predictions.value_counts.is_(None)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(_predictions.id)).all()
        return [(row.photo_id, row.weights_id, row.dehazer_id) for row in rows]

    def note_counts(self, photo_id: str, weights_id: str, dehazer_id: str, counts: Counts) -> None:
        """Note what :meth:`uncounted` missed."""
        with self._database.writing() as connection:
            connection.execute(
                update(schema.predictions)
                .where(_is(photo_id, weights_id, dehazer_id))
                .values(value_counts=_packed(counts))
            )


def _telling() -> Select[tuple[int]]:
    """The prediction of each photo that says what is shown: by weights in use, else the newest. Weights that
    were only compared with those in use do not count."""
    by_use = func.max(case((_predictions.weights_id.in_(weights_in_use()), _predictions.id)))
    return select(func.coalesce(by_use, func.max(_predictions.id))).group_by(_predictions.photo_id)


def _packed(counts: Counts) -> bytes:
    return np.minimum(counts, _MOST_COUNTED).astype("<u4").tobytes()


def _unpacked(packed: bytes) -> Counts:
    return np.frombuffer(packed, "<u4").astype(np.int64)


def _is(photo_id: str, weights_id: str, dehazer_id: str) -> ColumnElement[bool]:
    return and_(
        _predictions.photo_id == photo_id,
        _predictions.weights_id == weights_id,
        _predictions.dehazer_id == dehazer_id,
    )
