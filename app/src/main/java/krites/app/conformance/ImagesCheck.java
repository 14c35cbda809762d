package krites.app.conformance;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.function.Consumer;
import krites.app.Sha256;
import krites.model.image.DecodedImage;
import krites.model.image.EasyR1Resize;
import krites.model.image.ImageDecoder;
import krites.model.image.ImageException;
import krites.model.image.ImageProcessor;
import krites.model.image.PixelMode;
import krites.model.image.ProcessedImage;
import krites.model.image.RgbImage;

/**
 * Real image files: {@code images/expected.json} lists files, and for each what it decodes to and
 * what the image processor makes of it under several pixel limits.
 *
 * <p>Sizes, grids and the pixels of lossless files must be equal, digests included. Values are
 * compared to the digits that the file gives. Where {@code lossless} is false, decoders may differ
 * by {@value #LOSSY_LEVELS} levels of a pixel, as the README of the data says, and digests are not
 * looked at.
 */
public final class ImagesCheck implements ConformanceCheck {
  private static final String LIST = "expected.json";
  private static final int LOSSY_LEVELS = 2;

  /** Means of decoders that differ by a level or two here and there differ by less than one. */
  private static final double LOSSY_MEAN_LEVELS = 0.5;

  /** The limits of EasyR1's trainer, where the list does not give others. */
  private static final long TRAINER_MIN_PIXELS = 262_144;

  private static final long TRAINER_MAX_PIXELS = 4_194_304;
  private static final ObjectMapper JSON = new ObjectMapper();

  @Override
  public String name() {
    return "images";
  }

  @Override
  public boolean appliesTo(Path directory) {
    return Files.exists(directory.resolve(name()).resolve(LIST));
  }

  @Override
  public void run(Path directory, Consumer<CaseResult> results) throws IOException {
    Path file = directory.resolve(name()).resolve(LIST);
    JsonNode list;
    try {
      list = JSON.readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException broken) {
      String note = file + " is not JSON: " + broken.getOriginalMessage();
      results.accept(CaseResult.failed(name(), LIST, "list", note));
      return;
    }
    if (!list.isArray() || list.isEmpty()) {
      String note = file + " is not a list with at least one entry";
      results.accept(CaseResult.failed(name(), LIST, "list", note));
      return;
    }
    for (JsonNode golden : list) {
      String caseName = golden.path("file").asText("entry without file");
      try {
        image(directory, golden, results);
      } catch (IOException | ImageException | IllegalArgumentException e) {
        results.accept(
            CaseResult.failed(name(), caseName, "image", String.valueOf(e.getMessage())));
      }
    }
  }

  private void image(Path directory, JsonNode golden, Consumer<CaseResult> results)
      throws IOException {
    String file = GoldenJson.text(golden, "file");
    byte[] bytes = Files.readAllBytes(directory.resolve(file));
    boolean lossless = GoldenJson.need(golden, "lossless").asBoolean();
    DecodedImage decoded = ImageDecoder.decodeInOwnMode(bytes, file);
    RgbImage rgb = decoded.toRgb();
    ImageResults of = new ImageResults(name(), file, lossless ? 0 : LOSSY_LEVELS, results);
    of.text("sha256", golden, Sha256.hex(bytes));
    of.text("mode", golden, pillowName(decoded.mode()));
    of.equal("width", golden, rgb.width());
    of.equal("height", golden, rgb.height());
    of.means("rgb_mean", golden, rgb, lossless ? 0 : LOSSY_MEAN_LEVELS);
    if (lossless) {
      of.text("rgb_sha256", golden, Sha256.hex(rgb.rgb()));
    }
    for (JsonNode limits : GoldenJson.need(golden, "cases")) {
      limited(directory, file, limits, lossless, rgb, results);
    }
    JsonNode trainer = golden.path("easyr1_clamp_then_default");
    if (trainer.isObject()) {
      trainer(file, trainer, lossless, decoded, results);
    }
  }

  private void limited(
      Path directory,
      String file,
      JsonNode golden,
      boolean lossless,
      RgbImage rgb,
      Consumer<CaseResult> results)
      throws IOException {
    long min = GoldenJson.need(golden, "min_pixels").longValue();
    long max = GoldenJson.need(golden, "max_pixels").longValue();
    ImageProcessor processor = PreprocessCheck.PUBLISHED.withPixelLimits(min, max);
    ProcessedImage seen = processor.process(rgb);
    ImageResults of =
        new ImageResults(
            name(), file + " " + min + ".." + max, lossless ? 0 : LOSSY_LEVELS, results);
    processed(of, golden, processor, seen, lossless);
    of.equal("pixel_values_shape", golden, seen.grid().patches(), (long) processor.patchValues());
    of.firstValues("pixel_values_first6x3", golden, seen.pixelValues(), processor);
    of.mean(
        "pixel_values_abs_mean",
        golden,
        ImageResults.absolute(seen.pixelValues()),
        spread(lossless));
    of.means("resized_rgb_mean", golden, seen.resized(), lossless ? 0 : LOSSY_MEAN_LEVELS);
    of.samples("resized_rgb_samples", golden, seen.resized());
    if (lossless) {
      of.text("resized_rgb_sha256", golden, Sha256.hex(seen.resized().rgb()));
    }
    if (golden.path("resized_png").isTextual()) {
      String png = golden.path("resized_png").asText();
      of.pixels(
          "resized_png",
          ImageDecoder.decode(Files.readAllBytes(directory.resolve(png)), png),
          seen.resized());
    }
  }

  private void trainer(
      String file,
      JsonNode golden,
      boolean lossless,
      DecodedImage decoded,
      Consumer<CaseResult> results) {
    RgbImage clamped =
        EasyR1Resize.apply(
            decoded,
            OptionalLong.of(golden.path("min_pixels").asLong(TRAINER_MIN_PIXELS)),
            OptionalLong.of(golden.path("max_pixels").asLong(TRAINER_MAX_PIXELS)));
    ImageProcessor processor = PreprocessCheck.PUBLISHED;
    ImageResults of =
        new ImageResults(
            name(), file + " easyr1_clamp_then_default", lossless ? 0 : LOSSY_LEVELS, results);
    of.equal("size_after_pixel_clamp", golden, clamped.width(), clamped.height());
    processed(of, golden, processor, processor.process(clamped), lossless);
  }

  private static void processed(
      ImageResults of,
      JsonNode golden,
      ImageProcessor processor,
      ProcessedImage seen,
      boolean lossless) {
    of.equal("resized_height", golden, seen.resized().height());
    of.equal("resized_width", golden, seen.resized().width());
    of.equal("image_grid_thw", golden, seen.grid().t(), seen.grid().h(), seen.grid().w());
    of.equal("llm_image_tokens", golden, seen.grid().mergedTokens(processor.mergeSize()));
    of.mean("pixel_values_mean", golden, seen.pixelValues(), spread(lossless));
  }

  /** What a mean of normalised values may be off, beside the rounding of the list. */
  private static double spread(boolean lossless) {
    return lossless ? 0 : LOSSY_MEAN_LEVELS * ImageResults.VALUE_OF_A_LEVEL;
  }

  private static String pillowName(PixelMode mode) {
    return switch (mode) {
      case ONE -> "1";
      case I16 -> "I;16";
      case L, LA, RGB, RGBA, CMYK, P -> mode.name();
    };
  }
}
