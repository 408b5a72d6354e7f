import {aloneDeps} from '../call-session/alone-deps.ts';
import {MemoryMediaBus} from '@voicebridge/shared/bus/memory-media-bus.ts';
import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import {reliableFrameChannels} from '@voicebridge/shared/frame-channel/reliable-frame-channel.ts';
import {createLog, type Log} from '@voicebridge/shared/observability/log.ts';
import {createMetrics, type Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {PROTOCOL_VERSION} from '@voicebridge/shared/protocol/protocol-version.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from '../assistant.ts';
import {always} from '../assistants/call-assistants.ts';
import {JournalSeal} from '../events/journal-seal.ts';
import type {ModelAdapter} from '../model/model-adapter.ts';
import {openRehearsalModel} from '../model/openai/rehearsal-model.ts';
import {telephoneAudio} from '../model/telephone-audio.ts';
import {OwnedCalls} from './owned-calls.ts';
import {rehearsedJournal} from './rehearsed-journal.ts';

/** After about so many calls the code is compiled. */
const CALLS = 16;
/** So many at a time, as when a worker dies. */
const AT_ONCE = 8;
/** For all of it. A machine that stays busy must still get workers. */
const AT_MOST: Millis = 3_000;
const LOOK_EVERY: Millis = 10;
const SECOND_OF_AUDIO = Buffer.alloc(8_000, 0x10).toString('base64');
const [dead, worker] = [ProcessId.parse('worker-rehearsed'), ProcessId.parse('worker-rehearsing')];
const edge = ProcessId.parse('edge-rehearsal');

/**
 * Takes invented calls over from an invented dead worker, with the real parts of this one: journal, channel, core and
 * model session, on a bus and a model in this process. Code that runs for the first time is several times slower; without
 * a rehearsal the first callers that this worker saves would wait for that. Nothing of it leaves the process.
 */
export async function rehearse(options: {
  readonly assistant: Assistant;
  /** Makes the configured adapter for a server with this address. */
  readonly openAdapter: (url: string, deps: {clock: Clock; metrics: Metrics; log: Log}) => ModelAdapter;
  /** Words in the invented journals are sealed with it, as those of calls are. */
  readonly key: FleetKey;
  readonly clock: Clock;
}): Promise<void> {
  const {assistant, openAdapter, key, clock} = options;
  await using model = await openRehearsalModel();
  const bus = new MemoryMediaBus(clock);
  using channels = reliableFrameChannels(bus, clock);
  const directory = new MemoryCallDirectory(clock);
  const log = createLog('rehearsal', {level: 'silent'});
  const metrics = createMetrics('rehearsal', {ofProcess: false});
  const adapter = telephoneAudio(openAdapter(model.url, {clock, metrics, log}));
  const calls = new OwnedCalls({
    capacity: CALLS,
    assistants: always(assistant),
    callDeps: {
      ...aloneDeps({worker, channels, directory, adapter, clock, metrics, log, bus}),
      sealOf: callSid => new JournalSeal(key.textSeal(callSid), {mayWrite: () => true}),
      // Nobody waits for an invented caller to come back.
      streamGraceMs: 1_000,
    },
    onFinished: async () => {},
    metrics,
    log,
  });

  /** The edge's part of one move. */
  const move = async (number: number) => {
    const callSid = CallSid.parse(`rehearsal-${number}`);
    const streamSid = StreamSid.parse(`rehearsal-${number}`);
    await directory.claim(callSid, {epoch: 0, owner: dead, at: clock.wall()});
    const journal = rehearsedJournal({streamSid, owner: dead, edge, wall: clock.wall(), isCompacted: number % 2 === 0});
    const seal = new JournalSeal(key.textSeal(callSid), {mayWrite: () => true});
    await directory.append(
      callSid,
      1,
      journal.map(entry => seal.line(entry)),
    );
    const stream = await channels.edgeEnd(streamSid, 2);
    stream.onFrame(() => {});
    const assigned = {callSid, epoch: 1, assistant: assistant.name, facts: {}, cause: 'worker-lost'} as const;
    const asked = {version: PROTOCOL_VERSION, ask: String(number), replyTo: 'rehearsal'} as const;
    await calls.handle({type: 'take', ...asked, ...assigned, stream: {streamSid, edge}});
    stream.send({kind: 'began', callSid, streamSid, edge, at: clock.now(), sinceStartMs: 8_000, silentMs: 100});
    for (let second = 0; second < 8; second += 1) {
      stream.send({kind: 'audio', timestamp: second * 1_000, payload: SECOND_OF_AUDIO});
    }
    return stream;
  };

  const until = clock.now() + AT_MOST;
  for (let first = 0; first < CALLS && clock.now() < until; first += AT_ONCE) {
    const streams = await Promise.all(Array.from({length: AT_ONCE}, (_, place) => move(first + place)));
    while (model.replies < first + AT_ONCE && clock.now() < until) await sleep(clock, LOOK_EVERY);
    await sleep(clock, LOOK_EVERY); // until the last reply was read
    await calls.leaveAll({isTakenOver: true});
    for (const stream of streams) stream.drop();
  }
}
