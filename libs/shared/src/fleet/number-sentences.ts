import {z} from 'zod';
import {parse} from '../protocol/parse.ts';
import type {RedisClient} from '../redis/connect.ts';
import {assistantNames, numberSentences, SENTENCES_TTL_S} from '../redis/keys.ts';

/** What the callers of one number hear from the carrier in place of what all others do. */
const Sentences = z.object({
  /** When all workers are full, instead of OVERLOAD_SAY. */
  overloadSay: z.string().optional(),
  /** When the call cannot be answered, in place of an apology. */
  failureSay: z.string().optional(),
});
export type Sentences = z.infer<typeof Sentences>;

/** By number; `*`: all that are not named. */
const ByNumber = z.record(z.string(), Sentences);
export type ByNumber = Readonly<z.infer<typeof ByNumber>>;

const Names = z.array(z.string());

/** What workers tell webhooks of their assistants: workers alone read the files. */
export interface NumberSentences {
  /** Replaces what was told before. `names`: those of all assistants with a file. To be called again every hour. */
  tell(sentences: ByNumber, names: readonly string[]): Promise<void>;
  read(): Promise<ByNumber>;
  /** The names of the assistants with a file; undefined: no worker has told them. */
  names(): Promise<readonly string[] | undefined>;
}

export class RedisNumberSentences implements NumberSentences {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  async tell(sentences: ByNumber, names: readonly string[]): Promise<void> {
    await Promise.all([
      this.#redis.set(numberSentences, JSON.stringify(sentences), 'EX', SENTENCES_TTL_S),
      this.#redis.set(assistantNames, JSON.stringify(names), 'EX', SENTENCES_TTL_S),
    ]);
  }

  async names(): Promise<readonly string[] | undefined> {
    const text = await this.#redis.get(assistantNames);
    const parsed = text === null ? undefined : parse(Names, text);
    return parsed?.ok ? parsed.message : undefined;
  }

  async read(): Promise<ByNumber> {
    const text = await this.#redis.get(numberSentences);
    const parsed = text === null ? undefined : parse(ByNumber, text);
    return parsed?.ok ? parsed.message : {};
  }
}

/** What the callers of a number hear; nothing of their own if not known. */
export function sentencesFor(sentences: ByNumber, number: string | undefined): Sentences {
  const own = number !== undefined && Object.hasOwn(sentences, number) ? sentences[number] : undefined;
  return own ?? sentences['*'] ?? {};
}
