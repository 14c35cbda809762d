package krites.app.weights;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Optional;
import java.util.function.Consumer;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import krites.actors.NodeSettings;
import krites.grpo.WeightUpdate;
import krites.transfer.Carrier;
import krites.transfer.Ticket;
import krites.transfer.TransferSettings;

/**
 * Where a node serves weights to other nodes and keeps those that it fetches.
 *
 * @param host under which other nodes reach it
 * @param bind address that it listens on
 * @param port of what its parameter server gives away; the one after it is that of the copies of
 *     its workers; 0 takes free ones
 * @param folder below which copies lie
 * @param deltas whether what changed since the version before is offered too
 * @param tls as between the actors of the nodes; empty for plain TCP
 */
public record WeightPlane(
    String host,
    String bind,
    int port,
    Path folder,
    boolean deltas,
    Optional<NodeSettings.Tls> tls) {

  /**
   * What a parameter server gives away.
   *
   * @param weights folder that the learner writes
   * @param scratch for what changed between versions
   * @param secret of the job
   */
  public BulkWeights outgoing(Path weights, Path scratch, String secret) {
    return BulkWeights.open(weights, scratch, settings(port, secret), _ -> {});
  }

  /**
   * What the workers of a node get.
   *
   * @param weights folder that their engines read
   * @param scratch for what changed between versions
   * @param secret of the job
   * @param arrived told of each version that was fetched, before it is handed out
   */
  public BulkWeights incoming(
      Path weights, Path scratch, String secret, Consumer<WeightUpdate> arrived) {
    return BulkWeights.open(weights, scratch, settings(port == 0 ? 0 : port + 1, secret), arrived);
  }

  private BulkSettings settings(int listens, String secret) {
    return new BulkSettings(
        new InetSocketAddress(bind, listens),
        host,
        Ticket.parse(secret),
        tls.map(stores -> Carrier.tls(context(stores))).orElse(Carrier.PLAIN),
        TransferSettings.DEFAULT,
        deltas);
  }

  static SSLContext context(NodeSettings.Tls tls) {
    try {
      char[] password = tls.password().toCharArray();
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store(tls.keyStore(), password), password);
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store(tls.trustStore(), password));
      SSLContext context = SSLContext.getInstance("TLSv1.3");
      context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(
          "node.tls: the stores "
              + tls.keyStore()
              + " and "
              + tls.trustStore()
              + " cannot be used: "
              + e.getMessage(),
          e);
    }
  }

  private static KeyStore store(Path file, char[] password)
      throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream bytes = Files.newInputStream(file)) {
      store.load(bytes, password);
    }
    return store;
  }
}
