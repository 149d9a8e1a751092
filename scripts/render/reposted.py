"""What shops do to each other's pictures, for the README's story: reposted.py REFERENCE_IMAGES

Writes REFERENCE_IMAGES/reposted/*.jpg, changed copies of pictures that lie there, and listings.csv,
in which six invented shops show them. Needs pillow; same version, same bytes.
"""

import argparse
import csv
import pathlib

from PIL import Image, ImageDraw, ImageOps


def crop(image: Image.Image) -> Image.Image:
    """Four fifths of the picture, off the middle."""
    width, height = image.size
    return image.crop((int(0.12 * width), int(0.1 * height), int(0.95 * width), int(0.9 * height)))


def banner(image: Image.Image) -> Image.Image:
    """A shop's banner over the lower eighth."""
    image = image.copy()
    depth = image.height // 8
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, image.height - depth, image.width, image.height), fill=(176, 26, 40))
    draw.text(
        (10, image.height - depth + 4),
        "SHOP 37 * add me for prices",
        fill="white",
        font_size=depth - 12,
    )
    return image


def screenshot(image: Image.Image) -> Image.Image:
    """The picture in a phone's feed."""
    page = Image.new("RGB", (image.width + 60, int(1.5 * image.height)), (245, 245, 247))
    page.paste(image, (30, image.height // 5))
    draw = ImageDraw.Draw(page)
    draw.text((30, 16), "< Moments", fill=(20, 20, 20), font_size=22)
    for k in range(3):
        y = image.height // 5 + image.height + 14 + 26 * k
        draw.rectangle((30, y, page.width - 60 - 90 * k, y + 12), fill=(205, 205, 210))
    return page


# picture shown, what was done to it, shop, listing, time
LISTINGS = (
    ("ivory_bracelet_607", None, "lotus", "L-101", "2026-02-03T23:41:00Z"),
    ("ivory_bracelet_607", crop, "old-house", "O-7", "2026-02-05T01:12:00Z"),
    ("ivory_bracelet_607", banner, "shop37", "S-220", "2026-02-05T22:55:00Z"),
    ("ivory_tusk_carved_445", None, "lotus", "L-102", "2026-02-03T23:44:00Z"),
    ("ivory_tusk_carved_445", ImageOps.mirror, "old-house", "O-9", "2026-02-06T00:20:00Z"),
    ("ivory_tusk_carved_445", screenshot, "shop37", "S-221", "2026-02-07T23:02:00Z"),
    ("rhino_horn_whole_202", None, "north-gate", "N-1", "2026-02-09T00:31:00Z"),
    ("rhino_horn_whole_202", None, "shop37", "S-230", "2026-02-09T22:18:00Z"),
    ("wood_bracelet_904", None, "tea-room", "T-5", "2026-02-02T10:00:00Z"),
    ("ceramic_stone_stone_pot_620", None, "garden", "G-12", "2026-02-02T11:30:00Z"),
)


def main() -> None:
    """Write the changed copies and the table of listings."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    (folder / "reposted").mkdir(exist_ok=True)
    rows = []
    for name, change, seller, listing, time in LISTINGS:
        file = f"{name}.jpg"
        if change:
            file = f"reposted/{name}_{change.__name__}.jpg"
            change(Image.open(folder / f"{name}.jpg").convert("RGB")).save(
                folder / file, quality=80
            )
        rows.append((file, seller, listing, "example", time))
    with open(folder / "listings.csv", "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["file", "seller", "listing", "platform", "captured_at"])
        writer.writerows(rows)


if __name__ == "__main__":
    main()
