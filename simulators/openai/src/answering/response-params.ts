import {itemFrom, problemWithItem, type Conversation} from '../state/conversation.ts';
import {isRecord, textIn} from '../json/json-schema.ts';
import type {ModelItem} from '../state/model-item.ts';
import {refusal, type Refusal} from '../json/refusal.ts';
import {modalityProblem, tokensProblem, toolsProblem, type SessionConfig} from '../state/session-config.ts';

/** What a client gives with `response.create`; the schema was checked before. */
export type Params = Readonly<Record<string, unknown>>;

/** What the schema does not say about the overrides of one response. */
export function problemWithParams(params: Params, conversation: Conversation): Refusal | undefined {
  return (
    modalityProblem(params['output_modalities'], 'response.output_modalities') ??
    tokensProblem(params['max_output_tokens'], 'response.max_output_tokens') ??
    toolsProblem(params['tools'], 'response.tools') ??
    metadataProblem(params['metadata']) ??
    inputProblem(params['input'], conversation)
  );
}

/** What the model reads: the whole conversation, or the items that were given in its place. */
export function contextOf({input}: Params, conversation: Conversation): ModelItem[] {
  if (!Array.isArray(input)) return [...conversation.items];
  return input.flatMap((entry: unknown) => {
    if (!isRecord(entry)) return [];
    const known = entry['type'] === 'item_reference' ? conversation.find(entry['id']) : undefined;
    return [known ?? itemFrom(entry, 'item_of_this_response')];
  });
}

/** The session's configuration with the overrides of one response; instructions replace, they do not add. */
export function effectiveConfig(config: SessionConfig, params: Params): SessionConfig {
  const {output_modalities, instructions, tools, tool_choice, max_output_tokens, audio} = params;
  const given = {output_modalities, instructions, tools, tool_choice, max_output_tokens};
  const overrides = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const output = isRecord(audio) && isRecord(audio['output']) ? audio['output'] : {};
  const merged = {...config, ...overrides, audio: {...config.audio, output: {...config.audio.output, ...output}}};
  return merged;
}

export function metadataIn({metadata}: Params): Readonly<Record<string, string>> | null {
  if (!isRecord(metadata)) return null;
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, textIn(value)]));
}

/** At most 16 pairs; keys of 64, values of 512 characters. */
function metadataProblem(metadata: unknown): Refusal | undefined {
  if (!isRecord(metadata)) return undefined;
  const pairs = Object.entries(metadata);
  const param = 'response.metadata';
  if (pairs.length > 16)
    return refusal('invalid_value', "Invalid 'response.metadata': too many properties. Expected at most 16.", param);
  if (pairs.every(([key, value]) => key.length <= 64 && textIn(value).length <= 512)) return undefined;
  return refusal('string_above_max_length', "Invalid 'response.metadata': string too long.", param);
}

function inputProblem(input: unknown, conversation: Conversation): Refusal | undefined {
  if (!Array.isArray(input)) return undefined;
  for (const [index, entry] of input.entries()) {
    if (!isRecord(entry)) continue;
    if (entry['type'] !== 'item_reference') {
      const problem = problemWithItem(entry, `response.input[${index}]`);
      if (problem) return problem;
    } else if (!conversation.find(entry['id'])) {
      const message = `Item with id '${textIn(entry['id'])}' not found.`;
      return refusal('invalid_value', message, `response.input[${index}].id`);
    }
  }
  return undefined;
}
