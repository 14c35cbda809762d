package krites.model.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsFileTest {
  @TempDir Path directory;

  @Test
  void valuesOfEveryKindAreRead() throws IOException {
    byte[] data = {
      0,
      0,
      (byte) 0x80,
      0x3F,
      (byte) 0x80,
      (byte) 0xBF,
      0,
      0x3C,
      (byte) 0xFE,
      (byte) 0xFF,
      (byte) 0xFF,
      (byte) 0xFF,
      1
    };
    String header =
        """
        {"f":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},\
        "b":{"dtype":"BF16","shape":[1,1],"data_offsets":[4,6]},\
        "h":{"dtype":"F16","shape":[],"data_offsets":[6,8]},\
        "i":{"dtype":"I32","shape":[1],"data_offsets":[8,12]},\
        "o":{"dtype":"BOOL","shape":[1],"data_offsets":[12,13]},\
        "__metadata__":{"format":"pt"}}""";
    try (SafetensorsFile file = SafetensorsFile.open(file(header, data))) {
      assertArrayEquals(new float[] {1}, file.floats("f"));
      assertArrayEquals(new float[] {-1}, file.floats("b"));
      assertArrayEquals(new float[] {1}, file.floats("h"));
      assertArrayEquals(new long[] {-2}, file.longs("i"));
      assertArrayEquals(new long[] {1}, file.longs("o"));
      assertArrayEquals(new long[] {1, 1}, file.entry("b").shape());
      assertEquals("pt", file.metadata().get("format"));
      assertEquals(1, file.bytes("o").byteSize());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"x":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}} | tensor x: expected dtype one of
          {"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}} | tensor x: expected 12 bytes
          {"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}} | tensor x: expected shape
          {"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}} | file truncated?
          {"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}} | tensor x: expected data from byte 0
          {"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} | data section: expected 4 bytes
          {"x":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,8]}} | below 2^63
          {"x":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"y":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}} | overlap
          {"x":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"x":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}} | valid JSON
          {"x": | header: expected valid JSON
          [1,2,3,4] | a JSON object
          """)
  void aHeaderThatDoesNotDescribeTheFileIsRefused(String header, String said) throws IOException {
    Path file = file(header, new byte[8]);
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> SafetensorsFile.open(file));
    assertTrue(e.getMessage().contains(said), e.getMessage());
    assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    assertEquals(-1, e.getMessage().indexOf('\n'));
  }

  @Test
  void aTruncatedOrForeignFileIsRefused() throws IOException {
    Path tiny = Files.write(directory.resolve("tiny"), new byte[5]);
    assertThrows(CheckpointException.class, () -> SafetensorsFile.open(tiny));
    Path text = Files.writeString(directory.resolve("text"), "not a checkpoint at all");
    assertThrows(CheckpointException.class, () -> SafetensorsFile.open(text));
    assertThrows(
        CheckpointException.class, () -> SafetensorsFile.open(directory.resolve("absent")));
    assertThrows(CheckpointException.class, () -> SafetensorsFile.open(directory));
  }

  @Test
  void theWrongKindOfValueAndAnAbsentTensorAreNamed() throws IOException {
    Path path =
        file("{\"x\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", new byte[8]);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      String kind = assertThrows(CheckpointException.class, () -> file.floats("x")).getMessage();
      assertTrue(kind.contains("tensor x") && kind.contains("I64"), kind);
      String absent = assertThrows(CheckpointException.class, () -> file.floats("y")).getMessage();
      assertTrue(absent.contains("tensor y"), absent);
    }
  }

  private Path file(String header, byte[] data) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer all =
        ByteBuffer.allocate(8 + json.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
    all.putLong(json.length).put(json).put(data);
    return Files.write(directory.resolve("file.safetensors"), all.array());
  }
}
