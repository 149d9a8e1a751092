"""Porcelain, jade, marble, soapstone, agate in the carved shapes."""

from render.subjects.carving import family
from render.subjects.substances import stone

SUBJECTS = family("stone", "ceramic_stone", stone)
