package krites.model.qwen25vl;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import krites.model.safetensors.CheckpointException;
import krites.model.safetensors.Conversion;
import krites.model.safetensors.DType;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.safetensors.TensorEntry;

/**
 * What the headers of a checkpoint must say before a byte of its values is read: every name of the
 * network, no name that it does not know, the shapes and the element type of {@code config.json}.
 *
 * <p>An unknown weight is refused, not skipped: the network that it belongs to is not the one that
 * would run. Exceptions are what older writers left behind and no network reads: buffers that are
 * computed ({@code inv_freq}), and {@code lm_head.weight} of a model whose head is its embedding.
 */
public final class CheckpointCheck {
  /** So many names are spelled out; a person needs the first, not all 729. */
  private static final int NAMES_SHOWN = 3;

  private CheckpointCheck() {}

  /**
   * Checks the directory that was opened against its own {@code config.json}.
   *
   * @throws CheckpointException naming file, tensor, expectation and remedy
   */
  public static void require(SafetensorsCheckpoint checkpoint, Qwen25VlConfig config) {
    require(checkpoint, WeightLayout.of(config), StatedType.read(checkpoint.directory()));
  }

  /**
   * Checks names, shapes and types.
   *
   * @param stated the one type that all weights have; empty if all must merely be of one floating
   *     type. In either case norms and biases may be float32, if all of them are: some writers keep
   *     them so
   */
  static void require(
      SafetensorsCheckpoint checkpoint, WeightLayout layout, Optional<DType> stated) {
    requireNames(checkpoint, layout);
    List<TensorEntry> entries = new ArrayList<>();
    for (String name : layout.names()) {
      TensorEntry entry = StoredNames.find(checkpoint, name).orElseThrow();
      entries.add(entry);
      if (!Arrays.equals(entry.shape(), layout.shape(name))) {
        throw CheckpointException.mismatch(
            checkpoint.fileOfTensor(entry.name()),
            "tensor " + entry.name(),
            "shape " + Arrays.toString(layout.shape(name)) + " from config.json",
            "shape " + Arrays.toString(entry.shape()),
            "config.json and weights are of different models");
      }
    }
    requireTypes(checkpoint, entries, stated);
  }

  /**
   * Checks names, shapes, and that all weights are of one floating type.
   *
   * @throws CheckpointException as {@link #require(SafetensorsCheckpoint, Qwen25VlConfig)}
   */
  public static void requireLayout(SafetensorsCheckpoint checkpoint, WeightLayout layout) {
    require(checkpoint, layout, Optional.empty());
  }

  private static void requireNames(SafetensorsCheckpoint checkpoint, WeightLayout layout) {
    List<String> missing = new ArrayList<>();
    Set<String> known = new HashSet<>();
    for (String name : layout.names()) {
      StoredNames.find(checkpoint, name)
          .ifPresentOrElse(entry -> known.add(entry.name()), () -> missing.add(name));
    }
    List<String> unknown =
        checkpoint.names().stream()
            .filter(name -> !known.contains(name) && !isHarmless(name))
            .toList();
    if (!missing.isEmpty()) {
      throw missing(checkpoint, layout, missing, unknown);
    }
    if (!unknown.isEmpty()) {
      String first = unknown.getFirst();
      throw CheckpointException.mismatch(
          checkpoint.fileOfTensor(first),
          "tensor " + first,
          "the " + layout.names().size() + " weights of the network in config.json",
          unknown.size() + " more that it does not have: " + some(unknown),
          "is it another architecture, or an adapter that was not merged?");
    }
  }

  private static CheckpointException missing(
      SafetensorsCheckpoint checkpoint,
      WeightLayout layout,
      List<String> missing,
      List<String> unknown) {
    String first = missing.getFirst();
    String seen =
        missing.size() + " of " + layout.names().size() + " weights are missing: " + some(missing);
    if (unknown.isEmpty()) {
      return CheckpointException.mismatch(
          checkpoint.directory(),
          "tensor " + first,
          "to be present, as config.json says",
          seen,
          "config.json and weights are of different models, or the index lost names");
    }
    String alike = mostAlike(first, unknown);
    return CheckpointException.mismatch(
        checkpoint.fileOfTensor(alike),
        "tensor " + first,
        "to be present, as config.json says",
        seen,
        "unknown here and most like it is " + alike + ": rename it back, or copy the file again");
  }

  /** Values that writers left in checkpoints and that no network reads. */
  static boolean isHarmless(String name) {
    return name.endsWith("rotary_emb.inv_freq")
        || name.endsWith("rotary_pos_emb.inv_freq")
        || name.equals("lm_head.weight");
  }

  private static void requireTypes(
      SafetensorsCheckpoint checkpoint, List<TensorEntry> entries, Optional<DType> stated) {
    DType expected = stated.orElseGet(() -> mostCommon(entries));
    String reason = stated.isPresent() ? ", as config.json states" : ", as most of the others";
    boolean vectorsAreFull =
        entries.stream().filter(CheckpointCheck::isVector).allMatch(v -> v.dtype() == DType.F32);
    List<TensorEntry> wrong =
        entries.stream()
            .filter(entry -> entry.dtype() != expected || !Conversion.knows(entry.dtype()))
            .filter(entry -> !vectorsAreFull || !isVector(entry))
            .toList();
    if (wrong.isEmpty()) {
      return;
    }
    TensorEntry first = wrong.getFirst();
    Path file = checkpoint.fileOfTensor(first.name());
    if (!Conversion.knows(first.dtype())) {
      throw CheckpointException.mismatch(
          file,
          "tensor " + first.name(),
          "dtype BF16, F16 or F32",
          "dtype " + first.dtype() + count(wrong),
          "a quantized model must be converted back first");
    }
    throw CheckpointException.mismatch(
        file,
        "tensor " + first.name(),
        "dtype " + expected + reason,
        "dtype " + first.dtype() + count(wrong),
        wrong.size() == entries.size()
            ? "let torch_dtype in config.json say what the files hold"
            : "copy the file again, or write all weights in one dtype");
  }

  private static String count(List<TensorEntry> wrong) {
    return wrong.size() == 1 ? "" : " in it and " + (wrong.size() - 1) + " others";
  }

  private static boolean isVector(TensorEntry entry) {
    return entry.shape().length == 1;
  }

  private static DType mostCommon(List<TensorEntry> entries) {
    Map<DType, Integer> counts = new EnumMap<>(DType.class);
    entries.forEach(entry -> counts.merge(entry.dtype(), 1, Integer::sum));
    return counts.entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .orElse(DType.F32);
  }

  private static String some(List<String> names) {
    String shown = String.join(", ", names.subList(0, Math.min(NAMES_SHOWN, names.size())));
    return names.size() <= NAMES_SHOWN ? shown : shown + ", ...";
  }

  /** The name with the longest common beginning and end. */
  private static String mostAlike(String name, List<String> others) {
    String best = others.getFirst();
    for (String other : others) {
      if (likeness(name, other) > likeness(name, best)) {
        best = other;
      }
    }
    return best;
  }

  private static int likeness(String a, String b) {
    int length = Math.min(a.length(), b.length());
    int begin = 0;
    while (begin < length && a.charAt(begin) == b.charAt(begin)) {
      begin++;
    }
    int end = 0;
    while (end < length - begin
        && a.charAt(a.length() - 1 - end) == b.charAt(b.length() - 1 - end)) {
      end++;
    }
    return begin + end - Math.abs(a.length() - b.length());
  }
}
