import hashlib, io, json, math, os, random, warnings
from PIL import Image, ImageOps
warnings.simplefilter("ignore")
out = os.path.dirname(os.path.abspath(__file__)) + "/samples"
os.makedirs(out, exist_ok=True)
random.seed(7)
def picture(w, h):
    im = Image.new("RGB", (w, h))
    for y in range(h):
        for x in range(w):
            r = int(255 * x / max(1, w - 1)); g = int(255 * y / max(1, h - 1)); b = int(127 + 127 * math.sin(x * y / 97))
            if (x - w / 3) ** 2 + (y - h / 2) ** 2 < (h / 4) ** 2: r, g, b = 230, 40, 20
            im.putpixel((x, y), tuple(min(255, max(0, v + random.randint(-9, 9))) for v in (r, g, b)))
    return im
W = picture(61, 43); S = picture(19, 11)
A = W.copy(); A.putalpha(Image.radial_gradient("L").resize(W.size))
rows = []
def note(name):
    im = Image.open(out + "/" + name); im.load(); mode = im.mode
    rgb = ImageOps.exif_transpose(im).convert("RGB")
    rows.append({"file": name, "mode": mode, "width": rgb.width, "height": rgb.height, "rgb_sha256": hashlib.sha256(rgb.tobytes()).hexdigest()})
def save(name, im, **k):
    im.save(out + "/" + name, **k); note(name)
def exif(o):
    e = Image.Exif(); e[0x112] = o; return e
for s in (0, 1, 2): save(f"baseline_{s}.jpg", W, quality=70, subsampling=s)
save("progressive.jpg", W, quality=60, progressive=True)
save("restart.jpg", W, quality=60, restart_marker_blocks=2)
save("grey.jpg", W.convert("L"), quality=60)
save("rgb_adobe.jpg", W, quality=60, keep_rgb=True)
cmyk = Image.merge("CMYK", list(W.split()) + [W.convert("L").point(lambda v: v // 2)])
save("cmyk_adobe.jpg", cmyk, quality=80)
data = open(out + "/cmyk_adobe.jpg", "rb").read(); at = data.index(b"Adobe") + 11
open(out + "/ycck_adobe.jpg", "wb").write(data[:at] + b"\2" + data[at + 1:]); note("ycck_adobe.jpg")
start = data.index(b"\xff\xee"); open(out + "/cmyk_plain.jpg", "wb").write(data[:start] + data[start + 16:]); note("cmyk_plain.jpg")
for o in range(1, 9): save(f"orientation_{o}.jpg", S, quality=60, exif=exif(o))
save("orientation_6.png", S, exif=exif(6)); save("orientation_8.webp", S, lossless=True, exif=exif(8))
save("orientation_xmp.jpg", S, quality=60, xmp=b'<x:xmpmeta><rdf:Description tiff:Orientation="3"/></x:xmpmeta>')
for q in (5, 40, 90):
    for m in (0, 5): save(f"lossy_{q}_{m}.webp", W, quality=q, method=m)
save("lossy_alpha.webp", A, quality=50); save("lossy_alpha_coarse.webp", A, quality=50, alpha_quality=30)
save("lossy_1x1.webp", S.resize((1, 1))); save("lossy_2x35.webp", W.resize((2, 35)), quality=80)
save("lossless.webp", W.resize((23, 31)), lossless=True); save("lossless_alpha.webp", A.resize((23, 31)), lossless=True, exact=True)
save("lossless_palette.webp", W.quantize(9).convert("RGB"), lossless=True)
save("animated.webp", S, save_all=True, append_images=[S.rotate(180)], quality=40)
for m in ("1", "L", "LA", "P", "RGB", "RGBA"): save(f"png_{m}.png", A.convert(m))
save("png_I16.png", W.convert("L").convert("I").point(lambda v: v * 2).convert("I;16"))
P = W.quantize(7); save("png_P_transparent.png", P, transparency=3); save("png_P_2.png", W.quantize(2))
save("palette.gif", W.quantize(50), interlace=0); save("interlaced.gif", W.quantize(250), interlace=1)
save("grey.gif", W.convert("L")); save("transparent.gif", W.quantize(20), transparency=2)
save("animated.gif", S.quantize(20), save_all=True, append_images=[S.rotate(180).quantize(20)])
g = bytearray(open(out + "/transparent.gif", "rb").read()); g[6:10] = bytes((70, 0, 50, 0)); i = g.index(b"\x2c\0\0\0\0"); g[i + 1] = 5; g[i + 3] = 4
open(out + "/frame_in_screen.gif", "wb").write(g); note("frame_in_screen.gif")
for m in ("1", "L", "P", "RGB", "RGBA"): save(f"bmp_{m}.bmp", A.resize((23, 17)).convert(m))
with open(out + "/expected.jsonl", "w") as f:
    for r in rows: f.write(json.dumps(r) + "\n")
