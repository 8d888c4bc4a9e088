"""Claims about colours: every text can be read on every ground it stands on."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QRadioButton

from resatt_studio.app.theme import DARK, LIGHT, Tokens, apply_theme, contrast, current_tokens

THEMES = [DARK, LIGHT]


@pytest.mark.parametrize("tokens", THEMES, ids=lambda tokens: tokens.name)
def test_texts_reach_wcag_contrast(tokens: Tokens) -> None:
    grounds = (tokens.panel, tokens.header, tokens.field, tokens.hover, tokens.selection)
    pairs = [(ink, ground) for ink in (tokens.text, tokens.muted) for ground in grounds]
    pairs += [(tokens.on_accent, tokens.accent), (tokens.on_accent, tokens.accent_hover)]
    pairs += [(tokens.on_notice, tokens.notice), (tokens.on_error, tokens.error)]
    pairs += [(ink, ground) for ground, ink in tokens.badges.values()]
    pairs += [(tokens.success, tokens.panel), (tokens.loss, tokens.panel)]
    poor = {pair: round(contrast(*pair), 2) for pair in pairs if contrast(*pair) < 4.5}
    assert poor == {}


@pytest.mark.parametrize("tokens", THEMES, ids=lambda tokens: tokens.name)
def test_controls_stand_out_from_their_ground(tokens: Tokens) -> None:
    assert contrast(tokens.accent, tokens.panel) >= 3
    assert contrast(tokens.success, tokens.groove) >= 1.5


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#808080", "#808080") == 1


@pytest.mark.gui
@pytest.mark.parametrize("theme", ["light", "dark", "light"])
def test_a_theme_is_in_force_at_once(qapp: object, theme: str) -> None:
    tokens = apply_theme(qapp, theme)
    assert tokens.name == theme
    assert qapp.palette().window().color().name() == tokens.panel
    assert tokens.accent in qapp.styleSheet()
    assert "$" not in qapp.styleSheet()


def test_an_unknown_scheme_of_the_system_is_light(qapp: object) -> None:
    apply_theme(qapp, "system")
    assert current_tokens() in THEMES


@pytest.mark.gui
@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", [QCheckBox, QRadioButton])
def test_what_is_ticked_or_chosen_can_be_seen_before_and_after(
    qapp: object, qtbot: object, kind: type[QAbstractButton], theme: str, checked: bool
) -> None:
    tokens = apply_theme(qapp, theme)
    button = kind()
    button.setAutoExclusive(False)
    button.setChecked(checked)
    qtbot.addWidget(button)
    image = button.grab().toImage()
    middle = image.height() // 2
    along = [contrast(image.pixelColor(x, middle).name(), tokens.panel) for x in range(image.width())]
    assert max(along[:8]) >= 3 and max(along[8:]) >= 3, "its outline, on both sides"
