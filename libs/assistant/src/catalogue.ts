import type {ByNumber} from '@voicebridge/shared/fleet/number-sentences.ts';
import {numbersOf, type LoadedAssistant} from './load/read-folder.ts';
import type {Definition} from './definition.ts';
import type {ResolvedAssistant} from './resolved.ts';
import {fillIn, variablesIn} from './variables.ts';
import {plainVersion, type Version, versionOf} from './version.ts';

/** The assistants there are, and who answers which number. */
export class Catalogue {
  readonly #byName = new Map<string, Version>();
  readonly #byNumber = new Map<string, Version>();
  readonly #sentences: Record<string, ByNumber[string]> = {};
  /** The assistant of the environment. */
  readonly standard: Version;

  /** `base`: the assistant of the environment, which answers what no file does. */
  constructor(base: ResolvedAssistant, loaded: readonly LoadedAssistant[] = []) {
    this.standard = plainVersion(base);
    this.#byName.set(base.name, this.standard);
    for (const one of loaded) {
      const version = versionOf(base, one);
      this.#byName.set(one.name, version);
      for (const number of numbersOf(one.definition)) {
        this.#byNumber.set(number, version);
        this.#sentences[number] = sentencesOf(one.definition, version.stored.assistant.variables);
      }
    }
  }

  /** What callers hear where no worker can speak, by number. */
  get sentences(): ByNumber {
    return this.#sentences;
  }

  /** The names of the assistants that have a file. */
  get names(): readonly string[] {
    return [...this.#byName.keys()].filter(name => this.#byName.get(name) !== this.standard);
  }

  get versions(): readonly Version[] {
    return [...this.#byName.values()];
  }

  named(name: string): Version | undefined {
    return this.#byName.get(name);
  }

  /** Who answers calls to this number; undefined: the carrier does not say which it was. */
  answering(number: string | undefined): Version {
    return this.#byNumber.get(number ?? '') ?? this.#byNumber.get('*') ?? this.standard;
  }
}

/** Without those that need something of a call: who says them knows nothing of it. */
function sentencesOf({overloadSay, failureSay}: Definition, variables: Readonly<Record<string, string>>) {
  const said = Object.entries({overloadSay, failureSay}).flatMap(([name, text]) =>
    text === undefined || variablesIn(text).some(each => !Object.hasOwn(variables, each))
      ? []
      : [[name, fillIn(text, variables)]],
  );
  return Object.fromEntries(said);
}
