package krites.app.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Who may know whom, for what the modules' class paths do not already forbid.
 *
 * <p>Each rule is checked twice: the product keeps it, and a planted violation among the test
 * classes breaks it, so a rule that has stopped biting fails the build too.
 */
class KritesArchitectureTest {
  private static final List<String> ROOMS_WITH_PLANTED =
      List.of("grpo", "model", "reward", "data", "actors", "simulator", "transfer");

  private static JavaClasses product;
  private static JavaClasses planted;

  @BeforeAll
  static void readClasses() {
    product =
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("krites");
    planted =
        new ClassFileImporter()
            .importPackages(
                ROOMS_WITH_PLANTED.stream().map(room -> "krites." + room + ".planted").toList());
  }

  @TestFactory
  Stream<DynamicTest> theProductKeepsTheRule() {
    return rules().entrySet().stream()
        .map(rule -> dynamicTest(rule.getKey(), () -> rule.getValue().check(product)));
  }

  @TestFactory
  Stream<DynamicTest> aPlantedViolationBreaksTheRule() {
    return rules().entrySet().stream()
        .map(
            rule ->
                dynamicTest(
                    rule.getKey(),
                    () ->
                        assertTrue(
                            rule.getValue().evaluate(planted).hasViolation(),
                            "the rule no longer bites")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "grpo",
        "model",
        "rollout",
        "reward",
        "learner",
        "data",
        "eval",
        "actors",
        "simulator",
        "transfer",
        "app"
      })
  void everyRoomIsLookedAt(String room) {
    assertFalse(product.that(resideInAPackage("krites." + room + "..")).isEmpty());
  }

  private static Map<String, ArchRule> rules() {
    Map<String, ArchRule> rules = new TreeMap<>();

    // The decisions must run anywhere and be simulated without a device, an actor or a file format.
    rules.put(
        "grpo knows the JDK and JSpecify only",
        noClasses()
            .that()
            .resideInAPackage("krites.grpo..")
            .should()
            .dependOnClassesThat(
                resideOutsideOfPackages("krites.grpo..", "java..", "org.jspecify..")));

    // Who decides what is sent where must be replaceable, and so must what the bytes mean.
    rules.put(
        "transfer knows the JDK and JSpecify only",
        noClasses()
            .that()
            .resideInAPackage("krites.transfer..")
            .should()
            .dependOnClassesThat(
                resideOutsideOfPackages(
                    "krites.transfer..",
                    "java..",
                    "javax.crypto..",
                    "javax.net.ssl..",
                    "org.jspecify..")));

    // Values in, values out: whoever needs the time or a thread gets it from outside.
    rules.put(
        "grpo reads no clock, no file and starts no thread",
        noClasses()
            .that()
            .resideInAPackage("krites.grpo..")
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .dependOnClassesThat(resideInAnyPackage("java.util.concurrent.."))
            .orShould()
            .dependOnClassesThat()
            .belongToAnyOf(Thread.class, java.time.Clock.class, java.nio.file.Files.class));

    // An actor hands work to a port; a tensor in an actor would cross threads and outlive its
    // scope.
    rules.put(
        "actors know no tensors",
        noClasses()
            .that()
            .resideInAPackage("krites.actors..")
            .should()
            .dependOnClassesThat(resideInAnyPackage("ai.djl..")));

    // The numerical rooms are reached through ports, so the actors can be tested with fakes alone.
    rules.put(
        "actors know grpo and no other room",
        noClasses()
            .that()
            .resideInAPackage("krites.actors..")
            .should()
            .dependOnClassesThat(
                resideInAnyPackage(
                    "krites.model..",
                    "krites.rollout..",
                    "krites.learner..",
                    "krites.reward..",
                    "krites.data..",
                    "krites.app..")));

    // Another way to run the rooms (a test, a notebook, one thread) must not need an actor system.
    // The simulator is one: it opens the system of the actors on its own dispatchers.
    rules.put(
        "only actors, simulator and app know Pekko",
        noClasses()
            .that()
            .resideOutsideOfPackages("krites.actors..", "krites.simulator..", "krites.app..")
            .should()
            .dependOnClassesThat(resideInAnyPackage("org.apache.pekko..")));

    // What is simulated is the product; the product must not know that it is.
    rules.put(
        "nobody but app knows the simulator",
        noClasses()
            .that()
            .resideOutsideOfPackages("krites.simulator..", "krites.app..")
            .should()
            .dependOnClassesThat(resideInAnyPackage("krites.simulator..")));

    // One real clock or thread, and the same seed no longer gives the same trace.
    rules.put(
        "simulator reads no clock and no file, and starts no thread",
        noClasses()
            .that()
            .resideInAPackage("krites.simulator..")
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .dependOnClassesThat()
            .belongToAnyOf(
                Thread.class,
                java.time.Clock.class,
                java.time.Instant.class,
                java.nio.file.Files.class,
                java.util.concurrent.Executors.class,
                java.util.concurrent.CompletableFuture.class));

    // The network could be published alone: it has never heard of rewards, groups or runs.
    rules.put(
        "model knows none of our other rooms",
        noClasses()
            .that()
            .resideInAPackage("krites.model..")
            .should()
            .dependOnClassesThat(
                resideInAnyPackage("krites..").and(resideOutsideOfPackages("krites.model.."))));

    // The twin is slow and plain on purpose: it is held against the engines, never used by them.
    rules.put(
        "nothing of a run knows the plain twin",
        noClasses()
            .that()
            .resideOutsideOfPackages("krites.model.plain..", "krites.app.bench..")
            .should()
            .dependOnClassesThat(resideInAnyPackage("krites.model.plain..")));

    // Files and text: a dataset or a reward rule can be read, tested and changed without a native
    // library.
    rules.put(
        "data, eval and reward know no tensors and no network",
        noClasses()
            .that()
            .resideInAnyPackage("krites.data..", "krites.eval..", "krites.reward..")
            .should()
            .dependOnClassesThat(resideInAnyPackage("ai.djl..", "krites.model..")));

    // They meet in a group and in a version's name, nowhere else; either can run on its own node.
    rules.put(
        "rollout and learner do not know each other, nor rewards",
        slices()
            .matching("krites.(rollout|learner|reward|data)..")
            .should()
            .notDependOnEachOther());

    // The room that knows everybody is known by nobody.
    rules.put(
        "nobody knows app",
        noClasses()
            .that()
            .resideOutsideOfPackage("krites.app..")
            .should()
            .dependOnClassesThat(resideInAnyPackage("krites.app..")));

    // Rooms report by values and logs; what stands on the terminal is decided in one place.
    rules.put(
        "only app prints",
        noClasses()
            .that()
            .resideOutsideOfPackage("krites.app..")
            .should(ACCESS_STANDARD_STREAMS)
            .orShould()
            .callMethod(System.class, "exit", int.class));

    // java.time says what is meant; the old classes are mutable and count months from zero.
    rules.put(
        "nobody uses the old date classes",
        noClasses()
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(
                java.util.Date.class, java.util.Calendar.class, java.text.SimpleDateFormat.class));

    // Java serialization runs code that its input names.
    rules.put(
        "nobody reads serialized Java objects",
        noClasses()
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(java.io.ObjectInputStream.class, java.io.ObjectOutputStream.class));

    // Every random stream comes from the run's seed and a name; these draw from the machine.
    rules.put(
        "nobody draws unseeded random numbers",
        noClasses()
            .should()
            .callMethod(Math.class, "random")
            .orShould()
            .callConstructor(java.util.Random.class)
            .orShould()
            .dependOnClassesThat()
            .belongToAnyOf(java.util.concurrent.ThreadLocalRandom.class));

    // What NullAway checks is what a package declares; one without the annotation would go
    // unchecked.
    rules.put(
        "every package is null-marked",
        classes()
            .that()
            .haveSimpleNameNotEndingWith("package-info")
            .should(NullMarkedPackages.SHOULD_BE_NULL_MARKED));
    return rules;
  }
}
