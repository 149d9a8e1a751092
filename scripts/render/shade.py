"""From a scene to a picture: sphere tracing, light, and a camera with its faults.

One key light with a soft shadow, a fill, a hemisphere of ambient light dimmed by occlusion, highlights,
and a mirror of a plain studio for glossy things.
"""

from dataclasses import dataclass
from typing import Callable

import numpy as np

import sdf
from sdf import column, length
from texture import mix, ramp, rgb

FAR = np.float32(60.0)


@dataclass
class Material:
    colour: Callable  # (points (3, N), normals (3, N), cavity (N,) 0 deep .. 1 open) -> linear RGB (3, N)
    roughness: float = 0.5  # 0.05 glass .. 1 cloth
    mirror: float = 0.04  # reflectance looking straight on
    wrap: float = 0.0  # how far light creeps round the edge: 0 stone .. 0.5 ivory, jade
    bump: Callable | None = None  # points -> height in scene units


@dataclass
class Scene:
    things: list  # of (shape, Material)
    ground: Material
    centre: tuple = (0, 0.6, 0)  # of the ball that holds all things
    radius: float = 1.5
    eye: tuple = (0, 2.6, 5)
    aim: tuple = (0, 0.55, 0)
    view: float = 28.0  # vertical angle, degrees
    light: tuple = (-0.55, 0.9, 0.5)  # towards the key light
    warmth: float = 0.0  # -1 daylight .. 1 lamp
    wall: float = -4.0  # z at which the ground sweeps up
    size: tuple = (560, 560)
    softness: float = 9.0  # of the shadow: 4 overcast .. 30 sun
    seed: int = 0  # of the sensor noise


def unit(v):
    return v / np.maximum(length(*v), 1e-9)


def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def camera_rays(scene, width, height):
    eye, aim = (np.asarray(v, np.float32) for v in (scene.eye, scene.aim))
    forward = unit(aim - eye)
    right = unit(np.cross(forward, np.array([0, 1, 0], np.float32)))
    up = np.cross(right, forward)
    half = np.tan(np.radians(scene.view) / 2)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    u = ((x + 0.5) / width * 2 - 1) * half * width / height
    v = (1 - (y + 0.5) / height * 2) * half
    d = forward[:, None] + right[:, None] * u.ravel() + up[:, None] * v.ravel()
    return eye, unit(d).astype(np.float32)


def ball_span(origin, direction, centre, radius):
    """Where rays enter and leave a ball; entry beyond exit where they miss."""
    o = origin - column(centre)
    b = dot(o, direction)
    h = b * b - (dot(o, o) - radius * radius)
    root = np.sqrt(np.maximum(h, 0))
    return np.where(h > 0, np.maximum(-b - root, 0), 1.0), np.where(h > 0, -b + root, 0.0)


def march(shape, origin, direction, near, far, steps=110, step=0.85):
    """Distance along each ray to the shape, or FAR."""
    t = near.astype(np.float32)
    out = np.full(t.shape, FAR, np.float32)
    live = np.flatnonzero(near < far)
    for _ in range(steps):
        if not live.size:
            break
        d = shape(origin[:, live] + direction[:, live] * t[live])
        hit = d < 0.0008
        out[live[hit]] = t[live[hit]]
        t[live] += np.maximum(d, 0.0008) * step
        live = live[~hit & (t[live] < far[live])]
    return out


def soft_shadow(shape, p, light, scene):
    """1 lit .. 0 dark: by how closely the ray to the light passes anything."""
    direction = np.broadcast_to(light, p.shape)
    near, far = ball_span(p, direction, scene.centre, scene.radius)
    out = np.ones(p.shape[1], np.float32)
    t = np.maximum(near, 0.015).astype(np.float32)
    live = np.flatnonzero(t < far)
    for _ in range(60):
        if not live.size:
            break
        d = shape(p[:, live] + direction[:, live] * t[live])
        out[live] = np.minimum(out[live], scene.softness * d / t[live] * 0.5 + 0.5)
        t[live] += np.clip(d * 0.7, 0.02, 0.25)
        live = live[(out[live] > 0.01) & (t[live] < far[live])]
    return ramp(0.0, 1.0, np.clip(out, 0, 1))


def openness(shape, p, n, reach):
    """Ambient occlusion along the normal: 1 open .. 0 closed in."""
    closed = np.zeros(p.shape[1], np.float32)
    for i in range(1, 6):
        h = reach * i / 5
        closed += (h - np.clip(shape(p + n * h), -h, h)) / h * 0.62**i
    return np.clip(1 - 0.62 * closed, 0, 1)


def gradient(f, p, eps):
    """Differences at four corners of a tetrahedron."""
    out = 0
    for k in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
        k = column(k)
        out = out + k * f(p + k * np.float32(eps))
    return out / (4 * eps)


def studio(direction, roughness, light, ground):
    """What a glossy thing mirrors: a dim room, a bright window by the key light, the ground below."""
    up = direction[1]
    room = mix(0.35, 0.75, ramp(-0.2, 1.0, up)) * np.ones((3, 1), np.float32)
    side = unit(np.cross(light[:, 0], np.array([0, 1, 0], np.float32)))
    top = np.cross(side, light[:, 0])
    u, v, w = (dot(direction, a) for a in (side[:, None], top[:, None], light))
    soft = 0.03 + 0.5 * roughness
    window = (1 - ramp(0.3 - soft, 0.3 + soft, np.abs(u))) * (1 - ramp(0.24 - soft, 0.24 + soft, np.abs(v)))
    window = window * (0.25 + 0.75 * ramp(0.0, 0.02 + soft, np.abs(u)))  # the bar of the window
    room = room + 3.2 * window * (w > 0) / (1 + 3 * roughness)
    return mix(ground, room, ramp(-0.12 - roughness, 0.12 + roughness, up))


def render(scene, scale):
    """Linear light (height, width, 3) at `scale` times the scene's size."""
    width, height = (int(round(s * scale)) for s in scene.size)
    eye, rays = camera_rays(scene, width, height)
    x, z = np.mgrid[-2:2:32j, -2:2:32j].astype(np.float32).reshape(2, -1)
    patch = np.stack([x, 0 * x, z])
    floor = scene.ground.colour(patch, patch, 1 + 0 * x).mean(axis=1, keepdims=True)
    # In pieces that stay in the processor's cache.
    count = rays.shape[1] // 16384 + 1
    lit = [illuminate(scene, eye, piece, floor) for piece in np.array_split(rays, count, axis=1)]
    return np.concatenate(lit, axis=1).T.reshape(height, width, 3)


def illuminate(scene, eye, rays, floor):
    """Linear light (3, N) along rays from the eye; `floor` is the mean colour of the ground."""
    origin = np.broadcast_to(eye[:, None], rays.shape)
    shape = sdf.union(*(s for s, _ in scene.things)) if len(scene.things) > 1 else scene.things[0][0]

    near, far = ball_span(origin, rays, scene.centre, scene.radius)
    t_thing = march(shape, origin, rays, near, far)
    # The ground, and the wall it sweeps up into.
    with np.errstate(divide="ignore"):
        t_floor = np.where(rays[1] < 0, -eye[1] / rays[1], FAR)
        t_wall = np.where(rays[2] < 0, (scene.wall - eye[2]) / rays[2], FAR)
    t_back = np.minimum(np.minimum(t_floor, t_wall), FAR)
    is_thing = t_thing < t_back
    t = np.where(is_thing, t_thing, t_back)
    p = (eye[:, None] + rays * t).astype(np.float32)

    n = np.zeros_like(p)
    bend = ramp(0.0, 1.0, (scene.wall + 1.5 - p[2]) / 1.5) * (p[1] < 1e-3) + (p[1] >= 1e-3)
    n[1], n[2] = 1 - 0.55 * bend, 0.55 * bend
    inside = np.flatnonzero(is_thing)
    if inside.size:
        n[:, inside] = gradient(shape, p[:, inside], 0.0025)
    n = unit(n)

    # Occlusion only where something is near.
    close = np.flatnonzero(length(*(p - column(scene.centre))) < scene.radius * 1.3)
    ao, cavity = np.ones(p.shape[1], np.float32), np.ones(p.shape[1], np.float32)
    ao[close] = openness(shape, p[:, close], n[:, close], 0.45)
    # Which thing each ray met, and what it is made of.
    owner = np.full(p.shape[1], -1)
    if inside.size:
        cavity[inside] = openness(shape, p[:, inside], n[:, inside], 0.12)
        owner[inside] = np.argmin([s(p[:, inside]) for s, _ in scene.things], axis=0)
    albedo = np.zeros_like(p)
    rough, mirror, wrap = (np.zeros(p.shape[1], np.float32) for _ in range(3))
    for k, m in [(-1, scene.ground)] + [(k, m) for k, (_, m) in enumerate(scene.things)]:
        mine = np.flatnonzero(owner == k)
        if not mine.size:
            continue
        albedo[:, mine] = m.colour(p[:, mine], n[:, mine], cavity[mine])
        rough[mine], mirror[mine], wrap[mine] = m.roughness, m.mirror, m.wrap
        if m.bump is not None:
            g = gradient(m.bump, p[:, mine], 0.004)
            g -= n[:, mine] * dot(g, n[:, mine])
            n[:, mine] = unit(n[:, mine] - g)

    light = unit(column(scene.light))
    w = scene.warmth
    key = column((2.5 + 0.25 * w, 2.4, 2.3 - 0.45 * w))
    sky = column((0.60 - 0.02 * w, 0.62, 0.66 - 0.08 * w))
    shadow = np.ones(p.shape[1], np.float32)
    near_things = np.flatnonzero(length(*(p - column(scene.centre))) < scene.radius * 4)
    shadow[near_things] = soft_shadow(shape, p[:, near_things] + n[:, near_things] * 0.006, light, scene)
    shadow = np.maximum(shadow, 0.25 * wrap)

    facing = dot(n, light)
    diffuse = np.maximum((facing + wrap) / (1 + wrap), 0)
    fill = np.maximum(dot(n, unit(column((0.8, 0.35, 0.5)))), 0) * 0.22
    ambient = mix(floor * 0.9, sky, ramp(-1, 1, n[1])) * (ao * (1 - 0.25 * wrap) + 0.25 * wrap)
    out = albedo * (key * diffuse * shadow + (ambient + fill) * np.ones((3, 1))) * 0.62

    seen = np.maximum(dot(n, -rays), 0)
    fresnel = mirror + (1 - mirror) * (1 - seen) ** 5 * (1 - rough) ** 2
    half = unit(light - rays)
    power = 2 / np.maximum(rough, 0.08) ** 3
    glint = (power + 2) / 8 * np.maximum(dot(n, half), 0) ** power * np.maximum(facing, 0) * shadow
    bounced = rays + 2 * n * seen
    metal = np.where(mirror > 0.4, 1.0, 0.0)
    tint = mix(1.0, albedo, metal)
    out = out * (1 - 0.85 * metal)
    out += tint * fresnel * studio(bounced, rough, light, floor) * (0.25 + 0.75 * ao) * (1 - 0.6 * rough)
    out += tint * fresnel * glint * key * 0.5
    return out


def develop(linear, scene):
    """Tone curve, lens fall-off, a little blur and sensor noise: 8-bit RGB at the scene's size."""
    from PIL import Image, ImageFilter

    rng = np.random.Generator(np.random.PCG64(scene.seed))
    height, width, _ = linear.shape
    y, x = np.mgrid[0:height, 0:width]
    r2 = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 2
    v = np.maximum(linear, 0) * (1 - 0.32 * r2)[..., None] * 0.5
    v = np.clip(v * (2.51 * v + 0.03) / (v * (2.43 * v + 0.59) + 0.14), 0, 1)
    v = np.where(v <= 0.0031308, v * 12.92, 1.055 * v ** (1 / 2.4) - 0.055)
    picture = Image.fromarray((v * 255 + 0.5).astype(np.uint8))
    picture = picture.resize(scene.size, Image.Resampling.BOX if height <= scene.size[1] else Image.Resampling.LANCZOS)
    picture = picture.filter(ImageFilter.GaussianBlur(0.6))
    pixels = np.asarray(picture).astype(np.float32)
    grain = rng.normal(0, 2.0, pixels.shape[:2] + (1,)) + rng.normal(0, 0.9, pixels.shape)
    return Image.fromarray(np.clip(pixels + grain + 0.5, 0, 255).astype(np.uint8))
