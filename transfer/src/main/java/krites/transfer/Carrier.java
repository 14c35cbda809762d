package krites.transfer;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * How the bytes travel: plain over a network that is trusted, or with TLS 1.3 where both ends show
 * a certificate that the other trusts.
 */
public final class Carrier {
  /** TCP as it is: bytes go from file to socket inside the kernel. */
  public static final Carrier PLAIN = new Carrier(null);

  private final @Nullable SSLContext context;

  private Carrier(@Nullable SSLContext context) {
    this.context = context;
  }

  /**
   * TLS 1.3 with certificates on both ends; a source must have one for the name or address under
   * which it is called.
   *
   * @param context with the node's own key and the authorities that it trusts
   */
  public static Carrier tls(SSLContext context) {
    return new Carrier(context);
  }

  Link accepted(SocketChannel socket, TransferSettings settings) throws IOException {
    PlainLink plain = PlainLink.accepted(socket, settings.patience());
    if (context == null) {
      return plain;
    }
    SSLEngine engine = context.createSSLEngine();
    engine.setUseClientMode(false);
    engine.setSSLParameters(parameters(engine));
    engine.setNeedClientAuth(true);
    return new TlsLink(plain, engine);
  }

  Link connect(InetSocketAddress to, TransferSettings settings) throws IOException {
    PlainLink plain = PlainLink.connect(to, settings.connectTimeout(), settings.patience());
    if (context == null) {
      return plain;
    }
    SSLEngine engine = context.createSSLEngine(to.getHostString(), to.getPort());
    engine.setUseClientMode(true);
    SSLParameters parameters = parameters(engine);
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    engine.setSSLParameters(parameters);
    return new TlsLink(plain, engine);
  }

  private static SSLParameters parameters(SSLEngine engine) {
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setProtocols(new String[] {"TLSv1.3"});
    return parameters;
  }
}
