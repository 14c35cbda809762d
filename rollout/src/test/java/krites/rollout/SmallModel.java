package krites.rollout;

import ai.djl.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import krites.grpo.PolicyVersion;
import krites.grpo.port.ImageStore;
import krites.model.image.ImagePipeline;
import krites.model.image.ImageProcessor;
import krites.model.qwen25vl.Precision;
import krites.model.tokenizer.Tokenizer;
import krites.model.weights.WeightStore;

/**
 * The golden model as a whole directory: with a byte-level tokenizer of its vocabulary, and with
 * every sixteenth token as a stop token, so that sampled responses end at different lengths.
 */
final class SmallModel implements AutoCloseable {
  static final Path GOLDEN = Path.of("..", "model", "src", "test", "resources", "golden");

  private static final int VOCABULARY = 1000;
  private static final Map<Integer, String> ADDED =
      new TreeMap<>(
          Map.of(
              984, "<|endoftext|>",
              985, "<|im_start|>",
              986, "<|im_end|>",
              992, "<|vision_start|>",
              993, "<|vision_end|>",
              995, "<|image_pad|>"));

  final Path directory;
  final WeightStore store;
  private final Tokenizer tokenizer;

  private SmallModel(Path directory, WeightStore store) {
    this.directory = directory;
    this.store = store;
    this.tokenizer = Tokenizer.load(directory);
  }

  static SmallModel in(Path folder) throws IOException {
    Path directory = Files.createDirectory(folder.resolve("model"));
    for (String file : List.of("config.json", "preprocessor_config.json", "model.safetensors")) {
      Files.copy(GOLDEN.resolve("models/a").resolve(file), directory.resolve(file));
    }
    String stops =
        IntStream.range(20, 60).mapToObj(i -> "" + 16 * i).collect(Collectors.joining(","));
    Files.writeString(
        directory.resolve("generation_config.json"), "{\"eos_token_id\":[" + stops + "]}");
    writeTokenizer(directory);
    return new SmallModel(directory, new WeightStore(folder.resolve("weights"), Precision.F32));
  }

  DjlRolloutEngine engine(int groups, int groupSize, int chunkTokens) {
    return new DjlRolloutEngine(
        directory,
        new PolicyVersion(0, 0),
        new DjlRolloutEngine.Settings(
            groups, groupSize, chunkTokens, 1, Precision.F32, Device.cpu()),
        encoder(),
        store);
  }

  /** An engine that reads prompts in pieces and may have little memory. */
  DjlRolloutEngine engine(
      int groups, int groupSize, int chunkTokens, int prefillTokens, long kvCacheBytes) {
    return new DjlRolloutEngine(
        directory,
        new PolicyVersion(0, 0),
        new DjlRolloutEngine.Settings(
            groups,
            groupSize,
            chunkTokens,
            prefillTokens,
            kvCacheBytes,
            1,
            Precision.F32,
            Device.cpu()),
        encoder(),
        store);
  }

  /** An engine that is never sent weights. */
  DjlRolloutEngine fixedEngine() {
    return new DjlRolloutEngine(
        directory,
        new DjlRolloutEngine.Settings(3, 4, 4, 1, Precision.F32, Device.cpu()),
        encoder());
  }

  private PromptEncoder encoder() {
    return new PromptEncoder(tokenizer, images(), pipeline());
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  /** The golden images by their file names. */
  static ImageStore images() {
    return image -> Files.readAllBytes(GOLDEN.resolve("images").resolve(image.name()));
  }

  ImagePipeline pipeline() {
    return ImagePipeline.of(ImageProcessor.load(directory));
  }

  private static void writeTokenizer(Path directory) throws IOException {
    List<String> letters = letters();
    String vocabulary =
        IntStream.range(0, VOCABULARY)
            .mapToObj(
                id ->
                    quoted(
                            id < letters.size()
                                ? letters.get(id)
                                : ADDED.getOrDefault(id, "word" + id))
                        + ":"
                        + id)
            .collect(Collectors.joining(","));
    String added =
        ADDED.entrySet().stream()
            .map(
                token ->
                    quoted("" + token.getKey())
                        + ":{\"content\":"
                        + quoted(token.getValue())
                        + ",\"normalized\":false,\"special\":true}")
            .collect(Collectors.joining(","));
    Files.writeString(directory.resolve("merges.txt"), "");
    Files.writeString(directory.resolve("vocab.json"), "{" + vocabulary + "}");
    Files.writeString(
        directory.resolve("tokenizer_config.json"), "{\"added_tokens_decoder\":{" + added + "}}");
  }

  /** The letters that stand for the bytes 0 to 255 in a byte-level vocabulary. */
  private static List<String> letters() {
    List<String> letters = new ArrayList<>();
    int free = 256;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      letters.add(Character.toString(printable ? b : free));
      free += printable ? 0 : 1;
    }
    return letters;
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  @Override
  public void close() {
    tokenizer.close();
    new WeightStore(
        directory.resolveSibling("weights"), Precision.F32); // removes what was published
    try {
      Files.deleteIfExists(directory.resolveSibling("weights"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
