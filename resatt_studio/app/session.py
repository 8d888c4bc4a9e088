"""What is open now: project, photo, document, prediction. This is the one place that changes it.

An answer that is no longer wanted (another photo is open, other weights are in use) is dropped here. Panels
and canvas listen to the signals and never change anything themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from resatt_studio import settings
from resatt_studio.annotation.document import UNLIKELY_CRACK_SHARE
from resatt_studio.app import jobs
from resatt_studio.app.canvas.tile_memory import MORE_MEMORY
from resatt_studio.app.listing import neighbour, openable, unchecked
from resatt_studio.app.other_networks import DEHAZE_MODEL
from resatt_studio.app.project_session import ProjectSession
from resatt_studio.app.worker import Answers, once
from resatt_studio.errors import BugError, PhotoChanged, StudioError
from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.records.correction import Edit, Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.jobs import Urgency
from resatt_studio.records.photo import Photo, PhotoEntry, ReviewState
from resatt_studio.records.prediction import HugePrediction, Prediction, PredictionPart
from resatt_studio.records.review import ReviewAct, ReviewEntry
from resatt_studio.words import again, mark, tr

if TYPE_CHECKING:
    from resatt_studio.app.canvas.tile_pyramid import TilePyramid
    from resatt_studio.workflow.correct import StoredDocument
    from resatt_studio.workflow.project import Project

AHEAD = 2
"""How many photos after the open one are predicted before they are asked for."""
SAVE_LOOK_MS = 100


HUGE_CURE = f"{MORE_MEMORY} {mark('Or cut the photo into parts.')}"

MOST_SEEN_PX = 16_000_000
"""So much of a huge photo is predicted at a time."""
SEEN_BYTES_A_PIXEL = 3 + 4 / 3
LAST_WORDS = mark("That was the last photo to review.")


class Session(ProjectSession):
    """The open project with the photo on the desk; every change is told by a signal.

    Args:
        preferences: Settings of this person.

    Attributes:
        stepping: Whether the history takes the open photo to another step now, slice by slice; what is on the
            screen meanwhile is nothing that somebody asked for.
    """

    photo_changed = Signal(object)
    """Another photo is being opened; carries its PhotoEntry, or None."""
    preview_ready = Signal(object)
    photo_ready = Signal(object, object)
    """Photo and document."""
    tiles_ready = Signal(object, object)
    """TilePyramid and document of a photo that is too large to be held whole."""
    document_ready = Signal(object)
    """The document of a photo of either kind; comes after ``photo_ready`` or ``tiles_ready``."""
    photo_failed = Signal(object)
    """The photo of this PhotoEntry could not be shown; the error was told by ``failed``."""
    prediction_changed = Signal(object)
    huge_predicted = Signal(object)
    """A HugePrediction of the open photo; ``prediction_changed`` tells when it goes."""
    prediction_grew = Signal(object)
    """A PredictionPart of the open photo, whose prediction is under way."""
    threshold_changed = Signal(float)
    input_changed = Signal(str)
    """What the crack network is shown from now on."""
    share_known = Signal()
    """The histogram behind :attr:`crack_share` was counted."""
    painted = Signal(object)
    """Box of the photo that undo, redo or a checkpoint changed."""
    _unwritten = Signal(object)
    """The journal's thread could not save a stroke; it tries again by itself."""

    def __init__(self, preferences: settings.Settings, parent: QObject | None = None) -> None:
        super().__init__(preferences, parent)
        self.entry: PhotoEntry | None = None
        self.photo: Photo | None = None
        self.tiles: TilePyramid | None = None
        self.document: StoredDocument | None = None
        self.prediction: Prediction | None = None
        self.huge: HugePrediction | None = None
        self.saved_at = ""
        self.stepping = False
        self._gave_up = False
        self._more_than: Float32Array | None = None
        self._comparing: int | None = None
        self._unsaved = QTimer(self, interval=SAVE_LOOK_MS)
        self._unsaved.timeout.connect(self._look_whether_saved)
        self._unwritten.connect(self.failed, Qt.ConnectionType.QueuedConnection)
        self.predictor.predicted.connect(self._take_prediction)
        self.predictor.grew.connect(self._take_part)
        self.predictor.broke_off.connect(self._drop_part)

    # -- what holds now --

    @property
    def can_undo(self) -> bool:
        return self.document is not None and self.document.can_undo

    @property
    def can_redo(self) -> bool:
        return self.document is not None and self.document.can_redo

    @property
    def saving(self) -> bool:
        """Whether a stroke is on its way to the disk."""
        return self._unsaved.isActive()

    @property
    def crack_share(self) -> float | None:
        """Share of the photo's pixels that the prediction calls crack, in [0, 1]; None while unknown."""
        if self._more_than is None:
            return None
        return float(self._more_than[int(self.threshold * 255)])

    @property
    def huge_words(self) -> str:
        """What cannot be done with so large a photo, for ``Keymap.words``; "" for one that is held whole."""
        if self.tiles is None or self.entry is None:
            return ""
        return tr(
            "{megapixels:.0f} megapixels are shown part by part: look, paint, approve, and predict what is "
            "seen ({{predict}}) or all of it ({{predict_whole}}). Other networks take smaller photos. {cure}"
        ).format(megapixels=self.entry.facts.megapixels, cure=again(HUGE_CURE))

    # -- opening photos --

    def open_photo(self, photo_id: str) -> None:
        """Open a photo of the list; its preview comes first. One that could not be shown is tried again."""
        entry = next((e for e in self.state.entries if e.photo_id == photo_id), None)
        project = self.project
        if entry is None or project is None or (self._is_open(photo_id) and not self._gave_up):
            return
        self.leave_photo()
        if entry.state is ReviewState.BROKEN:
            self.failed.emit(
                StudioError(mark("{name} cannot be shown.").format(name=entry.name), entry.reason)
            )
            return
        self.entry = entry
        self.predictor.open_id = entry.photo_id
        self.photo_changed.emit(entry)
        self.changed.emit()
        # What the weights see of other inputs depends on the photo's haze; the network's thread knows.
        whole = self.memory.fits_whole(entry.facts.height * entry.facts.width)
        plain = self.settings.photo_input == "raw" or not whole
        weights_id = self.active.weights_id if self.active and plain else ""
        author, told = self.settings.author, self._unwritten.emit
        undo_bytes = self.settings.undo_mb * 2**20
        self._submit(
            lambda: jobs.open_photo(
                project, entry, author, weights_id, told, undo_bytes, self.memory, self.tile_cache
            ),
            mark("Opening {name}").format(name=entry.name),
            lambda opened: self._show(entry, opened),
            lambda pixels: self._preview(entry, pixels),
            lambda: self._give_up(entry),
            key="photo",
            unheard=lambda opened: opened.close(),
        )

    def leave_photo(self) -> None:
        """Put the open photo away; its strokes are on the disk before it can be opened again."""
        self.photo_changed.emit(None)  # first, so that a stroke in hand still ends in this document
        document, self.document = self.document, None
        tiles, self.tiles = self.tiles, None
        self._unsaved.stop()
        self.files.cancel(self._comparing)
        self.predictor.drop_part()
        self.entry, self.photo, self.prediction, self.huge = None, None, None, None
        self.predictor.open_id = ""
        self._more_than, self._gave_up, self._corrected = None, False, False
        if document is not None:
            self._submit(once(document.close), "", must=True)
        if tiles is not None:
            self.close_tiles(tiles)

    def close_tiles(self, tiles: TilePyramid) -> None:
        """Let go of a huge photo's file, on the thread that may still be building its tiles."""
        self.hold()
        self.tile_worker.submit(once(tiles.close), Urgency.PREDICT_SHOWN, Answers(ended=self.release))

    def shut_down(self, timeout_s: float = 2.0) -> bool:
        """As for any project; a huge photo that is still open is put away when nobody builds its tiles."""
        ended = super().shut_down(timeout_s)
        if ended and self.tiles is not None:
            self.tiles.close()
            self.tiles = None
        return ended

    def next_photo(self) -> None:
        self._go(+1)

    def previous_photo(self) -> None:
        self._go(-1)

    def next_unchecked(self) -> None:
        self._go(+1, unchecked_only=True)

    def previous_unchecked(self) -> None:
        self._go(-1, unchecked_only=True)

    # -- painting --

    def note_edit(self) -> None:
        """A stroke ended: follow it to the disk."""
        if self.document is None or self.entry is None:
            return
        self._corrected = True
        if self.entry.state is not ReviewState.CORRECTING:
            self._patch_entry(replace(self.entry, state=ReviewState.CORRECTING))
        self._unsaved.start()
        self.changed.emit()

    def note_painted(self, box: Box) -> None:
        """Something other than a stroke changed a box of the photo: show it, and follow it to the disk."""
        self.painted.emit(box)
        self.note_edit()

    def undo(self) -> None:
        if self.document is not None:
            self._step_history(self.document, self.document.undo)

    def redo(self) -> None:
        if self.document is not None:
            self._step_history(self.document, self.document.redo)

    def set_threshold(self, threshold: float) -> None:
        """Change the probability above which a pixel is shown as crack to the inspector's own; kept with the
        project."""
        self.own_threshold = threshold
        self.threshold_changed.emit(threshold)
        project = self.project
        if project is not None:
            act = once(lambda: setattr(project.settings, "threshold", threshold))
            self._submit(act, "", key="threshold", must=True)
            if self._ranked:
                self.refresh()  # another threshold, other doubts

    def set_threshold_automatic(self, automatic: bool) -> None:
        """Let every version of the weights bring its own threshold, or keep the present one from now on."""
        if not automatic:
            self.set_threshold(self.threshold)
            return
        self.own_threshold = None
        self.threshold_changed.emit(self.threshold)
        project = self.project
        if project is not None:
            act = once(lambda: setattr(project.settings, "threshold_automatic", True))
            self._submit(act, "", key="threshold", must=True)

    # -- review --

    def approve(self) -> None:
        """Keep mask and corrections of this photo to learn from, and go on to the next unchecked one."""
        self._approve(complete=None)

    def approve_complete(self) -> None:
        """As :meth:`approve`; every pixel is vouched for."""
        self._approve(complete=True)

    def skip(self) -> None:
        """Leave this photo out and go on to the next unchecked one."""
        project, entry = self.project, self.entry
        if project is None or entry is None:
            return
        following = self._after_review(entry)
        self.leave_photo()  # first: what a tool holds becomes a stroke, and a stroke says it is in progress
        self._patch_entry(replace(entry, state=ReviewState.SKIPPED))
        self._write(lambda: project.store.set_state(entry.photo_id, ReviewState.SKIPPED))
        self.open_photo((following or entry).photo_id)
        if following is None:
            self.told.emit(tr(LAST_WORDS))

    # -- prediction --

    def predict_again(self) -> None:
        """Ask for the open photo's cracks; what the weights in use have seen comes at once. Of a huge photo
        the part that is seen is asked about."""
        if self.project is not None and self.tiles is not None:
            if self.huge is not None or self.predictor.whole_id == self.tiles.photo_id:
                self.predict_whole()  # says so
            else:
                self._predict_seen(self.project, self.tiles)
        else:
            self._ask_again()

    def predict_whole(self) -> None:
        """Predict all of a huge photo, what is seen first; of any other as :meth:`predict_again`."""
        if self.tiles is None or self.project is None or self.entry is None:
            self.predict_again()
        elif self.huge is not None:
            self.told.emit(tr("The network in use has predicted all of this photo."))
        elif self.predictor.whole_id == self.entry.photo_id:
            self.told.emit(tr("All of this photo is being predicted; what is seen comes first."))
        else:
            self.predictor.predict_huge(self.project, self.entry)

    def predict_all(self) -> None:
        """Predict every photo that the weights in use have not seen, in the background."""
        if self.project is not None:
            self.predictor.predict_project(self.project, self.refresh, self.memory.fits_whole)

    def set_photo_input(self, name: str) -> None:
        """Change what the crack network is shown ("raw", "dehazed" or "auto"), for this person's photos from
        now on; the open photo's mask is asked for again, and what was predicted before comes at once."""
        if name == self.settings.photo_input:
            return
        try:
            settings.change_settings(photo_input=name)
        except StudioError as error:
            self.failed.emit(error)  # it holds until the window is closed
        self.settings = replace(self.settings, photo_input=name)
        self.predictor.photo_input = name
        self.predictor.drop_ahead()
        if self.tiles is None:  # a huge photo is shown to the network as it is, whatever was chosen
            self._set_prediction(None)
            self._ask_again()
        if self.project is not None:
            self._predict_next(self.project)
        self.input_changed.emit(name)

    def weights_changed(self) -> None:
        """Other weights are in use: what was predicted by the old ones is shown no longer, and what these
        have seen before comes back."""
        self._set_prediction(None)
        self.predictor.drop_whole()
        self.refresh(self._ask_again)

    def when_photo_changes(self, then: Callable[[], None]) -> None:
        """Call ``then`` from now on when another photo is shown or none is, and when it is there."""
        for signal in (self.project_changed, self.photo_changed, self.document_ready):
            signal.connect(then)

    # -- inside --

    def _after_adding(self) -> None:
        if self.entry is None:
            self.next_photo()

    def _preview(self, entry: PhotoEntry, pixels: UInt8Array) -> None:
        if self._is_open(entry.photo_id) and self.photo is None:
            self.preview_ready.emit(pixels)

    def _show(self, entry: PhotoEntry, opened: jobs.OpenedPhoto) -> None:
        project = self.project
        shown = self.document is not None  # it was asked for twice, and the other answer came first
        if not self._is_open(entry.photo_id) or project is None or shown:
            self._submit(once(opened.close), "", must=True)
            return
        self.photo, self.document = opened.photo, opened.document
        if opened.photo is None:
            self._show_tiles(project, entry, opened)
            return
        self.photo_ready.emit(opened.photo, opened.document)
        self.document_ready.emit(opened.document)
        known = opened.prediction  # asked for before the photo was read; much may have changed since
        assert not isinstance(known, HugePrediction)  # this photo is held whole
        if known is not None and not self._wants(known):
            known = None
        self._set_prediction(known)
        if known is None:
            self.predictor.predict_shown(project, opened.photo)
        self._predict_next(project)
        self.changed.emit()

    def _ask_again(self) -> None:
        if self.project is not None and self.photo is not None:
            self.predictor.predict_shown(self.project, self.photo)
        elif self.project is not None and self.tiles is not None:
            self._read_kept(self.project, self.tiles)

    def _read_kept(self, project: Project, tiles: TilePyramid) -> None:
        """Show what the weights in use have seen of a huge photo before; it is asked for by people alone."""
        if self.active is None:
            return
        photo_id, weights_id = tiles.photo_id, self.active.weights_id

        def found(known: HugePrediction | None) -> None:
            if known is not None and self.tiles is tiles:
                self._offer(known)

        read = once(lambda: project.store.huge_prediction(photo_id, weights_id))
        self._submit(read, "", found, key="kept")

    def _predict_seen(self, project: Project, tiles: TilePyramid) -> None:
        seen = self.predictor.looked_at
        count_px = 0 if seen is None else seen.height * seen.width
        if seen is None or count_px > MOST_SEEN_PX or not self.memory.has_room(count_px * SEEN_BYTES_A_PIXEL):
            most = MOST_SEEN_PX // 1_000_000
            self.told.emit(
                tr(
                    "Zoom in until at most {most} megapixels are seen; the network then looks at these."
                ).format(most=most)
            )
            return
        self.predictor.predict_part(project, tiles.photo, tiles.photo_id, seen)

    def _show_tiles(self, project: Project, entry: PhotoEntry, opened: jobs.OpenedPhoto) -> None:
        """As :meth:`_show`, of a photo that is too large to be held whole."""
        tiles = self.tiles = opened.tiles
        if tiles is None:
            raise BugError("a photo was opened with neither pixels nor tiles")
        self.tiles_ready.emit(tiles, opened.document)
        self.document_ready.emit(opened.document)
        if isinstance(opened.prediction, HugePrediction) and self._wants(opened.prediction):
            self._set_huge(opened.prediction)
        self.told.emit(self.huge_words)
        path = tiles.photo.path
        answers = Answers(
            done=lambda _: self._trust(tiles), failed=lambda error: self._not_compared(entry, error)
        )
        self._comparing = self.files.submit(
            lambda: jobs.compare_file(project, entry.photo_id, path), Urgency.PREDICT_AHEAD, answers
        )
        self._predict_next(project)
        self.changed.emit()

    def _trust(self, tiles: TilePyramid) -> None:
        """The file was compared: what is built of it may serve the next visit too."""
        if self.tiles is tiles:
            self.tile_worker.submit(once(tiles.trust), Urgency.PREDICT_SHOWN)

    def _not_compared(self, entry: PhotoEntry, error: Exception) -> None:
        """A file that was changed is not the photo that the strokes belong to; one that could not be read now
        may be, and stays, but nothing that is built of it lasts."""
        self.failed.emit(error)
        if isinstance(error, PhotoChanged) and self._is_open(entry.photo_id):
            self.leave_photo()
            self.photo_failed.emit(entry)
            self.changed.emit()

    def _give_up(self, entry: PhotoEntry) -> None:
        if self._is_open(entry.photo_id):
            self._gave_up = True
            self.photo_failed.emit(entry)

    def _is_open(self, photo_id: str) -> bool:
        return self.entry is not None and self.entry.photo_id == photo_id

    def _predict_next(self, project: Project) -> None:
        ids = [e.photo_id for e in self.listed]
        place = ids.index(self.entry.photo_id) if self.entry and self.entry.photo_id in ids else -1
        following = [e for e in self.listed[place + 1 :] if e.state is ReviewState.NEW][:AHEAD]
        here_px = self.photo.height * self.photo.width if self.photo is not None else 0
        following = [e for e in following if self.memory.fits_whole(here_px + e.facts.height * e.facts.width)]
        self.predictor.predict_ahead(project, following)

    def _take_prediction(self, prediction: Prediction | HugePrediction) -> None:
        # Which weights are in use is known for certain only after the store was asked again.
        self.refresh(lambda: self._offer(prediction))

    def _take_part(self, part: PredictionPart) -> None:
        shown = self.photo is not None or self.tiles is not None
        missing = self._is_open(part.photo_id) and shown and self.prediction is None and self.huge is None
        if missing and self._wants(part):
            if self.tiles is not None and self.document is not None:  # no whole prediction will say so
                self.document.weights_id = part.weights_id
            self.prediction_grew.emit(part)

    def _drop_part(self, photo_id: str) -> None:
        """No more is to come: what is finished would pass for the whole."""
        if self._is_open(photo_id) and self.prediction is None and self.huge is None:
            self.prediction_changed.emit(None)

    def _offer(self, prediction: Prediction | HugePrediction) -> None:
        if not self._is_open(prediction.photo_id) or not self._wants(prediction):
            return
        if isinstance(prediction, Prediction):
            self._set_prediction(prediction)
        elif self.tiles is not None:
            self._set_huge(prediction)

    def _wants(self, answer: Prediction | HugePrediction | PredictionPart) -> bool:
        """Whether an answer is by the weights in use, those that dehaze among them, from the chosen input."""
        kind = "dehazed" if answer.dehazer_id else "raw"
        # A huge photo is shown to the network as it is: haze is estimated on whole photos.
        chosen = self.tiles is not None or self.settings.photo_input in (kind, "auto")
        if self.active is None or not chosen:
            return False
        dehazer_id = self.state.in_use.get(DEHAZE_MODEL, answer.dehazer_id)  # not there: the factory's
        return answer.weights_id == self.active.weights_id and answer.dehazer_id in ("", dehazer_id)

    def _set_huge(self, prediction: HugePrediction) -> None:
        """As :meth:`_set_prediction`, of a huge photo."""
        self.huge = prediction
        if self.document is not None:
            self.document.weights_id = prediction.weights_id
        self.huge_predicted.emit(prediction)
        self._more_than = jobs.share_above(prediction)
        self.share_known.emit()

    def _set_prediction(self, prediction: Prediction | None) -> None:
        self.prediction, self.huge = prediction, None
        self._more_than = None
        if self.document is not None:
            self.document.weights_id = prediction.weights_id if prediction is not None else ""
        self.prediction_changed.emit(prediction)
        if prediction is not None:
            self._count_share(prediction)

    def _count_share(self, prediction: Prediction) -> None:
        def counted(more_than: Float32Array) -> None:
            if self.prediction is prediction:
                self._more_than = more_than
                self.share_known.emit()

        self._submit(once(lambda: jobs.share_above(prediction)), "", counted, key="share")

    def _step_history(self, document: StoredDocument, step: Callable[[], Edit | None]) -> None:
        document.settle()  # it is one more or fewer than the history was asked for
        edit = step()
        if edit is not None:
            self.note_painted(edit.box)

    def _look_whether_saved(self) -> None:
        if self.document is None or self.document.unsaved == 0:
            self._unsaved.stop()
            self.saved_at = time.strftime("%H:%M:%S")
            self.changed.emit()

    def _approve(self, complete: bool | None) -> None:
        project, entry, prediction = self.project, self.entry, self.huge or self.prediction
        if project is None or entry is None or self.document is None:
            return
        in_tiles = self.tiles is not None
        if self.stepping:
            self.told.emit(tr("The photo is still on its way to another step; approve it when it is there."))
            return
        painted = self.document.labels.counts()
        if complete and prediction is None and self.active is not None and painted[Label.UNSAID]:
            self.told.emit(
                tr("“Approve every pixel” goes by the mask: do so when the mask of the whole photo is there.")
            )
            return
        document = self.document.share()  # of its own until it is approved; the photo itself is put away
        author = self.settings.author
        following = self._after_review(entry)
        self.leave_photo()
        said = ReviewEntry(0, entry.photo_id, "", ReviewAct.APPROVED, author=author)
        self._patch_entry(replace(entry, state=ReviewState.APPROVED, review=said))
        self._write(
            lambda: jobs.approve(project, document, prediction, author, complete, in_tiles),
            mark("Approving {name}").format(name=entry.name),
            then=lambda share: _words_of_approval(entry.name, share),
        )
        self.open_photo((following or entry).photo_id)

    def _after_review(self, entry: PhotoEntry) -> PhotoEntry | None:
        """What comes when this photo is done; asked before its state changes, since that may move it in the
        list. By what to correct next, that is the first of the list, wherever this one stood."""
        if not self._ranked:
            return neighbour(self.listed, entry.photo_id, +1, unchecked)
        others = tuple(other for other in self.listed if other.photo_id != entry.photo_id)
        return neighbour(others, None, +1, unchecked)

    def _go(self, step: int, unchecked_only: bool = False) -> None:
        here = self.entry.photo_id if self.entry else None
        entry = neighbour(self.listed, here, step, unchecked if unchecked_only else openable)
        if entry is not None:
            self.open_photo(entry.photo_id)
        elif here is not None:
            words = tr(LAST_WORDS) if unchecked_only else tr("No more photos this way.")
            self.told.emit(words)

    def _patch_entry(self, entry: PhotoEntry) -> None:
        if self._is_open(entry.photo_id):
            self.entry = entry
        super()._patch_entry(entry)

    def _take_state(self, state: jobs.ProjectState) -> None:
        former, shown = self.state.in_use.get(DEHAZE_MODEL), self.threshold
        if self.entry is not None:
            here = self.entry.photo_id
            if self._corrected:  # what was read may be older than the stroke
                state = replace(state, entries=tuple(map(self._as_corrected, state.entries)))
            self.entry = next((e for e in state.entries if e.photo_id == here), self.entry)
        super()._take_state(state)
        if self.threshold != shown:
            self.threshold_changed.emit(self.threshold)
        if state.in_use.get(DEHAZE_MODEL) != former:
            self._dehazer_changed()

    def _as_corrected(self, entry: PhotoEntry) -> PhotoEntry:
        return replace(entry, state=ReviewState.CORRECTING) if self._is_open(entry.photo_id) else entry

    def _dehazer_changed(self) -> None:
        """Other weights take the haze out: a mask that was, or may have been, made by the old ones is not
        shown, and photos are predicted ahead anew."""
        if self.settings.photo_input == "raw" or self.project is None or self.photo is None:
            return
        self.predictor.drop_ahead()
        if self.prediction is None or not self._wants(self.prediction):
            self._set_prediction(None)
            self._ask_again()
        self._predict_next(self.project)


def _words_of_approval(name: str, labelled_share: float) -> str:
    if labelled_share <= UNLIKELY_CRACK_SHARE:
        return tr("{name} is approved.").format(name=name)
    return tr(
        "{name} is approved with {share} of it labelled crack. If crack and not crack were exchanged, open "
        "it again, undo and approve it once more."
    ).format(name=name, share=f"{labelled_share:.0%}")
