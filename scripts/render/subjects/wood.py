"""Wood in the carved shapes."""

from render.subjects.carving import family
from render.subjects.substances import timber

SUBJECTS = family("wood", "wood", timber)
