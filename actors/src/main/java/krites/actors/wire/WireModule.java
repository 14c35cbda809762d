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
    @JsonSubTypes.Type(value = LedgerEvent.RunStarted.class, name = "run-started"),
    @JsonSubTypes.Type(value = LedgerEvent.RunResumed.class, name = "run-resumed"),
    @JsonSubTypes.Type(value = LedgerEvent.VersionPublished.class, name = "published"),
    @JsonSubTypes.Type(value = LedgerEvent.GroupStarted.class, name = "started"),
    @JsonSubTypes.Type(value = LedgerEvent.GroupDispatched.class, name = "dispatched"),
    @JsonSubTypes.Type(value = LedgerEvent.CopyLost.class, name = "copy-lost"),
    @JsonSubTypes.Type(value = LedgerEvent.GroupCut.class, name = "cut"),
    @JsonSubTypes.Type(value = LedgerEvent.GroupGenerated.class, name = "generated"),
    @JsonSubTypes.Type(value = LedgerEvent.GroupReady.class, name = "ready"),
    @JsonSubTypes.Type(value = LedgerEvent.GroupDropped.class, name = "dropped"),
    @JsonSubTypes.Type(value = LedgerEvent.PromptSetAside.class, name = "set-aside"),
    @JsonSubTypes.Type(value = LedgerEvent.BatchTaken.class, name = "taken"),
    @JsonSubTypes.Type(value = LedgerEvent.StepTrained.class, name = "trained"),
    @JsonSubTypes.Type(value = LedgerEvent.CheckpointWritten.class, name = "checkpoint"),
    @JsonSubTypes.Type(value = LedgerEvent.SettingChanged.class, name = "changed"),
    @JsonSubTypes.Type(value = LedgerEvent.RunEnded.class, name = "run-ended")
  })
  private interface LedgerEventNames {}
}
