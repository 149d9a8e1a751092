"""Curves, noise, distance fields and pieces: what scenes are built of, without Blender."""

import numpy as np
import pytest

from render import geometry, piece

POINTS = np.random.default_rng(0).uniform(-1, 1, (400, 3))


def test_noise_is_bounded_smooth_and_that_of_its_seed() -> None:
    found = geometry.noise(POINTS, 5.0, 3)
    assert np.abs(found).max() <= 1
    assert np.array_equal(found, geometry.noise(POINTS, 5.0, 3))
    assert not np.array_equal(found, geometry.noise(POINTS, 5.0, 4))
    assert np.abs(geometry.noise(POINTS + 1e-5, 5.0, 3) - found).max() < 1e-2


def test_a_spline_begins_and_ends_at_its_points() -> None:
    through = np.array([(0, 0, 0), (1, 2, 0), (3, 1, 1.0)])
    curve = geometry.spline(through, 50)
    assert curve[[0, -1]] == pytest.approx(through[[0, -1]])
    assert np.linalg.norm(curve - through[1], axis=1).min() < 0.05
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    assert steps.max() < 1.1 * steps.min()


@pytest.mark.parametrize("bend", [0.0, 1.0, np.pi])
def test_an_arc_has_its_length_and_turns_by_its_bend(bend: float) -> None:
    curve = geometry.arc(0.5, bend, count=400)
    steps = np.diff(curve, axis=0)
    assert np.linalg.norm(steps, axis=1).sum() == pytest.approx(0.5, rel=1e-3)
    turned = np.arccos(np.clip(np.dot(*(s / np.linalg.norm(s) for s in steps[[0, -1]])), -1, 1))
    assert turned == pytest.approx(bend, abs=0.02)


def test_frames_stay_at_right_angles() -> None:
    t, n, b = geometry.frames(geometry.arc(1.0, 2.0, 1.5))
    for one, other in ((t, n), (n, b), (t, b)):
        assert np.abs((one * other).sum(1)).max() < 1e-6


def test_distances_are_negative_inside() -> None:
    assert geometry.ellipsoid(np.zeros((1, 3)), (0, 0, 0), (1, 2, 3)) < 0
    surface = np.array([(1, 0, 0), (0, 2, 0), (0, 0, 3.0)])
    assert geometry.ellipsoid(surface, (0, 0, 0), (1, 2, 3)) == pytest.approx([0, 0, 0])
    ends = np.array([(0, 0, -0.5), (0, 0, 1.25), (0.5, 0, 0.5)])
    distance = geometry.capsule(ends, (0, 0, 0), (0, 0, 1), 0.5, 0.25)
    assert distance == pytest.approx([0, 0, 0.125])


def test_a_smooth_union_holds_both_bodies_and_meets_them_far_away() -> None:
    one = geometry.ellipsoid(POINTS, (-0.5, 0, 0), (0.3, 0.3, 0.3))
    other = geometry.ellipsoid(POINTS, (0.5, 0, 0), (0.3, 0.3, 0.3))
    together = geometry.union(one, other, k=0.1)
    assert (together <= np.minimum(one, other) + 1e-12).all()
    far = np.abs(one - other) > 0.1
    assert together[far] == pytest.approx(np.minimum(one, other)[far])
    assert np.array_equal(geometry.union(one, other), np.minimum(one, other))


def edges(faces: np.ndarray) -> np.ndarray:
    """How often each edge of triangles or quads is used."""
    ends = np.stack([faces, np.roll(faces, -1, 1)], -1).reshape(-1, 2)
    return np.unique(np.sort(ends, 1), axis=0, return_counts=True)[1]


def test_a_lattice_that_wraps_is_open_at_its_two_ends_alone() -> None:
    used = edges(geometry.grid_faces(5, 8))
    assert (used == 1).sum() == 2 * 8
    assert used.max() == 2


def test_a_ball_has_its_radius_and_its_normals_point_outwards() -> None:
    ball = piece.ball(0.02, 32)
    assert np.linalg.norm(ball.v, axis=1) == pytest.approx(0.02)
    inner = np.abs(ball.v[:, 2]) < 0.019
    outward = (piece.normals(ball) * ball.v).sum(1)[inner]
    assert outward.min() > 0 or outward.max() < 0
    before = np.linalg.norm(ball.v[inner], axis=1)
    sign = np.sign(outward[0])
    grown = piece.displace(ball, 0.001 * sign)
    assert (np.linalg.norm(grown.v[inner], axis=1) - before) == pytest.approx(0.001, abs=1e-4)


def test_a_level_set_is_the_surface_of_its_distance() -> None:
    found = piece.level_set(
        lambda x, y, z: piece.ellipsoid(x, y, z, (0, 0, 0), (0.03, 0.03, 0.03)),
        (-0.04,) * 3,
        (0.04,) * 3,
        40,
    )
    assert np.linalg.norm(found.v, axis=1) == pytest.approx(0.03, abs=0.001)
    assert (edges(found.f) == 2).all()


def test_joined_pieces_keep_their_own_triangles() -> None:
    one, other = piece.ball(1.0, 8), piece.moved(piece.ball(1.0, 8), shift=(5, 0, 0))
    both = piece.join([one, other])
    assert len(both.v) == len(both.c) == len(both.grain) == len(one.v) + len(other.v)
    assert (both.v[both.f][len(one.f) :, :, 0] > 3).all()
    assert (both.v[both.f][: len(one.f), :, 0] < 2).all()


def test_a_rotation_turns_by_the_right_hand() -> None:
    turn = piece.rotation((0, 0, 1), np.pi / 2)
    assert turn @ [1, 0, 0] == pytest.approx([0, 1, 0])
    assert geometry.rotation_about_z(np.pi / 2) == pytest.approx(turn)
    random = piece.random_rotation(np.random.default_rng(1))
    assert random @ random.T == pytest.approx(np.eye(3))
    assert np.linalg.det(random) == pytest.approx(1)
