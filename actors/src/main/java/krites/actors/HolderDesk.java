package krites.actors;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import krites.grpo.PolicyVersion;
import krites.grpo.WeightOffer;
import krites.grpo.flow.RoutePlan;
import krites.grpo.port.WeightTransport;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/**
 * What the parameter server knows of the nodes that hold weights, and whom it sends to whom.
 *
 * <p>A node says every second what it has and what it fetches; whoever lacks the newest version and
 * does not fetch anything is told to, and so is who wants a version for an evaluation. What was
 * sent is remembered until the node's next word alone, so that it is still here when the node comes
 * for it; neither a lost message nor a node that comes late or failed is a special case. Owned by
 * one actor.
 */
final class HolderDesk {
  private final Map<String, Node> nodes = new TreeMap<>(); // routes follow the order of the names
  private final String publisher;
  private final Map<PolicyVersion, WeightOffer> offers = new TreeMap<>(); // those that are kept
  private @Nullable WeightOffer newest;

  private record Node(
      ActorRef<WeightHolder.Command> ref,
      String address,
      List<WeightOffer> held,
      Optional<PolicyVersion> fetching) {
    boolean has(WeightOffer offer) {
      return held.stream().anyMatch(one -> one.version().equals(offer.version()));
    }

    Node sent(PolicyVersion version) {
      return new Node(ref, address, held, Optional.of(version));
    }

    boolean canPatch(WeightOffer offer) {
      return held.stream().anyMatch(one -> offer.startsFrom(one.update()));
    }
  }

  /**
   * @param publisher where the parameter server's own node serves, as {@code host:port}
   */
  HolderDesk(String publisher) {
    this.publisher = publisher;
  }

  /** A version can be fetched from now on; all nodes are sent for it. */
  void offered(WeightOffer offer) {
    newest = offer;
    offers.put(offer.version(), offer);
    nodes.keySet().forEach(node -> send(node, offer));
  }

  /**
   * A node has said how it is.
   *
   * @param kept whether the parameter server keeps a version; others need not be held
   * @return whether the node's actor was not known before
   */
  boolean heard(ParameterServer.HolderReport report, Predicate<PolicyVersion> kept) {
    Node before =
        nodes.put(
            report.node(),
            new Node(report.ref(), report.address(), report.held(), report.fetching()));
    offers.keySet().removeIf(kept.negate());
    WeightOffer latest = newest;
    if (latest != null) {
      report.held().stream()
          .map(WeightOffer::version)
          .filter(kept.negate())
          .forEach(version -> report.ref().tell(new WeightHolder.Retire(version)));
      report
          .wanted()
          .flatMap(version -> Optional.ofNullable(offers.get(version)))
          .ifPresent(offer -> send(report.node(), offer));
      if (report.fetching().isEmpty()) {
        send(report.node(), latest);
      }
    }
    return before == null || !before.ref().equals(report.ref());
  }

  void gone(String node, ActorRef<WeightHolder.Command> ref) {
    Node known = nodes.get(node);
    if (known != null && known.ref().equals(ref)) {
      nodes.remove(node);
    }
  }

  /** Whether a node fetches that version or was sent for it: it is not taken away meanwhile. */
  boolean needs(PolicyVersion version) {
    return nodes.values().stream().anyMatch(node -> node.fetching().equals(Optional.of(version)));
  }

  /** The newest version that any node holds: what is left when the parameter server died. */
  Optional<WeightOffer> newestHeld() {
    return nodes.values().stream()
        .flatMap(node -> node.held().stream())
        .max(Comparator.comparing(WeightOffer::version));
  }

  /** Where a version that nodes hold can be had. */
  List<String> holdersOf(WeightOffer offer) {
    return nodes.values().stream().filter(node -> node.has(offer)).map(Node::address).toList();
  }

  private void send(String name, WeightOffer offer) {
    Node node = nodes.get(name);
    if (node != null && !node.has(offer)) {
      WeightTransport.Route route = route(name, offer);
      node.ref().tell(new WeightHolder.Fetch(offer, route.full(), route.delta()));
      if (node.fetching().isEmpty()) { // else it finishes what it has begun
        nodes.put(name, node.sent(offer.version()));
      }
    }
  }

  /**
   * All bytes go down a chain of the nodes that need them all, what changed down a tree of those
   * that can use it. Who comes when others are finished takes one of them before the publisher.
   */
  private WeightTransport.Route route(String name, WeightOffer offer) {
    List<String> whole = new ArrayList<>();
    List<String> patched = new ArrayList<>();
    List<String> finished = new ArrayList<>();
    int place = 0;
    boolean patches = false;
    for (Map.Entry<String, Node> entry : nodes.entrySet()) {
      Node node = entry.getValue();
      List<String> group = node.has(offer) ? finished : node.canPatch(offer) ? patched : whole;
      if (entry.getKey().equals(name)) {
        place = group.size();
        patches = group == patched;
      }
      group.add(node.address());
    }
    Set<String> full = new LinkedHashSet<>();
    if (!patches) {
      full.addAll(RoutePlan.CHAIN.sources(publisher, whole, place));
      full.remove(publisher);
    }
    if (!finished.isEmpty()) {
      full.add(finished.get(place % finished.size()));
    }
    full.add(publisher);
    return new WeightTransport.Route(
        List.copyOf(full), patches ? RoutePlan.TREE.sources(publisher, patched, place) : List.of());
  }
}
