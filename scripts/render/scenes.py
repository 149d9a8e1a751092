"""The pictures: one function each, with the label and the form that the manifest names."""

from dataclasses import dataclass
from typing import Callable

import numpy as np

import sdf
from sdf import length
from shade import Material, Scene
from texture import (bone, cloth, fbm, flat, ivory, mix, noise, paper, planks, ramp, rgb, stretch, wood)

SCENES = {}


@dataclass
class Entry:
    label: str
    form: str
    build: Callable[[], Scene]


def scene(label, form):
    def register(build):
        SCENES[build.__name__] = Entry(label, form, build)
        return build

    return register


def matte(colour):
    return Material(colour, roughness=0.9, mirror=0.02)


def polished(colour, wrap=0.35, roughness=0.32):
    return Material(colour, roughness=roughness, mirror=0.045, wrap=wrap)


def glazed(colour, roughness=0.08):
    return Material(colour, roughness=roughness, mirror=0.06, wrap=0.1)


# --- ivory ----------------------------------------------------------------------------------------


@scene("ivory", "whole tusk")
def ivory_tusk():
    spine = sdf.curve([(-2.15, 0.34, 0.55), (-1.2, 0.31, 0.0), (0, 0.27, -0.3), (1.1, 0.2, -0.05), (1.95, 0.08, 0.75)], 6)
    radii = 0.33 * (1 - np.linspace(0, 1, len(spine)) ** 1.6) ** 0.6 + 0.025
    cavity = sdf.tube([(-2.6, 0.34, 0.83), (-1.9, 0.33, 0.4), (-1.5, 0.32, 0.18)], [0.27, 0.2, 0.03])
    shape = sdf.cut(sdf.tube(spine, radii), cavity, sdf.move((-2.42, 0.34, 0.71), sdf.rotate("y", 31, sdf.box((0, 0, 0), (0.3, 1, 1)))))

    def colour(p, n, c):
        base = ivory(axis=(0.5, 14, 14), age=0.75, seed=3)(p, n, c)
        base = mix(base, rgb("8a6236"), 0.75 * ramp(-1.0, -2.2, p[0] + 0.5 * fbm(p * 4, 3, 8)))
        cracks = ramp(0.70, 0.78, noise(stretch(p, 1.2, 16, 16), 21))
        base = mix(base, rgb("5f4527"), 0.6 * cracks * ramp(0.9, -0.6, p[0]))
        return mix(base, rgb("f2e9d4"), 0.4 * ramp(1.2, 1.9, p[0]))

    return Scene([(shape, polished(colour))], matte(cloth("3b4652", 14, 2)), centre=(-0.1, 0.2, 0.2), radius=2.5,
                 eye=(0.3, 4.4, 5.6), aim=(-0.1, 0.15, 0.12), view=31, size=(640, 480), seed=1)


def schreger(p):
    """Two sets of logarithmic spirals, which cross everywhere at 2 atan(1.75) = 120.5 degrees; -1 .. 1."""
    r, a = length(p[0], p[2]), np.arctan2(p[2], p[0])
    turn = 1.75 * np.log(np.maximum(r, 0.02)) + 0.10 * (fbm(p * 2.0, 2, 4) - 0.5)
    return 0.5 * (np.sin(56 * (a + turn)) + np.sin(56 * (a - turn)))


@scene("ivory", "transverse section")
def ivory_section():
    base = sdf.cylinder((0, 0.16, 0), 1.42, 0.16, 0.03)
    shape = sdf.cut(sdf.displace(base, lambda p: 0.05 * np.sin(2 * np.arctan2(p[2], p[0]) + 0.6) + 0.015 * noise(p * 5, 2)),
                    sdf.cylinder((0.06, 0.3, -0.02), 0.055, 0.6))

    def colour(p, n, c):
        r = length(p[0], p[2]) - 0.05 * np.sin(2 * np.arctan2(p[2], p[0]) + 0.6)
        top = ramp(0.5, 0.9, n[1])
        lines = schreger(p) * ramp(0.35, 0.75, r) * top
        out = mix(rgb("ead9b2"), rgb("d9bf8c"), 0.7 * fbm(p * 1.8, 3, 5))
        out = out * (1 + 0.26 * lines - 0.05 * top * np.sin(r * 46 + 2 * fbm(p * 3, 2, 1)) * ramp(0.9, 0.3, r))
        out = mix(out, rgb("a98652"), 0.65 * ramp(1.285, 1.315, r))  # cementum
        return mix(rgb("3a2514"), out, ramp(0.1, 0.6, c))

    return Scene([(shape, polished(colour, roughness=0.45))], matte(paper("b9bcc0", 3)), centre=(0, 0.2, 0), radius=1.75,
                 eye=(0, 6.2, 1.6), aim=(0, 0.1, 0.02), view=29, light=(-0.7, 0.9, 0.1), size=(640, 600), seed=2)


@scene("ivory", "bangle")
def ivory_bangle():
    shape = sdf.union(sdf.torus((0, 0.25, 0), 1.0, 0.17, 0.25))
    tilted = sdf.move((0, 0.2, 0), sdf.rotate("z", -7, sdf.rotate("x", 5, shape)))

    def colour(p, n, c):
        a = np.arctan2(p[2], p[0]) + p[1] * 0
        q = np.stack([a * 1.2, p[1] * 3, length(p[0], p[2]) * 6])
        return ivory(axis=(0.6, 9, 5), age=0.4, seed=6)(q * 0.5, n, c)

    return Scene([(sdf.move((0, -0.06, 0), tilted), polished(colour, roughness=0.22))], matte(cloth("5a1f2b", 26, 4)),
                 centre=(0, 0.35, 0), radius=1.4, eye=(0.4, 3.2, 4.2), aim=(0, 0.25, 0), view=29, size=(600, 520), seed=3)


@scene("ivory", "string of beads")
def ivory_beads():
    a = np.linspace(0, 2 * np.pi, 34, endpoint=False)
    wobble = 1 + 0.10 * np.sin(2 * a + 1) + 0.05 * np.sin(3 * a)
    x, z = 1.55 * np.cos(a) * wobble, 1.02 * np.sin(a) * wobble
    radii = 0.105 + 0.045 * (0.5 + 0.5 * np.sin(a)) ** 2
    beads = np.stack([x, radii, z], 1)
    cord = sdf.tube(np.vstack([beads, beads[:1]]), 0.018)
    tassel = sdf.tube([beads[8], beads[8] + [0.05, -0.08, 0.3], beads[8] + [0.12, -0.1, 0.55]], [0.03, 0.06, 0.09])

    def colour(p, n, c):
        which = np.argmin([(p[0] - b[0]) ** 2 + (p[2] - b[2]) ** 2 for b in beads], axis=0)
        tone = 0.9 + 0.14 * np.sin(which * 12.9898) ** 2
        return ivory(axis=(3, 14, 3), age=0.6, seed=9)(p * 1.6, n, ramp(0, 0.8, c)) * tone

    return Scene([(sdf.spheres(beads, radii), polished(colour, roughness=0.2)), (cord, matte(flat("5b1a1a"))),
                  (tassel, Material(flat("7c1f22"), 0.8, 0.02, bump=lambda p: 0.03 * noise(stretch(p, 40, 40, 3))))],
                 matte(planks(seed=5)), centre=(0, 0.1, 0.1), radius=2.0, eye=(0, 4.6, 3.6), aim=(0, 0.05, 0.12), view=31,
                 size=(640, 500), seed=4)


def rabbit():
    """A crouching rabbit, ears laid back: the body, and the eye."""
    body = sdf.blend(
        0.14,
        sdf.ellipsoid((-0.15, 0.52, 0), (0.80, 0.52, 0.52)),
        sdf.ellipsoid((0.62, 0.78, 0), (0.36, 0.31, 0.30)),
        sdf.ellipsoid((0.84, 0.70, 0), (0.20, 0.19, 0.20)),
        sdf.spheres([(-0.98, 0.42, 0)], [0.17]),
    )
    haunches = sdf.union(*(sdf.ellipsoid((-0.42, 0.40, 0.36 * s), (0.42, 0.38, 0.26)) for s in (1, -1)))
    feet = sdf.union(
        *(sdf.tube([(-0.35, 0.09, 0.50 * s), (0.12, 0.08, 0.52 * s)], [0.11, 0.09]) for s in (1, -1)),
        *(sdf.tube([(0.30, 0.30, 0.26 * s), (0.42, 0.10, 0.27 * s), (0.66, 0.08, 0.24 * s)], [0.15, 0.10, 0.085]) for s in (1, -1)),
    )
    ears = sdf.union(*(
        sdf.cut(sdf.tube([(0.50, 1.02, 0.13 * s), (0.10, 1.13, 0.20 * s), (-0.30, 1.06, 0.22 * s), (-0.5, 0.99, 0.2 * s)],
                         [0.085, 0.125, 0.11, 0.04]),
                sdf.tube([(0.40, 1.10, 0.22 * s), (0.08, 1.21, 0.31 * s), (-0.28, 1.13, 0.32 * s)], [0.03, 0.07, 0.03]), k=0.03)
        for s in (1, -1)))
    form = sdf.blend(0.035, body, haunches, feet, ears)
    toes = sdf.union(*(sdf.tube([(0.12 + 0.12, 0.10, z * s), (0.02, 0.14, z * s)], 0.012) for s in (1, -1) for z in (0.49, 0.55)))
    mouth = sdf.tube([(1.03, 0.66, -0.10), (1.05, 0.62, 0), (1.03, 0.66, 0.10)], 0.016)
    eyes = sdf.spheres([(0.73, 0.86, 0.245), (0.73, 0.86, -0.245)], [0.06, 0.06])
    return sdf.cut(form, toes, mouth, k=0.015), eyes


@scene("ivory", "netsuke")
def ivory_netsuke():
    form, eyes = rabbit()
    fur = lambda p: 0.010 * ramp(0.55, 0.8, noise(stretch(p, 9, 26, 26), 3)) * ramp(0.75, 0.35, p[0])
    carved = sdf.displace(form, lambda p: -fur(p))
    return Scene([(carved, polished(ivory(axis=(3, 9, 3), age=0.8, seed=2), roughness=0.28)), (eyes, glazed(flat("120c08")))],
                 matte(paper("4c5157", 6)), centre=(0, 0.55, 0), radius=1.35, eye=(2.0, 2.3, 4.6), aim=(0, 0.52, 0), view=27,
                 size=(600, 520), seed=5)


@scene("ivory", "chess piece")
def ivory_chess():
    pawn = [(0, 0), (0.44, 0), (0.46, 0.08), (0.40, 0.17), (0.33, 0.21), (0.34, 0.27), (0.22, 0.36), (0.15, 0.62), (0.14, 0.82),
            (0.25, 0.86), (0.25, 0.90), (0.13, 0.94), (0.22, 1.05), (0.24, 1.16), (0.19, 1.30), (0.0, 1.38)]
    king = [(0, 0), (0.52, 0), (0.54, 0.10), (0.47, 0.20), (0.38, 0.24), (0.39, 0.32), (0.25, 0.44), (0.17, 0.90), (0.16, 1.25),
            (0.31, 1.31), (0.31, 1.37), (0.17, 1.43), (0.20, 1.55), (0.30, 1.85), (0.27, 1.90), (0.12, 1.96), (0.08, 2.02), (0, 2.04)]
    cross = sdf.union(sdf.box((0, 2.16, 0), (0.05, 0.17, 0.04), 0.02), sdf.box((0, 2.19, 0), (0.13, 0.05, 0.04), 0.02))
    shape = sdf.union(sdf.move((-0.42, 0, 0), sdf.union(sdf.lathe(sdf.curve(king, 6)), cross)),
                      sdf.move((0.62, 0, 0.35), sdf.lathe(sdf.curve(pawn, 6))))

    def board(p, n, c):
        q = p[[0, 2]] * 0.95 + 0.48
        dark = (np.floor(q[0]) + np.floor(q[1])) % 2
        squares = mix(rgb("c9a36c"), rgb("4a2c17"), dark)
        beyond = np.abs(q).max(axis=0) > 4  # the board ends, the table begins
        return np.where(beyond, rgb("5b544c"), squares) * (0.75 + 0.4 * fbm(stretch(p, 1, 1, 12), 3, 7))

    return Scene([(shape, polished(ivory(axis=(6, 0.8, 6), age=0.45, seed=14), roughness=0.2))], Material(board, 0.5, 0.03),
                 centre=(0.1, 1.1, 0.1), radius=1.8, eye=(0.8, 2.9, 6.0), aim=(0.05, 1.02, 0), view=27, size=(520, 600), seed=6,
                 wall=-9)


# --- bone -----------------------------------------------------------------------------------------


@scene("bone", "long bone")
def bone_femur():
    shaft = sdf.tube(sdf.curve([(-1.5, 0.3, 0), (-0.7, 0.27, 0.08), (0.4, 0.27, 0.08), (1.5, 0.3, 0)], 4),
                     np.interp(np.linspace(0, 1, 13), [0, 0.15, 0.5, 0.85, 1], [0.24, 0.18, 0.155, 0.18, 0.27]))
    lower = sdf.blend(0.12, sdf.ellipsoid((1.68, 0.33, 0.23), (0.30, 0.32, 0.23)), sdf.ellipsoid((1.68, 0.33, -0.23), (0.30, 0.32, 0.23)))
    upper = sdf.blend(0.14, sdf.tube([(-1.5, 0.3, 0.02), (-1.68, 0.34, -0.32)], [0.19, 0.15]), sdf.sphere((-1.74, 0.36, -0.44), 0.26),
                      sdf.ellipsoid((-1.78, 0.30, 0.12), (0.24, 0.25, 0.2)))
    form = sdf.displace(sdf.blend(0.2, shaft, lower, upper), lambda p: 0.022 * (fbm(p * 3, 3, 2) - 0.5))

    def colour(p, n, c):
        base = bone(axis=(1.2, 11, 11), seed=2)(p, n, c)
        ends = ramp(1.2, 1.7, np.abs(p[0]))
        pits = ramp(0.62, 0.8, noise(p * 30, 4)) * ends
        return mix(base, rgb("8d6d42"), 0.35 * ends * fbm(p * 4, 3, 6) + 0.4 * pits)

    return Scene([(form, Material(colour, 0.6, 0.03, 0.15))], matte(cloth("2e3a34", 20, 8)), centre=(0, 0.3, 0), radius=2.15,
                 eye=(0.2, 3.6, 4.6), aim=(0, 0.2, 0.0), view=33, size=(640, 480), seed=7)


@scene("bone", "section of a shaft")
def bone_section():
    wavy = lambda p: 0.07 * np.sin(np.arctan2(p[2], p[0]) * 3 + 1) + 0.05 * np.sin(np.arctan2(p[2], p[0]) + 2)
    outer = sdf.displace(sdf.cylinder((0, 0.45, 0), 1.1, 0.45, 0.03), wavy)
    marrow = sdf.displace(sdf.cylinder((0.08, 0.5, -0.03), 0.60, 0.9), lambda p: 0.6 * wavy(p) + 0.10 * (fbm(p * 5, 3, 5) - 0.5))

    def colour(p, n, c):
        cut_face = ramp(0.6, 0.9, n[1]) * ramp(0.85, 0.88, p[1])
        base = bone(axis=(9, 1.5, 9), seed=11)(p, n, c)
        canals = ramp(0.70, 0.80, noise(stretch(p, 24, 0.2, 24), 4))
        inner = ramp(0.85, 0.62, length(p[0] - 0.08, p[2] + 0.03))
        base = mix(base, rgb("6b5233"), cut_face * (0.75 * canals + 0.25 * inner * noise(p * 22, 6)))
        hollow = ramp(0.72, 0.6, length(p[0] - 0.08, p[2] + 0.03)) * (1 - cut_face)
        return mix(base, rgb("9a7445") * (0.5 + 0.7 * noise(p * 14, 8)), 0.8 * hollow)

    return Scene([(sdf.cut(outer, marrow, k=0.04), Material(colour, 0.65, 0.03, 0.1))], matte(paper("7f8a94", 9)),
                 centre=(0, 0.45, 0), radius=1.45, eye=(0.3, 4.4, 3.2), aim=(0, 0.38, 0), view=29, size=(580, 560), seed=8)


@scene("bone", "comb")
def bone_comb():
    top = sdf.curve([(-1.25, 0.1), (-1.2, -0.5), (-0.6, -0.68), (0, -0.78), (0.6, -0.68), (1.2, -0.5), (1.25, 0.1)], 8)
    back = sdf.extrude(np.vstack([top, [(-1.25, 0.1)]]), 0.055, 0.03)
    pitch = 0.085

    def teeth(p):
        i = np.clip(np.round(p[0] / pitch), -13, 13)
        x, z = p[0] - i * pitch, p[2]
        taper = 0.027 * (1 - 0.55 * np.clip((z - 0.1) / 0.85, 0, 1))
        q = np.stack([np.abs(x) - taper, np.abs(p[1]) - 0.04, np.abs(z - 0.45) - 0.47 + 0.03 * np.cos(i)])
        return length(*np.maximum(q, 0)) + np.minimum(q.max(axis=0), 0) - 0.006

    ends = sdf.union(*(sdf.box((1.19 * s, 0, 0.4), (0.06, 0.05, 0.52), 0.03) for s in (1, -1)))
    eyes = [(x, -0.42 + 0.28 * x * x * 0.4) for x in (-0.9, -0.6, -0.3, 0, 0.3, 0.6, 0.9)]

    def colour(p, n, c):
        base = bone(axis=(9, 9, 1.2), seed=5)(p, n, ramp(0, 0.7, c))
        d = np.min([length(p[0] - x, p[2] - z) for x, z in eyes], axis=0)
        ring = ramp(0.018, 0.008, np.abs(d - 0.075)) + ramp(0.028, 0.016, d) + ramp(0.014, 0.006, np.abs(p[2] + 0.12))
        return mix(base, rgb("3d2a18"), 0.85 * np.clip(ring, 0, 1))

    form = sdf.move((0, 0.07, -0.1), sdf.rotate("y", 14, sdf.union(back, teeth, ends)))
    m = sdf.turn("y", 14).T
    turned = lambda p, n, c: colour(sdf.apply(m, p - sdf.column((0, 0.07, -0.1))), n, c)
    return Scene([(form, Material(turned, 0.45, 0.035, 0.15))], matte(cloth("47311f", 24, 3)), centre=(0, 0.1, 0), radius=1.7,
                 eye=(0.1, 4.6, 2.7), aim=(0, 0.0, 0.05), view=30, size=(620, 500), seed=9)


PIPS = {1: [(0, 0)], 2: [(-1, -1), (1, 1)], 3: [(-1, -1), (0, 0), (1, 1)], 4: [(-1, -1), (-1, 1), (1, -1), (1, 1)],
        5: [(-1, -1), (-1, 1), (0, 0), (1, -1), (1, 1)], 6: [(-1, -1), (-1, 0), (-1, 1), (1, -1), (1, 0), (1, 1)]}


@scene("bone", "dice")
def bone_dice():
    # Faces in the order +y, +x, +z; opposite faces add up to seven.
    placed = [((-0.85, 0.42, 0.25), 28, (5, 4, 1)), ((0.35, 0.42, -0.55), -12, (3, 6, 2)), ((0.75, 0.42, 0.75), 52, (6, 5, 3))]
    shapes = [sdf.move(o, sdf.rotate("y", a, sdf.box((0, 0, 0), (0.42, 0.42, 0.42), 0.07))) for o, a, _ in placed]

    def painter(offset, angle, faces, seed):
        m = sdf.turn("y", angle).T

        def colour(p, n, c):
            q = sdf.apply(m, p - sdf.column(offset))
            out = bone(axis=(7, 1.5, 7), seed=seed)(q + seed, n, c)
            for axis, value in zip((1, 0, 2), faces):
                u, v = (q[k] for k in range(3) if k != axis)
                for sign, pips in ((1, PIPS[value]), (-1, PIPS[7 - value])):
                    on_face = ramp(0.38, 0.40, sign * q[axis])
                    d = np.min([length(u - 0.21 * a, v - 0.21 * b) for a, b in pips], axis=0)
                    mark = ramp(0.050, 0.036, d) + ramp(0.014, 0.005, np.abs(d - 0.078))
                    out = mix(out, rgb("22170d"), 0.9 * np.clip(mark, 0, 1) * on_face)
            return out

        return colour

    things = [(s, Material(painter(*place, seed=i + 2), 0.4, 0.04, 0.15)) for i, (s, place) in enumerate(zip(shapes, placed))]
    return Scene(things, matte(paper("2f5a3c", 4)), centre=(0, 0.4, 0.1), radius=1.8, eye=(0.5, 3.3, 4.4), aim=(0, 0.3, 0.1), view=30,
                 size=(600, 500), seed=10)


@scene("bone", "tubular beads")
def bone_beads():
    rods, colours = [], []
    for row, z in enumerate((-0.62, 0.0, 0.62)):
        for k in range(4):
            x = -1.45 + 0.97 * k
            bend = 0.05 * np.sin(2.1 * k + row)
            rods.append(sdf.tube([(x - 0.33, 0.15, z + bend), (x, 0.155, z + bend * 1.3), (x + 0.33, 0.15, z + bend)], [0.115, 0.15, 0.115]))
    ends = sdf.union(*(sdf.box((-1.45 + 0.97 * k + 0.485, 0.15, 0), (0.115, 0.4, 2)) for k in range(-1, 4)))
    cord = [sdf.tube([(-2.1, 0.06, z), (-1.8, 0.14, z), (1.8, 0.14, z), (2.1, 0.06, z)], 0.045) for z in (-0.62, 0.0, 0.62)]
    spacer = sdf.spheres([(-1.45 + 0.97 * k - 0.485, 0.14, z) for k in range(5) for z in (-0.62, 0, 0.62)], 0.11)
    tone = bone(axis=(0.9, 10, 10), seed=8)
    return Scene([(sdf.cut(sdf.union(*rods), ends, k=0.03), Material(tone, 0.4, 0.04, 0.15)), (sdf.union(*cord), matte(flat("3a2416"))),
                  (spacer, glazed(flat("8f2a1c"), 0.25))],
                 matte(cloth("c8bda4", 20, 7)), centre=(0, 0.15, 0), radius=2.2, eye=(-0.8, 3.6, 3.6), aim=(0, 0.05, 0.05), view=31,
                 size=(620, 480), seed=11)


# --- ceramic and stone ----------------------------------------------------------------------------

VASE = [(0, 0.02), (0.42, 0.02), (0.46, 0.06), (0.48, 0.25), (0.66, 0.7), (0.82, 1.15), (0.78, 1.52), (0.52, 1.78), (0.30, 1.92), (0.25, 2.1),
        (0.28, 2.3), (0.42, 2.42)]


def blue_and_white(p, n, c):
    """Cobalt bands, a scroll and petals on a white glaze, by height and angle."""
    y, a = p[1] + 0.012 * np.sin(5 * p[0]), np.arctan2(p[2], p[0])
    line = lambda at, w: ramp(w, w * 0.5, np.abs(y - at))
    ink = line(0.34, 0.022) + line(1.62, 0.03) + line(1.70, 0.015) + line(2.28, 0.03) + line(0.80, 0.018)
    petals = ramp(0.05, 0.0, np.abs(y - 0.42) - 0.30 * np.abs(np.sin(a * 6)) ** 0.7) * (y < 0.8) * (y > 0.38)
    ink = ink + ramp(0.035, 0.012, np.abs((y - 0.42) - 0.33 * np.abs(np.sin(a * 6)) ** 0.6)) * (y > 0.36) + 0.25 * petals
    stem = ramp(0.03, 0.012, np.abs(y - 1.2 - 0.17 * np.sin(4 * a)))
    bx, by = ((a * 4 / np.pi) % 1 - 0.5) * 0.62, y - 1.2 - 0.17 * np.sin(4 * a + np.pi)
    r, t = length(bx, by * 0.95), np.arctan2(by, bx)
    flower = ramp(0.02, -0.02, r - 0.155 - 0.04 * np.cos(6 * t)) * (0.45 + 0.55 * ramp(0.3, 0.7, np.abs(np.sin(3 * t)))) * ramp(0.03, 0.06, r)
    leaves = ramp(0.02, 0.0, np.abs(np.abs(by) - 0.28) - 0.05 * np.abs(np.sin(9 * a)))
    ink = np.clip(ink + (stem + flower + 0.8 * leaves) * (y > 0.85) * (y < 1.58), 0, 1)
    white = rgb("eef1f0") * (0.96 + 0.06 * fbm(p * 3, 2, 2))
    return mix(white, mix(rgb("1d3a8a"), rgb("3f63b8"), noise(p * 9, 3)), 0.93 * ink) * (0.6 + 0.4 * c)


@scene("ceramic_stone", "porcelain vase")
def porcelain_vase():
    return Scene([(sdf.lathe(sdf.curve(VASE, 8), 0.035), glazed(blue_and_white))], Material(planks("8a5c37", "44291a", seed=3), 0.55, 0.03),
                 centre=(0, 1.22, 0), radius=1.5, eye=(0.5, 2.7, 6.2), aim=(0, 1.15, 0), view=28, size=(500, 620), seed=12, wall=-7)


@scene("ceramic_stone", "cup and saucer")
def tea_cup():
    cup = sdf.lathe(sdf.curve([(0, 0.22), (0.3, 0.22), (0.34, 0.16), (0.36, 0.24), (0.55, 0.40), (0.72, 0.70), (0.80, 1.06)], 8), 0.03)
    handle = sdf.tube(sdf.curve([(0.72, 0.90, 0.0), (0.98, 0.98, 0.0), (1.12, 0.78, 0.0), (0.98, 0.52, 0), (0.62, 0.48, 0)], 5), 0.055)
    handle = sdf.rotate("y", -32, handle)
    saucer = sdf.lathe(sdf.curve([(0, 0.10), (0.45, 0.10), (0.75, 0.12), (1.05, 0.20), (1.25, 0.30)], 6), 0.03)
    tea = sdf.cylinder((0, 0.78, 0), 0.70, 0.02)

    def colour(p, n, c):
        rim = ramp(0.05, 0.03, np.abs(p[1] - 1.04)) + ramp(0.03, 0.02, np.abs(length(p[0], p[2]) - 1.2)) * (p[1] < 0.4)
        base = mix(rgb("f0efe9"), rgb("b58a2e"), 0.9 * np.clip(rim, 0, 1))
        a = np.arctan2(p[2], p[0])
        sprig = ramp(0.10, 0.06, length(((a * 5 / np.pi) % 1 - 0.5) * 0.5, p[1] - 0.72)) * (length(p[0], p[2]) > 0.6)
        return mix(base, mix(rgb("b5364a"), rgb("3f7a45"), ramp(0.68, 0.66, p[1])), 0.85 * sprig) * (0.55 + 0.45 * c)

    return Scene([(sdf.blend(0.05, cup, handle), glazed(colour)), (saucer, glazed(colour)), (tea, glazed(flat("6b2f10"), 0.05))],
                 matte(cloth("7d93a6", 18, 6)), centre=(0, 0.5, 0), radius=1.5, eye=(0.3, 3.0, 4.6), aim=(0, 0.45, 0), view=29,
                 size=(600, 520), seed=13)


@scene("ceramic_stone", "jade pendant")
def jade_pendant():
    disc = sdf.cut(sdf.cylinder((0, 0.12, 0), 0.95, 0.12, 0.06), sdf.cylinder((0, 0.12, 0), 0.30, 0.5), k=0.08)
    a = np.linspace(0, 2 * np.pi, 18, endpoint=False)
    knobs = sdf.spheres([(r * np.cos(t + s), 0.215, r * np.sin(t + s)) for r, s in ((0.48, 0), (0.64, 0.17), (0.79, 0)) for t in a], 0.05)
    cord = sdf.union(*(sdf.tube(sdf.curve([(0.05 * s, 0.05, -0.25), (0.1 * s, 0.30, -0.55), (0.03 * s, 0.24, -0.98), (0.25 * s, 0.05, -1.35),
                                           (0.8 * s, 0.04, -1.75), (1.6 * s, 0.04, -1.95)], 5), 0.035) for s in (1, -1)))
    knot = sdf.sphere((0, 0.13, -1.06), 0.09)

    def colour(p, n, c):
        veins = fbm(p * 1.6 + 0.8 * fbm(p * 2, 2, 3), 4, 7)
        base = mix(rgb("2f7a4d"), rgb("9ccaa0"), ramp(0.3, 0.72, veins))
        return mix(base, rgb("d5e3cc"), 0.6 * ramp(0.66, 0.8, veins)) * (0.6 + 0.4 * c)

    return Scene([(sdf.blend(0.05, disc, knobs), Material(colour, 0.12, 0.06, 0.45)), (sdf.union(cord, knot), matte(flat("a11d1f")))],
                 matte(paper("d8d4cb", 2)), centre=(0, 0.1, -0.4), radius=2.0, eye=(0, 4.3, 2.4), aim=(0, 0.0, -0.28), view=29,
                 size=(560, 560), seed=14)


@scene("ceramic_stone", "teapot")
def teapot():
    body = sdf.lathe(sdf.curve([(0, 0.03), (0.45, 0.03), (0.55, 0.08), (0.88, 0.42), (0.92, 0.75), (0.70, 1.08), (0.42, 1.18), (0, 1.2)], 8))
    lid = sdf.union(sdf.lathe(sdf.curve([(0, 1.17), (0.44, 1.17), (0.46, 1.21), (0.36, 1.28), (0.12, 1.35), (0, 1.36)], 6)), sdf.sphere((0, 1.43, 0), 0.11))
    spout = sdf.tube(sdf.curve([(-0.7, 0.45, 0), (-1.05, 0.62, 0), (-1.22, 0.95, 0), (-1.45, 1.16, 0)], 5), np.linspace(0.24, 0.085, 16))
    spout = sdf.cut(spout, sdf.tube([(-1.34, 1.06, 0), (-1.6, 1.3, 0)], 0.055))
    handle = sdf.tube(sdf.curve([(0.66, 1.02, 0), (1.10, 1.12, 0), (1.34, 0.82, 0), (1.18, 0.45, 0), (0.78, 0.34, 0)], 5), 0.075)

    def colour(p, n, c):
        base = mix(rgb("7fa896"), rgb("a9c7b2"), fbm(p * 2.2, 3, 5))
        crackle = np.abs(fbm(p * 5, 2, 9) - 0.5)
        base = mix(rgb("50756a"), base, 0.55 + 0.45 * ramp(0.0, 0.02, crackle))
        return mix(base, rgb("6d4a30"), 0.8 * ramp(0.09, 0.04, p[1])) * (0.5 + 0.5 * c)

    form = sdf.blend(0.06, body, spout, handle)
    seam = sdf.torus((0, 1.165, 0), 0.47, 0.012)
    return Scene([(sdf.rotate("y", -22, sdf.cut(form, seam, k=0.02)), glazed(colour, 0.1)), (lid, glazed(colour, 0.1))],
                 Material(planks("6f4a2d", "3a2415", seed=9), 0.5, 0.03), centre=(0, 0.7, 0), radius=1.75, eye=(0.2, 2.6, 5.6),
                 aim=(-0.05, 0.66, 0), view=27, size=(620, 500), seed=15, wall=-6)


@scene("ceramic_stone", "stone mortar")
def stone_mortar():
    bowl = sdf.cut(sdf.lathe(sdf.curve([(0, 0), (0.62, 0), (0.66, 0.08), (0.60, 0.22), (0.86, 0.62), (0.96, 1.1), (0.92, 1.16), (0, 1.16)], 8)),
                   sdf.ellipsoid((0, 1.25, 0), (0.74, 0.86, 0.74)), k=0.06)
    pestle = sdf.tube([(-0.12, 0.62, 0.05), (0.55, 1.38, 0.0), (0.92, 1.80, -0.05)], [0.22, 0.12, 0.16])

    def colour(p, n, c):
        grains = noise(p * 26, 2)
        base = mix(rgb("6e7072"), rgb("c5c4bf"), ramp(0.35, 0.75, noise(p * 17, 6)))
        return mix(base, rgb("232426"), 0.85 * ramp(0.70, 0.8, grains)) * (0.45 + 0.55 * c)

    rough = lambda p: 0.010 * noise(p * 20, 4)
    return Scene([(sdf.displace(sdf.union(bowl, pestle), rough), Material(colour, 0.7, 0.03))], matte(planks("b98a58", "7a4e2c", seed=12)),
                 centre=(0.1, 0.9, 0), radius=1.5, eye=(0.2, 3.2, 5.0), aim=(0.05, 0.78, 0), view=28, size=(560, 560), seed=16, wall=-6)


@scene("ceramic_stone", "porcelain figure")
def porcelain_rabbit():
    form, eyes = rabbit()

    def colour(p, n, c):
        base = rgb("eceff0") * (0.97 + 0.05 * fbm(p * 2, 2, 2))
        spots = ramp(0.60, 0.66, fbm(p * 2.3 + 3, 2, 5)) * (p[0] < 0.45)
        inner_ear = ramp(1.02, 1.06, p[1]) * ramp(0.75, 0.45, c)
        base = mix(base, mix(rgb("28448c"), rgb("5476bd"), noise(p * 8, 3)), 0.9 * spots)
        return mix(base, rgb("d7a2a0"), 0.7 * inner_ear) * (0.6 + 0.4 * c)

    body = sdf.rotate("y", -30, form)
    return Scene([(body, glazed(colour, 0.07)), (sdf.rotate("y", -30, eyes), glazed(flat("14151c")))], matte(cloth("a9a08f", 16, 9)),
                 centre=(0, 0.55, 0), radius=1.35, eye=(-1.0, 2.2, 4.8), aim=(0, 0.52, 0), view=27, size=(580, 520), seed=17)


# --- everyday things ------------------------------------------------------------------------------


@scene("other", "wooden bowl")
def wooden_bowl():
    bowl = sdf.lathe(sdf.curve([(0, 0.10), (0.45, 0.08), (0.52, 0.06), (0.95, 0.32), (1.25, 0.72), (1.36, 1.0)], 8), 0.055)
    return Scene([(bowl, Material(wood("a8672f", "5a2f14", seed=4), 0.4, 0.04))], matte(cloth("d4cfc2", 16, 5)), centre=(0, 0.55, 0),
                 radius=1.6, eye=(0.2, 3.2, 4.8), aim=(0, 0.45, 0), view=30, size=(600, 500), seed=18)


@scene("other", "apple")
def apple():
    half = sdf.curve([(0, 0.16), (0.12, 0.10), (0.34, 0.03), (0.62, 0.16), (0.86, 0.62), (0.92, 1.02), (0.76, 1.40), (0.46, 1.54), (0.20, 1.44), (0, 1.22)], 8)
    lobes = lambda p: 0.035 * np.cos(5 * np.arctan2(p[2], p[0])) * ramp(0.9, 0.2, p[1])
    fruit = sdf.displace(sdf.lathe(half), lobes)
    stem = sdf.tube(sdf.curve([(0, 1.2, 0), (0.02, 1.5, 0), (0.12, 1.78, 0.03)], 4), np.linspace(0.035, 0.05, 9))
    blade = sdf.curve([(0, 0), (0.25, -0.17), (0.6, -0.13), (0.82, 0.02), (0.55, 0.14), (0.22, 0.14)], 6, closed=True)
    leaf = sdf.move((0.08, 1.62, 0.02), sdf.rotate("z", 18, sdf.rotate("x", 28, sdf.extrude(blade, 0.012))))

    def colour(p, n, c):
        a = np.arctan2(p[2], p[0])
        streak = fbm(np.stack([np.cos(a) * 9, p[1] * 1.0, np.sin(a) * 9]), 4, 3)
        blush = ramp(0.25, 0.65, fbm(p * 1.1, 2, 6) + 0.35 * streak - 0.12 + 0.12 * np.sin(a + 2.4))
        base = mix(rgb("c9b53c"), rgb("a3161c"), blush)
        base = mix(base, rgb("6f0d14"), 0.5 * ramp(0.5, 0.75, streak) * blush)
        base = mix(base, rgb("e8d79a"), 0.6 * ramp(0.84, 0.90, noise(p * 22, 8)))
        return mix(base, rgb("8f8a35"), 0.7 * ramp(0.28, 0.08, length(p[0], p[2])) * (p[1] > 1))

    return Scene([(fruit, Material(colour, 0.18, 0.045, 0.15)), (stem, matte(flat("5b3d20"))), (leaf, Material(flat("4f8a2c"), 0.4, 0.04, 0.3))],
                 Material(planks("c69c66", "8a5a31", seed=2), 0.5, 0.03), centre=(0, 0.9, 0), radius=1.25, eye=(0.4, 2.5, 4.9),
                 aim=(0.05, 0.82, 0), view=27, size=(540, 540), seed=19, wall=-6)


@scene("other", "telephone")
def phone():
    m = sdf.turn("y", 24).T
    body = sdf.box((0, 0.07, 0), (0.78, 0.07, 1.6), 0.06)
    slab = lambda p: body(sdf.apply(m, p))
    buttons = lambda p: sdf.union(sdf.box((0.79, 0.07, -0.6), (0.02, 0.025, 0.18), 0.01), sdf.box((-0.79, 0.07, -0.75), (0.02, 0.025, 0.13), 0.01))(sdf.apply(m, p))

    def colour(p, n, c):
        q = sdf.apply(m, p)
        x, z = q[0], q[2]
        screen = (np.abs(x) < 0.70) & (np.abs(z) < 1.51) & (n[1] > 0.8)
        wall = mix(rgb("2a4fa8"), rgb("d9688a"), ramp(-1.5, 1.5, z + 0.5 * x + 0.5 * np.sin(2 * x)))
        u, v = (x + 0.70) / 0.35, (z + 1.15) / 0.40
        cx, cy = np.abs(u % 1 - 0.5), np.abs(v % 1 - 0.5)
        icon = (length(np.maximum(cx - 0.22, 0), np.maximum(cy * 1.14 - 0.22, 0)) < 0.10) & (v > 0) & (v < 5) | \
               (length(np.maximum(cx - 0.22, 0), np.maximum(np.abs(z - 1.25) * 2.86 - 0.22, 0)) < 0.10)
        which = (np.floor(u) * 3 + np.floor(v) * 7 + 20).astype(np.int32) % 6
        icons = np.concatenate([rgb(k) for k in ("e9463c", "3ab54a", "f6b93b", "2d9cdb", "f2f2f2", "8e5bd0")], 1)[:, which]
        icons = icons * np.where(length(cx, cy) < 0.13, 1.9, 1.0)
        clock = (np.abs(z + 1.36) < 0.035) & ((np.abs(x + 0.5) < 0.11) | (np.abs(x - 0.52) < 0.08))
        face = np.where(icon, icons, wall)
        face = np.where(clock, 1.0, face)
        camera = length(x, z + 1.40) < 0.05
        return np.where(screen & ~camera, face * 1.1, rgb("101114"))

    return Scene([(slab, Material(colour, 0.08, 0.035)), (buttons, Material(flat("2a2c30"), 0.3, 0.3))],
                 matte(planks("d0b48c", "a07d52", seed=8)), centre=(0, 0.1, 0), radius=1.95, eye=(0.1, 4.9, 3.2), aim=(0, 0, 0), view=36,
                 size=(520, 600), seed=20)


@scene("other", "book")
def book():
    m = sdf.turn("y", -28).T
    local = lambda shape: lambda p: shape(sdf.apply(m, p))
    covers = local(sdf.union(sdf.box((0, 0.035, 0), (1.0, 0.035, 1.36), 0.02), sdf.box((0, 0.485, 0), (1.0, 0.035, 1.36), 0.02),
                             sdf.both(sdf.cylinder((0, 0, 0), 9, 9), sdf.box((-0.99, 0.26, 0), (0.045, 0.26, 1.36), 0.04))))
    pages = local(sdf.box((-0.03, 0.26, 0), (0.96, 0.2, 1.30), 0.01))

    def cover(p, n, c):
        q = sdf.apply(m, p)
        x, z = q[0], q[2]
        base = rgb("1f3f5f") * (0.85 + 0.3 * noise(q * 45, 2))
        gold = (np.abs(np.maximum(np.abs(x) / 0.86, np.abs(z) / 1.22) - 1) < 0.018) & (p[1] > 0.5)
        for at, half, tall in ((-0.66, 0.58, 0.10), (-0.40, 0.40, 0.07), (0.92, 0.36, 0.05)):
            letters = (np.sin(x * 34 + np.floor(x * 9) * 2) > -0.45) & (np.sin(x * 21 + 1) > -0.9)
            gold |= (np.abs(z - at) < tall) & (np.abs(x) < half) & letters & (p[1] > 0.5)
        star = length(x, z - 0.28) < 0.27 + 0.08 * np.cos(8 * np.arctan2(z - 0.28, x))
        gold |= star & (length(x, z - 0.28) > 0.1) & (p[1] > 0.5)
        return np.where(gold, rgb("caa04a"), base) * (0.6 + 0.4 * c)

    def leaves(p, n, c):
        return rgb("e8dfc8") * (0.80 + 0.25 * noise(np.stack([p[0] * 0.8, p[1] * 75, p[2] * 0.8]), 3)) * (0.5 + 0.5 * c)

    return Scene([(covers, Material(cover, 0.5, 0.035)), (pages, matte(leaves))], matte(planks("8f6238", "4f301a", seed=6)),
                 centre=(0, 0.25, 0), radius=1.85, eye=(0.3, 4.0, 4.3), aim=(0, 0.15, 0.02), view=31, size=(600, 540), seed=21)


@scene("other", "plush bear")
def plush_bear():
    pair = lambda f: sdf.union(f(1), f(-1))
    fur = sdf.blend(
        0.08,
        sdf.ellipsoid((0, 0.72, 0), (0.58, 0.66, 0.50)),
        sdf.ellipsoid((0, 1.66, 0.05), (0.54, 0.48, 0.48)),
        pair(lambda s: sdf.ellipsoid((0.43 * s, 2.06, 0), (0.20, 0.20, 0.11))),
        pair(lambda s: sdf.tube([(0.45 * s, 1.12, 0.05), (0.78 * s, 0.75, 0.32)], [0.19, 0.20])),
        pair(lambda s: sdf.tube([(0.35 * s, 0.25, 0.2), (0.55 * s, 0.24, 0.80)], [0.26, 0.25])),
    )
    muzzle = sdf.ellipsoid((0, 1.53, 0.46), (0.25, 0.19, 0.19))
    pads = pair(lambda s: sdf.ellipsoid((0.585 * s, 0.25, 1.0), (0.16, 0.17, 0.06)))
    shaggy = lambda p: 0.045 * noise(p * 26, 3) * 0.6 + 0.03 * noise(p * 55, 5)
    hard = sdf.union(sdf.spheres([(0.20, 1.76, 0.49), (-0.20, 1.76, 0.49)], 0.068), sdf.ellipsoid((0, 1.60, 0.64), (0.09, 0.06, 0.05)))
    ribbon = sdf.union(sdf.torus((0, 1.22, 0.04), 0.40, 0.05, 0.07), pair(lambda s: sdf.ellipsoid((0.17 * s, 1.18, 0.5), (0.17, 0.10, 0.05))),
                       sdf.sphere((0, 1.18, 0.53), 0.065))
    mouth = sdf.tube([(-0.1, 1.44, 0.63), (0, 1.49, 0.655), (0.1, 1.44, 0.63)], 0.014)

    def coat(light, dark):
        return lambda p, n, c: mix(rgb(dark), rgb(light), 0.25 + 0.75 * noise(p * 30, 3)) * (0.35 + 0.65 * c)

    return Scene([(sdf.displace(fur, shaggy), Material(coat("b98149", "7a4c25"), 1.0, 0.0, 0.3)),
                  (sdf.displace(sdf.union(muzzle, pads), shaggy), Material(coat("ecd6ad", "b8996a"), 1.0, 0.0, 0.3)), (hard, glazed(flat("120d0b"))),
                  (ribbon, Material(flat("b3202c"), 0.45, 0.04, 0.1)), (mouth, matte(flat("2a1a12")))],
                 matte(cloth("9fb4c0", 14, 2)), centre=(0, 1.1, 0.2), radius=1.6, eye=(0.9, 2.1, 6.0), aim=(0, 1.08, 0.1), view=27,
                 size=(520, 600), seed=22)


@scene("other", "shoe")
def shoe():
    outline = sdf.curve([(-1.5, 0), (-1.38, -0.36), (-0.8, -0.42), (0.1, -0.38), (0.9, -0.52), (1.45, -0.40), (1.62, -0.02), (1.4, 0.36), (0.8, 0.48),
                         (0.0, 0.42), (-0.8, 0.42), (-1.38, 0.34)], 6, closed=True)
    sole = sdf.move((0, 0.14, 0), sdf.extrude(outline, 0.14, 0.05))
    welt = sdf.move((0, 0.24, 0), sdf.extrude(outline * 0.985, 0.05, 0.03))
    upper = sdf.blend(0.25, sdf.ellipsoid((1.0, 0.36, 0), (0.56, 0.34, 0.44)), sdf.tube([(0.75, 0.42, 0), (-0.35, 0.86, 0)], [0.36, 0.34]),
                      sdf.tube([(-1.02, 0.40, 0), (-1.0, 0.98, 0)], [0.40, 0.33]), sdf.tube([(-0.9, 0.45, 0), (0.5, 0.4, 0)], 0.38))
    opening = sdf.blend(0.15, sdf.ellipsoid((-0.72, 1.22, 0), (0.46, 0.5, 0.27)), sdf.tube([(-0.6, 0.8, 0), (-1.0, 0.75, 0)], 0.2))
    upper = sdf.both(sdf.cut(upper, opening, k=0.06), lambda p: 0.2 - p[1])
    tongue = sdf.tube([(0.1, 0.92, 0), (-0.32, 1.30, 0)], [0.12, 0.17])
    tongue = sdf.both(tongue, sdf.rotate("z", -45, sdf.box((-0.9, 0.68, 0), (3, 0.09, 0.3), 0.03)))
    laces = []
    for k in range(5):
        t = k / 4
        x, y = 0.62 - 0.86 * t, 0.79 + 0.36 * t
        laces.append(sdf.tube([(x, y - 0.10, 0.26), (x - 0.02, y + 0.035, 0.08), (x - 0.02, y + 0.035, -0.08), (x, y - 0.10, -0.26)], 0.036))
    bow = sdf.tube(sdf.curve([(-0.2, 1.18, 0.05), (-0.05, 1.22, 0.32), (0.12, 1.02, 0.46), (0.1, 1.02, 0.2), (-0.15, 1.16, 0.0), (0.0, 1.2, -0.3)], 5), 0.03)

    def canvas(p, n, c):
        base = rgb("a8262b") * (0.85 + 0.25 * noise(stretch(p, 60, 60, 60), 2))
        toe = ramp(1.12, 1.16, p[0] + 0.25 * p[1])
        stripe = ramp(0.05, 0.04, np.abs(p[0] + 0.25 + 0.55 * (p[1] - 0.5))) + ramp(0.05, 0.04, np.abs(p[0] + 0.02 + 0.55 * (p[1] - 0.5)))
        base = mix(base, rgb("efece4"), np.clip(toe + stripe * (np.abs(p[2]) > 0.25) * (p[1] < 0.72), 0, 1))
        stitch = ramp(0.012, 0.006, np.abs(p[0] + 0.25 * p[1] - 1.08)) * (np.sin(p[2] * 60) > -0.2)
        return mix(base, rgb("f4efe2"), stitch) * (0.4 + 0.6 * c)

    def rubber(p, n, c):
        line = ramp(0.018, 0.010, np.abs(p[1] - 0.20))
        return mix(rgb("ece8dc"), rgb("a8262b"), 0.8 * line) * (0.5 + 0.5 * c)

    turned = lambda shape: sdf.rotate("y", -28, shape)
    m = sdf.turn("y", -28).T
    own = lambda f: lambda p, n, c: f(sdf.apply(m, p), n, c)
    return Scene([(turned(upper), Material(own(canvas), 0.85, 0.02)), (turned(sdf.union(sole, welt)), Material(own(rubber), 0.6, 0.04)),
                  (turned(sdf.union(bow, *laces)), matte(flat("efece4"))), (turned(tongue), matte(flat("8f1f24")))],
                 matte(paper("aab0b2", 5)), centre=(0, 0.6, 0), radius=1.85, eye=(0.2, 2.9, 5.0), aim=(0, 0.5, 0), view=30, size=(640, 500), seed=23)


@scene("other", "leaf")
def leaf():
    half = [(0.0, -1.45), (0.30, -1.0), (0.36, -0.85), (0.86, -0.82), (0.66, -0.45), (0.74, -0.30), (1.32, -0.30), (1.02, 0.05), (1.06, 0.22), (1.42, 0.42),
            (0.90, 0.62), (0.86, 0.78), (0.55, 0.80), (0.20, 0.92)]
    edge = np.array(half + [(-x, z) for x, z in half[::-1]])
    outline = sdf.curve(edge, 5, closed=True)
    curl = lambda p: np.stack([p[0], p[1] - 0.11 - 0.07 * p[0] ** 2 - 0.05 * np.sin(2.2 * p[2]) - 0.03 * np.sin(5 * p[0]), p[2]])
    blade_ = sdf.extrude(outline, 0.018)
    blade = lambda p: 0.8 * blade_(curl(p))
    stalk = sdf.tube(sdf.curve([(0, 0.10, 0.7), (0.0, 0.05, 1.1), (0.10, 0.04, 1.6), (0.3, 0.05, 1.9)], 4), np.linspace(0.03, 0.045, 13))
    tips = [(0, -1.4), (0.82, -0.80), (-0.82, -0.80), (1.28, -0.29), (-1.28, -0.29), (1.36, 0.42), (-1.36, 0.42)]

    def colour(p, n, c):
        d = np.full(p.shape[1], 9.0, np.float32)
        a = np.array((0.0, 0.75))
        for tip in tips:
            ab = np.array(tip) - a
            t = np.clip(((p[0] - a[0]) * ab[0] + (p[2] - a[1]) * ab[1]) / (ab @ ab), 0, 1)
            d = np.minimum(d, length(p[0] - a[0] - ab[0] * t, p[2] - a[1] - ab[1] * t) + 0.010 * t)
        small = ramp(0.035, 0.01, np.abs((np.abs(p[0]) * 0.8 - p[2] * 0.9 + d * 0.5) % 0.17 - 0.085) - 0.005) * ramp(0.0, 0.06, d)
        base = mix(rgb("d06a1c"), rgb("a82a16"), ramp(0.3, 0.7, fbm(p * 1.6, 4, 3)))
        base = mix(base, rgb("d9a52c"), 0.7 * ramp(0.22, 0.0, d) * (0.5 + 0.5 * noise(p * 3, 2)))
        base = mix(base, rgb("f0cf7a"), 0.35 * small + 0.8 * ramp(0.020, 0.008, d))
        return mix(base, rgb("4d2410"), 0.7 * ramp(0.72, 0.80, noise(p * 7, 9)))

    m = lambda s: sdf.rotate("y", 18, s)
    back = sdf.turn("y", 18).T
    return Scene([(m(blade), Material(lambda p, n, c: colour(sdf.apply(back, p), n, c), 0.5, 0.03, 0.3)), (m(stalk), matte(flat("9a4a22")))],
                 matte(paper("8b8a84", 8)), centre=(0, 0.1, 0.1), radius=2.1, eye=(0, 5.4, 2.4), aim=(0, 0.0, 0.1), view=32, size=(560, 580), seed=24)


@scene("other", "drinks can")
def can():
    side = sdf.curve([(0, 0.06), (0.40, 0.06), (0.46, 0.02), (0.50, 0.06), (0.64, 0.20), (0.66, 0.35), (0.66, 1.1), (0.66, 1.95), (0.64, 2.06), (0.52, 2.22),
                      (0.51, 2.28)], 8)
    body = sdf.lathe(np.vstack([side, [(0, 2.28)]]))
    lid = sdf.cylinder((0, 2.24, 0), 0.47, 0.2, 0.02)
    rim = sdf.torus((0, 2.28, 0), 0.505, 0.028)
    tab = sdf.cut(sdf.ellipsoid((0.05, 2.10, 0.10), (0.13, 0.02, 0.22)), sdf.cylinder((0.05, 2.1, 0.2), 0.06, 0.3))
    plate = sdf.cylinder((0, 2.02, 0), 0.47, 0.03)

    def label(p, n, c):
        a = np.arctan2(p[0], p[2])
        y = p[1]
        wave = y - 1.05 - 0.16 * np.sin(a * 1.5 + 0.5)
        base = mix(rgb("c4121d"), rgb("8d0b14"), ramp(0.3, 1.8, np.abs(a)))
        base = mix(base, rgb("f4f2ee"), ramp(0.17, 0.15, np.abs(wave)))
        base = mix(base, rgb("e8b325"), ramp(0.025, 0.015, np.abs(np.abs(wave) - 0.22)))
        letters = (np.abs(wave) < 0.11) & (np.sin(a * 13) > -0.2) & (np.abs(a) < 1.0) & (np.abs(np.sin(a * 13 + 3 * wave * 9)) > 0.25)
        base = np.where(letters, rgb("9c0f18"), base)
        drop = length(a * 0.66 - 0.05, y - 1.60) < 0.17
        base = np.where(drop, rgb("f4c542"), base)
        base = np.where(length(a * 0.66 - 0.05, y - 1.60) < 0.11, rgb("f4f2ee"), base)
        return np.where((y > 2.03) | (y < 0.2), rgb("c9ccd0"), base)

    metal = Material(flat("c9ccd0"), 0.22, 0.65)
    return Scene([(sdf.cut(body, lid, k=0.01), Material(label, 0.2, 0.09)), (sdf.union(rim, tab, plate), metal)],
                 Material(paper("d9dde0", 4), 0.6, 0.03), centre=(0, 1.15, 0), radius=1.4, eye=(0.6, 3.6, 5.6), aim=(0, 1.08, 0), view=28,
                 size=(500, 600), seed=25, wall=-5)
