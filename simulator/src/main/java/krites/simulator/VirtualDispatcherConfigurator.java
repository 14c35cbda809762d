package krites.simulator;

import com.typesafe.config.Config;
import org.apache.pekko.dispatch.DispatcherPrerequisites;
import org.apache.pekko.dispatch.MessageDispatcher;
import org.apache.pekko.dispatch.MessageDispatcherConfigurator;

/** Makes a {@link VirtualDispatcher}; Pekko finds it by name (setting {@code type}). */
public final class VirtualDispatcherConfigurator extends MessageDispatcherConfigurator {
  private final VirtualDispatcher dispatcher;

  /** The constructor that Pekko looks for. */
  public VirtualDispatcherConfigurator(Config config, DispatcherPrerequisites prerequisites) {
    super(config, prerequisites);
    if (!(prerequisites.scheduler() instanceof VirtualScheduler scheduler)) {
      throw new IllegalStateException(
          "a virtual dispatcher needs a virtual scheduler, not " + prerequisites.scheduler());
    }
    this.dispatcher = new VirtualDispatcher(this, config.getString("id"), scheduler.machine());
  }

  @Override
  public MessageDispatcher dispatcher() {
    return dispatcher;
  }
}
