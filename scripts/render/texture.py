"""Colours and grain: what a surface is made of, as functions of the point in space.

Colours are linear RGB, arrays (3, N) or (3, 1), 0..1.
"""

import numpy as np

from sdf import length


def rgb(code):
    """Linear light from an sRGB hex code."""
    v = np.array([int(code[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4).astype(np.float32)[:, None]


def ramp(low, high, x):
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(a, b, t):
    return a + (b - a) * t


def lattice(i, j, k, seed):
    """Hash of integer points to 0..1."""
    h = i.astype(np.uint32) * np.uint32(374761393) + j.astype(np.uint32) * np.uint32(668265263)
    h += k.astype(np.uint32) * np.uint32(2147483647) + np.uint32((seed * 974711) & 0xFFFFFFFF)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(1274126177)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(2246822519)
    return ((h >> np.uint32(8)) & np.uint32(0xFFFF)).astype(np.float32) / 65535


def noise(p, seed=0):
    """Value noise, 0..1, one feature per unit."""
    base = np.floor(p)
    f = (p - base).astype(np.float32)
    f = f * f * (3 - 2 * f)
    i, j, k = base.astype(np.int32)
    out = 0
    for di in (0, 1):
        for dj in (0, 1):
            for dk in (0, 1):
                w = (f[0] if di else 1 - f[0]) * (f[1] if dj else 1 - f[1]) * (f[2] if dk else 1 - f[2])
                out = out + w * lattice(i + di, j + dj, k + dk, seed)
    return out


def fbm(p, octaves=4, seed=0):
    """Noise summed over octaves, 0..1."""
    out, weight = 0, 0.0
    for o in range(octaves):
        out = out + noise(p * 2.0**o, seed + 17 * o) * 0.5**o
        weight += 0.5**o
    return out / weight


def stretch(p, x=1.0, y=1.0, z=1.0):
    return p * np.array([x, y, z], np.float32)[:, None]


def flat(code):
    """One colour all over."""
    c = rgb(code)
    return lambda p, n, cavity: c + 0 * p


def ivory(axis=(1, 1, 12), age=0.5, seed=0):
    """Cream, with fine grain across `axis` (features per unit in x, y, z) and darker hollows."""

    def colour(p, n, cavity):
        c = mix(rgb("ece0c2"), rgb("d3b87f"), (0.2 + 0.6 * age) * fbm(p * 2.2, 3, seed))
        grain = fbm(stretch(p, *axis) * 2.5, 3, seed + 5)
        c = c * (1 - 0.16 * ramp(0.45, 0.75, grain))
        return mix(rgb("6d4a26"), c, ramp(0.0, 0.75, cavity + 0.45 * (1 - age)))

    return colour


def bone(axis=(1, 8, 8), seed=0):
    """Chalky, with the dark specks and short streaks of Haversian canals along the slow axis."""

    def colour(p, n, cavity):
        c = mix(rgb("ebe4d3"), rgb("cdbf9f"), 0.7 * fbm(p * 3, 4, seed))
        speck = noise(stretch(p, *axis) * 5, seed + 3)
        patch = ramp(0.35, 0.7, noise(p * 2.5, seed + 9))
        c = mix(c, rgb("75603f"), 0.75 * ramp(0.74, 0.86, speck) * patch)
        return c * (0.55 + 0.45 * ramp(0.1, 0.8, cavity))

    return colour


def wood(light="b98552", dark="6d4424", along="x", rings=9.0, seed=0):
    """Rings about an axis, bent by noise, with pores."""

    def colour(p, n, cavity):
        q = p if along == "x" else p[[1, 0, 2]]
        bend = 0.25 * fbm(stretch(q, 0.6, 1.6, 1.6), 3, seed)
        r = length(q[1] - 0.9 + bend, q[2] + 2.3 + bend) * rings
        t = 0.5 + 0.5 * np.sin(2 * np.pi * r)
        pores = fbm(stretch(q, 2, 40, 40), 2, seed + 3)
        c = mix(rgb(light), rgb(dark), 0.55 * t**2 + 0.35 * pores)
        return c * (0.75 + 0.4 * fbm(p * 1.5, 3, seed + 8))

    return colour


# --- what things lie on ---------------------------------------------------------------------------


def paper(code, seed=0):
    c = rgb(code)
    return lambda p, n, cavity: c * (0.93 + 0.14 * fbm(p * 0.8, 3, seed))


def cloth(code, threads=22.0, seed=0):
    """A plain weave with soft creases in the tone."""
    c = rgb(code)

    def colour(p, n, cavity):
        x, z = p[0] * threads, p[2] * threads
        weave = 0.5 + 0.25 * np.sin(2 * np.pi * x) * np.cos(2 * np.pi * z)
        weave = weave + 0.5 * (noise(stretch(p, threads, 1, 3), seed) - 0.5)
        return c * (0.72 + 0.3 * weave + 0.22 * fbm(p * 1.1, 3, seed + 4))

    return colour


def planks(light="a9764a", dark="5e3b20", width=1.1, seed=0):
    """A table top: boards along x, each with its own tone and grain."""

    def colour(p, n, cavity):
        board = np.floor(p[2] / width)
        tone = lattice(board.astype(np.int32), board.astype(np.int32), board.astype(np.int32), seed)
        q = np.stack([p[0] + 7 * tone, p[1] * 0 + tone * 3, p[2]])
        grain = fbm(stretch(q, 0.5, 1, 7) + 0.6 * fbm(q * 0.7, 2, seed), 4, seed + 1)
        streak = fbm(stretch(q, 1.5, 1, 45), 2, seed + 2)
        c = mix(rgb(light), rgb(dark), np.clip(1.5 * (grain - 0.3), 0, 1) * 0.7 + 0.25 * streak)
        gap = ramp(0.0, 0.012, np.abs(p[2] / width - board - 0.5) * -1 + 0.5)
        return c * (0.8 + 0.35 * tone) * (0.25 + 0.75 * gap)

    return colour
