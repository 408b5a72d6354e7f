import {z} from 'zod';
import {CallSid, ProcessId, StreamSid, Ticket} from '../protocol/ids.ts';
import type {CallEntry} from './call-directory.ts';

const numeral = z.string().regex(/^\d+$/).transform(Number);

const Fields = z.object({
  state: z.enum(['live', 'ended']),
  epoch: numeral,
  owner: ProcessId,
  assistant: z.string().default(''),
  ticket: Ticket.optional(),
  streamSid: StreamSid.optional(),
  edge: ProcessId.optional(),
  intent: z.enum(['hang-up', 'transfer', 'migrate', 'apologise']).optional(),
  attempts: numeral,
  startedAt: numeral,
});

const FACT = 'fact:';

/** A call as the fields of its Redis hash. Each fact is a field of its own, so that one can be added in one step. */
export function fieldsOfCall(entry: CallEntry): string[] {
  const {callSid: _, stream, facts, ...plain} = entry;
  const fields = {...plain, streamSid: stream?.streamSid, edge: stream?.edge};
  const texts = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]));
  return [...texts, ...fieldsOfFacts(facts)];
}

export function fieldsOfFacts(facts: CallEntry['facts']): string[] {
  return Object.entries(facts).flatMap(([name, value]) => [FACT + name, value]);
}

/** Reads a call from the fields of its Redis hash; undefined if there are none. Throws if they are not a call. */
export function callOfFields(callSid: CallSid, fields: Readonly<Record<string, string>>): CallEntry | undefined {
  if (Object.keys(fields).length === 0) return undefined;
  const {streamSid, edge, ticket, intent, ...call} = Fields.parse(fields);
  const facts = Object.entries(fields).filter(([name]) => name.startsWith(FACT));
  return {
    callSid,
    ...call,
    ...(ticket ? {ticket} : {}),
    ...(streamSid && edge ? {stream: {streamSid, edge}} : {}),
    ...(intent ? {intent} : {}),
    facts: Object.fromEntries(facts.map(([name, value]) => [name.slice(FACT.length), value])),
  };
}
