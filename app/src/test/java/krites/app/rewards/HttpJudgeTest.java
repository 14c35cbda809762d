package krites.app.rewards;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import krites.app.InputError;
import krites.app.config.RewardConfig;
import krites.grpo.FinishReason;
import krites.grpo.ImageRef;
import krites.grpo.LogProbs;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Reward;
import krites.grpo.Task;
import krites.grpo.TokenIds;
import krites.grpo.TokenVersions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A judge against a server on loopback that behaves well or badly. */
final class HttpJudgeTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final byte[] PNG = {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10, 1, 2, 3, 4};
  private static final String KEY = "secret-4711";

  @TempDir private Path folder;

  private final List<String> bodies = new CopyOnWriteArrayList<>();
  private final List<String> keys = new CopyOnWriteArrayList<>();
  private final CountDownLatch done = new CountDownLatch(1);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private HttpServer server;

  interface Behaviour {
    void answer(HttpExchange exchange, String asked) throws IOException;
  }

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    server.setExecutor(threads);
    server.start();
  }

  @AfterEach
  void stop() {
    done.countDown();
    server.stop(0);
    threads.shutdownNow();
  }

  @Test
  void everyResponseIsJudgedWithItsPromptAndPictures() throws Exception {
    serve(
        (exchange, asked) -> say(exchange, asked.contains("good") ? "Well done.\nScore: 9" : "2"));

    List<Reward> rewards = judge().scoreAll(prompt(), responses("good", "bad", "good", "bad"));

    assertEquals(List.of(0.9, 0.2, 0.9, 0.2), rewards.stream().map(Reward::total).toList());
    JsonNode body = MAPPER.readTree(bodies.getFirst());
    assertEquals("judge-7b", body.get("model").asText());
    assertEquals(0, body.get("temperature").asInt());
    assertEquals(64, body.get("max_tokens").asInt());
    JsonNode parts = body.at("/messages/0/content");
    assertEquals("data:image/png;base64,iVBORw0KGgoBAgME", parts.at("/0/image_url/url").asText());
    String text = parts.at("/1/text").asText();
    assertTrue(text.contains("[picture]Which colour?"), text);
    assertTrue(text.contains("The expected answer is: red"), text);
    assertTrue(text.contains("from 0 (wrong) to 10 (right"), text);
    assertEquals("Bearer " + KEY, keys.getFirst());
  }

  @Test
  void whatAResponseSaysIsNoPlaceToFillIn() throws Exception {
    serve((exchange, asked) -> say(exchange, "Score: 0.5"));
    Path file = Files.writeString(folder.resolve("prompt.txt"), "{response}|{answer}|{other}");

    Reward reward =
        HttpJudge.of(settings(file.toString(), 1, false, 1), _ -> PNG, _ -> KEY)
            .score(prompt(), responses("{answer} $1 \\").getFirst());

    assertEquals(0.5, reward.total());
    assertEquals(
        "{answer} $1 \\|red|{other}",
        MAPPER.readTree(bodies.getFirst()).at("/messages/0/content").asText());
  }

  @Test
  void noMoreThanTheLimitIsAskedAtOnce() throws Exception {
    AtomicInteger open = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    serve(
        (exchange, asked) -> {
          most.accumulateAndGet(open.incrementAndGet(), Math::max);
          open.decrementAndGet();
          say(exchange, "Score: 1");
        });

    List<Reward> rewards =
        HttpJudge.of(settings("", 10, false, 2), _ -> PNG, _ -> KEY)
            .scoreAll(prompt(), responses("a", "b", "c", "d", "e", "f", "g"));

    assertEquals(7, rewards.size());
    assertTrue(most.get() <= 2, most + " at once");
  }

  @Test
  void aSlowAnswerIsGivenUp() {
    serve(
        (exchange, asked) -> {
          await();
          say(exchange, "Score: 9");
        });

    assertEquals(at() + "did not answer within 1 s", failed());
  }

  @Test
  void anAnswerThatDripsIsGivenUp() {
    serve(
        (exchange, asked) -> {
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write('{');
          exchange.getResponseBody().flush();
          await();
        });

    assertEquals(at() + "did not answer within 1 s", failed());
  }

  @Test
  void anErrorIsQuotedWithoutTheKey() {
    serve((exchange, asked) -> send(exchange, 500, "out of memory,\n key " + KEY + " is fine"));

    assertEquals(at() + "answered with status 500: \"out of memory,  key *** is fine\"", failed());
  }

  @Test
  void aRedirectIsNotFollowed() {
    AtomicInteger followed = new AtomicInteger();
    server.createContext("/elsewhere", exchange -> followed.incrementAndGet());
    serve(
        (exchange, asked) -> {
          exchange.getResponseHeaders().set("Location", "/elsewhere");
          send(exchange, 307, "");
        });

    assertEquals(at() + "answered with status 307, and redirects are not followed", failed());
    assertEquals(0, followed.get());
  }

  @Test
  void garbageIsNoScore() {
    serve((exchange, asked) -> send(exchange, 200, "<html>"));
    assertEquals(at() + "answered what is no JSON: \"<html>\"", failed());

    serve((exchange, asked) -> send(exchange, 200, "{\"choices\": []}"));
    assertEquals(at() + "answered what is no chat completion: \"{\"choices\": []}\"", failed());

    serve((exchange, asked) -> say(exchange, "I like it."));
    assertEquals(
        at() + "gave no score, expected a line such as Score: 7, found \"I like it.\"", failed());

    serve((exchange, asked) -> say(exchange, "Score: 11"));
    assertEquals(at() + "gave the score 11, expected 0 to 10", failed());
  }

  @Test
  void aHugeAnswerIsNotReadToItsEnd() {
    serve(
        (exchange, asked) -> {
          exchange.sendResponseHeaders(200, 0);
          byte[] piece = new byte[1 << 16];
          try (OutputStream out = exchange.getResponseBody()) {
            for (int i = 0; i < 64 * HttpJudge.ANSWER_BYTES / piece.length; i++) {
              out.write(piece);
            }
          }
        });

    assertEquals(at() + "answered with more than 1048576 bytes", failed());
  }

  @Test
  void nobodyThereIsOneLine() throws IOException {
    int free;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = socket.getLocalPort();
    }
    RewardConfig.Http nobody =
        new RewardConfig.Http(
            "http://127.0.0.1:" + free + "/v1/", "m", "", 10, false, "", 1, 8, 64);

    String message =
        assertThrows(
                IllegalStateException.class,
                () -> HttpJudge.of(nobody, _ -> PNG, _ -> null).scoreAll(prompt(), responses("a")))
            .getMessage();

    assertTrue(
        message.startsWith(
            "the judge at http://127.0.0.1:" + free + "/v1/chat/completions cannot be reached: "),
        message);
  }

  @Test
  void oneFailureIsAFailureOfTheGroup() {
    serve(
        (exchange, asked) -> {
          if (asked.contains("bad")) {
            send(exchange, 503, "busy");
          } else {
            say(exchange, "Score: 1");
          }
        });

    String message =
        assertThrows(
                IllegalStateException.class,
                () -> judge().scoreAll(prompt(), responses("good", "bad", "good")))
            .getMessage();

    assertEquals(at() + "answered with status 503: \"busy\"", message);
  }

  @Test
  void aMissingKeyOrFileIsFoundBeforeARun() throws IOException {
    assertEquals(
        "reward.http.api-key-env: the environment variable JUDGE_API_KEY is not set",
        refused(settings("", 10, true, 8), null));
    String strange = refused(settings("", 10, true, 8), "a\nb" + KEY);
    assertTrue(strange.contains("has characters that no key has"), strange);
    assertFalse(strange.contains(KEY), strange);
    assertEquals(
        "reward.http.prompt: cannot read nowhere.txt: nowhere.txt",
        refused(settings("nowhere.txt", 10, true, 8), KEY));
    Path file = Files.writeString(folder.resolve("prompt.txt"), "Grade {respones}!");
    assertEquals(
        "reward.http.prompt: " + file + " has no place for the response, expected {response}",
        refused(settings(file.toString(), 10, true, 8), KEY));
  }

  private static String refused(RewardConfig.Http settings, String key) {
    return assertThrows(InputError.class, () -> HttpJudge.of(settings, _ -> PNG, _ -> key))
        .getMessage();
  }

  private String failed() {
    return assertThrows(
            IllegalStateException.class, () -> judge().scoreAll(prompt(), responses("x")))
        .getMessage();
  }

  private HttpJudge judge() {
    return HttpJudge.of(settings("", 10, true, 8), _ -> PNG, _ -> KEY);
  }

  private RewardConfig.Http settings(String file, double scale, boolean images, int parallel) {
    return new RewardConfig.Http(
        address(), "judge-7b", file, scale, images, "JUDGE_API_KEY", 1, parallel, 64);
  }

  private String address() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
  }

  private String at() {
    return "the judge at " + address() + "/chat/completions ";
  }

  private void serve(Behaviour behaviour) {
    try {
      server.removeContext("/v1");
    } catch (IllegalArgumentException first) {
      assertTrue(bodies.isEmpty());
    }
    server.createContext(
        "/v1",
        exchange -> {
          String asked =
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          bodies.add(asked);
          keys.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
          try (exchange) {
            behaviour.answer(exchange, asked);
          }
        });
  }

  private static void say(HttpExchange exchange, String text) throws IOException {
    send(
        exchange,
        200,
        MAPPER.writeValueAsString(
            Map.of("choices", List.of(Map.of("message", Map.of("content", text))))));
  }

  private static void send(HttpExchange exchange, int status, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  private void await() {
    try {
      done.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UncheckedIOException(new IOException(e));
    }
  }

  private static Prompt prompt() {
    return new Prompt(
        "p", Task.POLICY, "<image>Which colour?", List.of(new ImageRef("a.png")), "red", Map.of());
  }

  private static List<Response> responses(String... texts) {
    List<Response> responses = new ArrayList<>();
    for (String text : texts) {
      responses.add(
          new Response(
              TokenIds.of(1),
              LogProbs.of(-1f),
              FinishReason.STOP,
              text,
              TokenVersions.of(new PolicyVersion(0, 0), 1)));
    }
    return responses;
  }
}
