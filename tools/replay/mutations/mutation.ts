/** A rule of the product, changed on purpose: replaying the corpus must notice it. */
export interface Mutation {
  /** What is wrong then, in a few words. */
  readonly rule: string;
  /** From the folder of the project on. */
  readonly file: string;
  /** Stands there once… */
  readonly was: string;
  /** …and is replaced by this. */
  readonly is: string;
}

/** The file with the rule changed. Throws if the rule does not stand there exactly once. */
export function mutated({rule, file, was, is}: Mutation, source: string): string {
  const parts = source.split(was);
  if (parts.length !== 2) throw new Error(`${file} has the words of “${rule}” ${parts.length - 1} times, and not once`);
  return parts.join(is);
}
