"""Worked bone, with its pores and streaks."""

from .carving import family
from .substances import bone

SUBJECTS = family("bone", "bone_antler", bone, 0.5)
