import {expect, test} from 'vitest';
import {startFakeOpenAI} from '../../simulators/openai/src/fake-openai.ts';
import {tryModel} from './try-model.ts';

test('who has no key, a wrong one, or a server that is not there, is told so and what to do', async () => {
  await using real = await startFakeOpenAI({apiKey: 'sk-real'});
  const at = {OPENAI_REALTIME_URL: real.url};
  expect(await tryModel({...at, OPENAI_API_KEY: 'sk-real'})).toEqual([]);
  expect(await tryModel(at)).toEqual([expect.stringContaining('OPENAI_API_KEY=sk-… npm run rehearse -- --real')]);
  const [wrong = ''] = await tryModel({...at, OPENAI_API_KEY: 'sk-of-somebody-else'});
  expect(wrong).toContain('Correct OPENAI_API_KEY');
  expect(wrong).not.toContain('somebody-else');
  const nobody = {OPENAI_API_KEY: 'sk-real', OPENAI_REALTIME_URL: 'ws://127.0.0.1:9/v1/realtime'};
  expect(await tryModel(nobody)).toEqual([expect.stringContaining('port 443')]);
});
