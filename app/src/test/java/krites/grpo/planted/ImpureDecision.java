package krites.grpo.planted;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.util.Date;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Breaks every rule of its room on purpose; KritesArchitectureTest checks that each rule notices.
 */
final class ImpureDecision {
  private final ActorRef<String> reader;

  ImpureDecision(ActorRef<String> reader) {
    this.reader = reader;
  }

  void decide(byte[] bytes) throws IOException, ClassNotFoundException {
    Date now = new Date(System.currentTimeMillis());
    System.out.println(now);
    Object read = new ObjectInputStream(new ByteArrayInputStream(bytes)).readObject();
    reader.tell(read + " " + ThreadLocalRandom.current().nextInt());
  }
}
