"""Things at rest: built, turned into stable poses and laid out.

Lengths in metres, angles in radians.
"""

from collections.abc import Iterator

import bpy  # noqa: F401  it brings mathutils
import numpy as np
from mathutils import Matrix, Vector
from scipy.spatial import ConvexHull, QhullError

from render import props
from render.geometry import rotation_about_z
from render.item import Item
from render.layout import HeightMap, choose_layout, hoard_count, item_count, spread_of
from render.subject import Subject


def random_tilt(rng: np.random.Generator, amount: float) -> np.ndarray:
    """A rotation [3, 3] about a random level axis by a normal angle of deviation `amount`."""
    a = rng.uniform(0, 2 * np.pi)
    return np.array(
        Matrix.Rotation(float(rng.normal(0, amount)), 3, Vector((np.cos(a), np.sin(a), 0)))
    )


def resting_pose(rng: np.random.Generator, points: np.ndarray, subject: Subject) -> np.ndarray:
    """A stable pose as a rotation [3, 3]: a face of the hull goes down, low centres likelier."""
    if subject.upright or (not subject.lying and rng.random() < 0.6):
        return np.eye(3)
    cloud = points[:: max(1, len(points) // 1500)]
    try:
        hull = ConvexHull(cloud)
    except (QhullError, ValueError):  # flat or too few points
        return np.eye(3)
    tri = cloud[hull.simplices]
    area = np.linalg.norm(np.cross(tri[:, 1] - tri[:, 0], tri[:, 2] - tri[:, 0]), axis=1) / 2
    height = -hull.equations[:, 3] - hull.equations[:, :3] @ cloud.mean(0)
    low = height.min()
    weight = area * np.exp(-(height - low) / (0.12 * low + 0.04 * np.abs(height).max() + 1e-9))
    n = hull.equations[rng.choice(len(weight), p=weight / weight.sum()), :3]
    return np.array(Vector(n).rotation_difference(Vector((0, 0, -1))).to_matrix())


class Laying:
    """Items on their way to the ground; each layout yields (item, x and y) in turn.

    `spread`: how far from the middle they lie, `radius`: of one item, in metres; `held`: whether
    a container holds them.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        subject: Subject,
        items: list[Item],
        heights: HeightMap,
        spread: float,
        radius: float,
        held: bool,
    ) -> None:
        self.rng, self.subject, self.items, self.heights = rng, subject, items, heights
        self.spread, self.radius, self.held = spread, radius, held

    def pose(self, item: Item) -> np.ndarray:
        """A stable pose of an item."""
        return resting_pose(self.rng, item.points, self.subject)

    def in_rows(self, layout: str, yaw: float, columns: int) -> Iterator[tuple[Item, np.ndarray]]:
        """Row or grid: like things lie alike, as far apart as the first one needs."""
        rng, count = self.rng, len(self.items)
        same = step = None
        for k, item in enumerate(self.items):
            if same is None:
                same = self.pose(item)
            alike = item.points.shape == self.items[0].points.shape
            pose = same if alike else self.pose(item)
            item.rotation = rotation_about_z(yaw + rng.normal(0, 0.08)) @ pose
            if step is None:
                extent = np.ptp(item.points @ item.rotation.T, axis=0)
                gap = (1.08, 1.5) if layout == "grid" else (1.05, 1.4)
                step = extent[:2] * rng.uniform(*gap)
                if layout == "row" and extent[1] < extent[0]:
                    columns = 1
            rows = -(-count // columns)
            cell = np.array([k % columns, k // columns]) - [(columns - 1) / 2, (rows - 1) / 2]
            yield item, cell * step + rng.normal(0, 0.03, 2) * step

    def stacked(self, yaw: float) -> Iterator[tuple[Item, np.ndarray]]:
        """All one way, as timber."""
        rng, along = self.rng, np.array([np.cos(yaw), np.sin(yaw)])
        for item in self.items:
            pose = self.pose(item)
            long = np.argmax(np.ptp((item.points @ pose.T)[:, :2], axis=0)) * np.pi / 2
            turn = yaw - long + np.pi * rng.integers(2) + rng.normal(0, 0.1)
            item.rotation = rotation_about_z(turn) @ pose
            across = rng.uniform(-1, 1, (3, 1)) * self.spread * np.array([[-along[1], along[0]]])
            places = across + rng.normal(0, 0.2, (3, 1)) * self.radius * along
            yield item, self.heights.lowest_place(item, places)

    def scattered(self, layout: str) -> Iterator[tuple[Item, np.ndarray]]:
        """One, loose or heap: in no order, where there is room."""
        rng, heap = self.rng, layout == "heap"
        for k, item in enumerate(self.items):
            item.rotation = rotation_about_z(rng.uniform(0, 2 * np.pi)) @ self.pose(item)
            if heap and k > 3 and not self.subject.upright:
                item.rotation = random_tilt(rng, 0.35) @ item.rotation
            places = rng.normal(0, 1, (3, 2)) * self.spread * (0.55 if heap else 0.6)
            at = self.heights.lowest_place(item, places)
            if layout == "loose":
                tries = rng.normal(0, 1, (8, 2)) * self.spread * 0.6
                at = emptiest(tries, [other.location[:2] for other in self.items[:k]], at)
            if self.held:
                at = at * min(1.0, 1.2 * self.spread / (np.linalg.norm(at) + 1e-9))
            yield item, at


def emptiest(tries: np.ndarray, taken: list[np.ndarray], otherwise: np.ndarray) -> np.ndarray:
    """The one of `tries` [n, 2] farthest from what is taken; `otherwise` if nothing is."""
    if not taken:
        return otherwise
    apart = [np.min(np.linalg.norm(np.array(taken) - t, axis=1)) for t in tries]
    return tries[np.argmax(apart)]


def build_items(rng: np.random.Generator, subject: Subject, count: int) -> tuple[list[Item], float]:
    """`count` items, at most five of them different, and their mean radius in metres."""
    distinct = min(count, 5 if subject.heap[1] <= 40 else 4)
    bases = [Item(subject.build(rng)) for _ in range(distinct)]
    copies = [bases[int(rng.integers(distinct))].copy() for _ in range(count - distinct)]
    return bases + copies, float(np.mean([base.radius for base in bases]))


def arrange(
    rng: np.random.Generator, subject: Subject, seized: bool
) -> tuple[list[Item], Item | None]:
    """Build and lay the items of a picture; returns them and the container that holds them."""
    count = (hoard_count if seized else item_count)(rng, subject)
    items, radius = build_items(rng, subject, count)
    layout = choose_layout(rng, count, seized, subject.upright)
    spread = spread_of(layout, count, radius)
    heights = HeightMap(max(spread * 2.2, radius * 1.3 * np.sqrt(count)) + radius * 1.5)
    holder = None
    if rng.random() < (0.25 if layout in ("heap", "one") else 0.08) and radius < 0.4:
        inner = max(radius * 1.05, spread * 1.1)
        holder = Item(props.container(rng, inner))
        heights = HeightMap(holder.radius * 1.3)
        heights.drop(holder, 0, 0)
        spread = min(spread, inner * 0.45)
    laying = Laying(rng, subject, items, heights, spread, radius, holder is not None)
    yaw = rng.uniform(0, 2 * np.pi)
    if layout in ("row", "grid"):
        wide = layout == "grid"
        columns = int(np.ceil(np.sqrt(count * rng.uniform(0.6, 1.8)))) if wide else count
        steps = laying.in_rows(layout, yaw, columns)
    else:
        steps = laying.stacked(yaw) if layout == "stack" else laying.scattered(layout)
    for item, at in steps:
        x, y = np.clip(at, -heights.half * 0.95, heights.half * 0.95)
        heights.drop(item, float(x), float(y))
    for item in [*items, holder] if holder else items:
        item.apply_pose()
    return items, holder
