package krites.actors.wire;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.module.SimpleModule;
import krites.grpo.flow.LedgerEvent;

/**
 * Teaches Jackson the names of the alternatives that occur inside control messages; other classes
 * are refused.
 */
public final class WireModule extends SimpleModule {
  private static final long serialVersionUID = 1L;

  public WireModule() {
    super("krites-wire");
    setMixInAnnotation(LedgerEvent.class, LedgerEventNames.class);
  }

  /** Names on the wire; they never change, whatever the classes are called. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "event")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = LedgerEvent.GroupStarted.class, name = "started"),
    @JsonSubTypes.Type(value = LedgerEvent.GroupGenerated.class, name = "generated"),
    @JsonSubTypes.Type(value = LedgerEvent.GroupReady.class, name = "ready"),
    @JsonSubTypes.Type(value = LedgerEvent.GroupDropped.class, name = "dropped"),
    @JsonSubTypes.Type(value = LedgerEvent.BatchTaken.class, name = "taken"),
    @JsonSubTypes.Type(value = LedgerEvent.StepTrained.class, name = "trained")
  })
  private interface LedgerEventNames {}
}
