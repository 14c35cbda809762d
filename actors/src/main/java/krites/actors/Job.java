package krites.actors;

import krites.actors.wire.ControlMessage;

/**
 * A run that a cluster is to make, as every node is told of it.
 *
 * @param id unlike that of any other job; letters, digits, dashes, dots and underscores
 * @param config the resolved configuration as text
 * @param folder of the run, under a path that means the same on every node
 * @param resume whether the folder holds a run that goes on
 * @param version of Krites that submitted it
 * @param secret 32 hexadecimal digits, which nodes show each other when weights are fetched
 */
public record Job(
    String id, String config, String folder, boolean resume, String version, String secret)
    implements ControlMessage {
  public Job {
    if (!id.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,120}")) {
      throw new IllegalArgumentException("job id '" + id + "'");
    }
    if (!secret.matches("[0-9a-f]{32}")) {
      throw new IllegalArgumentException("the secret of job " + id + " has another form");
    }
  }

  /** Without the secret and the configuration. */
  @Override
  public String toString() {
    return "Job[" + id + ", " + folder + (resume ? ", resumed" : "") + ", " + version + "]";
  }
}
