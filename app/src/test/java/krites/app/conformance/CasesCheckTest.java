package krites.app.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The golden model cases among the test resources pass, and planted errors do not. */
class CasesCheckTest {
  private static final Path GOLDEN = Path.of("..", "model", "src", "test", "resources", "golden");

  @Test
  void goldenCasesPass() throws IOException {
    List<CaseResult> results = run(GOLDEN);
    assertEquals(List.of(), results.stream().filter(result -> !result.passed()).toList());
    assertTrue(results.size() > 150, "only " + results.size() + " items");
  }

  @Test
  void modelsPass() throws IOException {
    List<CaseResult> results = new ArrayList<>();
    new ModelsCheck().run(GOLDEN, results::add);
    assertEquals(2, results.size());
    assertTrue(results.stream().allMatch(CaseResult::passed), results::toString);
  }

  @Test
  void aPlantedErrorIsFound(@TempDir Path directory) throws IOException {
    copy(directory);
    Path file = directory.resolve("cases/a/one_image.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    int place = offset(bytes, "vision_embeds");
    ByteBuffer values = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    values.putFloat(place, values.getFloat(place) + 0.5f);
    Files.write(file, bytes);
    List<CaseResult> failed = run(directory).stream().filter(result -> !result.passed()).toList();
    assertEquals(1, failed.size(), failed::toString);
    assertEquals("vision_embeds", failed.getFirst().item());
    assertEquals(0.5, failed.getFirst().maxDifference(), 1e-4);
  }

  @Test
  void aCaseWithoutItsImageIsOneFailedResult(@TempDir Path directory) throws IOException {
    copy(directory);
    Files.delete(directory.resolve("images/a_one_image_0_131x90.png"));
    List<CaseResult> failed = run(directory).stream().filter(result -> !result.passed()).toList();
    assertEquals(1, failed.size(), failed::toString);
    assertEquals("run", failed.getFirst().item());
    assertTrue(failed.getFirst().note().contains("a_one_image_0_131x90.png"), failed::toString);
  }

  private static List<CaseResult> run(Path directory) throws IOException {
    List<CaseResult> results = new ArrayList<>();
    new CasesCheck().run(directory, results::add);
    return results;
  }

  /** Where a tensor's bytes begin in a safetensors file. */
  private static int offset(byte[] bytes, String tensor) throws IOException {
    int header = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    return 8
        + header
        + new ObjectMapper()
            .readTree(bytes, 8, header)
            .path(tensor)
            .path("data_offsets")
            .get(0)
            .asInt();
  }

  /** One case with its model, so that the test is short. */
  private static void copy(Path target) throws IOException {
    try (Stream<Path> files = Files.walk(GOLDEN)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path name = GOLDEN.relativize(file);
        String text = name.toString().replace('\\', '/');
        if (text.startsWith("models/")
            || text.startsWith("images/")
            || text.startsWith("cases/a/one_image.")) {
          Files.createDirectories(target.resolve(name.toString()).getParent());
          Files.copy(file, target.resolve(name.toString()));
        }
      }
    }
  }
}
