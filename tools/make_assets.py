"""Rebuilds the bundled photos, the reference tiles, the recorded correction and the icon.

Usage: ``python tools/make_assets.py [photos] [reference] [correction] [icon] [--only NAME] [--out assets]``;
without a part, all four. The same version of the code and its libraries gives the same files.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from resatt_studio.imaging.scores import count, dice
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.synthesis.camera import Camera
from resatt_studio.synthesis.cracks import PATTERNS, CrackStyle
from resatt_studio.synthesis.hand import record_correction
from resatt_studio.synthesis.photographed import asphalt_from_gravel, verge_from_grass
from resatt_studio.synthesis.scenes import Recipe, Scene, render_scene
from resatt_studio.synthesis.textures import textures_from_skimage

PARTS = ("photos", "reference", "correction", "icon")
HEIGHT_PX, WIDTH_PX = 1024, 1536
REFERENCE_SEED, REFERENCE_TILES, REFERENCE_PX = 70_000, 48, 256


@dataclass(frozen=True)
class PhotoPlan:
    """One bundled photo: its file stem, its seed, its surface and what is drawn on it."""

    name: str
    seed: int
    recipe: Recipe
    texture: Callable[[int], UInt8Array] | None = None
    jpeg_quality: int = 88


def road(
    stone_px: float,
    tone: float,
    relief: float,
    binder: float,
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0),
    verge_px: float = 0.0,
) -> Callable[[int], UInt8Array]:
    """Return a builder of asphalt from the photographed gravel, with grass along its edge where wanted."""

    def build(seed: int) -> UInt8Array:
        rng = np.random.default_rng([seed, 1])
        photos = textures_from_skimage()
        ground = asphalt_from_gravel(
            rng, photos["gravel"], HEIGHT_PX, WIDTH_PX, stone_px, tone, relief, binder, tint
        )
        return verge_from_grass(rng, photos["grass"], ground, verge_px)[0] if verge_px else ground

    return build


def sun(mean: float, contrast: float = 1.0, strength: float = 0.3, angle: float = -2.2) -> Camera:
    """Return a good pocket camera by daylight; the file is compressed once, on writing."""
    return Camera(angle, strength, mean, contrast, 0.14, 0.55, 0.009, 0.45, 0)


PHOTOS: tuple[PhotoPlan, ...] = (
    PhotoPlan(
        "road-01-transverse",
        2001,
        Recipe(
            patterns=("transverse",),
            style=CrackStyle(7.0, 0.09, 0.5, 1.4, 0.12),
            contrast=0.85,
            marks=("tyre_mark", "oil"),
            objects=("pebbles",),
            shadows=1,
            camera=sun(0.47),
        ),
        road(8.0, 0.42, 0.095, 0.45, (1.0, 1.0, 0.98)),
    ),
    PhotoPlan(
        "road-02-verge",
        2003,
        Recipe(
            patterns=("transverse",),
            style=CrackStyle(7.5, 0.1, 0.55, 1.6, 0.08),
            contrast=0.8,
            objects=("litter",),
            camera=sun(0.48),
        ),
        road(9.0, 0.46, 0.1, 0.45, (1.02, 1.0, 0.95), verge_px=110),
    ),
    PhotoPlan(
        "road-03-alligator",
        2000,
        Recipe(
            patterns=("alligator",),
            style=CrackStyle(7.0, 0.09, 0.5, 1.4, 0.0, 190.0),
            contrast=0.8,
            marks=("stain",),
            camera=sun(0.45),
        ),
        road(7.0, 0.4, 0.09, 0.5, (0.99, 1.0, 1.01)),
    ),
    PhotoPlan(
        "road-04-marking",
        2000,
        Recipe(
            patterns=("diagonal",),
            style=CrackStyle(9.0, 0.1, 0.55, 1.6, 0.15),
            contrast=0.85,
            marks=("paint",),
            camera=sun(0.48),
        ),
        road(9.0, 0.36, 0.08, 0.5, (0.98, 1.0, 1.03)),
    ),
    PhotoPlan(
        "pavement-05-slab",
        2001,
        Recipe(
            "pavement",
            7.0,
            ("longitudinal",),
            CrackStyle(6.5, 0.1, 0.5, 1.2, 0.12),
            contrast=0.8,
            marks=("joint", "stain"),
            camera=sun(0.56),
        ),
    ),
    PhotoPlan(
        "pavement-06-branches",
        2004,
        Recipe(
            "pavement",
            5.0,
            ("branched",),
            CrackStyle(6.5, 0.1, 0.5, 1.2, 0.2),
            contrast=0.85,
            marks=("stain",),
            shadows=1,
            camera=sun(0.52),
        ),
    ),
    PhotoPlan(
        "wall-07-formwork",
        2001,
        Recipe(
            "formwork",
            None,
            ("longitudinal",),
            CrackStyle(5.5, 0.1, 0.5, 0.9, 0.12),
            contrast=0.8,
            marks=("stain",),
            camera=sun(0.58),
        ),
    ),
    PhotoPlan(
        "wall-08-plaster",
        2002,
        Recipe(
            "plaster",
            5.0,
            ("diagonal",),
            CrackStyle(5.5, 0.11, 0.5, 1.0, 0.2),
            contrast=0.75,
            marks=("stain",),
            shadows=1,
            camera=sun(0.62),
        ),
    ),
    PhotoPlan(
        "pavement-09-aggregate",
        2005,
        Recipe(
            patterns=("longitudinal",),
            style=CrackStyle(8.0, 0.1, 0.6, 1.6, 0.1),
            contrast=0.9,
            objects=("pebbles",),
            camera=sun(0.52),
        ),
        road(15.0, 0.52, 0.085, 0.4, (1.03, 1.0, 0.94)),
    ),
    *(
        PhotoPlan(
            f"seepage-{number}-{pattern}",
            seed,
            Recipe(
                "formwork",
                None,
                (pattern,),
                CrackStyle(6.5, 0.1, 0.5, 1.2, 0.12),
                contrast=0.8,
                lime=0.35,
                spall=0.0,
                marks=("joint", "stain"),
                camera=sun(0.46),
            ),
        )
        for number, seed, pattern in (
            (10, 2009, "longitudinal"),
            (11, 2005, "transverse"),
            (12, 2008, "diagonal"),
        )
    ),
)


def render_photo(plan: PhotoPlan) -> Scene:
    """Render one bundled photo before it is compressed."""
    texture = plan.texture(plan.seed) if plan.texture is not None else None
    return render_scene(plan.seed, HEIGHT_PX, WIDTH_PX, texture, recipe=plan.recipe)


def write_photos(out: Path, only: str | None) -> None:
    """Write ``photos/NAME.jpg`` and ``photos/masks/NAME.png``."""
    (out / "photos" / "masks").mkdir(parents=True, exist_ok=True)
    for plan in PHOTOS:
        if only is not None and only not in plan.name:
            continue
        scene = render_photo(plan)
        exif = Image.Exif()
        exif[0x010E] = f"Drawn by ResAtt Studio from seed {plan.seed}; not a photo of a real place"
        exif[0x0131] = "ResAtt Studio synthesis"
        exif[0x8298] = "CC0 1.0, public domain"
        path = out / "photos" / f"{plan.name}.jpg"
        Image.fromarray(scene.pixels).save(path, quality=plan.jpeg_quality, subsampling=2, exif=exif)
        write_mask(out / "photos" / "masks" / f"{plan.name}.png", scene.mask)
        print(f"{path}  {path.stat().st_size // 1024} KiB  {100 * scene.mask.mean():.2f} % crack")


def write_mask(path: Path, mask: np.ndarray) -> None:
    """Write a crack mask as a one-bit PNG, white for crack."""
    Image.fromarray(mask).save(path, optimize=True)


def reference_recipes() -> Iterator[tuple[int, Recipe]]:
    """Yield seed and recipe of each reference tile: all materials and patterns, one in eight crack-free."""
    materials = ("asphalt", "pavement", "asphalt", "formwork", "asphalt", "pavement", "plaster", "brick")
    for index in range(REFERENCE_TILES):
        seed = REFERENCE_SEED + index
        cracks = 0 if index % 8 == 3 + index // 24 else 1
        drawn = Recipe.draw(np.random.default_rng([seed, 2]), cracks)
        marks = tuple(mark for mark in drawn.marks if mark != "sealed_crack")  # people disagree about those
        patterns = (PATTERNS[index % len(PATTERNS)],) if cracks else ()
        material = materials[(index + index // 8) % len(materials)]
        contrast = max(0.6, drawn.contrast)
        yield seed, replace(drawn, material=material, patterns=patterns, marks=marks, contrast=contrast)


def write_reference(out: Path) -> None:
    """Write ``reference/images/NAME.jpg``, ``reference/masks/NAME.png`` and ``reference/tiles.csv``."""
    for part in ("images", "masks"):
        (out / "reference" / part).mkdir(parents=True, exist_ok=True)
    rows = ["name,seed,material,pattern,crack_percent"]
    size = 0
    for index, (seed, recipe) in enumerate(reference_recipes()):
        scene = render_scene(seed, REFERENCE_PX, REFERENCE_PX, recipe=recipe)
        name = f"reference-{index:02d}"
        path = out / "reference" / "images" / f"{name}.jpg"
        Image.fromarray(scene.pixels).save(path, quality=90, subsampling=2)
        write_mask(out / "reference" / "masks" / f"{name}.png", scene.mask)
        pattern = recipe.patterns[0] if recipe.patterns else "none"
        rows.append(f"{name},{seed},{recipe.material},{pattern},{100 * scene.mask.mean():.2f}")
        size += path.stat().st_size
    (out / "reference" / "tiles.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    print(f"{REFERENCE_TILES} reference tiles, {size // 1024} KiB")


def factory_mask(path: Path) -> BoolArray:
    """Return what the shipped factory weights call crack on a photo, computed on the CPU in fp32."""
    from resatt_studio.imaging.files import read_photo
    from resatt_studio.inference.engine import Engine
    from resatt_studio.inference.sliding import run_to_end
    from resatt_studio.models.state import load_weights
    from resatt_studio.resources import asset

    engine = Engine("cpu", "fp32")
    engine.use(load_weights(asset("weights", "r2aunet-factory.safetensors")))
    prediction = run_to_end(engine.predict(read_photo(path)))
    return np.asarray(prediction.probability_8bit >= 128, np.bool_)


def write_correction(out: Path) -> None:
    """Write ``demo/correction.json``: how a person would correct the photo the factory weights know least.

    An inspector corrects the worst photo first; and a rule that looks at nothing but the weights before they
    learned leaves no choice by which the demo could be made to look good.
    """
    found: dict[str, tuple[float, PhotoPlan, Scene, BoolArray]] = {}
    for plan in PHOTOS:
        scene, predicted = render_photo(plan), factory_mask(out / "photos" / f"{plan.name}.jpg")
        found[plan.name] = (dice(count(predicted, scene.mask)), plan, scene, predicted)
        print(f"{plan.name}  Dice {found[plan.name][0]:.3f}")
    _, plan, scene, predicted = min(found.values(), key=lambda row: row[0])
    strokes = record_correction(np.random.default_rng([plan.seed, 3]), scene, predicted)
    (out / "demo").mkdir(parents=True, exist_ok=True)
    record = {"photo": f"{plan.name}.jpg", "strokes": [stroke.as_json() for stroke in strokes]}
    path = out / "demo" / "correction.json"
    path.write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{path}  {len(strokes)} strokes, {strokes[-1].milliseconds[-1] / 1000:.0f} s")


def write_icon(out: Path) -> None:
    """Write ``icons/app.png``, 256 px, from ``icons/app.svg``."""
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    image = QImage(256, 256, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(str(out / "icons" / "app.svg")).render(painter)
    painter.end()
    image.save(str(out / "icons" / "app.png"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=PARTS)
    parser.add_argument("--only", help="photos whose name holds this")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "assets")
    options = parser.parse_args()
    parts = options.parts or PARTS
    if "photos" in parts:
        write_photos(options.out, options.only)
    if "reference" in parts:
        write_reference(options.out)
    if "correction" in parts:
        write_correction(options.out)
    if "icon" in parts:
        write_icon(options.out)


if __name__ == "__main__":
    main()
