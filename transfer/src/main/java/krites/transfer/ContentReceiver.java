package krites.transfer;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;

/**
 * Fetches contents into a folder, each from whichever of its sources answers, and serves what has
 * arrived to others at once.
 *
 * <p>It promises that a content appears under its name, and that a chunk is served on, only when
 * each has its seal, and its SHA-256 where digests are compared; that a transfer which died goes on
 * where it was, whatever source it died of or if the process did; and that it holds no more memory
 * than a piece of a chunk per connection. A chunk is checked by the thread that receives it, piece
 * by piece, so no byte is read twice, and each connection has a processor's digests to itself.
 * Nothing is forced to disk, which would take longer than the transfer: what a loss of power
 * damages is found by its checksums at the next fetch, and only that comes again. Thread safe; one
 * content is to be fetched by one caller at a time.
 */
public final class ContentReceiver {
  private static final String PART = ".part";

  private final Path folder;
  private final Ticket run;
  private final Shelf shelf;
  private final TransferSettings settings;
  private final Carrier carrier;
  private final TransferListener listener;
  private final LongAdder bytesReceived = new LongAdder();
  private final Sources.Doubts doubts = new Sources.Doubts();

  /**
   * @param folder exists
   * @param shelf where contents are served from as they arrive
   */
  public ContentReceiver(
      Path folder,
      Ticket run,
      Shelf shelf,
      TransferSettings settings,
      Carrier carrier,
      TransferListener listener) {
    this.folder = folder;
    this.run = run;
    this.shelf = shelf;
    this.settings = settings;
    this.carrier = carrier;
    this.listener = listener;
  }

  /**
   * What is to be fetched.
   *
   * @param name of the folder that it becomes
   * @param content digest of its manifest
   * @param ticket the right to it
   * @param sources in the order in which they are tried, at least one
   */
  public record Order(String name, Digest content, Ticket ticket, List<InetSocketAddress> sources) {
    public Order {
      sources = List.copyOf(sources);
      if (sources.isEmpty() || name.isEmpty()) {
        throw new IllegalArgumentException("content \"" + name + "\" from " + sources);
      }
    }
  }

  /** Bytes of chunks that came and were right since the start. */
  public long bytesReceived() {
    return bytesReceived.sum();
  }

  /**
   * Fetches a content; returns the folder of its files. It stays on the shelf.
   *
   * @throws TransferException if no source could give it; what has arrived is kept for the next try
   */
  public Path fetch(Order order) throws IOException, InterruptedException {
    return fetch(order, manifest(order));
  }

  /**
   * Fetches a content whose manifest is known.
   *
   * @throws TransferException if it is not that content's, or no source could give the rest
   */
  public Path fetch(Order order, Manifest manifest) throws IOException, InterruptedException {
    if (!manifest.digest().equals(order.content())) {
      throw new TransferException("a manifest that is not " + order.content());
    }
    Path done = folder.resolve(order.name());
    Path part = part(order.name());
    if (Files.isDirectory(done) && !Files.exists(part)) {
      move(done, part); // fetched before: it is looked at like what a crash left
    }
    removeStrangers(part, manifest);
    ArrivingHolding holding =
        new ArrivingHolding(part, manifest, order.ticket(), settings.compareDigests());
    shelf.put(order.content(), holding, order.ticket());
    boolean complete = false;
    try {
      receive(order, manifest, holding);
      move(part, done);
      complete = true;
      return done;
    } finally {
      if (!complete) {
        shelf.remove(order.content());
      }
    }
  }

  /**
   * The folder in which a content grows under this name. What somebody else puts there before a
   * fetch is looked at, and only what is not right comes from a source.
   */
  public Path part(String name) {
    return folder.resolve(name + PART);
  }

  /** Files of an older try under the same name that are not part of this content. */
  private static void removeStrangers(Path part, Manifest manifest) throws IOException {
    if (!Files.isDirectory(part)) {
      return;
    }
    List<String> names = manifest.files().stream().map(Manifest.Entry::name).toList();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(part)) {
      for (Path file : files) {
        if (!names.contains(file.getFileName().toString())) {
          Files.delete(file);
        }
      }
    }
  }

  private static void move(Path part, Path done) throws IOException {
    try {
      Files.move(part, done, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      throw new TransferException(part + " and " + done + " are not on one file system", e);
    }
  }

  private Manifest manifest(Order order) throws IOException, InterruptedException {
    return new Sources(order, settings, listener, doubts)
        .tryAll(
            source -> {
              try (Link link = open(source, order, -1, 0, 1, 1)) {
                ByteBuffer length = ByteBuffer.allocate(4);
                link.receive(length);
                int bytes = length.flip().getInt();
                if (bytes < 0 || bytes > Manifest.MAX_BYTES) {
                  throw new TransferException(
                      link.peer() + " announces a manifest of " + bytes + " bytes");
                }
                ByteBuffer encoded = ByteBuffer.allocate(bytes);
                link.receive(encoded);
                if (!Digest.ofBytes(encoded.array()).equals(order.content())) {
                  throw new TransferException(
                      link.peer() + " sent a manifest that is not " + order.content());
                }
                Manifest manifest = Manifest.decode(encoded.array());
                if (settings.compareDigests() && !manifest.hasDigests()) {
                  throw new TransferException(
                      "content "
                          + order.name()
                          + " was published without digests, and this node compares them");
                }
                return manifest;
              }
            },
            () -> 0);
  }

  private Link open(
      InetSocketAddress source, Order order, int file, int first, int stride, int count)
      throws IOException {
    Link link = carrier.connect(source, settings);
    try {
      link.send(
          new WireFormat.Request(
                  WireFormat.PROTOCOL,
                  run.shown(),
                  order.ticket().shown(),
                  order.content(),
                  file,
                  first,
                  stride,
                  count)
              .encode());
      ByteBuffer code = ByteBuffer.allocate(1);
      link.receive(code);
      WireFormat.Answer answer = WireFormat.answer(code.get(0), link.peer());
      if (answer != WireFormat.Answer.ACCEPTED) {
        throw new TransferException(link.peer() + " refuses: this receiver " + answer.reason());
      }
      return link;
    } catch (IOException e) {
      link.close();
      throw e;
    }
  }

  /** All lanes side by side; the first failure ends them all. */
  private void receive(Order order, Manifest manifest, ArrivingHolding holding)
      throws IOException, InterruptedException {
    int lanes = settings.connections();
    try (ExecutorService threads =
        Executors.newThreadPerTaskExecutor(
            Thread.ofPlatform().daemon().name("transfer-fetch").factory())) {
      List<Future<?>> work = new ArrayList<>();
      for (int lane = 0; lane < lanes; lane++) {
        int first = lane;
        work.add(
            threads.submit(
                () -> {
                  fetchLane(order, manifest, holding, first, lanes);
                  return null;
                }));
      }
      try {
        for (Future<?> one : work) {
          join(one);
        }
      } finally {
        threads.shutdownNow();
      }
    }
  }

  private static void join(Future<?> work) throws IOException, InterruptedException {
    try {
      work.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException failure -> throw failure;
        case InterruptedException stopped -> throw stopped;
        case null, default -> throw new IllegalStateException("a transfer failed", e);
      }
    }
  }

  /** What one connection works with. */
  private record Taking(ByteBuffer piece, ChunkCheck check) {
    /** Receives a chunk; what is damaged may be written, but is not served. */
    void take(Link link, ArrivingHolding holding, int file, int chunk) throws IOException {
      Manifest.Entry entry = holding.manifest().files().get(file);
      int length = entry.length(chunk);
      check.begin(file, chunk);
      int done = 0;
      while (done < length) {
        link.receive(piece.clear().limit(Math.min(piece.capacity(), length - done)));
        check.update(piece.flip());
        holding.write(file, entry.start(chunk) + done, piece.duplicate());
        done += piece.limit();
      }
      if (!check.isRight(entry, chunk)) {
        throw new TransferException(
            link.peer() + " sent chunk " + chunk + " of " + entry.name() + " damaged");
      }
      holding.arrived(file, chunk);
    }
  }

  private void fetchLane(
      Order order, Manifest manifest, ArrivingHolding holding, int lane, int lanes)
      throws IOException, InterruptedException {
    Taking taking =
        new Taking(
            ByteBuffer.allocateDirect(Manifest.PIECE),
            new ChunkCheck(order.ticket(), settings.compareDigests()));
    Sources sources = new Sources(order, settings, listener, doubts);
    for (int file = 0; file < manifest.files().size(); file++) {
      int index = file;
      sources.tryAll(
          source -> {
            fetchRest(source, order, holding, index, lane, lanes, taking);
            return true;
          },
          holding::bytes);
    }
  }

  /** Runs of missing chunks, one after the other; every chunk that is right is kept. */
  private void fetchRest(
      InetSocketAddress source,
      Order order,
      ArrivingHolding holding,
      int file,
      int lane,
      int lanes,
      Taking taking)
      throws IOException {
    int chunks = holding.manifest().files().get(file).chunks();
    int chunk = holding.nextMissing(file, lane, lanes);
    while (chunk < chunks) {
      int count = holding.missingRun(file, chunk, lanes);
      try (Link link = open(source, order, file, chunk, lanes, count)) {
        fetchRun(link, holding, file, chunk, lanes, count, taking);
      }
      chunk = holding.nextMissing(file, chunk, lanes);
    }
  }

  private void fetchRun(
      Link link, ArrivingHolding holding, int file, int first, int stride, int count, Taking taking)
      throws IOException {
    Manifest.Entry entry = holding.manifest().files().get(file);
    ByteBuffer code = ByteBuffer.allocate(1);
    int got = 0;
    while (true) {
      link.receive(code.clear());
      int chunk = first + got * stride;
      switch (WireFormat.frame(code.get(0), link.peer())) {
        case CHUNK -> {
          if (got == count) {
            throw new TransferException(link.peer() + " sends more than it was asked for");
          }
          taking.take(link, holding, file, chunk);
          bytesReceived.add(entry.length(chunk));
          got++;
        }
        case WAIT -> {
          // The source lives and waits for its own; the patience begins anew.
        }
        case END -> {
          if (got < count) {
            throw new TransferException(link.peer() + " ends before chunk " + chunk);
          }
          return;
        }
        case LOST -> throw new TransferException(link.peer() + " lost what it was sending");
      }
    }
  }
}
