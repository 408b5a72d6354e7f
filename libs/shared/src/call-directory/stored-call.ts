import {z} from 'zod';
import {CallSid, ProcessId, StreamSid, Ticket} from '../protocol/ids.ts';
import type {FleetKey} from '../protocol/fleet-key.ts';
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

/** Facts that send a caller somewhere. They are believed only if a process of the fleet has signed them. */
const SIGNED_FACTS: readonly string[] = ['edgeUrl', 'transferTo', 'away', 'awayPerson', 'over'];
const SIGNATURE = 'signature:';
/** Facts with numbers and words of people. They are sealed where the whole fleet has a key. */
const SEALED_FACTS: readonly string[] = ['away'];
const SEALED = 'sealed:';

/** Facts that say who called whom. The record has them; nobody asks for them after its end. */
export const PARTY_FACTS = [
  'callerHash',
  'callerLastTwo',
  'callerNumber',
  'spendCaller',
  'spendNumber',
  'calleeHash',
  'calleeLastTwo',
  'calleeNumber',
  'away',
] as const;
export const PARTY_FIELDS: readonly string[] = PARTY_FACTS.map(name => FACT + name);

/** A call as the fields of its Redis hash. Each fact is a field of its own, so that one can be added in one step. */
export function fieldsOfCall(entry: CallEntry, key: FleetKey): string[] {
  const {callSid, stream, facts, ...plain} = entry;
  const fields = {...plain, streamSid: stream?.streamSid, edge: stream?.edge};
  const texts = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]));
  return [...texts, ...fieldsOfFacts(callSid, key, facts)];
}

export function fieldsOfFacts(callSid: CallSid, key: FleetKey, facts: CallEntry['facts']): string[] {
  const seal = key.textSeal(callSid);
  return Object.entries(facts).flatMap(([name, plain]) => {
    const sealed = SEALED_FACTS.includes(name) ? seal.seal(plain) : undefined;
    const value = sealed === undefined ? plain : SEALED + sealed;
    const signature = SIGNED_FACTS.includes(name) ? key.sign(callSid, `${name} ${value}`) : undefined;
    return [FACT + name, value, ...(signature === undefined ? [] : [SIGNATURE + name, signature])];
  });
}

/**
 * Reads a call from the fields of its Redis hash; undefined if there are none. A fact whose signature is wrong, or that
 * cannot be opened, is left out. Throws if the fields are not a call.
 */
export function callOfFields(
  callSid: CallSid,
  key: FleetKey,
  fields: Readonly<Record<string, string>>,
): CallEntry | undefined {
  if (Object.keys(fields).length === 0) return undefined;
  const {streamSid, edge, ticket, intent, ...call} = Fields.parse(fields);
  const isBelieved = (name: string, value: string) =>
    !SIGNED_FACTS.includes(name) || key.accepts(callSid, `${name} ${value}`, fields[SIGNATURE + name]);
  const facts = Object.entries(fields).flatMap(([field, value]): [string, string][] => {
    const name = field.slice(FACT.length);
    if (!field.startsWith(FACT) || !isBelieved(name, value)) return [];
    const isSealed = SEALED_FACTS.includes(name) && value.startsWith(SEALED);
    const text = isSealed ? key.textSeal(callSid).open(value.slice(SEALED.length)) : value;
    return text === undefined ? [] : [[name, text]];
  });
  return {
    callSid,
    ...call,
    ...(ticket ? {ticket} : {}),
    ...(streamSid && edge ? {stream: {streamSid, edge}} : {}),
    ...(intent ? {intent} : {}),
    facts: Object.fromEntries(facts),
  };
}
