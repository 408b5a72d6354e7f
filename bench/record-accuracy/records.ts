import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {setTimeout as sleep} from 'node:timers/promises';
import {findRedisBinary, type PrivateRedis, startRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import type {z} from 'zod';
import type {CallDetail} from '../../services/analytics/src/queries/call-shapes.ts';
import {STORED_HEADER_BYTES} from '../../services/analytics/src/recordings/wav.ts';
import {newDatabase} from '../../services/analytics/src/testing/new-database.ts';
import {freePort, type RunningProcess, startProcess} from '../../tools/local-stack/processes.ts';

/** A call whose worker died is recorded half a minute later, and a recording with a gap waits 40 s for what is missing. */
const RECORDED_WITHIN_MS = 180_000;

/** Analytics on a database of its own, and the Redis with its queue, which keeps what it has on disk. Both can be killed. */
export class Records implements AsyncDisposable {
  readonly #folder: string;
  readonly #redisPort: number;
  #redis: PrivateRedis | undefined;
  #analytics: RunningProcess | undefined;

  private constructor(folder: string, redisPort: number) {
    this.#folder = folder;
    this.#redisPort = redisPort;
  }

  /** With the queue, but without analytics: `start` is for that. */
  static async open(): Promise<Records> {
    const records = new Records(await mkdtemp(join(tmpdir(), 'voicebridge-truth-')), await freePort());
    await records.#startRedis();
    return records;
  }

  get queueUrl(): string {
    return `redis://127.0.0.1:${this.#redisPort}`;
  }

  get recordingsUrl(): string {
    return pathToFileURL(join(this.#folder, 'recordings')).href;
  }

  /** The stereo μ-law of a call's recording, as it is stored, without the header; undefined if there is none. */
  async recordingOf(callSid: string): Promise<Buffer | undefined> {
    const file = await readFile(join(this.#folder, 'recordings', `${callSid}.wav`)).catch(() => undefined);
    return file?.subarray(STORED_HEADER_BYTES);
  }

  async start(): Promise<void> {
    await newDatabase(join(this.#folder, 'data'));
    const env = {
      REDIS_URL: this.queueUrl,
      DATA_DIR: join(this.#folder, 'data'),
      RECORDINGS_URL: this.recordingsUrl,
    };
    this.#analytics = await startProcess({service: 'services/analytics', env});
  }

  /** Kills analytics at any moment, and starts it again. */
  async restart(): Promise<void> {
    this.#analytics?.kill('SIGKILL');
    await this.#analytics?.exited;
    await this.start();
  }

  /** Kills the queue's Redis and starts it again after a while. */
  async restartQueue(awayMs: number): Promise<void> {
    if (this.#redis) process.kill(this.#redis.pid, 'SIGKILL');
    await this.#redis?.exited;
    await sleep(awayMs);
    await this.#startRedis();
  }

  /** Reads a call from analytics, as soon as it can answer. */
  async of(callSid: string): Promise<z.infer<typeof CallDetail>> {
    for (const until = performance.now() + RECORDED_WITHIN_MS; ; await sleep(100)) {
      const answer = await fetch(new URL(`/api/calls/${callSid}`, this.#analytics?.url)).catch(() => undefined);
      if (answer?.ok) {
        const call = (await answer.json()) as z.infer<typeof CallDetail>;
        if (call.recording?.state !== 'waiting') return call;
      }
      if (performance.now() > until) throw new Error(`no record of ${callSid}: ${answer?.status ?? 'no answer'}`);
    }
  }

  async #startRedis(): Promise<void> {
    const binary = await findRedisBinary();
    if (!binary) throw new Error('this needs a redis-server on the PATH');
    this.#redis = await startRedisBinary(binary, {port: this.#redisPort, persist: true, dir: this.#folder});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#analytics?.stop();
    await this.#redis?.close();
    await rm(this.#folder, {recursive: true, force: true});
  }
}
