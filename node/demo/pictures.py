"""Pictures for the demo, drawn when needed: no photo of a real person or place is shipped."""

import io
import random

from PIL import Image, ImageDraw, ImageFilter

_CLOTH = ((168, 40, 30), (242, 184, 75), (34, 101, 61), (31, 79, 143), (122, 78, 0))


def draw(kind: str) -> bytes:
    """A JPEG of 1200 × 800 pixels: `stoff` (cloth) or `beet` (a vegetable bed)."""
    return _jpeg({"stoff": _cloth, "beet": _bed}[kind]())


def portrait(name: str, hue: int) -> bytes:
    """A JPEG of 400 × 400 pixels: initials on a leaf of the house's colour."""
    image = Image.new("HSV", (400, 400), (int(hue * 255 / 360), 60, 235)).convert("RGB")
    pen = ImageDraw.Draw(image)
    leaf = Image.new("HSV", (1, 1), (int(hue * 255 / 360), 150, 120)).convert("RGB").getpixel((0, 0))
    pen.ellipse((60, 40, 340, 360), fill=leaf)
    pen.rectangle((60, 200, 200, 360), fill=leaf)
    initials = "".join(part[0] for part in name.split()[:2])
    pen.text((200, 205), initials, fill=(255, 255, 255), anchor="mm", font_size=120)
    return _jpeg(image)


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=82)
    return out.getvalue()


def _cloth() -> Image.Image:
    rng = random.Random(7)
    image = Image.new("RGB", (1200, 800), (251, 248, 243))
    pen = ImageDraw.Draw(image)
    for column in range(24):
        red, green, blue = _CLOTH[column % len(_CLOTH)]
        shade = rng.randint(-18, 18)
        colour = (red + shade, green + shade, blue + shade)
        pen.polygon(
            [(column * 50, 0), (column * 50 + 52, 0), (column * 50 + 32, 800), (column * 50 - 20, 800)],
            fill=colour,
        )
    return image.filter(ImageFilter.GaussianBlur(1.2))


def _bed() -> Image.Image:
    rng = random.Random(11)
    image = Image.new("RGB", (1200, 800), (214, 226, 228))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 330, 1200, 800), fill=(104, 76, 52))
    for row in range(3):
        y = 420 + row * 130
        for step in range(14):
            x = 40 + step * 86 + rng.randint(-12, 12)
            size = 22 + row * 12
            for leaf in range(5):
                dx, dy = (leaf - 2) * size * 0.7, -abs(leaf - 2) * 6
                green = (40 + rng.randint(0, 40), 120 + rng.randint(0, 50), 60)
                pen.ellipse(
                    (x + dx - size / 2, y + dy - size, x + dx + size / 2, y + dy + size / 3), fill=green
                )
    return image.filter(ImageFilter.GaussianBlur(0.8))
