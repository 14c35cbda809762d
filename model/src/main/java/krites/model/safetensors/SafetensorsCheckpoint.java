package krites.model.safetensors;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * All weights of a Hugging Face model directory: {@code model.safetensors}, or the shards that
 * {@code model.safetensors.index.json} names. Of both, the single file wins, as in the reference
 * loader.
 */
public final class SafetensorsCheckpoint implements AutoCloseable {
  /** The name of a checkpoint that is one file. */
  public static final String SINGLE_FILE = "model.safetensors";

  /** The name of the file that says which shard holds which tensor. */
  public static final String INDEX_FILE = "model.safetensors.index.json";

  private final Path directory;
  private final Map<String, SafetensorsFile> fileOfTensor;
  private final List<SafetensorsFile> files;

  private SafetensorsCheckpoint(
      Path directory, Map<String, SafetensorsFile> fileOfTensor, List<SafetensorsFile> files) {
    this.directory = directory;
    this.fileOfTensor = fileOfTensor;
    this.files = files;
  }

  /**
   * Maps every file of the checkpoint and checks all headers against the index.
   *
   * @throws CheckpointException naming the file and tensor that is missing or wrong
   */
  public static SafetensorsCheckpoint open(Path directory) {
    Path single = directory.resolve(SINGLE_FILE);
    if (Files.exists(single)) {
      SafetensorsFile file = SafetensorsFile.open(single);
      Map<String, SafetensorsFile> owner = new LinkedHashMap<>();
      file.names().forEach(name -> owner.put(name, file));
      return new SafetensorsCheckpoint(directory, owner, List.of(file));
    }
    Path index = directory.resolve(INDEX_FILE);
    if (!Files.exists(index)) {
      throw CheckpointException.mismatch(
          directory, "model directory", SINGLE_FILE + " or " + INDEX_FILE, "neither of them");
    }
    return openShards(directory, index);
  }

  private static SafetensorsCheckpoint openShards(Path directory, Path index) {
    Map<String, String> shardOfTensor = SafetensorsIndex.read(index).shardOfTensor();
    Map<String, SafetensorsFile> shards = new LinkedHashMap<>();
    requireShards(directory, shardOfTensor);
    try {
      for (String shard : new TreeSet<>(shardOfTensor.values())) {
        shards.put(shard, SafetensorsFile.open(directory.resolve(shard)));
      }
      Map<String, SafetensorsFile> owners = ownersInFileOrder(shardOfTensor, shards);
      shardOfTensor.forEach(
          (tensor, shard) -> {
            if (!owners.containsKey(tensor)) {
              throw CheckpointException.mismatch(
                  directory.resolve(shard),
                  "tensor " + tensor,
                  "to be present, as " + INDEX_FILE + " says",
                  "no such tensor");
            }
          });
      return new SafetensorsCheckpoint(directory, owners, List.copyOf(shards.values()));
    } catch (RuntimeException e) {
      shards.values().forEach(SafetensorsFile::close);
      throw e;
    }
  }

  private static void requireShards(Path directory, Map<String, String> shardOfTensor) {
    Set<String> all = new TreeSet<>(shardOfTensor.values());
    List<String> missing =
        all.stream().filter(shard -> !Files.exists(directory.resolve(shard))).toList();
    if (!missing.isEmpty()) {
      String first = missing.getFirst();
      throw CheckpointException.mismatch(
          directory.resolve(first),
          "file",
          "the shard that "
              + INDEX_FILE
              + " names for "
              + shardOfTensor.values().stream().filter(first::equals).count()
              + " tensors",
          "no such file" + (missing.size() == 1 ? "" : ", nor " + (missing.size() - 1) + " others"),
          "copy the missing of the " + all.size() + " shards into the directory");
    }
  }

  private static Map<String, SafetensorsFile> ownersInFileOrder(
      Map<String, String> shardOfTensor, Map<String, SafetensorsFile> shards) {
    Map<String, SafetensorsFile> owners = new LinkedHashMap<>();
    shards.forEach(
        (shard, file) -> {
          for (String name : file.names()) {
            if (shard.equals(shardOfTensor.get(name))) {
              owners.put(name, file);
            }
          }
        });
    return owners;
  }

  /** The model directory. */
  public Path directory() {
    return directory;
  }

  /** All tensor names, shard by shard in the order of their data. */
  public Set<String> names() {
    return Collections.unmodifiableSet(fileOfTensor.keySet());
  }

  /** The entry of a tensor, if the checkpoint has it. */
  public Optional<TensorEntry> find(String name) {
    return Optional.ofNullable(fileOfTensor.get(name)).flatMap(file -> file.find(name));
  }

  /**
   * The entry of a tensor.
   *
   * @throws CheckpointException if no file has it
   */
  public TensorEntry entry(String name) {
    return fileOf(name).entry(name);
  }

  /**
   * The entry of a tensor that must have this shape.
   *
   * @throws CheckpointException if it is absent or has another shape
   */
  public TensorEntry entry(String name, long... shape) {
    TensorEntry entry = entry(name);
    if (!Arrays.equals(entry.shape(), shape)) {
      throw CheckpointException.mismatch(
          fileOf(name).path(),
          "tensor " + name,
          "shape " + Arrays.toString(shape),
          "shape " + Arrays.toString(entry.shape()));
    }
    return entry;
  }

  /** The files, in the order of their names. */
  public List<SafetensorsFile> files() {
    return files;
  }

  /** Bytes of all tensors together. */
  public long tensorBytes() {
    return names().stream().mapToLong(name -> entry(name).byteSize()).sum();
  }

  /** Reads bytes of a tensor straight into memory; see {@link SafetensorsFile#read}. */
  public void read(TensorEntry entry, long from, MemorySegment target) throws IOException {
    fileOf(entry.name()).read(entry, from, target);
  }

  /** The file that holds the tensor. */
  public Path fileOfTensor(String name) {
    return fileOf(name).path();
  }

  /** The raw little endian bytes, read only, valid until {@link #close}. No copy is made. */
  public MemorySegment bytes(String name) {
    return fileOf(name).bytes(name);
  }

  /** A copy of a floating tensor; see {@link SafetensorsFile#floats}. */
  public float[] floats(String name) {
    return fileOf(name).floats(name);
  }

  /** A copy of a tensor of whole numbers; see {@link SafetensorsFile#longs}. */
  public long[] longs(String name) {
    return fileOf(name).longs(name);
  }

  /** The file of a tensor. */
  public SafetensorsFile fileOf(String name) {
    SafetensorsFile file = fileOfTensor.get(name);
    if (file == null) {
      throw CheckpointException.mismatch(
          directory,
          "tensor " + name,
          "to be in the checkpoint",
          "only " + names().size() + " other tensors");
    }
    return file;
  }

  @Override
  public void close() {
    files.forEach(SafetensorsFile::close);
  }
}
