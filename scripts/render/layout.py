"""How many things lie together, in which layout, and how high they stand. Lengths in metres."""

from typing import Protocol

import numpy as np

from render.subject import Subject

HOARD_MOST = 100  # things in one picture of a hoard


class Dropped(Protocol):
    """What `HeightMap` lets down: points [n, 3] in its own frame, a rotation [3, 3], a location
    [3].
    """

    points: np.ndarray
    rotation: np.ndarray
    location: np.ndarray


class HeightMap:
    """How high things stand above the ground, on a square lattice about the origin.

    `half`: half of the square's side in metres; `cells`: of the lattice along a side.
    """

    def __init__(self, half: float, cells: int = 128) -> None:
        self.half, self.cells = half, cells
        self.z = np.zeros((cells, cells))

    def cell_indices(self, points: np.ndarray) -> np.ndarray:
        """The cell [n, 2] under each point [n, 3]; points beyond the square count for its rim."""
        i = ((points[:, :2] / self.half * 0.5 + 0.5) * self.cells).astype(int)
        return np.clip(i, 0, self.cells - 1)

    def lowest_place(self, item: Dropped, places: np.ndarray) -> np.ndarray:
        """The one of `places` [n, 2] at which the item comes to lie lowest."""
        p = item.points[:: max(1, len(item.points) // 2000)] @ item.rotation.T
        rises = []
        for x, y in places:
            i = self.cell_indices(p + [x, y, 0])
            rises.append((self.z[i[:, 0], i[:, 1]] - p[:, 2]).max())
        return places[int(np.argmin(rises))]

    def drop(self, item: Dropped, x: float, y: float) -> None:
        """Let `item` (rotation set) down at x, y until it touches; what it covers stands higher."""
        p = item.points @ item.rotation.T + [x, y, 0]
        i = self.cell_indices(p)
        flat = i[:, 0] * self.cells + i[:, 1]
        bottom = np.full(self.cells**2, np.inf)
        top = np.full(self.cells**2, -np.inf)
        np.minimum.at(bottom, flat, p[:, 2])
        np.maximum.at(top, flat, p[:, 2])
        hit = np.isfinite(bottom)
        z = self.z.ravel()
        rise = float((z[hit] - bottom[hit]).max())
        z[hit] = np.maximum(z[hit], top[hit] + rise)
        item.location = np.array([x, y, rise])


def item_count(rng: np.random.Generator, subject: Subject) -> int:
    """How many lie together on a seller's table: log-uniform over `subject.heap`, often one."""
    low, high = subject.heap
    if high <= 1:
        return 1
    drawn = np.exp(rng.uniform(np.log(max(low, 1)), np.log(high)))
    count = int(np.clip(round(drawn), low, high))
    return 1 if low <= 1 and rng.random() < 0.35 else count


def hoard_count(rng: np.random.Generator, subject: Subject) -> int:
    """How many lie together where a hoard was found: at most `HOARD_MOST`.

    Some things alone, but close; of heaps, skins and the like a few.
    """
    high = subject.heap[1]
    if rng.random() < (0.5 if high <= 1 else 0.33):
        return 1
    if high <= 1:
        return int(rng.integers(2, 6))
    return int(np.exp(rng.uniform(np.log(6), np.log(min(HOARD_MOST, 12 * high)))))


def choose_layout(rng: np.random.Generator, count: int, seized: bool, upright: bool) -> str:
    """How `count` things lie: one, row, grid, loose, heap or stack."""
    if count == 1:
        return "one"
    if seized and upright:  # skins and heaps: side by side, or one partly over the other
        return rng.choice(["row", "grid", "loose"], p=[0.3, 0.2, 0.5])
    if seized and count > 8:
        return rng.choice(["grid", "heap", "loose", "stack"], p=[0.2, 0.35, 0.2, 0.25])
    if count <= 8:
        return rng.choice(["row", "loose", "heap"], p=[0.3, 0.5, 0.2])
    return rng.choice(["grid", "heap", "loose"], p=[0.15, 0.65, 0.2])


def spread_of(layout: str, count: int, radius: float) -> float:
    """How far from the middle the things of a layout lie, in metres; `radius` is that of one."""
    shares = {
        "one": 0.01,
        "row": 1,
        "grid": 1,
        "loose": 0.85 * np.sqrt(count),
        "heap": 0.45 * np.sqrt(count),
        "stack": 0.35 * np.sqrt(count),
    }
    return radius * shares[layout]
