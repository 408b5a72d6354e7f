import type {Catalogue} from '@voicebridge/assistant/catalogue.ts';
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
