import {z} from 'zod';
import type {CaptureLine} from '../capture/capture.ts';
import type {Millis} from '../time.ts';
import {
  type CallerStep,
  interruptsAfter,
  longEnough,
  type ModelStep,
  momentOf,
  NOT_TRANSCRIBED,
  type RehearsalOfCall,
} from './rehearsal-text.ts';

/** A clear that comes so soon after the caller began to speak is theirs. */
const CLEARS_WITHIN: Millis = 1_500;

const HEAD = [
  'Made of a captured call: what its caller did, and what the model answered.',
  'Captures have no digits: each is a 0 here. Put in what the tools need, and say what you expect.',
  `Where the words of the caller are not known they say ${NOT_TRANSCRIBED}`,
];

/** What a capture has of the events of a model, as far as it matters here. */
const ModelEvent = z.union([
  z.object({type: z.literal('callerWords'), itemId: z.string(), text: z.string()}),
  z.object({type: z.literal('callerSpoke'), itemId: z.string()}),
  z.object({type: z.literal('audio'), responseId: z.string()}),
  z.object({type: z.literal('words'), responseId: z.string(), text: z.string(), whole: z.boolean().optional()}),
  z.object({type: z.literal('toolCalled'), responseId: z.string(), name: z.string(), arguments: z.string()}),
]);
type ModelEvent = z.infer<typeof ModelEvent>;
interface TimedEvent {
  readonly at: Millis;
  readonly event: ModelEvent;
}

/** What the caller of a captured call did. `lines`: of all its sections, on one axis of time. */
export function rehearsalOfCapture(lines: readonly CaptureLine[]): RehearsalOfCall {
  const ordered = lines.toSorted((a, b) => a.at - b.at);
  const events = ordered.flatMap(({at, message}): TimedEvent[] => {
    const {success, data} = ModelEvent.safeParse(message['event']);
    return success ? [{at, event: data}] : [];
  });
  const cuts = new Map<string, Millis>();
  const caller = callerSteps(ordered, events, cuts);
  const isByCaller = caller.some(({does}) => 'hangsUp' in does);
  return {head: HEAD, caller, model: modelSteps(events, cuts), expects: {endedBy: isByCaller ? 'caller' : 'assistant'}};
}

/** `cuts`: after how long each response was interrupted, which is found here. */
function callerSteps(
  lines: readonly CaptureLine[],
  events: readonly TimedEvent[],
  cuts: Map<string, Millis>,
): CallerStep[] {
  const steps: (CallerStep & {readonly at: Millis})[] = [];
  const words = new Map<string, string>();
  for (const {event} of events) if (event.type === 'callerWords') words.set(event.itemId, event.text);
  let [soundSince, response]: [Millis | undefined, string | undefined] = [undefined, undefined];
  for (const {at, event} of events) {
    if (event.type === 'audio' && event.responseId !== response) [soundSince, response] = [at, event.responseId];
    if (event.type !== 'callerSpoke') continue;
    const known = words.get(event.itemId)?.trim();
    const says = known === undefined || known === '' ? NOT_TRANSCRIBED : known;
    const isInterruption = lines.some(
      line => line.at >= at && line.at < at + CLEARS_WITHIN && line.message['kind'] === 'clear',
    );
    const note = `at ${momentOf(at)}`;
    if (isInterruption && soundSince !== undefined && response !== undefined) {
      const isGreeting = steps.length === 0;
      steps.push({at, note, does: {interruptsAfter: interruptsAfter(at - soundSince, isGreeting), says}});
      cuts.set(response, at - soundSince);
    } else steps.push({at, note, does: {says}});
  }
  for (const {at, socket, direction, message} of lines) {
    if (socket !== 'phone' || direction !== 'in') continue;
    const note = `at ${momentOf(at)}`;
    if (message['kind'] === 'digit') steps.push({at, note, does: {presses: String(message['digit'])}});
    if (message['kind'] === 'stopped') steps.push({at, note, does: {hangsUp: true}});
  }
  return steps.toSorted((a, b) => a.at - b.at);
}

/** The replies of the model, without its greeting: a rehearsal has its own. */
function modelSteps(events: readonly TimedEvent[], cuts: ReadonlyMap<string, Millis>): ModelStep[] {
  const replies = new Map<string, {says: string; calls: NonNullable<ModelStep['calls']>[number][]}>();
  let hasCallerSpoken = false;
  for (const {event} of events) {
    if (event.type === 'callerSpoke') hasCallerSpoken = true;
    if (!hasCallerSpoken || (event.type !== 'words' && event.type !== 'toolCalled')) continue;
    const reply = replies.get(event.responseId) ?? {says: '', calls: []};
    replies.set(event.responseId, reply);
    if (event.type === 'words') reply.says = event.whole ? event.text : reply.says + event.text;
    else reply.calls.push({name: event.name, args: argsOf(event.arguments)});
  }
  return [...replies].flatMap(([id, {says: spoken, calls}]) => {
    const says = spoken.trim() === '' ? {} : {says: longEnough(spoken.trim(), cuts.get(id) ?? 0)};
    return spoken.trim() === '' && calls.length === 0 ? [] : [{...says, ...(calls.length === 0 ? {} : {calls})}];
  });
}

/** The arguments of a tool, as far as they are an object. */
export function argsOf(text: string | null): Readonly<Record<string, unknown>> {
  try {
    const args: unknown = JSON.parse(text ?? '');
    return typeof args === 'object' && args !== null && !Array.isArray(args) ? {...args} : {};
  } catch {
    return {};
  }
}
