package krites.reward;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What LaTeX macros take and what they read as in plain text (default tables of pylatexenc 2.10).
 */
final class LatexMacros {
  private static final Set<String> MATRICES =
      Set.of("array", "pmatrix", "bmatrix", "smallmatrix", "psmallmatrix", "bsmallmatrix");
  private static final Set<String> FORMULAS =
      Set.of(
          "equation",
          "equation*",
          "eqnarray",
          "eqnarray*",
          "align",
          "align*",
          "multline",
          "multline*",
          "gather",
          "gather*",
          "dmath",
          "dmath*");
  private static final Map<String, String> SPECIALS =
      Map.of(
          "&", "   ", "~", "\u00a0", "``", "“", "''", "”", "--", "–", "---", "—", "!`", "¡", "?`",
          "¿");
  private static final Map<String, String> ACCENTS = accents();
  private static final Map<String, String> SYMBOLS = symbols();
  private static final Map<String, String> ARGUMENTS = argumentKinds();
  private static final Set<String> KEEP_ARGUMENT =
      Set.of(
          "emph",
          "textrm",
          "textit",
          "textbf",
          "textsc",
          "textsl",
          "text",
          "mathrm",
          "overline",
          "underline",
          "widehat",
          "widetilde",
          "overleftarrow",
          "overrightarrow",
          "overbrace",
          "underbrace");

  /** First code points of capital and small letters of each mathematical alphabet. */
  private static final Map<String, int[]> ALPHABETS =
      Map.of(
          "mathbf",
          new int[] {0x1d400, 0x1d41a},
          "mathit",
          new int[] {0x1d434, 0x1d44e},
          "mathsf",
          new int[] {0x1d5a0, 0x1d5ba},
          "mathtt",
          new int[] {0x1d670, 0x1d68a},
          "mathbb",
          new int[] {0x1d538, 0x1d552},
          "mathcal",
          new int[] {0x1d49c, 0x1d4b6},
          "mathscr",
          new int[] {0x1d49c, 0x1d4b6},
          "mathfrak",
          new int[] {0x1d504, 0x1d51e});

  /**
   * Letters that Unicode had before the mathematical alphabets, in place of their unassigned points
   * there.
   */
  private static final Map<Integer, String> OLDER_LETTERS =
      Map.ofEntries(
          Map.entry(0x1d455, "ℎ"),
          Map.entry(0x1d49d, "ℬ"),
          Map.entry(0x1d4a0, "ℰ"),
          Map.entry(0x1d4a1, "ℱ"),
          Map.entry(0x1d4a3, "ℋ"),
          Map.entry(0x1d4a4, "ℐ"),
          Map.entry(0x1d4a7, "ℒ"),
          Map.entry(0x1d4a8, "ℳ"),
          Map.entry(0x1d4ad, "ℛ"),
          Map.entry(0x1d4ba, "ℯ"),
          Map.entry(0x1d4bc, "ℊ"),
          Map.entry(0x1d4c4, "ℴ"),
          Map.entry(0x1d506, "ℭ"),
          Map.entry(0x1d50b, "ℌ"),
          Map.entry(0x1d50c, "ℑ"),
          Map.entry(0x1d515, "ℜ"),
          Map.entry(0x1d51d, "ℨ"),
          Map.entry(0x1d53a, "ℂ"),
          Map.entry(0x1d53f, "ℍ"),
          Map.entry(0x1d545, "ℕ"),
          Map.entry(0x1d547, "ℙ"),
          Map.entry(0x1d548, "ℚ"),
          Map.entry(0x1d549, "ℝ"),
          Map.entry(0x1d551, "ℤ"));

  private LatexMacros() {}

  static boolean isMatrix(String environment) {
    return MATRICES.contains(environment);
  }

  static boolean isFormula(String environment) {
    return FORMULAS.contains(environment);
  }

  static String special(String chars) {
    return SPECIALS.getOrDefault(chars, chars);
  }

  /** The combining character of an accent macro. */
  static @Nullable String accent(String macro) {
    return ACCENTS.get(macro);
  }

  /** One character per argument: <code>{</code> mandatory, {@code [} optional, {@code *} a star. */
  static String arguments(String macro) {
    return ACCENTS.containsKey(macro) ? "{" : ARGUMENTS.getOrDefault(macro, "");
  }

  static String environmentArguments(String environment) {
    return switch (environment) {
      case "array" -> "[{";
      case "tabular", "alignat", "alignat*" -> "{";
      case "figure", "figure*", "table", "table*", "theorem", "proof", "enumerate", "itemize" ->
          "[";
      default -> "";
    };
  }

  /** The text of a macro whose arguments are already text. */
  static String text(String macro, List<String> args) {
    String symbol = SYMBOLS.get(macro);
    if (symbol != null) {
      return symbol;
    }
    int[] alphabet = ALPHABETS.get(macro);
    if (alphabet != null) {
      return args.isEmpty() ? "" : inAlphabet(args.getFirst(), alphabet);
    }
    if (KEEP_ARGUMENT.contains(macro)) {
      return String.join("", args);
    }
    if (args.isEmpty()) {
      return "";
    }
    return switch (macro) {
      case "frac", "nicefrac" -> args.get(0) + "/" + args.get(1);
      case "sqrt" -> "√(" + args.get(1) + ")";
      case "\\" -> "\n";
      case "textcolor", "colorbox" -> args.get(2);
      case "texorpdfstring", "footnote" ->
          macro.equals("footnote") ? "[" + args.get(1) + "]" : args.get(1);
      case "url" -> "<" + args.getFirst() + ">";
      case "ket" -> "|" + args.getFirst() + "⟩";
      case "bra" -> "⟨" + args.getFirst() + "|";
      default -> "";
    };
  }

  private static String inAlphabet(String letters, int[] alphabet) {
    StringBuilder out = new StringBuilder();
    letters
        .codePoints()
        .forEach(
            c -> {
              boolean capital = c >= 'A' && c <= 'Z';
              if (!capital && !(c >= 'a' && c <= 'z')) {
                out.appendCodePoint(c);
                return;
              }
              int point = capital ? alphabet[0] + c - 'A' : alphabet[1] + c - 'a';
              out.append(OLDER_LETTERS.getOrDefault(point, Character.toString(point)));
            });
    return out.toString();
  }

  private static Map<String, String> argumentKinds() {
    Map<String, String> kinds = new HashMap<>();
    for (String macro :
        ("emph textrm textit textbf textmd textsc textsf textsl texttt textup text mathrm mathbb "
                + "mathbf mathit mathsf mathtt mathcal mathscr mathfrak label ref eqref url ensuremath overline underline "
                + "widehat widetilde overleftarrow overrightarrow overbrace underbrace ket bra")
            .split(" ")) {
      kinds.put(macro, "{");
    }
    for (String macro : "sqrt footnote hphantom vphantom color xleftarrow xrightarrow".split(" ")) {
      kinds.put(macro, "[{");
    }
    kinds.put("frac", "{{");
    kinds.put("nicefrac", "{{");
    kinds.put("texorpdfstring", "{{");
    kinds.put("textcolor", "[{{");
    kinds.put("colorbox", "[{{");
    kinds.put("\\", "*[");
    return kinds;
  }

  private static Map<String, String> accents() {
    Map<String, String> accents = new HashMap<>();
    String pairs =
        "' 0301 ` 0300 \" 0308 c 0327 ^ 0302 ~ 0303 H 030b k 0328 = 0304 b 0331 . 0307 d 0323 r 030a "
            + "u 0306 v 030c vec 20d7 dot 0307 hat 0302 check 030c breve 0306 acute 0301 grave 0300 tilde 0303 "
            + "bar 0305 ddot 0308 not 0338";
    String[] words = pairs.split(" ");
    for (int i = 0; i < words.length; i += 2) {
      accents.put(words[i], Character.toString(Integer.parseInt(words[i + 1], 16)));
    }
    return accents;
  }

  private static Map<String, String> symbols() {
    Map<String, String> symbols = new HashMap<>();
    String greek =
        "alpha α beta β gamma γ delta δ epsilon ϵ zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν "
            + "xi ξ omicron ο pi π rho ρ sigma σ tau τ upsilon υ phi ϕ chi χ psi ψ omega ω varepsilon ε vartheta ϑ "
            + "varpi ϖ varrho ϱ varsigma ς varphi φ Alpha Α Beta Β Gamma Γ Delta Δ Epsilon Ε Zeta Ζ Eta Η Theta Θ Iota Ι "
            + "Kappa Κ Lambda Λ Mu Μ Nu Ν Xi Ξ Omicron Ο Pi Π Rho Ρ Sigma Σ Tau Τ Upsilon Υ Phi Φ Chi Χ Psi Ψ Omega Ω ";
    String operators =
        "infty ∞ cdot · times × div ÷ pm ± mp ∓ le ≤ leq ≤ ge ≥ geq ≥ leqslant ⩽ geqslant ⩾ neq ≠ "
            + "approx ≈ equiv ≡ sim ∼ simeq ≃ cong ≅ propto ∝ ll ≪ gg ≫ in ∈ notin ∉ ni ∋ subset ⊂ supset ⊃ subseteq ⊆ "
            + "supseteq ⊇ cup ∪ cap ∩ setminus ∖ emptyset ∅ varnothing ∅ forall ∀ exists ∃ nexists ∄ wedge ∧ vee ∨ "
            + "partial ∂ nabla ∇ sum ∑ prod ∏ int ∫ iint ∬ iiint ∭ oint ∮ otimes ⊗ oplus ⊕ circ ∘ bullet ∙ ast ∗ "
            + "parallel ∥ perp ⊥ angle ∠ to → rightarrow → leftarrow ← uparrow ↑ downarrow ↓ longrightarrow ⟶ "
            + "longleftarrow ⟵ Rightarrow ⇒ Leftarrow ⇐ Leftrightarrow ⇔ leftrightarrow ↔ mapsto ↦ langle ⟨ rangle ⟩ "
            + "mid | nmid ∤ vert | lvert | rvert | Vert ‖ lVert ‖ rVert ‖ ldots … dots … dotsc … dotsb … dotsm … dotsi … "
            + "cdots ⋯ vdots ⋮ ddots ⋱ prime ' hbar ħ ell ℓ aleph ℵ dag † dagger † backslash \\ textbackslash \\ "
            + "textpm ± texttimes × textdiv ÷ textdegree ° textonehalf ½ texteuro € oe œ OE Œ ae æ AE Æ aa å AA Å o ø "
            + "O Ø ss ß l ł L Ł i ı j ȷ & & $ $ { { } } % % # # _ _ therefore ∴ because ∵ triangle △ ";
    String functions =
        "cos sin tan arccos arcsin arctan cosh sinh tanh arccosh arcsinh arctanh ln log exp max min sup "
            + "inf lim";
    String[] pairs = (greek + operators).split(" ");
    for (int i = 0; i < pairs.length; i += 2) {
      symbols.put(pairs[i], pairs[i + 1]);
    }
    for (String function : functions.split(" ")) {
      symbols.put(function, function);
    }
    symbols.putAll(
        Map.of(
            ",", " ", ";", " ", ":", " ", " ", " ", "!", "", "quad", "  ", "qquad", "    ",
            "limsup", "lim sup", "liminf", "lim inf", "-", "\u00ad"));
    return symbols;
  }
}
