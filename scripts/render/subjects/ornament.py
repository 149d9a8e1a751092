"""The carved shapes in amber, glass and metal: none of the materials looked for."""

from .carving import family
from .substances import other

SUBJECTS = family("ornament", "other", other, 0.25)
