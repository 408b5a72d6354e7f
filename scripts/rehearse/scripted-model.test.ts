import {greetingInstruction} from '@voicebridge/assistant/resolve.ts';
import {expect, test} from 'vitest';
import {speech, silence, TestClient} from '../../simulators/openai/src/testing/test-client.ts';
import {scriptedModel} from './scripted-model.ts';

const REPLIES = [{says: 'For how many?', calls: {find: {people: 4}}}, {says: 'There is one.'}, {says: 'Goodbye.'}];

/** What a session of the scripted model said and called. */
const said = (client: TestClient) =>
  client.session.items.flatMap(({type, role, text, payload}) =>
    role === 'assistant' ? [text] : type === 'function_call' ? [payload] : [],
  );
const speaks = (client: TestClient) => {
  client.hear(Buffer.concat([silence(200), speech(600), silence(900)]));
  client.wait(20_000);
};
const tellResult = (client: TestClient) => {
  const call = client.session.items.findLast(({type}) => type === 'function_call');
  client.say('conversation.item.create', {
    item: {type: 'function_call_output', call_id: call?.callId, output: 'one'},
  });
  client.say('response.create');
  client.wait(20_000);
};
const ask = (client: TestClient, instructions: string) => {
  client.say('response.create', {response: {instructions}});
  client.wait(20_000);
};

test('each turn of the caller, and the results of tools, get the next reply', () => {
  const client = TestClient.onThePhone({script: scriptedModel(REPLIES)});
  speaks(client);
  tellResult(client);
  speaks(client);
  expect(said(client).map(text => text.replaceAll(/\s/g, ''))).toEqual([
    'Forhowmany?',
    '{"people":4}',
    'Thereisone.',
    'Goodbye.',
  ]);
});

test('another worker that asks again for an answer gets the same one', () => {
  const script = scriptedModel(REPLIES);
  speaks(TestClient.onThePhone({script}));
  const successor = TestClient.onThePhone({script});
  const item = {type: 'message', role: 'user', content: [{type: 'input_text', text: 'Hello'}]};
  successor.say('conversation.item.create', {item});
  ask(successor, 'Answer.');
  expect(said(successor)[0]).toBe('For how many?');
});

test('a reply that was cut off goes on after the words that were heard', () => {
  const script = scriptedModel([{says: 'We are open from nine to five, and on Sundays from eleven.'}]);
  const client = TestClient.onThePhone({script});
  speaks(client);
  ask(client, 'Your voice was cut off for a technical reason after the words: "from nine to five,". Go on.');
  expect(said(client).at(-1)).toBe('and on Sundays from eleven.');
});

test('a greeting and waiting words are said as they are written, and take no reply', () => {
  const client = TestClient.onThePhone({script: scriptedModel(REPLIES)});
  ask(client, `You are kind.\n\nGreet them: ${greetingInstruction('Good day!')}`);
  ask(client, `Greet them: ${greetingInstruction({instruct: 'Say hello.'})}`);
  ask(client, 'Say exactly these words, and no others, then stop: "One moment."');
  speaks(client);
  expect(said(client).slice(0, 4)).toEqual(['Good day!', 'Hello! How can I help you?', 'One moment.', 'For how many?']);
});

test('a caller who says more than there are replies is still answered', () => {
  const client = TestClient.onThePhone({script: scriptedModel([{says: 'Yes.'}])});
  speaks(client);
  speaks(client);
  expect(said(client)).toEqual(['Yes.', 'Is there anything else I can do for you?']);
});
