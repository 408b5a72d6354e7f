import type {Tokens} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/** One thing in the model's memory, in words: what can be given to another session. */
export type ConversationItem =
  | {readonly kind: 'caller' | 'assistant' | 'note'; readonly id: string; readonly text: string}
  | {
      readonly kind: 'toolCall';
      readonly id: string;
      readonly callId: string;
      readonly name: string;
      readonly arguments: string;
    }
  | {readonly kind: 'toolResult'; readonly id: string; readonly callId: string; readonly output: string};

/** What a model session may be told. */
export type ModelCommand =
  /** Caller audio, base64 μ-law. */
  | {readonly do: 'hear'; readonly payload: string}
  | {readonly do: 'truncate'; readonly itemId: string; readonly audioEndMs: number}
  | {readonly do: 'cancel'; readonly responseId: string}
  | {
      readonly do: 'respond';
      /** By which the response can be recognised. `untagged`: the server takes no metadata. */
      readonly tag: string;
      readonly untagged?: true;
      readonly instructions?: string;
      /** It may call no tool. */
      readonly speechOnly?: boolean;
    }
  | {readonly do: 'add'; readonly item: ConversationItem; readonly after?: string}
  | {readonly do: 'delete'; readonly itemId: string}
  /** Whether the server may cancel a response by itself when it hears the caller, and answer a turn by itself. */
  | {readonly do: 'interruptible'; readonly on: boolean; readonly responds: boolean};

export type ResponseStatus = 'completed' | 'cancelled' | 'incomplete' | 'failed';

/** Why a session is over. Only the last three are for good: trying again would fail again. */
export type LostCause = 'closed' | 'expired' | 'unreachable' | 'refused' | 'quota' | 'misconfigured';

/** What a model session says, in our words. Ids are the model's. */
export type ModelEvent =
  /** Configured as asked: audio may flow. */
  | {readonly type: 'ready'}
  /** The caller began to speak at `fromMs` of the audio this session was given; undefined: the server does not say. */
  | {readonly type: 'callerSpoke'; readonly itemId: string; readonly fromMs: Millis | undefined}
  /** The caller stopped at `untilMs` of it. Both without padding and without the silence that proved it. */
  | {readonly type: 'callerStopped'; readonly itemId: string; readonly untilMs: Millis | undefined}
  | {readonly type: 'turnCommitted'; readonly itemId: string}
  | {readonly type: 'responseStarted'; readonly responseId: string; readonly tag: string | undefined}
  | {readonly type: 'audio'; readonly responseId: string; readonly itemId: string; readonly payload: string}
  | {readonly type: 'audioEnded'; readonly itemId: string}
  /** Words of an item that is being spoken; `whole` replaces what came before. */
  | {
      readonly type: 'words';
      readonly responseId: string;
      readonly itemId: string;
      readonly text: string;
      readonly whole: boolean;
    }
  | {
      readonly type: 'toolCalled';
      readonly responseId: string;
      readonly itemId: string;
      readonly callId: string;
      readonly name: string;
      readonly arguments: string;
    }
  | {readonly type: 'itemAdded'; readonly itemId: string}
  | {readonly type: 'callerWords'; readonly itemId: string; readonly text: string}
  | {
      readonly type: 'responseEnded';
      readonly responseId: string;
      readonly status: ResponseStatus;
      /** Why it did not complete: the model's reason or error code. */
      readonly reason: string | undefined;
      readonly message?: string | undefined;
      /** Of a rate limit: when it is worth another try. */
      readonly retryAfterMs?: Millis | undefined;
      /** It answered in written text, which no telephone can play. */
      readonly inText?: boolean | undefined;
      readonly tokens: Tokens | undefined;
    }
  /** Something we said was refused; `about` is the command it was about (`truncate`, `respond:greeting-1`, …). */
  | {
      readonly type: 'refused';
      readonly code: string;
      readonly message: string;
      readonly about: string | undefined;
      /** Of a cut: the server has only so much of the item's audio, in milliseconds. */
      readonly holdsMs?: number | undefined;
    }
  /** What the caller said could not be written down. */
  | {readonly type: 'notTranscribed'; readonly itemId: string; readonly code: string; readonly message: string}
  /** An event was unreadable, or was read without a part of it; told once for each type. */
  | {readonly type: 'mended'; readonly event: string; readonly detail: string}
  | {readonly type: 'lost'; readonly cause: LostCause; readonly detail: string};

/** Whether another session is worth a try. */
export function isFatal(cause: LostCause): boolean {
  return cause === 'refused' || cause === 'quota' || cause === 'misconfigured';
}

/** `arrivedAt`: when what it says came in from the network, where that is known better than by asking now. */
export type ModelListener = (event: ModelEvent, arrivedAt?: Millis) => void;

/** One session with a model, whatever its protocol. */
export interface ModelSession extends AsyncDisposable {
  send(command: ModelCommand): void;
  /** At most one listener; events that arrive before it is set are kept in order. */
  onEvent(listener: ModelListener): void;
}

/** What a model's server does by itself, so that the rules of interruption do not have to know its protocol. */
export interface ModelTraits {
  /**
   * `ours`: the server tells that the caller speaks; whether that is an interruption, and what was heard, is for us to
   * say. `model`: it has yielded when it says so, and knows by itself what it said; we only stop the sound.
   */
  readonly interruption: 'ours' | 'model';
}

/** What a model's server may do by itself when it hears the caller: cancel a response, and answer a turn. */
export interface ServerRights {
  readonly serverInterrupts: boolean;
  readonly serverResponds: boolean;
}

/** A tool as the model is told of it. */
export interface ToolDefinition {
  /** Up to 64 letters, digits, `_` and `-`. */
  readonly name: string;
  /** What it does and when to call it, in words to the model. */
  readonly description: string;
  /** The arguments, as the JSON Schema of an object. */
  readonly parameters: {
    readonly type: 'object';
    readonly properties: Readonly<Record<string, unknown>>;
    readonly required?: readonly string[];
    readonly additionalProperties: boolean;
  };
}

/** How a session is configured, before any audio goes through it. */
export interface SessionSettings extends ServerRights {
  readonly model: string;
  readonly tools: readonly ToolDefinition[];
  readonly instructions: string;
  readonly voice: string;
  /** Base64 of a call's identity for the model's abuse detection, never a telephone number. */
  readonly safetyId: string | undefined;
}

export interface ModelAdapter {
  readonly traits: ModelTraits;
  open(settings: SessionSettings): ModelSession;
}
