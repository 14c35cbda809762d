package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import krites.app.config.NodeConfig;
import org.junit.jupiter.api.Test;

final class HealthServerTest {
  private final AtomicBoolean ready = new AtomicBoolean();

  private String ask(HealthServer server, String method, String path, String token)
      throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
              .method(method, HttpRequest.BodyPublishers.noBody());
      if (!token.isEmpty()) {
        request.header("Authorization", "Bearer " + token);
      }
      HttpResponse<String> answer =
          client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      return answer.statusCode() + " " + answer.body().strip();
    }
  }

  private HealthServer start(Optional<String> token) {
    return HealthServer.start(
        new NodeConfig.Health("127.0.0.1", 0, token), ready::get, () -> List.of("a up", "b up"));
  }

  @Test
  void aNodeIsAliveAtOnceAndReadyWhenItIsAMember() throws Exception {
    try (HealthServer server = start(Optional.empty())) {
      assertEquals("200 alive", ask(server, "GET", "/alive", ""));
      assertEquals("503 not ready", ask(server, "GET", "/ready", ""));
      ready.set(true);
      assertEquals("200 ready", ask(server, "GET", "/ready", ""));
      assertEquals("404 not here", ask(server, "GET", "/members", "anything"));
      assertEquals("404 not here", ask(server, "POST", "/alive", ""));
      assertEquals("404 not here", ask(server, "GET", "/alive/../../etc/passwd", ""));
    }
  }

  @Test
  void membersAreToldToWhoeverHasTheToken() throws Exception {
    try (HealthServer server = start(Optional.of("s3cret"))) {
      assertEquals("401 a token is needed", ask(server, "GET", "/members", ""));
      assertEquals("401 a token is needed", ask(server, "GET", "/members", "s3cre"));
      assertEquals(
          "200 {\"members\":[\"a up\",\"b up\"]}", ask(server, "GET", "/members", "s3cret"));
    }
  }
}
