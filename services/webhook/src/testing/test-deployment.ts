import {randomBytes} from 'node:crypto';
import {getExpectedTwilioSignature} from 'twilio/lib/webhooks/webhooks.js';
import {openWorkerServer} from '@voicebridge/shared/rpc/worker-server.ts';
import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import {loadConfig} from '@voicebridge/shared/config/config.ts';
import type {ByNumber} from '@voicebridge/shared/fleet/number-sentences.ts';
import type {Member} from '@voicebridge/shared/fleet/fleet.ts';
import {MemoryFleet} from '@voicebridge/shared/fleet/memory-fleet.ts';
import {MemoryMediaBus} from '@voicebridge/shared/bus/memory-media-bus.ts';
import {MemorySpendLedger} from '@voicebridge/shared/spend/memory-spend-ledger.ts';
import type {SpendLedger} from '@voicebridge/shared/spend/spend-ledger.ts';
import {canaryLog} from '@voicebridge/shared/testing/canary-log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {CallSid, ProcessId, type StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerReply, WorkerRequest} from '@voicebridge/shared/protocol/worker-rpc.ts';
import {flushPromises, type FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {systemClock, type Clock} from '@voicebridge/shared/time.ts';
import {quietTraces, type SpanFacts, type Traces} from '@voicebridge/shared/observability/trace.ts';
import {WebhookEnv} from '../config.ts';
import {startWebhook, type Webhook, type WebhookDeps} from '../start-webhook.ts';

export const TOKEN = 'a-token-of-the-account';
export const ORIGIN = 'https://voice.example.com';
export const EDGE = 'wss://edge.example.com';

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Webhooks on real ports, with everything they talk to inside this process. */
export class TestDeployment implements AsyncDisposable {
  readonly clock: Clock;
  readonly bus: MemoryMediaBus;
  readonly directory: MemoryCallDirectory;
  readonly fleet: MemoryFleet;
  /** What the webhooks that are started from now on ask; the reference if a test sets no other. */
  ledger: SpendLedger;
  /** What the assistants of numbers say, as the webhooks that are started from now on read it. */
  sentences: ByNumber = {};
  /** Who calls people for callers, for the webhooks that are started from now on. */
  people: WebhookDeps['people'];
  readonly asked: WorkerRequest[] = [];
  /** All spans that have ended. */
  readonly spans: {name: string; parent: string | null | undefined; facts: SpanFacts; failed: string | undefined}[] =
    [];
  readonly #traces: Traces = {
    begin: (name, {parent, facts, ...span}) => ({
      ...quietTraces.begin(name, {parent, ...span}),
      end: (_at, what) => void this.spans.push({name, parent, facts: {...facts, ...what?.facts}, failed: what?.failed}),
    }),
    async [Symbol.asyncDispose]() {},
  };
  readonly #log = canaryLog('test');
  readonly #stack = new AsyncDisposableStack();
  readonly #webhooks: Webhook[] = [];

  constructor(clock: Clock = systemClock) {
    this.clock = clock;
    this.bus = new MemoryMediaBus(clock);
    this.directory = new MemoryCallDirectory(clock);
    this.fleet = new MemoryFleet(clock);
    this.ledger = new MemorySpendLedger(() => clock.wall());
  }

  /** Starts a webhook. `carrier`: who asks it; Twilio if not given. */
  async webhook(env: Record<string, string> = {}, carrier?: WebhookDeps['carrier']): Promise<Webhook> {
    const {directory, fleet, bus, ledger, clock} = this;
    const config = loadConfig(WebhookEnv, {
      PORT: '0',
      PUBLIC_WEBHOOK_URL: ORIGIN,
      WEBHOOK_RETRIES: '0',
      PUBLIC_EDGE_URL: EDGE,
      EDGE_ORIGINS: 'wss://example.com',
      TWILIO_AUTH_TOKEN: TOKEN,
      REDIS_URL: 'redis://nowhere',
      ...env,
    });
    const webhook = await startWebhook(config, {
      directory,
      fleet,
      bus,
      ledger,
      sentences: {read: async () => this.sentences, names: async () => undefined, tell: async () => {}},
      clock,
      random: Math.random,
      log: this.#log,
      traces: this.#traces,
      people: this.people,
      ...(carrier ? {carrier} : {}),
    });
    this.#webhooks.push(webhook);
    return this.#stack.use(webhook);
  }

  /** A worker that takes calls as the real one does, or does what `handle` says. */
  async worker(
    facts: Partial<Member> = {},
    handle?: (ask: WorkerRequest) => Promise<Pick<WorkerReply, 'answer' | 'epoch'>>,
  ) {
    const id = ProcessId.parse(`worker-${randomBytes(6).toString('hex')}`);
    await this.#announce('workers', {...facts, id});
    const take = async (ask: WorkerRequest): Promise<Pick<WorkerReply, 'answer' | 'epoch'>> => {
      if (ask.type !== 'take') return {answer: 'yes', epoch: 1};
      const {epoch, ticket, assistant, facts} = ask;
      const claim = {epoch, owner: id, at: this.clock.wall(), assistant, facts, ...(ticket ? {ticket} : {})};
      const {won, call} = await this.directory.claim(ask.callSid, claim);
      return {answer: won ? 'yes' : 'taken', epoch: call?.epoch ?? 0};
    };
    this.#stack.use(
      await openWorkerServer({
        bus: this.bus,
        worker: id,
        log: this.#log,
        clock: this.clock,
        metrics: createMetrics('test'),
        handle: ask => {
          this.asked.push(ask);
          return (handle ?? take)(ask);
        },
      }),
    );
    return id;
  }

  async edge(facts: Partial<Member> = {}): Promise<ProcessId> {
    const id = ProcessId.parse(`edge-${randomBytes(6).toString('hex')}`);
    await this.#announce('edges', {...facts, id});
    return id;
  }

  /** Opens a stream of the call, as an edge would write it to the directory. */
  async streams(callSid: CallSid, streamSid: StreamSid, edge: ProcessId): Promise<void> {
    const call = await this.directory.read(callSid);
    await this.directory.attach(callSid, {epoch: call?.epoch ?? 0, streamSid, edge});
  }

  /** Asks as Twilio does, signed for the public address, at the first webhook or a given one. */
  async ask(
    path: string,
    params: Readonly<Record<string, string | readonly string[]>>,
    {
      webhook,
      headers = {},
      signed = params,
    }: {webhook?: Webhook; headers?: Record<string, string>; signed?: typeof params} = {},
  ): Promise<Reply> {
    const signature = getExpectedTwilioSignature(TOKEN, ORIGIN + path, signed);
    return this.send(path, {
      ...(webhook ? {webhook} : {}),
      method: 'POST',
      headers: {'x-twilio-signature': signature, ...headers},
      body: new URLSearchParams(
        Object.entries(params).flatMap(([name, value]) => [value].flat().map((one): [string, string] => [name, one])),
      ),
    });
  }

  /** Asks by GET: the parameters are in the query, and what is signed is the address. */
  async get(path: string, params: Record<string, string>): Promise<Reply> {
    const asked = `${path}?${new URLSearchParams(params).toString()}`;
    return this.send(asked, {headers: {'x-twilio-signature': getExpectedTwilioSignature(TOKEN, ORIGIN + asked, {})}});
  }

  async send(path: string, {webhook, ...init}: RequestInit & {webhook?: Webhook} = {}): Promise<Reply> {
    const port = (webhook ?? this.#webhooks[0])?.port;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    return {status: response.status, type: response.headers.get('content-type') ?? '', text: await response.text()};
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #announce(name: 'workers' | 'edges', facts: Partial<Member> & Pick<Member, 'id'>): Promise<void> {
    await this.fleet.announce(name, {calls: 0, capacity: 10, state: 'ready', lagMs: 0, startedAt: 0, ...facts});
  }
}

/**
 * Lets the time of a fake clock pass until a promise settles. `tookMs`: how much time passed. `stepMs` 0: it must settle
 * without any time passing.
 */
export async function passing<Result>(
  clock: FakeClock,
  awaited: Promise<Result>,
  stepMs = 10,
): Promise<{result: Result; tookMs: number}> {
  const began = clock.now();
  const state = {waiting: true};
  const done = () => {
    state.waiting = false;
  };
  awaited.then(done, done);
  while (state.waiting) {
    await flushPromises();
    clock.advance(stepMs);
  }
  return {result: await awaited, tookMs: clock.now() - began};
}

export function ringing(callSid: CallSid = newCallSid()) {
  return {CallSid: callSid, CallStatus: 'ringing', From: '+15550100001', To: '+15550100002', Direction: 'inbound'};
}

export function inProgress(callSid: CallSid) {
  return {...ringing(callSid), CallStatus: 'in-progress'};
}

export function newCallSid(): CallSid {
  return CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
}
