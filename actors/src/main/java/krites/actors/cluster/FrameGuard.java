package krites.actors.cluster;

import java.util.HexFormat;
import java.util.Optional;
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
 * <p>Bytes pass unchanged. A connection that is not one of ours ends with one line for the
 * listener. What TLS refuses ends without a failure here, before its first byte; so behind TLS a
 * connection that never spoke is told too.
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
  private final boolean tls;
  private final Listener listener;

  /** Hears of connections, from threads of the remoting. */
  interface Listener {
    /** A connection was refused; {@code reason} is one line. */
    void refused(String reason);

    /** A connection over which a node spoke has ended. */
    void ended();
  }

  /**
   * @param tls whether TLS stands before it
   */
  FrameGuard(Limits limits, boolean tls, Listener listener) {
    this.limits = limits;
    this.tls = tls;
    this.listener = listener;
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
                listener.refused(trouble.get());
                failStage(new Refused(trouble.get()));
              } else {
                push(out, bytes);
              }
            }

            @Override
            public void onPull() {
              pull(in);
            }
          });
    }

    @Override
    public void postStop() {
      if (reader.isNode()) {
        listener.ended();
      } else if (tls && !reader.hasBegun()) {
        listener.refused("it ended before the TLS handshake was done");
      }
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
    private boolean announced;
    private boolean troubled;

    FrameReader(Limits limits) {
      this.limits = limits;
    }

    boolean hasBegun() {
      return headBytes > 0;
    }

    /** Whether all so far is what a node sends, its first frame announced. */
    boolean isNode() {
      return announced && !troubled;
    }

    /** Reads on; says what is wrong, once. */
    Optional<String> read(ByteString bytes) {
      Optional<String> trouble = trouble(bytes);
      troubled |= trouble.isPresent();
      return trouble;
    }

    private Optional<String> trouble(ByteString bytes) {
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
            announced = true;
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
