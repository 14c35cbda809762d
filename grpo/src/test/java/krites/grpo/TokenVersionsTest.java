package krites.grpo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import krites.grpo.TokenVersions.Span;
import org.junit.jupiter.api.Test;

class TokenVersionsTest {
  private static final PolicyVersion V4 = new PolicyVersion(0, 4);
  private static final PolicyVersion V5 = new PolicyVersion(0, 5);
  private static final PolicyVersion NEXT_TERM = new PolicyVersion(1, 3);

  @Test
  void aResponseThatCrossedAnUpdateKnowsTheVersionOfEachToken() {
    TokenVersions versions = TokenVersions.of(V4, 2).concat(TokenVersions.of(V5, 1));
    assertEquals(3, versions.length());
    assertEquals(List.of(V4, V4, V5), listed(versions));
    assertEquals(V4, versions.oldest());
    assertEquals(V5, versions.newest());
    assertEquals(
        "TokenVersions[spans=[Span[version=v4, tokens=2], Span[version=v5, tokens=1]]]",
        versions.toString());
  }

  @Test
  void versionsNeedNotRise() {
    TokenVersions back = TokenVersions.of(NEXT_TERM, 1).concat(TokenVersions.of(V4, 1));
    assertEquals(V4, back.oldest());
    assertEquals(NEXT_TERM, back.newest());
  }

  /** Against a plain list with one version per token. */
  @Test
  void concatPrefixAndEqualityAgreeWithOneVersionPerToken() {
    for (long seed = 0; seed < 2_000; seed++) {
      Random random = new Random(seed);
      List<PolicyVersion> left = draw(random);
      List<PolicyVersion> right = draw(random);
      TokenVersions a = coded(left, random);
      TokenVersions b = coded(right, random);
      List<PolicyVersion> both = new ArrayList<>(left);
      both.addAll(right);
      String which = "seed " + seed;
      TokenVersions joined = a.concat(b);
      assertEquals(both, listed(joined), which);
      assertEquals(both.size(), joined.length(), which);
      assertEquals(coded(both, random), joined, which);
      assertEquals(left.equals(right), a.equals(b), which);
      int cut = random.nextInt(both.size() + 1);
      assertEquals(both.subList(0, cut), listed(joined.prefix(cut)), which);
      assertEquals(a, joined.prefix(left.size()), which);
      if (!both.isEmpty()) {
        assertEquals(both.stream().min(Comparator.naturalOrder()).get(), joined.oldest(), which);
        assertEquals(both.stream().max(Comparator.naturalOrder()).get(), joined.newest(), which);
      }
    }
  }

  @Test
  void whatCannotBeIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Span(V4, 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> new TokenVersions(List.of(new Span(V4, 1), new Span(V4, 2))));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new TokenVersions(
                List.of(new Span(V4, Integer.MAX_VALUE), new Span(V5, Integer.MAX_VALUE))));
    TokenVersions two = TokenVersions.of(V4, 2);
    assertThrows(IndexOutOfBoundsException.class, () -> two.at(2));
    assertThrows(IndexOutOfBoundsException.class, () -> two.at(-1));
    assertThrows(IllegalArgumentException.class, () -> two.prefix(3));
    assertThrows(IllegalArgumentException.class, () -> two.prefix(-1));
    assertThrows(IllegalStateException.class, TokenVersions.NONE::oldest);
    assertThrows(IllegalStateException.class, TokenVersions.NONE::newest);
  }

  private static List<PolicyVersion> draw(Random random) {
    List<PolicyVersion> versions = new ArrayList<>();
    int length = random.nextInt(6);
    for (int i = 0; i < length; i++) {
      versions.add(List.of(V4, V5, NEXT_TERM).get(random.nextInt(3)));
    }
    return versions;
  }

  /** The same tokens, put together from runs of random lengths. */
  private static TokenVersions coded(List<PolicyVersion> versions, Random random) {
    TokenVersions coded = TokenVersions.NONE;
    for (int at = 0; at < versions.size(); ) {
      int run = 1;
      while (at + run < versions.size()
          && versions.get(at + run).equals(versions.get(at))
          && random.nextBoolean()) {
        run++;
      }
      coded = coded.concat(TokenVersions.of(versions.get(at), run));
      at += run;
    }
    return coded;
  }

  private static List<PolicyVersion> listed(TokenVersions versions) {
    List<PolicyVersion> listed = new ArrayList<>();
    for (int i = 0; i < versions.length(); i++) {
      listed.add(versions.at(i));
    }
    return listed;
  }
}
