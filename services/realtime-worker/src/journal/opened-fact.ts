import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {PartyRecord} from '@voicebridge/shared/cdr/call-record.ts';
import type {Assistant} from '../assistant.ts';
import type {Fact} from '../events/call-effect.ts';

/** The first entry of a journal: what was known when the call came in, and which assistant answers. */
export function openedFact(call: CallEntry, assistant: Assistant): Fact {
  const {facts} = call;
  const party = (who: 'caller' | 'callee'): PartyRecord => ({
    hash: facts[`${who}Hash`] ?? null,
    lastTwo: facts[`${who}LastTwo`] ?? null,
    number: facts[`${who}Number`] ?? null,
  });
  const receivedAt = Number(facts['receivedAt']);
  return {
    is: 'opened',
    callSid: call.callSid,
    direction: facts['direction'] === 'outbound' ? 'outbound' : 'inbound',
    ...(facts['via'] === 'browser' ? {via: 'browser' as const} : {}),
    caller: party('caller'),
    callee: party('callee'),
    assistant: assistant.name,
    version: assistant.version,
    variables: {...assistant.given},
    ring: assistant.ring,
    transcripts: assistant.transcripts,
    ...(assistant.disclosure ? {discloses: true} : {}),
    after: {hook: assistant.after, outcome: assistant.outcome},
    model: assistant.model,
    voice: assistant.voice,
    // Webhook and worker are two processes, perhaps on two machines: they share no clock but the time of day.
    admissionMs: receivedAt > 0 ? Math.max(0, call.startedAt - receivedAt) : null,
    traceparent: facts['traceparent'] ?? null,
  };
}
