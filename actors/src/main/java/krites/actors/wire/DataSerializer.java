package krites.actors.wire;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.io.ByteBufferInput;
import com.esotericsoftware.kryo.io.ByteBufferOutput;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.KryoBufferOverflowException;
import com.esotericsoftware.kryo.io.Output;
import com.esotericsoftware.kryo.util.Pool;
import java.io.NotSerializableException;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.stream.Collectors;
import krites.actors.Learner;
import krites.actors.Orchestrator;
import krites.actors.RewardWorker;
import krites.actors.RolloutWorker;
import org.apache.pekko.serialization.ByteBufferSerializer;
import org.apache.pekko.serialization.SerializerWithStringManifest;

/**
 * Groups and batches as bytes, with Kryo. Only the classes of {@link DataSchema} can be written or
 * read; a manifest names a schema and its version, never a class; no length is believed before it
 * was compared with the bytes left.
 */
public final class DataSerializer extends SerializerWithStringManifest
    implements ByteBufferSerializer {
  private static final int IDENTIFIER =
      1_264_742_001; // chosen once; it is part of every message on the wire
  private static final int POOLED = 16; // a Kryo is costly to make (0.4 ms) and small to keep
  private static final int FIRST_BUFFER = 16 * 1024; // half a typical group
  private static final int MAX_BYTES =
      256 * 1024 * 1024; // 512 groups of 8 responses of 2048 tokens are 67 MB

  /**
   * Append only: a changed form gets a new manifest, and the old one stays readable as long as it
   * may be met.
   */
  private static final Map<String, Class<?>> CLASSES =
      Map.of(
          "generated-2", Orchestrator.GroupGenerated.class,
          "scored-2", Orchestrator.GroupScored.class,
          "score-2", RewardWorker.Score.class,
          "generate-1", RolloutWorker.Generate.class,
          "cut-1", Orchestrator.GroupCut.class,
          "train-3", Learner.Train.class);

  private static final Map<Class<?>, String> MANIFESTS =
      CLASSES.entrySet().stream()
          .collect(Collectors.toUnmodifiableMap(Map.Entry::getValue, Map.Entry::getKey));

  private final Pool<Kryo> pool =
      new Pool<>(true, false, POOLED) {
        @Override
        protected Kryo create() {
          return DataSchema.kryo();
        }
      };

  @Override
  public int identifier() {
    return IDENTIFIER;
  }

  @Override
  public String manifest(Object message) {
    String manifest = MANIFESTS.get(message.getClass());
    if (manifest == null) {
      throw new IllegalArgumentException(message.getClass().getName() + " has no data manifest");
    }
    return manifest;
  }

  @Override
  public byte[] toBinary(Object message) {
    try (Output output = new Output(FIRST_BUFFER, MAX_BYTES)) {
      write(output, message);
      return output.toBytes();
    }
  }

  /** Writes into a buffer of Pekko's remoting, without a copy. */
  @Override
  public void toBinary(Object message, ByteBuffer buffer) {
    try {
      write(new ByteBufferOutput(buffer), message);
    } catch (KryoBufferOverflowException tooLarge) {
      BufferOverflowException overflow =
          new BufferOverflowException(); // the only one that Pekko understands
      overflow.initCause(tooLarge);
      throw overflow;
    }
  }

  @Override
  public Object fromBinary(byte[] bytes, String manifest) throws NotSerializableException {
    return read(new Input(bytes), manifest);
  }

  @Override
  public Object fromBinary(ByteBuffer buffer, String manifest) throws NotSerializableException {
    return read(new ByteBufferInput(buffer), manifest);
  }

  private void write(Output output, Object message) {
    Kryo kryo = pool.obtain();
    try {
      kryo.writeObject(output, message);
    } finally {
      pool.free(kryo);
    }
  }

  private Object read(Input input, String manifest) throws NotSerializableException {
    Class<?> type = CLASSES.get(manifest);
    if (type == null) {
      throw new NotSerializableException("data manifest '" + manifest + "' is unknown");
    }
    Kryo kryo = pool.obtain();
    try {
      Object message = kryo.readObject(input, type);
      if (input.position() != input.limit()) {
        throw new KryoException((input.limit() - input.position()) + " bytes are left over");
      }
      return message;
    } catch (RuntimeException broken) { // Kryo, or a record that refuses impossible values
      var refused =
          new NotSerializableException(
              "data message " + manifest + " is broken: " + broken.getMessage());
      refused.initCause(broken);
      throw refused;
    } finally {
      pool.free(kryo);
    }
  }
}
