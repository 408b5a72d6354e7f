import {Catalogue} from '@voicebridge/assistant/catalogue.ts';
import {MemoryVersionStore} from '@voicebridge/assistant/store/version-store.ts';
import type {StoredVersion} from '@voicebridge/assistant/version.ts';
import type {CaptureLine} from '@voicebridge/shared/capture/capture.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from '../../services/realtime-worker/src/assistant.ts';
import {Assistants} from '../../services/realtime-worker/src/assistants/assistants.ts';
import type {ModelTraits} from '../../services/realtime-worker/src/model/model-adapter.ts';
import type {ToolOutcome} from '../../services/realtime-worker/src/events/tool-outcome.ts';
import type {BackgroundTool, RunTool, Tool} from '../../services/realtime-worker/src/tools/tool.ts';
import type {VirtualWorkerOptions} from '../harness/virtual/virtual-bridge.ts';
import {beganOf, CannotReplay, type TimedSection} from './recorded-call.ts';
import {RecordedModel} from './recorded-model.ts';

/** An assistant as a capture has it. */
interface Described {
  readonly version: string;
  readonly given: Readonly<Record<string, string>>;
  readonly stored?: StoredVersion;
  readonly tools: readonly Omit<BackgroundTool, 'run'>[];
}

/** A worker that has the assistants, the model and the results of tools of a recorded one. */
export async function recordedWorker(section: TimedSection, clock: Clock): Promise<VirtualWorkerOptions> {
  const {assistant, settings, traits} = beganOf(section) as unknown as {
    readonly assistant: Described;
    readonly settings: NonNullable<VirtualWorkerOptions['settings']>;
    readonly traits: ModelTraits;
  };
  const first = await use(assistant, clock);
  const others = new Map<string, Assistant>();
  const stored = new Map([[assistant.version, assistant.stored]]);
  for (const {message} of section.lines) {
    const {kind, name, found} = message as {kind?: string; name?: string; found?: Described};
    if (kind !== 'assistant' || name === undefined || !found) continue;
    others.set(name, await use(found, clock));
    stored.set(found.version, found.stored);
  }
  return {
    adapter: new RecordedModel(section, traits, clock),
    assistants: {
      ofNew: () => ({first}),
      ofKnown: async () => first,
      named: name => others.get(name),
      stored: hash => stored.get(hash),
    },
    runTool: recordedTools(section, clock),
    streamsAt: streamsOf(section),
    settings,
  };
}

/** Between two machines a stream needs its time; a worker that takes a call over is given the stream with it. */
function streamsOf(section: TimedSection): Millis[] {
  const began = section.lines.flatMap(({at, message}) => (message['kind'] === 'stream' ? [at] : []));
  return beganOf(section)?.['cause'] === 'new' ? began : began.slice(1);
}

async function use({version, given, stored, tools}: Described, clock: Clock): Promise<Assistant> {
  if (!stored) throw new CannotReplay('the worker did not know its assistant any more: it is not in the capture');
  const store = new MemoryVersionStore();
  await store.put(version, JSON.stringify(stored));
  const ring = {askUrl: undefined, budgetMs: 0, metrics: createMetrics('replay')};
  const log = createLog('replay', {level: 'silent'});
  const assistants = new Assistants(new Catalogue(stored.assistant), {store, ring, clock, log});
  const kept = {version, variables: given};
  const assistant = await assistants.ofKnown({assistant: stored.assistant.name, kept});
  const missing = tools.filter(({name}) => !assistant.tools.some(tool => tool.name === name));
  // Arguments are masked: that they were checked then is in the recording.
  const known = assistant.tools.map((tool): Tool => (tool.runs === 'later' ? {...tool, check: () => undefined} : tool));
  return {...assistant, tools: [...known, ...missing.map((tool): Tool => ({...tool, run: nothing}))], lacksCode: false};
}

async function nothing(): Promise<ToolOutcome> {
  return {kind: 'failed', output: ''};
}

/** Tools that have the same results after the same time. One that never had a result has none now. */
function recordedTools({lines}: TimedSection, clock: Clock): RunTool {
  const of = (callId: string, direction: CaptureLine['direction']) =>
    lines.find(line => line.socket === 'tool' && line.direction === direction && line.message['callId'] === callId);
  return async (_tool, _args, {key, callSid}) => {
    const callId = key.slice(callSid.length + 1);
    const [began, ended] = [of(callId, 'out'), of(callId, 'in')];
    if (began && !ended) await sleep(clock, NEVER);
    await sleep(clock, (ended?.at ?? 0) - (began?.at ?? 0));
    if (ended?.message['threw']) throw new Error('it threw in the recording, too');
    return (
      (ended?.message['outcome'] as ToolOutcome | undefined) ?? {kind: 'failed', output: toldInstead(lines, callId)}
    );
  };
}

const NEVER: Millis = 86_400_000;

/** What the model was told of a call of a tool that did not run. */
function toldInstead(lines: readonly CaptureLine[], callId: string): string {
  for (const {message} of lines) {
    const {command} = message as {command?: {item?: {kind?: string; callId?: string; output?: string}}};
    if (command?.item?.kind === 'toolResult' && command.item.callId === callId) return command.item.output ?? '';
  }
  return '';
}
