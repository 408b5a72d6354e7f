import type {MediaBus} from '@voicebridge/shared/bus/media-bus.ts';
import {MemoryMediaBus} from '@voicebridge/shared/bus/memory-media-bus.ts';
import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import type {Member} from '@voicebridge/shared/fleet/fleet.ts';
import type {FrameChannels} from '@voicebridge/shared/frame-channel/frame-channel.ts';
import {reliableFrameChannels} from '@voicebridge/shared/frame-channel/reliable-frame-channel.ts';
import type {Peers} from '@voicebridge/shared/liveness/peer-monitor.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import type {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {openWorkerClient} from '@voicebridge/shared/rpc/worker-client.ts';
import {openWorkerServer} from '@voicebridge/shared/rpc/worker-server.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {fleetWorkers} from './fleet-workers.ts';
import {WorkerLink, type WorkerLinkDeps} from './worker-link.ts';

/** So many calls lose their worker at a time, so many times. */
const [CALLS, DEATHS] = [8, 2];
/** For all of it. A machine that stays busy must still get edges. */
const AT_MOST: Millis = 2_000;
const FRAMES = 400;
const FRAME_MS: Millis = 20;
/** One frame of the caller's audio as Twilio sends it, in base64. */
const FRAME = Buffer.from(Buffer.alloc(160, 0x10).toString('base64'), 'latin1');
const [dead, edge] = [ProcessId.parse('worker-rehearsed'), ProcessId.parse('edge-rehearsing')];
const MEMBER: Member = {
  id: ProcessId.parse('worker-rehearsal'),
  calls: 0,
  capacity: 100,
  state: 'ready',
  url: '',
  lagMs: 0,
  startedAt: 0,
};

/**
 * Moves invented calls from an invented dead worker to another one, with the real parts of this edge: link, search,
 * question, channel and replay, on a bus in this process. Code that runs for the first time is several times slower; without
 * a rehearsal the first callers whose worker dies would wait for that. Nothing of it leaves the process. Returns how many
 * calls were moved.
 */
export async function rehearse({key, clock}: {readonly key: FleetKey; readonly clock: Clock}): Promise<number> {
  const bus = new MemoryMediaBus(clock);
  const log = createLog('rehearsal', {level: 'silent'});
  const metrics = createMetrics('rehearsal', {ofProcess: false});
  const directory = new MemoryCallDirectory(clock);
  await using stack = new AsyncDisposableStack();
  const channels = stack.use(reliableFrameChannels(bus, clock));
  const workerClient = stack.use(await openWorkerClient({bus, clock, id: edge, log, key}));
  const fleet = {members: async () => [MEMBER]};
  const deps = {id: edge, bus, directory, fleet, channels, clock, log, metrics, workerClient, random: () => 0, key};
  const heard = {calls: 0};
  stack.use(await answerAsNext(deps, heard));
  const until = clock.now() + AT_MOST;
  for (let death = 1; death <= DEATHS && clock.now() < until; death += 1) {
    const dying = dyingWorker();
    const workers = {
      ...fleetWorkers({...deps, peers: dying}),
      attach: async () => 'yes' as const,
      // The connection has held long enough: no call waits to see whether the dead worker comes back.
      linkedSince: () => clock.now() - AT_MOST,
    };
    const runs = Array.from({length: CALLS}, (_, place) => beginCall(`${death}-${place}`, {...deps, workers}));
    await sleep(clock, 1); // all channels are open
    dying.die();
    const [all, isOver] = [death * CALLS, () => clock.now() >= until];
    while (heard.calls < all && !isOver()) await sleep(clock, 5);
    for (const {link} of runs) link.end('hungUp');
    await Promise.all(runs.map(({over}) => over));
  }
  return heard.calls;
}

/** The worker that takes the calls: it listens to them before it says so. Counts in `heard` which it has heard. */
async function answerAsNext(
  deps: Pick<WorkerLinkDeps, 'log' | 'clock' | 'metrics'> & {
    readonly bus: MediaBus;
    readonly channels: FrameChannels;
    readonly key: FleetKey;
  },
  heard: {calls: number},
): Promise<AsyncDisposable> {
  return openWorkerServer({
    ...deps,
    worker: MEMBER.id,
    handle: async ask => {
      if (ask.type !== 'take' || !ask.stream) return {answer: 'unknown', epoch: 0};
      const epoch = ask.epoch + 1;
      const channel = await deps.channels.workerEnd(ask.stream.streamSid, epoch);
      channel.onFrame(frame => void (heard.calls += frame.kind === 'began' ? 1 : 0));
      channel.send({kind: 'clear'});
      return {answer: 'yes', epoch, settledMs: 1_000, digits: 0};
    },
  });
}

/** What the edge sees of a worker that is alive until `die`. */
function dyingWorker(): Peers & {die(): void} {
  let isDead = false;
  const whenDead: (() => void)[] = [];
  return {
    die() {
      isDead = true;
      for (const run of whenDead) run();
    },
    verdict: () => (isDead ? 'dead' : 'alive'),
    onDead(_, run) {
      whenDead.push(run);
      return () => {};
    },
    noReceiver: () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

/** A caller who has said eight seconds, and pressed a key. */
function beginCall(name: string, deps: WorkerLinkDeps): {readonly link: WorkerLink; readonly over: Promise<unknown>} {
  const callSid = CallSid.parse(`rehearsal-${name}`);
  const streamSid = StreamSid.parse(`rehearsal-${name}`);
  const link = new WorkerLink({callSid, streamSid}, deps, {onFrame() {}, onAudio() {}});
  const over = link.run({callSid, state: 'live', owner: dead, epoch: 1, assistant: 'rehearsal', facts: {}});
  for (let frame = 0; frame < FRAMES; frame += 1) link.sendAudio(frame * FRAME_MS, FRAME, 0, FRAME.length);
  link.send({kind: 'digit', digit: '1', number: 1});
  return {link, over};
}
