"""Porcelain, jade, marble, soapstone, agate in the carved shapes."""

from .carving import family
from .substances import stone

SUBJECTS = family("stone", "ceramic_stone", stone)
