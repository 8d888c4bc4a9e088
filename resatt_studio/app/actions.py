"""Every act of the window, one table line each: menus, tool bar, shortcut sheet and tests follow from it."""

from __future__ import annotations

from dataclasses import dataclass

from resatt_studio.app.crack_words import CALLS, CRACK_WORDS
from resatt_studio.records.labels import CRACK_TYPES
from resatt_studio.words import mark


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One act.

    Attributes:
        id: Unique; menus and the tool bar name it.
        text: In menus.
        target: "part.method"; the part is "session", "view", "learner", "label_learner", "shelf", "labels",
            "doubts", "reader", "sides", "tour", "ask", "areas", "window", "canvas"; "answer.transverse" calls
            the photo so.
        help: One sentence for the tool tip and the shortcut sheet; "{id}" becomes the key of that action.
        shortcuts: Portable key sequences; the first one is shown.
        icon: Name in ``assets/icons``, or "".
        needs: Field of :class:`~resatt_studio.app.conditions.Conditions` that must hold, or "".
        checked: Field of the same that a checkable action mirrors, or "field=value", or "".
        scope: Where its keys count, of ``keymap.SCOPES``.
        repeats: Whether a key that is held does it again and again.
    """

    id: str
    text: str
    target: str
    help: str
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    needs: str = ""
    checked: str = ""
    scope: str = "window"
    repeats: bool = True


def _act(
    id: str,
    text: str,
    target: str,
    keys: str = "",
    icon: str = "",
    needs: str = "",
    checked: str = "",
    help: str = "",
    scope: str = "window",
    repeats: bool = True,
) -> ActionSpec:
    return ActionSpec(id, text, target, help, tuple(keys.split()), icon, needs, checked, scope, repeats)


ACTIONS: tuple[ActionSpec, ...] = (
    # File
    _act("new_project", "&New project…", "ask.new_project", "Ctrl+N",
         help="Make a project folder for photos."),
    _act("open_project", "&Open project…", "ask.open_project", "Ctrl+O", "open-folder",
         help="Open a NAME.resatt folder."),
    _act("add_folder", "Add photo &folder…", "ask.add_folder", "Ctrl+U Ctrl+Shift+O",
         help="Add every photo of a folder; the photos stay where they are."),
    _act("add_photos", "Add &photos…", "ask.add_photos", help="Add single photos."),
    _act("sample_project", "Open the &sample project", "session.open_sample",
         help="Bundled photos to try everything on."),
    _act("checkpoint", "&Save a checkpoint…", "ask.checkpoint", "Ctrl+S", needs="has_photo",
         help="Everything is saved as you paint; this gives the photo's state a name to come back to."),
    _act("close_project", "&Close project", "session.close_project", needs="has_project",
         help="Close the project and show the start page."),
    _act("settings", "Se&ttings…", "ask.settings", "Ctrl+,", help="Preferences; they apply at once."),
    _act("quit", "&Quit", "window.close", help="Close the window; everything is saved."),
    # Edit
    _act("undo", "&Undo", "window.undo", "Ctrl+Z", "undo", "can_undo",
         help="Take back the last point in hand, or the last stroke on this photo, also one from last week."),
    _act("redo", "&Redo", "session.redo", "Ctrl+Shift+Z Ctrl+Y", "redo", "can_redo",
         help="Bring back the stroke that was taken back."),
    # Photos and review
    _act("previous", "&Previous photo", "session.previous_photo", "A PgUp", "previous", "has_project",
         help="Open the photo above in the list."),
    _act("next", "&Next photo", "session.next_photo", "D PgDown", "next", "has_project",
         help="Open the photo below in the list."),
    _act("previous_unchecked", "Previous unchecked", "session.previous_unchecked", "Ctrl+Shift+A", "",
         "has_project", help="Open the nearest photo above that is neither approved nor skipped."),
    _act("next_unchecked", "Next unchecked", "session.next_unchecked", "Ctrl+Shift+D", "", "has_project",
         help="Open the nearest photo below that is neither approved nor skipped."),
    _act("next_doubt", "Next &doubtful place", "doubts.next_place", "N", "", "is_whole",
         help="Zoom in where the mask is most in doubt, then where it is less; then on to the next photo."),
    _act("previous_doubt", "Previous doubtful place", "doubts.previous_place", "Shift+N", "", "is_whole",
         help="Back to the doubtful place before this one."),
    _act("approve", "&Approve correction", "session.approve", "Return Enter", "approve", "has_photo",
         help="The mask with your corrections is right: keep it to learn from, go to the next photo.",
         repeats=False),
    _act("approve_complete", "Approve &every pixel", "session.approve_complete", "Ctrl+Return", "",
         "has_photo",
         help="As approve, and you stand for every pixel: all that is not crack is not crack.",
         repeats=False),
    _act("skip", "S&kip photo", "session.skip", "Shift+Return", "skip", "has_photo",
         help="Leave this photo out and go to the next one.", repeats=False),
    # Second readers
    _act("agree", "A&gree to the approval", "reader.agree", "Ctrl+Shift+Return", "", "is_approved",
         help="As the second reader: the approved mask is right; go to the next photo that waits for one.",
         repeats=False),
    _act("send_back", "Send &back with a note…", "ask.send_back", "Ctrl+Backspace", "", "is_approved",
         help="As the second reader: say what is wrong with the approved mask; the photo is corrected again.",
         repeats=False),
    _act("next_unread", "&Next for a second reader", "reader.next_unread", "Shift+D", "", "has_project",
         help="Open the next approved photo that nobody else has read, of those you did not approve."),
    _act("agreed_only", "&Learn only from agreed photos", "reader.toggle_agreed_only", "", "", "has_project",
         "agreed_only",
         help="The crack network learns from, and is judged by, what a second reader agreed to alone."),
    _act("one_person", "&One person may do both", "reader.toggle_one_person", "", "", "has_project",
         "one_person", help="In this project somebody may be the second reader of their own approvals."),
    _act("predict", "Predict &again", "session.predict_again", "Ctrl+P", "", "has_photo",
         help="Ask the network in use for this photo's cracks."),
    _act("predict_whole", "Predict the &whole photo", "session.predict_whole", "Ctrl+Alt+P", "", "has_photo",
         help="Of a photo that is shown part by part: ask the network about all of it, in the background."),
    _act("predict_all", "Predict a&ll photos", "session.predict_all", "Ctrl+Shift+P", "", "has_project",
         help="Predict every photo that the network in use has not seen, in the background."),
    # Painting
    _act("paint_crack", "Paint &crack", "view.paint_crack", "Q", "", "has_photo", "painting_crack",
         help="Brush that says: these pixels are crack."),
    _act("paint_not_crack", "Paint &not crack", "view.paint_not_crack", "W", "", "has_photo",
         "painting_not_crack", help="Brush that says: these pixels are not crack."),
    _act("swap_label", "S&wap crack and not crack", "view.swap_label", "X", "", "has_photo",
         help="Change between the two brushes."),
    _act("smaller_brush", "Smaller brush", "view.smaller_brush", "[ ,", help="Make the brush smaller."),
    _act("larger_brush", "Larger brush", "view.larger_brush", "] .", help="Make the brush larger."),
    _act("key_cursor", "&Keyboard cursor on the photo", "view.toggle_key_cursor", "I", "", "has_photo",
         "key_cursor",
         help="Arrow keys move a pointer, with Shift farther; Space is its button: hold it to paint."),
    _act("set_scale", "Set the &scale…", "ask.set_scale", "Shift+M", "ruler", "has_photo",
         help="Say how long the ruler's line is, or how many millimetres a pixel is."),
    # Answers about the whole photo; 5 to 9 are kept for more
    *(
        _act(f"answer_{key}", CALLS[kind], f"answer.{kind.value}", str(key), "",
             "has_photo", f"answer={kind.value}", help=CRACK_WORDS[kind][2])
        for key, kind in enumerate(CRACK_TYPES, start=1)
    ),
    _act("answer_none", "Take the answer back", "labels.clear", "0", "", "has_answer",
         help="The photo is called nothing again."),
    # View
    _act("fit", "&Fit to window", "canvas.fit", "F", "zoom-fit", "has_photo", help="Show the whole photo."),
    _act("actual_size", "&Actual size", "canvas.actual_size", "Ctrl+0", "", "has_photo",
         help="One pixel of the photo on one pixel of the screen."),
    _act("zoom_in", "Zoom &in", "canvas.zoom_in", "Ctrl++ Ctrl+=", "", "has_photo",
         help="Zoom in on the middle."),
    _act("zoom_out", "Zoom &out", "canvas.zoom_out", "Ctrl+-", "", "has_photo",
         help="Zoom out from the middle."),
    _act("toggle_minimap", "Show the photo's ma&p", "view.toggle_minimap", "F9", "", "has_photo",
         "minimap_wanted", help="A small map while a part of the photo is seen; drag its frame."),
    _act("toggle_sides", "Two views &side by side", "sides.toggle", "F8", "sides", "has_project",
         "side_by_side", help="A second view beside the photo: without the mask, by another version, by the "
         "attention, or another photo."),
    _act("swap_sides", "S&wap both sides", "sides.swap", "Shift+F8", "swap", "side_by_side",
         help="Each side shows what the other one showed; of two photos the right one is opened."),
    _act("toggle_link", "Move both views to&gether", "sides.toggle_link", "Ctrl+F8", "link", "side_by_side",
         "sides_linked", help="Zoom and place of one view follow the other; move each for itself, then link "
         "them as they lie."),
    _act("close_sides", "&One view again", "sides.close", "", "close", "side_by_side",
         help="Close the second view."),
    _act("toggle_mask", "Show crack &mask", "view.toggle_mask", "S", "eye", "has_project", "mask_visible",
         help="Show or hide the mask; hold V to see the bare photo."),
    _act("more_opaque", "Mask more opaque", "view.more_opaque", "Alt+]",
         help="Make the mask less transparent."),
    _act("less_opaque", "Mask less opaque", "view.less_opaque", "Alt+[",
         help="Make the mask more transparent."),
    _act("reset_layers", "Reset all la&yers", "view.reset_layers", needs="has_photo",
         help="Show every layer as at first: which, how opaque, in which colours; and the photo as it is."),
    _act("brighter", "&Brighter", "view.brighter", "Alt+Up", "", "has_photo",
         help="Show the photo brighter; the networks see it as it is.", scope="canvas"),
    _act("darker", "Dar&ker", "view.darker", "Alt+Down", "", "has_photo",
         help="Show the photo darker; the networks see it as it is.", scope="canvas"),
    _act("more_contrast", "More co&ntrast", "view.more_contrast", "Alt+PgUp", "", "has_photo",
         help="Show the photo with more contrast.", scope="canvas"),
    _act("less_contrast", "&Less contrast", "view.less_contrast", "Alt+PgDown", "", "has_photo",
         help="Show the photo with less contrast.", scope="canvas"),
    _act("fit_tone", "Fit br&ightness to what is seen", "canvas.fit_tone", "Shift+F", "adjust", "has_photo",
         help="Spread what is seen from black to white; of a 16-bit photo, choose its window so."),
    _act("reset_tone", "Ph&oto as it is", "view.reset_tone", "Ctrl+Shift+F", "", "toned",
         help="Take brightness, contrast and window of the photo back."),
    _act("toggle_dehazed", "Show the &dehazed photo", "view.toggle_dehazed", "C", "dehaze", "is_whole",
         "dehazed_visible", help="The photo as the DHFormer-style network clears it; for viewing."),
    _act("toggle_split", "Spl&it original and dehazed", "view.toggle_split", "Shift+C", "compare",
         "is_whole", "split_on", help="Left of the divider the photo stays as it is; drag the divider."),
    _act("toggle_compare", "Compare the masks of &both inputs", "view.toggle_compare", "Ctrl+Shift+C", "",
         "is_whole", "comparing",
         help="Left of the divider the mask from the original photo, right of it that from the dehazed one."),
    _act("split_left", "Divider to the left", "view.split_left", "Alt+Left", "", "is_whole",
         help="Show more of the dehazed photo."),
    _act("split_right", "Divider to the right", "view.split_right", "Alt+Right", "", "is_whole",
         help="Show more of the original photo."),
    _act("toggle_heat", "Show a&ttention", "view.toggle_heat", "Shift+S", "", "is_whole", "heat_visible",
         help="Show or hide where a label network looks; the Attention panel says what is asked."),
    _act("ask_centre", "Ask about the middle of the view", "canvas.ask_at_centre", "Shift+T", "", "is_whole",
         help="What the point in the middle of the view attends to; arrow keys move the photo.",
         scope="canvas"),
    _act("toggle_change", "Show what learning chan&ged", "view.toggle_change", "Shift+V", "", "is_whole",
         "change_visible", help="Crack that the compared versions gained and lost on this photo."),
    _act("next_area", "Go to the ne&xt area", "areas.next", "F6",
         help="Keyboard to the photo, then each panel, then the tool bar, and round again."),
    _act("previous_area", "Go to the pre&vious area", "areas.previous", "Shift+F6",
         help="The same the other way round."),
    _act("reset_layout", "&Reset layout", "window.reset_layout",
         help="Put every panel back where it was at first."),
    # Learn
    _act("learn", "&Learn from corrections", "learner.learn", "Ctrl+T Ctrl+L", "learn", "can_learn",
         help="Teach the network your approved corrections, in the background."),
    _act("stop_learning", "&Stop and keep the best", "learner.stop", "Ctrl+Shift+T", "stop", "learning",
         help="End learning now; the best weights so far are judged and kept as a candidate."),
    _act("learn_thoroughly", "Learn for &longer", "learner.learn_thoroughly", "", "", "can_learn",
         help="Teach the network your approved corrections for twice as long, in the background."),
    _act("learn_labels", "Learn from class &answers", "label_learner.learn", "Ctrl+Shift+L", "",
         "can_learn_labels", help="Teach RMT and ReViT what you called the photos, in the background."),
    _act("promote", "&Promote the candidate", "learner.promote_newest", "", "promote", "has_candidate",
         help="Use the newest candidate from now on."),
    _act("roll_back", "Roll &back", "learner.roll_back", "", "rollback", "can_roll_back",
         help="Use the version that was in use before."),
    _act("import_weights", "&Import weights…", "shelf.want_import", "", "", "has_project",
         help="Put weights of the network that the Learning panel lists on the shelf."),
    # Export
    _act("export", "&Export…", "ask.export", "Ctrl+E", "export", "has_project",
         help="Write masks, probabilities or weights as files."),
    _act("export_heat", "Export the a&ttention map…", "ask.export_heat", "", "", "has_heat",
         help="Write the map over its photo as PNG, with colour bar and caption."),
    # Help
    _act("palette", "&Find an action…", "window.show_palette", "Ctrl+K Ctrl+Shift+K",
         help="Type a few letters: every action, tool, panel, photo and recent project."),
    _act("shortcuts", "&Keyboard shortcuts", "ask.shortcuts", "F1", help="All keys on one sheet."),
    _act("edit_shortcuts", "&Change shortcuts…", "ask.edit_shortcuts",
         help="Give actions other keys; a key that is taken is told."),
    _act("tour", "Take the &tour", "tour.start",
         help="Seven callouts from opening photos to taking their masks away; each waits for you."),
    _act("about", "&About ResAtt Studio", "ask.about",
         help="Version, licence and where things are kept."),
)  # fmt: skip

SEPARATOR = "-"

MENUS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (mark("&File"), ("new_project", "open_project", "@recent", "sample_project", SEPARATOR, "add_folder",
               "add_photos",
               SEPARATOR, "checkpoint", "close_project", SEPARATOR, "settings", SEPARATOR, "quit")),
    (mark("&Edit"), ("undo", "redo")),
    (mark("&View"), ("fit", "actual_size", "zoom_in", "zoom_out", "toggle_minimap",
               SEPARATOR, "toggle_sides", "swap_sides", "toggle_link", "close_sides",
               SEPARATOR, "toggle_mask", "more_opaque",
               "less_opaque", "@layers", "reset_layers",
               "@tone",
               SEPARATOR, "toggle_dehazed", "toggle_split", "toggle_compare",
               "split_left", "split_right",
               SEPARATOR, "toggle_heat", "ask_centre", "toggle_change",
               SEPARATOR, "@panels", "next_area", "previous_area", SEPARATOR, "reset_layout")),
    (mark("&Annotate"), ("@tools", SEPARATOR, "paint_crack", "paint_not_crack", "swap_label", "smaller_brush",
                   "larger_brush", "key_cursor", "set_scale",
                   SEPARATOR, *(f"answer_{key}" for key in range(1, len(CRACK_TYPES) + 1)), "answer_none",
                   SEPARATOR, "approve", "approve_complete", "skip", SEPARATOR, "previous",
                   "next",
                   "previous_unchecked", "next_unchecked", SEPARATOR, "next_doubt", "previous_doubt",
                   SEPARATOR, "predict", "predict_whole", "predict_all")),
    (mark("&Review"), ("agree", "send_back", SEPARATOR, "next_unread", SEPARATOR, "agreed_only",
                       "one_person")),
    (mark("&Learn"), ("learn", "learn_thoroughly", "stop_learning", "learn_labels", SEPARATOR, "promote",
                "roll_back", SEPARATOR, "import_weights")),
    (mark("E&xport"), ("export", "export_heat")),
    (mark("&Help"), ("palette", "shortcuts", "edit_shortcuts", "tour", SEPARATOR, "about")),
)  # fmt: skip
"""Title and action ids of each menu; what begins with "@" is a line of :data:`SUBMENUS`, or is filled in from
other tables."""

SUBMENUS: dict[str, tuple[str, tuple[str, ...]]] = {
    "@tone": (
        mark("Brig&htness and contrast"),
        ("brighter", "darker", "more_contrast", "less_contrast", "fit_tone", "reset_tone"),
    ),
}
"""Title and action ids of menus within another one, of which all is seen on a small screen then."""


def menu_ids(ids: tuple[str, ...]) -> tuple[str, ...]:
    """The ids of a menu with those of the menus within it."""
    return tuple(one for id in ids for one in (SUBMENUS[id][1] if id in SUBMENUS else (id,)))


HELD_KEYS: tuple[tuple[str, str], ...] = (
    (mark("Space"), mark("Hold and drag to move the photo.")),
    (
        mark("Arrows"),
        mark("Move the photo, or the keyboard cursor while it is on; Space is its button then."),
    ),
    ("V", mark("Hold to see the bare photo, without overlays.")),
    (mark("Wheel"), mark("Zoom at the pointer; with Shift change the brush size.")),
    (mark("Middle button"), mark("Drag to move the photo.")),
    (mark("Alt+drag"), mark("Change the brush size.")),
    (
        mark("Ctrl+right drag"),
        mark("Right for more contrast, up for more light; of a 16-bit photo, its window."),
    ),
    (mark("Alt+click"), mark("On the eye of a layer: show it alone, or all again.")),
    (mark("Enter"), mark("Finish the line or polygon in hand; so do a double click and the right button.")),
    (mark("Backspace"), mark("Take back its last point; Esc drops it whole.")),
    (mark("Shift"), mark("Held with line, polygon or ruler: level, upright or at 45 degrees.")),
    (
        mark("Divider between views"),
        mark("Drag it, or focus it and press the arrow keys; a double click makes halves."),
    ),
    (mark("Divider"), mark("Drag it to compare the original with the dehazed photo.")),
)
"""Keys that act while they are held, for the shortcut sheet."""


def by_id() -> dict[str, ActionSpec]:
    """The table by action id."""
    return {spec.id: spec for spec in ACTIONS}
