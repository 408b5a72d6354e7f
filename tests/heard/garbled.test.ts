import fc from 'fast-check';
import {expect, test} from 'vitest';
import {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {buildCdr} from '../../services/realtime-worker/src/cdr/build-cdr.ts';
import {openedFact} from '../../services/realtime-worker/src/journal/opened-fact.ts';
import {CoreCall} from '../../tools/harness/virtual/core/core-call.ts';

/** The longest silence that is allowed, in milliseconds: the deadline, and the time to detect the end of speech. */
const LONGEST_MS = 7_500;
const TALKS_MS = 900;

type Json = Record<string, unknown>;
interface Damage {
  /** The type of the events that are damaged, and a field of them. */
  readonly type: string;
  readonly path: string;
  readonly as: 'missing' | 'null' | 'number' | 'text' | 'list';
  /** One of so many. */
  readonly every: number;
}

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** All paths of an event, however deep. */
function pathsOf(value: unknown, path = ''): string[] {
  if (!isJson(value)) return path === '' ? [] : [path];
  const below = Object.entries(value).flatMap(([name, each]) => pathsOf(each, path === '' ? name : `${path}.${name}`));
  return path === '' ? below : [path, ...below];
}

function damaged(event: Json, {path, as}: Damage): Json {
  const copy = structuredClone(event);
  const names = path.split('.');
  const last = names.pop() ?? '';
  let at: unknown = copy;
  for (const name of names) at = isJson(at) ? at[name] : undefined;
  if (!isJson(at) || !(last in at)) return copy;
  if (as === 'missing') delete at[last];
  else at[last] = {null: null, number: -1.5, text: '??', list: []}[as];
  return copy;
}

/** A call in which the caller asks three times, and hangs up if they are answered. */
function play(seed: number, garble?: (text: string) => string): CoreCall & {readonly owed: number[]} {
  const call = new CoreCall({
    seed,
    modelNetwork: {delay: 20, jitter: 10},
    script: () => [{say: {text: 'some words that are said', audioMs: 1_200}}],
    ...(garble ? {garble} : {}),
  });
  const owed: number[] = [];
  const waits = () => {
    const from = call.clock.now();
    call.until(() => call.audible || call.left !== undefined, 40_000, 20);
    owed.push(call.clock.now() - from);
  };
  waits();
  for (let turn = 0; turn < 3 && !call.left; turn += 1) {
    call.until(() => !call.audible, 30_000, 20);
    call.wait(300);
    call.talk(TALKS_MS);
    call.wait(TALKS_MS);
    waits();
  }
  call.wait(10_000);
  return Object.assign(call, {owed});
}

/** Every field of every event that a server sends in such a call. */
const FIELDS: readonly {readonly type: string; readonly path: string}[] = (() => {
  const fields = new Map<string, {type: string; path: string}>();
  play(1, text => {
    const event = JSON.parse(text) as Json & {type: string};
    for (const path of pathsOf(event)) fields.set(`${event.type} ${path}`, {type: event.type, path});
    return text;
  });
  return [...fields.values()].filter(({type}) => type !== 'session.created');
})();

const damage: fc.Arbitrary<Damage> = fc
  .record({
    field: fc.constantFrom(...FIELDS),
    as: fc.constantFrom('missing' as const, 'null' as const, 'number' as const, 'text' as const, 'list' as const),
    every: fc.constantFrom(1, 1, 2, 3),
  })
  .map(({field, as, every}) => ({...field, as, every}));

/** A counterexample names its seed and path: run it again with `fc.assert(…, {seed, path})`. */
test('no caller is left in silence, and the record can be sent, whatever single field of an event is missing or of another type', () => {
  expect(FIELDS.length).toBeGreaterThan(80);
  fc.assert(
    fc.property(fc.nat(), damage, (seed, how) => {
      let seen = 0;
      const call = play(seed, text => {
        const event = JSON.parse(text) as Json & {type: string};
        if (event.type !== how.type) return text;
        seen += 1;
        return seen % how.every === 0 ? JSON.stringify(damaged(event, how)) : text;
      });
      expect(Math.max(...call.owed)).toBeLessThanOrEqual(LONGEST_MS);
      // Without its sound, or in another sound than the telephone's, a reply cannot be heard. Whatever else is damaged,
      // the conversation goes on.
      const hasNoSound = how.type === 'response.output_audio.delta' && (how.path === 'type' || how.path === 'delta');
      const isMute = hasNoSound || how.path.endsWith('format.type');
      if (!isMute) expect(call.left).toBeUndefined();
      const opened = openedFact(
        {callSid: 'CA', epoch: 1, assistant: 'default', facts: {}, startedAt: 0} as never,
        {name: 'default', model: 'm', voice: 'v'} as never,
      );
      const facts = [opened, ...call.facts, {is: 'ended', reason: 'caller.hung-up'}];
      for (const part of buildCdr(facts.map(fact => ({...fact, wall: 1})) as never, 'full') ?? []) {
        expect(CallFinished.shape.turns.safeParse(part.turns).error).toBeUndefined();
        expect(CallFinished.shape.toolCalls.safeParse(part.toolCalls).error).toBeUndefined();
        expect(CallFinished.shape.interruptions.safeParse(part.interruptions).error).toBeUndefined();
        expect(CallFinished.shape.transcript.safeParse(part.transcript).error).toBeUndefined();
        expect(CallFinished.shape.summary.shape.tokens.safeParse(part.summary.tokens).error).toBeUndefined();
      }
    }),
    {numRuns: 120},
  );
}, 120_000);
