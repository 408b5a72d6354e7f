import {aloneDeps} from '../call-session/alone-deps.ts';
import {MemoryMediaBus} from '@voicebridge/shared/bus/memory-media-bus.ts';
import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import type {Facts} from '@voicebridge/shared/call-directory/call-directory.ts';
import {NO_SPEND_LIMITS} from '@voicebridge/shared/spend/limits.ts';
import {reliableFrameChannels} from '@voicebridge/shared/frame-channel/reliable-frame-channel.ts';
import {canaryLog} from '@voicebridge/shared/testing/canary-log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from '../assistant.ts';
import {always} from '../assistants/call-assistants.ts';
import {telephoneAudio} from '../model/telephone-audio.ts';
import type {CallDeps} from '../call-session/call-deps.ts';
import {takeCall} from '../ownership/take-call.ts';
import {usualAssistant} from './call.ts';
import {ScriptedModel} from './scripted-model.ts';

const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);
const streamSid = StreamSid.parse(`MZ${'1'.repeat(32)}`);
const edge = ProcessId.parse('edge-0000test');
const worker = ProcessId.parse('worker-0001');
const floor = {
  mode: 'immediate',
  minSpeechMs: 0,
  greetingProtectedMs: 0,
  noiseMs: 350,
  uninterruptible: false,
} as const;

/** A call that a worker has taken, with its caller connected and its model ready: `stream` is the edge's end of it. */
export async function takenCall({
  adapter = new ScriptedModel(),
  ledger,
  spendLimits = NO_SPEND_LIMITS,
  facts = {},
  hop,
  ...special
}: Partial<Assistant> &
  Partial<Pick<CallDeps, 'ledger' | 'spendLimits'>> & {
    readonly adapter?: ScriptedModel;
    readonly facts?: Facts;
    /** How long a message on a channel takes between the worker and the edge; no time, if not given. */
    readonly hop?: ((channel: string) => Millis) | undefined;
  } = {}) {
  const clock = new FakeClock();
  const metrics = createMetrics('test');
  const bus = new MemoryMediaBus(clock, hop);
  const channels = reliableFrameChannels(bus, clock);
  const directory = new MemoryCallDirectory(clock);
  const assistant: Assistant = {...usualAssistant, greeting: '', floor, ...special};
  const log = canaryLog('test');
  const alone = aloneDeps({worker, channels, directory, adapter: telephoneAudio(adapter), clock, metrics, log, bus});
  const deps = {...alone, ledger: ledger ?? alone.ledger, spendLimits};
  const request = {type: 'take', version: 2, ask: 'ask-1', replyTo: 'edge', assistant: 'default', facts} as const;
  const {session} = await takeCall({...request, callSid, epoch: 0, cause: 'new'}, always(assistant), deps);
  await session?.startModel();
  const attached = await directory.attach(callSid, {epoch: 1, streamSid, edge});
  const epoch = attached?.call.epoch ?? 0;
  const stream = await channels.edgeEnd(streamSid, epoch);
  await session?.attach(streamSid, edge, epoch);
  stream.send({kind: 'began', callSid, streamSid, edge});
  await clock.advanceAsync(50, 5);
  const [modelSession] = adapter.sessions;
  if (!session || !modelSession) throw new Error('the call was not taken');
  return {clock, session, stream, modelSession, directory, metrics, bus};
}
