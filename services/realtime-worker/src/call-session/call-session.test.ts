import {expect, test} from 'vitest';
import {takenCall} from '../testing/taken-call.ts';
import {openingHours, ScriptedLookUp} from '../testing/tools.ts';
import {assistantTools} from '../tools/assistant-tools.ts';
import type {Tool} from '../tools/tool.ts';

/** A call of an assistant with these tools. */
async function callWithTools(tools: readonly Tool[]) {
  const {clock, session, stream, modelSession: model} = await takenCall({tools});
  const call = (name: string) =>
    model.emit(
      {type: 'responseStarted', responseId: 'r1', tag: undefined},
      {type: 'toolCalled', responseId: 'r1', itemId: 't1', callId: 'c1', name, arguments: '{"city":"Bern"}'},
      {type: 'responseEnded', responseId: 'r1', status: 'completed', reason: undefined, tokens: undefined},
    );
  const results = () => model.commandsOf('add').flatMap(({item}) => (item.kind === 'toolResult' ? [item.output] : []));
  return {clock, session, stream, model, call, results};
}

test('a tool in the assistant’s list is offered to the model and run when the model calls it', async () => {
  const {model, call, results} = await callWithTools([...assistantTools, openingHours]);
  expect(model.settings.tools.map(({name}) => name)).toEqual(['hang_up', 'opening_hours']);
  call('opening_hours');
  expect(results()).toEqual(['Bern: 9 to 5']);
  expect(model.commandsOf('respond')).toMatchObject([{tag: 'tool-1'}]);
});

test('a caller hears the answer of a tool that takes two seconds', async () => {
  const lookUp = new ScriptedLookUp();
  const {clock, model, call, results} = await callWithTools([lookUp]);
  call('look_up');
  await clock.advanceAsync(2_000, 50);
  expect([results(), model.commandsOf('respond')]).toEqual([[], []]);
  lookUp.jobs[0]!.result.resolve({kind: 'output', output: 'Monday'});
  await clock.advanceAsync(5);
  expect(results()).toEqual(['Monday']);
  expect(model.commandsOf('respond')).toMatchObject([{tag: 'tool-1'}]);
});

test('the model tells the caller when a tool fails or never answers', async () => {
  const rejects = new ScriptedLookUp();
  const failing = await callWithTools([rejects]);
  failing.call('look_up');
  rejects.jobs[0]!.result.reject(new Error('no connection'));
  await failing.clock.advanceAsync(5);
  expect(failing.results()).toEqual([expect.stringContaining('failed')]);

  const silent = await callWithTools([new ScriptedLookUp()]);
  silent.call('look_up');
  await silent.clock.advanceAsync(8_000, 50);
  expect(silent.results()).toEqual([expect.stringContaining('within 8 seconds')]);
  expect(silent.model.commandsOf('respond')).toMatchObject([{tag: 'tool-1'}]);
});

test('a caller who hangs up meanwhile aborts the tool; the record says that it was called and did not end', async () => {
  const lookUp = new ScriptedLookUp();
  const {clock, session, stream, call, results} = await callWithTools([lookUp]);
  call('look_up');
  await clock.advanceAsync(500, 50);
  stream.send({kind: 'ended', why: 'hungUp'});
  await clock.advanceAsync(50, 5);
  expect(lookUp.jobs[0]!.job.signal.aborted).toBe(true);
  lookUp.jobs[0]!.result.resolve({kind: 'output', output: 'Monday'});
  await clock.advanceAsync(10_000, 50);
  const outcome = await session.outcome;
  expect(outcome).toMatchObject({how: 'ended', reason: 'caller.hung-up'});
  const tools =
    outcome.how === 'ended' ? outcome.entries.flatMap(entry => (entry.is === 'tool' ? [entry.tool] : [])) : [];
  expect(tools).toMatchObject([{name: 'look_up', durationMs: null, ok: false}]);
  expect(results()).toEqual([]);
});
