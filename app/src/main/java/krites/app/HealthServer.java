package krites.app;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import krites.app.config.NodeConfig;

/**
 * Answers over HTTP how a node is: {@code /alive} while the process answers at all, {@code /ready}
 * while it is a full member, {@code /members} to whoever has the token. Nothing can be changed
 * here.
 */
final class HealthServer implements AutoCloseable {
  private static final int BACKLOG = 16; // probes of one or two watchers

  private static final int THREADS = 2; // a slow reader does not keep the next probe waiting

  private static final int OK = 200;
  private static final int UNAUTHORIZED = 401;
  private static final int NOT_FOUND = 404;
  private static final int NOT_READY = 503;

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final HttpServer server;
  private final ExecutorService threads;

  private HealthServer(HttpServer server, ExecutorService threads) {
    this.server = server;
    this.threads = threads;
  }

  private record Answer(int status, String text) {}

  /**
   * Starts to answer.
   *
   * @param ready whether the node is a full member
   * @param members a line for each member
   * @throws InputError if it cannot listen there
   */
  static HealthServer start(
      NodeConfig.Health settings, BooleanSupplier ready, Supplier<List<String>> members) {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(settings.host(), settings.port()), BACKLOG);
      ExecutorService threads =
          Executors.newFixedThreadPool(
              THREADS, Thread.ofPlatform().daemon().name("krites-health").factory());
      server.setExecutor(threads);
      server.createContext("/", exchange -> answer(exchange, settings, ready, members));
      server.start();
      return new HealthServer(server, threads);
    } catch (IOException e) {
      throw new InputError(
          "cannot answer health questions at "
              + settings.host()
              + ":"
              + settings.port()
              + ": "
              + e.getMessage(),
          e);
    }
  }

  int port() {
    return server.getAddress().getPort();
  }

  private static void answer(
      HttpExchange exchange,
      NodeConfig.Health settings,
      BooleanSupplier ready,
      Supplier<List<String>> members)
      throws IOException {
    try (exchange) {
      Answer answer =
          switch (exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath()) {
            case "GET /alive" -> new Answer(OK, "alive\n");
            case "GET /ready" ->
                ready.getAsBoolean()
                    ? new Answer(OK, "ready\n")
                    : new Answer(NOT_READY, "not ready\n");
            case "GET /members" -> members(exchange, settings.token(), members);
            default -> new Answer(NOT_FOUND, "not here\n");
          };
      byte[] body = answer.text().getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(answer.status(), body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private static Answer members(
      HttpExchange exchange, Optional<String> token, Supplier<List<String>> members)
      throws IOException {
    if (token.isEmpty()) {
      return new Answer(NOT_FOUND, "not here\n");
    }
    return isAllowed(exchange, token.get())
        ? new Answer(OK, MAPPER.writeValueAsString(Map.of("members", members.get())) + "\n")
        : new Answer(UNAUTHORIZED, "a token is needed\n");
  }

  /** Takes as long for a token that is nearly right as for any other. */
  private static boolean isAllowed(HttpExchange exchange, String token) {
    String given =
        Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization")).orElse("");
    byte[] wanted = ("Bearer " + token).getBytes(StandardCharsets.UTF_8);
    return MessageDigest.isEqual(wanted, given.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
