package krites.grpo;

/** What a prompt asks for: a judgement of two answers, an answer of its own, or a description. */
public enum Task {
  CRITIC,
  POLICY,
  CAPTION
}
