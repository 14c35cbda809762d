package krites.app.bench;

import ai.djl.engine.Engine;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import krites.app.Machine;

/**
 * The machine that a measurement was made on, as far as the system tells.
 *
 * @param caches such as {@code L2 1024K}; empty where the system does not tell
 * @param load mean of runnable threads over the last minute: what else went on
 */
record MachineFacts(
    String processor,
    int cores,
    List<String> caches,
    long memoryBytes,
    String system,
    String java,
    String libtorch,
    double load) {

  static MachineFacts here() {
    return new MachineFacts(
        Machine.processor(),
        Runtime.getRuntime().availableProcessors(),
        findCaches(),
        Machine.memoryBytes(),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("java.vm.name") + " " + Runtime.version(),
        Engine.getEngine("PyTorch").getVersion(),
        runnable());
  }

  private static List<String> findCaches() {
    List<String> caches = new ArrayList<>();
    try (Stream<Path> places = Files.list(Path.of("/sys/devices/system/cpu/cpu0/cache"))) {
      for (Path place : places.filter(Files::isDirectory).sorted().toList()) {
        caches.add(
            "L"
                + Files.readString(place.resolve("level")).strip()
                + " "
                + Files.readString(place.resolve("type")).strip().toLowerCase(Locale.ROOT)
                + " "
                + Files.readString(place.resolve("size")).strip());
      }
    } catch (IOException e) {
      return List.of(); // a virtual machine need not tell
    }
    return caches;
  }

  private static double runnable() {
    try {
      return Double.parseDouble(Files.readString(Path.of("/proc/loadavg")).split(" ")[0]);
    } catch (IOException | NumberFormatException e) {
      return -1;
    }
  }

  String text() {
    return String.format(
        Locale.ROOT,
        "%d cores of %s%s, %.0f GB, %s, %s, libtorch %s; load %.1f",
        cores,
        processor,
        caches.isEmpty() ? "" : " (" + String.join(", ", caches) + ")",
        memoryBytes / 1e9,
        system,
        java,
        libtorch,
        load);
  }

  void write(ObjectNode node) {
    node.put("processor", processor).put("cores", cores);
    caches.forEach(node.putArray("caches")::add);
    node.put("memory_bytes", memoryBytes).put("system", system).put("java", java);
    node.put("libtorch", libtorch).put("load_1_minute", load);
  }
}
