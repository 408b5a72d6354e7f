import type {TurnDetection} from '@voicebridge/assistant/resolved.ts';
import type {Tokens} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {PcmRate} from './audio-conversion.ts';

/**
 * The port behind which every speech-to-speech model stands. An adapter (`openai/` is one) translates its protocol:
 *
 *   the caller's turn   callerSpoke -> callerStopped -> turnCommitted (-> callerWords, any time later)
 *   a reply             responseStarted -> (audio | words | toolCalled)* -> audioEnded -> responseEnded
 *
 * The core counts on three of these. `turnCommitted` says that the model has the caller's speech as an item and that an
 * answer is due; an adapter whose server reports no commit sends it right after `callerStopped`. `responseEnded` comes
 * once for each response. `responseStarted` carries the tag of the `respond` that asked for it, if the server gives it
 * back; without tags, the first response after a request counts as its answer.
 */

/** One item of the conversation in words, as another session can be given it. */
export type ConversationItem =
  | {readonly kind: 'caller' | 'assistant' | 'note'; readonly id: string; readonly text: string}
  | {
      readonly kind: 'toolCall';
      readonly id: string;
      readonly callId: string;
      readonly name: string;
      readonly arguments: string;
    }
  | {
      readonly kind: 'toolResult';
      readonly id: string;
      readonly callId: string;
      readonly output: string;
      /** It has digits in it that the caller entered. */
      readonly isSecret?: boolean | undefined;
    };

/** What a session is told to do. Commands that come before `ready` or after `lost` are ignored. */
export type ModelCommand =
  /** The caller heard only so much of an item, in milliseconds: the model forgets the rest. */
  | {readonly do: 'truncate'; readonly itemId: string; readonly audioEndMs: number}
  /** Stops a response that is being generated. */
  | {readonly do: 'cancel'; readonly responseId: string}
  | {
      readonly do: 'respond';
      /** Comes back in `responseStarted`. `untagged`: the server has refused a request because of its tag. */
      readonly tag: string;
      readonly untagged?: true;
      readonly instructions?: string;
      /** The model may call no tool in this response. */
      readonly speechOnly?: boolean;
    }
  /** Adds an item to the conversation, at its end or after the item with the id `after`. */
  | {readonly do: 'add'; readonly item: ConversationItem; readonly after?: string}
  | {readonly do: 'delete'; readonly itemId: string}
  /** Whether the model's provider may run what it asked for (`hostedCalled` with `asks`). `reason`: why not, to the model. */
  | {readonly do: 'approve'; readonly requestId: string; readonly yes: boolean; readonly reason?: string}
  /** Whether the server may cancel a response by itself when it hears the caller, and answer a turn by itself. */
  | {readonly do: 'interruptible'; readonly on: boolean; readonly responds: boolean};

export type ResponseStatus = 'completed' | 'cancelled' | 'incomplete' | 'failed';

/** Why a session is over. After one of the last three, another session would fail in the same way. */
export type LostCause = 'closed' | 'expired' | 'unreachable' | 'refused' | 'quota' | 'misconfigured';

/** What a session reports. The ids of items and responses are the model's. */
export type ModelEvent =
  /** Configured as asked: audio may flow. */
  | {readonly type: 'ready'}
  /** The caller began to speak at `fromMs` of the audio this session was given; undefined: the server does not say. */
  | {readonly type: 'callerSpoke'; readonly itemId: string; readonly fromMs: Millis | undefined}
  /** The caller stopped at `untilMs` of it. Both without padding and without the silence that proved it. */
  | {readonly type: 'callerStopped'; readonly itemId: string; readonly untilMs: Millis | undefined}
  /** What the caller said is an item of the conversation: an answer is due. */
  | {readonly type: 'turnCommitted'; readonly itemId: string}
  | {readonly type: 'responseStarted'; readonly responseId: string; readonly tag: string | undefined}
  /** Audio of an item: base64, in the format of `ModelTraits.audio`. */
  | {readonly type: 'audio'; readonly responseId: string; readonly itemId: string; readonly payload: string}
  /** All audio of an item has come. */
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
  /**
   * The model calls a tool of a server that its provider asks by itself. `asks`: it does not run before `approve` says yes,
   * with `itemId` as `requestId`; when it then runs, that is told once more, with `approvedBy`.
   */
  | {
      readonly type: 'hostedCalled';
      readonly responseId: string | undefined;
      readonly itemId: string;
      readonly server: string;
      readonly name: string;
      readonly arguments: string;
      readonly asks: boolean;
      readonly approvedBy?: string | undefined;
    }
  /** It has a result, which the model knows already. It says nothing of it before it is asked to speak. */
  | {readonly type: 'hostedEnded'; readonly itemId: string; readonly ok: boolean; readonly output: string}
  /** The provider does not reach a server: the model has no tools of it. */
  | {readonly type: 'hostedAway'; readonly server: string}
  /** The model has an item that we added: a response that starts from now on knows it. */
  | {readonly type: 'itemAdded'; readonly itemId: string}
  /** The transcript of what the caller said, which may come long after the answer. */
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
  /** A command was refused. `about`: its name and id (`truncate:item-1`, `respond:greeting-1`), if the server says. */
  | {
      readonly type: 'refused';
      readonly code: string;
      readonly message: string;
      readonly about: string | undefined;
      /** Of a `truncate`: the server has only so much of the item's audio, in milliseconds. */
      readonly holdsMs?: number | undefined;
    }
  /** What the caller said could not be transcribed. */
  | {readonly type: 'notTranscribed'; readonly itemId: string; readonly code: string; readonly message: string}
  /** An event was unreadable, or was read without a part of it; told once for each type. */
  | {readonly type: 'mended'; readonly event: string; readonly detail: string}
  | ({readonly type: 'lost'; readonly cause: LostCause} & Explained);

/** Why something failed, for operators. */
export interface Explained {
  /** In our own words. */
  readonly note?: string | undefined;
  /** In the words of a model's server or of a tool: they may repeat what was said in the call. */
  readonly detail: string;
}

/** Whether another session is worth a try. */
export function isFatal(cause: LostCause): boolean {
  return cause === 'refused' || cause === 'quota' || cause === 'misconfigured';
}

/** `arrivedAt`: when the event came in from the network, on the monotonic clock; undefined: now. */
export type ModelListener = (event: ModelEvent, arrivedAt?: Millis) => void;

/** One session with a model, whatever its protocol. */
export interface ModelSession extends AsyncDisposable {
  send(command: ModelCommand): void;
  /**
   * Caller audio, fifty times a second: base64 in the format of `ModelTraits.audio`, as text in `bytes` from `from` up to,
   * but not including, `to`. The bytes are valid during the call only. Ignored like a command.
   */
  hear(bytes: Buffer, from: number, to: number): void;
  /** Whether nothing is to be read from the model for now: what it sends then waits with its server. */
  setPaused(isPaused: boolean): void;
  /** At most one listener; events that arrive before it is set are kept in order. */
  onEvent(listener: ModelListener): void;
}

/** The audio that a model takes and gives. One channel; PCM samples are 16-bit little-endian. */
export type ModelAudio =
  | {readonly encoding: 'mulaw'; readonly rateHz: 8_000}
  | {readonly encoding: 'pcm16'; readonly rateHz: PcmRate};

/** How models differ, as far as the core depends on it. */
export interface ModelTraits {
  /**
   * `ours`: the server reports that the caller speaks; this worker decides whether that interrupts the assistant, and
   * tells the model what was heard. `model`: the server has stopped its reply when it reports that the caller speaks,
   * and keeps track of what was heard; this worker only clears the phone's buffer.
   */
  readonly interruption: 'ours' | 'model';
  /**
   * Whether the server can answer a turn without being asked, where `serverResponds` allows it. False: each answer is
   * asked for with `respond`.
   */
  readonly answersTurns: boolean;
  /** Whether the model's provider asks MCP servers by itself (`SessionSettings.hosted`). */
  readonly hostsMcp: boolean;
  /** What `telephoneAudio` converts from and to, so that the worker sees μ-law at 8 kHz only. */
  readonly audio: ModelAudio;
}

/** What a model's server may do by itself when it hears the caller: cancel a response, and answer a turn. */
export interface ServerRights {
  readonly serverInterrupts: boolean;
  readonly serverResponds: boolean;
}

/** A tool as the model is told about it. */
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

/** A server of the Model Context Protocol that the model's provider asks by itself. */
export interface HostedServer {
  /** The name of the server among those of the session. */
  readonly label: string;
  readonly url: string;
  /** With their secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** Which of its tools the model has; undefined: all. */
  readonly allow: readonly string[] | undefined;
  /** Which of them wait for `approve`: all that are not read-only, none, or these. */
  readonly approve: boolean | readonly string[];
}

/** How a model listens and thinks. What is not given is as usual for the model; an adapter ignores what its model has not. */
export interface ModelTuning {
  readonly turnDetection?: TurnDetection;
  readonly noiseReduction?: 'near_field' | 'far_field' | null;
  /** The language that the caller is expected to speak: `nb`, `en-GB`. */
  readonly language?: string | null;
  readonly reasoningEffort?: 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | null;
  readonly temperature?: number | null;
}

/** How a session is configured, before any audio goes through it. */
export interface SessionSettings extends ServerRights, ModelTuning {
  readonly model: string;
  readonly tools: readonly ToolDefinition[];
  /** Only where the traits have `hostsMcp`. */
  readonly hosted?: readonly HostedServer[];
  readonly instructions: string;
  readonly voice: string;
  /** The most tokens of one response, spoken or written. */
  readonly maxOutputTokens: number | 'inf';
  /** Base64 of a call's identity for the model's abuse detection, never a telephone number. */
  readonly safetyId: string | undefined;
  /** What it is configured with in the end; the connection is made meanwhile, for the model above. It never rejects. */
  readonly later?: Promise<SessionSettings>;
}

/** A model: opens sessions with it. Choose one in `openModelAdapter`. */
export interface ModelAdapter {
  readonly traits: ModelTraits;
  open(settings: SessionSettings): ModelSession;
}
