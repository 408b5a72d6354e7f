import {expect, test} from 'vitest';
import {Catalogue} from '@voicebridge/assistant/catalogue.ts';
import {filesOf, standard} from '../testing/standard.ts';
import {toolsOf} from './assistant-tools.ts';
import {outcomeTool} from './outcome.ts';

const tool = outcomeTool({booked: {type: 'boolean'}, reason: {type: 'choice', of: ['price', 'time']}});

test('what the model says of the outcome is noted for the record', () => {
  expect(tool.run({booked: true})).toEqual({kind: 'output', output: 'Noted.', notes: {booked: true}});
});

test.each([
  [{}, /give one of booked, reason/],
  [{reason: 'weather'}, /must be one of price, time/],
  [{booked: 'true'}, /must be true or false/],
  [{toString: 'x'}, /there is no field toString/],
])('a model that says %j is told what is wrong, and nothing is noted', (args, told) => {
  expect(tool.run(args)).toMatchObject({kind: 'failed', output: expect.stringMatching(told)});
});

test('an assistant has the tool if it has such fields, and not if it switches it off', () => {
  const catalogue = filesOf({
    plain: {},
    survey: {outcome: {score: {type: 'number'}}},
    silent: {outcome: {score: {type: 'number'}}, tools: {outcome: false}},
  });
  const names = (name: string) => toolsOf(catalogue.named(name)!).map(each => each.name);
  expect(names('plain')).toEqual(['hang_up']);
  expect(names('survey')).toEqual(['hang_up', 'outcome']);
  expect(names('silent')).toEqual(['hang_up']);
  expect(toolsOf(new Catalogue(standard).standard).map(({name}) => name)).toEqual(['hang_up']);
});
