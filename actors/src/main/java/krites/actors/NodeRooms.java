package krites.actors;

import java.util.List;

/** What a node makes its parts of a job from. */
public interface NodeRooms {
  /**
   * Opens a job to lead it, on a thread that may block.
   *
   * @param again whether it was led before, by a process that is gone
   * @throws Lead.Busy if another process still leads it
   * @throws RuntimeException of bad input, with one clear line as its message
   */
  Lead lead(Job job, boolean again);

  /**
   * Opens a job to host actors of it, on a thread that may block.
   *
   * @throws RuntimeException of bad input, with one clear line as its message
   */
  HostedParts host(Job job);

  /** The devices of this node, for a person. */
  List<String> devices();
}
