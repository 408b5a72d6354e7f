import {z} from 'zod';
import {parse} from '../protocol/parse.ts';
import type {RedisClient} from '../redis/connect.ts';
import {numberSentences, SENTENCES_TTL_S} from '../redis/keys.ts';

/** What the callers of one number hear from the carrier in place of what all others do. */
const Sentences = z.object({
  /** While no worker has a place, in place of OVERLOAD_SAY. */
  overloadSay: z.string().optional(),
  /** When the call cannot be answered, in place of an apology. */
  failureSay: z.string().optional(),
});
export type Sentences = z.infer<typeof Sentences>;

/** By number; `*`: all that are not named. */
const ByNumber = z.record(z.string(), Sentences);
export type ByNumber = Readonly<z.infer<typeof ByNumber>>;

/** What workers tell webhooks of their assistants: workers alone read the files. */
export interface NumberSentences {
  /** Replaces what was told before. To be called again every hour. */
  tell(sentences: ByNumber): Promise<void>;
  read(): Promise<ByNumber>;
}

export class RedisNumberSentences implements NumberSentences {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  async tell(sentences: ByNumber): Promise<void> {
    await this.#redis.set(numberSentences, JSON.stringify(sentences), 'EX', SENTENCES_TTL_S);
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
