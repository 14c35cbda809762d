package krites.actors.wire;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.Serializer;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BiConsumer;
import java.util.function.Function;
import krites.actors.Learner;
import krites.actors.Orchestrator;
import krites.actors.RewardWorker;
import krites.actors.RolloutWorker;
import krites.grpo.EncodedPrompt;
import krites.grpo.FinishReason;
import krites.grpo.Group;
import krites.grpo.ImageGrid;
import krites.grpo.ImageRef;
import krites.grpo.LogProbs;
import krites.grpo.PartialGroup;
import krites.grpo.PartialResponse;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Reward;
import krites.grpo.Sampling;
import krites.grpo.ScoredGroup;
import krites.grpo.Task;
import krites.grpo.TokenIds;
import krites.grpo.TokenVersions;
import krites.grpo.TrainingBatch;
import krites.grpo.TrainingGroup;
import krites.grpo.Tuning;
import krites.grpo.port.GroupRequest;

/**
 * The form of every data class on the wire. Fields follow each other without names; integers are of
 * variable length, token ids and log-probs of fixed length, strings UTF-8 with their length in
 * bytes.
 */
final class DataSchema {
  private DataSchema() {}

  /** A Kryo that knows the data classes and no others. The numbers are append only. */
  static Kryo kryo() {
    Kryo kryo = new Kryo();
    kryo.setRegistrationRequired(true);
    kryo.setReferences(false);
    register(
        kryo,
        20,
        Orchestrator.GroupGenerated.class,
        DataSchema::writeGenerated,
        DataSchema::readGenerated);
    register(
        kryo,
        21,
        Orchestrator.GroupScored.class,
        DataSchema::writeScoredBy,
        DataSchema::readScoredBy);
    register(
        kryo,
        22,
        RewardWorker.Score.class,
        (out, score) -> writeGroup(out, score.group()),
        in -> new RewardWorker.Score(readGroup(in)));
    register(
        kryo,
        23,
        Learner.Train.class,
        (out, train) -> writeBatch(out, train.batch()),
        in -> new Learner.Train(readBatch(in)));
    register(
        kryo,
        24,
        RolloutWorker.Generate.class,
        DataSchema::writeGenerate,
        DataSchema::readGenerate);
    register(kryo, 25, Orchestrator.GroupCut.class, DataSchema::writeCut, DataSchema::readCut);
    return kryo;
  }

  private static <T> void register(
      Kryo kryo, int id, Class<T> type, BiConsumer<Output, T> write, Function<Input, T> read) {
    kryo.register(
        type,
        new Serializer<T>(false, true) {
          @Override
          public void write(Kryo k, Output output, T value) {
            write.accept(output, value);
          }

          @Override
          public T read(Kryo k, Input input, Class<? extends T> t) {
            return read.apply(input);
          }
        },
        id);
  }

  // --- messages
  // ------------------------------------------------------------------------------------------------

  private static void writeGenerated(Output out, Orchestrator.GroupGenerated message) {
    writeText(out, message.worker());
    writeGroup(out, message.group());
  }

  private static Orchestrator.GroupGenerated readGenerated(Input in) {
    return new Orchestrator.GroupGenerated(readText(in), readGroup(in));
  }

  private static void writeScoredBy(Output out, Orchestrator.GroupScored message) {
    writeText(out, message.worker());
    writeScored(out, message.scored());
  }

  private static Orchestrator.GroupScored readScoredBy(Input in) {
    return new Orchestrator.GroupScored(readText(in), readScored(in));
  }

  private static void writeGenerate(Output out, RolloutWorker.Generate message) {
    GroupRequest request = message.request();
    out.writeVarLong(request.groupId(), false);
    writePrompt(out, request.prompt());
    writeSampling(out, request.sampling());
    out.writeLong(request.seed());
    writeOptional(out, request.prefix(), DataSchema::writePartial);
    out.writeVarInt(request.tokenBudget(), true);
    writeVersion(out, message.minVersion());
  }

  private static RolloutWorker.Generate readGenerate(Input in) {
    var request =
        new GroupRequest(
            in.readVarLong(false),
            readPrompt(in),
            readSampling(in),
            in.readLong(),
            readOptional(in, DataSchema::readPartial),
            in.readVarInt(true));
    return new RolloutWorker.Generate(request, readVersion(in));
  }

  private static void writeCut(Output out, Orchestrator.GroupCut message) {
    writeText(out, message.worker());
    writePartial(out, message.partial());
  }

  private static Orchestrator.GroupCut readCut(Input in) {
    return new Orchestrator.GroupCut(readText(in), readPartial(in));
  }

  // --- stages
  // --------------------------------------------------------------------------------------------------

  static void writeBatch(Output out, TrainingBatch batch) {
    out.writeVarLong(batch.step(), true);
    writeVersion(out, batch.policy());
    out.writeVarInt(batch.maxStaleness(), true);
    writeList(out, batch.groups(), DataSchema::writeTrainingGroup);
    writeTuning(out, batch.tuning());
  }

  static TrainingBatch readBatch(Input in) {
    long step = in.readVarLong(true);
    PolicyVersion policy = readVersion(in);
    int maxStaleness = in.readVarInt(true);
    List<TrainingGroup> groups = readList(in, DataSchema::readTrainingGroup);
    return new TrainingBatch(step, policy, groups, maxStaleness, readTuning(in));
  }

  private static void writeTuning(Output out, Tuning tuning) {
    writeOptional(out, tuning.learningRate());
    writeOptional(out, tuning.clipLow());
    writeOptional(out, tuning.clipHigh());
    writeOptional(out, tuning.klCoefficient());
  }

  private static Tuning readTuning(Input in) {
    return new Tuning(readOptional(in), readOptional(in), readOptional(in), readOptional(in));
  }

  private static void writeTrainingGroup(Output out, TrainingGroup group) {
    writeScored(out, group.scored());
    writeList(out, group.advantages(), Output::writeDouble);
  }

  private static TrainingGroup readTrainingGroup(Input in) {
    return new TrainingGroup(readScored(in), readList(in, Input::readDouble));
  }

  private static void writeScored(Output out, ScoredGroup scored) {
    writeGroup(out, scored.group());
    writeList(out, scored.rewards(), DataSchema::writeReward);
  }

  private static ScoredGroup readScored(Input in) {
    return new ScoredGroup(readGroup(in), readList(in, DataSchema::readReward));
  }

  private static void writeReward(Output out, Reward reward) {
    out.writeDouble(reward.total());
    writeMap(out, reward.terms(), Output::writeDouble);
  }

  private static Reward readReward(Input in) {
    return new Reward(in.readDouble(), readMap(in, Input::readDouble));
  }

  private static void writeGroup(Output out, Group group) {
    out.writeVarLong(group.id(), false);
    writePrompt(out, group.prompt());
    writeEncoded(out, group.encoded());
    writeList(out, group.responses(), DataSchema::writeResponse);
  }

  private static Group readGroup(Input in) {
    return new Group(
        in.readVarLong(false),
        readPrompt(in),
        readEncoded(in),
        readList(in, DataSchema::readResponse));
  }

  private static void writePartial(Output out, PartialGroup group) {
    out.writeVarLong(group.id(), false);
    writePrompt(out, group.prompt());
    writeEncoded(out, group.encoded());
    writeList(out, group.responses(), DataSchema::writePartialResponse);
  }

  private static PartialGroup readPartial(Input in) {
    return new PartialGroup(
        in.readVarLong(false),
        readPrompt(in),
        readEncoded(in),
        readList(in, DataSchema::readPartialResponse));
  }

  private static void writeEncoded(Output out, EncodedPrompt encoded) {
    writeTokens(out, encoded.ids());
    writeList(out, encoded.grids(), DataSchema::writeGrid);
  }

  private static EncodedPrompt readEncoded(Input in) {
    return new EncodedPrompt(readTokens(in), readList(in, DataSchema::readGrid));
  }

  private static void writeSampling(Output out, Sampling sampling) {
    out.writeVarInt(sampling.groupSize(), true);
    out.writeFloat(sampling.temperature());
    out.writeFloat(sampling.topP());
    out.writeVarInt(sampling.topK(), true);
    out.writeFloat(sampling.repetitionPenalty());
    out.writeVarInt(sampling.maxNewTokens(), true);
    writeList(out, sampling.stopStrings(), DataSchema::writeText);
  }

  private static Sampling readSampling(Input in) {
    return new Sampling(
        in.readVarInt(true),
        in.readFloat(),
        in.readFloat(),
        in.readVarInt(true),
        in.readFloat(),
        in.readVarInt(true),
        readList(in, DataSchema::readText));
  }

  private static void writePrompt(Output out, Prompt prompt) {
    writeText(out, prompt.id());
    writeText(out, prompt.task().name());
    writeText(out, prompt.text());
    writeList(out, prompt.images(), (o, image) -> writeText(o, image.name()));
    writeText(out, prompt.answer());
    writeMap(out, prompt.tags(), DataSchema::writeText);
  }

  private static Prompt readPrompt(Input in) {
    String id = readText(in);
    Task task = Task.valueOf(readText(in));
    String text = readText(in);
    List<ImageRef> images = readList(in, i -> new ImageRef(readText(i)));
    String answer = readText(in);
    return new Prompt(id, task, text, images, answer, readMap(in, DataSchema::readText));
  }

  private static void writeGrid(Output out, ImageGrid grid) {
    out.writeVarInt(grid.frames(), true);
    out.writeVarInt(grid.rows(), true);
    out.writeVarInt(grid.columns(), true);
  }

  private static ImageGrid readGrid(Input in) {
    return new ImageGrid(in.readVarInt(true), in.readVarInt(true), in.readVarInt(true));
  }

  private static void writeResponse(Output out, Response response) {
    writeTokens(out, response.ids());
    writeLogProbs(out, response.behaviourLogProbs());
    writeText(out, response.finish().name());
    writeText(out, response.text());
    writeVersions(out, response.versions());
  }

  private static Response readResponse(Input in) {
    TokenIds ids = readTokens(in);
    LogProbs logProbs = readLogProbs(in);
    FinishReason finish = FinishReason.valueOf(readText(in));
    return new Response(ids, logProbs, finish, readText(in), readVersions(in));
  }

  private static void writePartialResponse(Output out, PartialResponse response) {
    writeTokens(out, response.ids());
    writeLogProbs(out, response.behaviourLogProbs());
    writeVersions(out, response.versions());
    writeOptional(out, response.finish(), (o, finish) -> writeText(o, finish.name()));
  }

  private static PartialResponse readPartialResponse(Input in) {
    return new PartialResponse(
        readTokens(in),
        readLogProbs(in),
        readVersions(in),
        readOptional(in, i -> FinishReason.valueOf(readText(i))));
  }

  private static void writeVersions(Output out, TokenVersions versions) {
    writeList(
        out,
        versions.spans(),
        (o, span) -> {
          writeVersion(o, span.version());
          o.writeVarInt(span.tokens(), true);
        });
  }

  private static TokenVersions readVersions(Input in) {
    return new TokenVersions(
        readList(in, i -> new TokenVersions.Span(readVersion(i), i.readVarInt(true))));
  }

  private static void writeVersion(Output out, PolicyVersion version) {
    out.writeVarLong(version.term(), true);
    out.writeVarLong(version.number(), true);
  }

  private static PolicyVersion readVersion(Input in) {
    return new PolicyVersion(in.readVarLong(true), in.readVarLong(true));
  }

  // --- parts
  // ---------------------------------------------------------------------------------------------------

  private static void writeTokens(Output out, TokenIds tokens) {
    int[] ids = tokens.toArray();
    out.writeVarInt(ids.length, true);
    out.writeInts(ids, 0, ids.length);
  }

  private static TokenIds readTokens(Input in) {
    return TokenIds.of(in.readInts(readLength(in, Integer.BYTES)));
  }

  private static void writeLogProbs(Output out, LogProbs logProbs) {
    float[] values = logProbs.toArray();
    out.writeVarInt(values.length, true);
    out.writeFloats(values, 0, values.length);
  }

  private static LogProbs readLogProbs(Input in) {
    return LogProbs.of(in.readFloats(readLength(in, Float.BYTES)));
  }

  private static <T> void writeOptional(
      Output out, Optional<T> value, BiConsumer<Output, T> write) {
    out.writeBoolean(value.isPresent());
    value.ifPresent(present -> write.accept(out, present));
  }

  private static <T> Optional<T> readOptional(Input in, Function<Input, T> read) {
    return in.readBoolean() ? Optional.of(read.apply(in)) : Optional.empty();
  }

  private static void writeText(Output out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeVarInt(bytes.length, true);
    out.writeBytes(bytes);
  }

  private static String readText(Input in) {
    return new String(in.readBytes(readLength(in, 1)), StandardCharsets.UTF_8);
  }

  private static void writeOptional(Output out, OptionalDouble value) {
    out.writeBoolean(value.isPresent());
    value.ifPresent(out::writeDouble);
  }

  private static OptionalDouble readOptional(Input in) {
    return in.readBoolean() ? OptionalDouble.of(in.readDouble()) : OptionalDouble.empty();
  }

  private static <T> void writeList(Output out, List<T> values, BiConsumer<Output, T> write) {
    out.writeVarInt(values.size(), true);
    values.forEach(value -> write.accept(out, value));
  }

  private static <T> List<T> readList(Input in, Function<Input, T> read) {
    int size = readLength(in, 1);
    List<T> values = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      values.add(read.apply(in));
    }
    return values;
  }

  private static <V> void writeMap(Output out, Map<String, V> values, BiConsumer<Output, V> write) {
    out.writeVarInt(values.size(), true);
    values.forEach(
        (key, value) -> {
          writeText(out, key);
          write.accept(out, value);
        });
  }

  private static <V> Map<String, V> readMap(Input in, Function<Input, V> read) {
    int size = readLength(in, 2);
    Map<String, V> values = new LinkedHashMap<>();
    for (int i = 0; i < size; i++) {
      values.put(readText(in), read.apply(in));
    }
    return values;
  }

  /**
   * A number of elements of at least {@code bytesEach}; refused when fewer bytes are left than they
   * need.
   */
  private static int readLength(Input in, int bytesEach) {
    int length = in.readVarInt(true);
    long left = (long) in.limit() - in.position();
    if (length < 0 || (long) length * bytesEach > left) {
      throw new KryoException("a length of " + length + " with " + left + " bytes left");
    }
    return length;
  }
}
