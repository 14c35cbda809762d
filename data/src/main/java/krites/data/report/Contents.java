package krites.data.report;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import krites.data.format.Sample;

/** Fingerprints of all images and questions of a data set, to look for in another one. */
public final class Contents {
  private final Set<Long> images = new HashSet<>();
  private final Set<Long> questions = new HashSet<>();
  private final Set<Long> both = new HashSet<>();

  /** What a sample shares with a data set. */
  public enum Shared {
    NOTHING,
    /** The question with at least one of the images. */
    QUESTION_AND_IMAGE,
    IMAGE,
    QUESTION
  }

  /** Adds a sample. */
  void add(Sample sample, List<Long> sampleImages) {
    long question = Fingerprint.of(Fingerprint.question(sample));
    questions.add(question);
    images.addAll(sampleImages);
    sampleImages.forEach(image -> both.add(image * 31 + question));
  }

  /** What a sample of another data set shares with this one. */
  Shared shared(Sample sample, List<Long> sampleImages) {
    long question = Fingerprint.of(Fingerprint.question(sample));
    if (sampleImages.stream().anyMatch(image -> both.contains(image * 31 + question))) {
      return Shared.QUESTION_AND_IMAGE;
    }
    if (sampleImages.stream().anyMatch(images::contains)) {
      return Shared.IMAGE;
    }
    return questions.contains(question) ? Shared.QUESTION : Shared.NOTHING;
  }
}
