import {INCLUDED_USUALLY} from '@voicebridge/shared/cdr/after-call.ts';
import type {Definition} from './definition.ts';
import type {ResolvedAssistant} from './resolved.ts';

/** The instruction for the first words of an assistant; empty: it waits for the caller. */
export function greetingInstruction(greeting: Exclude<Definition['greeting'], undefined>): string {
  if (isOff(greeting)) return '';
  const own = typeof greeting === 'string' ? {say: greeting} : greeting;
  return 'instruct' in own ? own.instruct : `${verbatim(own.say)} Then stop.`;
}

/**
 * The assistant that a definition describes: what it does not say is as in `base`, the assistant of the environment.
 * `prompt`: the text of its prompt, if that is in a file. Variables still stand as `{{name}}` in the texts.
 */
export function resolve(
  definition: Definition,
  {name, base, prompt}: {readonly name: string; readonly base: ResolvedAssistant; readonly prompt?: string | undefined},
): ResolvedAssistant {
  const {interruption = {}, idle = {}, turnDetection, greeting, disclosure, transcripts, noiseReduction} = definition;
  const {floor} = base;
  const variables = Object.entries(definition.variables ?? {}).map(([key, value]) => [key, String(value)] as const);
  return {
    name,
    model: definition.model ?? base.model,
    instructions: prompt ?? (typeof definition.prompt === 'string' ? definition.prompt : base.instructions),
    voice: definition.voice ?? base.voice,
    language: definition.language ?? base.language,
    temperature: definition.temperature ?? base.temperature,
    reasoningEffort: definition.reasoningEffort ?? base.reasoningEffort,
    noiseReduction: noiseReduction === undefined ? base.noiseReduction : isOff(noiseReduction) ? null : noiseReduction,
    turnDetection: turnDetectionOf(turnDetection, base.turnDetection),
    greeting: greeting === undefined ? base.greeting : greetingInstruction(greeting),
    ...disclosed(disclosure, base),
    voicemail: voicemailOf(definition.voicemail) ?? base.voicemail,
    idlePromptMs: inMs(idle.promptSeconds) ?? base.idlePromptMs,
    idleHangUp: idle.hangUp ?? base.idleHangUp,
    answerWithinMs: inMs(definition.answerWithinSeconds) ?? base.answerWithinMs,
    maxCallMs: inMs(definition.maxCallSeconds) ?? base.maxCallMs,
    noSpeechMs: inMs(idle.endSeconds) ?? base.noSpeechMs,
    toolRounds: definition.toolRounds ?? base.toolRounds,
    maxOutputTokens: definition.maxOutputTokens ?? base.maxOutputTokens,
    digitsInterrupt: interruption.keys ?? base.digitsInterrupt,
    floor: {
      mode: interruption.mode ?? floor.mode,
      minSpeechMs: interruption.minSpeechMs ?? floor.minSpeechMs,
      greetingProtectedMs: interruption.greetingProtectedMs ?? floor.greetingProtectedMs,
      noiseMs: interruption.noiseMs ?? floor.noiseMs,
      uninterruptible: interruption.never ?? floor.uninterruptible,
    },
    ...recordingOf(definition, base),
    ...captureOf(definition),
    transcripts: transcripts === undefined ? base.transcripts : isOff(transcripts) ? 'off' : transcripts,
    failureSay: definition.failureSay ?? base.failureSay,
    timeZone: definition.timeZone ?? base.timeZone,
    after: afterOf(definition.after, base.after),
    outcome: definition.outcome ?? base.outcome,
    variables: {...base.variables, ...Object.fromEntries(variables)},
  };
}

function recordingOf(
  {recording, disclosure}: Definition,
  base: ResolvedAssistant,
): Pick<ResolvedAssistant, 'recording' | 'recordingAfter'> {
  if (typeof recording === 'object') return {recording: true, recordingAfter: {key: recording.afterKey}};
  const isOn = recording === undefined ? base.recording : !isOff(recording);
  return isOn && typeof disclosure === 'string' && !isOff(disclosure)
    ? {recording: true, recordingAfter: 'greeting'}
    : {recording: isOn};
}

/** The caller agrees to a capture as they agree to a recording, unless the file names another key. */
function captureOf({capture, recording, disclosure}: Definition): Pick<ResolvedAssistant, 'capture' | 'captureAfter'> {
  if (capture === undefined || isOff(capture)) return {};
  if (typeof capture === 'object') return {capture: true, captureAfter: {key: capture.afterKey}};
  if (typeof recording === 'object') return {capture: true, captureAfter: {key: recording.afterKey}};
  if (typeof disclosure === 'string' && !isOff(disclosure)) return {capture: true, captureAfter: 'greeting'};
  return {capture: true};
}

function disclosed(own: Definition['disclosure'], base: ResolvedAssistant): Pick<ResolvedAssistant, 'disclosure'> {
  const disclosure = own === undefined ? base.disclosure : isOff(own) ? false : own;
  return disclosure === undefined ? {} : {disclosure};
}

function voicemailOf(own: Definition['voicemail']): ResolvedAssistant['voicemail'] | undefined {
  if (own === 'hang up') return 'hang-up';
  if (own === 'leave a message after the beep') return {instruct: 'why you called, and that you will try again'};
  return own;
}

function afterOf(own: Definition['after'], base: ResolvedAssistant['after']): ResolvedAssistant['after'] {
  if (own === undefined) return base;
  if (isOff(own)) return 'off';
  const {post, secret, include = [...INCLUDED_USUALLY], allowPrivate = false} = own;
  return {post, secret: secret.env, include, allowPrivate};
}

function turnDetectionOf(
  own: Definition['turnDetection'],
  base: ResolvedAssistant['turnDetection'],
): ResolvedAssistant['turnDetection'] {
  if (own === undefined) return base;
  if (own.kind === 'semantic') return {kind: 'semantic', eagerness: own.eagerness ?? 'auto'};
  const {threshold, prefixPaddingMs, silenceMs} = base.kind === 'server' ? base : USUAL_SERVER;
  return {
    kind: 'server',
    threshold: own.threshold ?? threshold,
    prefixPaddingMs: own.prefixPaddingMs ?? prefixPaddingMs,
    silenceMs: own.silenceMs ?? silenceMs,
  };
}

/** How the end of a turn is found if nobody says otherwise. */
export const USUAL_SERVER = {kind: 'server', threshold: 0.5, prefixPaddingMs: 300, silenceMs: 500} as const;

const verbatim = (words: string) => `Say exactly these words, and no others: "${words}"`;
const isOff = (value: unknown): value is false | 'off' => value === false || value === 'off';
const inMs = (seconds: number | undefined) => (seconds === undefined ? undefined : Math.round(seconds * 1_000));
