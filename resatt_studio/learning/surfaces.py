"""Finds the surfaces behind photos: those of a training set, and home, the one that a project corrects.

A network that learned one project's corrections answers better there and a little worse everywhere else. So
what was learned is asked about photos of home alone, and about any other the weights it all began with
(``inference.surface``). Home is found from the corrected photos and from those of the project that look like
them, which nobody has to label: one corrected photo alone would be a poor guess of a surface's middle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from resatt_studio.records.arrays import Float32Array
from resatt_studio.records.surface import HOME_BONUS, Floats, HomeSurface, KnownSurfaces

AXES = 16
PLACES_A_SET = 3
LEAST_PHOTOS = 8
"""Photos of a set below which it gets one place alone."""
RIDGE = 0.05
ROUNDS = 3
SAME_SURFACE = 9.0
"""Squared distance between home and the middle of a known surface below which the two are one: photos of one
surface give 0 to 9 when a few of them are corrected, new surfaces 11 to 41 (docs/BENCHMARKS-learning.md)."""


def known_surfaces(descriptors: Mapping[str, Sequence[Float32Array]]) -> KnownSurfaces:
    """Surfaces of training sets.

    Principal axes of all photos, standardised; then scaled by the covariance within surfaces, pooled over
    them (Fisher's linear discriminant), with a twentieth of its mean variance added.

    Args:
        descriptors: Of the photos of each set, by its name; two sets at least, some of them with two photos.
    """
    sets = {name: np.asarray(rows, np.float64) for name, rows in descriptors.items()}
    everything = np.concatenate(list(sets.values()))
    origin, spread = everything.mean(0), everything.std(0) + 1e-6
    turn = np.linalg.svd((everything - origin) / spread, full_matrices=False)[2][:AXES].T
    axes = turn / spread[:, None]
    covariances, places, names = [], [], []
    for name, rows in sets.items():
        turned = (rows - origin) @ axes
        own, nearest = _clusters(turned)
        places.append(own)
        names += [name] * len(own)
        if len(rows) > len(own):
            covariances.append(np.cov((turned - own[nearest]).T))
    within = np.mean(covariances, axis=0)
    within += np.eye(len(within)) * RIDGE * np.trace(within) / len(within)
    whitening = np.linalg.cholesky(np.linalg.inv(within))
    return KnownSurfaces(origin, axes @ whitening, np.concatenate(places) @ whitening, tuple(names))


def _clusters(points: Floats) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.int32]]]:
    from scipy.cluster.vq import kmeans2  # for training runs alone

    wanted = PLACES_A_SET if len(points) >= LEAST_PHOTOS else 1
    middles, nearest = kmeans2(points, wanted, minit="++", rng=0)
    used = np.unique(nearest)  # a cluster may have lost all its points
    return middles[used], np.searchsorted(used, nearest)


def find_home(
    known: KnownSurfaces, corrected: Sequence[Float32Array], others: Sequence[Float32Array] = ()
) -> HomeSurface:
    """The surface of the corrected photos.

    Corrected photos that lie near one another share a place. Each place then moves to the mean of its
    corrected photos and of those others of the project that lie nearer to it than to any known surface, a
    few times.

    Args:
        known: Of the weights that learning began with.
        corrected: Descriptors of the corrected photos; one at least.
        others: Of the project's other photos, as far as they are described.
    """
    anchors = known.place(np.asarray(corrected))
    pool = known.place(np.asarray(others)) if len(others) else np.empty((0, anchors.shape[1]))
    home = _settled(known, anchors, pool)
    same_as = {name for name in known.names if _gap(home, known, name) < SAME_SURFACE}
    if same_as:
        home = _settled(known.without(same_as), anchors, pool)
    return replace(home, same_as=tuple(sorted(same_as)))


def _gap(home: HomeSurface, known: KnownSurfaces, name: str) -> float:
    """Squared distance between home and a known surface: from the nearest of its places, or their middle."""
    places = known.places[[index for index, one in enumerate(known.names) if one == name]]
    places = np.concatenate([places, places.mean(0, keepdims=True)])
    return float(((places[:, None] - home.places[None]) ** 2).sum(2).min())


def _settled(known: KnownSurfaces, anchors: Floats, pool: Floats) -> HomeSurface:
    groups = _grouped(anchors)
    middles = np.stack([anchors[group].mean(0) for group in groups])
    counts = np.asarray([len(group) for group in groups])
    reach = known.distance(pool) + HOME_BONUS
    for _ in range(ROUNDS):
        gaps = ((pool[:, None] - middles[None]) ** 2).sum(2) / (1 + 1 / counts)
        own = np.where(gaps.min(1) < reach, gaps.argmin(1), -1) if len(pool) else np.empty(0, int)
        for index, group in enumerate(groups):
            together = np.concatenate([anchors[group], pool[own == index]])
            middles[index], counts[index] = together.mean(0), len(together)
    return HomeSurface(middles, tuple(int(count) for count in counts))


def _grouped(anchors: Floats) -> list[list[int]]:
    """Corrected photos of one surface together: two such photos are about sqrt(2 * axes) apart, give or take;
    twice that is another surface. Single linkage, in their order."""
    limit = 4 * 2 * anchors.shape[1]
    groups: list[list[int]] = []
    for index, place in enumerate(anchors):
        near = [group for group in groups if ((anchors[group] - place) ** 2).sum(1).min() < limit]
        merged = [index, *(member for group in near for member in group)]
        groups = [group for group in groups if group not in near] + [sorted(merged)]
    return groups
