package krites.app.rewards;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import krites.app.InputError;
import krites.app.config.RewardConfig;
import krites.data.format.ImageKind;
import krites.grpo.ImageRef;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Reward;
import krites.grpo.port.ImageStore;
import krites.grpo.port.RewardFunction;
import org.jspecify.annotations.Nullable;

/**
 * A judge behind OpenAI's chat interface: each response is shown to it with its prompt, at
 * temperature 0, and the score that it gives is the reward, from 0 to 1.
 *
 * <p>A call blocks its reward worker, at most for the timeout times the rounds that a group needs;
 * every way to fail is an {@link IllegalStateException} with one line, and so a failed try. Answers
 * are read up to a limit, redirects are not followed, and the key is in no message.
 */
final class HttpJudge implements RewardFunction {
  /** Far above any verdict; what is longer is no answer of a judge. */
  static final int ANSWER_BYTES = 1 << 20;

  /** What the JDK says of a body that is longer than its limit. */
  private static final String BEYOND_LIMIT = "exceeds capacity";

  private static final int QUOTED = 200; // of an answer, in a message
  private static final int OK = 200;
  private static final int REDIRECTS = 300;
  private static final int ERRORS = 400;
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final RewardConfig.Http settings;
  private final URI place;
  private final JudgePrompt prompt;
  private final ImageStore images;
  private final Optional<String> key;
  private final HttpClient client;

  private HttpJudge(
      RewardConfig.Http settings, JudgePrompt prompt, ImageStore images, Optional<String> key) {
    this.settings = settings;
    this.place = URI.create(settings.url().replaceAll("/+$", "") + "/chat/completions");
    this.prompt = prompt;
    this.images = images;
    this.key = key;
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(timeout())
            .build();
  }

  /**
   * A judge that was not asked anything yet.
   *
   * @param environment value of a variable, or null
   * @throws InputError if the prompt's file cannot be used, or the variable of the key is not set
   */
  static HttpJudge of(
      RewardConfig.Http settings, ImageStore images, UnaryOperator<@Nullable String> environment) {
    return new HttpJudge(
        settings,
        JudgePrompt.of(settings.prompt(), settings.scale()),
        images,
        key(settings.apiKeyEnv(), environment));
  }

  private static Optional<String> key(
      String variable, UnaryOperator<@Nullable String> environment) {
    if (variable.isEmpty()) {
      return Optional.empty();
    }
    String value = environment.apply(variable);
    if (value == null || value.isBlank()) {
      throw new InputError(
          "reward.http.api-key-env: the environment variable " + variable + " is not set");
    }
    if (value.strip().chars().anyMatch(c -> c <= ' ' || c > '~')) {
      throw new InputError(
          "reward.http.api-key-env: the value of "
              + variable
              + " has characters that no key has, such as spaces or line ends");
    }
    return Optional.of(value.strip());
  }

  @Override
  public Reward score(Prompt asked, Response response) {
    return scoreAll(asked, List.of(response)).getFirst();
  }

  /** A request under way, and when its time is up. */
  private record Call(CompletableFuture<HttpResponse<byte[]>> answer, long dueNanos) {}

  @Override
  public List<Reward> scoreAll(Prompt asked, List<Response> responses) {
    List<String> pictures = settings.images() ? pictures(asked) : List.of();
    Deque<Call> calls = new ArrayDeque<>();
    List<Reward> rewards = new ArrayList<>();
    try {
      for (Response response : responses) {
        if (calls.size() == settings.parallel()) {
          rewards.add(reward(calls.remove()));
        }
        calls.add(call(body(asked, response, pictures)));
      }
      while (!calls.isEmpty()) {
        rewards.add(reward(calls.remove()));
      }
      return rewards;
    } finally {
      calls.forEach(call -> call.answer().cancel(true)); // none, unless one failed
    }
  }

  private Call call(byte[] body) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(place)
            .timeout(timeout())
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    key.ifPresent(value -> request.header("Authorization", "Bearer " + value));
    HttpResponse.BodyHandler<byte[]> bounded =
        HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), ANSWER_BYTES);
    return new Call(
        client.sendAsync(request.build(), bounded), System.nanoTime() + timeout().toNanos());
  }

  private Reward reward(Call call) {
    HttpResponse<byte[]> answer = answer(call);
    String text = new String(answer.body(), StandardCharsets.UTF_8);
    int status = answer.statusCode();
    if (status != OK) {
      String more =
          status >= REDIRECTS && status < ERRORS
              ? ", and redirects are not followed"
              : ": " + quoted(text);
      throw failed("answered with status " + status + more, null);
    }
    String said = said(text);
    OptionalDouble score = JudgeScore.of(said);
    if (score.isEmpty()) {
      throw failed("gave no score, expected a line such as Score: 7, found " + quoted(said), null);
    }
    double value = score.getAsDouble();
    if (value < 0 || value > settings.scale()) {
      throw failed(
          "gave the score "
              + JudgePrompt.plain(value)
              + ", expected 0 to "
              + JudgePrompt.plain(settings.scale()),
          null);
    }
    return new Reward(value / settings.scale(), Map.of());
  }

  /** The request's own timeout ends with the headers; this one ends with the last byte. */
  private HttpResponse<byte[]> answer(Call call) {
    try {
      return call.answer()
          .get(Math.max(0, call.dueNanos() - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      call.answer().cancel(true);
      throw failed("did not answer within " + settings.timeoutSeconds() + " s", e);
    } catch (InterruptedException e) {
      call.answer().cancel(true);
      Thread.currentThread().interrupt();
      throw failed("was given up because the run ends", e);
    } catch (ExecutionException e) {
      throw failed(trouble(e.getCause() == null ? e : e.getCause()), e);
    }
  }

  private String trouble(Throwable cause) {
    return switch (cause) {
      case java.net.http.HttpTimeoutException _ ->
          "did not answer within " + settings.timeoutSeconds() + " s";
      case java.net.ConnectException refused ->
          "cannot be reached: "
              + (refused.getMessage() == null ? "connection refused" : refused.getMessage());
      case IOException e when String.valueOf(e.getMessage()).contains(BEYOND_LIMIT) ->
          "answered with more than " + ANSWER_BYTES + " bytes";
      default -> "cannot be asked: " + cause;
    };
  }

  private String said(String text) {
    try {
      JsonNode content =
          MAPPER.readTree(text).path("choices").path(0).path("message").path("content");
      if (content.isTextual()) {
        return content.asText();
      }
    } catch (JsonProcessingException e) {
      throw failed("answered what is no JSON: " + quoted(text), e);
    }
    throw failed("answered what is no chat completion: " + quoted(text), null);
  }

  private byte[] body(Prompt asked, Response response, List<String> pictures) {
    ObjectNode body = MAPPER.createObjectNode();
    body.put("model", settings.model());
    body.put("temperature", 0);
    body.put("max_tokens", settings.maxTokens());
    ObjectNode message = body.putArray("messages").addObject();
    message.put("role", "user");
    String text = prompt.text(asked, response);
    if (pictures.isEmpty()) {
      message.put("content", text);
    } else {
      ArrayNode parts = message.putArray("content");
      for (String picture : pictures) {
        parts.addObject().put("type", "image_url").putObject("image_url").put("url", picture);
      }
      parts.addObject().put("type", "text").put("text", text);
    }
    try {
      return MAPPER.writeValueAsBytes(body);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<String> pictures(Prompt asked) {
    List<String> urls = new ArrayList<>();
    for (ImageRef image : asked.images()) {
      try {
        byte[] bytes = images.read(image);
        String kind =
            ImageKind.of(bytes)
                .map(each -> each == ImageKind.JPEG ? "jpeg" : each.end())
                .orElse("png");
        urls.add("data:image/" + kind + ";base64," + Base64.getEncoder().encodeToString(bytes));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return urls;
  }

  private Duration timeout() {
    return Duration.ofSeconds(settings.timeoutSeconds());
  }

  /** Servers quote the key in their complaints; it goes before a cut could leave a part of it. */
  private String quoted(String text) {
    String line = withoutKey(text).strip().replaceAll("\\p{Cntrl}+", " ");
    return "\"" + (line.length() <= QUOTED ? line : line.substring(0, QUOTED) + "...") + "\"";
  }

  private IllegalStateException failed(String what, @Nullable Throwable cause) {
    return new IllegalStateException(withoutKey("the judge at " + place + " " + what), cause);
  }

  private String withoutKey(String text) {
    return key.map(value -> text.replace(value, "***")).orElse(text);
  }
}
