"""Plastic, resin and celluloid in the carved shapes."""

from .carving import family
from .substances import polymer

SUBJECTS = family("polymer", "synthetic", polymer)
