import {disclosureOf} from './disclosure.ts';
import {expect, test} from 'vitest';
import {z} from 'zod';
import {Catalogue} from './catalogue.ts';
import {Definition} from './definition.ts';
import {assistant, builtIn, tool} from './index.ts';
import {resolve, USUAL_SERVER} from './resolve.ts';
import {sampleAssistant as base} from './testing/sample-assistant.ts';

const resolved = (written: Parameters<typeof assistant>[0]) =>
  resolve(Definition.parse(assistant(written)), {name: 'reception', base});

test('an assistant that says nothing of itself is the one of the environment, by another name', () => {
  expect(resolved({})).toEqual({...base, name: 'reception'});
});

test('what a file says counts, and the environment for the rest', () => {
  const {voice, floor, maxCallMs, turnDetection} = resolved({
    voice: 'marin',
    interruption: {mode: 'resume'},
    maxCallSeconds: 90,
    turnDetection: {kind: 'server', silenceMs: 700},
  });
  expect({voice, floor, maxCallMs, turnDetection}).toEqual({
    voice: 'marin',
    floor: {...base.floor, mode: 'resume'},
    maxCallMs: 90_000,
    turnDetection: {...USUAL_SERVER, silenceMs: 700},
  });
});

test('a caller is told that it is a machine, apart from the greeting', () => {
  const disclosure = 'You speak with a machine.';
  const both = resolved({disclosure, greeting: 'Good morning.'});
  expect([both.disclosure, both.greeting]).toEqual([disclosure, expect.stringContaining('"Good morning."')]);
  expect(resolved({greeting: false}).greeting).toBe('');
});

test('whoever is called is told so in the language of the assistant, unless it says that itself or is told not to', () => {
  const out = (own: string | false | undefined, language: string | null) =>
    disclosureOf(own, {direction: 'outbound', language});
  expect(out(undefined, 'nb')).toContain('maskin');
  expect(out(undefined, 'de-AT')).toContain('Maschine');
  expect(out(undefined, 'xx')).toContain('machine');
  expect(out(undefined, null)).toBe(out(undefined, 'en-GB'));
  expect(out('I am a robot.', 'nb')).toBe('I am a robot.');
  expect(out(resolved({disclosure: 'off'}).disclosure, 'nb')).toBeUndefined();
  expect(disclosureOf(undefined, {direction: 'inbound', language: 'nb'})).toBeUndefined();
  expect(disclosureOf('I am a robot.', {direction: 'inbound', language: null})).toBe('I am a robot.');
});

test('a machine that answers is left a message in words of the assistant, or none', () => {
  expect(resolved({}).voicemail).toBe('hang-up');
  expect(resolved({voicemail: {say: 'Call us back.'}}).voicemail).toEqual({say: 'Call us back.'});
  expect(resolved({voicemail: 'leave a message after the beep'}).voicemail).toHaveProperty('instruct');
});

test('a tool in code gets arguments of the type that it asked for', async () => {
  const book = tool({
    about: 'Books a table.',
    input: z.object({people: z.coerce.number()}),
    run: ({people}) => `booked for ${people + 1}`,
  });
  const {tools} = Definition.parse(assistant({tools: {book, hang_up: builtIn.hang_up}}));
  expect(Object.keys(tools ?? {})).toEqual(['book', 'hang_up']);
  const call = {callSid: 'CA1', key: 'CA1:call-1', variables: {}, secrets: {}, signal: new AbortController().signal};
  expect(book.run({people: '4'}, call)).toBe('booked for 5');
});

test('what callers hear where no worker can speak is known by number, its variables filled in', () => {
  const written = {
    answers: ['+4711111111', '+4722222222'],
    variables: {company: 'Fjord'},
    overloadSay: '{{company}} is busy.',
    failureSay: 'Sorry, {{caller}}.',
  };
  const one = {name: 'a', file: 'a.yaml', definition: Definition.parse(written), prompt: undefined, source: undefined};
  const said = {overloadSay: 'Fjord is busy.'};
  expect(new Catalogue(base, [one]).sentences).toEqual({'+4711111111': said, '+4722222222': said});
});
