package krites.simulator;

import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.ActorCell;
import org.apache.pekko.dispatch.Dispatcher;
import org.apache.pekko.dispatch.Envelope;
import org.apache.pekko.dispatch.Mailbox;
import org.apache.pekko.dispatch.MessageDispatcherConfigurator;
import org.apache.pekko.dispatch.sysmsg.SystemMessage;
import scala.concurrent.duration.Duration;
import scala.concurrent.duration.FiniteDuration;

/**
 * A dispatcher without threads: mailboxes and tasks become pieces of strands in the {@link
 * EventLoop}, one message each, and messages travel through the {@link Network}.
 *
 * <p>System messages (a death, a watch) are never lost, and leave when their sender has got that
 * far; what an actor tells itself is there at once, since its mailbox is not read before.
 */
final class VirtualDispatcher extends Dispatcher {
  private static final int ONE_MESSAGE =
      1; // per piece, so that another strand can come between any two

  private final Machine machine;

  VirtualDispatcher(MessageDispatcherConfigurator configurator, String id, Machine machine) {
    super(
        configurator,
        id,
        ONE_MESSAGE,
        Duration.Zero(),
        (name, threads) -> () -> new Pieces(machine),
        FiniteDuration.create(1, TimeUnit.SECONDS));
    this.machine = machine;
  }

  @Override
  public void dispatch(ActorCell receiver, Envelope envelope) {
    machine
        .network()
        .send(machine.lane(receiver), envelope.message(), () -> super.dispatch(receiver, envelope));
  }

  @Override
  public void systemDispatch(ActorCell receiver, SystemMessage message) {
    Lane sender = machine.loop().current();
    if (sender == null || sender == machine.lane(receiver)) {
      super.systemDispatch(receiver, message);
    } else {
      machine.network().arriveNow(sender, () -> super.systemDispatch(receiver, message));
    }
  }

  /** What Pekko takes for a thread pool. */
  private static final class Pieces extends AbstractExecutorService {
    private final Machine machine;
    private boolean isShut;

    private Pieces(Machine machine) {
      this.machine = machine;
    }

    @Override
    public void execute(Runnable piece) {
      Lane lane =
          piece instanceof Mailbox mailbox ? machine.lane(mailbox.actor()) : machine.taskLane();
      machine
          .loop()
          .run(lane, piece instanceof Mailbox mailbox ? () -> machine.read(mailbox) : piece);
    }

    @Override
    public void shutdown() {
      isShut = true;
    }

    @Override
    public List<Runnable> shutdownNow() {
      isShut = true;
      return List.of();
    }

    @Override
    public boolean isShutdown() {
      return isShut;
    }

    @Override
    public boolean isTerminated() {
      return isShut;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
      return isShut;
    }
  }
}
