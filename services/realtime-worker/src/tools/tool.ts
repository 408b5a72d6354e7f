import type {EntryRule} from '@voicebridge/assistant/digits-tool.ts';
import type {SendRequest} from '@voicebridge/assistant/http/send-request.ts';
import {FEW_FACTS, isWithin} from '@voicebridge/shared/protocol/json-bounds.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {SentAway, ToolArguments, ToolOutcome} from '../events/tool-outcome.ts';
import type {HostedServer, ToolDefinition} from '../model/model-adapter.ts';

/** What a tool that runs in the background knows of its call. */
export interface ToolJob {
  readonly callSid: CallSid;
  /** `callSid:call_id`: the same for every attempt at this call of the tool, on whatever worker. */
  readonly key: string;
  /** The digits that the caller entered for it, by name. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Asks a server, with the secrets of this worker. */
  readonly send: SendRequest;
  /** Aborted when the result is not needed any more: the call is over here, or the time limit is reached. */
  readonly signal: AbortSignal;
}

/** A tool that answers at once. `run` is a pure function: no I/O, no clock. */
export interface ImmediateTool extends ToolDefinition {
  readonly runs: 'at-once';
  /** Where it can send a caller besides what TRANSFER_ALLOW allows. `workflow`: of a queue of TaskRouter. */
  readonly destinations?: readonly {readonly to: string; readonly workflow: string | null}[];
  run(args: ToolArguments): ToolOutcome | SentAway;
}

/** What is the same for all tools whose result comes later. */
interface LaterTool extends ToolDefinition {
  /** Said word for word, one after the other and the last again, whenever the caller has heard nothing for `afterMs`. */
  readonly waiting?: {readonly say: readonly string[]; readonly afterMs: Millis} | undefined;
  /** The model is answered at once, goes on, and is told the result when it is there. */
  readonly isBackground?: boolean;
  /** It is stopped when the caller has something to say. */
  readonly stopsForCaller?: boolean;
  /** The caller must have been asked, and have said something, before it runs. */
  readonly needsApproval?: boolean;
  /** A repeat with the same arguments gets the first result that was a success. */
  readonly oncePerCall?: boolean;
  /** The call record keeps its arguments and results. */
  readonly isKept?: boolean;
  /** The names of entered digits that it is given past the model. */
  readonly secrets?: readonly string[];
  /** What is wrong with the arguments, in words to the model; undefined: nothing. Pure. */
  check?(args: ToolArguments): string | undefined;
}

/** A tool whose result the caller enters on the keypad. The core waits for the keys, and keeps them from everybody else. */
export interface KeypadTool extends LaterTool {
  readonly runs: 'on-keys';
  /** The name under which the digits are kept. */
  readonly as: string;
  /** What the model is told: how many digits were entered, or which. */
  readonly tells: 'count' | 'digits';
  readonly rule: EntryRule;
}

/** A tool that gives the call to another assistant. Its result is told to that one, in a session of its own. */
export interface SwitchingTool extends LaterTool {
  readonly runs: 'switch';
  /** The name of the assistant; undefined: the model may not choose it. */
  targetOf(args: ToolArguments): string | undefined;
}

/**
 * All tools of an MCP server that the model's provider asks by itself: `find` of the server `crm` is `crm_find` here. The
 * model is told about them by the provider, and knows a result before we do.
 */
export interface HostedTool extends LaterTool {
  readonly runs: 'hosted';
  readonly server: HostedServer;
  /** Nobody waits longer for a result. */
  readonly timeoutMs: Millis;
}

/**
 * A tool whose result comes later: it asks another system, by a client that it is given when it is made
 * (`lookUpOrder(client): BackgroundTool`). A rejection becomes a `failed` outcome.
 */
export interface BackgroundTool extends LaterTool {
  readonly runs: 'later';
  /** The time limit. A caller waits in silence meanwhile, unless the model says something first, or `waiting` does. */
  readonly timeoutMs: Millis;
  /** It may run again where nobody knows what became of an attempt. */
  readonly isRepeatable?: boolean;
  run(args: ToolArguments, job: ToolJob): Promise<ToolOutcome>;
}

/**
 * Something the model can do besides speaking. A tool is one file in this folder and one line in `assistant-tools.ts`.
 *
 *   the model calls ──> at-once: `run` in the core ───────────────────────────────> outcome
 *                   └─> later: effect `runTool` ─> `run` in the shell ─> event `toolFinished` ─> outcome
 *                   ├─> on-keys: the caller's keys in the core ───────────────────> outcome
 *                   ├─> switch: effect `switchAssistant` ─> another assistant ────> outcome
 *                   └─> hosted: the model's provider ─> event `hostedEnded` ──────> outcome
 */
export type Tool = ImmediateTool | WaitedTool;

/** Runs a tool in the background: by its own `run`, unless somebody looks on. */
export type RunTool = (tool: BackgroundTool, args: ToolArguments, job: ToolJob) => Promise<ToolOutcome>;

export const runItself: RunTool = async (tool, args, job) => await tool.run(args, job);

/** A tool whose result is waited for. */
export type WaitedTool = BackgroundTool | KeypadTool | SwitchingTool | HostedTool;

/** Longer arguments are refused, in characters: whatever looks for the same call made before reads them again. */
const ARGUMENTS_AT_MOST = 65_536;

/**
 * The arguments that the model wrote for a tool, as an object; undefined if the text is not the JSON of an object, or has
 * more in it than any tool needs. A tool without parameters takes none, whatever the model writes.
 */
export function parseArguments({parameters}: ToolDefinition, text: string): ToolArguments | undefined {
  const takesNone = !parameters.additionalProperties && Object.keys(parameters.properties).length === 0;
  if (text.trim() === '' || takesNone) return {};
  if (text.length > ARGUMENTS_AT_MOST || !isWithin(FEW_FACTS, text)) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is ToolArguments {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
