"""SampleStore: everything a project knows except weights; records in, records out, safe from any thread."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, FromClause, Row, Select, Subquery, delete, func, insert, select, update

from resatt_studio.errors import BugError, StoreError
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.correction import Label
from resatt_studio.records.maps import TiledMap
from resatt_studio.records.photo import ReviewState, Split
from resatt_studio.records.project import LabelAnswer, SidedAnswer
from resatt_studio.records.review import ReviewAct
from resatt_studio.records.sample import SampleEntry
from resatt_studio.store import schema
from resatt_studio.store.base import Records, following, log_event, now
from resatt_studio.store.checkpoints import CheckpointRecords
from resatt_studio.store.integrity import Replay, problems
from resatt_studio.store.journal import JournalRecords
from resatt_studio.store.photos import PhotoRecords, set_review_state
from resatt_studio.store.predictions import PredictionRecords
from resatt_studio.store.review_rows import newest_reviews, with_reviews
from resatt_studio.store.reviews import ReviewRecords, note_review
from resatt_studio.store.runs import RunRecords
from resatt_studio.store.split import ROUND, answer_sides, decide_side

_samples, _photos, _groups = schema.samples.c, schema.photos.c, schema.photo_groups.c


class SampleRecords(Records):
    """Approved corrections."""

    def approve(
        self,
        photo_id: str,
        labels: UInt8Array | TiledMap,
        predicted: UInt8Array | TiledMap | None = None,
        complete: bool = False,
        author: str = "",
        dehazer_id: str = "",
        threshold: float = 0.5,
    ) -> SampleEntry:
        """Keep the photo's correction as a sample, in place of an earlier one of the same photo.

        The first approval within a photo group decides the group's side of the split (``store.split``).

        Args:
            photo_id: Of the photo.
            labels: H x W uint8 of label values 0, 1, 2; of the photo's size. Of a huge photo a map in tiles,
                which is kept as one.
            predicted: H x W uint8 probability that was on the screen, likewise, or None.
            complete: Whether the inspector stands for every pixel.
            author: Who.
            dehazer_id: Weights that dehazed what ``predicted`` is a prediction of, "" for the photo itself.
            threshold: Probability in [0, 1] above which ``predicted`` was shown as crack.

        Raises:
            StoreError: The project has no such photo, or the disk refused.
            BugError: An array of another type, size or range.
        """
        labels_blob = self._put(labels)
        predicted_blob = "" if predicted is None else self._put(predicted)
        says_all = isinstance(labels, np.ndarray) and bool((labels != Label.UNSAID).all())
        with self._database.writing() as connection:
            self._require_photo(connection, photo_id)
            _check_arrays(connection, photo_id, labels, predicted)
            _decide_group(connection, photo_id)
            sample_id = _digest(photo_id, labels_blob)
            if not says_all and _over_another_mask(connection, sample_id, predicted_blob, threshold):
                sample_id = _digest(photo_id, labels_blob, predicted_blob, repr(threshold))
            mine = _samples.photo_id == photo_id
            connection.execute(update(schema.samples).where(mine).values(is_current=False))
            values = {
                "predicted_blob": predicted_blob,
                "dehazer_id": dehazer_id,
                "threshold": threshold,
                "complete": complete,
                "is_current": True,
                "author": author,
                "made_at": now(),
            }
            again = update(schema.samples).where(_samples.sample_id == sample_id).values(**values)
            if connection.execute(again).rowcount == 0:
                values |= {"sample_id": sample_id, "photo_id": photo_id, "labels_blob": labels_blob}
                arrival = following(connection, _samples.arrival)
                connection.execute(insert(schema.samples).values(arrival=arrival, **values))
            set_review_state(connection, photo_id, ReviewState.APPROVED)
            note_review(connection, photo_id, sample_id, ReviewAct.APPROVED, "", author)
            return _sample(connection.execute(_listing().where(_samples.sample_id == sample_id)).one())

    def _put(self, values: UInt8Array | TiledMap) -> str:
        if isinstance(values, np.ndarray):
            return self._blobs.put_array(values)
        return self._blobs.put_map(values)

    def samples(self, split: Split | None = None, agreed_only: bool = False) -> list[SampleEntry]:
        """The newest sample of every photo that has one, in the order of approval.

        What a second reader sent back, and photos that were skipped since, are left out until they are
        approved again.

        Args:
            split: Only of this side.
            agreed_only: Only what a second reader agreed to.
        """
        query = _standing(agreed_only)
        if split is not None:
            query = query.where(_groups.split == split)
        return self._listed(query)

    def unlearned(self, agreed_only: bool = False) -> list[SampleEntry]:
        """Samples on the training side that no weights have learned from.

        Refused candidates do not count, nor do versions that were rolled back.

        Args:
            agreed_only: As for :meth:`samples`.
        """
        weights, activations = schema.weights.c, schema.activations.c
        standing = select(activations.weights_id).where(activations.taken_back.is_(False))
        taken_back = select(activations.weights_id).where(activations.taken_back)
        used = (
            select(schema.weights_samples.c.sample_id)
            .join(schema.weights, weights.weights_id == schema.weights_samples.c.weights_id)
            .where(weights.state != "refused")
            .where(weights.weights_id.in_(standing) | weights.weights_id.not_in(taken_back))
        )
        query = _standing(agreed_only).where(_groups.split == Split.TRAIN)
        return self._listed(query.where(_samples.sample_id.not_in(used)))

    def sample(self, sample_id: str) -> SampleEntry:
        """One sample, also one that a later approval replaced.

        Raises:
            StoreError: There is none of that id.
        """
        found = self._listed(_listing().where(_samples.sample_id == sample_id))
        if not found:
            raise StoreError(f"The project has no sample {sample_id[:12]}.")
        return found[0]

    def first_samples(self, photo_ids: Collection[str]) -> list[SampleEntry]:
        """The first sample of each of these photos, also where a later approval replaced it."""
        first = select(func.min(_samples.arrival)).group_by(_samples.photo_id)
        query = _listing().where(_samples.photo_id.in_(photo_ids), _samples.arrival.in_(first))
        return self._listed(query)

    def _listed(self, query: Select[Any]) -> list[SampleEntry]:
        with self._database.reading() as connection:
            return [_sample(row) for row in connection.execute(query.order_by(_samples.arrival))]


class AnswerRecords(Records):
    """Answers to questions about whole photos."""

    def label_answer(self, photo_id: str, question: str, answer: str, author: str = "") -> None:
        """Keep an answer and note it in the event log; earlier answers to the same question stay on record.

        Args:
            photo_id: Of the photo.
            question: Such as "crack type".
            answer: "" takes the earlier answer back.
            author: Who.

        Raises:
            StoreError: The project has no such photo.
        """
        with self._database.writing() as connection:
            self._require_photo(connection, photo_id)
            row = {"photo_id": photo_id, "question": question, "answer": answer}
            connection.execute(insert(schema.label_answers).values(author=author, made_at=now(), **row))
            detail = f"{question}: {answer or 'answer taken back'}"
            log_event(connection, "label-answer", detail, photo_id, author=author)

    def label_answers(self, photo_id: str) -> list[LabelAnswer]:
        """The newest answer to every question about a photo, by question; what was taken back is left out."""
        answers = schema.label_answers.c
        newest = select(func.max(answers.id)).where(answers.photo_id == photo_id).group_by(answers.question)
        query = select(schema.label_answers).where(answers.id.in_(newest), answers.answer != "")
        query = query.order_by(answers.question)
        with self._database.reading() as connection:
            return [
                LabelAnswer(row.photo_id, row.question, row.answer, row.author, row.made_at)
                for row in connection.execute(query)
            ]

    def sided_answers(self, question: str) -> list[SidedAnswer]:
        """The answers to one question that count, of all photos, each on its side of the split.

        They come in the order in which the photos were first answered. That order decides the sides, and
        photos whose answer was taken back keep their turn in it.
        """
        answers = schema.label_answers.c
        query = (
            select(answers.photo_id, answers.answer, _photos.group_name)
            .join(schema.photos, _photos.photo_id == answers.photo_id)
            .where(answers.question == question)
            .order_by(answers.id)
        )
        newest: dict[str, tuple[str, str]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                # a photo that was answered before keeps its place
                newest[row.photo_id] = (row.group_name, row.answer)
        sides = answer_sides(group for group, _ in newest.values())
        return [
            SidedAnswer(photo_id, group, sides[group], answer)
            for photo_id, (group, answer) in newest.items()
            if answer
        ]


class SettingRecords(Records):
    """Settings that belong to the project, such as its threshold."""

    def setting(self, key: str, default: Any = None) -> Any:
        """The kept value, or ``default``."""
        settings = schema.settings.c
        with self._database.reading() as connection:
            row = connection.execute(select(settings.value).where(settings.key == key)).one_or_none()
        return default if row is None else row.value

    def set_setting(self, key: str, value: Any) -> None:
        """Keep any value that JSON can hold."""
        self.set_settings({key: value})

    def set_settings(self, values: Mapping[str, Any]) -> None:
        """Keep several values, all of them or none."""
        rows = [{"key": key, "value": value} for key, value in values.items()]
        with self._database.writing() as connection:
            connection.execute(delete(schema.settings).where(schema.settings.c.key.in_(values)))
            connection.execute(insert(schema.settings), rows)


class SampleStore(
    PhotoRecords,
    JournalRecords,
    CheckpointRecords,
    SampleRecords,
    ReviewRecords,
    PredictionRecords,
    AnswerRecords,
    RunRecords,
    SettingRecords,
):
    """The store of one project. Every method is one short transaction; a failed one leaves nothing behind."""

    def check(self, replay: Replay | None = None, weights_folder: Path | None = None) -> list[str]:
        """What is wrong with the store, one sentence each; empty when it is whole.

        Args:
            replay: Turns a journal's done edits into the tiles they add up to; without it the tiles are not
                compared with the journal.
            weights_folder: Where the weights files are; without it they are not read.
        """
        return list(problems(self._database, self._blobs, self, replay, weights_folder))


def _check_arrays(
    connection: Connection,
    photo_id: str,
    labels: UInt8Array | TiledMap,
    predicted: UInt8Array | TiledMap | None,
) -> None:
    row = connection.execute(select(_photos.height, _photos.width).where(_photos.photo_id == photo_id)).one()
    size = (row.height, row.width)
    for name, given in (("labels", labels), ("prediction", predicted)):
        if isinstance(given, np.ndarray):
            if given.shape != size or given.dtype != np.uint8:
                raise BugError(f"{name} of {given.dtype} {given.shape} given for a photo of {size} pixels")
        elif given is not None and (given.height, given.width) != size:
            raise BugError(f"{name} of {given.height} x {given.width} given for a photo of {size} pixels")
    parts = [labels] if isinstance(labels, np.ndarray) else (values for _, values in labels.tiles())
    highest = max((int(part.max(initial=0)) for part in parts), default=0)
    if highest > 2:
        raise BugError(f"label value {highest}; only 0, 1 and 2 have a meaning")


def _over_another_mask(connection: Connection, sample_id: str, predicted_blob: str, threshold: float) -> bool:
    """Whether these labels were approved before, and left the rest to another mask: that is another truth,
    which replaces the first and does not overwrite it."""
    known = connection.execute(
        select(_samples.predicted_blob, _samples.threshold).where(_samples.sample_id == sample_id)
    ).one_or_none()
    if known is None or known.predicted_blob != predicted_blob:
        return known is not None
    return predicted_blob != "" and known.threshold != threshold


def _digest(*parts: str) -> str:
    return hashlib.sha256(":".join(parts).encode()).hexdigest()


def _decide_group(connection: Connection, photo_id: str) -> None:
    """Give the photo's group its side, unless it has one."""
    group = connection.execute(
        select(_groups.name, _groups.split)
        .join(schema.photos, _photos.group_name == _groups.name)
        .where(_photos.photo_id == photo_id)
    ).one()
    if group.split is not None:
        return
    turn = following(connection, _groups.turn)
    validating = connection.scalar(
        select(func.count())
        .select_from(schema.photo_groups)
        .where(_groups.turn >= turn - turn % ROUND, _groups.split == Split.VALIDATION)
    )
    side = decide_side(group.name, turn, validating or 0)
    connection.execute(
        update(schema.photo_groups)
        .where(_groups.name == group.name)
        .values(split=side, turn=turn, decided_at=now())
    )


def _listing(newest: Subquery | None = None) -> Select[Any]:
    """All columns of a :class:`SampleEntry`, each beside the newest link of its photo's review if given."""
    joined: FromClause = schema.samples.join(schema.photos, _photos.photo_id == _samples.photo_id).join(
        schema.photo_groups, _groups.name == _photos.group_name
    )
    if newest is not None:
        joined = with_reviews(joined, newest)
    return select(schema.samples, _photos.path, _groups.name, _groups.split).select_from(joined)


def _standing(agreed_only: bool) -> Select[Any]:
    """The current samples that no second reader sent back, or those alone that one agreed to."""
    newest = newest_reviews()
    query = _listing(newest).where(_samples.is_current)
    if agreed_only:
        return query.where(newest.c.act == ReviewAct.AGREED)
    return query.where(newest.c.act.is_distinct_from(ReviewAct.SENT_BACK))


def _sample(row: Row[Any]) -> SampleEntry:
    return SampleEntry(
        sample_id=row.sample_id,
        photo_id=row.photo_id,
        photo_path=Path(row.path),
        group=row.name,
        split=Split(row.split),
        labels_blob=row.labels_blob,
        predicted_blob=row.predicted_blob,
        complete=row.complete,
        author=row.author,
        made_at=row.made_at,
        dehazer_id=row.dehazer_id,
        threshold=row.threshold,
    )
