import {Catalogue} from '@voicebridge/assistant/catalogue.ts';
import {type AssistantInput, Definition} from '@voicebridge/assistant/definition.ts';
import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {standardAssistant, WorkerEnv} from '../config.ts';

/** The assistant of an environment that sets nothing. */
export const standard = standardAssistant(loadConfig(WorkerEnv, {OPENAI_API_KEY: 'k', REDIS_URL: 'redis://x'}));

/** The assistants of a folder that a test edits. */
export class EditedAssistants {
  current: Catalogue;
  readonly #listeners = new Set<(catalogue: Catalogue) => void>();

  constructor(current: Catalogue) {
    this.current = current;
  }

  onChange(listener: (catalogue: Catalogue) => void): void {
    this.#listeners.add(listener);
  }

  set(catalogue: Catalogue): void {
    this.current = catalogue;
    for (const listener of this.#listeners) listener(catalogue);
  }
}

/** The assistants of a folder with these files. */
export function filesOf(all: Readonly<Record<string, AssistantInput>>): Catalogue {
  const loaded = Object.entries(all).map(([name, written]) => ({
    name,
    file: `${name}.ts`,
    definition: Definition.parse(written),
    prompt: typeof written.prompt === 'string' ? written.prompt : undefined,
    source: written.tools && `code of ${Object.keys(written.tools).join(' and ')}`,
  }));
  return new Catalogue(standard, loaded);
}
