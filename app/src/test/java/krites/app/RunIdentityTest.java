package krites.app;

import static krites.app.run.TestJournals.ALONE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import krites.app.config.ConfigReader;
import krites.app.config.RunConfig;
import krites.app.run.RunDirectory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RunIdentityTest {
  @TempDir Path folder;

  private Path model = Path.of("");
  private Path data = Path.of("");
  private Path run = Path.of("");

  @BeforeEach
  void aRunIsStarted() throws IOException {
    model = Files.createDirectory(folder.resolve("model"));
    Files.writeString(model.resolve("model.safetensors"), "weights");
    Files.writeString(model.resolve("config.json"), "{}");
    data = Files.writeString(folder.resolve("train.jsonl"), "{\"a\":1}\n");
    run = folder.resolve("run");
    RunConfig config = config(model, data);
    try (RunDirectory directory = RunDirectory.create(run, "", 0, config.journal(), ALONE)) {
      directory.writeIdentity(RunIdentity.of(config).values());
    }
  }

  @Test
  void theSameInputsAreTheSameWhereverTheyLie() throws IOException {
    Path elsewhere = Files.move(model, folder.resolve("elsewhere"));
    Path moved = Files.move(data, folder.resolve("moved.jsonl"));
    Files.writeString(elsewhere.resolve("notes.md"), "belongs to nobody");

    RunIdentity.of(config(elsewhere, moved, "learner.lr=0.5", "run.steps=77")).requireSameAs(run);
  }

  @Test
  void otherWeightsAreRefused() throws IOException {
    Files.writeString(model.resolve("model.safetensors"), "weighty");

    String message = refused(config(model, data));

    assertTrue(
        message.matches(
            "model\\.path: expected a model of 9 bytes with crc [0-9a-f]{8} as in the run to resume,"
                + " found a model of 9 bytes with crc [0-9a-f]{8}"),
        message);
  }

  @Test
  void otherDataAreRefused() throws IOException {
    Files.writeString(data, "{\"a\":2}\n");

    String message = refused(config(model, data));

    assertTrue(message.startsWith("data.train: expected data of 8 bytes with crc "), message);
  }

  @Test
  void otherPolicyDataAndAnotherRatioAreRefused() throws IOException {
    assertEquals(
        "data.train-policy: expected none as in the run to resume, found world",
        refused(config(model, data, "data.train-policy=world")));

    RunConfig mixed = config(model, data, "data.train-policy=" + data);
    try (RunDirectory directory =
        RunDirectory.create(folder.resolve("mixed"), "", 0, mixed.journal(), ALONE)) {
      directory.writeIdentity(RunIdentity.of(mixed).values());
    }
    run = folder.resolve("mixed");
    RunIdentity.of(config(model, data, "data.train-policy=" + data, "data.policy-share=0.5"))
        .requireSameAs(run);
    assertEquals(
        "data.policy-share: expected 0.5 as in the run to resume, found 0.25",
        refused(config(model, data, "data.train-policy=" + data, "data.policy-share=0.25")));
    assertTrue(refused(config(model, data)).endsWith("found none"));
  }

  @Test
  void otherSettingsOfTheRunAreRefusedByTheirKey() {
    assertEquals(
        "run.seed: expected 1 as in the run to resume, found 2",
        refused(config(model, data, "run.seed=2")));
    assertEquals(
        "rollout.groups-per-step: expected 16 as in the run to resume, found 32",
        refused(config(model, data, "rollout.groups-per-step=32")));
    assertEquals(
        "model.freeze-vision: expected false as in the run to resume, found true",
        refused(config(model, data, "model.freeze-vision=true")));
    assertTrue(
        refused(config(model, Path.of(RunConfig.BUILT_IN_WORLD)))
            .endsWith(" as in the run to resume, found world"));
  }

  @Test
  void aDamagedIdentityIsOneClearLine() throws IOException {
    Path file = run.resolve(RunDirectory.IDENTITY);
    Files.writeString(file, "{\"run.seed\"");
    String damaged = refused(config(model, data));
    Files.delete(file);
    String missing = refused(config(model, data));

    assertTrue(damaged.startsWith(file + ": expected an object of texts: "), damaged);
    assertTrue(missing.startsWith("cannot read " + file + ", which says what"), missing);
  }

  private String refused(RunConfig config) {
    return assertThrows(InputError.class, () -> RunIdentity.of(config).requireSameAs(run))
        .getMessage();
  }

  private static RunConfig config(Path model, Path data, String... assignments) {
    ConfigReader reader =
        new ConfigReader()
            .withConfigs(List.of())
            .withAssignment("--set", "model.path=" + model)
            .withAssignment("--set", "data.train=" + data);
    for (String assignment : assignments) {
      reader.withAssignment("--set", assignment);
    }
    return reader.read().config();
  }
}
