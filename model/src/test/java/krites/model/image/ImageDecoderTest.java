package krites.model.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.junit.jupiter.api.Test;

class ImageDecoderTest {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

  @Test
  void bilevelAndFewBitGreyAreSpreadOverTheWholeRange() throws IOException {
    DecodedImage bilevel = decode(png(4, 1, 1, 0, bytes(0b1010_0000)));
    assertEquals(PixelMode.ONE, bilevel.mode());
    assertArrayEquals(bytes(255, 0, 255, 0), bilevel.samples());
    DecodedImage twoBits = decode(png(4, 1, 2, 0, bytes(0b00_01_10_11)));
    assertEquals(PixelMode.L, twoBits.mode());
    assertArrayEquals(bytes(0, 85, 170, 255), twoBits.samples());
  }

  @Test
  void aTransparentLevelChangesNothing() throws IOException {
    DecodedImage grey = decode(png(4, 1, 2, 0, bytes(0b00_01_10_11), bytes(0, 1)));
    assertEquals(PixelMode.L, grey.mode());
    assertArrayEquals(bytes(0, 85, 170, 255), grey.samples());
    DecodedImage colour = decode(png(2, 1, 8, 2, bytes(1, 2, 3, 4, 5, 6), bytes(0, 1, 0, 2, 0, 3)));
    assertEquals(PixelMode.RGB, colour.mode());
    assertArrayEquals(bytes(1, 2, 3, 4, 5, 6), colour.samples());
  }

  @Test
  void gifPixelsAreThoseOfItsPalette() throws IOException {
    ByteArrayOutputStream gif = new ByteArrayOutputStream();
    BufferedImage picture = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_INDEXED);
    picture.setRGB(0, 0, 0xFFFF0000);
    picture.setRGB(1, 0, 0xFF0000FF);
    ImageIO.write(picture, "gif", gif);
    DecodedImage decoded = decode(gif.toByteArray());
    assertEquals(PixelMode.P, decoded.mode());
    assertArrayEquals(bytes(255, 0, 0, 0, 0, 255), decoded.toRgb().rgb());
  }

  @Test
  void sixteenBitGreyIsClippedAndSixteenBitColourKeepsItsUpperByte() throws IOException {
    DecodedImage grey = decode(png(3, 1, 16, 0, bytes(0, 7, 0, 255, 1, 0)));
    assertEquals(PixelMode.I16, grey.mode());
    assertArrayEquals(bytes(7, 255, 255), grey.samples());
    RgbImage colour = decode(png(1, 1, 16, 2, bytes(0x12, 0xFF, 0x34, 0xFF, 0x56, 0xFF))).toRgb();
    assertArrayEquals(bytes(0x12, 0x34, 0x56), colour.rgb());
  }

  @Test
  void alphaIsDroppedAndNotBlended() throws IOException {
    assertArrayEquals(
        bytes(10, 20, 30), decode(png(1, 1, 8, 6, bytes(10, 20, 30, 0))).toRgb().rgb());
    DecodedImage greyAlpha = decode(png(2, 1, 8, 4, bytes(10, 0, 200, 128)));
    assertEquals(PixelMode.LA, greyAlpha.mode());
    assertArrayEquals(bytes(10, 10, 10, 200, 200, 200), greyAlpha.toRgb().rgb());
  }

  @Test
  void whatIsNoImageIsRefusedByName() throws IOException {
    assertRefused(
        "hello, I am text".getBytes(StandardCharsets.UTF_8), "bytes that start with 68 65 6c");
    assertRefused(new byte[0], "an empty file");
    assertRefused(
        "\0\0\0\u0018ftypheic".getBytes(StandardCharsets.ISO_8859_1), "convert it to JPEG or PNG");
    byte[] whole = noise(64, 64);
    assertRefused(Arrays.copyOf(whole, whole.length / 2), "file is cut short");
    assertRefused(Arrays.copyOf(whole, 20), "file is cut short");
  }

  @Test
  void aTruncatedJpegIsRefused() throws IOException {
    ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
    ImageIO.write(ImageIO.read(new ByteArrayInputStream(noise(64, 64))), "jpg", jpeg);
    byte[] whole = jpeg.toByteArray();
    assertEquals(64, ImageDecoder.decode(whole, "whole.jpg").width());
    assertRefused(Arrays.copyOf(whole, whole.length / 2), "JPEG is cut short");
  }

  @Test
  void aFileThatClaimsTooManyPixelsIsRefusedBeforeTheyAreDecoded() throws IOException {
    assertRefused(
        png(60_000, 60_000, 8, 2, new byte[0]),
        "expected at most 178956970 pixels, seen 60000x60000");
  }

  @Test
  void aPictureThatTheHeapCannotHoldIsRefusedWithWhatToDo() throws IOException {
    FileBytes file = new FileBytes(png(4000, 3000, 8, 2, new byte[0]), "big.png");
    PngFile picture = PngFile.open(file);
    DecodeLimit.require(picture, file, 144_000_000);
    ImageException e =
        assertThrows(ImageException.class, () -> DecodeLimit.require(picture, file, 143_999_999));
    assertTrue(
        e.getMessage().startsWith("big.png: a picture of 4000x3000 needs 137 MiB"), e.getMessage());
    assertTrue(e.getMessage().contains("KRITES_HEAP"), e.getMessage());
  }

  @Test
  void everyFormatIsRefusedByItsHeaderWhenItClaimsTooManyPixels() {
    byte[] gif = bytes('G', 'I', 'F', '8', '9', 'a', 0, 0, 0, 0, 0, 0, 0, 0x2C, 0, 0, 0, 0);
    assertRefused(concat(gif, bytes(0xFF, 0xFF, 0xFF, 0xFF, 0, 8, 0)), "seen 65535x65535");
    byte[] bmp = new byte[54];
    System.arraycopy(bytes('B', 'M'), 0, bmp, 0, 2);
    System.arraycopy(bytes(40, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 24, 0), 0, bmp, 14, 16);
    assertRefused(bmp, "seen 65536x65536");
    byte[] jpeg =
        bytes(
            0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0xFF, 0xDC, 0xFF, 0xDC, 1, 1, 0x11, 0, 0xFF, 0xDA, 0,
            8, 1, 1, 0, 0, 63, 0, 0xFF, 0xD9);
    assertRefused(jpeg, "seen 65500x65500");
    byte[] webp =
        concat(
            "RIFF\u0012\0\0\0WEBPVP8L\u0005\0\0\0".getBytes(StandardCharsets.ISO_8859_1),
            bytes(0x2F, 0xFF, 0xFF, 0xFF, 0x0F, 0));
    assertRefused(webp, "seen 16384x16384");
  }

  @Test
  void aProgressiveJpegOfThousandsOfScansIsRefused() {
    byte[] frame = bytes(0xFF, 0xD8, 0xFF, 0xC2, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0);
    byte[] scan = bytes(0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0, 0);
    byte[] file = new byte[frame.length + 501 * scan.length];
    System.arraycopy(frame, 0, file, 0, frame.length);
    for (int i = 0; i < 501; i++) {
      System.arraycopy(scan, 0, file, frame.length + i * scan.length, scan.length);
    }
    assertRefused(file, "more than 500 scans");
  }

  @Test
  void aTextThatUnpacksToGigabytesIsNotUnpacked() throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    text.writeBytes("Comment\0\0".getBytes(StandardCharsets.ISO_8859_1));
    text.writeBytes(deflate(new byte[1 << 24]));
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    byte[] plain = png(1, 1, 8, 2, bytes(1, 2, 3));
    file.write(plain, 0, 33);
    chunk(file, "zTXt", text.toByteArray());
    file.write(plain, 33, plain.length - 33);
    assertArrayEquals(bytes(1, 2, 3), decode(file.toByteArray()).samples());
    assertEquals(plain.length, PngFile.open(new FileBytes(file.toByteArray(), "")).plain().length);
  }

  @Test
  void aWrongChecksumOfAChunkIsDamage() throws IOException {
    byte[] file = png(1, 1, 8, 2, bytes(1, 2, 3));
    file[24] = 16;
    assertRefused(file, "wrong checksum");
  }

  @Test
  void interlacedPngsHaveTheSamePixels() throws IOException {
    BufferedImage picture = ImageIO.read(new ByteArrayInputStream(noise(13, 9)));
    ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
    ImageWriteParam interlaced = writer.getDefaultWriteParam();
    interlaced.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try (ImageOutputStream stream = new MemoryCacheImageOutputStream(file)) {
      writer.setOutput(stream);
      writer.write(null, new IIOImage(picture, null, null), interlaced);
    }
    assertEquals(1, file.toByteArray()[28]);
    assertArrayEquals(decode(noise(13, 9)).samples(), decode(file.toByteArray()).samples());
  }

  private static DecodedImage decode(byte[] file) {
    return ImageDecoder.decodeInOwnMode(file, "test.png");
  }

  private static void assertRefused(byte[] file, String said) {
    ImageException e =
        assertThrows(ImageException.class, () -> ImageDecoder.decode(file, "some/name"));
    assertTrue(
        e.getMessage().startsWith("some/name: ") && e.getMessage().contains(said), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }

  private static byte[] concat(byte[] first, byte[] second) {
    byte[] all = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }

  private static byte[] noise(int width, int height) throws IOException {
    byte[] pixels = new byte[3 * width * height];
    new Random(1).nextBytes(pixels);
    return png(width, height, 8, 2, pixels);
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  /** A PNG made by hand: each row without filter, one data chunk. */
  private static byte[] png(int width, int height, int depth, int colourType, byte[] samples)
      throws IOException {
    return png(width, height, depth, colourType, samples, new byte[0]);
  }

  private static byte[] png(
      int width, int height, int depth, int colourType, byte[] samples, byte[] transparent)
      throws IOException {
    ByteArrayOutputStream rows = new ByteArrayOutputStream();
    int rowBytes = samples.length / height;
    for (int y = 0; y < height && rowBytes > 0; y++) {
      rows.write(0);
      rows.write(samples, y * rowBytes, rowBytes);
    }
    ByteArrayOutputStream header = new ByteArrayOutputStream();
    DataOutputStream fields = new DataOutputStream(header);
    fields.writeInt(width);
    fields.writeInt(height);
    fields.write(new byte[] {(byte) depth, (byte) colourType, 0, 0, 0});
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    png.write(SIGNATURE);
    chunk(png, "IHDR", header.toByteArray());
    if (transparent.length > 0) {
      chunk(png, "tRNS", transparent);
    }
    chunk(png, "IDAT", deflate(rows.toByteArray()));
    chunk(png, "IEND", new byte[0]);
    return png.toByteArray();
  }

  private static void chunk(ByteArrayOutputStream png, String type, byte[] content)
      throws IOException {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 checksum = new CRC32();
    checksum.update(name);
    checksum.update(content);
    DataOutputStream out = new DataOutputStream(png);
    out.writeInt(content.length);
    out.write(name);
    out.write(content);
    out.writeInt((int) checksum.getValue());
  }

  private static byte[] deflate(byte[] content) {
    try (Deflater deflater = new Deflater()) {
      deflater.setInput(content);
      deflater.finish();
      byte[] buffer = new byte[content.length + 100];
      return Arrays.copyOf(buffer, deflater.deflate(buffer));
    }
  }
}
