import {USUAL_SERVER} from '../resolve.ts';
import type {ResolvedAssistant} from '../resolved.ts';

/** The assistant of an environment that sets nothing. */
export const sampleAssistant: ResolvedAssistant = {
  name: 'default',
  model: 'gpt-realtime-2.1',
  instructions: 'Be brief.',
  voice: 'alloy',
  language: null,
  temperature: null,
  reasoningEffort: null,
  noiseReduction: null,
  turnDetection: USUAL_SERVER,
  greeting: 'Say hello.',
  idlePromptMs: 0,
  idleHangUp: true,
  answerWithinMs: 6_000,
  maxCallMs: 3_600_000,
  noSpeechMs: 600_000,
  toolRounds: 8,
  maxOutputTokens: 4_096,
  digitsInterrupt: true,
  floor: {mode: 'immediate', minSpeechMs: 0, noiseMs: 350, greetingProtectedMs: 500, uninterruptible: false},
  recording: true,
  transcripts: 'off',
  voicemail: 'hang-up',
  failureSay: null,
  timeZone: 'UTC',
  after: null,
  outcome: {},
  variables: {},
};
