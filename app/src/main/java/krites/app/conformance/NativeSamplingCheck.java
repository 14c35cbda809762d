package krites.app.conformance;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import krites.model.qwen25vl.VisionInputs;
import krites.model.torchscript.ScriptModule;
import krites.model.torchscript.TorchRuntime;
import krites.rollout.RolloutScript;

/**
 * The sampler that rollout runs on tensors, against the same golden file as {@link SamplingCheck}:
 * processed logits, kept tokens, probabilities, and for every kept token that the middle of its
 * interval draws it.
 */
public final class NativeSamplingCheck implements ConformanceCheck {
  private static final String FILE = "logits_processors.json";
  private static final double LOGIT_TOLERANCE = 1e-5;
  private static final double PROBABILITY_TOLERANCE = 1e-6;

  /**
   * An interval narrower than this may be missed by the rounding of the golden probabilities
   * (float32).
   */
  private static final double NARROW = 1e-5;

  @Override
  public String name() {
    return "sampling";
  }

  @Override
  public boolean appliesTo(Path directory) {
    return Files.isRegularFile(directory.resolve(name()).resolve(FILE));
  }

  @Override
  public void run(Path directory, Consumer<CaseResult> results) throws IOException {
    TorchRuntime.prepareThread(1, false);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        ScriptModule script = ScriptModule.load(manager, RolloutScript.samplerMethods())) {
      Path file = directory.resolve(name()).resolve(FILE);
      JsonNode cases = GoldenJson.cases(this, FILE, "native file", file, results);
      for (int i = 0; i < cases.size(); i++) {
        String label = "logits_processors/" + i;
        try (NDManager scope = manager.newSubManager()) {
          runCase(cases.get(i), script, scope, new GoldenComparison(name(), label, results));
        } catch (RuntimeException trouble) {
          results.accept(
              CaseResult.failed(
                  name(), label, "native case", String.valueOf(trouble.getMessage())));
        }
      }
    } catch (IOException trouble) {
      results.accept(
          CaseResult.failed(name(), FILE, "native file", String.valueOf(trouble.getMessage())));
    }
  }

  private static void runCase(
      JsonNode golden, ScriptModule script, NDManager scope, GoldenComparison compare) {
    double[][] logits = GoldenJson.table(golden, "logits");
    int rows = logits.length;
    int size = logits[0].length;
    NDArray shaped = shaped(golden, logits, script, scope);
    double[] processed = GoldenJson.doubles(shaped.toFloatArray());
    compare.compareScaled(
        "native.processed_logits",
        GoldenJson.need(golden, "processed_logits"),
        LOGIT_TOLERANCE,
        1,
        processed);
    double[] kept =
        IntStream.range(0, processed.length)
            .filter(i -> processed[i] != Double.NEGATIVE_INFINITY)
            .mapToDouble(i -> i % size)
            .toArray();
    compare.compareEqual("native.kept", GoldenJson.need(golden, "kept"), kept);
    double[] probabilities = GoldenJson.doubles(shaped.softmax(-1).toFloatArray());
    JsonNode expected = GoldenJson.need(golden, "probabilities");
    compare.compareScaled(
        "native.probabilities", expected, PROBABILITY_TOLERANCE, 1, probabilities);
    double[][] intervals = GoldenJson.vectors(expected);
    for (int row = 0; row < rows; row++) {
      compare.compareText(
          "native.pick row " + row, "", wrongPicks(intervals[row], shaped.get(row), script, scope));
    }
  }

  private static NDArray shaped(
      JsonNode golden, double[][] logits, ScriptModule script, NDManager scope) {
    int size = logits[0].length;
    int[][] seenIds = GoldenJson.integers(golden, "input_ids");
    boolean[] seen = new boolean[logits.length * size];
    for (int row = 0; row < logits.length; row++) {
      for (int id : seenIds[row]) {
        seen[row * size + id] = true;
      }
    }
    Shape shape = new Shape(logits.length, size);
    float topP = (float) GoldenJson.number(golden, "top_p");
    int topK = (int) GoldenJson.number(golden, "top_k");
    boolean all = topK == 0 || topK >= size;
    return script
        .call(
            scope,
            "shape_logits",
            scope.create(GoldenJson.floats(GoldenJson.flatten(logits)), shape),
            VisionInputs.booleans(seen, shape, scope),
            scope.create(new long[0]),
            size,
            column((float) GoldenJson.number(golden, "temperature"), logits.length, scope),
            scope.full(new Shape(logits.length, 1), topK, DataType.INT64),
            column(topP, logits.length, scope),
            column((float) GoldenJson.number(golden, "repetition_penalty"), logits.length, scope),
            all ? 0 : topK,
            topP < 1f)
        .get(0);
  }

  /** The same setting for every row. */
  private static NDArray column(float value, int rows, NDManager scope) {
    return scope.full(new Shape(rows, 1), value, DataType.FLOAT32);
  }

  /**
   * Tokens that were not drawn by the middle of their interval, as text; empty if there is none.
   */
  private static String wrongPicks(
      double[] probabilities, NDArray shaped, ScriptModule script, NDManager scope) {
    int[] wide =
        IntStream.range(0, probabilities.length)
            .filter(token -> probabilities[token] > NARROW)
            .toArray();
    double[] uniforms = new double[wide.length];
    double total = 0;
    for (double probability : probabilities) {
      total += probability;
    }
    double below = 0;
    int found = 0;
    for (int token = 0; token < probabilities.length; token++) {
      if (probabilities[token] > NARROW) {
        uniforms[found++] = (below + probabilities[token] / 2) / total;
      }
      below += probabilities[token];
    }
    NDArray copies = shaped.expandDims(0).repeat(0, wide.length);
    NDList drawn = script.call(scope, "pick", copies, scope.create(uniforms));
    long[] tokens = drawn.get(0).toLongArray();
    StringBuilder wrong = new StringBuilder();
    for (int i = 0; i < wide.length; i++) {
      if (tokens[i] != wide[i]) {
        wrong.append(wide[i]).append(" gave ").append(tokens[i]).append("; ");
      }
    }
    return wrong.toString();
  }
}
