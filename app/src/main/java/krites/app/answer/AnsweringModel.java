package krites.app.answer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import krites.app.InputError;
import krites.app.ModelFolder;
import krites.app.display.ByteProgress;
import krites.app.display.Terminal;
import krites.data.FileImages;
import krites.grpo.Prompt;
import krites.grpo.Sampling;
import krites.grpo.flow.Seeds;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.ImageStore;
import krites.model.image.ImageException;
import krites.model.image.ImagePipeline;
import krites.model.image.ImageProcessor;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.safetensors.LoadProgress;
import krites.model.tokenizer.ChatTemplate;
import krites.model.tokenizer.Tokenizer;
import krites.rollout.DjlRolloutEngine;
import krites.rollout.PromptEncoder;

/**
 * One model on the caller's thread: checked and able to read prompts as soon as it is open, with
 * weights from the first answer on.
 *
 * <p>Prompts are read in lots of a bounded number of tokens, so that many long ones need no more
 * memory than one very long one. Whoever opens it closes it, on the same thread.
 */
public final class AnsweringModel implements AutoCloseable {
  /**
   * Prompt tokens read together. At 16,384 the widest activation of the 7B model (18,944 numbers a
   * token, bf16) takes 620 MB.
   */
  static final int LOT_TOKENS = 16_384;

  /** Tokens per step where nobody watches them come: a finished batch notices after so many. */
  static final int CHUNK_TOKENS = 4;

  /** More than anybody names in one command. */
  private static final int IMAGES_KEPT = 64;

  /** The engine's own limit of responses, which is never met: lots limit what is started. */
  private static final int PLACES = 1 << 20;

  private final Path directory;
  private final ModelOptions options;
  private final Precision precision;
  private final Qwen25VlConfig config;
  private final Tokenizer tokenizer;
  private final PromptEncoder encoder;
  private Optional<DjlRolloutEngine> engine = Optional.empty();
  private double loadSeconds;

  private AnsweringModel(
      Path directory,
      ModelOptions options,
      Precision precision,
      Optional<String> system,
      ImageStore images) {
    this.directory = directory;
    this.options = options;
    this.precision = precision;
    this.config = Qwen25VlConfig.load(directory);
    this.tokenizer = Tokenizer.load(directory);
    OptionalLong maxPixels =
        options.maxPixels() == 0 ? OptionalLong.empty() : OptionalLong.of(options.maxPixels());
    this.encoder =
        new PromptEncoder(
            tokenizer,
            ChatTemplate.load(directory),
            images,
            new ImagePipeline(ImageProcessor.load(directory), OptionalLong.empty(), maxPixels),
            system,
            IMAGES_KEPT);
  }

  /**
   * Opens a model directory; reads no weights yet.
   *
   * @throws InputError if something in it is missing or wrong
   */
  static AnsweringModel open(Path model, ModelOptions options, Optional<String> system) {
    return open(model, options, system, new FileImages());
  }

  /**
   * Opens a model directory whose prompts show the images of a store.
   *
   * @throws InputError if something in it is missing or wrong
   */
  public static AnsweringModel open(
      Path model, ModelOptions options, Optional<String> system, ImageStore images) {
    options.check();
    return InputError.guard(
        () -> {
          Path directory = ModelFolder.checked(model).path();
          return new AnsweringModel(
              directory, options, options.precision(directory), system, images);
        });
  }

  public Path directory() {
    return directory;
  }

  public Precision precision() {
    return precision;
  }

  public int vocabulary() {
    return config.vocabulary();
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  /** Seconds that reading the weights took; 0 before the first answer. */
  public double loadSeconds() {
    return loadSeconds;
  }

  /**
   * How many tokens a prompt has for this model, image tokens included.
   *
   * @throws InputError if an image cannot be used, or the prompt leaves no room for an answer
   */
  int tokens(Prompt prompt) {
    try {
      int tokens = encoder.encode(prompt).prompt().ids().length();
      if (tokens >= config.maxPositions()) {
        throw new InputError(
            "the prompt has "
                + tokens
                + " tokens, and "
                + directory
                + " is made for "
                + config.maxPositions()
                + " with the answer (max_position_embeddings); shorten the texts, or shrink the"
                + " images with --max-pixels");
      }
      return tokens;
    } catch (IOException | ImageException e) {
      throw new InputError(String.valueOf(e.getMessage()), e);
    } catch (IllegalArgumentException e) {
      throw new InputError("the prompt cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Answers each prompt, sampled with its own stream of random numbers.
   *
   * <p>A single response comes token by token. The limit of new tokens is lowered to what the model
   * is made for.
   *
   * @param seed of all draws
   * @return for each prompt its answers, in order
   * @throws InputError if a prompt cannot be used
   * @throws Stopped if the watch says so
   */
  List<List<Answer>> answer(List<Prompt> prompts, Sampling sampling, long seed, Watch watch) {
    List<Integer> lengths = prompts.stream().map(this::tokens).toList();
    boolean single = prompts.size() == 1 && sampling.groupSize() == 1;
    DjlRolloutEngine rollout = engine(single ? 1 : CHUNK_TOKENS);
    List<List<Answer>> answers = new ArrayList<>();
    while (answers.size() < prompts.size()) {
      int from = answers.size();
      int end = lotEnd(lengths, from);
      int longest = lengths.subList(from, end).stream().mapToInt(Integer::intValue).max().orElse(0);
      Sampling fitting = sampling.limitedTo(config.maxPositions() - longest);
      Lot lot = new Lot(rollout, tokenizer, watch, single);
      for (int i = from; i < end; i++) {
        long own = Seeds.ofName(seed, "prompt-" + i);
        lot.add(GroupRequest.whole(i, prompts.get(i), fitting, own));
      }
      answers.addAll(lot.answers());
    }
    return answers;
  }

  /**
   * Answers prompts apart from each other, as many at once as fit: a place that is free is filled
   * with the next prompt. What one gives depends on its own prompt, sampling and seed alone.
   *
   * @throws Stopped if the listener says so
   */
  public void stream(Iterator<AskStream.Ask> asks, AskStream.Listener listener) {
    new AskStream(this, tokenizer, listener).run(asks);
  }

  /** What a prompt of so many tokens leaves of a sampling. */
  Sampling fitting(Sampling sampling, int promptTokens) {
    return sampling.limitedTo(config.maxPositions() - promptTokens);
  }

  /** Where the lot that begins there ends: its prompts are padded to the longest. */
  static int lotEnd(List<Integer> lengths, int from) {
    int longest = lengths.get(from);
    int end = from + 1;
    while (end < lengths.size()) {
      longest = Math.max(longest, lengths.get(end));
      if ((long) longest * (end + 1 - from) > LOT_TOKENS) {
        return end;
      }
      end++;
    }
    return end;
  }

  DjlRolloutEngine engine(int chunkTokens) {
    if (engine.isEmpty()) {
      long start = System.nanoTime();
      DjlRolloutEngine.Settings settings =
          new DjlRolloutEngine.Settings(
              PLACES, 1, chunkTokens, options.threads(), precision, options.device());
      try (ByteProgress bar =
          new ByteProgress(Terminal.standardError(), "loading", System::nanoTime)) {
        engine =
            Optional.of(
                InputError.guard(
                    () ->
                        LoadProgress.during(
                            bar, () -> new DjlRolloutEngine(directory, settings, encoder))));
      }
      loadSeconds = (System.nanoTime() - start) * 1e-9;
    }
    return engine.get();
  }

  /** Frees the weights; prompts can still be measured, and an answer loads them again. */
  public void unload() {
    engine.ifPresent(DjlRolloutEngine::close);
    engine = Optional.empty();
  }

  @Override
  public void close() {
    unload();
    tokenizer.close();
  }
}
