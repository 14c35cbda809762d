package krites.grpo.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import krites.grpo.flow.LiveSetting.ClipHigh;
import krites.grpo.flow.LiveSetting.ClipLow;
import krites.grpo.flow.LiveSetting.DropFlatGroups;
import krites.grpo.flow.LiveSetting.KlCoefficient;
import krites.grpo.flow.LiveSetting.LearningRate;
import krites.grpo.flow.LiveSetting.MaxStaleness;
import krites.grpo.flow.LiveSetting.RolloutWorkers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

final class LiveSettingTest {
  @Test
  void everySettingSaysItsKeyAndItsValueAsTheConfigurationWould() {
    List<LiveSetting> settings =
        List.of(
            new MaxStaleness(4),
            new LearningRate(1e-6),
            new ClipLow(0.2),
            new ClipHigh(0.28),
            new KlCoefficient(0),
            new DropFlatGroups(true),
            new RolloutWorkers(3));
    assertEquals(LiveSetting.class.getPermittedSubclasses().length, settings.size());
    assertEquals(
        Map.of(
            "async.max-staleness", "4",
            "learner.lr", "1.0E-6",
            "algorithm.clip-low", "0.2",
            "algorithm.clip-high", "0.28",
            "algorithm.kl-coefficient", "0.0",
            "algorithm.drop-flat-groups", "true",
            "rollout.workers", "3"),
        settings.stream().collect(Collectors.toMap(LiveSetting::key, LiveSetting::value)));
  }

  @Test
  void anImpossibleValueIsRefusedByName() {
    assertEquals(
        "async.max-staleness cannot be -1",
        assertThrows(IllegalArgumentException.class, () -> new MaxStaleness(-1)).getMessage());
    List<Executable> impossible =
        List.of(
            () -> new LearningRate(-1e-9),
            () -> new LearningRate(Double.NaN),
            () -> new LearningRate(Double.POSITIVE_INFINITY),
            () -> new ClipLow(-0.1),
            () -> new ClipLow(1),
            () -> new ClipHigh(-0.1),
            () -> new ClipHigh(Double.NaN),
            () -> new KlCoefficient(-1),
            () -> new KlCoefficient(Double.POSITIVE_INFINITY),
            () -> new RolloutWorkers(0));
    impossible.forEach(each -> assertThrows(IllegalArgumentException.class, each));
  }
}
