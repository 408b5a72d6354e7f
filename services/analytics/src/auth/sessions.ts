import {createHash, randomBytes} from 'node:crypto';
import {sleep} from '@voicebridge/shared/retry.ts';
import {type Clock, type Millis, systemClock} from '@voicebridge/shared/time.ts';
import type {Kysely, Selectable} from 'kysely';
import type {Schema} from '../database/schema.ts';

/** A session ends after `INACTIVE` without a request, and after `ABSOLUTE` in any case. */
const INACTIVE: Millis = 2 * 3_600_000;
const ABSOLUTE: Millis = 12 * 3_600_000;
/** `seen_at` is updated at most this often. */
const SEEN_EVERY: Millis = 60_000;
/** The pause between two questions to the database, and how many sessions one question looks up at most. */
const PAUSE: Millis = 20;
const AT_ONCE = 500;

type Session = Selectable<Schema['sessions']>;

const hashOf = (token: string) => createHash('sha256').update(token).digest('hex');

/** What the audit calls a session: enough of its hash to tell it from others. */
export const nameOfSession = (token: string) => hashOf(token).slice(0, 12);

/**
 * The sessions of people who signed in. Anybody may send a made-up cookie, and a question to the embedded database keeps
 * this process for two milliseconds. So all tokens that come while one question is asked share the next one, and between
 * two questions there is a pause: many made-up cookies cost no more than a few.
 */
export class Sessions {
  readonly #database: {readonly now: Kysely<Schema>};
  readonly #clock: Pick<Clock, 'wall'>;
  /** The tokens that wait for the next question, by hash. */
  readonly #waiting = new Map<string, PromiseWithResolvers<Session | undefined>>();
  #isAsking = false;

  constructor(database: {readonly now: Kysely<Schema>}, clock: Pick<Clock, 'wall'>) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Starts a session. Returns the token for the browser, 256 random bits; the database holds only its hash. */
  async open(): Promise<string> {
    const token = randomBytes(32).toString('base64url');
    const now = new Date(this.#clock.wall());
    await this.#database.now
      .insertInto('sessions')
      .values({tokenHash: hashOf(token), createdAt: now, seenAt: now})
      .execute();
    return token;
  }

  /** The name of a valid session, for the audit; undefined when the token is unknown or the session has expired. */
  async find(token: string): Promise<string | undefined> {
    const session = await this.#lookUp(hashOf(token));
    if (!session) return undefined;
    const wall = this.#clock.wall();
    const {tokenHash, seenAt} = session;
    if (isOver(session, wall)) {
      await this.#database.now.deleteFrom('sessions').where('tokenHash', '=', tokenHash).execute();
      return undefined;
    }
    if (wall - seenAt.getTime() > SEEN_EVERY) {
      // Others may have been given the same row: one of them notes that it is in use.
      seenAt.setTime(wall);
      await this.#database.now
        .updateTable('sessions')
        .set({seenAt: new Date(wall)})
        .where('tokenHash', '=', tokenHash)
        .execute();
    }
    return nameOfSession(token);
  }

  /** Whether a session is still valid. Unlike a request, this does not prolong it. */
  async isOpen(token: string): Promise<boolean> {
    const session = await this.#lookUp(hashOf(token));
    return session !== undefined && !isOver(session, this.#clock.wall());
  }

  async close(token: string): Promise<void> {
    await this.#database.now.deleteFrom('sessions').where('tokenHash', '=', hashOf(token)).execute();
  }

  #lookUp(tokenHash: string): Promise<Session | undefined> {
    const waiting = this.#waiting.get(tokenHash) ?? Promise.withResolvers<Session | undefined>();
    this.#waiting.set(tokenHash, waiting);
    if (!this.#isAsking) void this.#ask();
    return waiting.promise;
  }

  /** Never rejects. */
  async #ask(): Promise<void> {
    this.#isAsking = true;
    while (this.#waiting.size > 0) {
      const asked = [...this.#waiting].slice(0, AT_ONCE);
      for (const [tokenHash] of asked) this.#waiting.delete(tokenHash);
      await this.#answer(new Map(asked));
      // On the clock of this machine, because it is about its processor.
      await sleep(systemClock, PAUSE);
    }
    this.#isAsking = false;
  }

  /** Never rejects. */
  async #answer(asked: ReadonlyMap<string, PromiseWithResolvers<Session | undefined>>): Promise<void> {
    try {
      const rows = await this.#database.now
        .selectFrom('sessions')
        .selectAll()
        .where('tokenHash', 'in', [...asked.keys()])
        .execute();
      const found = new Map(rows.map(row => [row.tokenHash, row]));
      for (const [tokenHash, {resolve}] of asked) resolve(found.get(tokenHash));
    } catch (thrown) {
      for (const {reject} of asked.values()) reject(thrown);
    }
  }
}

function isOver({seenAt, createdAt}: {readonly seenAt: Date; readonly createdAt: Date}, wall: Millis): boolean {
  return wall - seenAt.getTime() > INACTIVE || wall - createdAt.getTime() > ABSOLUTE;
}
