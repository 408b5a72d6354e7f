import type {Millis} from '@voicebridge/shared/time.ts';
import type {ClipName} from '../../../audio/clips.ts';
import type {ModelItem} from '../state/model-item.ts';
import type {SessionConfig} from '../state/session-config.ts';

/** One thing in an answer. Everything spoken becomes a message item, every call a `function_call` item. */
export type Part =
  /** A recording, or the rest of it after its first words; or a text with tagged audio of a given length. */
  | {readonly say: ClipName; readonly after?: string}
  | {readonly say: {readonly text: string; readonly audioMs: Millis}}
  /** A function call; text arguments are sent as they are, broken or not. Real ones have a name. */
  | {readonly call: {readonly name: string | undefined; readonly arguments: string | Readonly<Record<string, unknown>>}}
  /** A call of a tool of an MCP server that the provider asks, by the server's label. */
  | {
      readonly mcp: {
        readonly server: string;
        readonly name: string;
        readonly arguments: string | Readonly<Record<string, unknown>>;
      };
    }
  /** Silent audio, in ms. */
  | {readonly silence: Millis}
  /** The response fails here, with this error code and, if the code alone does not say it, this message. */
  | {readonly fail: string; readonly message?: string}
  /** The response stops here. */
  | {readonly incomplete: 'content_filter' | 'max_output_tokens'};

export type Reply = readonly Part[];

/** Why the model is asked to answer. */
export interface Turn {
  /** Counts the session's responses from 1. */
  readonly number: number;
  /** `greeting`: there was no speech yet; `idle`: the caller said nothing for `idle_timeout_ms`. */
  readonly kind: 'greeting' | 'turn' | 'tool-result' | 'idle';
  readonly session: TurnSession;
  /** The instructions of this response: the session's, unless `response.create` replaced them. */
  readonly instructions: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  /** The words of the caller's last turn, if there was one. */
  readonly callerTranscript: string | undefined;
}

/** The part of a session that a script may look at. */
export interface TurnSession {
  readonly id: string;
  readonly model: string;
  readonly config: SessionConfig;
  readonly items: readonly ModelItem[];
}

/** What the model answers: a function, or the replies in order, the last of them again and again. */
export type ModelScript = ((turn: Turn) => Reply) | readonly Reply[];

export function replyTo(script: ModelScript, turn: Turn): Reply {
  if (typeof script === 'function') return script(turn);
  return script[Math.min(turn.number, script.length) - 1] ?? [];
}
