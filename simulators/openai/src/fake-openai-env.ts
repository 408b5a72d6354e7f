import {loadConfig, onOff, port, wholeNumber, type Env} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import type {FakeOpenAIOptions} from './fake-openai.ts';
import {readKnobs} from './knobs/knobs.ts';
import type {Range} from './random.ts';

/** `250` or `300-800` in an environment variable. */
const range = () =>
  z
    .string()
    .regex(/^\d+(\.\d+)?(-\d+(\.\d+)?)?$/, 'must be a number, or two with a dash between them')
    .transform((text): Range => {
      const [least = 0, most = least] = text.split('-').map(Number);
      return [Math.min(least, most), Math.max(least, most)];
    });

const anyKnobs = () =>
  z.string().transform((text, context) => {
    try {
      return readKnobs(JSON.parse(text));
    } catch (error) {
      context.addIssue(error instanceof Error ? error.message : 'is not JSON');
      return z.NEVER;
    }
  });

/** The environment of the fake as a process of its own. */
export const FakeOpenAIEnv = z.object({
  PORT: port().default(5100).describe('where the fake model listens'),
  HOST: z.string().default('127.0.0.1').describe('on which address'),
  OPENAI_API_KEY: z.string().optional().describe('the only accepted key; without it any key will do'),
  MODEL_SEED: wholeNumber().default(1).describe('the same seed answers the same way'),
  MODEL_CONNECT_MS: wholeNumber().default(0).describe('time an upgrade takes'),
  MODEL_SESSION_SECONDS: wholeNumber().default(3600).describe('life of a session'),
  MODEL_FIRST_DELTA_MS: range().default([300, 800]).describe('from a response to its first audio'),
  MODEL_SPEED: range().default([3, 8]).describe('how many times faster than real time audio comes'),
  MODEL_DELTA_MS: range().default([200, 300]).describe('audio in one delta'),
  MODEL_STRAGGLERS: range().default([0, 5]).describe('deltas after a cancel'),
  MODEL_FRAME_DELAY_MS: range().default([0, 0]).describe('extra time per frame'),
  MODEL_TAGGED: onOff().default(false).describe('audio that says which item and position it is'),
  MODEL_KEEP_HEARD: onOff().default(true).describe('keep caller audio, not only its hash'),
  MODEL_KNOBS: anyKnobs().default({}).describe('any other knob, as JSON'),
});

/** Options of the fake server from an environment. */
export function optionsFrom(env: Env): FakeOpenAIOptions {
  const config = loadConfig(FakeOpenAIEnv, env);
  return {
    port: config.PORT,
    host: config.HOST,
    seed: config.MODEL_SEED,
    ...(config.OPENAI_API_KEY === undefined ? {} : {apiKey: config.OPENAI_API_KEY}),
    knobs: {
      connectDelayMs: config.MODEL_CONNECT_MS,
      sessionSeconds: config.MODEL_SESSION_SECONDS,
      firstDeltaMs: config.MODEL_FIRST_DELTA_MS,
      speed: config.MODEL_SPEED,
      deltaMs: config.MODEL_DELTA_MS,
      stragglers: config.MODEL_STRAGGLERS,
      frameDelayMs: config.MODEL_FRAME_DELAY_MS,
      tagged: config.MODEL_TAGGED,
      keepHeard: config.MODEL_KEEP_HEARD,
      ...config.MODEL_KNOBS,
    },
  };
}
