package krites.app;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import krites.model.image.ImageProcessor;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.WeightLayout;
import krites.model.safetensors.ContentDigest;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.safetensors.SafetensorsFile;
import krites.model.tokenizer.StopTokens;
import krites.model.tokenizer.Tokenizer;

/**
 * What a model directory holds, as values.
 *
 * @param parameters numbers of weights by part of the network
 * @param dtypes element types of the files, with their number of tensors
 * @param files weight files with size and number of tensors
 * @param template file of the chat template; empty if the built-in one is used
 */
record ModelFacts(
    Path directory,
    Qwen25VlConfig network,
    Map<String, Long> parameters,
    Map<String, Long> dtypes,
    List<WeightFile> files,
    int tokens,
    String template,
    List<Integer> stopIds,
    ImageProcessor images,
    Optional<ContentDigest> digest) {

  /** A file of weights. */
  record WeightFile(String name, long bytes, int tensors) {}

  static ModelFacts of(SafetensorsCheckpoint checkpoint, Optional<ContentDigest> digest) {
    Path directory = checkpoint.directory();
    Qwen25VlConfig network = Qwen25VlConfig.load(directory);
    try (Tokenizer tokenizer = Tokenizer.load(directory)) {
      return new ModelFacts(
          directory,
          network,
          parameters(WeightLayout.of(network)),
          checkpoint.names().stream()
              .collect(
                  Collectors.groupingBy(
                      name -> checkpoint.entry(name).dtype().name(), Collectors.counting())),
          checkpoint.files().stream().map(ModelFacts::weightFile).toList(),
          tokenizer.size(),
          template(directory),
          StopTokens.load(directory).ids().stream().sorted().toList(),
          ImageProcessor.load(directory),
          digest);
    }
  }

  private static WeightFile weightFile(SafetensorsFile file) {
    return new WeightFile(
        String.valueOf(file.path().getFileName()), file.fileBytes(), file.names().size());
  }

  /** Parts in the order of the network; they sum to all weights. */
  static Map<String, Long> parameters(WeightLayout layout) {
    Map<String, Long> parts = new LinkedHashMap<>();
    for (String part : List.of("vision", "merger", "embedding", "layers", "head")) {
      parts.put(part, 0L);
    }
    layout.names().forEach(name -> parts.merge(part(name), layout.size(name), Long::sum));
    return parts;
  }

  private static String part(String name) {
    if (name.startsWith("visual.merger.")) {
      return "merger";
    }
    if (name.startsWith("visual.")) {
      return "vision";
    }
    return switch (name) {
      case "model.embed_tokens.weight" -> "embedding";
      case "lm_head.weight" -> "head";
      default -> "layers"; // and the norm behind them
    };
  }

  private static String template(Path directory) {
    return Stream.of("chat_template.jinja", "chat_template.json", "tokenizer_config.json")
        .filter(name -> Files.isRegularFile(directory.resolve(name)))
        .findFirst()
        .orElse("");
  }

  long allParameters() {
    return parameters.values().stream().mapToLong(Long::longValue).sum();
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    Qwen25VlConfig.Vision see = network.vision();
    lines.add(directory + ": Qwen2.5-VL, " + count(allParameters()) + " parameters");
    parameters.forEach(
        (part, number) ->
            lines.add(
                String.format(
                    Locale.ROOT,
                    "  %-10s %15s%s",
                    part,
                    count(number),
                    part.equals("head") && network.tiedHead() ? "  (tied to the embedding)" : "")));
    lines.add(
        "language   "
            + network.layers()
            + " layers, hidden "
            + network.hidden()
            + ", heads "
            + network.heads()
            + "/"
            + network.keyValueHeads()
            + " of "
            + network.headSize()
            + ", mlp "
            + network.intermediate()
            + ", vocabulary "
            + network.vocabulary());
    lines.add(
        "vision     "
            + see.depth()
            + " blocks, hidden "
            + see.hidden()
            + ", heads "
            + see.heads()
            + ", mlp "
            + see.intermediate()
            + ", patch "
            + see.patch()
            + ", window "
            + see.window());
    lines.add("dtype      " + String.join(", ", dtypes.keySet().stream().sorted().toList()));
    for (WeightFile file : files) {
      lines.add(
          String.format(
              Locale.ROOT,
              "file       %s  %s bytes, %d tensors%s",
              file.name(),
              count(file.bytes()),
              file.tensors(),
              digest.map(known -> "  sha256 " + known.files().get(file.name())).orElse("")));
    }
    digest.ifPresent(known -> lines.add("content    sha256 " + known.content()));
    lines.add("tokenizer  " + count(tokens) + " tokens; stop ids " + stopIds);
    lines.add("template   " + (template.isEmpty() ? "built in" : template));
    lines.add(
        "images     " + count(images.minPixels()) + " to " + count(images.maxPixels()) + " pixels");
    return lines;
  }

  private static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  ObjectNode json() {
    ObjectNode root = new ObjectMapper().createObjectNode();
    root.put("directory", directory.toString());
    root.put("architecture", "Qwen2_5_VLForConditionalGeneration");
    root.put("parameters", allParameters());
    ObjectNode parts = root.putObject("parameters_by_part");
    parameters.forEach(parts::put);
    root.put("head_tied", network.tiedHead());
    ObjectNode types = root.putObject("tensors_by_dtype");
    dtypes.forEach(types::put);
    ArrayNode list = root.putArray("files");
    for (WeightFile file : files) {
      ObjectNode node = list.addObject();
      node.put("name", file.name()).put("bytes", file.bytes()).put("tensors", file.tensors());
      digest.ifPresent(known -> node.put("sha256", known.files().get(file.name())));
    }
    digest.ifPresent(known -> root.put("content_sha256", known.content()));
    root.put("tokens", tokens);
    root.put("vocabulary", network.vocabulary());
    root.put("template", template);
    stopIds.forEach(root.putArray("stop_ids")::add);
    root.putObject("images")
        .put("min_pixels", images.minPixels())
        .put("max_pixels", images.maxPixels());
    return root;
  }
}
