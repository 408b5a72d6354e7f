import type {Catalogue} from '@voicebridge/assistant/catalogue.ts';
import type {ModelTraits} from '../model/model-adapter.ts';

/** The tools of assistants that the provider of the model was to run by itself, and cannot; each with its cure. */
export function unhosted({versions}: Catalogue, {hostsMcp}: Pick<ModelTraits, 'hostsMcp'>): string[] {
  if (hostsMcp) return [];
  return versions.flatMap(({stored}) =>
    Object.entries(stored.tools).flatMap(([name, tool]) =>
      tool !== false && tool.kind === 'mcp' && tool.hosted === true
        ? [
            `${stored.assistant.name} tools.${name}: this model asks no MCP servers by itself; take \`hosted\` away, and the worker asks it`,
          ]
        : [],
    ),
  );
}
