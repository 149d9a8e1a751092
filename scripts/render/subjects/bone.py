"""Worked bone, with its pores and streaks."""

from render.subjects.carving import family
from render.subjects.substances import bone

SUBJECTS = family("bone", "bone_antler", bone, 0.5)
