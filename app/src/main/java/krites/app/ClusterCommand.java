package krites.app;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import krites.actors.ClusterClient;
import krites.actors.ClusterSurvey;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.Wait;
import krites.grpo.record.RunStatus;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code krites cluster}: questions about a cluster. */
@Command(name = "cluster", description = "Says how a cluster is.", synopsisSubcommandLabel = "VERB")
final class ClusterCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;

  private ClusterCommand() {}

  static CommandLine of(PrintStream out) {
    return new CommandLine(new ClusterCommand()).addSubcommand(new Status(out));
  }

  @Override
  public Integer call() {
    if (spec == null) {
      throw new IllegalStateException("called without a command line");
    }
    throw new ParameterException(spec.commandLine(), "expected status");
  }

  /** {@code krites cluster status}. */
  @Command(
      name = "status",
      description =
          "Members, roles, devices, versions held, throughput, and who waits for whom in the job.",
      footer = {
        "",
        "Exit code 0 if every member is up and reachable, 1 otherwise.",
        "",
        "Examples:",
        "  krites cluster status --cluster 127.0.0.1:7400",
        "  krites cluster status --cluster 127.0.0.1:7400 --json"
      })
  static final class Status implements Callable<Integer> {
    private static final ObjectMapper MAPPER =
        new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private final PrintStream out;

    @Option(
        names = "--cluster",
        paramLabel = "HOST:PORT",
        split = ",",
        description = "A node of the cluster, or several. Default: 127.0.0.1:7400.")
    private List<String> cluster = List.of("127.0.0.1:7400");

    @Option(names = "--json", description = "Print one JSON document instead of lines.")
    private boolean json;

    @Mixin private NodeOptions reach = new NodeOptions();

    Status(PrintStream out) {
      this.out = out;
    }

    @Override
    public Integer call() throws JsonProcessingException {
      try (ClusterClient client = ClusterClient.open(reach.client(), cluster)) {
        ClusterSurvey.View view = InputError.guard(client::survey);
        if (json) {
          out.println(MAPPER.writeValueAsString(document(view)));
        } else {
          lines(view).forEach(out::println);
        }
        boolean well =
            view.members().stream()
                .allMatch(member -> member.reachable() && member.status().equals("up"));
        return well ? ExitCode.OK : ExitCode.CHECK_FAILED;
      }
    }

    static List<String> lines(ClusterSurvey.View view) {
      List<String> lines = new ArrayList<>();
      lines.add(
          "cluster "
              + view.cluster()
              + ", Krites "
              + view.version()
              + ": "
              + view.members().size()
              + " members");
      for (ClusterSurvey.MemberView member : view.members()) {
        lines.add(
            "  "
                + member.address()
                + "  "
                + (member.reachable() ? member.status() : "unreachable")
                + "  "
                + String.join(",", new TreeSet<>(member.roles()))
                + member.said().map(Status::devices).orElse("  does not answer"));
        for (ClusterSurvey.HostedActor actor : actors(member)) {
          lines.add(
              "    "
                  + actor.actor()
                  + actor.version().map(version -> "  holds " + version).orElse("")
                  + (actor.version().isPresent()
                      ? String.format(Locale.ROOT, "  %.0f tokens/s", actor.tokensPerSecond())
                      : ""));
        }
      }
      view.job().ifPresentOrElse(job -> job(job, lines), () -> lines.add("no coordinator answers"));
      return lines;
    }

    private static String devices(ClusterSurvey.NodeSaid said) {
      return said.devices().isEmpty() ? "" : "  on " + String.join(",", said.devices());
    }

    private static List<ClusterSurvey.HostedActor> actors(ClusterSurvey.MemberView member) {
      return member.said().map(ClusterSurvey.NodeSaid::actors).orElse(List.of());
    }

    private static void job(ClusterSurvey.JobSaid job, List<String> lines) {
      lines.add(job.job().isEmpty() ? "no job" : "job " + job.job() + ": " + job.phase());
      job.status()
          .ifPresent(
              status -> {
                lines.add(
                    "  "
                        + status.phase()
                        + ", step "
                        + status.step()
                        + " of "
                        + status.steps()
                        + ", "
                        + status.version());
                status.waits().forEach(wait -> lines.add("  " + wait));
              });
    }

    private static Map<String, @Nullable Object> document(ClusterSurvey.View view) {
      Map<String, @Nullable Object> document = new LinkedHashMap<>();
      document.put("cluster", view.cluster());
      document.put("version", view.version());
      document.put("members", view.members().stream().map(Status::member).toList());
      document.put("job", view.job().map(ClusterSurvey.JobSaid::job).orElse(null));
      document.put("phase", view.job().map(ClusterSurvey.JobSaid::phase).orElse(null));
      RunStatus status = view.job().flatMap(ClusterSurvey.JobSaid::status).orElse(null);
      document.put("status", status);
      List<Wait> waits = status == null ? List.of() : status.waits();
      document.put("waits", waits.stream().map(Wait::toString).toList());
      return document;
    }

    private static Map<String, @Nullable Object> member(ClusterSurvey.MemberView member) {
      Map<String, @Nullable Object> fields = new LinkedHashMap<>();
      fields.put("address", member.address());
      fields.put("status", member.status());
      fields.put("reachable", member.reachable());
      fields.put("roles", new TreeSet<>(member.roles()));
      fields.put("devices", member.said().map(ClusterSurvey.NodeSaid::devices).orElse(null));
      fields.put("actors", actors(member).stream().map(Status::actor).toList());
      return fields;
    }

    private static Map<String, @Nullable Object> actor(ClusterSurvey.HostedActor actor) {
      Map<String, @Nullable Object> fields = new LinkedHashMap<>();
      fields.put("name", actor.actor());
      fields.put("version", actor.version().map(PolicyVersion::toString).orElse(null));
      fields.put("tokens_per_second", actor.version().isPresent() ? actor.tokensPerSecond() : null);
      return fields;
    }
  }
}
