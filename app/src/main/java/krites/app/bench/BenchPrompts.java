package krites.app.bench;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import krites.app.InputError;
import krites.grpo.ImageRef;
import krites.grpo.Prompt;
import krites.grpo.Task;
import krites.model.image.ImagePipeline;
import krites.model.image.ImageProcessor;
import krites.model.tokenizer.ChatTemplate;
import krites.model.tokenizer.Tokenizer;
import krites.rollout.PromptEncoder;

/**
 * Prompts of an exact number of tokens, in words of the model's own vocabulary, with or without a
 * picture of noise. All are a function of their number.
 */
final class BenchPrompts implements AutoCloseable {
  private static final int WORDS = 64;
  private static final int IDS_LOOKED_AT = 20_000;
  private static final int PICTURE_PIXELS = 224;
  private static final int CORRECTIONS = 8;

  private final Tokenizer tokenizer;
  private final PromptEncoder encoder;
  private final List<String> words;

  BenchPrompts(BenchModel model) {
    this.tokenizer = Tokenizer.load(model.folder());
    this.encoder =
        new PromptEncoder(
            tokenizer,
            ChatTemplate.load(model.folder()),
            BenchPrompts::picture,
            new ImagePipeline(
                ImageProcessor.load(model.folder()), OptionalLong.empty(), OptionalLong.empty()));
    this.words = words(tokenizer);
  }

  /** What an engine encodes them with. */
  PromptEncoder encoder() {
    return encoder;
  }

  /** Words with a space before them that are one token wherever they stand. */
  private static List<String> words(Tokenizer tokenizer) {
    List<String> words = new ArrayList<>();
    int looked = Math.min(tokenizer.size(), IDS_LOOKED_AT);
    for (int id = 0; id < looked && words.size() < WORDS; id++) {
      String text = tokenizer.decode(new int[] {id}, true);
      if (text.matches(" [a-z]{2,}") && tokenizer.encode(text + text + text).length == 3) {
        words.add(text);
      }
    }
    if (words.isEmpty()) {
      throw new InputError("the tokenizer has no word that is one token");
    }
    return words;
  }

  /**
   * A prompt.
   *
   * @param number decides the words and the picture
   * @param tokens what the network will read, the chat template and the picture included
   * @throws InputError if the template and the picture alone are longer
   */
  Prompt prompt(int number, int tokens, boolean picture) {
    int count = tokens;
    for (int i = 0; i < CORRECTIONS; i++) {
      Prompt prompt = worded(number, count, picture);
      int found = encode(prompt).length;
      if (found == tokens) {
        return prompt;
      }
      count += tokens - found;
      if (count < 1) {
        throw new InputError(
            "a prompt of " + tokens + " tokens has no room for a word; ask for longer ones");
      }
    }
    throw new InputError("no prompt of " + tokens + " tokens can be made with this tokenizer");
  }

  /** Token ids as the network reads them. */
  int[] encode(Prompt prompt) {
    return encoded(prompt).prompt().ids().toArray();
  }

  PromptEncoder.Encoded encoded(Prompt prompt) {
    try {
      return encoder.encode(prompt);
    } catch (IOException e) {
      throw new InputError(String.valueOf(e.getMessage()), e);
    }
  }

  private Prompt worded(int number, int count, boolean picture) {
    SplittableRandom random = new SplittableRandom(number);
    StringBuilder text = new StringBuilder(picture ? Prompt.IMAGE_PLACEHOLDER : "");
    for (int i = 0; i < count; i++) {
      text.append(words.get(random.nextInt(words.size())));
    }
    return new Prompt(
        "bench-" + number,
        Task.POLICY,
        text.toString(),
        picture ? List.of(new ImageRef(String.valueOf(number))) : List.of(),
        "1",
        Map.of());
  }

  /** A picture of noise that is a function of its name. */
  private static byte[] picture(ImageRef image) throws IOException {
    SplittableRandom random = new SplittableRandom(Long.parseLong(image.name()));
    BufferedImage picture =
        new BufferedImage(PICTURE_PIXELS, PICTURE_PIXELS, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < PICTURE_PIXELS; y++) {
      for (int x = 0; x < PICTURE_PIXELS; x++) {
        picture.setRGB(x, y, random.nextInt(1 << 24));
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(picture, "png", bytes);
    return bytes.toByteArray();
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
