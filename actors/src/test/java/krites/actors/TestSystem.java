package krites.actors;

import com.typesafe.config.ConfigFactory;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/** An actor system with the settings of a run and nothing in it. */
public record TestSystem(ActorSystem<Object> system) {
  public static TestSystem start() {
    return new TestSystem(
        ActorSystem.create(Behaviors.ignore(), "wire", KritesRun.config(ConfigFactory.empty())));
  }

  /** Some reference; nothing is ever sent to it. */
  public <T> ActorRef<T> ref() {
    return system.unsafeUpcast();
  }

  public void stop() {
    system.terminate();
  }
}
