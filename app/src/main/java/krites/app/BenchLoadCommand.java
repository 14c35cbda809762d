package krites.app;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.safetensors.SafetensorsFile;
import krites.model.torchscript.TorchRuntime;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code krites bench load}: loading against a plain read of the same files. */
@Command(
    name = "load",
    description = "Times loading the weights of a model, in turns with a plain read of its files.",
    footer = {
      "",
      "A round reads the files in order through one buffer of 8 MiB and then loads the model. Without --cold the",
      "first reading brings the files into the page cache and is not counted; with --cold they are dropped from it",
      "before each reading and each load (dd of coreutils does that).",
      "",
      "Examples:",
      "  krites bench load --model Qwen2.5-VL-3B-Instruct --rounds 5",
      "  krites bench load --model Qwen2.5-VL-3B-Instruct --precision f32 --cold --json"
    })
final class BenchLoadCommand implements Callable<Integer> {
  private static final int BUFFER_BYTES = 8 << 20;
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final PrintStream out;

  @Option(names = "--model", paramLabel = "DIR", required = true, description = "Model directory.")
  private Path directory = Path.of("");

  @Option(names = "--precision", paramLabel = "TYPE", description = "bf16 or f32. Default: bf16.")
  private String precision = "bf16";

  @Option(names = "--rounds", paramLabel = "N", description = "Rounds that count. Default: 3.")
  private int rounds = 3;

  @Option(
      names = "--copy",
      description =
          "Load as for training, into memory of the process; else as for sampling, where the mapped files are the tensors.")
  private boolean copy;

  @Option(names = "--cold", description = "Drop the files from the page cache before each reading.")
  private boolean cold;

  @Option(names = "--json", description = "Print one JSON document instead of lines.")
  private boolean json;

  BenchLoadCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() throws IOException {
    Precision wanted =
        switch (precision) {
          case "bf16" -> Precision.BF16;
          case "f32" -> Precision.F32;
          default -> throw new InputError("--precision " + precision + ": expected bf16 or f32");
        };
    if (rounds < 1) {
      throw new InputError("--rounds " + rounds + ": expected at least 1");
    }
    ModelFolder model = InputError.guard(() -> ModelFolder.checked(directory));
    List<Path> files = files(model.path());
    long bytes = 0;
    for (Path file : files) {
      bytes += Files.size(file);
    }
    double[] reads = new double[rounds];
    double[] loads = new double[rounds];
    TorchRuntime.prepareThread(Runtime.getRuntime().availableProcessors(), false);
    read(files); // into the page cache
    load(model.path(), wanted); // starts the native engine, which is no part of loading
    for (int i = 0; i < rounds; i++) {
      drop(files);
      reads[i] = seconds(() -> read(files));
      drop(files);
      loads[i] = load(model.path(), wanted);
    }
    report(bytes, reads, loads, wanted);
    return ExitCode.OK;
  }

  private static List<Path> files(Path model) {
    try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(model)) {
      return checkpoint.files().stream().map(SafetensorsFile::path).toList();
    }
  }

  private static void read(List<Path> files) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    for (Path file : files) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        while (channel.read(buffer.clear()) >= 0) {
          continue;
        }
      } catch (IOException e) {
        throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
      }
    }
  }

  private double load(Path model, Precision precision) {
    Qwen25VlConfig config = Qwen25VlConfig.load(model);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      NetworkWeights[] loaded = new NetworkWeights[1];
      double seconds =
          seconds(
              () ->
                  loaded[0] =
                      copy
                          ? NetworkWeights.load(model, config, precision, manager)
                          : NetworkWeights.map(model, config, precision, manager));
      loaded[0].close();
      return seconds;
    }
  }

  private void drop(List<Path> files) throws IOException {
    if (!cold) {
      return;
    }
    for (Path file : files) {
      Process dd =
          new ProcessBuilder("dd", "if=" + file, "iflag=nocache", "count=0", "status=none")
              .inheritIO()
              .start();
      try {
        if (dd.waitFor() != 0) {
          throw new InputError("--cold: dd cannot drop " + file + " from the page cache");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
    }
  }

  private static double seconds(Runnable work) {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1e9;
  }

  private void report(long bytes, double[] reads, double[] loads, Precision wanted)
      throws IOException {
    double[] ratios = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      ratios[i] = reads[i] / loads[i];
    }
    Machine machine = Machine.here();
    if (json) {
      ObjectNode root = MAPPER.createObjectNode();
      root.put("machine", machine.text());
      root.put("model", directory.toString());
      root.put("bytes", bytes);
      root.put("precision", wanted.name());
      root.put("copy", copy);
      root.put("cold", cold);
      put(root, "read_seconds", reads);
      put(root, "load_seconds", loads);
      put(root, "load_to_read_throughput", ratios);
      root.put("peak_memory_bytes", Machine.peakMemoryBytes());
      out.println(MAPPER.writeValueAsString(root));
      return;
    }
    List<String> lines = new ArrayList<>();
    lines.add(machine.text());
    lines.add(
        String.format(
            Locale.ROOT,
            "%s  %.2f GB to %s, %s, page cache %s, %d rounds",
            directory,
            bytes / 1e9,
            wanted,
            copy ? "copied" : "mapped",
            cold ? "cold" : "warm",
            rounds));
    lines.add(line("plain read", reads, bytes));
    lines.add(line("load", loads, bytes));
    lines.add(
        String.format(
            Locale.ROOT,
            "load / plain read  %.2f  (%.2f to %.2f)",
            median(ratios),
            Arrays.stream(ratios).min().orElseThrow(),
            Arrays.stream(ratios).max().orElseThrow()));
    lines.add(String.format(Locale.ROOT, "peak memory  %.2f GB", Machine.peakMemoryBytes() / 1e9));
    lines.forEach(out::println);
  }

  private static void put(ObjectNode root, String name, double[] values) {
    ObjectNode node = root.putObject(name);
    node.put("median", median(values));
    Arrays.stream(values).forEach(node.putArray("values")::add);
  }

  private static String line(String name, double[] seconds, long bytes) {
    double median = median(seconds);
    return String.format(
        Locale.ROOT,
        "%-10s  median %.2f s  (%.2f to %.2f)  %.2f GB/s",
        name,
        median,
        Arrays.stream(seconds).min().orElseThrow(),
        Arrays.stream(seconds).max().orElseThrow(),
        bytes / 1e9 / median);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
