import {expect, test} from 'vitest';
import {clips, readClip} from '../../../audio/clips.ts';
import {defaultKnobs, type Knobs} from '../knobs/knobs.ts';
import type {Reply} from './model-script.ts';
import {Random} from '../random.ts';
import {planResponse, type PlanSettings, type ResponsePlan} from './response-plan.ts';

function plan(reply: Reply, knobs: Partial<Knobs> = {}, settings: Partial<PlanSettings> = {}): ResponsePlan {
  let tags = 0;
  return planResponse(reply, {
    knobs: {...defaultKnobs, ...knobs},
    random: new Random(1),
    modality: 'audio',
    format: {type: 'audio/pcmu'},
    maxTokens: 'inf',
    phases: true,
    nextTag: () => (tags += 1),
    ...settings,
  });
}

const tone = (ms: number): Reply => [{say: {text: 'one two three four five six', audioMs: ms}}];
const audioSteps = ({steps}: ResponsePlan) => steps.filter(step => step.do === 'audio');

test('audio comes in deltas of about 250 ms, complete and in order', () => {
  const steps = audioSteps(plan(tone(10_000)));
  const sizes = steps.map(({from, to}) => (to - from) / 8);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(300);
  expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThanOrEqual(200);
  expect(steps.map(({from}) => from)).toEqual([0, ...steps.slice(0, -1).map(({to}) => to)]);
  expect(steps.at(-1)?.to).toBe(80_000);
});

test('audio is generated several times faster than real time, after a wait', () => {
  const {endsAt, ...rest} = plan(tone(10_000), {firstDeltaMs: [400, 400], speed: [5, 5]});
  expect(audioSteps({endsAt, ...rest})[0]?.at).toBe(400);
  expect(endsAt).toBe(400 + 10_000 / 5);
});

test('the transcript runs ahead of the sound', () => {
  const {steps} = plan(tone(4_000));
  const kinds = steps.map(step => step.do);
  expect(kinds.indexOf('words')).toBeLessThan(kinds.indexOf('audio'));
  expect(kinds.lastIndexOf('words')).toBeLessThan(kinds.lastIndexOf('audio'));
  expect(steps.flatMap(step => (step.do === 'words' ? [step.text] : [])).join('')).toBe('one two three four five six');
});

test('a recording is played as it is, with its words', () => {
  const [item] = plan([{say: 'assistant-greeting'}]).items;
  expect(item).toMatchObject({kind: 'speech', text: clips['assistant-greeting'].text, tag: undefined});
  expect(item?.kind === 'speech' && item.audio.equals(readClip('assistant-greeting'))).toBe(true);
});

test('items follow each other, but a call may open while the message before it streams', () => {
  const reply: Reply = [...tone(3_000), {call: {name: 'look_up', arguments: {day: 'Sunday'}}}];
  const order = (of: ResponsePlan) =>
    of.steps.filter(step => step.do === 'open' || step.do === 'close').map(step => `${step.do} ${step.item}`);
  expect(order(plan(reply))).toEqual(['open 0', 'open 1', 'close 1', 'close 0']);
  expect(order(plan(reply, {overlapCalls: false}))).toEqual(['open 0', 'close 0', 'open 1', 'close 1']);
  expect(order(plan(reply, {}, {phases: false}))).toEqual(['open 0', 'close 0', 'open 1', 'close 1']);
});

test('a message that leads to a call is commentary, any other the final answer', () => {
  expect(plan([...tone(100), {call: {name: 'f', arguments: {}}}]).items[0]).toMatchObject({phase: 'commentary'});
  expect(plan(tone(100)).items[0]).toMatchObject({phase: 'final_answer'});
  expect(plan(tone(100), {}, {phases: false}).items[0]).toMatchObject({phase: undefined});
});

test('arguments come in odd chunks of loosely written JSON, and broken if asked for', () => {
  const reply: Reply = [{call: {name: 'f', arguments: {day: 'Sunday', people: 4}}}];
  const {steps} = plan(reply);
  const chunks = steps.flatMap(step => (step.do === 'arguments' ? [step.text] : []));
  expect(chunks.length).toBeGreaterThan(4);
  expect(chunks.join('')).toContain('\n');
  expect(JSON.parse(chunks.join(''))).toEqual({day: 'Sunday', people: 4});
  const [broken] = plan(reply, {invalidArguments: true}).items;
  expect(() => JSON.parse(broken?.kind === 'call' ? broken.json : '{}')).toThrow(SyntaxError);
});

test('a budget of tokens cuts the answer and says so', () => {
  const {items, ending, steps} = plan(tone(10_000), {}, {maxTokens: 100});
  expect(ending).toEqual({status: 'incomplete', reason: 'max_output_tokens'});
  const [item] = items;
  expect(item?.kind === 'speech' && item.audio.length / 8).toBeLessThanOrEqual(5_000);
  expect(steps.some(step => step.do === 'close')).toBe(false);
});

test('one answer can be cut in two items that together are the whole', () => {
  const {items} = plan([{say: 'assistant-directions'}], {multiItem: true});
  const audio = items.flatMap(item => (item.kind === 'speech' ? [item.audio] : []));
  expect(audio).toHaveLength(2);
  expect(Buffer.concat(audio).equals(readClip('assistant-directions'))).toBe(true);
});

test('PCM has six bytes for each byte of μ-law', () => {
  const [item] = plan(tone(100), {}, {format: {type: 'audio/pcm', rate: 24_000}}).items;
  expect(item?.kind === 'speech' && item.audio.length).toBe(4_800);
});

test('a text answer has no audio at all', () => {
  const made = plan(tone(1_000), {}, {modality: 'text'});
  expect(audioSteps(made)).toEqual([]);
  expect(made.endsAt).toBeGreaterThan(0);
});
