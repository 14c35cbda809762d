package krites.model.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class SampleImagesTest {

  @TestFactory
  List<DynamicTest> everyKindHasPillowsPixels() throws IOException {
    List<SampleImages.Sample> samples = SampleImages.all();
    assertEquals(55, samples.size());
    return samples.stream()
        .map(sample -> DynamicTest.dynamicTest(sample.file(), () -> compare(sample)))
        .toList();
  }

  private static void compare(SampleImages.Sample sample) throws Exception {
    DecodedImage image = ImageDecoder.decodeInOwnMode(sample.bytes(), sample.file());
    assertEquals(
        sample.mode().replace("I;16", "I16").replaceAll("^1$", "ONE"), image.mode().name());
    assertEquals(sample.width() + "x" + sample.height(), image.width() + "x" + image.height());
    assertEquals(sample.rgbSha256(), digest(image.toRgb().rgb()));
  }

  private static String digest(byte[] bytes) throws NoSuchAlgorithmException {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  /** A cut file is refused, unless all that is missing is what no pixel needs. */
  @Test
  void aFileCutAnywhereIsRefusedOrWhole() throws Exception {
    for (SampleImages.Sample sample : SampleImages.all()) {
      byte[] whole = sample.bytes();
      int step = Math.max(1, whole.length / 40);
      for (int length = 0; length < whole.length; length += step) {
        byte[] cut = Arrays.copyOf(whole, length);
        String where = sample.file() + " cut to " + length + " of " + whole.length;
        if (length < whole.length * 9 / 10 && !sample.file().startsWith("animated")) {
          ImageException e =
              assertThrows(ImageException.class, () -> ImageDecoder.decode(cut, "cut"), where);
          assertTrue(e.getMessage().startsWith("cut: "), e.getMessage());
          assertEquals(1, e.getMessage().lines().count());
        } else {
          decodeOrRefuse(cut);
        }
      }
    }
  }

  private static void decodeOrRefuse(byte[] file) {
    try {
      ImageDecoder.decode(file, "cut");
    } catch (ImageException e) {
      assertTrue(e.getMessage().startsWith("cut: "), e.getMessage());
    }
  }
}
