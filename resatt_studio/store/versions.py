"""WeightsShelf: the lineage of a project's weights; exactly one version per model is active."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from resatt_studio.durable import PART_SUFFIX
from resatt_studio.errors import WeightsError
from resatt_studio.records.calibration import Reliability
from resatt_studio.records.weights import (
    LabelComparison,
    LabelScores,
    Scores,
    WeightsFile,
    WeightsState,
    WeightsVersion,
)
from resatt_studio.store import schema
from resatt_studio.store.base import following, log_event, now
from resatt_studio.store.blobs import sha256, write_whole
from resatt_studio.store.engine import Database

_weights, _activations = schema.weights.c, schema.activations.c


class WeightsShelf:
    """Versions of weights: files named by weights_id, and rows that say where they came from.

    Promoting and rolling back change rows in one transaction; no weights file is ever changed or deleted.

    Args:
        database: The project's database.
        folder: Where the files are; made on the first write.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self.folder = folder

    def path(self, weights_id: str) -> Path:
        """Where the file of those weights is."""
        return self.folder / f"{weights_id}.safetensors"

    def add(
        self,
        weights: WeightsFile,
        *,
        parent: str = "",
        samples: Sequence[str] = (),
        before: Scores | None = None,
        after: Scores | None = None,
        reference_before: Scores | None = None,
        reference_after: Scores | None = None,
        labels: LabelComparison | None = None,
        reliability_before: Reliability | None = None,
        reliability_after: Reliability | None = None,
        threshold: float | None = None,
        state: WeightsState = WeightsState.CANDIDATE,
        reason: str = "",
        name: str = "",
        author: str = "",
    ) -> WeightsVersion:
        """Put weights on the shelf; the very same weights are kept once and their version returned as it is.

        Args:
            weights: The file as read or made.
            parent: weights_id they were fine-tuned from.
            samples: sample_ids they learned from; all must be in the store.
            before, after, reference_before, reference_after, labels, reliability_before, reliability_after,
                threshold: As in ``WeightsVersion``.
            state: ``ACTIVE`` also retires the version that was active.
            reason, name, author: For people; the name is "v" and the number unless given.

        Raises:
            StoreError: The disk or the database refused; nothing is on the shelf then.
        """
        self._write(weights)
        scores = {
            "before": before,
            "after": after,
            "reference_before": reference_before,
            "reference_after": reference_after,
            **({} if labels is None else {"labels": labels}),
        }
        reliability = {"before": reliability_before, "after": reliability_after}
        with self._database.writing() as connection:
            known = select(_weights.weights_id).where(_weights.weights_id == weights.weights_id)
            if connection.scalar(known) is None:
                number = following(connection, _weights.number, first=1)
                waiting = WeightsState.CANDIDATE if state is WeightsState.ACTIVE else state
                connection.execute(
                    insert(schema.weights).values(
                        weights_id=weights.weights_id,
                        number=number,
                        model=weights.model,
                        config=dict(weights.config),
                        header=dict(weights.metadata),
                        file_hash=sha256(weights.data),
                        parent=parent,
                        state=waiting,
                        scores={key: value and asdict(value) for key, value in scores.items()},
                        reliability={key: one and one.as_json() for key, one in reliability.items()},
                        threshold=threshold,
                        undecided=False,
                        reason=reason,
                        name=name or f"v{number}",
                        made_at=now(),
                    )
                )
                rows = [{"weights_id": weights.weights_id, "sample_id": sample} for sample in samples]
                if rows:
                    connection.execute(insert(schema.weights_samples), rows)
                log_event(connection, "weights-added", reason, weights_id=weights.weights_id, author=author)
                if state is WeightsState.ACTIVE:
                    _activate(connection, weights.weights_id, reason, author)
        return self.version(weights.weights_id)

    def _write(self, weights: WeightsFile) -> None:
        """Write the file unless its version is on the shelf: equal tensors may come with another header. The
        very same file mends one that is missing or damaged."""
        known = select(_weights.file_hash).where(_weights.weights_id == weights.weights_id)
        with self._database.reading() as connection:
            file_hash: str | None = connection.scalar(known)
        path = self.path(weights.weights_id)
        if file_hash is not None:
            if sha256(weights.data) != file_hash:
                return
            with suppress(WeightsError):
                _verified(path, file_hash)
                return
        write_whole(path, weights.data)

    def versions(self, model: str | None = None) -> list[WeightsVersion]:
        """Every version, or those of one model, in the order of arrival."""
        query = select(schema.weights).order_by(_weights.number)
        if model is not None:
            query = query.where(_weights.model == model)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            used: dict[str, list[str]] = {}
            for weights_id, sample_id in connection.execute(
                select(schema.weights_samples)
                .join(schema.samples, schema.samples.c.sample_id == schema.weights_samples.c.sample_id)
                .order_by(schema.samples.c.arrival)
            ):
                used.setdefault(weights_id, []).append(sample_id)
        return [_version(row, used.get(row.weights_id, [])) for row in rows]

    def version(self, weights_id: str) -> WeightsVersion:
        """One version, by its whole id or the beginning of it (at least four digits).

        Raises:
            WeightsError: None, or more than one, is meant.
        """
        meant = [
            version
            for version in self.versions()
            if version.weights_id == weights_id
            or (len(weights_id) >= 4 and version.weights_id.startswith(weights_id))
        ]
        if len(meant) != 1:
            found = "no weights" if not meant else f"{len(meant)} weights"
            raise WeightsError(
                f"The project has {found} with the id {weights_id}.",
                "List the versions and give enough digits of one id.",
            )
        return meant[0]

    def active(self, model: str = "r2aunet") -> WeightsVersion:
        """The version in use.

        Raises:
            WeightsError: No weights of that model are active.
        """
        for version in self.versions():
            if version.model == model and version.state is WeightsState.ACTIVE:
                return version
        raise WeightsError(
            f"The project has no active weights for the model {model}.", "Import weights and promote them."
        )

    def promote(self, weights_id: str, reason: str = "", author: str = "") -> WeightsVersion:
        """Make a version the active one of its model, in one transaction.

        Promoting the active version changes nothing.

        Raises:
            WeightsError: No such version.
        """
        version = self.version(weights_id)
        with self._database.writing() as connection:
            _activate(connection, version.weights_id, reason, author)
        return self.version(version.weights_id)

    def refuse(
        self, weights_id: str, reason: str = "", author: str = "", undecided: bool = False
    ) -> WeightsVersion:
        """Mark a candidate as refused; it stays on the shelf with the reason.

        Args:
            weights_id: Which.
            reason: One sentence.
            author: Who.
            undecided: Whether it is for want of evidence alone.

        Raises:
            WeightsError: No such version, or it is the active one.
        """
        version = self.version(weights_id)
        with self._database.writing() as connection:
            changed = connection.execute(
                update(schema.weights)
                .where(_weights.weights_id == version.weights_id, _weights.state != WeightsState.ACTIVE)
                .values(state=WeightsState.REFUSED, reason=reason, undecided=undecided)
            )
            if changed.rowcount == 0:
                raise WeightsError(
                    f"{version.name} is in use and cannot be refused.", "Roll back to another version first."
                )
            log_event(connection, "refused", reason, weights_id=version.weights_id, author=author)
        return self.version(version.weights_id)

    def rollback(self, model: str = "r2aunet", author: str = "") -> WeightsVersion:
        """Take the newest promotion back: the version that was active before becomes active again.

        Rolling back again goes one promotion further back.

        Raises:
            WeightsError: Nothing was active before.
        """
        with self._database.writing() as connection:
            stack = connection.execute(
                select(_activations.id, _activations.weights_id)
                .where(_activations.model == model, _activations.taken_back.is_(False))
                .order_by(_activations.id.desc())
                .limit(2)
            ).all()
            if len(stack) < 2:
                raise WeightsError(
                    f"There is no earlier active version of {model} to roll back to.",
                    "Promote the version you want from the list of versions.",
                )
            top, below = stack
            connection.execute(
                update(schema.activations).where(_activations.id == top.id).values(taken_back=True)
            )
            _set_active(connection, model, below.weights_id)
            log_event(
                connection,
                "rolled-back",
                f"from {top.weights_id}",
                weights_id=below.weights_id,
                author=author,
            )
        return self.version(below.weights_id)

    def earlier(self) -> dict[str, str]:
        """The weights id that :meth:`rollback` would lead to, for every model that can go back."""
        stacks: dict[str, list[str]] = {}
        query = select(_activations.model, _activations.weights_id).where(_activations.taken_back.is_(False))
        with self._database.reading() as connection:
            for model, weights_id in connection.execute(query.order_by(_activations.id)):
                stacks.setdefault(model, []).append(weights_id)
        return {model: stack[-2] for model, stack in stacks.items() if len(stack) > 1}

    def taken_back(self) -> frozenset[str]:
        """Ids of the versions that were in use and were rolled back each time."""
        with self._database.reading() as connection:
            rows = connection.execute(select(_activations.weights_id, _activations.taken_back)).all()
        return frozenset(row[0] for row in rows) - {row[0] for row in rows if not row[1]}

    def gone_on_from(self) -> dict[str, str]:
        """The version that each one's learning went on from, both by their ids; none for what began anew."""
        said = _weights.header["earlier"].as_string()
        with self._database.reading() as connection:
            rows = connection.execute(select(_weights.weights_id, said).where(said.is_not(None)))
            return {row[0]: row[1] for row in rows}

    def load(self, weights_id: str) -> WeightsFile:
        """Read a version's file and verify every byte of it.

        Fine-tuned weights come with those that answer elsewhere, as far as these are on the shelf.

        Raises:
            WeightsError: No such version, or a file is missing or damaged.
        """
        weights = self._load(weights_id)
        elsewhere = weights.metadata.get("elsewhere", "")
        if elsewhere in (version.weights_id for version in self.versions(weights.model)):
            weights = replace(weights, elsewhere=self._load(elsewhere))
        return weights

    def header(self, weights_id: str) -> Mapping[str, str]:
        """What a version's file says in its header.

        Raises:
            WeightsError: No such version.
        """
        whole = self.version(weights_id).weights_id
        with self._database.reading() as connection:
            query = select(_weights.header).where(_weights.weights_id == whole)
            return dict(connection.execute(query).scalar_one())

    def _load(self, weights_id: str) -> WeightsFile:
        version = self.version(weights_id)
        with self._database.reading() as connection:
            row = connection.execute(
                select(_weights.header, _weights.file_hash).where(_weights.weights_id == version.weights_id)
            ).one()
        return WeightsFile(
            weights_id=version.weights_id,
            model=version.model,
            config=version.config,
            metadata=row.header,
            data=_verified(self.path(version.weights_id), row.file_hash),
        )

    def drop_parts(self) -> int:
        """Remove half-written files that a killed process left; return how many."""
        parts = list(self.folder.glob(f"*{PART_SUFFIX}"))
        for part in parts:
            part.unlink(missing_ok=True)
        return len(parts)


def _verified(path: Path, file_hash: str) -> bytes:
    hint = (
        "Import a file that was exported from this version, roll back to another version, or copy the file "
        "back from a backup of the project folder."
    )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"The weights file {path} cannot be read: {error.strerror or error}.", hint
        ) from error
    if sha256(data) != file_hash:
        raise WeightsError(f"The weights file {path} is damaged: its content has changed.", hint)
    return data


def _activate(connection: Connection, weights_id: str, reason: str, author: str) -> None:
    row = connection.execute(
        select(_weights.model, _weights.state).where(_weights.weights_id == weights_id)
    ).one()
    if row.state == WeightsState.ACTIVE:
        return
    _set_active(connection, row.model, weights_id)
    if reason:
        connection.execute(
            update(schema.weights).where(_weights.weights_id == weights_id).values(reason=reason)
        )
    connection.execute(
        insert(schema.activations).values(
            model=row.model, weights_id=weights_id, taken_back=False, made_at=now()
        )
    )
    log_event(connection, "promoted", reason, weights_id=weights_id, author=author)


def _set_active(connection: Connection, model: str, weights_id: str) -> None:
    connection.execute(
        update(schema.weights)
        .where(_weights.model == model, _weights.state == WeightsState.ACTIVE)
        .values(state=WeightsState.RETIRED)
    )
    connection.execute(
        update(schema.weights)
        .where(_weights.weights_id == weights_id)
        .values(state=WeightsState.ACTIVE, undecided=False)
    )


def _version(row: Row[Any], samples: Sequence[str]) -> WeightsVersion:
    told = dict(row.scores)
    labels = told.pop("labels", None)
    scores = {key: None if value is None else Scores(**value) for key, value in told.items()}
    reliable = {key: value and Reliability.from_json(value) for key, value in (row.reliability or {}).items()}
    return WeightsVersion(
        weights_id=row.weights_id,
        model=row.model,
        config=row.config,
        number=row.number,
        parent=row.parent,
        state=WeightsState(row.state),
        samples=tuple(samples),
        reason=row.reason,
        made_at=row.made_at,
        name=row.name,
        reliability_before=reliable.get("before"),
        reliability_after=reliable.get("after"),
        threshold=row.threshold,
        undecided=row.undecided,
        labels=labels and LabelComparison(**{key: LabelScores(**value) for key, value in labels.items()}),
        **scores,
    )
