import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {CALLS_QUEUE, CALLS_QUEUE_PREFIX} from '@voicebridge/shared/cdr/analytics-queue.ts';
import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {newApiToken} from '@voicebridge/shared/config/api-tokens.ts';
import {Queue} from 'bullmq';
import {z} from 'zod';
import {startFakeOpenAI} from '../../simulators/openai/src/fake-openai.ts';
import type {ModelScript} from '../../simulators/openai/src/answering/model-script.ts';
import type {FakeTwilioOptions} from '../../simulators/twilio/src/fake-twilio.ts';
import {freePort} from '../local-stack/processes.ts';
import {ProcessFleet} from './process-fleet.ts';

const ACCOUNT = `AC${'0'.repeat(32)}`;
/** The number that calls are made from: that of the simulated account. */
const OURS = '+15550100002';

const OutCall = z.object({
  id: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  attempts: z.array(z.object({callSid: z.string().optional(), state: z.string(), answeredBy: z.string().optional()})),
});
export type OutCall = z.infer<typeof OutCall>;

export interface CallingOutOptions {
  /** Files of assistants, by name without `.yaml`. */
  readonly assistants: Readonly<Record<string, string>>;
  readonly script: ModelScript;
  readonly twilio: Partial<FakeTwilioOptions>;
  /** Added to every service's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly workers?: number;
  /** More than one are behind a load balancer. */
  readonly webhooks?: number;
  /** Where Redis keeps its data, to be killed and come back with them. */
  readonly redisDir?: string;
}

/** A fleet of processes that makes calls, the people and machines that are called, and a program that asks for calls. */
export class CallingOut implements AsyncDisposable {
  readonly fleet: ProcessFleet;
  readonly #stack: AsyncDisposableStack;
  readonly #token: string;
  readonly #url: string;
  #records: Queue<CallFinished> | undefined;
  #asked = 0;

  private constructor(fleet: ProcessFleet, own: {stack: AsyncDisposableStack; token: string; url: string}) {
    this.fleet = fleet;
    this.#stack = own.stack;
    this.#token = own.token;
    this.#url = own.url;
  }

  static async start({
    assistants,
    script,
    twilio,
    env,
    workers = 1,
    webhooks = 1,
    redisDir,
  }: CallingOutOptions): Promise<CallingOut> {
    await using opened = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'voicebridge-calls-out-'));
    opened.defer(() => rm(folder, {recursive: true, force: true}));
    for (const [name, yaml] of Object.entries(assistants)) await writeFile(join(folder, `${name}.yaml`), yaml);
    const model = opened.use(
      await startFakeOpenAI({
        script,
        knobs: {tagged: true, keepHeard: false, speed: [6, 6], firstDeltaMs: [50, 50], connectDelayMs: 50},
      }),
    );
    const restPort = await freePort();
    const {token, entry} = newApiToken('test', ['call']);
    const fleet = opened.use(
      await ProcessFleet.start({
        edges: 1,
        workers,
        webhooks,
        modelUrl: model.url,
        ...(redisDir === undefined ? {} : {redisDir}),
        env: {
          ASSISTANTS_DIR: folder,
          TWILIO_ACCOUNT_SID: ACCOUNT,
          TWILIO_API_URL: `http://127.0.0.1:${restPort}`,
          API_TOKENS: entry,
          CALL_ALLOW: '+4722*',
          CALL_FROM: OURS,
          CALLS_OUT_PER_SECOND: '20',
          CALLS_OUT_AT_ONCE: '100',
          QUIET_HOURS: 'off',
          ...env,
        },
        twilio: {accountSid: ACCOUNT, restPort, ...twilio},
      }),
    );
    return new CallingOut(fleet, {stack: opened.move(), token, url: fleet.webhooks.url});
  }

  /** Asks the API; the answer whatever its status. */
  async ask(method: string, path: string, body?: object, key?: string): Promise<{status: number; body: unknown}> {
    const response = await fetch(new URL(path, this.#url), {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(key === undefined ? {} : {'idempotency-key': key}),
        ...(body ? {'content-type': 'application/json'} : {}),
      },
      ...(body ? {body: JSON.stringify(body)} : {}),
    });
    return {status: response.status, body: await response.json().catch(() => undefined)};
  }

  /** Wants a call made. Who gets no answer asks again, with the same key. Rejects if it is refused. */
  async want(to: string, assistant: string, more: object = {}, key = `key-${(this.#asked += 1)}`): Promise<OutCall> {
    const wanted = {to, assistant, ...more};
    const ask = () => this.ask('POST', '/api/calls', wanted, key);
    const {status, body} = await ask().catch(ask);
    if (status > 202) throw new Error(`refused with ${status}: ${JSON.stringify(body)}`);
    return OutCall.parse(body);
  }

  async read(id: string): Promise<OutCall> {
    return OutCall.parse((await this.ask('GET', `/api/calls/${id}`)).body);
  }

  /** Waits until this is true of a call. Rejects after a minute and a half, with what is true instead. */
  async until(id: string, isIt: (call: OutCall) => boolean): Promise<OutCall> {
    let last: OutCall | undefined;
    for (const end = performance.now() + 90_000; performance.now() < end; await sleep(100)) {
      last = await this.read(id).catch(() => last);
      if (last && isIt(last)) return last;
    }
    throw new Error(`not in time: ${JSON.stringify(last)}`);
  }

  /** The record of a call, as the worker sent it: nobody takes it out of the queue. */
  async record(callSid: string | undefined): Promise<CallFinished> {
    const {hostname: host, port} = new URL(this.fleet.redisUrl);
    this.#records ??= this.#stack.adopt(
      new Queue<CallFinished>(CALLS_QUEUE, {
        connection: {host, port: Number(port)},
        prefix: CALLS_QUEUE_PREFIX,
        skipVersionCheck: true,
      }),
      queue => queue.close(),
    );
    for (const end = performance.now() + 60_000; performance.now() < end; await sleep(200)) {
      const job = await this.#records.getJob(callSid ?? '').catch(() => undefined);
      if (job) return job.data;
    }
    throw new Error(`there is no record of ${callSid}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** The words that a model is asked to say as they stand; undefined: it may choose them. */
export function exactWords(instructions: string): string | undefined {
  return /Say exactly these words, and no others(?:, then stop)?: "(?<words>[^"]+)"/.exec(instructions)?.groups?.[
    'words'
  ];
}
