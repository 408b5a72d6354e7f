import {FAILURE_MUTATIONS} from './failures.ts';
import type {Mutation} from './mutation.ts';
import {SPEECH_MUTATIONS} from './speech.ts';
import {TOOL_MUTATIONS} from './tools.ts';
import {WAITING_MUTATIONS} from './waiting.ts';

/** The rules that are changed, one at a time. */
export const MUTATIONS: readonly Mutation[] = [
  ...SPEECH_MUTATIONS,
  ...WAITING_MUTATIONS,
  ...TOOL_MUTATIONS,
  ...FAILURE_MUTATIONS,
];
