package krites.actors.cluster;

import com.typesafe.config.Config;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.cluster.ConfigValidation;
import org.apache.pekko.cluster.Invalid;
import org.apache.pekko.cluster.JoinConfigCompatChecker;
import org.apache.pekko.cluster.Valid$;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Refuses a node of another Krites version or of another cluster, before it is a member. Both sides
 * log one line.
 */
public final class SameCluster extends JoinConfigCompatChecker {
  /** The version of Krites, in the configuration of the actor system. */
  public static final String VERSION = "krites.cluster.version";

  /** The name of the cluster, in the configuration of the actor system. */
  public static final String NAME = "krites.cluster.name";

  @Override
  public Seq<String> requiredKeys() {
    return CollectionConverters.asScala(List.of(VERSION, NAME)).toList();
  }

  /** What the joining node has, against what this one has. */
  @Override
  public ConfigValidation check(Config toCheck, Config actual) {
    List<String> differences = new ArrayList<>();
    for (String key : List.of(VERSION, NAME)) {
      String theirs = toCheck.hasPath(key) ? toCheck.getString(key) : "nothing";
      String ours = actual.getString(key);
      if (!theirs.equals(ours)) {
        differences.add(key + " is " + theirs + " there and " + ours + " here");
      }
    }
    return differences.isEmpty()
        ? Valid$.MODULE$
        : new Invalid(CollectionConverters.asScala(differences).toList());
  }
}
