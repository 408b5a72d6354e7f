import {withoutSecrets} from '@voicebridge/assistant/http/hidden-secrets.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import {codeIn} from '@voicebridge/shared/protocol/code-in.ts';
import {partsOf} from '@voicebridge/shared/protocol/json-bounds.ts';

const TOOLS_AT_MOST = 100;
/** A tool that a server describes at greater length, in characters of JSON, is not offered: each session would pay for it. */
const DESCRIPTION_AT_MOST = 32_768;
/** And what all its tools together may have, in parts of JSON: a session that is too large cannot be read (`json-bounds.ts`). */
const PARTS_AT_MOST = 20_000;
const SECRET_FROM = 6;

/** A tool as a server offers it. */
export interface OfferedTool {
  readonly name: string;
  readonly about: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** It changes nothing, as the server says. */
  readonly isReadOnly: boolean;
}

/** What a server says of one tool. */
export interface DescribedTool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly annotations?: {readonly readOnlyHint?: boolean | undefined} | undefined;
}

/**
 * The tools of a server that an assistant may have. What is described at too great a length is left out, and what repeats a secret
 * that the server was given: the model would be told it. `allow`: these only.
 */
export function offeredTools(
  tools: readonly DescribedTool[],
  {allow, secrets, log}: {allow: readonly string[] | undefined; secrets: readonly string[]; log: Log},
): readonly OfferedTool[] {
  // A short one may be a word of a description.
  const long = secrets.filter(({length}) => length >= SECRET_FROM);
  const offered: OfferedTool[] = [];
  const [tooLong, leaking]: [string[], string[]] = [[], []];
  let left = PARTS_AT_MOST;
  for (const tool of tools.filter(({name}) => allow?.includes(name) ?? true).slice(0, TOOLS_AT_MOST)) {
    const json = JSON.stringify(tool);
    const parts = json.length > DESCRIPTION_AT_MOST ? Number.POSITIVE_INFINITY : partsOf(json);
    const isTold = parts <= left && withoutSecrets(json, long) === json;
    if (isTold) {
      left -= parts;
      offered.push({
        name: tool.name,
        about: tool.description ?? '',
        parameters: tool.inputSchema,
        isReadOnly: tool.annotations?.readOnlyHint === true,
      });
    } else if (parts > left) tooLong.push(logged(tool.name, secrets));
    else leaking.push(logged(tool.name, secrets));
  }
  if (tooLong.length > 0) log.warn({tools: tooLong}, 'tools of an MCP server are described too long');
  if (leaking.length > 0) log.warn({tools: leaking}, 'tools of an MCP server repeat a secret, and are not offered');
  return offered;
}

const logged = (name: string, secrets: readonly string[]) => codeIn(withoutSecrets(name, secrets)) ?? 'unreadable';
