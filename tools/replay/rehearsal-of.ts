import type {CaptureLine} from '@voicebridge/shared/capture/capture.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {stringify} from 'yaml';
import type {ModelEvent} from '../../services/realtime-worker/src/model/model-adapter.ts';
import type {CallerDoes, ModelDoes} from '../../scripts/rehearse/call-file.ts';
import type {RecordedCall} from './recorded-call.ts';

/** A clear that comes so soon after the caller began to speak is theirs. */
const CLEARS_WITHIN: Millis = 1_500;

const NOT_TRANSCRIBED = 'Hello?';

const HEAD = `# Made of a captured call: what its caller did, and what the model answered.
# Captures have no digits: each is a 0 here. Put in what the tools need, and say what you expect.
# Where the words of the caller are not known they say ${NOT_TRANSCRIBED}
`;

/** A file for npm run rehearse with what the caller of this call did. */
export function rehearsalOf(call: RecordedCall): string {
  const lines = [...call.edges, ...call.workers].flatMap(section => section.lines).toSorted((a, b) => a.at - b.at);
  const caller = callerSteps(lines);
  const model = modelReplies(lines);
  const isByCaller = caller.some(step => 'hangsUp' in step);
  const expects = {endedBy: isByCaller ? 'caller' : 'assistant'};
  if (caller.length === 0) caller.push({waits: 1_000});
  return `${HEAD}${stringify({caller, ...(model.length === 0 ? {} : {model}), expects})}`;
}

function callerSteps(lines: readonly CaptureLine[]): CallerDoes[] {
  const steps: {at: Millis; does: CallerDoes}[] = [];
  const words = new Map<string, string>();
  for (const {event} of modelEvents(lines)) if (event.type === 'callerWords') words.set(event.itemId, event.text);
  let [soundSince, response]: [Millis | undefined, string | undefined] = [undefined, undefined];
  for (const {at, event} of modelEvents(lines)) {
    if (event.type === 'audio' && event.responseId !== response) [soundSince, response] = [at, event.responseId];
    if (event.type !== 'callerSpoke') continue;
    const known = words.get(event.itemId)?.trim();
    const says = known === undefined || known === '' ? NOT_TRANSCRIBED : known;
    const isInterruption = lines.some(
      line => line.at >= at && line.at < at + CLEARS_WITHIN && line.message['kind'] === 'clear',
    );
    if (isInterruption && soundSince !== undefined)
      steps.push({at, does: {interruptsAfter: Math.round(at - soundSince), says}});
    else steps.push({at, does: {says}});
  }
  for (const {at, socket, direction, message} of lines) {
    if (socket !== 'phone' || direction !== 'in') continue;
    if (message['kind'] === 'digit') steps.push({at, does: {presses: String(message['digit'])}});
    if (message['kind'] === 'stopped') steps.push({at, does: {hangsUp: true}});
  }
  return joined(steps.toSorted((a, b) => a.at - b.at).map(({does}) => does));
}

/** Keys that were pressed one after the other are one entry. */
function joined(steps: readonly CallerDoes[]): CallerDoes[] {
  const all: CallerDoes[] = [];
  for (const step of steps) {
    const last = all.at(-1);
    if ('presses' in step && last && 'presses' in last) all[all.length - 1] = {presses: last.presses + step.presses};
    else all.push(step);
  }
  return all;
}

/** The replies of the model, without its greeting: a rehearsal has its own. */
function modelReplies(lines: readonly CaptureLine[]): ModelDoes[] {
  const replies = new Map<string, {says: string; calls: Record<string, Record<string, unknown>>[]}>();
  let hasCallerSpoken = false;
  for (const {event} of modelEvents(lines)) {
    if (event.type === 'callerSpoke') hasCallerSpoken = true;
    if (!hasCallerSpoken || (event.type !== 'words' && event.type !== 'toolCalled')) continue;
    const reply = replies.get(event.responseId) ?? {says: '', calls: []};
    replies.set(event.responseId, reply);
    if (event.type === 'words') reply.says = event.whole ? event.text : reply.says + event.text;
    else reply.calls.push({[event.name]: argsOf(event.arguments)});
  }
  return [...replies.values()].map(({says, calls}) => ({
    ...(says.trim() === '' ? {} : {says: says.trim()}),
    ...(calls.length === 0 ? {} : {calls}),
  }));
}

function argsOf(text: string): Record<string, unknown> {
  try {
    const args: unknown = JSON.parse(text);
    return typeof args === 'object' && args !== null ? {...args} : {};
  } catch {
    return {};
  }
}

function modelEvents(lines: readonly CaptureLine[]): {at: Millis; event: ModelEvent}[] {
  return lines.flatMap(({at, message}) => {
    const event = message['event'] as ModelEvent | undefined;
    return event ? [{at, event}] : [];
  });
}
