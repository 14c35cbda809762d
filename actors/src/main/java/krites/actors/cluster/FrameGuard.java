package krites.actors.cluster;

import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.FlowShape;
import org.apache.pekko.stream.Inlet;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.stage.AbstractInOutHandler;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.util.ByteString;

/**
 * Looks at what comes in over one connection of the remoting before Pekko does: a connection begins
 * with four known bytes and the number of a stream, and each frame says how long it is. Pekko
 * gathers a frame in memory as far as it says it goes, which a stranger could say to be 2 GiB.
 *
 * <p>Bytes pass unchanged. A connection that is not one of ours, or that TLS refused, ends with one
 * line for the listener.
 */
final class FrameGuard extends GraphStage<FlowShape<ByteString, ByteString>> {
  /** The largest frames, in bytes, of the stream for large messages and of the other two. */
  record Limits(int large, int others) {}

  private static final String[] MAGIC = {"414b4b41", "50454b4b"}; // the two that Pekko 1.7 takes
  private static final int MAGIC_BYTES = 4;
  private static final int LENGTH_BYTES = 4;
  private static final int CONTROL = 1; // the numbers of Artery's streams
  private static final int LARGE = 3;

  private final Inlet<ByteString> in = Inlet.create("guarded.in");
  private final Outlet<ByteString> out = Outlet.create("guarded.out");
  private final FlowShape<ByteString, ByteString> shape = FlowShape.of(in, out);
  private final Limits limits;
  private final Consumer<String> refused;

  /**
   * @param refused hears why a connection was refused, one line for each, from threads of the
   *     remoting
   */
  FrameGuard(Limits limits, Consumer<String> refused) {
    this.limits = limits;
    this.refused = refused;
  }

  @Override
  public FlowShape<ByteString, ByteString> shape() {
    return shape;
  }

  @Override
  public GraphStageLogic createLogic(Attributes attributes) {
    return new Logic();
  }

  /** Why a stranger's connection ends. */
  private static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Refused(String reason) {
      super(reason, null, false, false); // nobody looks for where it came from
    }
  }

  private final class Logic extends GraphStageLogic {
    private final FrameReader reader = new FrameReader(limits);

    Logic() {
      super(shape);
      setHandlers(
          in,
          out,
          new AbstractInOutHandler() {
            @Override
            public void onPush() {
              ByteString bytes = grab(in);
              Optional<String> trouble = reader.read(bytes);
              if (trouble.isPresent()) {
                refused.accept(trouble.get());
                failStage(new Refused(trouble.get()));
              } else {
                push(out, bytes);
              }
            }

            @Override
            public void onPull() {
              pull(in);
            }

            @Override
            public void onUpstreamFailure(Throwable failure) {
              if (failure instanceof javax.net.ssl.SSLException) {
                refused.accept("TLS: " + failure.getMessage());
              }
              failStage(failure);
            }
          });
    }
  }

  /** Follows the frames of one connection over pieces of any size. */
  static final class FrameReader {
    private final Limits limits;
    private final byte[] head = new byte[MAGIC_BYTES + 1];
    private int headBytes;
    private int lengthBytes;
    private int length;
    private int bodyLeft;

    FrameReader(Limits limits) {
      this.limits = limits;
    }

    /** Reads on; says what is wrong, once. */
    Optional<String> read(ByteString bytes) {
      int at = 0;
      while (at < bytes.size()) {
        if (headBytes < head.length) {
          head[headBytes++] = bytes.apply(at++);
          Optional<String> trouble = headBytes < MAGIC_BYTES ? Optional.empty() : head();
          if (trouble.isPresent()) {
            return trouble;
          }
        } else if (bodyLeft > 0) {
          int passed = Math.min(bodyLeft, bytes.size() - at);
          bodyLeft -= passed;
          at += passed;
        } else {
          length |= (bytes.apply(at++) & 0xff) << (8 * lengthBytes++);
          if (lengthBytes == LENGTH_BYTES) {
            if (length < 0 || length > limit()) {
              return Optional.of(
                  "it announces a frame of "
                      + Integer.toUnsignedString(length)
                      + " bytes, expected at most "
                      + limit());
            }
            bodyLeft = length;
            lengthBytes = 0;
            length = 0;
          }
        }
      }
      return Optional.empty();
    }

    private Optional<String> head() {
      String magic = HexFormat.of().formatHex(head, 0, MAGIC_BYTES);
      if (!magic.equals(MAGIC[0]) && !magic.equals(MAGIC[1])) {
        return Optional.of("it begins with the bytes " + magic + " and is no node");
      }
      int stream = head[MAGIC_BYTES];
      return headBytes == head.length && (stream < CONTROL || stream > LARGE)
          ? Optional.of("it names a stream " + stream + " that does not exist")
          : Optional.empty();
    }

    private int limit() {
      return head[MAGIC_BYTES] == LARGE ? limits.large() : limits.others();
    }
  }
}
