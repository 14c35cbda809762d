package krites.app;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import krites.app.config.RunConfig;
import krites.app.display.ReadProgress;
import krites.app.display.Terminal;
import krites.data.DatasetCounts;
import krites.data.DatasetException;
import krites.data.DatasetSettings;
import krites.data.PreferenceDataset;
import krites.data.PromptSettings;
import krites.data.TiePolicy;
import krites.grpo.port.PromptSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the data files that a configuration names, and keeps account of what was dropped. */
final class DataFiles {
  private static final Logger LOG = LoggerFactory.getLogger(DataFiles.class);

  private final RunConfig.Data data;
  private final List<String> notes = new ArrayList<>();

  DataFiles(RunConfig.Data data) {
    this.data = data;
  }

  /**
   * Reads and checks a file or a folder of shards.
   *
   * @param training whether a pair may be shown in both orders; an evaluation counts it once
   * @throws krites.data.DatasetException if it cannot be used
   */
  PromptSource read(String name, boolean training) {
    return dataset(name, training);
  }

  /**
   * Reads and checks a file or a folder of shards that has questions to answer and no pairs.
   *
   * @throws krites.data.DatasetException if it cannot be used, or has pairs
   */
  PromptSource questions(String name) {
    PreferenceDataset dataset = dataset(name, true);
    long pairs = dataset.counts().critic();
    if (pairs > 0) {
      dataset.close();
      throw DatasetException.of(
          Path.of(name),
          "holds "
              + pairs
              + " pairs to judge, expected questions with an answer alone, because"
              + " data.train-policy names it; pairs go into data.train");
    }
    return dataset;
  }

  private PreferenceDataset dataset(String name, boolean training) {
    try (ReadProgress bar =
        new ReadProgress(Terminal.standardError(), "reading " + name, System::nanoTime)) {
      PreferenceDataset dataset = PreferenceDataset.read(name, settings(data, training), bar);
      DatasetCounts counts = dataset.counts();
      notes.add(
          "%s: %s, %d rows: %d pairs and %d questions, %s"
              .formatted(
                  name,
                  dataset.reader().format().title(),
                  counts.rows(),
                  counts.critic(),
                  counts.policy(),
                  counts.dropped()));
      counts.bad().first().forEach(complaint -> LOG.warn("left out: {}", complaint));
      return dataset;
    }
  }

  /** What was read, one line a file. */
  List<String> notes() {
    return List.copyOf(notes);
  }

  /** The settings of a section {@code data}. */
  static DatasetSettings settings(RunConfig.Data data, boolean training) {
    TiePolicy ties =
        switch (data.ties()) {
          case DROP -> TiePolicy.DROP;
          case REFUSE -> TiePolicy.REFUSE;
          case TRAIN -> TiePolicy.TRAIN;
          case MAP ->
              switch (data.tieMap()) {
                case FIRST -> TiePolicy.MAP_FIRST;
                case SECOND -> TiePolicy.MAP_SECOND;
                case RANDOM -> TiePolicy.MAP_RANDOM;
              };
        };
    return new DatasetSettings(
        new PromptSettings(
            data.instruction(),
            ties,
            data.order(),
            training && data.bothOrders(),
            data.orderSeed()),
        data.images().isEmpty() ? Optional.empty() : Optional.of(Path.of(data.images())),
        data.namedFormat(),
        data.onBadRow());
  }
}
