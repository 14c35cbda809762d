package krites.app.dataset;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import krites.data.CritiquePrompt;
import krites.data.DatasetSettings;
import krites.data.EmbeddedImages;
import krites.data.FileImages;
import krites.data.RoutedImages;
import krites.data.RowOutcome;
import krites.data.SamplePrompts;
import krites.data.TiePolicy;
import krites.data.format.RowException;
import krites.data.format.Sample;
import krites.grpo.ImageRef;
import krites.grpo.Prompt;
import krites.grpo.port.ImageStore;
import krites.model.image.ImageDecoder;
import krites.model.image.ImageException;
import krites.model.image.ImageProcessor;
import krites.model.image.ImageSize;
import krites.model.tokenizer.ChatMessage;
import krites.model.tokenizer.ChatTemplate;
import krites.model.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/**
 * How many tokens prompts have in a model, image tokens included: sizes of images come from their
 * headers, and no pixel is decoded. Without a model it counts nothing. Its owner is one thread.
 */
final class PromptLengths implements Consumer<RowOutcome>, AutoCloseable {
  private static final String IMAGE =
      ChatTemplate.VISION_START + ChatTemplate.IMAGE_PAD + ChatTemplate.VISION_END;

  private final @Nullable Counter counter;
  private final SamplePrompts prompts;
  private final EmbeddedImages embedded = new EmbeddedImages();
  private final ImageStore images;
  private final int limit;
  private int[] lengths = new int[1024];
  private int count;
  private long overlong;
  private long unreadable;

  /** What a model brings. */
  private record Counter(Tokenizer tokenizer, ChatTemplate template, ImageProcessor processor) {}

  private PromptLengths(@Nullable Counter counter, Optional<Path> folder, int limit) {
    this.counter = counter;
    DatasetSettings settings =
        DatasetSettings.of(CritiquePrompt.PUBLISHED_INSTRUCTION, TiePolicy.TRAIN);
    this.prompts = new SamplePrompts(folder.map(settings::withImages).orElse(settings));
    this.images = new RoutedImages(Map.of(EmbeddedImages.SCHEME, embedded), new FileImages());
    this.limit = limit;
  }

  /**
   * A count by a model's tokenizer, template and image processor.
   *
   * @param model empty to count nothing
   * @param folder what image paths begin at
   * @param limit longest prompt that is not too long, in tokens
   */
  static PromptLengths of(Optional<Path> model, Optional<Path> folder, int limit) {
    return new PromptLengths(
        model
            .map(
                path ->
                    new Counter(
                        Tokenizer.load(path), ChatTemplate.load(path), ImageProcessor.load(path)))
            .orElse(null),
        folder,
        limit);
  }

  @Override
  public void accept(RowOutcome outcome) {
    if (counter != null && outcome instanceof RowOutcome.Read read) {
      for (Sample sample : read.samples()) {
        try {
          prompts.of(read.place(), sample, 0).forEach(prompt -> add(counter, prompt));
        } catch (RowException e) {
          unreadable++; // the check tells of missing images by itself
        }
      }
    }
  }

  private void add(Counter model, Prompt prompt) {
    try {
      int tokens = tokens(model, prompt);
      if (count == lengths.length) {
        lengths = Arrays.copyOf(lengths, 2 * count);
      }
      lengths[count++] = tokens;
      overlong += tokens > limit ? 1 : 0;
    } catch (IOException | ImageException e) {
      unreadable++;
    }
  }

  private int tokens(Counter model, Prompt prompt) throws IOException {
    String asked = prompt.text().replace(Prompt.IMAGE_PLACEHOLDER, IMAGE);
    String text = model.template().text(List.of(ChatMessage.text("user", asked)), true, false);
    int tokens = model.tokenizer().encode(text).length;
    for (ImageRef image : prompt.images()) {
      ImageSize size = ImageDecoder.size(images.read(image), image.name());
      ImageProcessor processor = model.processor();
      tokens +=
          processor.gridOf(size.height(), size.width()).mergedTokens(processor.mergeSize()) - 1;
    }
    return tokens;
  }

  /** Whether a model counts. */
  boolean counts() {
    return counter != null;
  }

  /** Prompts that were counted. */
  int prompts() {
    return count;
  }

  /** Longest prompt that is not too long. */
  int limit() {
    return limit;
  }

  long overlong() {
    return overlong;
  }

  /** Samples whose images could not be read, so that they have no length. */
  long unreadable() {
    return unreadable;
  }

  /** The length below which a share of the prompts is; 0 if there are none. */
  int quantile(double share) {
    int[] sorted = Arrays.copyOf(lengths, count);
    Arrays.sort(sorted);
    return count == 0 ? 0 : sorted[(int) Math.min(count - 1, Math.floor(share * count))];
  }

  @Override
  public void close() {
    if (counter != null) {
      counter.tokenizer().close();
    }
    try {
      embedded.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
