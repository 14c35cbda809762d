package krites.actors;

import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import krites.actors.cluster.GuardedRemoting;
import org.apache.pekko.actor.ActorSelection;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.actor.typed.javadsl.AskPattern;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * Speaks to a cluster from outside: a process that is no member, on its caller's thread.
 *
 * <p>Every question may be asked again: the cluster takes what comes twice once.
 */
public final class ClusterClient implements AutoCloseable {
  private static final Duration ANSWER_WITHIN =
      Duration.ofSeconds(6); // a coordinator that just moved gathers its nodes for three

  private static final int SUBMISSIONS = 10; // a minute, for nodes that are started just now

  private final ActorSystem<Void> system;
  private final List<String> contacts;
  private int next;

  private ClusterClient(ActorSystem<Void> system, List<String> contacts) {
    this.system = system;
    this.contacts = List.copyOf(contacts);
  }

  /**
   * Opens an actor system of its own, without a word to the cluster.
   *
   * @param settings of the transport: host, bind host and TLS; a client takes any port
   * @param contacts nodes of the cluster, as {@code host:port}; at least one
   */
  public static ClusterClient open(NodeSettings settings, List<String> contacts) {
    Map<String, Object> values = new HashMap<>(KritesNode.transport(settings));
    values.put("pekko.actor.provider", "remote");
    values.put("pekko.loglevel", "ERROR"); // how a connection ends is nothing to a person
    var config =
        KritesRun.config(
            ConfigFactory.parseMap(values, "settings of the client")
                .withFallback(
                    ConfigFactory.parseResources(
                        ClusterClient.class.getClassLoader(), KritesNode.RESOURCE)));
    ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "krites-client", config);
    GuardedRemoting.guard(system);
    return new ClusterClient(system, contacts);
  }

  /**
   * Submits a job; a cluster that is forming is waited for.
   *
   * @throws ClusterUnreachable if nobody answers
   */
  public Coordinator.Answer submit(Job job) {
    for (int i = 0; i < SUBMISSIONS; i++) {
      Optional<Coordinator.Answer> answer = ask(replyTo -> new Gate.Submit(job, replyTo));
      if (answer.isPresent()) {
        return answer.get();
      }
    }
    throw new ClusterUnreachable(contacts, ANSWER_WITHIN.multipliedBy(SUBMISSIONS));
  }

  /** How a job goes on after a piece of news; empty when nobody answered in time. */
  public Optional<Coordinator.Answer> news(String job, long seen) {
    return ask(replyTo -> new Gate.Inquire(job, seen, replyTo));
  }

  /** Asks for the early end of a job, with a checkpoint. No answer is waited for. */
  public void halt(String job) {
    gate().tell(new Gate.Halt(job), org.apache.pekko.actor.ActorRef.noSender());
  }

  /**
   * How the cluster is.
   *
   * @throws ClusterUnreachable if nobody answers
   */
  public ClusterSurvey.View survey() {
    return this.<ClusterSurvey.View>ask(Gate.Survey::new)
        .orElseThrow(() -> new ClusterUnreachable(contacts, ANSWER_WITHIN));
  }

  private ActorSelection gate() {
    return Adapter.toClassic(system)
        .actorSelection(
            "pekko://" + KritesNode.SYSTEM + "@" + contacts.get(next) + "/user/" + Gate.NAME);
  }

  private <T> Optional<T> ask(Function<ActorRef<T>, Gate.Command> question) {
    try {
      ActorRef<Gate.Command> gate =
          Adapter.toTyped(gate().resolveOne(ANSWER_WITHIN).toCompletableFuture().join());
      CompletionStage<T> answer =
          AskPattern.ask(gate, question::apply, ANSWER_WITHIN, system.scheduler());
      return Optional.of(answer.toCompletableFuture().join());
    } catch (CompletionException silent) { // a timeout, or nobody there
      next = (next + 1) % contacts.size();
      return Optional.empty();
    }
  }

  @Override
  public void close() {
    system.terminate();
  }

  /** Nobody answers at the address of a cluster. */
  public static final class ClusterUnreachable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ClusterUnreachable(List<String> contacts, Duration within) {
      super(
          "no cluster answers at "
              + String.join(", ", contacts)
              + " within "
              + within.toSeconds()
              + " s: is a node running there, and is this its --port?");
    }
  }
}
