import {Catalogue} from '@voicebridge/assistant/catalogue.ts';
import type {LiveCatalogue} from '@voicebridge/assistant/load/live-catalogue.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import type {NumberSentences} from '@voicebridge/shared/fleet/number-sentences.ts';
import {background} from '@voicebridge/shared/observability/log.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {ModelTraits} from '../model/model-adapter.ts';
import {Assistants, type AssistantsDeps} from './assistants.ts';
import {McpServers} from './mcp-servers.ts';
import {unhosted} from './unhosted.ts';

/** Webhooks are told again what assistants say, long before they forget it. */
const TELL_EVERY: Millis = 3_600_000;

export interface OpenAssistantsDeps extends Omit<AssistantsDeps, 'mcp'> {
  /** The assistant of the environment. */
  readonly standard: ConstructorParameters<typeof Catalogue>[0];
  /** The assistants in files; that of the environment alone if not given. */
  readonly files: Pick<LiveCatalogue, 'current' | 'onChange'> | undefined;
  readonly traits: Pick<ModelTraits, 'hostsMcp'>;
  /** The value of a variable of the environment, for MCP servers. */
  readonly secret: (name: string) => string | undefined;
  /** Where webhooks are told what the assistants of numbers say; they are not if not given. */
  readonly sentences: NumberSentences | undefined;
}

/**
 * The assistants of a worker, kept up to date: a change of their files reaches MCP servers and webhooks, too. Files that this
 * model cannot serve change nothing. Rejects with `CannotStart` if that is so at the start.
 */
export async function openAssistants(deps: OpenAssistantsDeps): Promise<{
  readonly assistants: Assistants;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const {standard, files, traits, secret, sentences, clock, log} = deps;
  const impossible = files ? unhosted(files.current, traits) : [];
  if (impossible.length > 0) throw new CannotStart(impossible.join('\n'));
  await using stack = new AsyncDisposableStack();
  const mcp = stack.use(new McpServers({secret, clock, log}));
  if (files) await mcp.renew(files.current);
  const assistants = new Assistants(files?.current ?? new Catalogue(standard), {...deps, mcp});
  const tell = () => {
    if (!sentences || !files) return;
    const {sentences: said, names} = files.current;
    background(sentences.tell(said, names), log, 'telling what assistants there are, and what they say');
  };
  tell();
  stack.defer(every(clock, TELL_EVERY, tell));
  files?.onChange(catalogue => {
    const problems = unhosted(catalogue, traits);
    if (problems.length > 0) return log.error({problems}, 'the assistants were not reloaded: their files have errors');
    assistants.renew(catalogue);
    background(mcp.renew(catalogue), log, 'reaching MCP servers');
    tell();
  });
  const owned = stack.move();
  return {assistants, [Symbol.asyncDispose]: () => owned.disposeAsync()};
}
