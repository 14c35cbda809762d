package krites.model.image;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import krites.model.safetensors.CheckpointException;

/**
 * Turns pictures into patch values: resize to a multiple of the patch block, scale, normalise, cut
 * into patches.
 *
 * <p>Source: the Qwen2-VL image processor of transformers with Pillow bicubic; the values are equal
 * to the bit.
 *
 * @param minPixels lower limit of the area after resizing
 * @param maxPixels upper limit of the area after resizing
 * @param patchSize side of a patch in pixels
 * @param temporalPatchSize frames in a patch; a picture is repeated to fill them
 * @param mergeSize side of the block of patches that becomes one token
 * @param mean per channel, subtracted after scaling
 * @param std per channel, divided by at the end
 * @param rescale factor from a byte to the unit range, 1/255 in the published models
 */
public record ImageProcessor(
    long minPixels,
    long maxPixels,
    int patchSize,
    int temporalPatchSize,
    int mergeSize,
    List<Double> mean,
    List<Double> std,
    double rescale) {

  /** The file of a model directory that holds the settings. */
  public static final String CONFIG_FILE = "preprocessor_config.json";

  private static final int CHANNELS = 3;
  private static final int BICUBIC = 3; // Pillow's number of the filter

  /** Mean and deviation of CLIP, the defaults of the source. */
  private static final List<Double> CLIP_MEAN = List.of(0.48145466, 0.4578275, 0.40821073);

  private static final List<Double> CLIP_STD = List.of(0.26862954, 0.26130258, 0.27577711);

  public ImageProcessor {
    mean = List.copyOf(mean);
    std = List.copyOf(std);
    if (minPixels < 1 || maxPixels < minPixels) {
      throw new IllegalArgumentException("pixel limits " + minPixels + " to " + maxPixels);
    }
    if (patchSize < 1 || temporalPatchSize < 1 || mergeSize < 1) {
      throw new IllegalArgumentException(
          "patch size "
              + patchSize
              + ", temporal patch size "
              + temporalPatchSize
              + ", merge size "
              + mergeSize);
    }
    if (mean.size() != CHANNELS || std.size() != CHANNELS || std.contains(0.0)) {
      throw new IllegalArgumentException(
          "mean " + mean + " and std " + std + " for three channels");
    }
  }

  /**
   * Reads {@code preprocessor_config.json} of a model directory. Absent keys have the defaults of
   * the source.
   *
   * @throws CheckpointException if the file is missing or malformed, or asks for a step this class
   *     does not have
   */
  public static ImageProcessor load(Path modelDirectory) {
    Path file = modelDirectory.resolve(CONFIG_FILE);
    JsonNode config = readJson(file);
    for (String step : List.of("do_resize", "do_rescale", "do_normalize", "do_convert_rgb")) {
      if (!config.path(step).asBoolean(true)) {
        throw CheckpointException.mismatch(file, step, "true", "false");
      }
    }
    if (config.path("resample").asInt(BICUBIC) != BICUBIC) {
      throw CheckpointException.mismatch(
          file, "resample", BICUBIC + " (bicubic)", config.path("resample").toString());
    }
    JsonNode size = config.path("size");
    try {
      return new ImageProcessor(
          wholeNumber(
              file, config, "min_pixels", wholeNumber(file, size, "shortest_edge", 56 * 56)),
          wholeNumber(
              file, config, "max_pixels", wholeNumber(file, size, "longest_edge", 28 * 28 * 1280)),
          Math.toIntExact(wholeNumber(file, config, "patch_size", 14)),
          Math.toIntExact(wholeNumber(file, config, "temporal_patch_size", 2)),
          Math.toIntExact(wholeNumber(file, config, "merge_size", 2)),
          numbers(file, config, "image_mean", CLIP_MEAN),
          numbers(file, config, "image_std", CLIP_STD),
          config.path("rescale_factor").asDouble(1 / 255.0));
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new CheckpointException(file + ": expected possible values, seen " + e.getMessage(), e);
    }
  }

  /** The same with other limits of the area. */
  public ImageProcessor withPixelLimits(long newMinPixels, long newMaxPixels) {
    return new ImageProcessor(
        newMinPixels, newMaxPixels, patchSize, temporalPatchSize, mergeSize, mean, std, rescale);
  }

  /** The size to which a picture of this size will be brought. */
  public ImageSize resizedSize(int height, int width) {
    return SmartResize.resize(height, width, patchSize * mergeSize, minPixels, maxPixels);
  }

  /** The patch grid of a picture of this size, without looking at any pixel. */
  public PatchGrid gridOf(int height, int width) {
    ImageSize size = resizedSize(height, width);
    return new PatchGrid(1, size.height() / patchSize, size.width() / patchSize);
  }

  /** The values of one row of {@link ProcessedImage#pixelValues}: 1176 in the published models. */
  public int patchValues() {
    return CHANNELS * temporalPatchSize * patchSize * patchSize;
  }

  /**
   * Resizes a picture and cuts it into patches.
   *
   * @throws ImageException if its sides differ by more than a factor of 200
   */
  public ProcessedImage process(RgbImage image) {
    RgbImage resized = PillowResize.bicubic(image, resizedSize(image.height(), image.width()));
    PatchGrid grid = new PatchGrid(1, resized.height() / patchSize, resized.width() / patchSize);
    return new ProcessedImage(patches(resized, grid), grid, resized);
  }

  private float[] patches(RgbImage image, PatchGrid grid) {
    float[][] levels = normalisedLevels();
    float[] values = new float[Math.multiplyExact(grid.patches(), patchValues())];
    int at = 0;
    for (int blockRow = 0; blockRow < grid.h(); blockRow += mergeSize) {
      for (int blockColumn = 0; blockColumn < grid.w(); blockColumn += mergeSize) {
        for (int row = blockRow; row < blockRow + mergeSize; row++) {
          for (int column = blockColumn; column < blockColumn + mergeSize; column++) {
            at = patch(image, row * patchSize, column * patchSize, levels, values, at);
          }
        }
      }
    }
    return values;
  }

  /** Writes one patch as (channel, frame, y, x) and returns the position behind it. */
  private int patch(
      RgbImage image, int top, int left, float[][] levels, float[] values, int start) {
    byte[] rgb = image.rgb();
    int framePixels = patchSize * patchSize;
    int at = start;
    for (int channel = 0; channel < CHANNELS; channel++) {
      float[] level = levels[channel];
      int firstFrame = at;
      for (int y = top; y < top + patchSize; y++) {
        int from = 3 * (y * image.width() + left) + channel;
        for (int x = 0; x < patchSize; x++) {
          values[at++] = level[rgb[from + 3 * x] & 0xFF];
        }
      }
      for (int frame = 1; frame < temporalPatchSize; frame++) {
        System.arraycopy(values, firstFrame, values, at, framePixels);
        at += framePixels;
      }
    }
    return at;
  }

  /**
   * The value of each byte in each channel: the source scales in double and normalises in float.
   */
  private float[][] normalisedLevels() {
    float[][] levels = new float[CHANNELS][256];
    for (int channel = 0; channel < CHANNELS; channel++) {
      float channelMean = mean.get(channel).floatValue();
      float channelStd = std.get(channel).floatValue();
      for (int value = 0; value < 256; value++) {
        levels[channel][value] = ((float) (value * rescale) - channelMean) / channelStd;
      }
    }
    return levels;
  }

  private static JsonNode readJson(Path file) {
    if (!Files.isRegularFile(file)) {
      throw CheckpointException.mismatch(
          file, "file", "the settings of the image processor", "no such file");
    }
    try {
      return new ObjectMapper().readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      throw CheckpointException.mismatch(file, "file", "valid JSON", e.getOriginalMessage());
    } catch (IOException e) {
      throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static long wholeNumber(Path file, JsonNode config, String key, long otherwise) {
    JsonNode value = config.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return otherwise;
    }
    if (!value.isIntegralNumber()) {
      throw CheckpointException.mismatch(file, key, "a whole number", value.toString());
    }
    return value.longValue();
  }

  private static List<Double> numbers(
      Path file, JsonNode config, String key, List<Double> otherwise) {
    JsonNode list = config.path(key);
    if (list.isMissingNode() || list.isNull()) {
      return otherwise;
    }
    List<Double> numbers = new ArrayList<>();
    for (JsonNode value : list) {
      if (!value.isNumber()) {
        throw CheckpointException.mismatch(file, key, "three numbers", list.toString());
      }
      numbers.add(value.doubleValue());
    }
    return numbers;
  }
}
