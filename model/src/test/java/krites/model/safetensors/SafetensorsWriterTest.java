package krites.model.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
  private static final long[] TWO = {2};

  @TempDir Path directory;

  @Test
  void everyBfloat16ValueSurvivesReadingAndWriting() throws IOException {
    float[] all = new float[1 << 16];
    for (int bits = 0; bits < all.length; bits++) {
      all[bits] = Elements.bfloat16ToFloat((short) bits);
    }
    Path first = directory.resolve("first.safetensors");
    Path second = directory.resolve("second.safetensors");
    SafetensorsWriter.write(
        first, List.of(tensor("w", DType.BF16, new long[] {256, 256}, all)), Map.of());
    float[] read;
    try (SafetensorsFile file = SafetensorsFile.open(first)) {
      read = file.floats("w");
    }
    SafetensorsWriter.write(
        second, List.of(tensor("w", DType.BF16, new long[] {256, 256}, read)), Map.of());
    assertArrayEquals(Files.readAllBytes(first), Files.readAllBytes(second));
    for (int bits = 0; bits < all.length; bits++) {
      if (!Float.isNaN(all[bits])) {
        assertEquals(Float.floatToRawIntBits(all[bits]), Float.floatToRawIntBits(read[bits]));
      } else {
        assertTrue(Float.isNaN(read[bits]));
      }
    }
  }

  @Test
  void floatsAreRoundedToNearestEven() {
    assertEquals((short) 0x3F80, Elements.floatToBfloat16(Float.intBitsToFloat(0x3F808000)));
    assertEquals((short) 0x3F82, Elements.floatToBfloat16(Float.intBitsToFloat(0x3F818000)));
    assertEquals((short) 0x3F81, Elements.floatToBfloat16(Float.intBitsToFloat(0x3F808001)));
    assertEquals((short) 0x7F80, Elements.floatToBfloat16(Float.MAX_VALUE));
    assertTrue(
        Float.isNaN(
            Elements.bfloat16ToFloat(Elements.floatToBfloat16(Float.intBitsToFloat(0x7F800001)))));
  }

  @Test
  void tensorsMetadataAndOrderComeBackAsWritten() throws IOException {
    Path path = directory.resolve("model.safetensors");
    List<OutgoingTensor> tensors =
        List.of(
            tensor("z", DType.F32, new long[] {2, 1}, 0.1f, -3e38f),
            tensor("a", DType.F16, TWO, 0.5f, 65504f),
            tensor("empty", DType.F32, new long[] {0, 4}),
            tensor("scalar", DType.F64, new long[0], 7f));
    SafetensorsWriter.write(path, tensors, SafetensorsWriter.PYTORCH);
    try (SafetensorsCheckpoint file = SafetensorsCheckpoint.open(directory)) {
      assertEquals(List.of("z", "a", "empty", "scalar"), List.copyOf(file.names()));
      assertArrayEquals(new float[] {0.1f, -3e38f}, file.floats("z"));
      assertArrayEquals(new float[] {0.5f, 65504f}, file.floats("a"));
      assertArrayEquals(new float[] {7}, file.floats("scalar"));
      assertEquals(0, file.floats("empty").length);
      SafetensorsWriter.write(
          directory.resolve("copy.safetensors"),
          file.names().stream().map(name -> OutgoingTensor.copyOf(file, name)).toList(),
          SafetensorsWriter.PYTORCH);
    }
    assertArrayEquals(
        Files.readAllBytes(path), Files.readAllBytes(directory.resolve("copy.safetensors")));
  }

  @Test
  void largeCheckpointsAreWrittenInShardsWithAnIndex() throws IOException {
    List<OutgoingTensor> tensors =
        List.of(
            tensor("a", DType.F32, TWO, 1, 2),
            tensor("b", DType.F32, TWO, 3, 4),
            tensor("c", DType.F32, TWO, 5, 6));
    SafetensorsWriter.writeCheckpoint(directory, tensors, SafetensorsWriter.PYTORCH, 1000);
    SafetensorsWriter.writeCheckpoint(directory, tensors, SafetensorsWriter.PYTORCH, 16);
    assertFalse(
        Files.exists(directory.resolve("model.safetensors")),
        "old weights would win over the shards");
    JsonNode index =
        new ObjectMapper().readTree(directory.resolve("model.safetensors.index.json").toFile());
    assertEquals(24, index.at("/metadata/total_size").longValue());
    assertEquals("model-00002-of-00002.safetensors", index.at("/weight_map/c").textValue());
    try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(directory)) {
      assertEquals(List.of("a", "b", "c"), List.copyOf(checkpoint.names()));
      assertArrayEquals(new float[] {5, 6}, checkpoint.floats("c"));
      assertTrue(
          says(() -> checkpoint.entry("a", 3), "tensor a: expected shape [3], seen shape [2]"));
      assertTrue(says(() -> checkpoint.floats("d"), "tensor d"));
    }
    Files.delete(directory.resolve("model-00001-of-00002.safetensors"));
    assertTrue(
        says(
            () -> SafetensorsCheckpoint.open(directory), "model-00001-of-00002.safetensors: file"));
    SafetensorsWriter.write(
        directory.resolve("model-00001-of-00002.safetensors"),
        tensors.subList(0, 1),
        SafetensorsWriter.PYTORCH);
    assertTrue(says(() -> SafetensorsCheckpoint.open(directory), "tensor b"));
  }

  @Test
  void anIndexCannotPointOutsideTheDirectory() throws IOException {
    Files.writeString(
        directory.resolve("model.safetensors.index.json"),
        "{\"weight_map\":{\"a\":\"../other.safetensors\"}}");
    assertTrue(says(() -> SafetensorsCheckpoint.open(directory), "same directory"));
    Files.delete(directory.resolve("model.safetensors.index.json"));
    assertTrue(says(() -> SafetensorsCheckpoint.open(directory), "neither of them"));
  }

  @Test
  void aFailedWriteLeavesTheOldFileAndNothingElse() throws IOException {
    Path path = directory.resolve("model.safetensors");
    SafetensorsWriter.write(path, List.of(tensor("a", DType.F32, TWO, 1, 2)), Map.of());
    byte[] before = Files.readAllBytes(path);
    List<OutgoingTensor> wrong =
        List.of(tensor("a", DType.F32, TWO, 1, 2), tensor("b", DType.F32, TWO, 1));
    assertThrows(
        IllegalArgumentException.class, () -> SafetensorsWriter.write(path, wrong, Map.of()));
    assertArrayEquals(before, Files.readAllBytes(path));
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(1, files.count());
    }
  }

  private static boolean says(Runnable action, String text) {
    return assertThrows(CheckpointException.class, action::run).getMessage().contains(text);
  }

  private static OutgoingTensor tensor(String name, DType dtype, long[] shape, float... values) {
    return OutgoingTensor.floats(name, dtype, shape, () -> values);
  }
}
