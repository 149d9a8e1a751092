"""Pictures for schemathesis, which knows none by itself: with them every request of which the
interface's document says that it is right must be answered. See `eval/serve/README.md`.
"""

import io

import schemathesis
from hypothesis import strategies
from PIL import Image


def picture(colour: tuple[int, int, int]) -> bytes:
    """A small PNG of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(out, "PNG")
    return out.getvalue()


PICTURES = strategies.sampled_from([picture((9, 9, 9)), picture((200, 10, 10))])
schemathesis.openapi.media_type("image/png", PICTURES, aliases=("image/*",))
