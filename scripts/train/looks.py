"""Random looks of pictures, a whole batch at once, on a processor or a GPU.

What happens to a thing between a seller's table and a listing: it lies on another ground, alone or
in a heap, is cropped, turned, lit, written on, framed, photographed off a screen, blurred and
compressed. A look depends on the seed and the step alone, up to the device's rounding.
"""

import copy
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from train.augment import add_writing, hide_mask, screenshot
from train.cutout import fill_backdrop
from train.pictures import LARGEST, MASK, Pictures

HIDES, WRITINGS, PAGES = 48, 160, 200  # prepared outlines of hides, writings, pages of listings
BACKDROP, BACKDROPS = 32, 300  # side of museums' bare backdrops, and how many are kept
ON_DEVICE = ("pixels", "masks", "backdrops", "hides", "inks", "opaque", "pages")
MUSEUM = "met"
EVERYDAY = ("caltech101", "grocery")
HOLE = (255, 0, 255)  # where a page shows the picture


@dataclass(frozen=True)
class Manner:
    """How pictures of a kind are shown: the share that is laid on other grounds, in heaps, the
    least area of a crop, the share in quarter turns, how far colours shift, and the share that is
    shown on a page of a listing.
    """

    laid: float
    heaps: float = 0.0
    least: float = 0.3
    turned: float = 0.08
    tint: float = 0.1
    pages: float = 0.16


MANNERS = {
    "photograph": Manner(laid=0.55, heaps=0.04),
    "wild": Manner(laid=0.6, heaps=0.25, least=0.3, turned=0.5, tint=0.15),
    "fur": Manner(laid=1.0, turned=0.5),
    "drawn": Manner(laid=0.0, turned=0.3),
    "render": Manner(laid=0.0, least=0.6),
    # What is still the same picture, for the copy descriptor.
    "copy": Manner(laid=0.0),
    "page": Manner(laid=0.0, pages=1.0),
}


@dataclass
class Drawn:
    """Which pictures a batch shows: rows, what they are shown as (a key of MANNERS)."""

    rows: np.ndarray
    manners: list[str]


def squared(pictures: Pictures, row: int) -> tuple[np.ndarray, float]:
    """A picture squashed to uint8 [LARGEST, LARGEST, 3], and its width over its height."""
    image = Image.fromarray(pictures.pixels(row))
    shape = (LARGEST, LARGEST)
    return np.asarray(image.resize(shape, Image.Resampling.BILINEAR)), image.width / image.height


def bounds(mask: np.ndarray) -> np.ndarray:
    """Left, top, right and bottom of an outline, from -1 to 1; zeros if it is empty."""
    ys, xs = np.nonzero(mask)
    if not len(ys):
        return np.zeros(4)
    return np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]) / MASK * 2 - 1


def backdrop(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """What lies behind a museum's thing, uint8 [BACKDROP, BACKDROP, 3]."""
    large = Image.fromarray(mask * 255).resize((LARGEST, LARGEST))
    bare = Image.fromarray(fill_backdrop(pixels, np.asarray(large) / 255))
    return np.asarray(bare.resize((BACKDROP, BACKDROP)))


class Looks:
    """Pictures on a device, and looks of them."""

    def __init__(self, pictures: Pictures, side: int, seed: int = 0, threads: int = 2):
        self.side, self.device, self.sources = side, "cpu", pictures.source
        with ThreadPoolExecutor(threads) as pool:
            square = list(pool.map(lambda row: squared(pictures, row), range(len(pictures))))
        self.pixels = torch.from_numpy(np.array([pixels for pixels, _ in square]))
        self.pixels = self.pixels.permute(0, 3, 1, 2).contiguous()
        self.ratios = torch.tensor([ratio for _, ratio in square], dtype=torch.float32)
        self.masks = torch.from_numpy(pictures.mask)[:, None]
        self.boxes = torch.from_numpy(np.array([bounds(one) for one in pictures.mask])).float()
        self.masked = self.boxes.any(1).numpy()
        grounds = np.isin(pictures.source, EVERYDAY)
        self.grounds = np.nonzero(grounds)[0] if grounds.any() else np.arange(len(pictures))
        museum = np.nonzero((pictures.source == MUSEUM) & self.masked)[0][:BACKDROPS]
        bare = [backdrop(square[row][0], pictures.mask[row]) for row in museum]
        self.backdrops = torch.from_numpy(np.array(bare)).reshape(-1, BACKDROP, BACKDROP, 3)
        self.backdrops = self.backdrops.permute(0, 3, 1, 2)
        self.prepare(np.random.default_rng(seed))

    def to(self, device: str) -> "Looks":
        """The same on another device."""
        other = copy.copy(self)
        other.device = device
        for name, value in vars(self).items():
            if name in ON_DEVICE:
                setattr(other, name, value.to(device))
        return other

    def prepare(self, rng: np.random.Generator) -> None:
        """Outlines of hides, writings and pages, which are drawn once."""
        hides = np.array([hide_mask((MASK, MASK), rng) for _ in range(HIDES)])
        self.hides = torch.from_numpy(hides).float()[:, None]
        inks, opaque = [], []
        for _ in range(WRITINGS):
            state = rng.bit_generator.state
            black = add_writing(Image.new("RGB", (self.side,) * 2, (0, 0, 0)), rng)
            rng.bit_generator.state = state
            white = add_writing(Image.new("RGB", (self.side,) * 2, (255,) * 3), rng)
            black, white = (np.asarray(one, np.float32) for one in (black, white))
            inks.append(black)
            opaque.append(np.clip(1 - (white - black).mean(2) / 255, 0, 1))
        self.inks = torch.from_numpy(np.array(inks)).permute(0, 3, 1, 2).half()
        self.opaque = torch.from_numpy(np.array(opaque)).half()[:, None]
        pages, holes = [], []
        while len(pages) < PAGES:
            shown = Image.new("RGB", (200, int(200 * rng.uniform(0.6, 1.6))), HOLE)
            page = screenshot(shown, rng)
            if rng.random() < 0.25:
                page = screenshot(page, rng)
            pixels = np.asarray(page.resize((self.side,) * 2, Image.Resampling.BILINEAR))
            ys, xs = np.nonzero((np.abs(pixels.astype(int) - HOLE) < 8).all(2))
            if len(ys) < 400:
                continue
            pages.append(pixels)
            box = np.array([xs.min() - 2, ys.min() - 2, xs.max() + 3, ys.max() + 3])
            holes.append(box / self.side * 2 - 1)
        self.pages = torch.from_numpy(np.array(pages)).permute(0, 3, 1, 2)
        self.holes = torch.from_numpy(np.array(holes)).float()

    def views(self, drawn: Drawn, seed: tuple[int, ...]) -> torch.Tensor:
        """One look of each picture, float [N, 3, side, side] in 0..255."""
        chance = Chance(seed)
        manners = [MANNERS[name] for name in drawn.manners]
        rows = torch.from_numpy(drawn.rows)
        count = len(rows)
        masked = torch.from_numpy(self.masked[drawn.rows])
        fur = torch.tensor([name == "fur" for name in drawn.manners])
        laid = fur | (masked & (chance.uniform(count) < column(manners, "laid")))
        scene = self.pixels[rows.to(self.device)].float()
        if laid.any():
            at = laid.nonzero()[:, 0]
            heaps = chance.uniform(count) < column(manners, "heaps")
            scene[at.to(self.device)] = self.scenes(rows[at], fur[at], heaps[at], chance)
        image = self.cropped(scene, manners, chance)
        image = self.lit(image, column(manners, "tint"), chance)
        image = self.written(image, chance)
        return self.worn(image, chance).clamp(0, 255)

    def scenes(
        self, rows: torch.Tensor, fur: torch.Tensor, heaps: torch.Tensor, chance: "Chance"
    ) -> torch.Tensor:
        """The pictures' things on other grounds, [N, 3, LARGEST, LARGEST]."""
        count = len(rows)
        museum = torch.from_numpy(self.sources[rows.numpy()] == MUSEUM)
        scene = self.grounds_for(museum, chance)
        for k in range(7):  # things of a heap; most scenes have one
            more = torch.ones(count, dtype=torch.bool) if k == 0 else heaps
            if k and not more.any():
                break
            at = more.nonzero()[:, 0]
            if k:
                at = at[chance.uniform(len(at)) < 0.8]
            if not len(at):
                continue
            low = torch.where(heaps[at], 0.3, 0.4)
            high = torch.where(heaps[at], 0.7, 1.05)
            size = chance.uniform(len(at)) * (high - low) + low
            on = at.to(self.device)
            scene[on] = self.lay(scene[on], rows[at], fur[at], size, heaps[at], chance)
        return scene

    def grounds_for(self, museum: torch.Tensor, chance: "Chance") -> torch.Tensor:
        """Grounds to lay things on: parts of everyday photographs, bare backdrops, plain paper."""
        count = len(museum)
        zoom, centre = chance.between(0.2, 0.7, count), chance.between(-1, 1, count, 2)
        theta = affine(zoom, zoom, torch.zeros(count), centre * (1 - zoom[:, None]))
        chosen = torch.from_numpy(self.grounds[chance.integers(len(self.grounds), count).numpy()])
        scene = self.sample(self.pixels[chosen.to(self.device)].float(), theta, LARGEST)
        soft = (chance.uniform(count) < 0.4).nonzero()[:, 0].to(self.device)
        if len(soft):
            few = F.interpolate(scene[soft], size=LARGEST // 6, mode="area")
            scene[soft] = F.interpolate(few, size=LARGEST, mode="bilinear")
        plain = chance.uniform(count) < 0.2
        backdrop = ~museum & ~plain & (chance.uniform(count) < 0.5)
        at = plain.nonzero()[:, 0]
        if len(at):
            dark = chance.between(0, 165, len(at), 1, 1, 1)
            ends = chance.between(0, 90, len(at), 3, 2, 1) + dark
            slope = F.interpolate(ends.to(self.device), size=(LARGEST, LARGEST), mode="bilinear")
            scene[at.to(self.device)] = slope
        at = backdrop.nonzero()[:, 0]
        if len(at) and len(self.backdrops):
            which = chance.integers(len(self.backdrops), len(at)).to(self.device)
            large = F.interpolate(self.backdrops[which].float(), size=LARGEST, mode="bilinear")
            scene[at.to(self.device)] = large
        return scene

    def lay(
        self,
        scene: torch.Tensor,
        rows: torch.Tensor,
        fur: torch.Tensor,
        size: torch.Tensor,
        heaps: torch.Tensor,
        chance: "Chance",
    ) -> torch.Tensor:
        """One thing more in each scene; lit as the ground is, half of the way."""
        count = len(rows)
        ratio = self.ratios[rows]
        half = torch.stack([ratio.clamp(max=1), (1 / ratio).clamp(max=1)], 1)
        box = self.boxes[rows].clone()
        cut = chance.between(0.33, 0.55, count)  # of fur: around the middle
        middle = chance.between(-0.4, 0.4, count, 2) * (1 - cut[:, None])
        box[fur] = torch.cat([middle - cut[:, None], middle + cut[:, None]], 1)[fur]
        centre, extent = (box[:, :2] + box[:, 2:]) / 2, (box[:, 2:] - box[:, :2]) / 2
        scale = size / (extent * half).amax(1)
        free = (chance.uniform(count) < 0.3) | heaps | fur
        turn = torch.where(free, chance.between(-180, 180, count), chance.between(-15, 15, count))
        spread = (1.1 - size).clamp(min=0.15)
        spread = torch.where(heaps, 0.8, spread)
        place = chance.between(-1, 1, count, 2) * spread[:, None]
        angle = turn * math.pi / 180
        cos, sin = angle.cos(), angle.sin()
        linear = torch.stack([torch.stack([cos, sin], 1), torch.stack([-sin, cos], 1)], 1)
        linear = linear / (scale[:, None, None] * half[:, :, None])
        moved = centre - (linear @ place[:, :, None])[:, :, 0]
        theta = torch.cat([linear, moved[:, :, None]], 2)
        on = rows.to(self.device)
        thing = self.sample(self.pixels[on].float(), theta, LARGEST)
        alpha = self.sample(self.masks[on].float(), theta, LARGEST, "zeros")
        if fur.any():
            at = fur.nonzero()[:, 0]
            hide = chance.integers(HIDES, len(at)).to(self.device)
            local = (theta[at] - F.pad(centre[at][:, :, None], (2, 0))) / extent[at][:, :, None]
            alpha[at.to(self.device)] = self.sample(self.hides[hide], local, LARGEST, "zeros")
        light = scene.mean((2, 3), keepdim=True)
        light = light / light.mean(1, keepdim=True).clamp(min=1)
        return scene * (1 - alpha) + thing * (1 + 0.5 * (light - 1)) * alpha

    def sample(
        self, image: torch.Tensor, theta: torch.Tensor, side: int, outside: str = "reflection"
    ) -> torch.Tensor:
        """What an affine map of the output's coordinates to the image's shows."""
        shape = (len(image), image.shape[1], side, side)
        grid = F.affine_grid(theta.to(self.device), shape, align_corners=False)
        return F.grid_sample(image, grid, padding_mode=outside, align_corners=False)

    def cropped(self, scene: torch.Tensor, manners: list[Manner], chance: "Chance") -> torch.Tensor:
        """Random parts of the scenes, mirrored and turned; some in a frame, some on a page."""
        count = len(scene)
        least = torch.where(chance.uniform(count) < 0.7, column(manners, "least"), 0.8)
        page = chance.uniform(count) < column(manners, "pages")
        framed = chance.uniform(count) < 0.08
        least = torch.where(page, 0.9, least)
        area = chance.uniform(count) * (1 - least) + least
        shape = torch.exp(chance.between(-0.288, 0.288, count))
        zoom = torch.stack([(area * shape).sqrt(), (area / shape).sqrt()], 1).clamp(max=1)
        zoom = torch.where(framed[:, None], chance.between(1.05, 1.8, count, 2), zoom)
        centre = chance.between(-1, 1, count, 2) * (1 - zoom).abs()
        quarter = (chance.uniform(count) < column(manners, "turned")) * chance.integers(4, count)
        slight = (chance.uniform(count) < 0.15) * chance.between(-25, 25, count)
        angle = quarter * (math.pi / 2) + slight * (math.pi / 180)
        mirrored = torch.where(chance.uniform(count) < 0.5, -1.0, 1.0)
        theta = affine(zoom[:, 0] * mirrored, zoom[:, 1], angle, centre)
        image = self.sample(scene, theta, self.side)
        at = framed.nonzero()[:, 0]
        if len(at):
            on = at.to(self.device)
            inside = self.sample(torch.ones_like(scene[on][:, :1]), theta[at], self.side, "zeros")
            colour = chance.between(0, 255, len(at), 3, 1, 1).to(self.device)
            image[on] = image[on] * inside + colour * (1 - inside)
        at = page.nonzero()[:, 0]
        if len(at):
            image[at.to(self.device)] = self.on_pages(image[at.to(self.device)], chance)
        return image

    def on_pages(self, image: torch.Tensor, chance: "Chance") -> torch.Tensor:
        """Each picture on a page of a listing."""
        which = chance.integers(PAGES, len(image))
        box = self.holes[which]
        extent, centre = (box[:, 2:] - box[:, :2]) / 2, (box[:, :2] + box[:, 2:]) / 2
        scale = 1 / extent
        theta = affine(scale[:, 0], scale[:, 1], torch.zeros(len(image)), -centre * scale)
        # Pages show pictures small: average what would be skipped.
        soft = F.avg_pool2d(image, 3, 1, 1)
        shown = self.sample(soft, theta, self.side)
        inside = self.sample(torch.ones_like(image[:, :1]), theta, self.side, "zeros")
        return self.pages[which.to(self.device)].float() * (1 - inside) + shown * inside

    def lit(self, image: torch.Tensor, tint: torch.Tensor, chance: "Chance") -> torch.Tensor:
        """Exposure, contrast, saturation, white balance, a falling-off lamp; some grey."""
        count = len(image)
        bright, contrast, colour = (
            torch.exp(chance.between(-spread, spread, count, 1, 1, 1)).to(self.device)
            for spread in (0.3, 0.3, 0.35)
        )
        colour[(chance.uniform(count) < 0.12).to(self.device)] = 0
        image = image * bright
        middle = image.mean((1, 2, 3), keepdim=True)
        image = (image - middle) * contrast + middle
        weights = torch.tensor([0.299, 0.587, 0.114], device=self.device)[:, None, None]
        grey = (image * weights).sum(1, keepdim=True)
        image = (image - grey) * colour + grey
        tints = torch.exp(chance.between(-1, 1, count, 3, 1, 1) * tint[:, None, None, None])
        tints = torch.where(colour.cpu() == 0, 1.0, tints)
        towards = chance.between(0, 2 * math.pi, count, 1, 1, 1)
        depth = chance.between(0.1, 0.6, count, 1, 1, 1) * (
            chance.uniform(count)[:, None, None, None] < 0.3
        )
        across = torch.linspace(-0.5, 0.5, self.side)
        lamp = 1 + depth * (towards.cos() * across + towards.sin() * across[:, None])
        return image * tints.to(self.device) * lamp.to(self.device)

    def written(self, image: torch.Tensor, chance: "Chance") -> torch.Tensor:
        """Watermarks, labels and banners on a quarter."""
        at = (chance.uniform(len(image)) < 0.25).nonzero()[:, 0]
        if len(at):
            which = chance.integers(WRITINGS, len(at)).to(self.device)
            on = at.to(self.device)
            image[on] = image[on] * (1 - self.opaque[which].float()) + self.inks[which].float()
        return image

    def worn(self, image: torch.Tensor, chance: "Chance") -> torch.Tensor:
        """Blur, small size, noise, JPEG."""
        count = len(image)
        at = (chance.uniform(count) < 0.25).nonzero()[:, 0]
        if len(at):
            image[at.to(self.device)] = blurred(
                image[at.to(self.device)], chance.between(0.4, 2, len(at)).to(self.device)
            )
        small = chance.uniform(count)
        for k, share in enumerate((0.42, 0.55, 0.7, 0.85)):
            chosen = (small >= k / 16) & (small < (k + 1) / 16)
            at = chosen.nonzero()[:, 0].to(self.device)
            if len(at):
                few = F.interpolate(image[at], size=int(share * self.side), mode="area")
                image[at] = F.interpolate(few, size=self.side, mode="bilinear")
        at = (chance.uniform(count) < 0.2).nonzero()[:, 0]
        if len(at):
            depth = chance.between(2, 14, len(at), 1, 1, 1)
            noise = chance.noise((len(at), 3, self.side, self.side), self.device)
            image[at.to(self.device)] += noise * depth.to(self.device)
        at = (chance.uniform(count) < 0.6).nonzero()[:, 0]
        if len(at):
            image[at.to(self.device)] = compressed(
                image[at.to(self.device)].clamp(0, 255),
                chance.between(25, 95, len(at)).to(self.device),
            )
        return image


class Chance:
    """Random numbers of one batch, made on the processor: all but a camera's noise are the same on
    every device.
    """

    def __init__(self, seed: tuple[int, ...]):
        self.seed = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> 1)
        self.generator = torch.Generator().manual_seed(self.seed)

    def uniform(self, *shape: int) -> torch.Tensor:
        """Between 0 and 1."""
        return torch.rand(shape, generator=self.generator)

    def between(self, low: float, high: float, *shape: int) -> torch.Tensor:
        """Between two numbers."""
        return self.uniform(*shape) * (high - low) + low

    def noise(self, shape: tuple[int, ...], device: str) -> torch.Tensor:
        """Of mean 0 and deviation 1."""
        generator = torch.Generator(device).manual_seed(self.seed)
        return torch.randn(shape, generator=generator, device=device)

    def integers(self, below: int, count: int) -> torch.Tensor:
        """From 0 to below a number."""
        return torch.randint(below, (count,), generator=self.generator)


def column(manners: list[Manner], name: str) -> torch.Tensor:
    """One number of each picture's manner."""
    return torch.tensor([getattr(one, name) for one in manners], dtype=torch.float32)


def affine(
    x: torch.Tensor, y: torch.Tensor, angle: torch.Tensor, centre: torch.Tensor
) -> torch.Tensor:
    """Maps [N, 2, 3]: turned by an angle, scaled by x and y, moved to the centre."""
    cos, sin = angle.cos(), angle.sin()
    first = torch.stack([x * cos, x * sin, centre[:, 0]], 1)
    second = torch.stack([-y * sin, y * cos, centre[:, 1]], 1)
    return torch.stack([first, second], 1)


def blurred(image: torch.Tensor, deviation: torch.Tensor) -> torch.Tensor:
    """Gaussian blur, each picture by its own deviation."""
    height, width = image.shape[2:]
    taps = torch.arange(-5, 6, device=image.device)
    kernel = torch.exp(-0.5 * (taps / deviation[:, None]) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).T[..., None, None, None]
    wide = F.pad(image, (5, 5, 0, 0), mode="reflect")
    image = sum(share * wide[..., k : k + width] for k, share in enumerate(kernel))
    tall = F.pad(image, (0, 0, 5, 5), mode="reflect")
    return sum(share * tall[:, :, k : k + height] for k, share in enumerate(kernel))


LUMA = torch.tensor(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
).float()
CHROMA = torch.full((8, 8), 99.0)
CHROMA[:4, :4] = torch.tensor(
    [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
)
YCC = torch.tensor([[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]])


def compressed(image: torch.Tensor, quality: torch.Tensor) -> torch.Tensor:
    """What JPEG leaves of pictures whose sides are multiples of eight, chroma at full size."""
    device = image.device
    count, _, height, width = image.shape
    down = [(height % 8 and 8 - height % 8), (width % 8 and 8 - width % 8)]
    image = F.pad(image, (0, down[1], 0, down[0]), mode="replicate")
    tall, wide = image.shape[2] // 8, image.shape[3] // 8
    n = torch.arange(8.0)
    waves = torch.cos((2 * n[None] + 1) * n[:, None] * math.pi / 16) * 0.5
    waves[0] /= math.sqrt(2)
    waves, to_ycc = waves.to(device), YCC.to(device)
    factor = torch.where(quality < 50, 50 / quality, 2 - quality / 50)[:, None, None, None]
    tables = torch.stack([LUMA, CHROMA, CHROMA]).to(device)
    steps = (tables * factor).round().clamp(min=1)[:, :, None, None]
    ycc = torch.einsum("dc,nchw->ndhw", to_ycc, image - 128)
    blocks = ycc.reshape(count, 3, tall, 8, wide, 8).permute(0, 1, 2, 4, 3, 5)
    values = waves @ blocks @ waves.T
    blocks = waves.T @ ((values / steps).round() * steps) @ waves
    ycc = blocks.permute(0, 1, 2, 4, 3, 5).reshape(count, 3, tall * 8, wide * 8)
    back = torch.einsum("dc,nchw->ndhw", torch.linalg.inv(YCC).to(device), ycc) + 128
    return back[:, :, :height, :width]
