import {onTestFinished} from 'vitest';
import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import {loadConfig, type Env} from '@voicebridge/shared/config/config.ts';
import {MemoryFleet} from '@voicebridge/shared/fleet/memory-fleet.ts';
import {MemoryMediaBus} from '@voicebridge/shared/bus/memory-media-bus.ts';
import {canaryLog} from '@voicebridge/shared/testing/canary-log.ts';
import type {CallSid, Ticket} from '@voicebridge/shared/protocol/ids.ts';
import {FakeClock, flushPromises} from '@voicebridge/shared/testing/fake-clock.ts';
import {EdgeEnv} from '../config.ts';
import {startMediaEdge, type EdgeDeps, type MediaEdge} from '../start-media-edge.ts';
import {ScriptedWorker} from './scripted-worker.ts';
import {newCallSid, newTicket, PUBLIC_URL, TOKEN, TwilioClient} from './twilio-client.ts';

/** A whole edge on loopback, with real sockets and a clock that only the test moves. */
export class TestEdge {
  readonly clock = new FakeClock();
  readonly bus = new MemoryMediaBus(this.clock);
  readonly directory = new MemoryCallDirectory(this.clock);
  readonly fleet = new MemoryFleet(this.clock);
  /** What its log says, of every level. */
  readonly lines: Record<string, unknown>[] = [];
  readonly #log = canaryLog('test-edge', 'trace', line => void this.lines.push(JSON.parse(line)));
  edge!: MediaEdge;

  /** `carrier`: whose sockets the edge takes; Twilio's if not given. */
  static async start(env: Env = {}, carrier?: EdgeDeps['carrier']): Promise<TestEdge> {
    const test = new TestEdge();
    test.edge = await test.anotherEdge(env, carrier);
    // No worker is declared dead before Redis has answered for a second.
    test.clock.advance(1_100);
    return test;
  }

  async anotherEdge(env: Env = {}, carrier?: EdgeDeps['carrier']): Promise<MediaEdge> {
    const {bus, directory, fleet, clock} = this;
    const base = {PORT: '0', PUBLIC_EDGE_URL: PUBLIC_URL, TWILIO_AUTH_TOKEN: TOKEN, REDIS_URL: 'redis://unused'};
    const config = loadConfig(EdgeEnv, {...base, ...env});
    const deps = {bus, directory, fleet, clock, log: this.#log, random: () => 0, ...(carrier ? {carrier} : {})};
    const edge = await startMediaEdge(config, deps);
    onTestFinished(() => edge[Symbol.asyncDispose]());
    return edge;
  }

  async worker(): Promise<ScriptedWorker> {
    const worker = await ScriptedWorker.start(this);
    onTestFinished(() => worker[Symbol.asyncDispose]());
    return worker;
  }

  /** A call that a worker owns, and the ticket for its stream. */
  async call(worker: ScriptedWorker): Promise<{callSid: CallSid; ticket: Ticket}> {
    const callSid = newCallSid();
    const ticket = newTicket();
    await worker.own(callSid, ticket);
    await this.directory.putTicket(ticket, {callSid, epoch: 1});
    return {callSid, ticket};
  }

  /** A call that is bridged to its worker. */
  async bridged(worker: ScriptedWorker, edge: MediaEdge = this.edge): Promise<TwilioClient> {
    const {callSid, ticket} = await this.call(worker);
    const caller = await TwilioClient.signed(edge.port, ticket, callSid).open();
    caller.start();
    await this.until(() => worker.kinds(1).includes('began'), 'the stream reached the worker');
    return caller;
  }

  /** Another one, on an edge that has calls already. */
  async bridgedAgain(worker: ScriptedWorker): Promise<TwilioClient> {
    const asked = worker.asked.length;
    const {callSid, ticket} = await this.call(worker);
    const caller = await TwilioClient.signed(this.edge.port, ticket, callSid).open();
    caller.start();
    await this.until(() => worker.asked.length > asked && worker.kinds(1).includes('began'), 'it is bridged');
    return caller;
  }

  /** Moves time in small steps, with socket I/O between them, until `isSo`; fails after `within` ms. `what` is for the error. */
  async until(isSo: () => boolean | Promise<boolean>, what: string, within = 20_000): Promise<void> {
    for (let moved = 0; moved < within; moved += 1) {
      if (await isSo()) return;
      this.clock.advance(1);
      await flushPromises();
    }
    throw new Error(`it never happened that ${what}`);
  }

  /** Lets time pass in small steps, with socket I/O between them. */
  async pass(ms: number): Promise<void> {
    for (let moved = 0; moved < ms; moved += 5) {
      this.clock.advance(5);
      await flushPromises();
    }
  }

  /** The samples of a metric, without those that are 0. */
  async metric(name: string): Promise<string[]> {
    const response = await fetch(`http://127.0.0.1:${this.edge.port}/metrics`);
    const lines = (await response.text()).split('\n');
    return lines.filter(line => line.startsWith(`voicebridge_${name}`) && !line.endsWith(' 0'));
  }
}
