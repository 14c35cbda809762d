package krites.data.format;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What the rows of one published layout mean. A file's first row says which it is; where a file
 * must not be guessed, the name does.
 */
public sealed interface DatasetFormat
    permits KritesFormat,
        CriticGrpo,
        LlavaCritic,
        RlhfV,
        RlaifV,
        VlFeedback,
        R1Reward,
        VlRewardBench,
        ChosenRejected,
        MultimodalRewardBench,
        RecordedOutputs,
        WildVision,
        MllmJudge,
        EasyR1,
        MathVista,
        Nlvr,
        ShapeWorld {

  /** All formats, in the order in which they are tried. */
  List<DatasetFormat> ALL =
      List.of(
          new LlavaCritic(),
          new VlFeedback(),
          new WildVision(),
          new VlRewardBench(),
          new MultimodalRewardBench(),
          new RecordedOutputs(),
          new MllmJudge(),
          new R1Reward(),
          new ChosenRejected(),
          new RlhfV(),
          new RlaifV(),
          new EasyR1(),
          new MathVista(),
          new Nlvr(),
          new ShapeWorld(false),
          new ShapeWorld(true),
          new CriticGrpo(),
          new KritesFormat());

  /** The value of {@code data.format}. */
  String name();

  /** One line for help and reports. */
  String title();

  /** Whether a row has the columns of this format, and nothing that speaks against it. */
  boolean recognises(Cells row);

  /**
   * What a row means.
   *
   * @throws RowException if a cell is missing or wrong
   */
  RowMeaning read(Cells row);

  /** The format that a file's first row is of. */
  static Optional<DatasetFormat> sniff(Cells first) {
    return ALL.stream().filter(format -> format.recognises(first)).findFirst();
  }

  /** The format of a name. */
  static Optional<DatasetFormat> named(String name) {
    return ALL.stream().filter(format -> format.name().equals(name)).findFirst();
  }

  /** All names, for messages. */
  static String names() {
    return ALL.stream().map(DatasetFormat::name).collect(Collectors.joining(", "));
  }
}
