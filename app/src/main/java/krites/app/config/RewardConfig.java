package krites.app.config;

import static krites.app.config.InvalidSetting.above;
import static krites.app.config.InvalidSetting.atLeast;
import static krites.app.config.InvalidSetting.fraction;
import static krites.app.config.InvalidSetting.require;

import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import krites.reward.FormatWeight;

/**
 * Section {@code reward} of {@code krites.conf}: what responses earn, and how long that may take.
 */
public record RewardConfig(
    Kind kind,
    FormatWeight formatWeight,
    String className,
    List<String> classOptions,
    Http http,
    int workers,
    int deadlineSeconds,
    int attempts,
    int breakerFailures,
    int breakerSeconds,
    OnFailure onFailure,
    double defaultReward) {

  /** Values of {@code reward.kind}. */
  public enum Kind {
    BUILTIN,
    CLASS,
    HTTP
  }

  /** Values of {@code reward.on-failure}. */
  public enum OnFailure {
    DROP,
    DEFAULT
  }

  public RewardConfig {
    classOptions = List.copyOf(classOptions);
    require(
        (kind == Kind.CLASS) != className.isBlank(),
        "reward.class",
        kind == Kind.CLASS
            ? "the name of a class because reward.kind = class"
            : "nothing because reward.kind is not class",
        className.isBlank() ? "nothing" : className);
    require(
        kind == Kind.CLASS || classOptions.isEmpty(),
        "reward.class-options",
        "none because reward.kind is not class",
        classOptions);
    options(classOptions);
    require(
        (kind == Kind.HTTP) != http.url().isBlank(),
        "reward.http.url",
        kind == Kind.HTTP
            ? "the address of a server because reward.kind = http"
            : "nothing because reward.kind is not http",
        http.url().isBlank() ? "nothing" : http.url());
    require(
        kind != Kind.HTTP || !http.model().isBlank(),
        "reward.http.model",
        "the name of a model because reward.kind = http",
        "nothing");
    atLeast("reward.workers", 1, workers);
    atLeast("reward.deadline-seconds", 1, deadlineSeconds);
    atLeast("reward.attempts", 1, attempts);
    atLeast("reward.breaker-failures", 0, breakerFailures);
    atLeast("reward.breaker-seconds", 1, breakerSeconds);
    require(
        Double.isFinite(defaultReward), "reward.default-reward", "a finite number", defaultReward);
  }

  /** The weight of the format term, checked under the names of its keys. */
  static FormatWeight weight(double start, double end, int steps) {
    fraction("reward.format-weight", start);
    fraction("reward.format-weight-end", end);
    atLeast("reward.format-weight-steps", 0, steps);
    return new FormatWeight(start, end, steps);
  }

  /** A judge that may take longer than the deadline of its group would be asked in vain. */
  void requireTimeFor(int groupSize) {
    if (kind == Kind.HTTP) {
      long rounds = Math.ceilDiv(groupSize, http.parallel());
      require(
          rounds * http.timeoutSeconds() <= deadlineSeconds,
          "reward.http.timeout-seconds",
          "at most "
              + deadlineSeconds / rounds
              + ", so that rollout.group-size = "
              + groupSize
              + " responses, reward.http.parallel = "
              + http.parallel()
              + " at once, end within reward.deadline-seconds = "
              + deadlineSeconds,
          http.timeoutSeconds());
    }
  }

  /** The options of the class by name, in the order given. */
  public Map<String, String> options() {
    return options(classOptions);
  }

  private static Map<String, String> options(List<String> assignments) {
    Map<String, String> options = new LinkedHashMap<>();
    for (String assignment : assignments) {
      int at = assignment.indexOf('=');
      require(at > 0, "reward.class-options", "texts of the form name=value", assignment);
      String name = assignment.substring(0, at);
      require(
          options.put(name, assignment.substring(at + 1)) == null,
          "reward.class-options",
          "each name once",
          name);
    }
    return options;
  }

  /** Section {@code reward.http}. */
  public record Http(
      String url,
      String model,
      String prompt,
      double scale,
      boolean images,
      String apiKeyEnv,
      int timeoutSeconds,
      int parallel,
      int maxTokens) {
    /** A job must not be able to send any other secret of a node's environment to its judge. */
    private static final Pattern KEY_NAME = Pattern.compile("[A-Z][A-Z0-9_]*_API_KEY");

    public Http {
      require(
          url.isBlank() || isPlainAddress(url),
          "reward.http.url",
          "an address such as http://host:8000/v1, without user, query or fragment",
          withoutUser(url));
      above("reward.http.scale", 0, scale);
      require(
          apiKeyEnv.isEmpty() || KEY_NAME.matcher(apiKeyEnv).matches(),
          "reward.http.api-key-env",
          "the name of an environment variable in capitals that ends with _API_KEY",
          apiKeyEnv);
      atLeast("reward.http.timeout-seconds", 1, timeoutSeconds);
      atLeast("reward.http.parallel", 1, parallel);
      atLeast("reward.http.max-tokens", 1, maxTokens);
    }

    private static boolean isPlainAddress(String url) {
      try {
        URI uri = URI.create(url);
        return ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
            && uri.getHost() != null
            && uri.getRawUserInfo() == null
            && uri.getRawQuery() == null
            && uri.getRawFragment() == null;
      } catch (IllegalArgumentException e) {
        return false;
      }
    }

    /** For messages: what stands before an {@code @} may be a password. */
    private static String withoutUser(String url) {
      return url.replaceAll("//.*@", "//...@");
    }
  }
}
