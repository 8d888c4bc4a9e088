"""Predictions by photo, weights and what was segmented, so that reopening a photo is instant."""

from __future__ import annotations

import numpy as np
from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, select, update

from resatt_studio.imaging.doubt import Counts, count_values
from resatt_studio.records.photo import ReviewState
from resatt_studio.records.prediction import Prediction
from resatt_studio.store import schema
from resatt_studio.store.base import Records, now

_predictions, _photos = schema.predictions.c, schema.photos.c


class PredictionRecords(Records):
    """Keeping predictions; one per photo, weights and dehazer ("" where the photo itself was segmented)."""

    def put_prediction(self, prediction: Prediction) -> None:
        """Keep a prediction, in place of an older one of the same photo, weights and dehazer.

        A photo in state "new" becomes "predicted".

        Raises:
            StoreError: The project has no such photo, or the disk refused.
        """
        blob = self._blobs.put_array(prediction.probability_8bit)
        counts = _packed(count_values(prediction.probability_8bit))
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
                    value_counts=counts,
                )
            )
            connection.execute(
                update(schema.photos)
                .where(_photos.photo_id == photo_id, _photos.state == ReviewState.NEW)
                .values(state=ReviewState.PREDICTED)
            )

    def prediction(self, photo_id: str, weights_id: str, dehazer_id: str = "") -> Prediction | None:
        """The kept prediction of a photo, dehazed by ``dehazer_id`` if any, by those weights, or None.

        Raises:
            StoreError: It was kept but its file is missing or damaged.
        """
        with self._database.reading() as connection:
            row = connection.execute(
                select(schema.predictions).where(_is(photo_id, weights_id, dehazer_id))
            ).one_or_none()
        if row is None:
            return None
        probability = self._blobs.get_array(row.probability_blob)
        return Prediction(
            photo_id, weights_id, probability, row.mean_entropy, row.seconds, row.device, row.dehazer_id
        )

    def has_prediction(self, photo_id: str, weights_id: str, dehazer_id: str = "") -> bool:
        """Whether :meth:`prediction` would return one, without reading it."""
        with self._database.reading() as connection:
            return (
                connection.scalar(select(_predictions.id).where(_is(photo_id, weights_id, dehazer_id)))
                is not None
            )

    def value_counts(self) -> dict[str, Counts]:
        """How many pixels of each photo's newest prediction have each of the 256 values, by photo_id; photos
        without a prediction, or whose newest one was never counted, are left out."""
        query = select(_predictions.photo_id, _predictions.value_counts).where(
            _predictions.id.in_(_newest()), _predictions.value_counts.is_not(None)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return {row.photo_id: np.frombuffer(row.value_counts, "<u4").astype(np.int64) for row in rows}

    def uncounted(self) -> list[tuple[str, str, str]]:
        """Photo, weights and dehazer of every newest prediction whose values were never counted."""
        query = select(_predictions.photo_id, _predictions.weights_id, _predictions.dehazer_id).where(
            _predictions.id.in_(_newest()), _predictions.value_counts.is_(None)
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


def _newest() -> Select[tuple[int]]:
    return select(func.max(_predictions.id)).group_by(_predictions.photo_id)


def _packed(counts: Counts) -> bytes:
    return counts.astype("<u4").tobytes()


def _is(photo_id: str, weights_id: str, dehazer_id: str) -> ColumnElement[bool]:
    return and_(
        _predictions.photo_id == photo_id,
        _predictions.weights_id == weights_id,
        _predictions.dehazer_id == dehazer_id,
    )
