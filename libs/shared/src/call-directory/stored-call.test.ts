import {expect, test} from 'vitest';
import {FleetKey, UNSIGNED} from '../protocol/fleet-key.ts';
import {CallSid, ProcessId} from '../protocol/ids.ts';
import {callOfFields, fieldsOfCall} from './stored-call.ts';

const callSid = CallSid.parse(`CA${'a'.repeat(32)}`);
const away = JSON.stringify({to: '+15550100777', whisper: {say: 'a caller who is locked out'}});
const entry = {
  callSid,
  state: 'live' as const,
  epoch: 1,
  owner: ProcessId.parse('worker-aaaa'),
  assistant: '',
  attempts: 0,
  startedAt: 0,
  facts: {away, direction: 'inbound'},
};
const keyOf = (...keys: string[]) => new FleetKey(keys, () => 0);
const stored = (key: FleetKey) => {
  const fields = fieldsOfCall(entry, key);
  return Object.fromEntries(fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1] ?? '']] : [])));
};

test('nobody reads in Redis where a caller was sent and what the person there is told, and the fleet does', () => {
  const fields = stored(keyOf('one'));
  expect(JSON.stringify(fields)).not.toMatch(/15550100777|locked out/);
  expect(callOfFields(callSid, keyOf('two', 'one'), fields)?.facts).toEqual(entry.facts);
});

test('while a part of the fleet has no key yet, where a caller was sent can be read by all of it', () => {
  const fields = stored(keyOf('one', UNSIGNED));
  expect(callOfFields(callSid, keyOf(), fields)?.facts).toEqual(entry.facts);
  expect(callOfFields(callSid, keyOf('one'), fields)?.facts).toEqual(entry.facts);
});

test('a caller is not sent where the fact of another call, or one that was changed, says', () => {
  const key = keyOf('one');
  const fields = stored(key);
  const other = CallSid.parse(`CA${'b'.repeat(32)}`);
  expect(callOfFields(other, key, fields)?.facts).toEqual({direction: 'inbound'});
  const changed = {...fields, 'fact:away': `${fields['fact:away']?.slice(0, -4)}AAAA`};
  expect(callOfFields(callSid, key, changed)?.facts).toEqual({direction: 'inbound'});
});
