package krites.eval.critic;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import krites.data.DatasetException;
import krites.data.DatasetReader;
import krites.data.ImageNames;
import krites.data.RowOutcome;
import krites.data.RowPlace;
import krites.data.format.DatasetFormat;
import krites.data.format.PairText;
import krites.data.format.RowException;
import krites.data.format.Sample;
import krites.eval.UniqueIds;
import krites.grpo.ImageRef;
import krites.grpo.Label;

/**
 * Pairs of a data set, in its order.
 *
 * @param pairs those with a preference and responses that can be told apart
 * @param ties rows that prefer neither, which no accuracy counts
 * @param others rows that are no such pair
 */
public record CriticPairs(List<CriticPair> pairs, long ties, long others) {
  public CriticPairs {
    pairs = List.copyOf(pairs);
  }

  /**
   * Reads a data set of any known format.
   *
   * @param images what relative paths of pictures begin at; empty for the folder of each file
   * @throws DatasetException if a file cannot be read, a row is damaged, or there is no pair
   */
  public static CriticPairs read(
      String name,
      Optional<DatasetFormat> format,
      Optional<Path> images,
      DatasetReader.Progress progress) {
    Reading reading = new Reading(new ImageNames(images));
    try (DatasetReader reader = DatasetReader.open(name, format)) {
      reader.read(reading::accept, progress);
      if (reading.pairs.isEmpty()) {
        throw DatasetException.of(
            Path.of(name),
            "holds no pair to judge (format "
                + reader.format().name()
                + "), expected two responses and a preference");
      }
    }
    return new CriticPairs(reading.pairs, reading.ties, reading.others);
  }

  private static final class Reading {
    private final ImageNames images;
    private final List<CriticPair> pairs = new ArrayList<>();
    private final UniqueIds ids = new UniqueIds();
    private long ties;
    private long others;

    Reading(ImageNames images) {
      this.images = images;
    }

    void accept(RowOutcome outcome) {
      switch (outcome) {
        case RowOutcome.Read(RowPlace place, List<Sample> samples) ->
            samples.forEach(sample -> add(place, sample));
        case RowOutcome.Nothing _ -> others++;
        case RowOutcome.Bad(RowPlace place, String problem, _) ->
            throw DatasetException.of(place, problem);
      }
    }

    private void add(RowPlace place, Sample sample) {
      switch (sample) {
        case Sample.Item _ -> others++;
        case Sample.Pair pair -> {
          Optional<PairText.Fields> text = pair.text().fields();
          if (pair.label() == Label.TIE) {
            ties++;
          } else if (text.isEmpty()) {
            others++;
          } else {
            add(place, pair, text.get());
          }
        }
      }
    }

    private void add(RowPlace place, Sample.Pair pair, PairText.Fields text) {
      List<ImageRef> shown = List.of();
      Optional<String> trouble = Optional.empty();
      try {
        shown = images.of(place, pair.images());
      } catch (RowException e) {
        trouble = Optional.of(place + ": " + e.getMessage());
      }
      pairs.add(
          new CriticPair(
              pairs.size(),
              ids.of(pair.id()),
              pair.id(),
              text.question(),
              text.first(),
              text.second(),
              pair.label(),
              shown,
              trouble,
              pair.tags()));
    }
  }
}
