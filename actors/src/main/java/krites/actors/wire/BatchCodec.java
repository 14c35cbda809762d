package krites.actors.wire;

import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import java.io.IOException;
import krites.actors.Learner;
import krites.grpo.TrainingBatch;

/**
 * A training batch as bytes outside of a message: the same form as on the wire, under the same
 * rules. Thread safe.
 */
public final class BatchCodec {
  /**
   * Names the form of the bytes; it changes when the form does, and bytes of another form cannot be
   * read.
   */
  public static final String FORM = DataSerializer.manifestOf(Learner.Train.class);

  private static final int FIRST_BUFFER = 64 * 1024; // a step of the built-in job

  private BatchCodec() {}

  /** The batch as bytes; equal batches give equal bytes. */
  public static byte[] encode(TrainingBatch batch) {
    try (Output output = new Output(FIRST_BUFFER, DataSerializer.MAX_BYTES)) {
      DataSchema.writeBatch(output, batch);
      return output.toBytes();
    }
  }

  /**
   * The batch that {@link #encode} wrote.
   *
   * @throws IOException if the bytes are not those of one batch; the message says what is wrong
   */
  public static TrainingBatch decode(byte[] bytes) throws IOException {
    try (Input input = new Input(bytes)) {
      TrainingBatch batch = DataSchema.readBatch(input);
      if (input.position() != input.limit()) {
        throw new IOException((input.limit() - input.position()) + " bytes are left over");
      }
      return batch;
    } catch (RuntimeException broken) { // Kryo, or a record that refuses impossible values
      throw new IOException(broken.getMessage(), broken);
    }
  }
}
