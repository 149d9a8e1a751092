"""The Blender objects of one thing, moved together."""

import bpy
import numpy as np
from mathutils import Matrix, Vector

from render import shapes

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
