import {fillIn} from '@voicebridge/assistant/variables.ts';
import type {Destination, TransferTool} from '@voicebridge/assistant/transfer-tool.ts';
import {type AwayOrder, LONGEST_WHISPER, PLAIN_ORDER} from '@voicebridge/shared/protocol/away.ts';
import {
  isAllowed,
  isDialable,
  kindOfDestination,
  mayTransfer,
  queueOf,
  queueTarget,
} from '@voicebridge/shared/protocol/destinations.ts';
import type {SentAway, ToolArguments, ToolOutcome} from '../events/tool-outcome.ts';
import type {ToolDefinition} from '../model/model-adapter.ts';
import {notAllowed, notDialable, wrongArguments} from './tool-failure.ts';
import type {ImmediateTool, Tool} from './tool.ts';

const RINGS_SECONDS = 20;
const IN_QUEUE_SECONDS = 120;
const ACCEPT_KEY = '1';

/** What a transfer must know of its call besides its definition. */
export interface TransferSettings {
  readonly variables: Readonly<Record<string, string>>;
  /** TRANSFER_ALLOW. */
  readonly allow: readonly string[];
  /** The language of the assistant; null: any. */
  readonly language: string | null;
}

/** Sends the caller to a person. `CallCore` lets the caller go when they have heard the last word. */
export function transferTool(name: string, tool: TransferTool, settings: TransferSettings): ImmediateTool {
  const fill = (text: string) => fillIn(text, settings.variables);
  const whisper = typeof tool.whisper === 'object' ? tool.whisper : {};
  const wantsSummary = tool.whisper !== false && whisper.say === undefined;
  return {
    name,
    description: describe(tool),
    parameters: parameters(tool, wantsSummary),
    runs: 'at-once',
    destinations: destinationsOf(tool, fill),
    run(args) {
      const place = placeOf(name, tool, args);
      if ('kind' in place) return place;
      const {summary} = args;
      if (wantsSummary && (typeof summary !== 'string' || summary.trim() === ''))
        return wrongArguments(name, 'summary: must say in a sentence or two what the person should know');
      const to = typeof place.to === 'string' ? fill(place.to).trim() : place.to.queue;
      const isNamed = place.isInFile && (typeof place.to !== 'string' || place.to === to);
      const kind = typeof place.to === 'string' ? kindOfDestination(to) : 'queue';
      if (kind === undefined) return notDialable(to);
      if (!isNamed && !isAllowed(to, settings.allow)) return notAllowed(to);
      const key = whisper.key ?? ACCEPT_KEY;
      const order: AwayOrder = {
        kind,
        to,
        isNamed,
        workflow: typeof place.to === 'string' ? null : (place.to.workflow ?? null),
        ringSeconds: tool.ringFor ?? (kind === 'queue' ? IN_QUEUE_SECONDS : RINGS_SECONDS),
        whisper:
          tool.whisper === false
            ? null
            : {
                say: (whisper.say === undefined ? String(summary) : fill(whisper.say)).slice(0, LONGEST_WHISPER),
                accept: whisper.accept === undefined ? `Press ${key} to take the call.` : fill(whisper.accept),
                key,
              },
        // The carrier wants a country, too.
        language: settings.language?.includes('-') === true ? settings.language : null,
        ifNobody: tool.ifNobody ?? 'return',
        nobodySay: tool.nobodySay === undefined ? null : fill(tool.nobodySay),
        record: tool.record ?? false,
        refer: tool.refer ?? false,
        warm: tool.warm ?? false,
      };
      return {kind: 'away', order, say: tool.say === undefined ? undefined : fill(tool.say)} satisfies SentAway;
    },
  };
}

function describe({when, say}: TransferTool): string {
  const words =
    say === undefined ? 'Say first, in the same reply, that you are connecting them.' : 'Say nothing yourself.';
  return `Connects the caller with a person. ${when} ${words} You are told what came of it.`;
}

function parameters(tool: TransferTool, wantsSummary: boolean): ToolDefinition['parameters'] {
  const {to} = tool;
  const places: Record<string, unknown> = {};
  if (to === '*') places['to'] = {type: 'string', description: 'where to: a number such as +4722334455, or sip:…'};
  else if (typeof to === 'object' && 'oneOf' in to) places['to'] = {type: 'string', enum: Object.keys(to.oneOf)};
  const summary = {type: 'string', description: 'what the person who is called should know, in one or two sentences'};
  const properties = wantsSummary ? {...places, summary} : places;
  return {type: 'object', properties, required: Object.keys(properties), additionalProperties: false};
}

/** Those that stand in the file. */
function destinationsOf(
  {to}: TransferTool,
  fill: (text: string) => string,
): NonNullable<ImmediateTool['destinations']> {
  const all = typeof to === 'object' && 'oneOf' in to ? Object.values(to.oneOf) : to === '*' ? [] : [to];
  return all
    .map(one =>
      typeof one === 'string'
        ? {to: fill(one).trim(), workflow: null}
        : {to: queueTarget(one.queue), workflow: one.workflow ?? null},
    )
    .filter(one => isDialable(one.to) || queueOf(one.to) !== undefined);
}

/** The name under which a transfer by an operator stands in the record, and in the conversation with the model. */
export const OPERATOR_TRANSFER = 'operator_transfer';

/** Where an operator may send the callers of an assistant with these tools: destinations and patterns. */
export function operatorDestinations(tools: readonly Tool[], allow: readonly string[]): string[] {
  return [...new Set([...namedIn(tools).map(({to}) => to), ...allow])];
}

const namedIn = (tools: readonly Tool[]) =>
  tools.flatMap(tool => (tool.runs === 'at-once' ? (tool.destinations ?? []) : []));

/** The order of an operator who sends a caller there; undefined: neither the file nor TRANSFER_ALLOW allows it. */
export function operatorOrder(to: string, tools: readonly Tool[], allow: readonly string[]): AwayOrder | undefined {
  const queue = queueOf(to);
  const kind = queue === undefined ? kindOfDestination(to) : 'queue';
  const named = namedIn(tools).find(one => one.to === to);
  if (kind === undefined || (!named && !mayTransfer(to, allow))) return undefined;
  // The operator has decided it: nobody is asked, and nothing is said before.
  return {
    ...PLAIN_ORDER,
    kind,
    to: queue ?? to,
    isNamed: named !== undefined,
    workflow: named?.workflow ?? null,
    ringSeconds: kind === 'queue' ? IN_QUEUE_SECONDS : RINGS_SECONDS,
  };
}

interface Place {
  readonly to: Destination;
  /** It is one of those that the file lists. */
  readonly isInFile: boolean;
}

function placeOf(name: string, {to}: TransferTool, args: ToolArguments): Place | ToolOutcome {
  const wanted = args['to'];
  if (to === '*') {
    return typeof wanted === 'string'
      ? {to: wanted.startsWith('+') ? wanted.replaceAll(/[\s().-]/g, '') : wanted, isInFile: false}
      : wrongArguments(name, 'to: must be a destination');
  }
  if (typeof to === 'string' || 'queue' in to) return {to, isInFile: true};
  const chosen = typeof wanted === 'string' && Object.hasOwn(to.oneOf, wanted) ? to.oneOf[wanted] : undefined;
  if (chosen === undefined) return wrongArguments(name, `to: must be one of ${Object.keys(to.oneOf).join(', ')}`);
  return {to: chosen, isInFile: true};
}
