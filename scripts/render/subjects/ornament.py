"""The carved shapes in amber, glass and metal: none of the materials looked for."""

from render.subjects.carving import family
from render.subjects.substances import other

SUBJECTS = family("ornament", "other", other, 0.25)
