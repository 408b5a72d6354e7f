import type {AudioFormat} from '../audio/audio-format.ts';
import {isRecord, missing, notSupported, outOfBounds} from '../json/json-schema.ts';
import {refusal, type Refusal} from '../json/refusal.ts';
import {mcpProblem} from './mcp-problem.ts';

export interface ServerVad {
  readonly type: 'server_vad';
  readonly threshold: number;
  readonly prefix_padding_ms: number;
  readonly silence_duration_ms: number;
  readonly idle_timeout_ms: number | null;
  readonly create_response: boolean;
  readonly interrupt_response: boolean;
}

export interface SemanticVad {
  readonly type: 'semantic_vad';
  readonly eagerness: 'low' | 'medium' | 'high' | 'auto';
  readonly create_response: boolean;
  readonly interrupt_response: boolean;
}

export type Tool = Readonly<Record<string, unknown>> & {readonly type: string};

/** The effective configuration of a session, in the words of the wire (GA `session` object). */
export interface SessionConfig {
  readonly type: 'realtime';
  readonly model: string;
  readonly output_modalities: readonly ('audio' | 'text')[];
  readonly instructions: string;
  readonly tools: readonly Tool[];
  readonly tool_choice: unknown;
  readonly max_output_tokens: number | 'inf';
  readonly tracing: unknown;
  readonly truncation: unknown;
  readonly prompt: unknown;
  readonly include: readonly string[] | null;
  readonly reasoning?: unknown;
  readonly audio: {
    readonly input: {
      readonly format: AudioFormat;
      readonly transcription: {readonly model: string; readonly [key: string]: unknown} | null;
      readonly noise_reduction: unknown;
      readonly turn_detection: ServerVad | SemanticVad | null;
    };
    readonly output: {
      readonly format: AudioFormat;
      readonly voice: string | {readonly id: string};
      readonly speed: number;
    };
  };
}

/** What the session reports without instructions; setting `""` brings it back. */
export const BUILT_IN_INSTRUCTIONS =
  'Your knowledge cutoff is 2023-10. You are a helpful, witty, and friendly AI. Act like a human, but remember that ' +
  "you aren't a human and that you can't do human things in the real world. Your voice and personality should be warm " +
  'and engaging, with a lively and playful tone. Talk quickly. You should always call a function if you can.';

const VOICES = ['alloy', 'ash', 'ballad', 'coral', 'echo', 'sage', 'shimmer', 'verse', 'marin', 'cedar'];

/** Models of the second generation differ from `gpt-realtime` in voice, patience and what they put in a response. */
export const isSecondGeneration = (model: string) => model.startsWith('gpt-realtime-2');

/** The configuration of a fresh session. Defaults differ by model, which is why clients must send every value. */
export function defaultConfig(model: string): SessionConfig {
  const newer = model !== 'gpt-realtime';
  return {
    type: 'realtime',
    model,
    output_modalities: ['audio'],
    instructions: BUILT_IN_INSTRUCTIONS,
    tools: [],
    tool_choice: 'auto',
    max_output_tokens: 'inf',
    tracing: null,
    truncation: 'auto',
    prompt: null,
    include: null,
    audio: {
      input: {
        format: {type: 'audio/pcm', rate: 24_000},
        transcription: null,
        noise_reduction: null,
        turn_detection: withVadDefaults({type: 'server_vad'}, newer ? 500 : 200),
      },
      output: {format: {type: 'audio/pcm', rate: 24_000}, voice: newer ? 'marin' : 'alloy', speed: 1},
    },
  };
}

export interface ConversationFacts {
  /** The model has spoken: its voice is fixed. */
  readonly hasSpoken: boolean;
  /** A response is in progress: its speed is fixed. */
  readonly isSpeaking: boolean;
}

export type ConfigUpdate =
  | {readonly ok: true; readonly config: SessionConfig}
  | {readonly ok: false; readonly refusal: Refusal};

/**
 * Merges the `session` of a `session.update` that already fits the schema. Updates are partial; the objects below
 * `audio.input` and `audio.output` are replaced whole. One wrong value, and nothing of the update applies.
 */
export function updateConfig(
  current: SessionConfig,
  update: Readonly<Record<string, unknown>>,
  facts: ConversationFacts,
): ConfigUpdate {
  const problem = problemWith(current, update, facts);
  if (problem) return {ok: false, refusal: problem};
  const {audio, instructions, ...rest} = update;
  const {input, output} = isRecord(audio) ? audio : {};
  const merged = {
    ...current,
    ...rest,
    instructions: instructions === undefined ? current.instructions : instructions || BUILT_IN_INSTRUCTIONS,
    audio: {
      input: {...current.audio.input, ...completeInput(isRecord(input) ? input : {}, current)},
      output: {...current.audio.output, ...completeFormat(isRecord(output) ? output : {})},
    },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the update fits the schema, the rest comes from `current`
  return {ok: true, config: merged as SessionConfig};
}

function completeInput(input: Record<string, unknown>, current: SessionConfig): Record<string, unknown> {
  const {transcription, turn_detection: detection} = input;
  return {
    ...completeFormat(input),
    ...(isRecord(transcription) ? {transcription: {language: null, prompt: null, ...transcription}} : {}),
    ...(isRecord(detection)
      ? {turn_detection: withVadDefaults(detection, current.model === 'gpt-realtime' ? 200 : 500)}
      : {}),
  };
}

function completeFormat(direction: Record<string, unknown>): Record<string, unknown> {
  const {format} = direction;
  if (!isRecord(format) || format['type'] !== 'audio/pcm') return direction;
  return {...direction, format: {rate: 24_000, ...format}};
}

function withVadDefaults(detection: Record<string, unknown>, silence: number): ServerVad | SemanticVad {
  const defaults =
    detection['type'] === 'semantic_vad'
      ? {type: 'semantic_vad', eagerness: 'auto', create_response: true, interrupt_response: true}
      : {
          type: 'server_vad',
          threshold: 0.5,
          prefix_padding_ms: 300,
          silence_duration_ms: silence,
          idle_timeout_ms: null,
          create_response: true,
          interrupt_response: true,
        };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `detection` fits the schema of its type
  return {...defaults, ...detection} as ServerVad | SemanticVad;
}

/** What the schema does not say: bounds, what is fixed once it was used, and values that exclude each other. */
function problemWith(current: SessionConfig, update: Readonly<Record<string, unknown>>, facts: ConversationFacts) {
  const audio = isRecord(update['audio']) ? update['audio'] : {};
  const input = isRecord(audio['input']) ? audio['input'] : {};
  const output = isRecord(audio['output']) ? audio['output'] : {};
  const detection = isRecord(input['turn_detection']) ? input['turn_detection'] : {};
  const vad = 'session.audio.input.turn_detection';
  return (
    typeProblem(update['type']) ??
    modalityProblem(update['output_modalities'], 'session.output_modalities') ??
    tokensProblem(update['max_output_tokens'], 'session.max_output_tokens') ??
    bounded(detection['threshold'], {minimum: 0, maximum: 1}, `${vad}.threshold`) ??
    bounded(detection['prefix_padding_ms'], {type: 'integer', minimum: 0}, `${vad}.prefix_padding_ms`) ??
    bounded(detection['silence_duration_ms'], {type: 'integer', minimum: 0}, `${vad}.silence_duration_ms`) ??
    transcriptionProblem(input['transcription']) ??
    toolsProblem(update['tools'], 'session.tools') ??
    modelProblem(current, update['model']) ??
    voiceProblem(current, output['voice'], facts) ??
    speedProblem(current, output['speed'], facts) ??
    tracingProblem(current, update['tracing'])
  );
}

function typeProblem(type: unknown): Refusal | undefined {
  if (type === 'realtime') return undefined;
  return refusal('invalid_value', 'The type of a session cannot be changed after it was created.', 'session.type');
}

/** Audio always comes with a transcript; asking for both at once is refused. */
export function modalityProblem(value: unknown, path: string): Refusal | undefined {
  if (!Array.isArray(value) || value.length === 1) return undefined;
  return refusal(
    'invalid_value',
    `Invalid modalities: ${JSON.stringify(value)}. Supported combinations are: ['text'] and ['audio'].`,
    path,
  );
}

export function tokensProblem(value: unknown, path: string): Refusal | undefined {
  return bounded(value, {type: 'integer', minimum: 1, maximum: 4096}, path);
}

export function toolsProblem(tools: unknown, path: string): Refusal | undefined {
  if (!Array.isArray(tools)) return undefined;
  const nameless = tools.findIndex(tool => isRecord(tool) && tool['type'] === 'function' && tool['name'] === undefined);
  return nameless < 0 ? mcpProblem(tools, path) : missing(`${path}[${nameless}].name`);
}

function bounded(value: unknown, bounds: {type?: string; minimum: number; maximum?: number}, path: string) {
  return typeof value === 'number' ? outOfBounds(bounds, value, path) : undefined;
}

function transcriptionProblem(transcription: unknown): Refusal | undefined {
  if (!isRecord(transcription) || transcription['model'] !== undefined) return undefined;
  return missing('session.audio.input.transcription.model');
}

function modelProblem(current: SessionConfig, model: unknown): Refusal | undefined {
  if (model === undefined || model === current.model) return undefined;
  return refusal('invalid_value', 'The model of a session cannot be changed after it was created.', 'session.model');
}

function voiceProblem({audio}: SessionConfig, voice: unknown, facts: ConversationFacts): Refusal | undefined {
  if (voice === undefined || voice === audio.output.voice) return undefined;
  if (facts.hasSpoken) {
    return refusal('cannot_update_voice', "Cannot update a conversation's voice if assistant audio is present.");
  }
  if (typeof voice !== 'string' || VOICES.includes(voice)) return undefined;
  return notSupported(voice, VOICES, 'session.audio.output.voice');
}

function speedProblem({audio}: SessionConfig, speed: unknown, facts: ConversationFacts): Refusal | undefined {
  if (speed === undefined || speed === audio.output.speed || !facts.isSpeaking) return undefined;
  return refusal(
    'invalid_value',
    'The speed cannot be changed while a response is in progress.',
    'session.audio.output.speed',
  );
}

function tracingProblem(current: SessionConfig, tracing: unknown): Refusal | undefined {
  if (tracing === undefined || current.tracing === null) return undefined;
  if (JSON.stringify(tracing) === JSON.stringify(current.tracing)) return undefined;
  return refusal('invalid_value', 'Tracing cannot be changed once it is enabled.', 'session.tracing');
}
