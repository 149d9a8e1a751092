"""Plastic, resin and celluloid in the carved shapes."""

from render.subjects.carving import family
from render.subjects.substances import polymer

SUBJECTS = family("polymer", "synthetic", polymer)
