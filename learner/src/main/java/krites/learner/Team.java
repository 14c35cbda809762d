package krites.learner;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import krites.grpo.TrainingBatch;
import krites.grpo.port.MemberExchange;
import krites.grpo.port.MemberLost;

/**
 * What the members of a learner say to each other around their work. The leading one says what is
 * to be done, each thing in its turn; the others answer with bytes alone.
 *
 * <p>Before an update the leading member says {@link Word#UPDATE}. Each member answers when its
 * share of the step is done, with the tensors that it has a gradient of; when all have, {@link
 * Word#GO} tells everybody everything, and then the update takes as long as bytes take. So nobody
 * waits inside of an exchange for somebody who still computes.
 */
public final class Team {
  private static final int BATCH_BYTES_MAX = 1 << 28; // what one length from a peer may ask for

  private static final Duration MOMENT =
      Duration.ofMillis(100); // after which the owner of a waiting member reads its mailbox

  /** What the leading member says; the order is the wire's. */
  enum Word {
    /** A batch: its length and its bytes follow. */
    TRAIN,
    /** Say when your share of the step is done. */
    UPDATE,
    /** Everybody's is; which member has which gradients follows. */
    GO,
    /** Give your masters, if they are apart from the weights, and what the optimizer remembers. */
    SAVE,
    /** Give your masters. */
    MASTERS
  }

  /** A batch as bytes. */
  public interface Form {
    byte[] encode(TrainingBatch batch);

    TrainingBatch decode(byte[] bytes) throws IOException;
  }

  private final MemberExchange exchange;
  private final Form form;
  private final Duration patience;
  private Optional<Waiting> waiting = Optional.empty();

  /** An update that not all members are ready for. */
  private record Waiting(boolean[][] present, boolean[] heard, long sinceNanos) {}

  /**
   * @param patience how long one member may compute while the leading one waits for it
   */
  public Team(MemberExchange exchange, Form form, Duration patience) {
    this.exchange = exchange;
    this.form = form;
    this.patience = patience;
  }

  MemberExchange exchange() {
    return exchange;
  }

  boolean leads() {
    return exchange.rank() == 0;
  }

  // --- the leading member
  // --------------------------------------------------------------------------------------------------

  void train(TrainingBatch batch) {
    byte[] bytes = form.encode(batch);
    say(Word.TRAIN, ByteBuffer.allocate(4).putInt(bytes.length).flip(), ByteBuffer.wrap(bytes));
  }

  /**
   * Waits a moment for the others to be done with their shares.
   *
   * @param mine whether this member has a gradient, by tensor
   * @return whether each member has one, when all are done
   */
  Optional<boolean[][]> ready(boolean[] mine) {
    if (waiting.isEmpty()) {
      say(Word.UPDATE);
      boolean[][] present = new boolean[exchange.members()][mine.length];
      present[0] = mine;
      waiting = Optional.of(new Waiting(present, heardOfOne(), System.nanoTime()));
    }
    Waiting now = waiting.get();
    if (!heardOfAll(now, MOMENT)) {
      return Optional.empty();
    }
    waiting = Optional.empty();
    ByteBuffer all = ByteBuffer.allocate(exchange.members() * mine.length);
    for (boolean[] one : now.present()) {
      put(one, all);
    }
    say(Word.GO, all.flip());
    return Optional.of(now.present());
  }

  private boolean[] heardOfOne() {
    boolean[] heard = new boolean[exchange.members()];
    heard[0] = true;
    return heard;
  }

  private boolean heardOfAll(Waiting now, Duration atMost) {
    for (int member = 0; member < exchange.members(); member++) {
      if (now.heard()[member]) {
        continue;
      }
      if (!exchange.await(member, atMost)) {
        if (System.nanoTime() - now.sinceNanos() > patience.toNanos()) {
          throw new MemberLost(
              "member "
                  + member
                  + " of the learner is not done with its share after "
                  + patience.toSeconds()
                  + " s");
        }
        return false;
      }
      now.present()[member] = receive(member, now.present()[0].length);
      now.heard()[member] = true;
    }
    return true;
  }

  /** Has the others give something; whoever still computes does so between two pieces. */
  void ask(Word word) {
    // What a member says of its share must not be taken for the beginning of what it gives.
    while (waiting.isPresent() && !heardOfAll(waiting.get(), MOMENT)) {}
    say(word);
  }

  private void say(Word word, ByteBuffer... more) {
    for (int member = 1; member < exchange.members(); member++) {
      exchange.send(member, ByteBuffer.wrap(new byte[] {(byte) word.ordinal()}));
      for (ByteBuffer bytes : more) {
        exchange.send(member, bytes.duplicate());
      }
    }
  }

  /** Numbers of the others, in their order. */
  double[] numbers(int member, int count) {
    ByteBuffer bytes = ByteBuffer.allocate(count * Double.BYTES);
    exchange.receive(member, bytes);
    double[] numbers = new double[count];
    bytes.flip().asDoubleBuffer().get(numbers);
    return numbers;
  }

  // --- the others
  // ----------------------------------------------------------------------------------------------------------

  /** What the leading member says next. */
  Optional<Word> word(boolean wait) {
    if (!exchange.await(0, wait ? MOMENT : Duration.ZERO)) {
      return Optional.empty();
    }
    ByteBuffer code = ByteBuffer.allocate(1);
    exchange.receive(0, code);
    int word = code.flip().get();
    if (word < 0 || word >= Word.values().length) {
      throw new MemberLost("the leading member says " + word + ", which means nothing");
    }
    return Optional.of(Word.values()[word]);
  }

  TrainingBatch batch() {
    ByteBuffer length = ByteBuffer.allocate(4);
    exchange.receive(0, length);
    int count = length.flip().getInt();
    if (count < 0 || count > BATCH_BYTES_MAX) {
      throw new MemberLost("the leading member sends a batch of " + count + " bytes");
    }
    byte[] bytes = new byte[count];
    exchange.receive(0, ByteBuffer.wrap(bytes));
    try {
      return form.decode(bytes);
    } catch (IOException e) {
      throw new MemberLost("the leading member sends no batch: " + e.getMessage(), e);
    }
  }

  /** Says that this member's share is done. */
  void done(boolean[] mine) {
    ByteBuffer bytes = ByteBuffer.allocate(mine.length);
    put(mine, bytes);
    exchange.send(0, bytes.flip());
  }

  /** What follows {@link Word#GO}. */
  boolean[][] presence(int tensors) {
    boolean[][] present = new boolean[exchange.members()][];
    for (int member = 0; member < present.length; member++) {
      present[member] = receive(0, tensors);
    }
    return present;
  }

  void give(double[] numbers) {
    ByteBuffer bytes = ByteBuffer.allocate(numbers.length * Double.BYTES);
    bytes.asDoubleBuffer().put(numbers);
    exchange.send(0, bytes);
  }

  private static void put(boolean[] flags, ByteBuffer target) {
    for (boolean flag : flags) {
      target.put((byte) (flag ? 1 : 0));
    }
  }

  private boolean[] receive(int from, int tensors) {
    ByteBuffer bytes = ByteBuffer.allocate(tensors);
    exchange.receive(from, bytes);
    boolean[] flags = new boolean[tensors];
    for (int tensor = 0; tensor < tensors; tensor++) {
      flags[tensor] = bytes.get(tensor) != 0;
    }
    return flags;
  }
}
