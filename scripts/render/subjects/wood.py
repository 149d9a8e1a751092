"""Wood in the carved shapes."""

from .carving import family
from .substances import timber

SUBJECTS = family("wood", "wood", timber)
