package krites.model.safetensors;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * Writes safetensors files, their tensors one after the other. A file appears under its name only
 * when it is complete and on the disk; a write that fails leaves nothing behind.
 */
public final class SafetensorsWriter {
  /** The header pair that the reference loader asks for. */
  public static final Map<String, String> PYTORCH = Map.of("format", "pt");

  /**
   * Data start on a multiple of this. The format asks for 8; with 64, a mapped tensor lies as one
   * of PyTorch's own, and gives the same last bits.
   */
  private static final int ALIGNMENT = 64;

  private SafetensorsWriter() {}

  /**
   * Writes one file.
   *
   * @param metadata free text pairs of the header, usually {@link #PYTORCH}
   * @throws IllegalArgumentException if a name is repeated or the values of a tensor do not fit its
   *     shape
   */
  public static void write(Path file, List<OutgoingTensor> tensors, Map<String, String> metadata)
      throws IOException {
    write(file, tensors, metadata, LoadProgress.SILENT);
  }

  /** As {@link #write(Path, List, Map)}; the listener hears of the bytes of tensors. */
  public static void write(
      Path file, List<OutgoingTensor> tensors, Map<String, String> metadata, LoadProgress progress)
      throws IOException {
    writeBehind(file, head(tensors, metadata), tensors, progress);
  }

  /**
   * Writes one file for those who read it while this process lives: it is complete under its name,
   * but not forced to the disk, which would take most of the time.
   *
   * @return SHA-256 of the file, taken of what was written and not of what the disk has
   */
  public static String writeForReaders(
      Path file, List<OutgoingTensor> tensors, Map<String, String> metadata) throws IOException {
    byte[] head = head(tensors, metadata);
    OrderedDigest digest = new OrderedDigest();
    AtomicInteger pieces = new AtomicInteger();
    AtomicFile.writeForReaders(
        file,
        channel -> {
          ValueWriter writer =
              new ValueWriter(channel, head, tensors, LoadProgress.SILENT, Optional.of(digest));
          writer.write();
          pieces.set(writer.pieces());
        });
    return digest.hex(pieces.get());
  }

  /**
   * Writes the index of another directory, as it is where its total size holds.
   *
   * @param bytes of all tensors
   */
  public static void copyIndex(SafetensorsIndex index, long bytes, Path directory)
      throws IOException {
    byte[] text = Files.readAllBytes(index.path());
    ObjectNode root = (ObjectNode) HeaderReader.STRICT_JSON.readTree(text);
    boolean holds = root.path("metadata").path("total_size").asLong(bytes) == bytes;
    if (!holds) {
      root.withObjectProperty("metadata").put("total_size", bytes);
    }
    byte[] content =
        holds
            ? text
            : HeaderReader.STRICT_JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
    AtomicFile.write(
        directory.resolve(SafetensorsCheckpoint.INDEX_FILE),
        channel -> ValueWriter.writeFully(channel, ByteBuffer.wrap(content), 0));
  }

  /** Writes a file whose first bytes are given: length and header. */
  private static void writeBehind(
      Path file, byte[] head, List<OutgoingTensor> tensors, LoadProgress progress)
      throws IOException {
    AtomicFile.write(
        file,
        channel -> new ValueWriter(channel, head, tensors, progress, Optional.empty()).write());
  }

  /**
   * Writes a checkpoint laid out as another: the same files, the same tensors in the same order,
   * the same free text pairs and index. Where no type changes, the files are byte for byte those of
   * the other but for the values.
   *
   * @param directory exists and is empty
   * @param tensors what to write in the place of a tensor of the other: of its name and shape
   */
  public static void writeLike(
      Path directory,
      SafetensorsCheckpoint other,
      Function<TensorEntry, OutgoingTensor> tensors,
      LoadProgress progress)
      throws IOException {
    long bytesOfAll = outgoingBytes(other, tensors);
    long done = 0;
    for (SafetensorsFile file : other.files()) {
      List<TensorEntry> entries = file.names().stream().map(file::entry).toList();
      List<OutgoingTensor> outgoing = entries.stream().map(tensors).toList();
      boolean sameTypes = true;
      for (int i = 0; i < entries.size(); i++) {
        sameTypes &= entries.get(i).dtype() == outgoing.get(i).dtype();
      }
      Path target = directory.resolve(file.path().getFileName());
      long before = done;
      writeBehind(
          target,
          sameTypes ? file.head() : head(outgoing, file.metadata()),
          outgoing,
          (bytes, _) -> progress.reached(before + bytes, bytesOfAll));
      done += outgoing.stream().mapToLong(OutgoingTensor::byteSize).sum();
    }
    if (!other.files().getFirst().path().endsWith(SafetensorsCheckpoint.SINGLE_FILE)) {
      Path index = other.directory().resolve(SafetensorsCheckpoint.INDEX_FILE);
      copyIndex(SafetensorsIndex.read(index), bytesOfAll, directory);
    }
  }

  private static long outgoingBytes(
      SafetensorsCheckpoint other, Function<TensorEntry, OutgoingTensor> tensors) {
    return other.names().stream()
        .map(name -> tensors.apply(other.entry(name)))
        .mapToLong(OutgoingTensor::byteSize)
        .sum();
  }

  /**
   * Writes the weights of a model directory: {@code model.safetensors} if they fit into one shard,
   * else {@code model-00001-of-0000N.safetensors} and so on with {@code
   * model.safetensors.index.json}, written last. The files of the other layout are removed, so that
   * a reader cannot take old weights for new ones.
   *
   * @param maxShardBytes tensors are put into a shard in order until this would be exceeded; a
   *     larger tensor gets a shard of its own
   * @return the files written, in order
   */
  public static List<Path> writeCheckpoint(
      Path directory,
      List<OutgoingTensor> tensors,
      Map<String, String> metadata,
      long maxShardBytes)
      throws IOException {
    requireDistinct(tensors);
    Files.createDirectories(directory);
    List<List<OutgoingTensor>> shards = split(tensors, maxShardBytes);
    Path single = directory.resolve(SafetensorsCheckpoint.SINGLE_FILE);
    Path index = directory.resolve(SafetensorsCheckpoint.INDEX_FILE);
    if (shards.size() == 1) {
      write(single, tensors, metadata);
      Files.deleteIfExists(index);
      return List.of(single);
    }
    List<Path> written = new ArrayList<>();
    Map<String, String> weightMap = new TreeMap<>();
    for (int i = 0; i < shards.size(); i++) {
      String name = String.format("model-%05d-of-%05d.safetensors", i + 1, shards.size());
      write(directory.resolve(name), shards.get(i), metadata);
      shards.get(i).forEach(tensor -> weightMap.put(tensor.name(), name));
      written.add(directory.resolve(name));
    }
    byte[] indexJson = indexJson(tensors, weightMap);
    AtomicFile.write(
        index, channel -> ValueWriter.writeFully(channel, ByteBuffer.wrap(indexJson), 0));
    Files.deleteIfExists(single);
    written.add(index);
    return List.copyOf(written);
  }

  private static List<List<OutgoingTensor>> split(
      List<OutgoingTensor> tensors, long maxShardBytes) {
    if (maxShardBytes <= 0) {
      throw new IllegalArgumentException("shard size " + maxShardBytes + " bytes");
    }
    List<List<OutgoingTensor>> shards = new ArrayList<>();
    List<OutgoingTensor> shard = new ArrayList<>();
    long bytes = 0;
    for (OutgoingTensor tensor : tensors) {
      if (!shard.isEmpty() && bytes + tensor.byteSize() > maxShardBytes) {
        shards.add(shard);
        shard = new ArrayList<>();
        bytes = 0;
      }
      shard.add(tensor);
      bytes += tensor.byteSize();
    }
    shards.add(shard);
    return shards;
  }

  private static byte[] indexJson(List<OutgoingTensor> tensors, Map<String, String> weightMap)
      throws IOException {
    ObjectNode root = HeaderReader.STRICT_JSON.createObjectNode();
    root.putObject("metadata")
        .put("total_size", tensors.stream().mapToLong(OutgoingTensor::byteSize).sum());
    ObjectNode map = root.putObject("weight_map");
    weightMap.forEach(map::put);
    return HeaderReader.STRICT_JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
  }

  /** Length and header of a file. */
  private static byte[] head(List<OutgoingTensor> tensors, Map<String, String> metadata)
      throws IOException {
    requireDistinct(tensors);
    ObjectNode root = HeaderReader.STRICT_JSON.createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode pairs = root.putObject("__metadata__");
      new TreeMap<>(metadata).forEach(pairs::put);
    }
    long offset = 0;
    for (OutgoingTensor tensor : tensors) {
      ObjectNode entry = root.putObject(tensor.name());
      entry.put("dtype", tensor.dtype().name());
      Arrays.stream(tensor.shape()).forEach(entry.putArray("shape")::add);
      entry.putArray("data_offsets").add(offset).add(offset + tensor.byteSize());
      offset += tensor.byteSize();
    }
    byte[] json = HeaderReader.STRICT_JSON.writeValueAsBytes(root);
    int padded = (Long.BYTES + json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT - Long.BYTES;
    ByteBuffer head = ByteBuffer.allocate(Long.BYTES + padded).order(ByteOrder.LITTLE_ENDIAN);
    Arrays.fill(head.array(), (byte) ' ');
    return head.putLong(padded).put(json).array();
  }

  private static void requireDistinct(List<OutgoingTensor> tensors) {
    Set<String> seen = new HashSet<>();
    for (OutgoingTensor tensor : tensors) {
      if (!seen.add(tensor.name())) {
        throw new IllegalArgumentException("tensor " + tensor.name() + " given twice");
      }
    }
  }
}
