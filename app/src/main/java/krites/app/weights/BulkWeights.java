package krites.app.weights;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import krites.grpo.WeightOffer;
import krites.grpo.WeightUpdate;
import krites.grpo.port.WeightTransport;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.transfer.ContentReceiver;
import krites.transfer.ContentServer;
import krites.transfer.Digest;
import krites.transfer.Manifest;
import krites.transfer.Shelf;
import krites.transfer.Ticket;
import krites.transfer.TransferException;
import krites.transfer.TransferListener;
import krites.transfer.WordDelta;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The weights of one node on the bulk plane.
 *
 * <p>A version is a folder, under its location's name, below the folder that the node's weight
 * store reads; it appears there when every byte was compared. A delta is a content of its own,
 * beside the manifest of all bytes: the weights that are made with it lie where a broken transfer
 * would have left them, and go through the same comparison, so whatever is wrong with them comes
 * from the sources of all bytes, chunk by chunk.
 */
public final class BulkWeights implements WeightTransport {
  private static final Logger LOG = LoggerFactory.getLogger(BulkWeights.class);
  private static final String WEIGHTS = SafetensorsCheckpoint.SINGLE_FILE;
  private static final String DELTA = "weights.delta";
  private static final String MANIFEST = "full.manifest";

  private final Path folder;
  private final Path scratch;
  private final BulkSettings settings;
  private final Consumer<WeightUpdate> arrived;
  private final Shelf shelf = new Shelf();
  private final ContentServer server;
  private final String address;
  private final ContentReceiver versions;
  private final ContentReceiver changes;
  private final Map<String, WeightOffer> served = new ConcurrentHashMap<>(); // by location

  private BulkWeights(
      Path folder, Path scratch, BulkSettings settings, Consumer<WeightUpdate> arrived)
      throws IOException {
    this.folder = folder;
    this.scratch = scratch;
    this.settings = settings;
    this.arrived = arrived;
    TransferListener listener = new Log();
    this.server =
        ContentServer.start(
            settings.bind(),
            settings.run(),
            shelf,
            settings.transfer(),
            settings.carrier(),
            listener);
    this.address = settings.host() + ":" + server.address().getPort();
    this.versions = receiver(folder, listener);
    this.changes = receiver(scratch, listener);
  }

  private ContentReceiver receiver(Path to, TransferListener listener) {
    return new ContentReceiver(
        to, settings.run(), shelf, settings.transfer(), settings.carrier(), listener);
  }

  /**
   * Opens the bulk plane of a node.
   *
   * @param folder of the node's weight store; made if absent
   * @param scratch for deltas; on any file system, made if absent, emptied at the end
   * @param arrived told of each version that was fetched, before it is handed out
   * @throws UncheckedIOException if the port is taken or a folder cannot be made
   */
  public static BulkWeights open(
      Path folder, Path scratch, BulkSettings settings, Consumer<WeightUpdate> arrived) {
    try {
      Files.createDirectories(folder);
      Files.createDirectories(scratch);
      return new BulkWeights(folder, scratch, settings, arrived);
    } catch (IOException e) {
      throw new UncheckedIOException(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public String address() {
    return address;
  }

  /** Bytes sent to other nodes since the start. */
  public long bytesSent() {
    return server.bytesSent();
  }

  // --- offering
  // -------------------------------------------------------------------------------------------------

  @Override
  public WeightOffer offer(WeightUpdate update, Optional<WeightUpdate> base) {
    String name = update.location();
    try {
      Path version = folder.resolve(name);
      Ticket ticket = Ticket.fresh();
      Manifest manifest = serve(version, ticket);
      Optional<WeightOffer.Delta> delta =
          settings.deltas() && base.isPresent()
              ? delta(base.get(), update, manifest)
              : Optional.empty();
      WeightOffer offer = new WeightOffer(update, content(manifest, ticket), delta);
      served.put(name, offer);
      return offer;
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the weights of " + update.version() + " cannot be offered: " + e.getMessage(), e);
    }
  }

  private Manifest serve(Path content, Ticket ticket) throws IOException {
    Manifest manifest = Manifest.ofFolder(content, ticket, settings.transfer().compareDigests());
    shelf.put(content, manifest, ticket);
    return manifest;
  }

  private static WeightOffer.Content content(Manifest manifest, Ticket ticket) {
    return new WeightOffer.Content(manifest.digest().toString(), ticket.secret(), manifest.bytes());
  }

  /** Empty when it would be too large, or the two do not have the same shape. */
  private Optional<WeightOffer.Delta> delta(WeightUpdate base, WeightUpdate next, Manifest manifest)
      throws IOException {
    Path content = scratch.resolve(next.location());
    Files.createDirectories(content);
    Path file = content.resolve(DELTA);
    try {
      WordDelta.Size size =
          WordDelta.write(
              folder.resolve(base.location()).resolve(WEIGHTS),
              Digest.parse(base.digest()),
              folder.resolve(next.location()).resolve(WEIGHTS),
              Digest.parse(next.digest()),
              file);
      if (size.bytes() > BulkSettings.DELTA_SHARE_MAX * manifest.bytes()) {
        delete(content);
        return Optional.empty();
      }
    } catch (TransferException e) {
      LOG.info("{} is offered whole: {}", next.version(), e.getMessage());
      delete(content);
      return Optional.empty();
    }
    Files.write(content.resolve(MANIFEST), manifest.encode());
    Ticket ticket = Ticket.fresh();
    return Optional.of(
        new WeightOffer.Delta(
            base.version(), base.digest(), content(serve(content, ticket), ticket)));
  }

  // --- fetching
  // -------------------------------------------------------------------------------------------------

  @Override
  public Arrival fetch(WeightOffer offer, Route route) {
    WeightUpdate update = offer.update();
    long start = System.nanoTime();
    long before = versions.bytesReceived() + changes.bytesReceived();
    try {
      boolean byDelta = fetch(offer, route, base(offer, route));
      arrived.accept(update);
      served.put(update.location(), offer);
      long bytes = versions.bytesReceived() + changes.bytesReceived() - before;
      return new Arrival(update, bytes, (System.nanoTime() - start) * 1e-9, byDelta);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UncheckedIOException(new InterruptedIOException("stopped"));
    } catch (IOException e) {
      throw new UncheckedIOException(String.valueOf(e.getMessage()), e);
    }
  }

  /** What a delta of the offer can be applied to. */
  private Optional<WeightUpdate> base(WeightOffer offer, Route route) {
    return route.delta().isEmpty()
        ? Optional.empty()
        : served.values().stream().map(WeightOffer::update).filter(offer::startsFrom).findAny();
  }

  /** Whether what changed was enough. */
  private boolean fetch(WeightOffer offer, Route route, Optional<WeightUpdate> base)
      throws IOException, InterruptedException {
    ContentReceiver.Order all = order(offer.update(), offer.full(), route.full());
    if (base.isEmpty()) {
      versions.fetch(all);
      return false;
    }
    long before = versions.bytesReceived();
    Manifest manifest;
    try {
      manifest = patch(offer, route, base.get());
    } catch (IOException e) {
      LOG.warn("{} is fetched whole: {}", offer.version(), e.getMessage());
      versions.fetch(all);
      return false;
    }
    versions.fetch(all, manifest);
    return versions.bytesReceived() == before;
  }

  /** Makes the weights of what changed, where the receiver looks for what it need not fetch. */
  private Manifest patch(WeightOffer offer, Route route, WeightUpdate base)
      throws IOException, InterruptedException {
    WeightUpdate update = offer.update();
    WeightOffer.Content delta = offer.delta().orElseThrow().content();
    Path content = changes.fetch(order(update, delta, route.delta()));
    Manifest manifest = Manifest.decode(Files.readAllBytes(content.resolve(MANIFEST)));
    Path part = versions.part(update.location());
    Files.createDirectories(part);
    WordDelta.patch(
        folder.resolve(base.location()).resolve(WEIGHTS),
        Digest.parse(base.digest()),
        content.resolve(DELTA),
        part.resolve(WEIGHTS));
    return manifest;
  }

  private static ContentReceiver.Order order(
      WeightUpdate update, WeightOffer.Content content, List<String> sources) {
    return new ContentReceiver.Order(
        update.location(),
        Digest.parse(content.digest()),
        Ticket.parse(content.ticket()),
        sources.stream().map(BulkWeights::address).toList());
  }

  static InetSocketAddress address(String hostAndPort) {
    int colon = hostAndPort.lastIndexOf(':');
    return new InetSocketAddress(
        hostAndPort.substring(0, colon), Integer.parseInt(hostAndPort.substring(colon + 1)));
  }

  // --- the end of a version
  // ------------------------------------------------------------------------------------

  @Override
  public void retire(WeightUpdate update) {
    WeightOffer offer = served.remove(update.location());
    try {
      if (offer != null) {
        shelf.remove(Digest.parse(offer.full().digest()));
        if (offer.delta().isPresent()) {
          shelf.remove(Digest.parse(offer.delta().get().content().digest()));
        }
      }
      delete(folder.resolve(update.location()));
      delete(scratch.resolve(update.location()));
    } catch (IOException e) {
      throw new UncheckedIOException(update.location() + ": cannot remove: " + e.getMessage(), e);
    }
  }

  private static void delete(Path content) throws IOException {
    if (!Files.isDirectory(content)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(content)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(content);
  }

  @Override
  public void close() {
    try {
      server.close();
      shelf.close();
      if (!Files.isDirectory(scratch)) {
        return; // closed before
      }
      try (DirectoryStream<Path> left = Files.newDirectoryStream(scratch)) {
        for (Path content : left) {
          delete(content);
        }
      }
      Files.deleteIfExists(scratch);
    } catch (IOException e) {
      LOG.warn("{}: what was left of deltas is not removed: {}", scratch, e.getMessage());
    }
  }

  /** A line for each stranger and each broken transfer. */
  private static final class Log implements TransferListener {
    @Override
    public void refused(String peer, String reason) {
      LOG.warn("refused {}: it {}", peer, reason);
    }

    @Override
    public void broken(String peer, String reason) {
      LOG.info("a transfer with {} broke: {}", peer, reason);
    }
  }
}
