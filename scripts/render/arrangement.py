"""Things at rest: built, turned into stable poses and laid out.

Lengths in metres, angles in radians.
"""

from collections.abc import Iterator

import bpy
import numpy as np
from mathutils import Matrix, Vector
from scipy.spatial import ConvexHull, QhullError

from render import props, shapes
from render.geometry import rotation_about_z
from render.layout import HeightMap, choose_layout, hoard_count, item_count, spread_of
from render.subject import Subject

FEW_VERTICES = 4000  # below which an item's faces may be large: points on them stand for it too
MOST_POINTS = 20000  # that stand for an item


def surface_points(thing: bpy.types.Object, corners: np.ndarray, count: int = 3000) -> np.ndarray:
    """Points [count, 3] all over the faces of a mesh with vertices `corners`, evenly by area."""
    thing.data.calc_loop_triangles()
    tri = np.empty(len(thing.data.loop_triangles) * 3, np.int32)
    thing.data.loop_triangles.foreach_get("vertices", tri)
    a, b, c = (corners[tri[k::3]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    if area.sum() <= 0:
        return corners[:0]
    rng = np.random.default_rng(0)
    pick = rng.choice(len(a), count, p=area / area.sum())
    u, w = rng.random((2, count, 1))
    u, w = np.where(u + w > 1, 1 - u, u), np.where(u + w > 1, 1 - w, w)
    return a[pick] + u * (b[pick] - a[pick]) + w * (c[pick] - a[pick])


class Item:
    """The Blender objects of one thing, moved together.

    `points` [n, 3]: of its surface as built, about `middle`; `radius`: of the ball that holds them;
    `rotation` [3, 3] and `location` [3]: where `apply_pose` puts it. Metres.
    """

    def __init__(self, things: list[bpy.types.Object]) -> None:
        self.things = things
        bpy.context.view_layer.update()
        clouds = []
        for thing in things:
            matrix = np.array(thing.matrix_world)
            corners = shapes.vertices(thing) @ matrix[:3, :3].T + matrix[:3, 3]
            clouds.append(corners)
            if len(corners) < FEW_VERTICES:
                clouds.append(surface_points(thing, corners))
        cloud = np.vstack(clouds)
        if len(cloud) > MOST_POINTS:
            cloud = cloud[:: len(cloud) // MOST_POINTS + 1]
        self.middle = (cloud.min(0) + cloud.max(0)) / 2
        self.points = cloud - self.middle
        self.radius = float(np.linalg.norm(self.points, axis=1).max())
        self.rotation, self.location = np.eye(3), np.zeros(3)

    def copy(self) -> "Item":
        """Another one that shares the meshes."""
        twin = object.__new__(Item)
        twin.__dict__.update(self.__dict__)
        twin.things = []
        for thing in self.things:
            copied = thing.copy()
            bpy.context.scene.collection.objects.link(copied)
            twin.things.append(copied)
        return twin

    def apply_pose(self) -> None:
        """Move the objects where `rotation` and `location` say."""
        matrix = (
            Matrix.Translation(Vector(self.location))
            @ Matrix(self.rotation.tolist()).to_4x4()
            @ Matrix.Translation(Vector(-self.middle))
        )
        for thing in self.things:
            thing.matrix_world = matrix @ thing.matrix_world

    def world_points(self) -> np.ndarray:
        """`points` [n, 3] in the scene."""
        return self.points @ self.rotation.T + self.location


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
