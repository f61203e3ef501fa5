"""Whatever is sent as a picture becomes a small square of ours, or is refused."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from comments.errors import Invalid
from comments.signin import pictures
from comments.signin.avatar_image import drawn
from comments.signin.pictures import STORED_MAX_BYTES, small_webp

PNG = b"\x89PNG\r\n\x1a\n"
SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def picture(form: str = "PNG", size: tuple[int, int] = (200, 120), mode: str = "RGB", **more: Any) -> bytes:
    image = Image.new(mode, size, "red" if mode == "RGB" else None)
    for x in range(size[0] // 2):
        for y in range(0, size[1], 7):
            image.putpixel((x, y), 0 if mode in {"L", "P", "1"} else (0, 0, 255, *([128] * (mode == "RGBA"))))
    written = io.BytesIO()
    image.save(written, form, **more)
    return written.getvalue()


def opened(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        return image


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_that_claims(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PNG + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("size", [(200, 120), (1, 1), (3_000, 40), (96, 96)])
def test_every_format_becomes_a_small_square(form: str, size: tuple[int, int]) -> None:
    content = small_webp(picture(form, size))

    image = opened(content)
    assert (image.format, image.size) == ("WEBP", (96, 96))
    assert len(content) <= STORED_MAX_BYTES


@pytest.mark.parametrize("mode", ["RGBA", "L", "P", "1"])
def test_every_mode_is_read(mode: str) -> None:
    assert opened(small_webp(picture("PNG", mode=mode))).size == (96, 96)


def test_what_is_seen_through_stays_so() -> None:
    assert opened(small_webp(picture("PNG", mode="RGBA"))).mode == "RGBA"


def test_noise_is_made_to_fit() -> None:
    noise = Image.effect_noise((300, 300), 200).convert("RGB")
    written = io.BytesIO()
    noise.save(written, "PNG")

    assert len(small_webp(written.getvalue())) <= STORED_MAX_BYTES


def test_a_picture_is_turned_as_its_camera_says_and_the_camera_is_forgotten() -> None:
    image = Image.new("RGB", (200, 200), "red")
    image.paste("blue", (0, 0, 200, 100))  # the upper half
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    exif[0x010F] = "A camera"
    written = io.BytesIO()
    image.save(written, "JPEG", exif=exif, icc_profile=b"profile", comment=b"at home", quality=95)

    made = small_webp(written.getvalue())

    found = opened(made)
    red, _, blue = found.convert("RGB").getpixel((48, 10))  # type: ignore[misc]
    assert (red > 200, blue < 60) == (True, True)
    assert not found.getexif()
    assert not {"icc_profile", "xmp", "exif", "comment"} & found.info.keys()
    assert b"camera" not in made


def test_the_first_frame_alone_is_kept() -> None:
    frames = [Image.new("RGB", (100, 100), color) for color in ("red", "blue", "green")]
    written = io.BytesIO()
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:])

    found = opened(small_webp(written.getvalue()))

    assert getattr(found, "n_frames", 1) == 1
    assert found.convert("RGB").getpixel((48, 48))[0] > 200  # type: ignore[index]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        SCRIPT,
        b"<?xml version='1.0'?>" + SCRIPT,
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        picture("BMP"),
        picture("TIFF"),
        picture("ICO", (32, 32)),
        picture("PPM"),
        PNG,
        PNG + b"\x00" * 100,
        picture("PNG")[:60],
        picture("JPEG")[:200],
        picture("GIF")[:20],
        picture("WEBP")[:40],
        b"GIF89a" + b"\xff" * 50,
        b"RIFF\xff\xff\xff\xffWEBPVP8X",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_what_is_no_whole_picture_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(Invalid, match=r"^That "):
        small_webp(content)


@pytest.mark.parametrize("size", [(50_000, 50_000), (2_000_000, 1), (5_000, 4_001), (0, 0)])
def test_a_small_file_that_claims_to_be_huge_is_not_read(size: tuple[int, int]) -> None:
    with pytest.raises(Invalid):
        small_webp(png_that_claims(*size))


@pytest.mark.parametrize(
    ("form", "size"), [("PNG", (1, 20_001)), ("GIF", (20_001, 1)), ("WEBP", (3_400, 3_000))]
)
def test_what_takes_more_memory_than_its_pixels_say_is_not_read(form: str, size: tuple[int, int]) -> None:
    written = io.BytesIO()
    Image.new("L", size).save(written, form)

    with pytest.raises(Invalid, match="more than"):
        small_webp(written.getvalue())


@pytest.mark.parametrize("is_progressive", [True, False])
def test_a_jpeg_of_many_scans_is_not_read(is_progressive: bool) -> None:
    """Each costs a walk through all its blocks, and 40 bytes."""
    content = picture("JPEG", progressive=is_progressive)
    start, end = content.rindex(b"\xff\xda"), content.rindex(b"\xff\xd9")

    with pytest.raises(Invalid, match="layers"):
        small_webp(content[:end] + content[start:end] * 100 + content[end:])


def test_a_bomb_in_every_format_is_not_read() -> None:
    webp = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (16_382).to_bytes(3, "little") * 2
    gif = b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + b"\x80\x00\x00" + bytes(6) + b"\x2c" + bytes(4)
    text = PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0))
    text += chunk(b"zTXt", b"k\x00\x00" + zlib.compress(bytes(80_000_000))) + chunk(b"IEND", b"")

    for bomb in (
        b"RIFF" + struct.pack("<I", len(webp) + 4) + b"WEBP" + webp,
        gif + struct.pack("<HH", 65_535, 65_535) + b"\x00\x02\x02\x4c\x01\x00\x3b",
        text,
    ):
        with pytest.raises(Invalid):
            small_webp(bomb)


def test_a_picture_with_a_program_behind_it_loses_that() -> None:
    made = small_webp(picture("GIF") + b"<script>alert(1)</script>" + SCRIPT)

    assert b"script" not in made


def test_reading_goes_one_at_a_time() -> None:
    with pytest.raises(Invalid):
        small_webp(b"broken")

    assert not pictures._reading.locked()


def test_a_drawn_picture_is_its_keys_own_and_holds_nothing_that_runs() -> None:
    one, again, other = drawn("abcdefghijkl"), drawn("abcdefghijkl"), drawn("abcdefghijkm")

    assert one == again
    assert one != other
    for harmful in ("script", "href", "style", "on", "abcdefghijkl"):
        assert harmful not in one.replace("xmlns", "").replace("http://www.w3.org/2000/svg", "")
