import type {
  ConversationItem as OpenAIItem,
  RealtimeClientEvent,
  RealtimeSessionCreateRequest,
} from 'openai/resources/realtime/realtime';
import {USUAL_SERVER} from '@voicebridge/assistant/resolve.ts';
import type {TurnDetection} from '@voicebridge/assistant/resolved.ts';
import {formatOf, type SessionAudio} from './session-audio.ts';
import type {ConversationItem, HostedServer, ModelCommand, SessionSettings, ToolDefinition} from '../model-adapter.ts';

/** The `event_id` of our first `session.update`: its refusal ends the session. */
export const CONFIGURE = 'configure';

type Audio = NonNullable<RealtimeSessionCreateRequest['audio']>;

/** The protocol switches both off with `null`; the published types do not allow that. */
interface Input extends Omit<NonNullable<Audio['input']>, 'noise_reduction' | 'transcription'> {
  readonly noise_reduction: {readonly type: 'near_field' | 'far_field'} | null;
  readonly transcription: {readonly model: string; readonly language?: string} | null;
}

interface SessionUpdate {
  readonly type: 'session.update';
  readonly event_id: string;
  readonly session: Omit<RealtimeSessionCreateRequest, 'audio'> & {
    readonly audio: {readonly input: Input; readonly output: NonNullable<Audio['output']>};
  };
}

/**
 * Configures a session with every value spelled out, because defaults differ from model to model. A server refuses the
 * whole event for one key that it does not know.
 */
export function sessionUpdate(
  settings: SessionSettings,
  transcriptionModel: string,
  audio: SessionAudio = 'pcmu',
): SessionUpdate {
  const {noiseReduction = null, language, reasoningEffort} = settings;
  // The transcription takes the two letters of ISO 639-1 only.
  const spoken = language ? {language: language.replace(/-.*/, '')} : {};
  const session: SessionUpdate['session'] = {
    type: 'realtime',
    instructions: settings.instructions,
    output_modalities: ['audio'],
    audio: {
      input: {
        format: formatOf(audio),
        noise_reduction: noiseReduction === null ? null : {type: noiseReduction},
        transcription: transcriptionModel === '' ? null : {model: transcriptionModel, ...spoken},
        turn_detection: turnDetection(settings.serverInterrupts, settings.serverResponds, settings.turnDetection),
      },
      output: {format: formatOf(audio), voice: settings.voice, speed: 1},
    },
    tools: [...settings.tools.map(functionTool), ...(settings.hosted ?? []).map(mcpTool)],
    tool_choice: 'auto',
    max_output_tokens: settings.maxOutputTokens,
    truncation: 'auto',
    // Models that do not reason refuse the key.
    ...(reasoningEffort ? {reasoning: {effort: reasoningEffort}} : {}),
  };
  return {type: 'session.update', event_id: CONFIGURE, session};
}

function functionTool({name, description, parameters}: ToolDefinition) {
  return {type: 'function' as const, name, description, parameters};
}

/** A token of its own field goes out as `Authorization: Bearer …`; any other header goes out as it is. */
function mcpTool({label, url, headers, allow, approve}: HostedServer) {
  const authorization = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization');
  const [, token] = /^Bearer (.+)$/.exec(authorization?.[1] ?? '') ?? [];
  const others = Object.fromEntries(
    Object.entries(headers).filter(([name]) => token === undefined || name !== authorization?.[0]),
  );
  return {
    type: 'mcp' as const,
    server_label: label,
    server_url: url,
    ...(token === undefined ? {} : {authorization: token}),
    ...(Object.keys(others).length === 0 ? {} : {headers: others}),
    ...(allow === undefined ? {} : {allowed_tools: [...allow]}),
    require_approval: approvalOf(approve, allow ?? []),
  };
}

/** A server that is told nothing asks for everything. */
function approvalOf(approve: HostedServer['approve'], allow: readonly string[]) {
  if (approve === false) return 'never' as const;
  if (approve === true) return {always: {read_only: false}, never: {read_only: true}};
  return {
    always: {tool_names: [...approve]},
    never: {tool_names: allow.filter(name => !approve.includes(name))},
  };
}

function turnDetection(interrupts: boolean, responds: boolean, turns: TurnDetection = USUAL_SERVER) {
  const rights = {create_response: responds, interrupt_response: interrupts};
  if (turns.kind === 'semantic') return {type: 'semantic_vad' as const, eagerness: turns.eagerness, ...rights};
  return {
    type: 'server_vad' as const,
    threshold: turns.threshold,
    prefix_padding_ms: turns.prefixPaddingMs,
    silence_duration_ms: turns.silenceMs,
    ...rights,
  };
}

/** The event for a command. A refusal names its `event_id`, which says what was refused. `turns`: as in the settings. */
export function clientEvent(command: ModelCommand, turns?: TurnDetection): RealtimeClientEvent {
  switch (command.do) {
    case 'truncate':
      return {
        type: 'conversation.item.truncate',
        event_id: `truncate:${command.itemId}`,
        item_id: command.itemId,
        content_index: 0,
        audio_end_ms: command.audioEndMs,
      };
    case 'cancel':
      return {type: 'response.cancel', event_id: `cancel:${command.responseId}`, response_id: command.responseId};
    case 'respond':
      return {
        type: 'response.create',
        event_id: `respond:${command.tag}`,
        response: {
          ...(command.untagged ? {} : {metadata: {tag: command.tag}}),
          ...(command.speechOnly ? {tool_choice: 'none' as const} : {}),
          ...(command.instructions === undefined ? {} : {instructions: command.instructions}),
        },
      };
    case 'add':
      return {
        type: 'conversation.item.create',
        event_id: `add:${command.item.id}`,
        item: openAIItem(command.item),
        ...(command.after === undefined ? {} : {previous_item_id: command.after}),
      };
    case 'delete':
      return {type: 'conversation.item.delete', event_id: `delete:${command.itemId}`, item_id: command.itemId};
    case 'approve':
      return {
        type: 'conversation.item.create',
        event_id: `approve:${command.requestId}`,
        previous_item_id: command.requestId,
        item: {
          type: 'mcp_approval_response',
          id: shortId(`approval-${command.requestId.slice(-20)}`),
          approval_request_id: command.requestId,
          approve: command.yes,
          ...(command.reason === undefined ? {} : {reason: command.reason}),
        },
      };
    case 'interruptible':
      return {
        type: 'session.update',
        event_id: 'interruptible',
        session: {
          type: 'realtime',
          audio: {input: {turn_detection: turnDetection(command.on, command.responds, turns)}},
        },
      };
    default:
      return command satisfies never;
  }
}

const APPEND_HEAD = Buffer.from('{"type":"input_audio_buffer.append","audio":"');
const APPEND_TAIL = Buffer.from('"}');
/** The last event for caller audio, and room for a longer one. */
let append = Buffer.concat([APPEND_HEAD, Buffer.alloc(1_024)]);
let appended = append;

/**
 * The event for caller audio, fifty times a second and call: written by hand, because base64 needs no escaping. `bytes` has
 * the base64 text from `from` up to, but not including, `to`. The event is valid until the next call.
 */
export function appendMessage(bytes: Buffer, from: number, to: number): Buffer {
  const end = APPEND_HEAD.length + (to - from);
  const length = end + APPEND_TAIL.length;
  if (length > append.length) {
    append = Buffer.alloc(2 * length);
    APPEND_HEAD.copy(append);
  }
  bytes.copy(append, APPEND_HEAD.length, from, to);
  APPEND_TAIL.copy(append, end);
  // Frames are all of one length.
  if (appended.length !== length || appended.buffer !== append.buffer) appended = append.subarray(0, length);
  return appended;
}

/** OpenAI takes ids of at most 32 characters from clients; other servers give out longer ones. */
function shortId(id: string): string {
  return id.slice(-32);
}

function openAIItem(item: ConversationItem): OpenAIItem {
  const id = shortId(item.id);
  switch (item.kind) {
    case 'caller':
      return {id, type: 'message', role: 'user', content: [{type: 'input_text', text: item.text}]};
    case 'note':
      return {id, type: 'message', role: 'system', content: [{type: 'input_text', text: item.text}]};
    case 'assistant':
      return {id, type: 'message', role: 'assistant', content: [{type: 'output_text', text: item.text}]};
    case 'toolCall':
      return {id, type: 'function_call', call_id: item.callId, name: item.name, arguments: item.arguments};
    case 'toolResult':
      return {id, type: 'function_call_output', call_id: item.callId, output: item.output};
    default:
      return item satisfies never;
  }
}
