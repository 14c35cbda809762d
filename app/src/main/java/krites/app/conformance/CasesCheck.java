package krites.app.conformance;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.safetensors.SafetensorsFile;
import krites.model.torchscript.TorchRuntime;

/**
 * The model cases: {@code cases/MODEL/CASE.json} with its tensors, run on {@code models/MODEL}
 * through the engines that a training run uses (no other code computes a number here).
 */
public final class CasesCheck implements ConformanceCheck {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Override
  public String name() {
    return "cases";
  }

  @Override
  public boolean appliesTo(Path directory) {
    return Files.isDirectory(directory.resolve(name()));
  }

  @Override
  public void run(Path directory, Consumer<CaseResult> results) throws IOException {
    // One native thread, as the golden numbers were made; more only wait for each other on models
    // this small.
    TorchRuntime.prepareThread(1, false);
    for (Path model : sorted(directory.resolve(name()))) {
      String modelName = model.getFileName().toString();
      for (Path file : sorted(model)) {
        String fileName = file.getFileName().toString();
        if (fileName.endsWith(".json")) {
          String caseName = fileName.substring(0, fileName.length() - ".json".length());
          runOne(directory, modelName, caseName, results);
        }
      }
    }
  }

  private void runOne(Path directory, String model, String caseName, Consumer<CaseResult> results) {
    String label = model + "/" + caseName;
    Path folder = directory.resolve(name()).resolve(model);
    Path modelFolder = directory.resolve("models").resolve(model);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        SafetensorsFile tensors = SafetensorsFile.open(folder.resolve(caseName + ".safetensors"))) {
      JsonNode json = JSON.readTree(folder.resolve(caseName + ".json").toFile());
      Qwen25VlConfig config = Qwen25VlConfig.load(modelFolder);
      Comparison compare = new Comparison(name(), label, tensors, results);
      try (GoldenModel golden = new GoldenModel(modelFolder, config, manager)) {
        runParts(
            golden,
            json,
            compare,
            directory.resolve("images"),
            folder.resolve(caseName + ".train.safetensors"));
      }
    } catch (IOException | RuntimeException e) {
      results.accept(CaseResult.failed(name(), label, "run", oneLine(e)));
    }
  }

  private static void runParts(
      GoldenModel golden, JsonNode json, Comparison compare, Path images, Path trainFile)
      throws IOException {
    boolean policyStep = json.has("prompt_length") && json.has("response_length");
    if (!policyStep) {
      new ForwardCase(golden, json, compare, images).run();
    }
    if (policyStep || Files.isRegularFile(trainFile)) {
      try (SafetensorsFile train = SafetensorsFile.open(trainFile)) {
        if (policyStep) {
          new GrpoStepCase(golden, json, compare, images, train).run();
        } else {
          new GradientCase(golden, json, compare, images, train).run();
        }
      }
    }
  }

  /** A message of TorchScript has many lines. */
  private static String oneLine(Exception trouble) {
    return String.valueOf(trouble.getMessage()).strip().replaceAll("\\s*\\R\\s*", " | ");
  }

  private static List<Path> sorted(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList();
    }
  }
}
