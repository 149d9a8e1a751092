"""Skins of tiger, leopard and their kin, spread, hung, folded and sewn; and striped or spotted
things that are none.

Lengths in metres (patterns: in body lengths), angles in radians, colours sRGB 0 to 1.
"""

from collections.abc import Callable, Sequence

import bpy
import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter, zoom
from scipy.spatial import cKDTree

from render.chance import seed
from render.piece import fractal, join, sheet, smoothstep
from render.solid import picture, solid, surface
from render.subject import Subject


def band(
    rng: np.random.Generator, shape: tuple[int, int], wave: float, long: float, angle: float = 0.0
) -> np.ndarray:
    """Noise of one wavelength (pixels) across and far longer along: stripes that fork and end,
    about -1..1.
    """
    h, w = shape
    fy, fx = np.fft.fftfreq(h)[:, None], np.fft.rfftfreq(w)[None]
    u, v = fx * np.cos(angle) - fy * np.sin(angle), fx * np.sin(angle) + fy * np.cos(angle)
    gain = np.exp(-(((abs(v) - 1 / wave) * wave * 3.2) ** 2) - (u * wave * long) ** 2)
    out = np.fft.irfft2(np.fft.rfft2(rng.normal(size=shape)) * gain, shape)
    return out / out.std()


def spots(
    rng: np.random.Generator, x: np.ndarray, y: np.ndarray, pitch: float, stretch: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance to the nearest jittered centre in pitches, its angle, and a number of the centre."""
    nx, ny = int(np.ptp(x) / pitch) + 4, int(np.ptp(y) / (pitch * stretch)) + 4
    i, j = np.meshgrid(np.arange(nx), np.arange(ny))
    c = np.stack([(i + 0.5 * (j % 2)), j * 1.0], -1).reshape(-1, 2) + rng.normal(
        0, 0.17, (nx * ny, 2)
    )
    c = c + [x.min() / pitch - 1, y.min() / (pitch * stretch) - 1]
    p = np.stack([x.ravel() / pitch, y.ravel() / (pitch * stretch)], 1)
    far, which = cKDTree(c).query(p)
    a = np.arctan2(*(p - c[which]).T[::-1])
    return far.reshape(x.shape), a.reshape(x.shape), which.reshape(x.shape)


def coat(
    rng: np.random.Generator,
    kind: str,
    x: np.ndarray,
    y: np.ndarray,
    flank: np.ndarray,
    leg: np.ndarray,
) -> np.ndarray:
    """The sRGB colours [..., 3] of a pelt.

    `x` across and `y` along the back, in body lengths; `flank` 0 at the spine to 1 at the belly;
    `leg` 0 to 1.
    """

    def wob(s: float) -> np.ndarray:
        return fractal(
            np.stack([x.ravel() * s, y.ravel() * s, 0 * x.ravel()], 1), seed(rng), 3
        ).reshape(x.shape)

    px, py = x + 0.012 * wob(9), y + 0.012 * wob(9)

    def lay(a: ArrayLike, b: ArrayLike, w: np.ndarray) -> np.ndarray:
        return np.asarray(a) * (1 - w[..., None]) + np.asarray(b) * w[..., None]

    size = x.shape[0] / np.ptp(y)
    hue = rng.normal(0, 0.02, 3)
    if kind == "tiger":
        ground = lay(
            np.array(((0.70, 0.40, 0.15), (0.78, 0.50, 0.22), (0.64, 0.42, 0.22))[rng.integers(3)])
            + hue,
            (0.84, 0.62, 0.36),
            smoothstep(0.1, 0.6, flank),
        )
        ground = lay(ground, (0.92, 0.87, 0.77), smoothstep(0.62, 1.0, flank + 0.1 * wob(6)))
        wave = size * rng.uniform(0.055, 0.085)
        across, along = (
            band(rng, x.shape, wave, 2.6),
            band(rng, x.shape, wave * 0.8, 2.0, np.pi / 2),
        )
        f = across * (1 - leg) + along * leg
        dark = smoothstep(0.35, 0.62, f + 0.25 * wob(5) + 0.2 * (flank > 0.15) - 0.25)
        return lay(ground, (0.09, 0.06, 0.05), dark)
    tone = {
        "leopard": (0.76, 0.56, 0.30),
        "jaguar": (0.78, 0.55, 0.25),
        "snow": (0.72, 0.70, 0.66),
        "cheetah": (0.82, 0.66, 0.42),
        "ocelot": (0.76, 0.62, 0.44),
    }[kind]
    pale = (0.93, 0.90, 0.84)
    ground = lay(np.array(tone) + hue, pale, smoothstep(0.55, 1.0, flank + 0.1 * wob(6)))
    ground = lay(ground, np.array(tone) * 0.72, smoothstep(0.25, 0.0, flank) * 0.5)
    pitch = {"leopard": 0.052, "jaguar": 0.085, "snow": 0.085, "cheetah": 0.04, "ocelot": 0.06}[
        kind
    ] * rng.uniform(0.8, 1.2)
    d, a, which = spots(rng, px, py, pitch, 1.7 if kind == "ocelot" else 1.1)
    luck = np.random.default_rng(seed(rng)).random(which.max() + 1)[which]
    if kind == "cheetah":
        return lay(ground, (0.10, 0.07, 0.05), smoothstep(0.30, 0.24, d + 0.05 * wob(50)))
    gap = np.cos(a * (2 + (luck > 0.4) + (luck > 0.8)) + luck * 40)
    ring = smoothstep(0.17, 0.08, abs(d - 0.34 - 0.03 * wob(40)) + 0.07 * (gap > 0.55))
    heart = smoothstep(0.36, 0.25, d)
    solid_ = smoothstep(0.36, 0.28, d + 0.06 * wob(40))
    dot = smoothstep(0.09, 0.05, d) * (kind == "jaguar") * (luck > 0.3)
    rosette = np.maximum(ring, dot)
    small = np.clip(leg + smoothstep(0.14, 0.04, flank), 0, 1) if kind != "snow" else leg * 0.6
    ink = np.where(small > 0.5, solid_ * 0.95, rosette)
    ground = lay(
        ground, np.array(tone) * (0.72 if kind != "snow" else 0.85), heart * (small < 0.5) * 0.8
    )
    return lay(
        ground,
        (0.20, 0.19, 0.19) if kind == "snow" else (0.09, 0.06, 0.05),
        ink * (0.75 if kind == "snow" else 1),
    )


def hairs(rng: np.random.Generator, rgb: np.ndarray) -> np.ndarray:
    """Darken and lighten along the lie of the hair."""
    h, w = rgb.shape[:2]
    fine = (
        gaussian_filter(rng.normal(size=(h, w)), (4, 0.7)) * 4
        + gaussian_filter(rng.normal(size=(h, w)), (14, 5)) * 10
    )
    return np.clip(rgb * (1 + 0.06 * fine)[..., None], 0.01, 1)


def segment(
    x: np.ndarray, y: np.ndarray, a: Sequence[float], b: Sequence[float], ra: float, rb: float
) -> tuple[np.ndarray, np.ndarray]:
    """Distance to a line from `a` to `b`, `ra` to `rb` thick, and where along it, 0 to 1."""
    d = np.subtract(b, a)
    h = np.clip(((x - a[0]) * d[0] + (y - a[1]) * d[1]) / (d @ d), 0, 1)
    return np.hypot(x - a[0] - h * d[0], y - a[1] - h * d[1]) - (ra + (rb - ra) * h), h


def pelt(
    rng: np.random.Generator,
    kind: str,
    felt: Sequence[float] | None = None,
    size: int = 520,
) -> tuple[np.ndarray, np.ndarray]:
    """A skin spread flat, head at the top, `size` pixels high.

    Returns its sRGB and alpha [height, width, 4], and how far each pixel lies outside the outline,
    in body lengths, negative inside. `felt`: the colour of a cloth that shows around it.
    """
    y, x = np.meshgrid(
        np.linspace(-0.95, 0.75, size), np.linspace(-0.5, 0.5, int(size * 0.6)), indexing="ij"
    )
    wob = fractal(np.stack([x.ravel() * 7, y.ravel() * 7, 0 * x.ravel()], 1), seed(rng), 4).reshape(
        x.shape
    )
    wx, wy = x + 0.018 * wob, y + 0.018 * np.roll(wob, 31, 0)
    belly = rng.uniform(0.17, 0.22)
    d = segment(wx, wy, (0, -0.30), (0, 0.32), belly * 1.06, belly * 0.86)[0]
    leg = np.zeros_like(x)

    def soft(a: np.ndarray, b: np.ndarray, k: float) -> np.ndarray:
        return (
            b
            + (a - b) * np.clip(0.5 + 0.5 * (b - a) / k, 0, 1)
            - k
            * np.clip(0.5 + 0.5 * (b - a) / k, 0, 1)
            * (1 - np.clip(0.5 + 0.5 * (b - a) / k, 0, 1))
        )

    for sx in (1, -1):
        for root, out, r in (
            ((0.11, 0.30), (0.36, rng.uniform(0.34, 0.50)), 0.075),
            ((0.12, -0.34), (0.36, rng.uniform(-0.60, -0.44)), 0.085),
        ):
            e, h = segment(wx, wy, (root[0] * sx, root[1]), (out[0] * sx, out[1]), r, 0.05)
            d = soft(d, e, 0.07)
            leg = np.maximum(leg, smoothstep(0.25, 0.55, h) * (e < 0.06))
    d = soft(d, segment(wx, wy, (0, 0.36), (0, 0.50), 0.10, 0.085)[0], 0.06)
    d = soft(d, segment(wx, wy, (0, 0.52), (0, 0.62), 0.085, 0.045)[0], 0.03)
    for sx in (1, -1):
        d = np.minimum(d, np.hypot(wx - 0.075 * sx, wy - 0.53) - 0.03)
    bow = 0.06 * rng.normal()

    def tail_point(s: float) -> tuple[float, float]:
        return bow * s * s, -0.45 - 0.46 * s

    for k in range(6):
        a, b = k / 6, (k + 1) / 6
        d = soft(
            d,
            segment(wx, wy, tail_point(a), tail_point(b), 0.036 - 0.012 * a, 0.036 - 0.012 * b)[0],
            0.02,
        )
    edge = np.clip(1 + d / belly, 0, 1)
    flank = np.where(abs(x) < 0.07, np.minimum(edge, abs(x) / belly), edge)
    flank = np.where(y < -0.52, 0.3, np.where(leg > 0.5, 0.4, flank))
    rgb = hairs(rng, coat(rng, kind, x, y, flank, leg))
    tail = (y < -0.52) & (abs(x) < 0.12)
    if kind == "tiger":
        rgb[tail & (np.sin(y * 95) > 0.3)] = (0.09, 0.07, 0.06)
    for sx in (1, -1):  # eyes and nose pad of the face
        rgb[np.hypot(x - 0.038 * sx, (y - 0.575) * 1.4) < 0.011] = (0.08, 0.06, 0.03)
    rgb[np.hypot(x, y - 0.655) < 0.017] = (0.35, 0.20, 0.18)
    wide = 0.0
    if felt is not None:
        wide = rng.uniform(0.015, 0.04)
        rgb[d > 0] = felt
    alpha = smoothstep(
        0.003, -0.003, d - wide - 0.004 * gaussian_filter(rng.normal(size=d.shape), 1)
    )
    return np.concatenate([rgb, alpha[..., None]], -1), d - wide


KINDS = ["tiger", "leopard", "jaguar", "snow", "cheetah", "ocelot"]
ODDS = [0.42, 0.27, 0.08, 0.11, 0.06, 0.06]  # of KINDS


def fur(
    rng: np.random.Generator, image: bpy.types.Image, alpha: bool = False
) -> bpy.types.Material:
    """Fur in the colours of an image; `alpha`: cut out where the image is clear."""
    return surface(
        roughness=0.75,
        bump=0.5,
        scale=250,
        mottle=0.2,
        sheen=0.25,
        image=image,
        alpha=alpha,
        depth_of_bump=0.004,
    )


def spread(
    rng: np.random.Generator, hang: bool = False, rug: bool = False
) -> list[bpy.types.Object]:
    """The whole skin with legs, tail and head, in low waves; a rug has felt and a raised head."""
    kind = rng.choice(KINDS, p=ODDS)
    felt = (
        ((0.35, 0.06, 0.07), (0.08, 0.09, 0.12), (0.1, 0.25, 0.15), (0.62, 0.5, 0.3))[
            rng.integers(4)
        ]
        if rug
        else None
    )
    rgba, d = pelt(rng, kind, felt)
    L = rng.uniform(1.2, 2.4)
    high, n = 0.012 * L, seed(rng)

    def point(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        x, y = (u - 0.5) * L * 0.59, (v * 1.7 - 0.95) * L * 0.59
        w = fractal(
            np.stack([x.ravel() / L * 7, y.ravel() / L * 7, 0 * x.ravel()], 1), n, 3
        ).reshape(x.shape)
        z = high * (1 + w)
        if rug:
            q = np.hypot(x / (0.052 * L), (y - 0.325 * L) / (0.075 * L))
            z = z + 0.07 * L * np.clip(1 - q**2, 0, 1) ** 0.5
        return np.stack([x, y, z], -1)

    s = sheet(point, 90, 130)
    far = d[
        np.round(s.uv[:, 1] * (d.shape[0] - 1)).astype(int),
        np.round(s.uv[:, 0] * (d.shape[1] - 1)).astype(int),
    ]
    s.f = s.f[(far[s.f] < 0.03).any(1)]
    used, s.f = np.unique(s.f, return_inverse=True)
    s.f = s.f.reshape(-1, 3)
    for name in ("v", "c", "grain", "t", "a", "uv"):
        setattr(s, name, getattr(s, name)[used])
    if hang:
        s.v = s.v[:, [0, 2, 1]] * [1, -1, 1]
    s.grain = s.v * [1, 0.25, 1]
    return [solid(s, fur(rng, picture(rgba), True), "pelt")]


def cloth_of(
    rng: np.random.Generator, kind: str, w: float = 1.0, h: float = 1.0, size: int = 360
) -> np.ndarray:
    """The sRGB picture of a cut of pelt, `w` x `h` body lengths, `size` pixels high."""
    y, x = np.meshgrid(
        np.linspace(0, h, size), np.linspace(-w / 2, w / 2, int(size * w / h)), indexing="ij"
    )
    flank = np.clip(abs(x) / (0.5 * w) * rng.uniform(0.4, 1.0) + 0.15, 0, 1)
    return coat(rng, kind, x * 0.7, y * 0.7, flank, 0 * x)


def folded(
    rng: np.random.Generator,
    rgb: Callable[[np.random.Generator], np.ndarray] | None = None,
    material: Callable[[np.random.Generator, bpy.types.Image], bpy.types.Material] | None = None,
) -> list[bpy.types.Object]:
    """Skins in folds, one upon another."""
    L, layers = rng.uniform(0.3, 0.6), int(rng.integers(1, 4))
    out = []
    for k in range(layers):
        tex = (
            hairs(rng, cloth_of(rng, rng.choice(KINDS, p=ODDS), 0.5, 1.0))
            if rgb is None
            else rgb(rng)
        )
        n, folds = seed(rng), rng.uniform(1.5, 3)

        def point(u: np.ndarray, v: np.ndarray) -> np.ndarray:
            q = v * folds
            k_, f = np.floor(q), q - np.floor(q)
            y = np.where(k_ % 2 == 0, f, 1 - f) * L * 0.7
            w = fractal(np.stack([u.ravel() * 4, v.ravel() * 6, 0 * u.ravel()], 1), n, 3).reshape(
                u.shape
            )
            z = (k_ + smoothstep(0.85, 1.0, f)) * 0.035 + 0.012 * w + 0.1 * k
            return np.stack(
                [(u - 0.5) * L + 0.02 * w, y - L * 0.35 + 0.02 * w, np.maximum(z, 0.002)], -1
            )

        s = sheet(point, 60, 120)
        s.grain = s.v * [1, 0.3, 1]
        out.append(
            solid(
                s,
                fur(rng, picture(tex)) if material is None else material(rng, picture(tex)),
                "folded",
            )
        )
    return out


def close(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Fur filling the frame, in soft waves."""
    tex = hairs(rng, cloth_of(rng, rng.choice(KINDS, p=ODDS), 0.8, 0.8, 480))
    n = seed(rng)
    s = sheet(
        lambda u, v: np.stack(
            [
                (u - 0.5) * 0.8,
                (v - 0.5) * 0.8,
                0.03
                + 0.03
                * fractal(np.stack([u.ravel() * 3, v.ravel() * 3, 0 * u.ravel()], 1), n, 2).reshape(
                    u.shape
                ),
            ],
            -1,
        ),
        70,
        70,
    )
    return [solid(s, fur(rng, picture(tex)), "fur")]


def cushion(
    rng: np.random.Generator,
    rgb: Callable[[np.random.Generator], np.ndarray] | None = None,
    material: Callable[[np.random.Generator, bpy.types.Image], bpy.types.Material] | None = None,
) -> list[bpy.types.Object]:
    """Cushion or soft bag with a handle."""
    tex = (
        hairs(rng, cloth_of(rng, rng.choice(KINDS, p=ODDS), 0.5, 0.5)) if rgb is None else rgb(rng)
    )
    w, h = rng.uniform(0.25, 0.45), rng.uniform(0.2, 0.4)
    puff = rng.uniform(0.05, 0.1)
    parts = []
    for sign in (1, -1):
        s = sheet(
            lambda u, v: np.stack(
                [
                    (u - 0.5) * w,
                    (v - 0.5) * h,
                    sign * puff * ((1 - (2 * u - 1) ** 2) * (1 - (2 * v - 1) ** 2)).clip(0) ** 0.4,
                ],
                -1,
            ),
            44,
            44,
        )
        parts.append(s)
    s = join(parts)
    return [
        solid(
            s,
            fur(rng, picture(tex)) if material is None else material(rng, picture(tex)),
            "cushion",
        )
    ]


def stripes_plain(rng: np.random.Generator) -> np.ndarray:
    """Textile and hide patterns that are no cat's: zebra, cow, printed stripes and spots, checks,
    flowers.
    """
    kind = rng.choice(["zebra", "cow", "print", "stripe", "dots", "reptile"])
    shape = (320, 320)
    y, x = np.meshgrid(np.linspace(0, 1, 320), np.linspace(0, 1, 320), indexing="ij")
    a, b = rng.uniform(0, 1, 3), rng.uniform(0, 1, 3)
    if kind == "zebra":
        w, a, b = (
            smoothstep(-0.25, 0.25, band(rng, shape, 42, 3, rng.uniform(-0.5, 0.5))),
            np.array((0.93, 0.91, 0.87)),
            np.array((0.08, 0.07, 0.07)),
        )
    elif kind == "cow":
        w, a, b = (
            smoothstep(-0.05, 0.05, gaussian_filter(rng.normal(size=shape), 38, mode="wrap") * 70),
            np.array((0.92, 0.89, 0.84)),
            np.array((0.12, 0.09, 0.08) if rng.random() < 0.5 else (0.42, 0.22, 0.12)),
        )
    elif kind == "print":
        return zoom(
            np.round(cloth_of(rng, rng.choice(["leopard", "tiger"]), 0.6, 0.6, 160) * 4) / 4,
            (2, 2, 1),
            order=0,
        ) * (0.75 + 0.25 * b)
    elif kind == "stripe":
        w = (np.sin(x * rng.uniform(20, 90)) > rng.uniform(-0.5, 0.5)) * 1.0
    elif kind == "dots":
        w = smoothstep(0.33, 0.3, spots(rng, x, y, rng.uniform(0.05, 0.12))[0])
    else:
        w, a = (
            smoothstep(0.36, 0.5, spots(rng, x, y, rng.uniform(0.03, 0.07), 0.7)[0]),
            np.array(((0.42, 0.2, 0.1), (0.2, 0.1, 0.08), (0.5, 0.4, 0.25))[rng.integers(3)]),
        )
        b = a * 0.4
    return np.clip(a * (1 - w[..., None]) + b * w[..., None], 0, 1)


def textile(rng: np.random.Generator, image: bpy.types.Image) -> bpy.types.Material:
    """Printed or woven cloth in the colours of an image."""
    return surface(roughness=rng.uniform(0.2, 0.8), bump=0.2, scale=900, mottle=0.06, image=image)


def flat_cloth(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A cloth of 0.3 to 1.2 by 0.4 to 1.5 m, lying flat."""
    n, w, h = seed(rng), rng.uniform(0.3, 1.2), rng.uniform(0.4, 1.5)
    s = sheet(
        lambda u, v: np.stack(
            [
                (u - 0.5) * w,
                (v - 0.5) * h,
                0.02
                + 0.015
                * fractal(np.stack([u.ravel() * 4, v.ravel() * 4, 0 * u.ravel()], 1), n, 3).reshape(
                    u.shape
                ),
            ],
            -1,
        ),
        70,
        70,
    )
    return [solid(s, textile(rng, picture(stripes_plain(rng))), "cloth")]


SUBJECTS = [
    Subject("skin_spread", "big_cat_skin", 3.0, spread, upright=True),
    Subject(
        "skin_hung",
        "big_cat_skin",
        1.0,
        lambda rng: spread(rng, hang=True),
        lying=False,
        upright=True,
    ),
    Subject("skin_rug", "big_cat_skin", 1.2, lambda rng: spread(rng, rug=True), upright=True),
    Subject("skin_folded", "big_cat_skin", 1.2, folded, upright=True),
    Subject("skin_close", "big_cat_skin", 1.2, close, upright=True),
    Subject("skin_cushion", "big_cat_skin", 0.8, cushion, upright=True),
    Subject("cloth_flat", "other", 0.5, flat_cloth, upright=True),
    Subject(
        "cloth_folded", "other", 0.4, lambda rng: folded(rng, stripes_plain, textile), upright=True
    ),
    Subject(
        "cloth_cushion",
        "other",
        0.4,
        lambda rng: cushion(rng, stripes_plain, textile),
        upright=True,
    ),
]
