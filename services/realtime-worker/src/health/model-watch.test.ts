import {createLog} from '@voicebridge/shared/observability/log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import type {SessionSettings} from '../model/model-adapter.ts';
import {ScriptedModel} from '../testing/scripted-model.ts';
import {assistantTools} from '../tools/assistant-tools.ts';
import {ModelWatch} from './model-watch.ts';

const settings: SessionSettings = {
  model: 'gpt-realtime-2.1',
  instructions: 'be kind',
  voice: 'alloy',
  tools: assistantTools,
  serverInterrupts: false,
  serverResponds: true,
  maxOutputTokens: 4_096,
  safetyId: undefined,
};

/** What is logged when the model's server refuses a session. */
async function refusal(logModelDetails: boolean): Promise<unknown> {
  const adapter = new ScriptedModel();
  adapter.refuses = 'refused';
  const lines: string[] = [];
  const log = createLog('test', {to: {write: line => void lines.push(line)}});
  const clock = new FakeClock();
  const metrics = createMetrics('test');
  using watch = new ModelWatch({adapter, settings, clock, metrics, log, logModelDetails});
  const known = watch.preflight();
  await clock.advanceAsync(10_000, 100);
  await known;
  return JSON.parse(lines.find(line => line.includes('model cannot be used')) ?? 'null');
}

test('an operator reads that the model cannot be used and what to do, and the words of its server only if they want them', async () => {
  const said = 'as the test wants it';
  expect(await refusal(false)).toMatchObject({reason: 'refused', detailLength: said.length});
  expect(await refusal(false)).not.toHaveProperty('detail');
  expect(await refusal(true)).toMatchObject({detail: said});
});
